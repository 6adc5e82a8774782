"""Rows that stand in a table more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.columns.table import Table
from automl.validation.constants import AGREEING, DISTINCT, HASHED_CELLS, LEAST_DISTINCT
from automl.validation.splits import Split

Array = NDArray[Any]
Hashes = NDArray[np.uint64]


_ODD = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1


@dataclass(frozen=True)
class Repeats:
    """The rows of a table that repeat an earlier one in all columns that models see.

    Attributes
    ----------
    groups : ndarray of shape (n_rows,) or None
        One number for each distinct row; None where all differ.
    count : int
        Rows that repeat an earlier one.
    agreeing : float
        Share of them whose target is that of the row that they repeat.
    copies : bool
        Whether they are taken for copies, to be kept on one side of every split.
    """

    groups: NDArray[np.int64] | None
    count: int = 0
    agreeing: float = 1.0
    copies: bool = False

    @property
    def duplicate_groups(self) -> NDArray[np.int64] | None:
        """One number a group of rows that splits are to keep on one side; None where rows need not be kept so."""
        return self.groups if self.copies else None

    def note(self, splits: list[Split]) -> str:
        """One sentence for the user; empty where nothing repeats.

        Parameters
        ----------
        splits : list of (train, validation) row numbers
            Those that were made in the end: groups, times or splits of the user's own go first.
        """
        if self.groups is None:
            return ""
        many = f"{self.count:,} of {len(self.groups):,} rows repeat an earlier row in all columns that are used"
        if not self.copies:
            other = f"{1 - self.agreeing:.0%} of them with another target"
            return f"{many}, {other}: they are not taken for copies, and split like all rows."
        if any(_shared(self.groups, train, valid) for train, valid in splits):
            return f"{many}, and some are on both sides of a split: scores may be too good."
        return f"{many}: equal rows are kept on one side of every split, as scores would be too good otherwise."


def find_repeats(table: Table, y: Array, classes: int | None) -> Repeats:
    """Tell copies of rows, which make scores too good when they are split, from rows that are equal by chance.

    Copies carry their target along; where few columns of few values make rows equal, new rows will be as often equal to
    known ones, and keeping them together would make scores too bad (on flight_price by a sixth). So rows count as
    copies where at least 90 % of the repeats have the target of the row that they repeat, and no less than a tenth of
    the rows are distinct. Whether rows go together is asked of the whole table: to keep only those together that agree
    in the target too would leave the contradicting ones to be learned from, and makes scores much too bad (log loss of
    1.02 instead of 0.91 on shelter_animals).

    Parameters
    ----------
    table : Table
    y : ndarray of shape (n_rows,)
        The coded target.
    classes : int or None
        Number of classes, None in regression.
    """
    groups = number_duplicates(table)
    if groups is None:
        return Repeats(None)
    _, first = np.unique(groups, return_index=True)
    repeats = first[groups] != np.arange(len(groups))
    agreeing = float(np.mean(y[repeats] == y[first[groups[repeats]]]))
    told_apart = classes is None or np.sum(np.bincount(y[first], minlength=classes) >= LEAST_DISTINCT) >= 2
    copies = agreeing >= AGREEING and len(first) >= DISTINCT * len(groups) and bool(told_apart)
    return Repeats(groups, int(repeats.sum()), agreeing, copies)


def row_hashes(table: Table) -> Hashes:
    """A 64-bit number for each row, equal where rows are equal in all that models see.

    Each column is mixed by the finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
    generators") after a multiplication that differs from column to column, and the columns are added up. Two different
    rows out of 300,000 share a number with a probability of about 1e-9.

    Returns
    -------
    ndarray of shape (n_rows,), uint64
    """
    total = np.zeros(len(table), dtype=np.uint64)
    place = 0
    for block in (table.numbers, table.dates, table.codes):
        at_once = max(1, HASHED_CELLS // max(1, len(table)))  # few rows are too little work for one column at a time
        for start in range(0, block.shape[1], at_once):
            part = _bits(block[:, start : start + at_once].T)
            salts = np.arange(place + 1, place + 1 + len(part), dtype=np.uint64) * np.uint64(_ODD)
            total += _mix(part + salts[:, None]).sum(axis=0)
            place += len(part)
    for text in table.texts:
        place += 1
        weights = _mix(np.arange(text.words.shape[1], dtype=np.uint64) + _salt(1))
        sums = np.concatenate([[np.uint64(0)], np.cumsum(weights[text.words.indices] * _bits(text.words.data))])
        total += _mix(sums[text.words.indptr[1:]] - sums[text.words.indptr[:-1]] + _salt(place))
    return total


def number_duplicates(table: Table, y: Array | None = None) -> NDArray[np.int64] | None:
    """One number for each distinct row.

    Parameters
    ----------
    table : Table
    y : ndarray of shape (n_rows,), optional
        The coded target: then rows are equal only where it is equal too.

    Returns
    -------
    ndarray of shape (n_rows,) or None
        Numbers from 0 in the order in which rows first appear; None where all rows differ.
    """
    hashes = row_hashes(table)
    if y is not None:
        hashes = _mix(hashes + _salt(1)) + _bits(np.asarray(y))
    groups, distinct = pd.factorize(hashes)
    return None if len(distinct) == len(groups) else groups.astype(np.int64)


def _shared(groups: Array, train: Array, valid: Array) -> bool:
    learned = np.zeros(int(groups.max()) + 1, dtype=bool)
    learned[groups[train]] = True
    return bool(learned[groups[valid]].any())


def _salt(place: int) -> np.uint64:
    return np.uint64(place * _ODD & _WORD)


def _bits(values: Array) -> Hashes:
    """Numbers as the bits of float64; one pattern for NaN, and one for zero."""
    numbers = np.asarray(values, dtype=np.float64) + 0.0  # -0.0 becomes 0.0
    numbers[np.isnan(numbers)] = np.nan
    return np.ascontiguousarray(numbers).view(np.uint64)


def _mix(bits: Hashes) -> Hashes:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = bits ^ (bits >> np.uint64(31))
    return mixed
