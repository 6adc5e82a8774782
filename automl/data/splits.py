"""Splits: which rows are learned from and which are predicted."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, StratifiedShuffleSplit, train_test_split

from automl.errors import ArgumentError, DataError

Split = tuple[NDArray[np.int64], NDArray[np.int64]]

SMALL, MEDIUM = 20_000, 100_000  # rows up to which 5 and 3 folds are made; above them one hold-out
HOLDOUT_SHARE, HOLDOUT_ROWS = 0.2, 50_000


def make_splits(cv: Any, y: NDArray[Any], classes: int | None, seed: int) -> list[Split]:
    """Row numbers of training and validation parts.

    Parameters
    ----------
    cv : "auto", int, scikit-learn splitter, or iterable of (train, validation) index pairs
        "auto" is 5 folds up to 20,000 rows, 3 up to 100,000, above that one hold-out of 20 % (at most 50,000 rows);
        stratified in classification.
    y : ndarray of shape (n_rows,)
        The coded target.
    classes : int or None
        Number of classes, None in regression.
    seed : int
        Of the shuffle.

    Raises
    ------
    ArgumentError
        If `cv` does not give usable splits of these rows.
    DataError
        If a training part holds one class only.
    """
    splits = _make(cv, y, classes, seed)
    for number, (train, _) in enumerate(splits):
        if classes is not None and len(np.unique(y[train])) < 2:
            raise DataError(f"The training part of split {number} has one class only; give more rows or another cv.")
    return splits


def _make(cv: Any, y: NDArray[Any], classes: int | None, seed: int) -> list[Split]:
    rows = len(y)
    if isinstance(cv, str):
        if cv != "auto":
            raise ArgumentError(f"cv must be 'auto', a number of folds, a splitter or index pairs, got {cv!r}.")
        if rows > MEDIUM:
            return [_holdout(y, classes, seed)]
        cv = 5 if rows <= SMALL else 3
        cv = max(2, min(cv, rows))
    if isinstance(cv, (bool, float)) or cv is None:
        raise ArgumentError(f"cv must be 'auto', a number of folds, a splitter or index pairs, got {cv!r}.")
    if isinstance(cv, (int, np.integer)):
        if not 2 <= cv <= rows:
            raise ArgumentError(f"cv={cv}: the number of folds must be between 2 and the number of rows ({rows}).")
        return _folds(int(cv), y, classes, seed)
    if hasattr(cv, "split"):
        pairs: Iterable[Any] = cv.split(np.zeros((rows, 1)), y)
    else:
        pairs = cv
    try:
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


def _folds(folds: int, y: NDArray[Any], classes: int | None, seed: int) -> list[Split]:
    if classes is None:
        return list(KFold(folds, shuffle=True, random_state=seed).split(y))
    if np.bincount(y).max() < folds:  # no class is in every fold; plain folds are all that is left
        return list(KFold(folds, shuffle=True, random_state=seed).split(y))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # rare classes are provided for
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(y, y))


def _holdout(y: NDArray[Any], classes: int | None, seed: int) -> Split:
    size = min(int(HOLDOUT_SHARE * len(y)), HOLDOUT_ROWS)
    rows = np.arange(len(y))
    if classes is not None and np.bincount(y, minlength=classes).min() >= 2:
        splitter = StratifiedShuffleSplit(1, test_size=size, random_state=seed)
        train, valid = next(splitter.split(rows, y))
    else:
        train, valid = train_test_split(rows, test_size=size, random_state=seed)
    return np.sort(train), np.sort(valid)


def training_rows(cv: Any, rows: int) -> int:
    """Rows of the smallest training part, as far as they are known before the rows are shuffled."""
    if isinstance(cv, str):
        folds = 5 if rows <= SMALL else 3
    elif isinstance(cv, (int, np.integer)):
        folds = int(cv)
    else:
        folds = 2
    return max(1, rows - -(-rows // max(2, min(folds, rows))))


def fingerprint(splits: list[Split]) -> str:
    """Hash of all row numbers."""
    digest = blake2b(digest_size=8)
    for part in (part for split in splits for part in split):
        digest.update(np.ascontiguousarray(part).data)
        digest.update(b"|")
    return digest.hexdigest()
