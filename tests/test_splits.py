"""Which rows are learned from, and which are predicted."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, RepeatedKFold, ShuffleSplit

from automl.errors import ArgumentError, DataError
from automl.schedule.folds import affordable_cv
from automl.tasks.metrics import make_metric
from automl.tasks.task import Task
from automl.validation.folds import inner
from automl.validation.splits import fingerprint, make_splits, training_rows


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
    assert len(valid) == (rows // 10 if folds == 1 else pytest.approx(rows / folds, abs=3))
    assert np.ptp(np.bincount(y[valid])) <= 3  # stratified


def test_a_hold_out_has_at_most_50_000_rows():
    train, valid = make_splits("auto", np.zeros(600_000), None, seed=0)[0]
    assert (len(train), len(valid)) == (550_000, 50_000)


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
        ("five", "cv must be 'auto', 'holdout', a number of folds, a splitter or index pairs"),
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


# ---- rows that belong together


def alone(groups, splits):
    """Whether no group is on both sides of a split."""
    return all(not set(groups[train]) & set(groups[valid]) for train, valid in splits)


def predicted_once(splits, rows):
    return sorted(np.concatenate([valid for _, valid in splits])) == list(range(rows))


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("n_groups", [5, 17, 400, 3000])
def test_groups_stay_on_one_side(classes, n_groups):
    rng = np.random.default_rng(0)
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, 6000 - n_groups)])
    y = rng.normal(size=6000) if classes is None else rng.integers(0, 3, 6000)
    splits = make_splits("auto", y, classes, 0, groups=groups)
    assert len(splits) == 5
    assert alone(groups, splits)
    assert predicted_once(splits, 6000)
    assert same(splits, make_splits("auto", y, classes, 0, groups=groups))
    if n_groups > 100:  # few are dealt by their sizes
        assert not same(splits, make_splits("auto", y, classes, 1, groups=groups))
    if n_groups > 5:
        sizes = [len(valid) for _, valid in splits]
        assert max(sizes) < 1.5 * min(sizes)


@pytest.mark.parametrize("n_groups", [100, 2500])
def test_groups_are_stratified(n_groups):
    """A tenth of the groups are positive throughout."""
    groups = np.repeat(np.arange(n_groups), 3)
    y = (groups % 10 == 0).astype(int)
    splits = make_splits(5, y, 2, 0, groups=groups)
    assert alone(groups, splits)
    assert all(y[valid].mean() == pytest.approx(0.1, abs=0.01) for _, valid in splits)


def test_groups_of_a_large_table_make_a_hold_out():
    groups = np.arange(100_500) // 4
    train, valid = make_splits("auto", np.zeros(100_500), None, 0, groups=groups)[0]
    assert alone(groups, [(train, valid)])
    assert len(valid) == pytest.approx(10_050, abs=20)


def test_fewer_groups_than_folds():
    groups = np.arange(60) % 3
    for classes in (None, 2):
        assert len(make_splits("auto", np.arange(60) // 30, classes, 0, groups=groups)) == 3
    with pytest.raises(DataError, match="groups: all rows are of one group"):
        make_splits(5, np.arange(60) % 2, 2, 0, groups=np.zeros(60, dtype=int))


def test_a_splitter_of_ones_own_is_handed_the_groups():
    groups, y = np.arange(30) // 5, np.arange(30) % 2
    splits = make_splits(GroupKFold(3), y, 2, 0, groups=groups)
    assert alone(groups, splits)
    assert same(splits, list(GroupKFold(3).split(np.zeros((30, 1)), y, groups)))
    assert len(make_splits(KFold(3), y, 2, 0, groups=groups)) == 3  # it knows none: the user's choice


@pytest.mark.parametrize("classes", [None, 2])
def test_copies_of_a_row_stay_together(classes):
    """100,000 rows, one in a hundred of which is a copy of another; a tenth of a second, not a minute."""
    rng = np.random.default_rng(0)
    copies = np.arange(100_000)
    copies[rng.choice(100_000, 1000, replace=False)] = rng.integers(0, 100_000, 1000)
    y = (rng.random(100_000) < 0.05).astype(int) if classes else rng.normal(size=100_000)
    started = time.perf_counter()
    splits = make_splits("auto", y, classes, 0, duplicate_groups=copies)
    assert time.perf_counter() - started < 5
    assert len(splits) == 3
    assert alone(copies, splits)
    assert predicted_once(splits, 100_000)
    if classes:
        assert all(y[valid].mean() == pytest.approx(0.05, abs=0.002) for _, valid in splits)


def test_copies_are_no_obstacle():
    """Fewer distinct rows than make sense as groups, or none that is a copy: as without."""
    y = np.arange(50) % 2
    plain = make_splits(5, y, 2, 0)
    assert same(plain, make_splits(5, y, 2, 0, duplicate_groups=np.arange(50) % 4))
    assert same(plain, make_splits(5, y, 2, 0, duplicate_groups=np.arange(50)))


# ---- time


def test_time_goes_forward():
    rng = np.random.default_rng(0)
    when = rng.permutation(600)
    splits = make_splits("auto", rng.normal(size=600), None, 0, time=when)
    assert [(len(train), len(valid)) for train, valid in splits] == [(100 * part, 100) for part in range(1, 6)]
    for train, valid in splits:
        assert when[train].max() < when[valid].min()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=10, max_size=80), st.integers(2, 6))
def test_equal_times_stay_on_one_side(when, parts):
    when = np.array(when)
    if len(np.unique(when)) < 2:
        with pytest.raises(DataError, match="all rows are of the same time"):
            make_splits(parts, np.zeros(len(when)), None, 0, time=when)
        return
    splits = make_splits(parts, np.zeros(len(when)), None, 0, time=when)
    assert 1 <= len(splits) <= parts
    for train, valid in splits:
        assert when[train].max() < when[valid].min()
    assert max(when[valid].max() for _, valid in splits) == when.max()


def test_a_large_table_is_validated_by_its_end():
    train, valid = make_splits("auto", np.zeros(200_000), None, 0, time=np.arange(200_000)[::-1].copy())[0]
    assert (len(train), len(valid)) == (180_000, 20_000)
    assert valid.max() == 19_999


def test_time_before_groups():
    """Forward, and no group on both sides: rows of a validated group are not learned from."""
    rng = np.random.default_rng(0)
    when, groups = np.arange(300), rng.integers(0, 30, 300)
    splits = make_splits(4, rng.normal(size=300), None, 0, groups=groups, time=when)
    assert alone(groups, splits)
    assert all(when[train].max() < when[valid].min() for train, valid in splits)
    with pytest.raises(DataError, match="groups and time: every group reaches over each cut"):
        make_splits(4, when, None, 0, groups=when % 2, time=when)


def test_a_class_that_comes_later():
    """The folds whose training rows are of one class are left out."""
    y = np.r_[np.zeros(60), np.arange(60) % 2].astype(int)
    splits = make_splits(5, y, 2, 0, time=np.arange(120))
    assert len(splits) == 2
    with pytest.raises(DataError, match="one class only"):
        make_splits(5, np.r_[np.zeros(110), np.ones(10)].astype(int), 2, 0, time=np.arange(120))


# ---- rows that do not count


@pytest.mark.parametrize("given", [{}, {"groups": np.arange(80) // 4}, {"time": np.arange(80)}])
def test_splits_are_those_of_the_rows_that_count(given):
    y = np.arange(80) % 2
    used = np.flatnonzero(np.arange(80) % 3 > 0)
    splits = make_splits(4, y, 2, 0, **given, used=used)
    alone_ = make_splits(4, y[used], 2, 0, **{name: part[used] for name, part in given.items()})
    assert same(splits, [(used[train], used[valid]) for train, valid in alone_])


def test_splits_of_ones_own_lose_the_rows_that_do_not_count():
    first = np.arange(30) < 15
    splits = make_splits([(first, ~first)], np.arange(30) % 2, 2, 0, used=np.arange(10, 20))
    assert same(splits, [(np.arange(10, 15), np.arange(15, 20))])
    with pytest.raises(DataError, match="split 0 has rows of weight 0 only"):
        make_splits([(first, ~first)], np.arange(30) % 2, 2, 0, used=np.arange(10))


# ---- rare classes


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(2, 5), min_size=1, max_size=4), st.integers(3, 60), st.integers(2, 5), st.integers(0, 9))
def test_every_training_part_holds_every_rare_class(rare, many, parts, seed):
    y = np.repeat(np.arange(len(rare) + 1), [many, *rare])
    y = np.random.default_rng(seed).permutation(y)
    for train, _ in make_splits(parts, y, len(rare) + 1, seed):
        assert set(y[train]) == set(y)


def test_a_hold_out_holds_every_rare_class():
    y = np.zeros(100_010, dtype=int)
    y[[5, 77, 300, 4000, 9999]] = [1, 1, 2, 2, 2]
    for seed in range(3):
        train, _ = make_splits("auto", y, 3, seed)[0]
        assert set(y[train]) == {0, 1, 2}


# ---- inside a training part


@pytest.mark.parametrize("stratify", [True, False])
def test_inner_folds(stratify):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 90)
    groups, when = rng.integers(0, 12, 90), rng.integers(0, 30, 90)
    for known in ({}, {"groups": groups}, {"time": when}, {"groups": groups, "time": when}):
        splits = inner(3, y, 0, stratify=stratify, **known)
        assert len(splits) == 3
        assert predicted_once(splits, 90)
        if "time" in known:  # blocks
            spans = sorted((when[held].min(), when[held].max()) for _, held in splits)
            assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
        elif "groups" in known:
            assert alone(groups, splits)


def test_inner_folds_where_groups_or_times_give_none():
    y, same_ = np.arange(30) % 2, np.zeros(30, dtype=int)
    plain = inner(3, y, 0, stratify=True)
    assert same(plain, inner(3, y, 0, stratify=True, groups=same_))
    assert same(plain, inner(3, y, 0, stratify=True, time=same_))
    assert len(inner(3, y, 0, stratify=True, time=(np.arange(30) > 27).astype(int))) == 2


@pytest.mark.parametrize(
    ("rows", "columns", "classes", "core_seconds", "folds"),
    [
        (15_000, 16, 26, 600, "holdout"), (15_000, 16, 26, 5000, 5), (15_000, 14, 3, 120, "holdout"),
        (15_000, 14, 2, 120, 5), (15_000, 14, 2, 40, "holdout"), (36_000, 14, 2, 120, 3), (36_000, 14, 2, 600, 3),
        (8_000, 14, 2, 120, 5), (90_000, 28, 2, 120, "holdout"), (4_000, 900, 9, 10, "auto"),
        (300_000, 14, 2, 1, "auto"),
        (15_000, 16, 26, None, "auto"),
    ],
)  # fmt: skip
def test_folds_that_leave_time_for_a_search(rows, columns, classes, core_seconds, folds):
    labels = np.arange(classes)
    kind = "binary" if classes == 2 else "multiclass"
    task = Task(kind, make_metric("log_loss", kind, labels), rows, columns, columns, labels)
    assert affordable_cv("auto", task, core_seconds) == folds
    assert affordable_cv(4, task, core_seconds) == 4


@pytest.mark.parametrize(
    ("rows", "validated"), [(100, 20), (10_000, 2_000), (15_000, 2_000), (60_000, 6_000), (900_000, 50_000)]
)
def test_a_holdout_leaves_most_rows_of_a_large_table_to_learn_from(rows, validated):
    [(train, valid)] = make_splits("holdout", np.arange(rows) % 2, 2, seed=0)
    assert (len(train), len(valid)) == (rows - validated, validated)


def test_one_holdout_on_demand():
    y = np.arange(100) % 2
    [(train, valid)] = make_splits("holdout", y, 2, seed=0)
    assert len(valid) == 20
    assert sorted([*train, *valid]) == list(range(100))
