"""What an encoding is: it says whether a column is of its kind, learns how it is read, and reads it into an array."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import NUMBER_SHARE
from automl.errors import ArgumentError
from automl.parsing.cells import Cells

Array = NDArray[Any]
Part = Literal["numbers", "codes", "dates", "texts"]  # of a `Table`


class Encoding:
    """How the cells of a column become an array: a frozen dataclass, made anew by `fit`, the same for all later tables.

    One of numbers needs a `name` and `encode` only. One of categories derives from `Categorical` and says what the
    level of each text is. A column may have several encodings: `propose` and `fit` give a `Column` of any.

    Attributes
    ----------
    name : str
        The kind of column, as reports say it and as ``column_types`` takes it.
    listed : bool
        Whether ``column_types`` takes it.
    precedence : float
        Encodings of lower ones are asked first; the first that knows the column has it.
    part : str
        Where its array goes: "numbers" and "dates" are floats, NaN where missing; "codes" places of levels, -1 where
        missing.
    n_columns : int
        That models see of it, about.
    typed : tuple of str
        Forms of `Cells` of which it reads every cell: "numbers", "moments", "spans".
    what : str
        What its cells are called in sentences; the name where empty.
    """

    name: str
    listed: bool = True
    precedence: float = 0.0
    part: Part = "numbers"
    n_columns: int = 1
    typed: tuple[str, ...] = ()
    what: str = ""

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """What a column is whose cells say so by themselves; None where it may be of another kind.

        Here: one of texts of which nearly all can be read.
        """
        if not cells.is_text:
            return None
        known = cells.rows_known
        read = np.count_nonzero(known & ~self.says_nothing(cells))
        column = self.fit(name, cells) if read >= NUMBER_SHARE * np.count_nonzero(known) else None
        return column and if_it_varies(column, cells)

    def fit(self, name: Hashable, cells: Cells) -> Column | None:
        """What a column is that the user says to be of this kind; None where no cell can be read so."""
        return None if self.says_nothing(cells).all() else Column(name, self.name, (self,))

    def encode(self, cells: Cells) -> Array:
        """One value a row."""
        raise NotImplementedError

    def encoded(self, cells: Cells) -> Array:
        """What `encode` gives, made once.

        Raises
        ------
        ArgumentError
            If it is not one value a row.
        """
        array: Array = cells.once((type(self), self), lambda: np.asarray(self.encode(cells)))
        if array.shape != (cells.rows,):
            what = f"the encoding {self.name!r} must give one value a row"
            raise ArgumentError(f"column_types: {what}, an array of shape ({cells.rows},); got {array.shape}.")
        return array

    def arrays(self, cells: Cells) -> list[tuple[Part, Any]]:
        """All that a `Table` keeps of the column, each with the part that it goes to."""
        return [(self.part, self.encoded(cells))]

    def says_nothing(self, cells: Cells) -> NDArray[np.bool_]:
        """Rows of which it reads nothing."""
        return np.isnan(self.encoded(cells))

    def reads_all(self, cells: Cells) -> bool:
        """Whether no cell that is filled can be lost, whatever it holds."""
        return any(getattr(cells, form) is not None for form in self.typed)

    def varies(self, cells: Cells) -> bool:
        """Whether rows that hold something differ."""
        values = self.encoded(cells)
        present = values[~np.isnan(values)]
        return bool(present.size) and bool(present.min() < present.max())

    def glance(self, cells: Cells, step: int) -> tuple[Array, Any]:
        """What models see of every so many rows, and what it means: equal for columns that are alike."""
        return 0.0 + self.encoded(cells)[::step], ()  # -0 is 0

    @property
    def n_levels(self) -> int | None:
        """Number of levels; None where there are none."""
        return None


@dataclass(frozen=True)
class Column:
    """One column as it is read.

    Attributes
    ----------
    name : hashable
    kind : str
        Name of an encoding, or why there is none: "identifier", "constant", "empty", "duplicate", "dropped", "unread".
    encodings : tuple of Encoding
        What models see of it; none of columns that are left out.
    note : str
        How it is read, or why it is not.
    told : bool
        Whether the user must know.
    lost : frozenset of str or None
        Texts of the fit that are none of its kind and count as missing; None where they are too many to be listed.
    """

    name: Hashable
    kind: str
    encodings: tuple[Encoding, ...] = ()
    note: str = ""
    told: bool = False
    lost: frozenset[str] | None = frozenset()

    @property
    def level_counts(self) -> list[int]:
        """Number of levels of each category."""
        return [encoding.n_levels or 0 for encoding in self.encodings if encoding.part == "codes"]

    @property
    def n_levels(self) -> int | None:
        """Number of levels of a category or an order; None of other kinds."""
        return next((count for one in self.encodings if (count := one.n_levels) is not None), None)


@dataclass(frozen=True)
class Filled(Encoding):
    """Whether a cell is filled: 1, else 0."""

    def encode(self, cells: Cells) -> Array:
        """1 where it is, 0 where it is missing."""
        return np.asarray(cells.filled, dtype=np.float64)

    def reads_all(self, cells: Cells) -> bool:
        """Always."""
        return True


def left_out(name: Hashable, kind: str, note: str) -> Column:
    """A column that models do not see, of which the user must know."""
    return Column(name, kind, note=note, told=True)


def if_it_varies(column: Column, cells: Cells) -> Column:
    """The column, unless all its cells are alike: then only whether it is filled may say something."""
    first = column.encodings[0]
    if first.varies(cells) or (column.kind in ("number", "duration") and first.says_nothing(cells).any()):
        return column
    return of_one_value(column.name, cells)


def of_one_value(name: Hashable, cells: Cells) -> Column:
    """A column of which all filled cells are alike."""
    if cells.present == cells.rows:
        return left_out(name, "constant", "is constant and left out")
    return Column(name, "boolean", (Filled(),), "holds one value or nothing: whether it is filled")
