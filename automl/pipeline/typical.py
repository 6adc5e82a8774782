"""What stands in for a gap of which the training rows say nothing: the value that says least about the target.

A model that was fitted without gaps in a column has no way for them: LightGBM and CatBoost send them to the lowest
values, XGBoost to one side or the other. Such a gap gets the value among whose rows the target is most like that of
all rows; without a target, the median or the most frequent level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.pipeline.constants import FEW_GAPS, FEW_SHARE, TYPICAL_BLOCKS

Array = NDArray[Any]

CHUNK_CELLS = 5_000_000  # that are sorted at a time


def few(rows: int) -> int:
    """Gaps of a column from which on a model can learn what they mean.

    With cells of training emptied too (3 to 100 of 2,500 rows; adult, bike_sharing, credit_default, titanic), filling
    those of columns with fewer than 20 was better on emptied test cells by 4 to 8 % of the loss, and no worse on whole
    ones; with fewer than 50, it was no better for 40 gaps.
    """
    return max(1, min(FEW_GAPS, int(FEW_SHARE * rows) + 1))


def typical_level(counts: Array, codes: Array, goal: Array) -> int:
    """The level that stands in for one that is unknown.

    Parameters
    ----------
    counts : ndarray of shape (n_levels,)
        Rows of each level, the most frequent first.
    codes : ndarray of shape (n_rows,)
        -1 where missing.
    goal : ndarray of shape (n_rows, n_goals)
        Indicators of classes, or standardised numbers; none of them without a target.
    """
    known = codes >= 0
    if not goal.shape[1] or not known.any():
        return int(np.argmax(counts))
    off = _off([np.bincount(codes[known], one[known], minlength=len(counts)) for one in goal.T], counts, goal)
    return int(np.argmin(np.where(counts > 0, off + _noise(counts, goal), np.inf)))


def typical_values(numbers: Array, goal: Array) -> Array:
    """A value for each column of numbers, of which few are missing; shape (n_columns,)."""
    wide = max(1, CHUNK_CELLS // max(1, len(numbers)))
    parts = [_values(numbers[:, start : start + wide], goal) for start in range(0, numbers.shape[1], wide)]
    return np.concatenate([np.zeros(0), *parts])


def _values(numbers: Array, goal: Array) -> Array:
    """Of blocks of rows of like value, the most typical one, and of those that only chance parts the middle one."""
    rows, columns = numbers.shape
    order = np.argsort(numbers, axis=0, kind="stable")  # NaN is last
    known = np.maximum(rows - np.isnan(numbers).sum(axis=0), 1)
    places = (known - 1) // 2
    if goal.shape[1] and rows >= 4 * TYPICAL_BLOCKS:
        starts, counts, sums = _blocks(np.take_along_axis(numbers, order, axis=0), order, goal)
        off, noise = _off(sums, counts, goal), _noise(counts, goal)
        inside = (counts > 0) & (starts < 0.75 * rows) & (starts + counts > 0.25 * rows)
        off = np.where(inside, off, np.inf)
        good = off <= (off + noise).min(axis=0)
        centre = starts + counts // 2
        best = np.argmin(np.where(good & inside, np.abs(centre - rows // 2), 2 * rows), axis=0)
        places = np.minimum(centre[best, np.arange(columns)], known - 1)
    found = np.take_along_axis(numbers, order[places, np.arange(columns)][None], axis=0)[0]
    return np.asarray(np.nan_to_num(found))


def _blocks(values: Array, order: Array, goal: Array) -> tuple[Array, Array, list[Array]]:
    """Where blocks of a column's sorted rows start, their sizes, and sums of the target; equal values share a block."""
    rows, columns = values.shape
    ranks = np.arange(rows)[:, None]
    fresh = np.vstack([np.ones((1, columns), dtype=bool), values[1:] != values[:-1]])
    first = np.maximum.accumulate(np.where(fresh, ranks, 0), axis=0)
    place = (first * TYPICAL_BLOCKS // rows + TYPICAL_BLOCKS * np.arange(columns)).ravel()
    counts = np.bincount(place, minlength=TYPICAL_BLOCKS * columns)
    sums = [np.bincount(place, one[order].ravel(), minlength=len(counts)) for one in goal.T]
    shape = (columns, TYPICAL_BLOCKS)
    counts, sums = counts.reshape(shape).T, [one.reshape(shape).T for one in sums]
    return np.cumsum(counts, axis=0) - counts, counts, sums


def _off(sums: list[Array], counts: Array, goal: Array) -> Array:
    """Squared distance of the mean target of some rows from that of all."""
    return np.asarray(
        sum(np.square(one / np.maximum(counts, 1) - mean) for one, mean in zip(sums, goal.mean(axis=0), strict=True))
    )


def _noise(counts: Array, goal: Array) -> Array:
    """What chance adds to it."""
    return np.asarray(goal.var(axis=0).sum() / np.maximum(counts, 1))
