"""Columns of numbers: filled, flagged where they were missing, scaled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]

FAR = 1e12  # scaled numbers beyond are taken for it: their squares must be floats of 32 bits
CLIP = 3.0  # scaled numbers are bent into (-3, 3): no outlier rules a linear model or a distance
SAMPLE_ROWS = 200_000  # of which medians, quartiles and most frequent values are learned; all where there are fewer


class Numbers:
    """What columns of numbers become for their consumer; the parameters are those of `automl.pipeline.prepare.Input`.

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
    """

    def __init__(self, missing: bool, scale: str, fill: str, indicator: bool, clip: bool) -> None:
        self.missing, self.scale, self.indicator, self.clip = missing, scale, indicator, clip
        self.how = fill

    def fit(self, blocks: list[Array]) -> Numbers:
        """Learn from the columns of all blocks, each of shape (n_rows, ...)."""
        columns = sum(block.shape[1] for block in blocks)
        self.medians_, self.fills_, self.spreads_ = np.zeros(columns), np.zeros(columns), np.ones(columns)
        self.flagged_ = np.zeros(0, dtype=np.int64)
        if self.indicator and not self.missing:
            self.flagged_ = np.flatnonzero(np.concatenate([np.isnan(block).any(axis=0) for block in blocks]))
        if not self.missing or self.scale == "unit":
            rows, stop = _sample(len(blocks[0])), 0
            for block in blocks:
                place, stop = slice(stop, stop + block.shape[1]), stop + block.shape[1]
                self._learn(block if rows is None else block[rows], block, place)
        return self

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
        if not self.missing:
            numbers = np.where(lost, self.fills_, numbers)
        if self.scale == "unit":
            with np.errstate(over="ignore"):  # spreads may be as small as floats can be
                numbers = np.clip((numbers - self.medians_) / self.spreads_, -FAR, FAR)
            if self.clip:
                numbers = numbers / np.sqrt(1 + np.square(numbers / CLIP))
        cut = numbers.shape[1]
        out[:, :cut] = numbers
        out[:, cut:] = lost[:, self.flagged_]


def _sample(rows: int) -> NDArray[np.int64] | None:
    """Rows to learn from, always the same ones; None is all. A quantile of so many is off by less than 0.2 %."""
    if rows <= SAMPLE_ROWS:
        return None
    return np.sort(np.random.default_rng(0).choice(rows, SAMPLE_ROWS, replace=False))


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
    spread = (high - low) / 1.349
    spread = np.where(spread > 0, spread, reach / 2)
    return np.where(spread > 0, spread, 1.0)
