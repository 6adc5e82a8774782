"""How rows are dealt to folds: plainly, by groups that stay together, or forward in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    train_test_split,
)

from automl.errors import DataError
from automl.native import ignored
from automl.validation.constants import FEW_GROUPS, HOLDOUT_ROWS, HOLDOUT_SHARES

Array = NDArray[Any]
Split = tuple[NDArray[np.int64], NDArray[np.int64]]


def plain(folds: int, y: Array, classes: int | None, seed: int) -> list[Split]:
    """Shuffled folds, stratified in classification: a class of few rows has each of them in another fold."""
    if classes is None:
        return list(KFold(folds, shuffle=True, random_state=seed).split(y))
    if np.bincount(y).max() < folds:  # scikit-learn refuses
        return _pairs(_deal(y, np.ones(len(y)), folds, seed), folds)
    with ignored("The least populated class"):  # rare classes are provided for
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y))


def plain_holdout(y: Array, classes: int | None, seed: int) -> Split:
    """One split, of which `holdout_size` rows are validated."""
    size = holdout_size(len(y))
    rows = np.arange(len(y))
    counts = np.bincount(y) if classes is not None else np.zeros(0)
    if classes is not None and counts[counts > 0].min() >= 2:
        if np.count_nonzero(counts) > size:  # scikit-learn refuses
            folds = holdout_folds(len(y))
            return _pairs(_deal(y, np.ones(len(y)), folds, seed), folds)[0]
        splitter = StratifiedShuffleSplit(1, test_size=size, random_state=seed)
        train, valid = next(splitter.split(rows, y))
    else:
        train, valid = train_test_split(rows, test_size=size, random_state=seed)
    return np.sort(train), np.sort(valid)


# ---- groups


def grouped(folds: int, y: Array, classes: int | None, groups: Array, seed: int) -> list[Split]:
    """Folds of whole groups, alike in size, and in classes as far as the groups allow.

    Parameters
    ----------
    folds : int
        Lowered to the number of groups where there are fewer.
    groups : ndarray of int, shape (n_rows,)

    Raises
    ------
    DataError
        If there is one group only.
    """
    distinct, groups = np.unique(groups, return_inverse=True)
    if len(distinct) < 2:
        raise DataError("groups: all rows are of one group, of which none can be held out; leave groups away.")
    folds = min(folds, len(distinct))
    shuffled = np.random.default_rng(seed).permutation(len(distinct))[groups]  # of groups alike, chance decides
    if classes is None:
        return list(GroupKFold(folds).split(y, groups=shuffled))
    if len(distinct) <= FEW_GROUPS and np.bincount(y).max() >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        with ignored("The least populated class"):
            splits = list(splitter.split(y, y, shuffled))
        if all(len(valid) and len(np.unique(y[train])) > 1 for train, valid in splits):
            return splits
    return by_group(folds, y, classes, groups, seed)


def by_group(folds: int, y: Array, classes: int | None, groups: Array, seed: int) -> list[Split]:
    """Folds that keep rows of a group on one side, fast for any number of groups.

    A group counts as of its rarest class; groups are dealt in turn, class by class, the largest first.
    """
    _, first, groups, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    label = np.zeros(len(first), dtype=np.int64)
    if classes is not None:
        rank = np.argsort(np.argsort(-np.bincount(y, minlength=classes), kind="stable"))  # the rarest class is last
        np.maximum.at(label, groups, rank[y])
    return _pairs(_deal(label, sizes, folds, seed)[groups], folds)


def _deal(label: Array, sizes: Array, folds: int, seed: int) -> Array:
    """Fold of each entry: those of a label go to the folds in turn, the largest first, among equals by chance."""
    order = np.lexsort((np.random.default_rng(seed).permutation(len(label)), -sizes, label))
    dealt = np.empty(len(label), dtype=np.int64)
    dealt[order] = np.arange(len(label)) % folds
    return dealt


def _pairs(dealt: Array, folds: int) -> list[Split]:
    return [(np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)) for fold in range(folds)]


def holdout_size(rows: int) -> int:
    """Rows of a hold-out: a fifth as long as those are few, then a tenth, and 50,000 at most.

    Each row more that is validated is one less to learn from; from some 2,000 on, candidates are told apart well.
    """
    least, most = HOLDOUT_SHARES
    return min(int(most * rows), max(HOLDOUT_ROWS[0], int(least * rows)), HOLDOUT_ROWS[1])


def holdout_folds(rows: int) -> int:
    """Number of folds of which one is a hold-out of the usual size."""
    return -(-rows // max(1, holdout_size(rows)))


# ---- time


def forward(folds: int | None, time: Array, groups: Array | None = None) -> list[Split]:
    """Folds that are validated on later rows than they are trained on, the training part growing.

    The rows in order of time are cut into ``folds + 1`` parts of equal size; each but the first is validated by what
    lies before it, as in scikit-learn's TimeSeriesSplit (Tashman 2000, "Out-of-sample tests of forecasting accuracy",
    rolling origin). Rows of equal times stay on one side: a cut moves to the nearest change of time.

    Parameters
    ----------
    folds : int or None
        None is one hold-out: the last `holdout_size` rows.
    time : ndarray of int, shape (n_rows,)
    groups : ndarray of int, shape (n_rows,), optional
        Training rows of a group that is also validated are left out of that fold.

    Raises
    ------
    DataError
        If no fold is left.
    """
    rows = len(time)
    order = np.argsort(time, kind="stable")
    wanted = [rows - holdout_size(rows)]
    if folds is not None:
        wanted = [(part + 1) * rows // (folds + 1) for part in range(folds)]
    cuts = _cuts(time[order], wanted)
    if not len(cuts):
        raise DataError("time: all rows are of the same time, so that none lies after another; leave time away.")
    splits: list[Split] = []
    for start, stop in zip(cuts, [*cuts[1:], rows], strict=True):
        train, valid = order[:start], order[start:stop]
        if groups is not None:
            train = train[~np.isin(groups[train], groups[valid])]
        if len(train):
            splits.append((np.sort(train), np.sort(valid)))
    if not splits:
        raise DataError("groups and time: every group reaches over each cut in time; give one of the two.")
    return splits


def _cuts(ordered: Array, wanted: list[int]) -> Array:
    """Places where time changes, the nearest to those that are wanted; none where it never does."""
    changes = np.flatnonzero(np.diff(ordered)) + 1
    return np.unique([changes[np.argmin(np.abs(changes - cut))] for cut in wanted]) if len(changes) else changes


# ---- within the training rows of a candidate


def inner(
    folds: int, y: Array, seed: int, *, stratify: bool, groups: Array | None = None, time: Array | None = None
) -> list[Split]:
    """Folds inside a training part, of which every row is held out once.

    With times these are blocks in order of time (Bergmeir and Benítez 2012, "On the use of cross-validation for time
    series predictor evaluation"): forward folds would leave the first rows without a prediction. With groups, whole
    groups are held out.
    """
    if time is not None:
        order = np.argsort(time, kind="stable")
        cuts = _cuts(time[order], [part * len(y) // folds for part in range(1, folds)])
        dealt = np.empty(len(y), dtype=np.int64)
        dealt[order] = np.searchsorted(cuts, np.arange(len(y)), side="right")
        if len(cuts):
            return _pairs(dealt, len(cuts) + 1)
    if groups is not None and len(np.unique(groups)) >= 2:
        codes = np.unique(y, return_inverse=True)[1] if stratify else y
        return grouped(folds, codes, int(codes.max()) + 1 if stratify else None, groups, seed)
    splitter = (StratifiedKFold if stratify else KFold)(folds, shuffle=True, random_state=seed)
    return list(splitter.split(y, y if stratify else None))
