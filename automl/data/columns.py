"""The columns of a table: their kinds, told apart by content at fit and frozen, and the arrays that a table becomes.

Reading a table twice gives the same arrays whatever the dtypes, the order of the columns or unknown categories.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.alike import Met
from automl.data.cells import Cells
from automl.data.frame import as_frame, carries_names
from automl.data.kinds import Column, Kind, learn
from automl.data.table import Table, Text, side_by_side
from automl.data.texts import count_texts
from automl.data.unread import about_unread, with_lost
from automl.data.views import Levels, Moments, Plain, Rest, Words
from automl.data.wide import Ends, cells_of, plain_number, screened
from automl.data.wishes import Wishes, as_wished, checked
from automl.data.wording import listed
from automl.errors import DataError, DataWarning

__all__ = ["Column", "Columns", "Kind"]

MAX_ONE_HOT = 50  # levels of a category that a one-hot encoding tells apart
DATE_WIDTH, TEXT_WIDTH = 4, 10  # columns that a leaf makes of a date and of a text, about
LARGEST = 1e36  # numbers beyond are taken for it: their like, and their sums, must be floats of 32 bits
MAX_NAMED = 8  # columns that one note names
UNREAD = "varies less over the rows than the columns that are read"
LATE = "was not read, as there was no time, and is left out"
Hurry = Callable[[], bool]  # whether there is no more time for what may be left out


def never() -> bool:
    """There is always time."""
    return False


class Columns:
    """The columns of a table, learned once from all rows (no target is looked at).

    Parameters
    ----------
    columns : sequence of Column
        In the order of the table that was learned from.
    names : sequence of hashable, optional
        Of all its columns, where not all were read: see `automl.data.wide`.

    Attributes
    ----------
    slow : int
        Columns that were read beside plain numbers and named ones, where time did not suffice for all; else -1.
    """

    slow = -1

    def __init__(self, columns: list[Column], names: list[Hashable] | None = None) -> None:
        self.columns = columns
        self._names = names

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
        return cls._learned(frame, overrides)[0]

    @classmethod
    def read(
        cls, frame: pd.DataFrame, overrides: Wishes | None = None, hurry: Hurry = never, slow: int = -1
    ) -> tuple[Columns, Table]:
        """`learn` and `encode` of the same table, in one go.

        Parameters
        ----------
        frame : DataFrame
        overrides : mapping of name to kind, optional
        hurry : callable
            Whether there is no more time: then plain numbers are read, and what the user named, and no further column.
        slow : int
            What `slow` was when the same table was read before: then `hurry` is not asked.
        """
        columns, cells = cls._learned(frame, overrides, hurry, slow)
        return columns, columns._table(cells, len(frame))

    @classmethod
    def _learned(
        cls, frame: pd.DataFrame, overrides: Wishes | None, hurry: Hurry = never, slow: int = -1
    ) -> tuple[Columns, list[Cells]]:
        names: list[Hashable] = list(frame.columns)
        wishes = checked(overrides, names)
        places = screened(frame, wishes)
        frame = frame if places is None else frame.iloc[:, places]
        cells, sure = cells_of(frame)
        columns, read = _told_apart(frame, cells, sure, wishes, hurry, slow)
        if not any(column.views for column in columns):  # better numbers of rows than nothing
            columns = [
                Column(one.name, "number", (Plain(),)) if _is_row_number(one) and one.name not in wishes else one
                for one in columns
            ]
        learned = cls(columns, None if places is None else names)
        learned.slow = read
        return learned, cells

    @property
    def names(self) -> list[Hashable]:
        """Names of all columns of the table, in its order."""
        return self.read_names if self._names is None else self._names

    @property
    def read_names(self) -> list[Hashable]:
        """Names of the columns that were read."""
        return [column.name for column in self.columns]

    @property
    def notes(self) -> list[str]:
        """What the user should know: one sentence for all columns of which the same is to be said."""
        return [*self._about_unread, *self._about_columns]

    @property
    def _about_unread(self) -> list[str]:
        if self._names is None:
            return []
        every, read = len(self._names), len(self.columns)
        note = (
            f"{every - read:,} of {every:,} columns are left out, those that vary least over the rows: at most "
            f"{read:,} are read (column_types keeps those that it names)."
        )
        return [note]

    @property
    def _about_columns(self) -> list[str]:
        said: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.told:
                said.setdefault(column.kind if column.kind == "duplicate" else column.note, []).append(column)
        return [_sentence(columns) for columns in said.values()]

    def frame(self) -> pd.DataFrame:
        """One row a column: its name, kind, number of levels, and how it is read or why not."""
        rows = [(c.name, c.kind, c.n_levels, c.note) for c in self.columns]
        found = pd.DataFrame(rows, columns=["column", "kind", "levels", "note"]).astype({"levels": "Int64"})
        if self._names is None:
            return found
        whole = found.set_index("column").reindex(pd.Index(self._names, dtype=object, name="column")).reset_index()
        return whole.fillna({"kind": "unread", "note": UNREAD})

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
            frame = frame.set_axis(pd.Index(self.names, dtype=object), axis=1)
        return self.select(frame)

    def select(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns that were read, by name, in the order of fit."""
        wanted = self.read_names
        if list(frame.columns) == wanted:
            return frame
        places = frame.columns.get_indexer(pd.Index(wanted, dtype=object))
        missing = [name for name, place in zip(wanted, places, strict=True) if place < 0]
        if missing:
            raise DataError(
                f"X lacks {len(missing)} of the columns seen in fit: {listed(missing)}; add them (empty is fine)."
            )
        return frame.iloc[:, places]

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
        cells, sure = cells_of(frame)
        # numbers of a column of numbers can be read
        others = [k for k in range(len(cells)) if k not in sure or self.columns[k].kind != "number"]
        said = about_unread([self.columns[place] for place in others], [cells[place] for place in others])
        return self._table(cells, len(frame)), said

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


def _told_apart(
    frame: pd.DataFrame,
    cells: list[Cells],
    sure: dict[int, Ends],
    wishes: dict[Hashable, Any],
    hurry: Hurry,
    slow: int,
) -> tuple[list[Column], int]:
    """What each column is, and how many beside plain numbers were read, -1 where all."""
    columns: list[Column] = []
    met = Met()
    read, left = 0, False
    for place, (name, one) in enumerate(zip(frame.columns, cells, strict=True)):
        if place in sure and name not in wishes:
            column = plain_number(name, sure[place])
        elif name in wishes:
            column = as_wished(name, one, wishes[name])
        elif left or (read >= slow if slow >= 0 else hurry()):
            columns.append(Column(name, "unread", note=LATE, told=True))
            left = True
            continue
        else:
            column = learn(name, one)
            read += 1
        if column.views and (earlier := met.equal(column, one)) is not None and name not in wishes:
            column = Column(name, "duplicate", note=f"is equal to {earlier!r} and left out", told=True)
        columns.append(column if place in sure else with_lost(column, one))
    return columns, read if left else -1


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


_PLURAL = (("was not", "were not"), ("is ", "are "), ("holds ", "hold "), ("numbers the rows", "number the rows"))
