"""Columns of few whole numbers: amounts, or names of something, such as the pieces on the squares of a board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import HEAD_ROWS, INTEGER_LEVELS, INTEGER_REACH, INTEGER_ROWS, LEAST_ROWS

Array = NDArray[Any]


@dataclass(frozen=True)
class FewIntegers:
    """A column of few whole numbers, as it would be read as a category.

    Attributes
    ----------
    place : int
        Of the column among the numbers of a `Table`.
    values : tuple of float
        Each is a level, the most frequent first; all others are one more.
    """

    place: int
    values: tuple[float, ...]

    @property
    def n_levels(self) -> int:
        """Number of levels, that of other values included."""
        return len(self.values) + 1

    def codes(self, numbers: Array) -> NDArray[np.int32]:
        """Level of each row, -1 where missing.

        Parameters
        ----------
        numbers : ndarray of shape (n_rows, n_numbers)
        """
        column = numbers[:, self.place]
        order = np.argsort(self.values)
        ranked = np.asarray(self.values)[order]
        near = np.minimum(np.searchsorted(ranked, column), len(ranked) - 1)
        codes = np.where(ranked[near] == column, order[near], len(ranked))
        return np.where(np.isnan(column), -1, codes).astype(np.int32)


def few_integers(place: int, column: Array) -> FewIntegers | None:
    """How a column of few whole numbers would be read as a category; None where it is none.

    Parameters
    ----------
    place : int
        Among the numbers of a `Table`.
    column : ndarray of shape (n_rows,)
        NaN where missing.
    """
    most = min(INTEGER_LEVELS, len(column) // INTEGER_ROWS)
    if len(np.unique(column[:HEAD_ROWS])) > most + 1:  # most columns are told by these; NaN may be one
        return None
    present = column[~np.isnan(column)]
    if not present.size or (present != np.floor(present)).any() or np.ptp(present) > INTEGER_REACH:
        return None
    least = present.min()
    counts = np.bincount((present - least).astype(np.int64))
    values = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts >= LEAST_ROWS)]
    if not 3 <= np.count_nonzero(counts) <= most or not len(values):
        return None
    return FewIntegers(place, tuple((values + least).tolist()))
