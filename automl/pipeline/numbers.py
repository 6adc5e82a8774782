"""Columns of numbers: filled, flagged where they were missing, scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.pipeline.constants import CLIP, FAR, NORMAL_IQR, SAMPLE_ROWS, TYPICAL_ROWS
from automl.pipeline.typical import few, typical_values

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Numbers:
    """What columns of numbers become for their consumer; the parameters are those of the `Preprocessor`.

    Parameters
    ----------
    missing : bool
    scale : {"any", "unit"}
    fill : {"median", "most_frequent"}
    indicator : bool
    clip : bool

    Attributes
    ----------
    medians_, fills_, spreads_ : ndarray of shape (n_columns,)
        What is not needed is zeros, and ones.
    flagged_ : ndarray of int
        Columns of which one more says where they were missing.
    gaps_learned_ : ndarray of bool, shape (n_columns,)
        Whether the training rows have gaps enough to learn from; typical values fill those of other columns.
    """

    def __init__(self, missing: bool, scale: str, fill: str, indicator: bool, clip: bool) -> None:
        self.missing, self.scale, self.indicator, self.clip = missing, scale, indicator, clip
        self.how = fill

    def fit(self, blocks: list[Array], goal: Array | None = None) -> Numbers:
        """Learn from the columns of all blocks, each of shape (n_rows, ...), and the target where there is one.

        Parameters
        ----------
        blocks : list of ndarray of shape (n_rows, ...)
        goal : ndarray of shape (n_rows, n_goals), optional
            Indicators of classes, or standardised numbers.
        """
        columns = sum(block.shape[1] for block in blocks)
        self.medians_, self.fills_, self.spreads_ = np.zeros(columns), np.zeros(columns), np.ones(columns)
        self.flagged_ = np.zeros(0, dtype=np.int64)
        gaps = np.concatenate([np.isnan(block).sum(axis=0) for block in blocks])
        self.gaps_learned_ = gaps >= few(len(blocks[0]))
        if self.indicator and not self.missing:
            self.flagged_ = np.flatnonzero(self.gaps_learned_)
        if not self.missing or self.scale == "unit":
            rows, stop = _sample(len(blocks[0])), 0
            for block in blocks:
                place, stop = slice(stop, stop + block.shape[1]), stop + block.shape[1]
                self._learn(block if rows is None else block[rows], block, place)
        if self.missing:
            self._stand_in(blocks, np.zeros((len(blocks[0]), 0)) if goal is None else goal)
        return self

    def _stand_in(self, blocks: list[Array], goal: Array) -> None:
        """Typical values for gaps of columns whose training rows had none, or next to none."""
        rows, stop = _sample(len(goal), TYPICAL_ROWS), 0
        for block in blocks:
            start, stop = stop, stop + block.shape[1]
            columns = np.flatnonzero(~self.gaps_learned_[start:stop])
            part = block[:, columns] if rows is None else block[np.ix_(rows, columns)]
            self.fills_[start + columns] = typical_values(part, goal if rows is None else goal[rows])

    def _learn(self, sample: Array, block: Array, place: slice) -> None:
        if not block.size:
            return
        lost = np.isnan(sample)
        medians = np.nanmedian(np.where(lost.all(axis=0), 0.0, sample), axis=0)
        self.medians_[place] = medians
        self.fills_[place] = medians if self.how == "median" else _most_frequent(sample, medians)
        if self.scale == "unit":
            reach = np.nan_to_num(np.fmax.reduce(block, axis=0) - np.fmin.reduce(block, axis=0))
            self.spreads_[place] = _spreads(np.where(lost, medians, sample), reach)

    @property
    def width(self) -> int:
        """Columns that `write` fills."""
        return len(self.medians_) + len(self.flagged_)

    def write(self, numbers: Array, out: Array) -> None:
        """Put some rows in their form.

        Parameters
        ----------
        numbers : ndarray of shape (n_rows, n_columns)
        out : ndarray of shape (n_rows, width)
        """
        lost = np.isnan(numbers)
        if lost.any():
            numbers = np.where(lost & ~self.gaps_learned_ if self.missing else lost, self.fills_, numbers)
        if self.scale == "unit":
            with np.errstate(over="ignore"):  # spreads may be as small as floats can be
                numbers = np.clip((numbers - self.medians_) / self.spreads_, -FAR, FAR)
            if self.clip:
                numbers = numbers / np.sqrt(1 + np.square(numbers / CLIP))
        cut = numbers.shape[1]
        out[:, :cut] = numbers
        out[:, cut:] = lost[:, self.flagged_]


def _sample(rows: int, most: int | None = None) -> NDArray[np.int64] | None:
    """Rows to learn from, always the same ones; None is all. A quantile of so many is off by less than 0.2 %."""
    most = most or SAMPLE_ROWS
    if rows <= most:
        return None
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _most_frequent(numbers: Array, medians: Array) -> Array:
    """The most frequent value of each column, the least of several; the median of what is wholly missing."""
    found = medians.copy()
    for place, column in enumerate(numbers.T):
        values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        if len(values):
            found[place] = values[np.argmax(counts)]
    return found


def _spreads(filled: Floats, reach: Floats) -> Floats:
    """Quartile range as a standard deviation; half the full range (`reach`) where it is 0; 1 for constants."""
    low, high = np.quantile(filled, [0.25, 0.75], axis=0)
    spread = (high - low) / NORMAL_IQR
    spread = np.where(spread > 0, spread, reach / 2)
    return np.where(spread > 0, spread, 1.0)
