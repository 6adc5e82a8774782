"""Tables of very many columns: which are read at all, and numbers read many columns at a time.

What pandas does for one column takes 0.1 ms, whatever the number of rows: 5 s for 50,000 columns.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.columns.constants import (
    BLOCK_COLUMNS,
    BLOCK_ROWS,
    GLANCE_ROWS,
    HEAD_ROWS,
    ID_ROWS,
    MANY_COLUMNS,
    MOST_COLUMNS,
    SCREEN_CELLS,
    SCREEN_LEAST,
    SCREEN_ROWS,
)
from automl.columns.encodings.base import Column
from automl.columns.encodings.dates import FIRST_DAY, LAST_DAY
from automl.columns.encodings.numeric import Numeric
from automl.parsing.cells import EXACT, Cells
from automl.parsing.parse import NumberFormat

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Ends = tuple[float, float]  # the least and the largest number


def screened(frame: pd.DataFrame, named: Collection[Hashable] = ()) -> Places | None:
    """Places of the columns that are read, in their order; None where all are.

    No target is looked at: first come columns that are named, then those of whose rows the most are filled and differ
    from the column's median (of texts: differ at all), then those of the largest standard deviation.
    """
    columns = frame.shape[1]
    if columns <= MOST_COLUMNS:
        return None
    rows = min(SCREEN_ROWS, max(SCREEN_LEAST, SCREEN_CELLS // columns))
    sample = frame.iloc[:: max(1, len(frame) // rows)]
    worth, spread = np.zeros(columns), np.zeros(columns)
    for places, numeric in _blocks(frame, max(1, SCREEN_CELLS // len(sample))):
        part = sample.iloc[:, _slice(places)]
        worth[places], spread[places] = _varying(part) if numeric else (_differing(part), 0.0)
    worth[frame.columns.isin(list(named))] = 2.0
    order = np.lexsort((-spread, -np.round(worth, 2)))  # ties by place
    return np.sort(order[:MOST_COLUMNS])


def _varying(part: pd.DataFrame) -> tuple[Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        values = _finite(part)
        missing = np.isnan(values)
        present = len(values) - np.count_nonzero(missing, axis=0)
        middle = np.sort(values, axis=0)[np.maximum(present - 1, 0) // 2, np.arange(values.shape[1])]
        far = values - middle
        far[missing] = 0.0
        off = np.count_nonzero(far, axis=0) / len(values)
        spread = np.sqrt(np.einsum("ij,ij->j", far, far) / np.maximum(present, 1))
    return off, np.nan_to_num(spread, posinf=np.finfo(np.float64).max)


def _differing(part: pd.DataFrame) -> Floats:
    cells = part.iloc[:GLANCE_ROWS].astype(object).to_numpy()
    return np.array([(len(set(map(str, column))) - 1) / max(1, len(column) - 1) for column in cells.T])


def _finite(frame: pd.DataFrame) -> Floats:
    """Floats, NaN where missing or infinite."""
    values = np.asarray(frame.to_numpy(dtype=np.float64))
    endless = np.isinf(values)
    return np.where(endless, np.nan, values) if endless.any() else values


def _slice(places: Places) -> Any:
    """Neighbours as a slice, which pandas takes without copying."""
    together = places[-1] - places[0] + 1 == len(places)
    return slice(int(places[0]), int(places[-1]) + 1) if together else places


def _blocks(frame: pd.DataFrame, most: int) -> Iterator[tuple[Places, bool]]:
    """Places of at most so many columns of one dtype, and whether they are plain numbers."""
    codes, dtypes = pd.factorize(frame.dtypes.to_numpy())
    for code, dtype in enumerate(dtypes):
        places = np.flatnonzero(codes == code)
        numeric = isinstance(dtype, np.dtype) and dtype.kind in "iuf"
        for start in range(0, len(places), most):
            yield places[start : start + most], numeric


def number_blocks(frame: pd.DataFrame) -> Iterator[tuple[Places, Floats]]:
    """Columns of plain numbers, some at a time: their places and their values, NaN where missing or infinite."""
    for places, numeric in _blocks(frame, BLOCK_COLUMNS):
        if numeric:
            yield places, _finite(frame.iloc[:, _slice(places)])


# ---- cells


class NumberCells(Cells):
    """A column of numbers, without pandas."""

    is_boolean = is_categorical = False
    moments = spans = None
    order = ()

    def __init__(self, numbers: Floats, present: int) -> None:
        self.rows = len(numbers)
        self._made = {}
        self.__dict__.update(numbers=numbers, present=present)

    @property
    def values(self) -> pd.Series[Any]:  # type: ignore[override]
        """What was read, as a Series."""
        return pd.Series(self.__dict__["numbers"])


def cells_of(frame: pd.DataFrame) -> tuple[list[Cells], dict[int, Ends]]:
    """The cells of each column, and the ends of those that are plain numbers for sure (see `kinds.learn`), by place."""
    wide = frame.shape[1] > MANY_COLUMNS and len(frame) <= BLOCK_ROWS
    cells: dict[int, Cells] = {}
    sure: dict[int, Ends] = {}
    for places, numbers in number_blocks(frame) if wide else ():
        present = np.count_nonzero(~np.isnan(numbers), axis=0)
        cells |= {int(place): NumberCells(numbers[:, k], int(present[k])) for k, place in enumerate(places)}
        sure |= _surely_numbers(places, numbers, present)
    made = [cells[k] if k in cells else Cells(frame.iloc[:, k]) for k in range(frame.shape[1])]
    return made, sure


def plain_number(name: Hashable, ends: Ends) -> Column:
    """What `kinds.learn` says of a column of numbers that are neither dates nor identifiers, and vary."""
    return Column(name, "number", (Numeric(NumberFormat(low=ends[0], high=ends[1])),))


def _surely_numbers(places: Places, numbers: Floats, present: NDArray[np.int64]) -> dict[int, Ends]:
    """Ends of the columns that vary, and hold fractions or what neither dates, identifiers nor codes can be."""
    missing = np.isnan(numbers)
    low = np.where(missing, np.inf, numbers).min(axis=0, initial=np.inf)
    high = np.where(missing, -np.inf, numbers).max(axis=0, initial=-np.inf)
    fractions = ((np.floor(numbers) != numbers) & ~missing).any(axis=0)
    head = np.sort(numbers[:HEAD_ROWS], axis=0)
    repeated = (head[1:] == head[:-1]).any(axis=0)
    no_days = (low < FIRST_DAY) | (high > LAST_DAY)
    no_identifier = (present < max(ID_ROWS, len(numbers))) | repeated
    exact = np.maximum(-low, high) <= EXACT
    sure = np.flatnonzero((low < high) & exact & (fractions | (no_days & no_identifier)))
    return {int(places[k]): (float(low[k]), float(high[k])) for k in sure}
