"""The columns of a table: their kinds, told apart by content at fit and frozen, and the arrays that a table becomes.

Reading a table twice gives the same arrays whatever the dtypes, the order of the columns or unknown categories.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Hashable
from typing import Any

import numpy as np
import pandas as pd

from automl.columns.constants import LARGEST, MAX_ONE_HOT
from automl.columns.date_parts import DateInParts, find_dates
from automl.columns.encodings.base import Column, Part
from automl.columns.encodings.dates import Datetime
from automl.columns.integers import FewIntegers
from automl.columns.learning import Hurry, find_integers, learn_all, never
from automl.columns.notes import sentences
from automl.columns.overrides import Overrides, checked
from automl.columns.table import Table, side_by_side
from automl.columns.unread import about_unread
from automl.columns.wide import cells_of, screened
from automl.errors import DataError, DataWarning
from automl.parsing.cells import Cells
from automl.tables.frame import as_frame, carries_names
from automl.wording import listed

__all__ = ["Column", "Columns", "Hurry", "never"]

UNREAD = "varies less over the rows than the columns that are read"


class Columns:
    """The columns of a table, learned once from all rows (no target is looked at).

    Parameters
    ----------
    columns : sequence of Column
        In the order of the table that was learned from.
    names : sequence of hashable, optional
        Of all its columns, where not all were read: see `automl.columns.wide`.

    Attributes
    ----------
    dates : tuple of DateInParts
        Dates whose parts are columns of their own; they are read beside the parts.
    integers : tuple of FewIntegers
        Columns of few whole numbers that may be read as categories; none of those that the user names.
    slow : int
        Columns that were read beside plain numbers and named ones, where time did not suffice for all; else -1.
    """

    slow = -1
    dates: tuple[DateInParts, ...] = ()
    about_dates: tuple[str, ...] = ()
    integers: tuple[FewIntegers, ...] = ()

    def __init__(self, columns: list[Column], names: list[Hashable] | None = None) -> None:
        self.columns = columns
        self._names = names

    @classmethod
    def learn(cls, frame: pd.DataFrame, overrides: Overrides | None = None) -> Columns:
        """Tell the kinds apart.

        Parameters
        ----------
        frame : DataFrame
        overrides : mapping of name to kind, optional
            Kinds that the user knows better: the name of an encoding, such as "number" or "category", or an encoding;
            a list of levels, the lowest first; or "dropped".

        Raises
        ------
        DataError, ArgumentError, InputTypeError
            If an override names no column or no kind, or no cell can be read so.
        """
        return cls._learned(frame, overrides)[0]

    @classmethod
    def read(
        cls, frame: pd.DataFrame, overrides: Overrides | None = None, hurry: Hurry = never, slow: int = -1
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
        cls, frame: pd.DataFrame, overrides: Overrides | None, hurry: Hurry = never, slow: int = -1
    ) -> tuple[Columns, list[Cells]]:
        names: list[Hashable] = list(frame.columns)
        kinds = checked(overrides, names)
        places = screened(frame, kinds)
        frame = frame if places is None else frame.iloc[:, places]
        cells, sure = cells_of(frame)
        columns, read = learn_all(frame, cells, sure, kinds, hurry, slow)
        learned = cls(columns, None if places is None else names)
        learned.slow = read
        learned._find_dates(cells, kinds)
        learned.integers = find_integers(columns, cells, kinds)
        return learned, cells

    def _find_dates(self, cells: list[Cells], told: Collection[Hashable]) -> None:
        seen = [(column, one) for column, one in zip(self.columns, cells, strict=True) if column.encodings]
        known = [each.encoded(one) for column, one in seen for each in column.encodings if each.part == "dates"]
        dates, notes = find_dates({column.name: one for column, one in seen}, told, known)
        self.dates, self.about_dates = tuple(dates), tuple(notes)

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
        return [*self._about_unread, *sentences(self.columns), *self.about_dates]

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

    def frame(self) -> pd.DataFrame:
        """One row a column: its name, kind, number of levels, and how it is read or why not."""
        rows = [(c.name, c.kind, c.n_levels, c.note) for c in self.columns]
        found = pd.DataFrame(rows, columns=["column", "kind", "levels", "note"]).astype({"levels": "Int64"})
        for date in self.dates:
            parts = found["column"].isin(date.names)
            note = "read as one date, too: " + ", ".join(map(str, date.names))
            found.loc[parts, "note"] = [f"{one}; {note}" if one else note for one in found.loc[parts, "note"]]
        if self._names is None:
            return found
        whole = found.set_index("column").reindex(pd.Index(self._names, dtype=object, name="column")).reset_index()
        return whole.fillna({"kind": "unread", "note": UNREAD})

    # ---- what the search must know of them

    @property
    def used(self) -> int:
        """Number of columns that models see, about: a date counts as 4, a text as 10."""
        own = sum(encoding.n_columns for column in self.columns for encoding in column.encodings)
        return max(1, own + Datetime.n_columns * len(self.dates))

    @property
    def wide(self) -> int:
        """Number of columns when every category is one-hot encoded with at most 50 levels."""
        levels = [min(count, MAX_ONE_HOT) for column in self.columns for count in column.level_counts]
        return self.used + sum(count - 1 for count in levels)

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
        found: dict[Part, list[Any]] = {"numbers": [], "codes": [], "dates": [], "texts": []}
        names: dict[Part, list[Hashable]] = {part: [] for part in found}
        for column, one in zip(self.columns, cells, strict=True):
            for encoding in column.encodings:
                for part, array in encoding.arrays(one):
                    found[part].append(array)
                    names[part].append(column.name)
        by_name = {column.name: one for column, one in zip(self.columns, cells, strict=True)} if self.dates else {}
        found["dates"] += [date.dates(by_name) for date in self.dates]
        names["dates"] += [", ".join(map(str, date.names)) for date in self.dates]
        if not any(found.values()):  # nothing to learn from: every model becomes a constant
            found["numbers"].append(np.zeros(rows))
            names["numbers"].append("nothing")
        return Table(
            side_by_side(found["numbers"], rows, np.float64, LARGEST),
            side_by_side(found["codes"], rows, np.int32),
            tuple(count for column in self.columns for count in column.level_counts),
            side_by_side(found["dates"], rows, np.float64),
            tuple(found["texts"]),
            integers=self.integers,
            names={part: tuple(called) for part, called in names.items()},
        )
