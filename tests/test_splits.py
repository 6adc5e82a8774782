"""Which rows are learned from, and which are predicted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, RepeatedKFold, ShuffleSplit

from automl.data.splits import fingerprint, make_splits, training_rows
from automl.errors import ArgumentError, DataError


def same(first, second):
    return len(first) == len(second) and all(
        np.array_equal(a, b) for one, other in zip(first, second, strict=True) for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize(("rows", "folds"), [(100, 5), (20_000, 5), (20_001, 3), (100_000, 3), (100_001, 1)])
def test_auto_goes_by_rows(rows, folds):
    y = np.arange(rows) % 3
    splits = make_splits("auto", y, 3, seed=0)
    assert len(splits) == folds
    train, valid = splits[0]
    assert len(train) + len(valid) == rows
    assert len(valid) == (rows // 5 if folds == 1 else pytest.approx(rows / folds, abs=3))
    assert np.ptp(np.bincount(y[valid])) <= 3  # stratified


def test_a_hold_out_has_at_most_50_000_rows():
    train, valid = make_splits("auto", np.zeros(400_000), None, seed=0)[0]
    assert (len(train), len(valid)) == (350_000, 50_000)


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 60), st.integers(2, 4), st.integers(2, 5), st.integers(0, 5))
def test_every_row_is_predicted_once(rows, classes, folds, seed):
    rng = np.random.default_rng(seed)
    for k in (None, classes):
        y = rng.normal(size=rows) if k is None else rng.permutation(np.arange(rows) % classes)
        folds = min(folds, rows)
        try:
            splits = make_splits(folds, y, k, seed)
        except DataError:
            continue  # a training part of one class
        assert len(splits) == folds
        assert sorted(np.concatenate([valid for _, valid in splits])) == list(range(rows))
        for train, valid in splits:
            assert sorted([*train, *valid]) == list(range(rows))


def test_the_seed_decides():
    y = np.arange(50) % 2
    assert same(make_splits(5, y, 2, 1), make_splits(5, y, 2, 1))
    assert not same(make_splits(5, y, 2, 1), make_splits(5, y, 2, 2))
    assert fingerprint(make_splits(5, y, 2, 1)) == fingerprint(make_splits(5, y, 2, 1))
    assert fingerprint(make_splits(5, y, 2, 1)) != fingerprint(make_splits(5, y, 2, 2))


def test_rare_classes_are_no_obstacle():
    y = np.array([0] * 40 + [1] * 3 + [2])
    assert len(make_splits("auto", y, 3, 0)) == 5


@pytest.mark.parametrize(
    "cv",
    [
        KFold(3),
        RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
        ShuffleSplit(4, test_size=0.2, random_state=0),
        PredefinedSplit(np.repeat([0, 1, -1], 10)),
    ],
    ids=lambda cv: type(cv).__name__,
)
def test_splitters_of_scikit_learn(cv):
    y = np.arange(30) % 2
    assert same(make_splits(cv, y, 2, 0), list(cv.split(np.zeros((30, 1)), y)))


def test_pairs_of_numbers_masks_or_lists():
    first = np.arange(30) < 15
    for pairs in (
        [(first, ~first)],
        [(list(range(15)), list(range(15, 30)))],
        iter([(np.arange(15), np.arange(15, 30))]),
    ):
        assert same(make_splits(pairs, np.arange(30) % 2, 2, 0), [(np.arange(15), np.arange(15, 30))])


@pytest.mark.parametrize(
    ("cv", "words"),
    [
        ("five", "cv must be 'auto', a number of folds, a splitter or index pairs"),
        (1, "number of folds must be between 2 and"),
        (31, "number of folds must be between 2 and the number of rows .30."),
        (0.2, "cv must be"),
        (True, "cv must be"),
        (None, "cv must be"),
        ([], "cv gives no splits"),
        ([1, 2], "does not give .train, validation. index pairs"),
        ([([0, 1], [1, 2])], "split 0 has rows that are both in training and in validation"),
        ([([0, 1], [30])], "leaves the rows 0 to 29"),
        ([([0, 1], [])], "empty"),
        ([([0, 1], [-1])], "leaves the rows"),
        (GroupKFold(2), "The 'groups' parameter should not be None"),
    ],
)
def test_refusals(cv, words):
    with pytest.raises(ArgumentError, match=words):
        make_splits(cv, np.arange(30) % 2, 2, 0)


def test_a_training_part_of_one_class_is_refused():
    with pytest.raises(DataError, match="training part of split 0 has one class only"):
        make_splits([(np.arange(10), np.arange(10, 20))], np.repeat([0, 1], 10), 2, 0)


@pytest.mark.parametrize("cv", ["auto", 2, 7])
@pytest.mark.parametrize("rows", [5, 23, 30_000])
def test_training_rows_are_known_beforehand(cv, rows):
    if cv != "auto" and cv > rows:
        return
    splits = make_splits(cv, np.zeros(rows), None, 0)
    assert training_rows(cv, rows) == min(len(train) for train, _ in splits)
