"""Rows that stand in a table more than once."""

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from automl import AutoML
from automl.columns.table import Table
from automl.columns.texts import count_texts
from automl.dataset import Data
from automl.validation.duplicates import find_repeats, number_duplicates
from automl.validation.splits import make_splits


def numbers(rows, columns=3, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns))


def table(values, codes=None, **more):
    codes = np.empty((len(values), 0), dtype=np.int32) if codes is None else codes
    return Table(np.asarray(values, dtype=np.float64), codes, (9,) * codes.shape[1], **more)


def test_one_number_for_each_distinct_row():
    values = numbers(50)
    again = [3, 3, 7, 49]
    groups = number_duplicates(table(np.vstack([values, values[again]])))
    assert groups.tolist() == [*range(50), *again]


def test_none_where_all_rows_differ():
    assert number_duplicates(table(numbers(50))) is None


def test_missing_values_and_zeros_are_equal_to_their_like():
    other_nan = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)[0]
    assert number_duplicates(table([[np.nan, 0.0], [other_nan, -0.0], [0.0, np.nan]])).tolist() == [0, 0, 1]


def test_the_place_of_a_value_counts():
    assert number_duplicates(table([[1.0, 2.0], [2.0, 1.0]])) is None
    assert number_duplicates(table([[1.0], [2.0]], np.array([[2], [1]], dtype=np.int32))) is None
    assert number_duplicates(table([[1.0], [1.0]], np.array([[2], [2]], dtype=np.int32))).tolist() == [0, 0]


def test_dates_and_texts_count():
    texts = ["a red door", "a door red", "a red door", "", ""]
    groups = number_duplicates(table(np.zeros((5, 1)), texts=(count_texts(texts),)))
    assert groups.tolist() == [0, 1, 0, 2, 2]
    assert number_duplicates(table(np.zeros((2, 1)), dates=np.array([[1.0], [2.0]]))) is None


def test_a_view_of_rows_is_asked_about_its_rows():
    whole = table(np.vstack([numbers(10), numbers(10)]))
    assert number_duplicates(whole.take(np.arange(10))) is None
    assert number_duplicates(whole.take(np.array([2, 12, 5]))).tolist() == [0, 0, 1]


def test_the_target_may_count_too():
    assert number_duplicates(table(np.zeros((3, 1))), np.array([0, 1, 0])).tolist() == [0, 1, 0]


def test_a_large_table_is_a_matter_of_moments():
    rng = np.random.default_rng(0)
    large = table(rng.normal(size=(100_000, 20)), rng.integers(0, 9, (100_000, 10)).astype(np.int32))
    started = time.perf_counter()
    assert number_duplicates(large) is None
    assert time.perf_counter() - started < 2.0


def test_copies_are_told_by_their_target():
    values = numbers(100)
    y = np.arange(100) % 2
    twice = table(np.vstack([values, values[:40]]))
    same = find_repeats(twice, np.concatenate([y, y[:40]]), 2)
    assert (same.copies, same.count, same.agreeing) == (True, 40, 1.0)
    assert "40 of 140 rows repeat an earlier row" in same.note([])
    halves = [(np.arange(100), np.arange(100, 140))]
    kept = make_splits(5, np.concatenate([y, y[:40]]), 2, 0, duplicate_groups=same.duplicate_groups)
    assert "kept on one side" in same.note(kept)
    assert "scores may be too good" in same.note(halves)
    other = find_repeats(twice, np.concatenate([y, 1 - y[:10], y[10:40]]), 2)
    assert (other.copies, other.agreeing) == (False, 0.75)
    assert "25% of them with another target" in other.note([])


def test_few_distinct_rows_are_no_copies():
    y = np.arange(300) % 2
    assert not find_repeats(table(y[:, None]), y, 2).copies


def test_a_class_of_one_row_is_not_kept_on_one_side():
    values = np.vstack([numbers(100), np.zeros((20, 3))])
    y = np.repeat([0, 1], [100, 20])
    repeats = find_repeats(table(values), y, 2)
    assert (repeats.count, repeats.copies) == (19, False)
    assert len(make_splits(5, y, 2, 0, duplicate_groups=repeats.duplicate_groups)) == 5


def test_nothing_is_said_where_nothing_repeats():
    assert find_repeats(table(numbers(9)), np.arange(9.0), None).note([]) == ""


def test_keeping_copies_together_makes_scores_honest():
    rng = np.random.default_rng(0)
    values, y = numbers(300), rng.integers(0, 2, 300)  # nothing can be learned
    values, y = np.vstack([values, values]), np.concatenate([y, y])
    repeats = find_repeats(table(values), y, 2)
    model = KNeighborsClassifier(1)
    kept = make_splits(5, y, 2, 0, duplicate_groups=repeats.duplicate_groups)
    assert np.mean(cross_val_score(model, values, y, cv=kept)) == pytest.approx(0.5, abs=0.06)
    assert np.mean(cross_val_score(model, values, y, cv=make_splits(5, y, 2, 0))) > 0.8


def test_a_fit_keeps_them_on_one_side_and_says_so(capsys):
    values = numbers(120)
    y = np.where(values[:, 0] + numbers(120, 1, 5)[:, 0] > 0, "yes", "no")
    frame = pd.DataFrame(np.vstack([values, values[:30]]), columns=list("abc"))
    settings = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "random_state": 0, "include": ["naive_bayes"]}
    model = AutoML(**settings).fit(frame, np.concatenate([y, y[:30]]))
    assert "30 of 150 rows repeat an earlier row" in " ".join(capsys.readouterr().out.split())
    assert any("30 of 150 rows repeat" in warning for warning in model.warnings_)
    groups = number_duplicates(Data.read(frame, np.concatenate([y, y[:30]]), "auto").table)
    for train, valid in model.cv_splits_:
        assert not set(groups[train]) & set(groups[valid])
