"""Columns of row numbers."""

from __future__ import annotations

import re
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import HEAD_ROWS, ID_ROWS
from automl.columns.encodings.base import Column, left_out

_NUMBERED = "numbers the rows and is left out"
_NAMED_ID = re.compile(r"(?:^|[_\s.-])id$|[a-z]I[dD]$|^ID$")


def row_numbers(name: Hashable, numbers: NDArray[np.float64], rows: int) -> Column | None:
    """A column of whole numbers that number the rows; None where they may count something.

    All differ, none is missing, and they fill at least half of their range (a sample of 1, 2, 3, ... does); or all
    differ and the name of the column ends in "id".
    """
    if len(numbers) < max(ID_ROWS, rows) or not (_all_differ(numbers[:HEAD_ROWS]) and _all_differ(numbers)):
        return None
    dense = np.ptp(numbers) + 1 <= 2 * len(numbers)
    return left_out(name, "identifier", _NUMBERED) if dense or _NAMED_ID.search(str(name)) else None


def is_row_number(column: Column) -> bool:
    """Whether a column was left out for that."""
    return column.note == _NUMBERED


def _all_differ(numbers: NDArray[np.float64]) -> bool:
    return len(np.unique(numbers)) == len(numbers)
