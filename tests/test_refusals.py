"""Every refusal of a table or a target: its class, and its exact sentence, before any time is spent.

The classes are those of `automl.errors`; arguments of the estimator are in test_input_errors.
"""

import datetime as dt
import re
import time
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from automl import AutoML, AutoMLClassifier, AutoMLRegressor
from automl import run as run_module
from automl.errors import ArgumentError, AutoMLError, DataError, InputError, InputTypeError
from automl.fitted import NotFittedError

ROWS = 20
X = pd.DataFrame({"a": np.arange(ROWS) % 7, "b": np.linspace(0, 1, ROWS)})
Y = np.arange(ROWS) % 2
QUICK = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "verbose": 0, "include": ["naive_bayes"]}


def fit(X=X, y=Y, cls=AutoML, **arguments):
    return lambda: cls(**{**QUICK, **arguments}).fit(X, y)


def cell(value, row=3):
    """The table with one cell of column 'a' replaced."""
    values = X["a"].astype(object).tolist()
    values[row] = value
    return X.assign(a=pd.Series(values, dtype=object))


def label(value, row=3, labels=Y):
    values = list(labels)
    values[row] = value
    return values


def late(X):
    """A refusal of `predict`: the fit comes first, once."""
    return lambda: fitted().predict(X)


MODELS = []


def fitted():
    if not MODELS:
        MODELS.append(fit()())
    return MODELS[0]


class Broken:
    """Says that it is an array, but is none."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("it is on another device")


# ruff: noqa: E501
REFUSALS = {
    # ---- tables that are none
    "X None": (fit(None), InputTypeError, "X must be a DataFrame or an array of rows and columns, not None."),
    "X a text": (
        fit("train.csv"),
        InputTypeError,
        "X must be a DataFrame or an array, not a text; read the file first.",
    ),
    "X a number": (fit(3), InputTypeError, "X must be a DataFrame or an array of rows and columns, not an int."),
    "X a dict": (
        fit({"a": [1, 2]}),
        InputTypeError,
        "X must be a DataFrame or an array of rows and columns, not a dict; hand in pd.DataFrame(X).",
    ),
    "X a set": (fit({1, 2}), InputTypeError, "X must be a DataFrame or an array of rows and columns, not a set."),
    "X a generator": (
        fit(row for row in [[1], [2]]),
        InputTypeError,
        "X must be a DataFrame or an array, not a generator (read only once); hand in list(X).",
    ),
    "X an iterator": (
        fit(iter([[1], [2]])),
        InputTypeError,
        "X must be a DataFrame or an array, not a list_iterator (read only once); hand in list(X).",
    ),
    "X some object": (
        fit(object()),
        InputTypeError,
        "X must be a DataFrame or an array of rows and columns, not an object.",
    ),
    "X no array after all": (
        fit(Broken()),
        InputTypeError,
        "X (a Broken) cannot be made an array: it is on another device.",
    ),
    "X a Series": (fit(X["a"]), DataError, "X is one column (a Series) where a table must be; hand in X.to_frame()."),
    "X a Series of polars": (
        fit(pl.Series([1, 2])),
        DataError,
        "X is one column (a Series) where a table must be; hand in a table of that column.",
    ),
    "X one-dimensional": (
        fit(np.arange(ROWS)),
        DataError,
        "Reshape your data to rows and columns: X must have dim 2, but it has dim 1; X.reshape(-1, 1) makes one column of it.",
    ),
    "X three-dimensional": (
        fit(np.zeros((ROWS, 2, 2))),
        DataError,
        "Reshape your data to rows and columns: X must have dim 2, but it has dim 3.",
    ),
    "X a list of numbers": (
        fit([1, 2, 3]),
        DataError,
        "Reshape your data to rows and columns: entry 0 of X is an int, not a row.",
    ),
    "X rows of several lengths": (
        fit([[1, 2], [3]]),
        DataError,
        "Row 1 of X has 1 values, but row 0 has 2; give each as many.",
    ),
    "X a field of two": (
        fit(np.zeros(ROWS, dtype=[("a", float, 2)])),
        DataError,
        "The field 'a' of X holds several values a row; make a field of each.",
    ),
    "X a lazy table that breaks": (
        fit(pl.LazyFrame({"a": [1]}).select("zz")),
        DataError,
        'X (a LazyFrame) cannot be read: unable to find column "zz"; valid columns: ["a"].',
    ),
    # ---- tables that are too small or too large
    "X without rows": (
        fit(X.iloc[:0], []),
        DataError,
        "X has 0 sample(s) (shape=(0, 2)) while a minimum of 2 is required; give more rows.",
    ),
    "X an empty list": (
        fit([], []),
        DataError,
        "X has 0 sample(s) (shape=(0, 0)) while a minimum of 2 is required; give more rows.",
    ),
    "X of one row": (
        fit(X.iloc[:1], Y[:1]),
        DataError,
        "X has 1 sample(s) (shape=(1, 2)) while a minimum of 2 is required; give more rows.",
    ),
    "X without columns": (
        fit(X[[]]),
        DataError,
        "X has 0 feature(s) (shape=(20, 0)) while a minimum of 1 is required; give more columns.",
    ),
    "X only the target": (
        fit(X[["a"]], "a"),
        DataError,
        "Beside the target 'a' the table has no column to learn from; add some.",
    ),
    "X too large": (
        fit(np.broadcast_to(0.0, (10**5, 10**6)), memory_limit="2GB"),
        DataError,
        "X has 100000 rows and 1000000 columns, which take 800 GB as numbers, more than memory_limit, 2 GB; keep fewer rows or columns, or raise memory_limit.",
    ),
    "X too large and sparse": (
        fit(sparse.csr_array((10**6, 5000)), memory_limit="2GB"),
        DataError,
        "X has 1000000 rows and 5000 columns, which take 40 GB as numbers, more than 25% of memory_limit, 500 MB; keep fewer rows or columns, or raise memory_limit.",
    ),
    "X too large frame": (
        fit(X.iloc[np.zeros(400_000, dtype=int)], memory_limit="1MB"),
        DataError,
        "X has 400000 rows and 2 columns, which take 6.4 MB as numbers, more than memory_limit, 1 MB; keep fewer rows or columns, or raise memory_limit.",
    ),
    # ---- names
    "X the same name twice": (
        fit(X.set_axis(["a", "a"], axis=1)),
        DataError,
        "X has several columns of the same name: 'a'; rename them (names are read as text).",
    ),
    "X the same text twice": (
        fit(X.set_axis([0, "0"], axis=1)),
        DataError,
        "X has several columns of the same name: '0'; rename them (names are read as text).",
    ),
    "X very long names twice": (
        fit(X.set_axis(["n" * 500] * 2, axis=1)),
        DataError,
        "X has several columns of the same name: 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...'; rename them (names are read as text).",
    ),
    # ---- cells
    "X a list in a cell": (
        fit(cell([1, 2])),
        DataError,
        "Column 'a' holds a list in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X a dict in a cell": (
        fit(cell({"k": 1})),
        DataError,
        "Column 'a' holds a dict in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X an array in a cell": (
        fit(cell(np.arange(2))),
        DataError,
        "Column 'a' holds an array in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X a table in a cell": (
        fit(cell(X)),
        DataError,
        "Column 'a' holds a DataFrame in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X a function in a cell": (
        fit(cell(print)),
        DataError,
        "Column 'a' holds a function in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X a nested column of polars": (
        fit(pl.DataFrame({"a": [[1, 2]] * ROWS, "b": Y})),
        DataError,
        "Column 'a' holds a list in row 0, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "X a complex column": (
        fit(X.assign(z=X["a"] + 1j)),
        DataError,
        "Complex data not supported: column 'z' holds complex numbers; make real columns of them.",
    ),
    "X a complex cell": (
        fit(cell(2j)),
        DataError,
        "Complex data not supported: column 'a' holds a complex number in row 3; make it real.",
    ),
    "X a complex array": (
        fit(np.ones((ROWS, 2)) + 1j),
        DataError,
        "Complex data not supported: X holds complex numbers; make real columns of them.",
    ),
    # ---- targets that are none
    "y None": (fit(y=None), DataError, "fit requires y to be passed, but the target y is None."),
    "y a number": (fit(y=3), InputTypeError, "y must hold one value a row, in a list or an array, not an int."),
    "y a dict": (fit(y={"a": 1}), InputTypeError, "y must hold one value a row, in a list or an array, not a dict."),
    "y a generator": (
        fit(y=(n for n in Y)),
        InputTypeError,
        "y must hold one value a row, in a list or an array, not a generator.",
    ),
    "y a set": (fit(y={0, 1}), InputTypeError, "y must hold one value a row, in a list or an array, not a set."),
    "y sparse": (
        fit(y=sparse.csr_array(Y[:, None])),
        InputTypeError,
        "y is sparse (csr_array); hand in y.toarray().ravel().",
    ),
    "y no column": (
        fit(y="aa"),
        DataError,
        "There is no column 'aa' to predict (did you mean 'a'?); the columns are 'a', 'b'.",
    ),
    "y no column of an array": (
        fit(X.to_numpy(), "target"),
        DataError,
        "There is no column 'target' to predict; the columns are 'x0', 'x1'.",
    ),
    "y no column among many": (
        fit(pd.DataFrame(np.zeros((ROWS, 50))), "target"),
        DataError,
        "There is no column 'target' to predict; the columns are '0', '1', '2', '3', ... (50 in all).",
    ),
    "y two columns": (fit(y=X), DataError, "y has 2 columns; one target at a time: fit once for each column."),
    "y two columns of polars": (
        fit(y=pl.from_pandas(X)),
        DataError,
        "y has 2 columns; one target at a time: fit once for each column.",
    ),
    "y two columns of an array": (
        fit(y=np.column_stack([Y, Y])),
        DataError,
        "y must hold one value a row, got an array of shape (20, 2); fit once for each target.",
    ),
    "y too short": (
        fit(y=Y[:-1]),
        DataError,
        "X has 20 rows, but y has 19: they must be of the same length, row by row.",
    ),
    # ---- values of targets
    "y NaN": (fit(y=label(np.nan)), DataError, "Input y contains NaN in 1 row (the first is row 3); drop these."),
    "y None among labels": (
        fit(y=["a", None] * 10),
        DataError,
        (
            "Input y contains NaN in 10 rows (the first is row 1); drop these, or, if they held a label such as 'NA' or "
            "'None' that pandas took for missing, read them with pd.read_csv(..., keep_default_na=False)."
        ),
    ),
    "y infinite": (
        fit(y=label(np.inf)),
        DataError,
        "Input y contains infinity or a value too large for dtype('float64'), first in row 3; drop it.",
    ),
    "y a decimal that is NaN": (
        fit(y=label(Decimal("NaN"), labels=map(Decimal, range(ROWS)))),
        DataError,
        "Input y contains NaN in 1 row (the first is row 3); drop these.",
    ),
    "y complex": (
        fit(y=Y + 1j),
        DataError,
        "Complex data not supported: y holds complex numbers; fit their parts one by one.",
    ),
    "y a complex number": (
        fit(y=label(2j)),
        DataError,
        "Complex data not supported: y holds a complex number in row 3; make it real.",
    ),
    "y a list": (
        fit(y=label([1])),
        DataError,
        "y holds a list in row 3, but a cell must be one value; give one label or number a row.",
    ),
    "y a tuple": (
        fit(y=label((1, 2))),
        DataError,
        "y holds a tuple in row 3, but a cell must be one value; give one label or number a row.",
    ),
    "y of two types": (
        fit(y=["a", 1] * 10),
        DataError,
        "The target mixes labels of types number, str; convert them to one type.",
    ),
    "y of booleans and numbers": (
        fit(y=[True, 2] * 10),
        DataError,
        "The target mixes labels of types bool, number; convert them to one type.",
    ),
    "y dates": (
        fit(y=pd.date_range("2024-01-01", periods=ROWS)),
        DataError,
        "The target holds dates or durations; hand in a number, such as days since the first.",
    ),
    "y date objects": (
        fit(y=[dt.date(2024, 1, 1)] * ROWS),
        DataError,
        "The target holds dates or durations; hand in a number, such as days since the first.",
    ),
    "y durations": (
        fit(y=pd.timedelta_range("1h", periods=ROWS)),
        DataError,
        "The target holds dates or durations; hand in a number, such as days since the first.",
    ),
    "y one class": (
        fit(y=["yes"] * ROWS),
        DataError,
        "The target has only one class ('yes'), so that nothing is to be told apart; take another column.",
    ),
    "y one number": (
        fit(y=np.ones(ROWS, dtype=int)),
        DataError,
        "The target has only one class (1), so that nothing is to be told apart; take another column.",
    ),
    "y one of two classes has one row": (
        fit(pd.concat([X] * 6), label("c", 4, ["b"] * 120)),
        DataError,
        "Fewer than two classes have the two rows that are needed at least; give more rows of each.",
    ),
    "y two classes of one row": (
        fit(X[:2], ["a", "b"]),
        DataError,
        "Fewer than two classes have the two rows that are needed at least; give more rows of each.",
    ),
    # ---- targets that contradict the task
    "y fractions as classes": (
        fit(y=X["b"], cls=AutoMLClassifier),
        DataError,
        "Unknown label type: the target holds fractions, which are no classes; take task='regression'.",
    ),
    "y words as numbers": (
        fit(y=["a", "b"] * 10, cls=AutoMLRegressor),
        DataError,
        "A regression needs numbers as target, but row 0 holds 'a'; take another column, or task='classification'.",
    ),
    "y a word among numbers": (
        fit(y=label("n.a.", 5, [str(n) for n in range(ROWS)]), task="regression"),
        DataError,
        "A regression needs numbers as target, but row 5 holds 'n.a.'; take another column, or task='classification'.",
    ),
    "y too large to be squared": (
        fit(y=label(1e200, 7, np.linspace(0, 1, ROWS)), task="regression"),
        DataError,
        "The target is 1e+200 in row 7, too large for errors to be squared; give it in larger units, or its logarithm.",
    ),
    "y four classes, binary": (
        fit(y=np.arange(ROWS) % 4, task="binary"),
        DataError,
        "task='binary' needs two classes, the target has 4; take 'multiclass'.",
    ),
    "metric of another task": (
        fit(metric="rmse"),
        ArgumentError,
        "metric 'rmse' does not suit a binary task; take one of roc_auc, log_loss, accuracy, balanced_accuracy, f1, f1_macro, matthews_corrcoef, average_precision, recall_at_precision.",
    ),
    "metric of classes": (
        fit(y=X["b"], metric="roc_auc"),
        ArgumentError,
        "metric 'roc_auc' does not suit a regression task; take one of rmse, mae, r2.",
    ),
    "metric of two classes": (
        fit(y=np.arange(ROWS) % 4, metric="roc_auc"),
        ArgumentError,
        "metric 'roc_auc' does not suit a multiclass task; take one of log_loss, accuracy, balanced_accuracy, f1_macro, matthews_corrcoef.",
    ),
    # ---- validation rows, and later tables
    "cv of other columns": (
        fit(cv=(X.rename(columns={"b": "c"}), Y)),
        DataError,
        "cv=(X_valid, y_valid): X_valid must have the columns of X; one of them lacks 'b', 'c'.",
    ),
    "cv of a nested cell": (
        fit(cv=(cell([1]), Y)),
        DataError,
        "cv=(X_valid, y_valid): Column 'a' holds a list in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "cv y too short": (
        fit(cv=(X, Y[:3])),
        DataError,
        "cv=(X_valid, y_valid): X has 20 rows, but y has 3: they must be of the same length, row by row.",
    ),
    "predict before fit": (
        lambda: AutoML().predict(X),
        NotFittedError,
        "This AutoML is not fitted yet; call fit first.",
    ),
    "predict_proba before fit": (
        lambda: AutoMLClassifier().predict_proba(X),
        NotFittedError,
        "This AutoMLClassifier is not fitted yet; call fit first.",
    ),
    "save before fit": (
        lambda: AutoML().save("model"),
        NotFittedError,
        "This AutoML is not fitted yet; call fit first.",
    ),
    "predict without a column": (
        late(X[["a"]]),
        DataError,
        "X lacks 1 of the columns seen in fit: 'b'; add them (empty is fine).",
    ),
    "predict another width": (
        late(np.ones((4, 3))),
        DataError,
        "X has 3 features, but AutoML is expecting 2 features as input; give the columns of fit.",
    ),
    "predict another width, sparse": (
        late(sparse.csr_array(np.ones((4, 3)))),
        DataError,
        "X has 3 features, but AutoML is expecting 2 features as input; give the columns of fit.",
    ),
    "predict no rows": (
        late(X.iloc[:0]),
        DataError,
        "X has 0 sample(s) (shape=(0, 2)) while a minimum of 1 is required; give more rows.",
    ),
    "predict a Series": (
        late(X["a"]),
        DataError,
        "X is one column (a Series) where a table must be; hand in X.to_frame().",
    ),
    "predict a text": (
        late("test.csv"),
        InputTypeError,
        "X must be a DataFrame or an array, not a text; read the file first.",
    ),
    "predict a nested cell": (
        late(cell([1])),
        DataError,
        "Column 'a' holds a list in row 3, but a cell must be one value; make columns of its parts, or leave it out.",
    ),
    "score another length": (
        lambda: fitted().score(X, Y[:5]),
        DataError,
        "X has 20 rows, but y has 5: they must be of the same length, row by row.",
    ),
}


def raised(name):
    provoke, error, _ = REFUSALS[name]
    with pytest.raises(error) as caught:
        provoke()
    return caught.value


@pytest.fixture(autouse=True)
def no_candidate_is_run(request, monkeypatch):
    """The first that a fit runs is the dummy; no refusal may come after it."""
    if request.node.name.startswith(("test_sentences[predict", "test_sentences[score")):
        fitted()

    def refused_too_late(*args):
        raise AssertionError("a candidate was run before the input was refused")

    monkeypatch.setattr(run_module, "record_dummy", refused_too_late)


@pytest.mark.parametrize("name", REFUSALS)
def test_sentences(name):
    _, error, sentence = REFUSALS[name]
    started = time.perf_counter()
    found = raised(name)
    seconds = time.perf_counter() - started
    assert str(found) == sentence
    assert type(found) is error
    assert seconds < 2
    assert isinstance(found, AutoMLError)
    assert isinstance(found, TypeError if error is InputTypeError else (InputError, ValueError))


@pytest.mark.parametrize("name", REFUSALS)
def test_form(name):
    """One sentence of one line that is not too long, and names the row or the column where there is one."""
    *_, sentence = REFUSALS[name]
    assert sentence.endswith(".")
    assert len(sentence) <= 300
    assert not re.search(r"[.!?]\s+[A-Z]|[\n\r\t]", sentence)
    if "cell" in name:
        assert "olumn 'a'" in sentence
        assert "row 3" in sentence


def test_a_model_that_is_not_fitted_is_refused_as_in_scikit_learn():
    with pytest.raises(SklearnNotFittedError):
        AutoML().leaderboard()


def test_processes_are_not_waited_for():
    """A refusal comes as fast when workers are being started meanwhile."""
    started = time.perf_counter()
    with pytest.raises(DataError, match="several columns of the same name"):
        AutoML(**{**QUICK, "executor": "processes"}).fit(X.set_axis(["a", "a"], axis=1), Y)
    assert time.perf_counter() - started < 2


def test_nothing_is_printed(capsys):
    with pytest.raises(DataError):
        AutoML(**{**QUICK, "verbose": 1}).fit(X, Y[:3])
    assert capsys.readouterr() == ("", "")
