"""Bad input: the class of the error, and a sentence that names the argument or the column and says what to do."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from automl import AutoML, AutoMLClassifier, AutoMLRegressor
from automl.errors import (
    ArgumentError,
    AutoMLError,
    DataError,
    InputError,
    InputTypeError,
    RunDirError,
    SpaceError,
)

ROWS = 20
X = pd.DataFrame({"a": np.arange(ROWS) % 7, "b": np.linspace(0, 1, ROWS)})
Y = np.arange(ROWS) % 2
QUICK = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "verbose": 0, "include": ["naive_bayes"]}


def refused(error, words, X=X, y=Y, cls=AutoML, **arguments):
    with pytest.raises(error, match=words) as caught:
        cls(**{**QUICK, **arguments}).fit(X, y)
    assert isinstance(caught.value, AutoMLError)
    assert isinstance(caught.value, TypeError if error is InputTypeError else ValueError)
    assert "\n" not in str(caught.value)


TABLES = {
    "empty": (X.iloc[:0], [], DataError, "0 sample"),
    "one row": (X.iloc[:1], Y[:1], DataError, "minimum of 2"),
    "no columns": (X[[]], Y, DataError, "0 feature"),
    "empty array": (np.empty((0, 3)), [], DataError, "0 sample"),
    "array without columns": (np.empty((ROWS, 0)), Y, DataError, "0 feature"),
    "one-dimensional": (np.arange(ROWS), Y, DataError, "[Rr]eshape"),
    "three-dimensional": (np.zeros((ROWS, 2, 2)), Y, DataError, "dim 3"),
    "same name twice": (X.set_axis(["a", "a"], axis=1), Y, DataError, "several columns of the same name: 'a'"),
    "complex": (X.assign(z=X["a"] + 1j), Y, DataError, "Complex data not supported: column 'z'"),
    "complex array": (np.ones((ROWS, 2)) + 1j, Y, DataError, "Complex data not supported"),
    "sparse array of one dimension": (sparse.coo_array(np.arange(ROWS)), Y, DataError, "[Rr]eshape"),
    "a file's name": ("train.csv", Y, InputTypeError, "X must be a DataFrame or an array"),
    "a dict": ({"a": [1, 2]}, Y, InputTypeError, "X must be a DataFrame or an array .* dict"),
    "nothing": (None, Y, InputTypeError, "X must be a DataFrame or an array"),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables(name):
    table, y, error, words = TABLES[name]
    refused(error, words, table, y)


TARGETS = {
    "none": (None, "y is None"),
    "NaN": (np.where(np.arange(ROWS) == 3, np.nan, Y), "NaN in 1 row .the first is row 3"),
    "None among labels": (["a", None] * 10, "NaN in 10 rows .the first is row 1"),
    "infinity": (np.where(np.arange(ROWS) == 3, np.inf, Y), "infinity .* row 3"),
    "one class": (np.ones(ROWS, dtype=int), "only one class .1."),
    "one label": (["yes"] * ROWS, "only one class .'yes'."),
    "too short": (Y[:-1], "X has 20 rows, but y has 19"),
    "two columns": (np.column_stack([Y, Y]), "shape .20, 2."),
    "a table": (X, "y has 2 columns"),
    "complex": (Y + 1j, "y holds complex numbers"),
    "a name that is not there": ("aa", "no column 'aa' to predict .did you mean 'a'..; the columns are 'a', 'b'"),
    "dates": (pd.date_range("2024-01-01", periods=ROWS), "target holds dates or durations"),
    "durations": (pd.Series(pd.timedelta_range("1h", periods=ROWS)), "target holds dates or durations"),
    "labels of two types": (["a", 1] * 10, "mixes labels of types number, str"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets(name):
    y, words = TARGETS[name]
    refused(DataError, words, y=y)


def test_targets_of_the_wrong_kind():
    fractions = np.linspace(0, 1, ROWS)
    refused(DataError, "fractions, which are no classes; take task='regression'", y=fractions, cls=AutoMLClassifier)
    refused(DataError, "Unknown label type", y=fractions, task="classification")
    refused(DataError, "needs numbers as target", y=["a", "b"] * 10, cls=AutoMLRegressor)
    refused(DataError, "needs numbers as target", y=["a", "b"] * 10, task="regression")
    refused(DataError, "needs two classes, the target has 4; take 'multiclass'", y=np.arange(ROWS) % 4, task="binary")
    refused(DataError, "Beside the target 'a' the table has no column", X[["a"]], "a")


ARGUMENTS = {
    "metric misspelt": ({"metric": "roc_auk"}, ArgumentError, "metric 'roc_auk' .* Did you mean 'roc_auc'"),
    "metric of another task": ({"metric": "rmse"}, ArgumentError, "metric 'rmse' does not suit a binary task"),
    "metric no name": ({"metric": 3}, InputTypeError, "metric must be a name or a callable"),
    "metric never a number": ({"metric": lambda e, X, y: float("nan")}, ArgumentError, "metric: a constant prediction"),
    "task": ({"task": "ranking"}, ArgumentError, "task must be one of 'auto', .*; got 'ranking'"),
    "search": ({"search": "tpee"}, ArgumentError, "search must be one of .*'tpe'.*; got 'tpee'"),
    "include": ({"include": ["lightgm"]}, ArgumentError, "include: there is no family 'lightgm'"),
    "include a text": ({"include": "lightgbm"}, InputTypeError, "include must be a list of family names"),
    "include a number": ({"include": 3}, InputTypeError, "include must be a list of family names"),
    "exclude": ({"exclude": ["nothing"]}, ArgumentError, "exclude: there is no family 'nothing'"),
    "all excluded": ({"exclude": ["naive_bayes"]}, ArgumentError, "include and exclude leave no family"),
    "budget below 0": ({"time_budget": -1}, ArgumentError, "time_budget must be a number of seconds above 0"),
    "budget 0": ({"time_budget": 0}, ArgumentError, "time_budget must be .* got 0"),
    "budget NaN": ({"time_budget": float("nan")}, ArgumentError, "time_budget must be"),
    "budget a text": ({"time_budget": "1h"}, ArgumentError, "time_budget must be one of 'auto'; got '1h'"),
    "budget a list": ({"time_budget": [60]}, InputTypeError, "time_budget must be a number of seconds"),
    "trials below 1": ({"max_trials": 0}, ArgumentError, "max_trials must be a whole number above 0"),
    "trials a fraction": ({"max_trials": 2.5}, InputTypeError, "max_trials must be a whole number above 0"),
    "trials a boolean": ({"max_trials": True}, InputTypeError, "max_trials must be a whole number"),
    "patience": ({"patience": -3}, ArgumentError, "patience must be a whole number above 0"),
    "trial_timeout": ({"trial_timeout": -3}, ArgumentError, "trial_timeout must be"),
    "trial_timeout a text": ({"trial_timeout": "long"}, ArgumentError, "trial_timeout must be one of 'auto'"),
    "memory_limit": ({"memory_limit": "lots"}, ArgumentError, "memory_limit must be bytes or a text such as '3GB'"),
    "memory_limit below 0": (
        {"memory_limit": -1},
        ArgumentError,
        "memory_limit must be bytes or a text .*above 0; got -1",
    ),
    "memory_limit 0": ({"memory_limit": "0GB"}, ArgumentError, "memory_limit must be bytes or a text .*; got '0GB'"),
    "memory_limit infinite": ({"memory_limit": float("inf")}, ArgumentError, "memory_limit must be bytes or a text"),
    "memory_limit a list": ({"memory_limit": [1]}, InputTypeError, "memory_limit must be bytes or a text"),
    "cv": ({"cv": 1}, ArgumentError, "cv=1: the number of folds"),
    "cv a text": ({"cv": "kfold"}, ArgumentError, "cv must be 'auto'"),
    "n_jobs 0": ({"n_jobs": 0}, ArgumentError, "n_jobs must not be 0; -1 uses all cores"),
    "n_jobs a text": ({"n_jobs": "all"}, InputTypeError, "n_jobs must be a whole number"),
    "random_state": ({"random_state": "x"}, InputTypeError, "random_state must be a whole number"),
    "random_state below 0": ({"random_state": -1}, ArgumentError, "random_state must not be negative"),
    "random_state too large": ({"random_state": 2**32}, ArgumentError, r"random_state must .* above 2\*\*32 - 1; got"),
    "executor": ({"executor": "threads"}, ArgumentError, "executor must be one of 'processes', 'inline'"),
    "ensemble": ({"ensemble": "yes"}, ArgumentError, "ensemble must be one of 'greedy', 'single'; got 'yes'"),
    "resume": ({"resume": "yes"}, ArgumentError, "resume must be one of"),
    "resume nothing": ({"resume": True, "run_dir": "RUN"}, RunDirError, "holds no run to resume"),
    "callbacks": ({"callbacks": [3]}, InputTypeError, "callbacks must be a list of functions"),
    "callbacks a function": ({"callbacks": print}, InputTypeError, "callbacks must be a list of functions"),
    "verbose": ({"verbose": "loud"}, InputTypeError, "verbose must be a whole number"),
    "try_first a text": ({"try_first": "naive_bayes(input)"}, InputTypeError, "try_first must be a list"),
    "try_first a number": ({"try_first": 3}, InputTypeError, "try_first must be a list"),
    "try_first family": ({"try_first": ["oracle(input)"]}, ArgumentError, "try_first.0.: .*no component 'oracle'"),
    "try_first nonsense": (
        {"try_first": ["naive_bayes(input)", "1 + 1"]},
        ArgumentError,
        "try_first.1.: .*such as|try_first.1.: .*like",
    ),
    "try_first parameter": (
        {"try_first": [{"family": "naive_bayes", "params": {"depth": 3}}]},
        ArgumentError,
        "try_first.0.: naive_bayes has no parameter 'depth'",
    ),
    "try_first value": (
        {"try_first": ["naive_bayes(input, var_smoothing=-1.0)"]},
        ArgumentError,
        "try_first.0.: naive_bayes: var_smoothing must be",
    ),
    "try_first keys": (
        {"try_first": [{"model": "naive_bayes"}]},
        ArgumentError,
        "try_first.0.: a dict needs 'family'",
    ),
    "try_first is not included": ({"try_first": ["ridge(input)"]}, ArgumentError, "try_first.0."),
    "search_space": ({"search_space": "no/such/folder"}, SpaceError, "no/such/folder"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name, tmp_path):
    arguments, error, words = ARGUMENTS[name]
    if "run_dir" in arguments:
        arguments = {**arguments, "run_dir": tmp_path / "run"}
    refused(error, words, **arguments)


def test_nearly_right_families_are_suggested():
    refused(ArgumentError, "Did you mean 'lightgbm'", include=["lightgm"])
    refused(ArgumentError, "Did you mean 'tpe'", search="tpee")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("time_limit", "Did you mean time_budget .seconds."),
        ("max_time_mins", "Did you mean time_budget .seconds."),
        ("max_runtime_secs", "Did you mean time_budget .seconds."),
        ("scoring", "Did you mean metric"),
        ("seed", "Did you mean random_state"),
        ("n_job", "Did you mean n_jobs"),
        ("nothing_like_it", "The arguments are .*time_budget"),
    ],
)
def test_foreign_names(name, words):
    for cls in (AutoML, AutoMLClassifier, AutoMLRegressor):
        with pytest.raises(InputTypeError, match=f"no argument '{name}'.*{words}"):
            cls(**{name: 60})


def test_arguments_are_given_by_name():
    with pytest.raises(TypeError, match="positional"):
        AutoML("binary")


def test_validation_data_of_other_columns():
    other = X.rename(columns={"b": "c"})
    refused(
        DataError,
        r"cv=\(X_valid, y_valid\): X_valid must have the columns of X; one of them lacks .b., .c.",
        cv=(other, Y),
    )


def test_a_fitted_model_refuses_other_tables():
    model = AutoML(**QUICK).fit(X, Y)
    with pytest.raises(DataError, match="lacks 1 of the columns seen in fit: 'b'"):
        model.predict(X[["a"]])
    with pytest.raises(DataError, match="has 3 features, but AutoML is expecting 2"):
        model.predict(np.ones((4, 3)))
    with pytest.raises(DataError, match="0 sample"):
        model.predict(X.iloc[:0])
    with pytest.raises(DataError, match="has 3 features, but AutoML is expecting 2"):
        model.predict(sparse.csr_matrix(np.ones((4, 3))))
    assert len(model.predict(X.assign(more=1)[["more", "b", "a"]])) == ROWS


def test_a_file_that_is_no_model(tmp_path):
    with pytest.raises(InputError, match="there is no model at"):
        AutoML.load(tmp_path / "nothing")
    (tmp_path / "file").write_text("hello", encoding="utf-8")
    with pytest.raises(InputError, match="could not be read as a model"):
        AutoML.load(tmp_path / "file")


def test_an_infinite_label_is_a_label():
    """Found by random tables: it must not warn, and is refused for being a single row."""
    y = pd.Series([np.inf, 0.0, 0.0, 0.0], dtype="category")
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]})
    with pytest.raises(DataError, match="Fewer than two classes have the two rows"):
        AutoMLClassifier(max_trials=1, executor="inline", n_jobs=1, verbose=0).fit(X, y)
