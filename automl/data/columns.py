"""The columns of a table: their kinds, told apart by content at fit and frozen, and the arrays that a table becomes.

Reading a table twice gives the same arrays whatever the dtypes, the order of the columns or unknown categories.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.cells import Cells
from automl.data.frame import as_frame, carries_names
from automl.data.kinds import Column, Kind, learn
from automl.data.table import Table, Text, side_by_side
from automl.data.texts import count_texts
from automl.data.unread import about_unread, with_lost
from automl.data.views import Levels, Moments, Plain, Rest, Words
from automl.data.wishes import Wishes, as_wished, checked
from automl.data.wording import listed
from automl.errors import DataError, DataWarning

__all__ = ["Column", "Columns", "Kind"]

MAX_ONE_HOT = 50  # levels of a category that a one-hot encoding tells apart
DATE_WIDTH, TEXT_WIDTH = 4, 10  # columns that a leaf makes of a date and of a text, about
LARGEST = 1e36  # numbers beyond are taken for it: their like, and their sums, must be floats of 32 bits
MAX_NAMED = 8  # columns that one note names
GLANCE_ROWS = 1_000  # evenly spread, in which two columns must be alike before they are compared


class Columns:
    """The columns of a table, learned once from all rows (no target is looked at).

    Parameters
    ----------
    columns : sequence of Column
        In the order of the table that was learned from.
    """

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns

    @classmethod
    def learn(cls, frame: pd.DataFrame, overrides: Wishes | None = None) -> Columns:
        """Tell the kinds apart.

        Parameters
        ----------
        frame : DataFrame
        overrides : mapping of name to kind, optional
            Kinds that the user knows better: "number", "boolean", "category", "ordered" (or a list of levels, the
            lowest first), "date", "duration", "text" or "dropped".

        Raises
        ------
        DataError, ArgumentError, InputTypeError
            If an override names no column or no kind, or no cell can be read so.
        """
        return cls._learned(frame, [Cells(frame.iloc[:, place]) for place in range(frame.shape[1])], overrides)

    @classmethod
    def read(cls, frame: pd.DataFrame, overrides: Wishes | None = None) -> tuple[Columns, Table]:
        """`learn` and `encode` of the same table, in one go."""
        cells = [Cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
        columns = cls._learned(frame, cells, overrides)
        return columns, columns._table(cells, len(frame))

    @classmethod
    def _learned(cls, frame: pd.DataFrame, cells: list[Cells], overrides: Wishes | None) -> Columns:
        wishes = checked(overrides, list(frame.columns))
        columns: list[Column] = []
        met = _Met()
        for name, one in zip(frame.columns, cells, strict=True):
            column = as_wished(name, one, wishes[name]) if name in wishes else learn(name, one)
            if column.views and (earlier := met.equal(column, one)) is not None and name not in wishes:
                column = Column(name, "duplicate", note=f"is equal to {earlier!r} and left out", told=True)
            columns.append(with_lost(column, one))
        if not any(column.views for column in columns):  # better numbers of rows than nothing
            columns = [
                Column(one.name, "number", (Plain(),)) if _is_row_number(one) and one.name not in wishes else one
                for one in columns
            ]
        return cls(columns)

    @property
    def names(self) -> list[Hashable]:
        """Names in the order of the table."""
        return [column.name for column in self.columns]

    @property
    def notes(self) -> list[str]:
        """What the user should know: one sentence for all columns of which the same is to be said."""
        said: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.told:
                said.setdefault(column.kind if column.kind == "duplicate" else column.note, []).append(column)
        return [_sentence(columns) for columns in said.values()]

    def frame(self) -> pd.DataFrame:
        """One row a column: its name, kind, number of levels, and how it is read or why not."""
        rows = [(c.name, c.kind, c.n_levels, c.note) for c in self.columns]
        return pd.DataFrame(rows, columns=["column", "kind", "levels", "note"]).astype({"levels": "Int64"})

    # ---- what the search must know of them

    @property
    def used(self) -> int:
        """Number of columns that models see, about: a date counts as 4, a text as 10."""
        return max(1, sum(self._count(view) for column in self.columns for view in column.views))

    @property
    def wide(self) -> int:
        """Number of columns when every category is one-hot encoded with at most 50 levels."""
        levels = [min(count, MAX_ONE_HOT) for column in self.columns for count in column.level_counts]
        return self.used + sum(count - 1 for count in levels)

    @staticmethod
    def _count(view: Any) -> int:
        return TEXT_WIDTH if isinstance(view, Words) else DATE_WIDTH if isinstance(view, Moments) else 1

    # ---- reading

    def align(self, X: Any) -> pd.DataFrame:
        """The columns of any table in the order of fit: by name (extra columns are ignored), or by place without names.

        Raises
        ------
        DataError
            If columns are missing.
        """
        frame = as_frame(X, least_rows=0)
        if not carries_names(X):
            if frame.shape[1] != len(self.names):
                raise DataError(f"X has {frame.shape[1]} columns, but fit saw {len(self.names)}; give these.")
            return frame.set_axis(pd.Index(self.names, dtype=object), axis=1)
        if list(frame.columns) == self.names:
            return frame
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise DataError(
                f"X lacks {len(missing)} of the columns seen in fit: {listed(missing)}; add them (empty is fine)."
            )
        return frame[self.names]

    def encode(self, X: Any) -> Table:
        """Read a table into arrays.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)

        Raises
        ------
        DataError
            If columns are missing, or most cells of one cannot be read as what it was in training; for fewer cells
            there is a `DataWarning`.
        """
        table, said = self.look(X)
        for text in said:
            warnings.warn(text, DataWarning, stacklevel=2)
        return table

    def look(self, X: Any) -> tuple[Table, list[str]]:
        """`encode`, and what would be warned of."""
        frame = self.align(X)
        cells = [Cells(frame.iloc[:, place]) for place in range(frame.shape[1])]
        return self._table(cells, len(frame)), about_unread(self.columns, cells)

    def _table(self, cells: list[Cells], rows: int) -> Table:
        numbers: list[NDArray[np.float64]] = []
        codes: list[NDArray[np.int32]] = []
        dates: list[NDArray[np.float64]] = []
        texts: list[Text] = []
        for column, one in zip(self.columns, cells, strict=True):
            for view in column.views:
                if isinstance(view, (Levels, Rest)):
                    codes.append(view.codes(one))
                elif isinstance(view, Moments):
                    dates.append(view.dates(one))
                elif isinstance(view, Words):
                    numbers += view.looks(one)
                    texts.append(count_texts(view.texts(one)))
                else:
                    numbers.append(view.numbers(one))
        if not (numbers or codes or dates or texts):  # nothing to learn from: every model becomes a constant
            numbers.append(np.zeros(rows))
        return Table(
            side_by_side(numbers, rows, np.float64, LARGEST),
            side_by_side(codes, rows, np.int32),
            tuple(count for column in self.columns for count in column.level_counts),
            side_by_side(dates, rows, np.float64),
            tuple(texts),
        )


class _Met:
    """Columns that were met, by what models would see of them; most differ in the few rows that are looked at first."""

    def __init__(self) -> None:
        self._glanced: dict[bytes, tuple[Column, Cells]] = {}
        self._known: dict[bytes, Hashable] = {}

    def equal(self, column: Column, cells: Cells) -> Hashable | None:
        """The name of an earlier column that is equal; None where there is none."""
        glance = _key(column, cells, max(1, cells.rows // GLANCE_ROWS))
        if (first := self._glanced.setdefault(glance, (column, cells)))[0] is column:
            return None
        self._known.setdefault(_key(*first), first[0].name)
        earlier = self._known.setdefault(_key(column, cells), column.name)
        return None if earlier == column.name else earlier


def _key(column: Column, cells: Cells, step: int = 1) -> bytes:
    """Equal for columns that models would see alike; texts are told by the numbers of distinct texts, and those.

    Every `step`-th row is looked at.
    """
    digest = blake2b(digest_size=16)
    for view in column.views:
        known: Any = getattr(view, "levels", ())
        if isinstance(view, (Levels, Rest)):
            array: NDArray[Any] = view.codes(cells)[::step]
        elif isinstance(view, Words):
            array, known = cells.codes[::step], cells.texts.tolist()
        else:
            values = view.dates(cells) if isinstance(view, Moments) else view.numbers(cells)
            array = 0.0 + values[::step]  # -0 is 0
        digest.update(array.dtype.str.encode())
        digest.update(np.ascontiguousarray(array).data)
        digest.update(repr(known).encode())
    return digest.digest()


def _is_row_number(column: Column) -> bool:
    return column.kind == "identifier" and column.note.startswith("numbers the rows")


def _sentence(columns: list[Column]) -> str:
    """What is to be said of columns with the same note; several duplicates need not equal the same column."""
    note, names = columns[0].note, [str(column.name) for column in columns]
    if len(names) == 1:
        return f"Column {names[0]!r} {note}."
    if columns[0].kind == "duplicate":
        note = "equal earlier ones and are left out"
    else:
        for one, many in _PLURAL:
            note = note.replace(one, many)
    shown = ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
    return f"{len(names)} columns {note}: {shown}."


_PLURAL = (("is ", "are "), ("holds ", "hold "), ("numbers the rows", "number the rows"))
