"""Splits: which rows are learned from and which are predicted."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.errors import ArgumentError, DataError
from automl.native import ignored
from automl.validation import folds
from automl.validation.constants import MEDIUM, SMALL

Array = NDArray[Any]
Split = folds.Split

HOLDOUT = "holdout"  # one split: a tenth to a fifth of the rows is predicted


def make_splits(
    cv: Any,
    y: Array,
    classes: int | None,
    seed: int,
    groups: Array | None = None,
    time: Array | None = None,
    duplicate_groups: Array | None = None,
    used: Array | None = None,
) -> list[Split]:
    """Row numbers of training and validation parts.

    Parameters
    ----------
    cv : "auto", "holdout", int, scikit-learn splitter, or iterable of (train, validation) index pairs
        "auto" is 5 folds up to 20,000 rows, 3 up to 100,000, above that one hold-out (`folds.holdout_size`);
        stratified in classification.
    y : ndarray of shape (n_rows,)
        The coded target.
    classes : int or None
        Number of classes, None in regression.
    seed : int
        Of the shuffle.
    groups : ndarray of int, shape (n_rows,), optional
        Rows of a group are never on both sides. A splitter of one's own is handed them.
    time : ndarray of int, shape (n_rows,), optional
        Validation rows come after all their training rows. With groups too, time decides, and training rows of a
        group that is validated are left out of that fold.
    duplicate_groups : ndarray of int, shape (n_rows,), optional
        One number for each distinct row, so that copies of a row stay on one side; looked at where there are neither
        groups, time nor splits of one's own.
    used : ndarray of int, optional
        The rows that count; the others are in no part.

    Raises
    ------
    ArgumentError
        If `cv` does not give usable splits of these rows.
    DataError
        If a training part holds one class only, or groups or times cannot be split.
    """
    if is_own(cv):
        splits = _own(cv, y, groups)
        if used is not None:
            splits = [(np.intersect1d(train, used), np.intersect1d(valid, used)) for train, valid in splits]
            for number, split in enumerate(splits):
                if not all(map(len, split)):
                    raise DataError(f"cv: a part of split {number} has rows of weight 0 only.")
    elif used is not None:
        given = (None if part is None else part[used] for part in (groups, time, duplicate_groups))
        splits = [(used[train], used[valid]) for train, valid in make_splits(cv, y[used], classes, seed, *given)]
    else:
        splits = _make(cv, y, classes, seed, groups, time, duplicate_groups)
    lacking = [number for number, (train, _) in enumerate(splits) if classes and len(np.unique(y[train])) < 2]
    if time is not None and not is_own(cv) and len(lacking) < len(splits):
        return [split for number, split in enumerate(splits) if number not in lacking]  # classes that came later
    if lacking:
        raise DataError(f"The training part of split {lacking[0]} has one class only; give more rows or another cv.")
    return splits


def is_own(cv: Any) -> bool:
    """Whether the user says which rows are where, not only how many parts there are."""
    return not (isinstance(cv, (str, bool, float, int, np.integer)) or cv is None)


def _make(
    cv: Any,
    y: Array,
    classes: int | None,
    seed: int,
    groups: Array | None,
    time: Array | None,
    copies: Array | None,
) -> list[Split]:
    rows = len(y)
    wanted = _folds(cv, rows)
    if time is not None:
        return folds.forward(wanted, time, groups)
    many = folds.holdout_folds(rows) if wanted is None else wanted
    if groups is not None:
        splits = folds.grouped(many, y, classes, groups, seed)
    elif copies is not None and 2 * many <= len(np.unique(copies)) < rows:
        splits = folds.by_group(many, y, classes, copies, seed)
    elif wanted is None:
        return [folds.plain_holdout(y, classes, seed)]
    else:
        return folds.plain(wanted, y, classes, seed)
    return splits if wanted is not None else splits[:1]


def _folds(cv: Any, rows: int) -> int | None:
    """Number of folds; None is one hold-out."""
    if isinstance(cv, str) and cv == HOLDOUT:
        return None
    if isinstance(cv, str) and cv == "auto":
        return None if rows > MEDIUM else max(2, min(5 if rows <= SMALL else 3, rows))
    if isinstance(cv, (str, bool, float)) or cv is None:
        raise ArgumentError(f"cv must be 'auto', 'holdout', a number of folds, a splitter or index pairs, got {cv!r}.")
    if not 2 <= cv <= rows:
        raise ArgumentError(f"cv={cv}: the number of folds must be between 2 and the number of rows ({rows}).")
    return int(cv)


def _own(cv: Any, y: Array, groups: Array | None) -> list[Split]:
    rows = len(y)
    try:
        with ignored("The groups parameter is ignored"):  # it is the user's splitter
            pairs: Iterable[Any] = cv.split(np.zeros((rows, 1)), y, groups) if hasattr(cv, "split") else cv
            splits = [(_indices(train, rows), _indices(valid, rows)) for train, valid in pairs]
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"cv does not give (train, validation) index pairs: {error}") from error
    if not splits:
        raise ArgumentError("cv gives no splits.")
    for number, (train, valid) in enumerate(splits):
        if np.intersect1d(train, valid).size:
            raise ArgumentError(f"cv: split {number} has rows that are both in training and in validation.")
    return splits


def _indices(part: Any, rows: int) -> NDArray[np.int64]:
    array = np.asarray(part)
    if array.dtype == bool:
        array = np.flatnonzero(array)
    array = array.astype(np.int64)
    if array.ndim != 1 or not array.size or array.min() < 0 or array.max() >= rows:
        raise ValueError(f"an index set is empty or leaves the rows 0 to {rows - 1}.")
    return array


def training_rows(cv: Any, rows: int, *, grouped: bool = False, forward: bool = False) -> int:
    """Rows of the smallest training part, as far as they are known before the rows are shuffled.

    Parameters
    ----------
    cv : as in `make_splits`
    rows : int
    grouped, forward : bool
        Whether there are groups (one of which may be large), and times.
    """
    if isinstance(cv, str):
        parts = 5 if rows <= SMALL else 3
    elif isinstance(cv, (int, np.integer)):
        parts = int(cv)
    else:
        parts = 2
    if forward:
        return max(1, rows // (parts + 1))
    if grouped:
        return max(1, rows // 2)
    return max(1, rows - -(-rows // max(2, min(parts, rows))))


def fingerprint(splits: list[Split]) -> str:
    """Hash of all row numbers."""
    digest = blake2b(digest_size=8)
    for part in (part for split in splits for part in split):
        digest.update(np.ascontiguousarray(part).data)
        digest.update(b"|")
    return digest.hexdigest()


def nested_order(rows: int, seed: int, labels: Array | None = None, time: Array | None = None) -> NDArray[np.int64]:
    """An order of rows of which any beginning is a fair sample: the larger one holds the smaller one.

    Parameters
    ----------
    rows : int
    seed : int
    labels : ndarray of shape (rows,), optional
        Coded classes, which are dealt evenly; two rows of each come first.
    time : ndarray of shape (rows,), optional
        Then the latest rows come first, as they are what is learned for.

    Returns
    -------
    ndarray of shape (rows,)
        Places, from 0.
    """
    order = np.random.default_rng(seed).permutation(rows)
    if time is not None:
        return order[np.argsort(-time[order], kind="stable")]
    if labels is None:
        return order
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(rows) - np.repeat(starts, counts)
    share = np.maximum(place - 1, 0) / np.repeat(counts, counts)
    rank = np.empty(rows, dtype=np.int64)
    rank[order] = np.arange(rows)
    return by_class[np.lexsort((rank[by_class], share))]
