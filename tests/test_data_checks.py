"""Warnings about the data: columns that give the target away, numbers of rows, rows to predict that differ."""

import re
import time

import numpy as np
import pandas as pd
import pytest

from automl import AutoML
from automl.checks.data_checks import find_warnings
from automl.dataset import Data
from automl.errors import DataError
from automl.validation.duplicates import find_repeats

ROWS = 600


def make(seed=0, rows=ROWS):
    """A table of no secrets, and three targets that it says something about."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "a": rng.normal(size=rows),
            "b": rng.integers(0, 5, rows),
            "c": rng.choice(["red", "green", "blue"], rows),
            "d": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
        }
    )
    signal = x["a"] + 0.5 * x["b"] + rng.normal(size=rows)
    many = np.array(["low", "mid", "high"])[np.digitize(signal, [0.5, 1.5])]
    return x, {"binary": np.where(signal > 1, "yes", "no"), "multiclass": many, "regression": signal.to_numpy()}


def warn(x, y, X_test=None):
    data = Data.read(x, y, "auto")
    classes = None if data.classes is None else len(data.classes)
    return find_warnings(data, find_repeats(data.table, data.y, classes), [], X_test)


TASKS = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_said_of_an_ordinary_table(task):
    x, targets = make()
    assert warn(x, targets[task]) == []


# ---- columns that give the target away


@pytest.mark.parametrize("task", TASKS)
def test_a_copy_of_the_target_is_named(task):
    x, targets = make()
    y = targets[task]
    copy = np.exp(-y) if task == "regression" else [f"is {label}" for label in y]
    (said,) = warn(x.assign(answer=copy), y)
    assert said.startswith("Column 'answer' is the target under another name or scale; if that is not known when you")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", ["number", "text of a number"])
def test_a_column_that_is_nearly_the_target_is_named(task, kind):
    x, targets = make()
    y = targets[task]
    base = np.unique(y, return_inverse=True)[1] * (1.0 if task == "regression" else 10.0)
    near = base + np.random.default_rng(1).uniform(0, 0.5, ROWS)
    column = near if kind == "number" else [f"{value:.4f}" for value in near]
    (said,) = warn(x.assign(leak=column), y)
    assert re.match(r"Column 'leak' (alone tells the target almost perfectly|is the target under another name)", said)


def test_levels_of_a_category_may_tell_the_target():
    x, targets = make()
    y = targets["binary"]
    rng = np.random.default_rng(2)
    leak = [f"{'pq'[label == 'yes']}{rng.integers(0, 20)}" for label in y]
    (said,) = warn(x.assign(code=leak), y)
    assert said.startswith("Column 'code' alone tells the target almost perfectly (ROC AUC 1.0000)")


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_gaps_may_tell_the_target(task):
    x, targets = make()
    y = targets[task] if task == "binary" else np.where(targets[task] == "low", "low", "high")
    gap = np.where(y == y[0], np.nan, np.random.default_rng(0).normal(size=ROWS))
    (said,) = warn(x.assign(paid=gap), y)
    assert said.startswith("Whether column 'paid' is filled tells the target")


def test_a_good_feature_is_no_secret():
    x, targets = make()
    y = targets["regression"]
    near = y + np.random.default_rng(0).normal(scale=0.1 * y.std(), size=ROWS)
    assert warn(x.assign(near=near), y) == []


def test_a_rare_class_is_no_reason():
    x, _ = make()
    y = np.where(np.arange(ROWS) % 100 == 0, "rare", np.where(np.arange(ROWS) % 300 == 1, "rarer", "usual"))
    assert warn(x, y) == []


def test_identifiers_that_all_differ_tell_nothing():
    x, targets = make()
    names = [f"{value:06d}" for value in np.random.default_rng(0).permutation(999_999)[:ROWS]]
    assert not any("alone" in said for said in warn(x.assign(name=[f"n{n}" for n in names]), targets["binary"]))


def test_copies_of_rows_do_not_tell_on_one_another():
    x, targets = make()
    x["e"] = np.random.default_rng(0).normal(size=ROWS)
    y = targets["binary"]
    (said,) = warn(pd.concat([x, x], ignore_index=True), np.concatenate([y, y]))
    assert "rows repeat an earlier row" in said


def test_an_easy_table_is_left_in_peace():
    y = np.repeat([0, 1], 100)
    rng = np.random.default_rng(0)
    assert warn(pd.DataFrame({name: 5 * y + rng.normal(size=200) * 0.1 for name in "abcde"}), y) == []


def test_few_rows_say_nothing():
    assert warn(pd.DataFrame({"a": [1.5, 2, 3, 4, 5, 6], "b": [1, 1, 2, 2, 1, 2]}), [0, 0, 0, 1, 1, 1]) == []


# ---- numbers of rows


@pytest.mark.parametrize(
    "numbers", [np.arange(ROWS), 10_000 - 3.0 * np.arange(ROWS), np.random.default_rng(0).permutation(ROWS) + 7]
)
def test_a_column_that_numbers_the_rows_is_named(numbers):
    x, targets = make()
    data = Data.read(x.assign(id=numbers), targets["binary"], "auto")
    said = [*data.columns.notes, *warn(x.assign(id=numbers), targets["binary"])]
    assert len([text for text in said if "'id'" in text and "number" in text]) == 1


def test_whole_numbers_that_repeat_number_nothing():
    x, targets = make()
    assert warn(x.assign(year=np.repeat(np.arange(ROWS // 2), 2), far=x["a"].rank() * 1000), targets["binary"]) == []


# ---- rows to predict


def test_rows_alike_are_alike():
    x, targets = make()
    assert warn(x, targets["binary"], make(seed=1)[0]) == []


def test_levels_that_are_hardly_met_again_tell_no_side():
    """Each level stands twice: those of the training rows must not be told by being known."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame({name: [f"{name}{n}" for n in rng.permutation(1200) // 2] for name in "pqrs"})
    assert warn(x[:900], rng.integers(0, 2, 900), x[900:].reset_index(drop=True)) == []


def test_columns_that_moved_are_named_the_farthest_first():
    x, targets = make()
    test = make(seed=1)[0]
    test["a"] += 3
    test["c"] = np.where(np.arange(ROWS) % 3 == 0, "violet", test["c"])
    (said,) = warn(x, targets["binary"], test)
    moved = re.match(r"X_test differs from the training rows, most in 'a' \((0\.\d\d)\), 'c' \((0\.\d\d)\)", said)
    assert moved
    assert float(moved[1]) > 0.7 > float(moved[2]) > 0.2
    assert "'b'" not in said
    assert float(re.search(r"ROC AUC (\d\.\d\d)", said)[1]) > 0.9


def test_a_shift_of_columns_together_is_seen_in_none_alone():
    rng = np.random.default_rng(0)
    sign = rng.choice([-1.0, 1.0], 2000)
    x = pd.DataFrame({"a": sign + rng.normal(size=2000) * 0.1, "b": sign + rng.normal(size=2000) * 0.1})
    test = x.assign(b=-x["b"])
    (said,) = warn(x, rng.integers(0, 2, 2000), test)
    assert "in no single column" in said


def test_columns_that_empty_out_are_named():
    x, targets = make()
    (said,) = warn(x, targets["binary"], make(seed=1)[0].assign(a=np.nan))
    assert "'a' (0." in said


def test_rows_of_the_test_that_are_known_are_counted():
    x, targets = make()
    test = pd.concat([make(seed=1)[0].head(200), x.head(50)], ignore_index=True)
    assert warn(x, targets["binary"], test) == [
        "50 of 250 rows of X_test equal a training row in all columns that are used."
    ]


def test_arrays_are_compared_by_place():
    x, targets = make()
    assert warn(x[["a", "b"]].to_numpy(), targets["binary"], x[["a", "b"]].to_numpy() + 100)[0].startswith("X_test di")


def test_missing_columns_are_refused_before_the_search():
    x, targets = make()
    with pytest.raises(DataError, match="X_test: X lacks 1 of the columns seen in fit: 'b'"):
        warn(x, targets["binary"], x.drop(columns="b"))


# ---- in all


def test_a_large_table_is_a_matter_of_moments():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(100_000, 30))).add_prefix("c")
    data = Data.read(x, rng.integers(0, 2, 100_000), "auto")
    repeats = find_repeats(data.table, data.y, 2)
    started = time.perf_counter()
    assert find_warnings(data, repeats, [], x.tail(20_000).copy())[0].startswith("20,000 of 20,000 rows of X_test")
    assert time.perf_counter() - started < 6.0


def test_a_fit_tells_and_keeps_them(capsys):
    x, targets = make()
    y = targets["binary"]
    leak = x.assign(answer=y)
    settings = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "random_state": 0, "include": ["naive_bayes"]}
    model = AutoML(**settings).fit(leak, y, X_test=leak.head(40))
    assert [text[:20] for text in model.warnings_] == ["Column 'answer' is t", "40 of 40 rows of X_t"]
    printed = " ".join(capsys.readouterr().out.split())
    assert all(text in printed for text in model.warnings_)
    assert AutoML(**settings, verbose=0).fit(x, y).warnings_ == []
