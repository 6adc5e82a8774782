"""A table as arrays: what the workers see of the user's data. Rows are taken lazily."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from automl.columns.constants import CHUNK_ROWS, HASHED_PIECES, HASHED_WORDS, TARGET_LEVELS
from automl.columns.integers import FewIntegers
from automl.columns.once import Remember, anew
from automl.columns.tails import heavy_tails
from automl.tables.rows import Rows

Array = NDArray[Any]
NOTHING = Rows()


class Cache(Protocol):
    """Where prepared arrays are kept, so that candidates share them."""

    def prepared(self, preprocessor: Any, table: Table, y: Array | None) -> tuple[Any, Array]:
        """The preprocessor fitted on a table (and its target), and what it makes of it."""

    def transformed(self, preprocessor: Any, table: Table) -> Array:
        """What a fitted preprocessor makes of another table."""


@dataclass(frozen=True)
class TextCounts:
    """One column of text as counts of hashed words and of hashed pieces of words; nothing is learned for them.

    Attributes
    ----------
    words : csr_array of shape (n_rows, 2**16)
    pieces : csr_array of shape (n_rows, 2**17)
    """

    words: csr_array
    pieces: csr_array

    def take(self, rows: NDArray[np.int64]) -> TextCounts:
        """Some of the rows."""
        return TextCounts(self.words[rows], self.pieces[rows])


class Table:
    """A table as arrays, or some rows of one.

    Parameters
    ----------
    numbers : ndarray of shape (n_rows, n_numbers), float64
        NaN where missing.
    codes : ndarray of shape (n_rows, n_categories), int32
        Level of each category, the most frequent first, -1 where missing.
    levels : tuple of int
        Number of levels of each category.
    dates : ndarray of shape (n_rows, n_dates), float64, optional
        Seconds since 1970, NaN where missing.
    texts : tuple of TextCounts
        One a text column.
    rows : ndarray of int, optional
        The rows that belong to this table; they are copied only when looked at.
    token : str
        Name of this set of rows within a run, a key of the cache; empty outside of one.
    cache : Cache, optional
        Where prepared arrays are shared.
    about : Rows, optional
        What is known of each row, of those that are not this table's, too.
    integers : tuple of FewIntegers
        Columns of few whole numbers, among the numbers, that may be read as categories.
    names : mapping of str to tuple
        What the columns of "numbers", "codes" and "dates" are called; they are numbered where it does not say.

    Attributes
    ----------
    once : callable
        Gives what a fitted object makes of this table, by a key and how it is made: anew, unless told to remember.
    """

    once: Remember = staticmethod(anew)

    def __init__(  # noqa: PLR0913  # a record of arrays
        self,
        numbers: NDArray[np.float64],
        codes: NDArray[np.int32],
        levels: tuple[int, ...],
        dates: NDArray[np.float64] | None = None,
        texts: tuple[TextCounts, ...] = (),
        rows: NDArray[np.int64] | None = None,
        token: str = "",
        cache: Cache | None = None,
        about: Rows = NOTHING,
        integers: tuple[FewIntegers, ...] = (),
        names: Mapping[str, tuple[Hashable, ...]] | None = None,
    ) -> None:
        self._about, self.integers, self.names = about, integers, names or {}
        self._numbers, self._codes, self._texts, self._rows = numbers, codes, texts, rows
        self._dates = np.empty((len(numbers), 0)) if dates is None else dates
        self.levels, self.token, self.cache = levels, token, cache

    @property
    def numbers(self) -> NDArray[np.float64]:
        """Numbers and booleans, NaN where missing."""
        return self._numbers if self._rows is None else self._numbers[self._rows]

    @property
    def codes(self) -> NDArray[np.int32]:
        """Levels of the categories, -1 where missing."""
        return self._codes if self._rows is None else self._codes[self._rows]

    @property
    def dates(self) -> NDArray[np.float64]:
        """Seconds since 1970, NaN where missing."""
        return self._dates if self._rows is None else self._dates[self._rows]

    @property
    def texts(self) -> tuple[TextCounts, ...]:
        """Columns of text as counts."""
        rows = self._rows
        return self._texts if rows is None else tuple(text.take(rows) for text in self._texts)

    @property
    def n_texts(self) -> int:
        """Number of columns of text."""
        return len(self._texts)

    @property
    def about(self) -> Rows:
        """What is known of each row beside its columns."""
        return self._about if self._rows is None else self._about.take(self._rows)

    def with_rows(self, about: Rows) -> Table:
        """The whole table, and what is known of each row."""
        return self._with(None, "", None, about)

    def remembering(self, once: Remember) -> Table:
        """The same table, which remembers what is made of it."""
        table = copy(self)
        table.once = once
        return table

    def __len__(self) -> int:
        return len(self._numbers) if self._rows is None else len(self._rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        wide = (self._numbers, self._codes, self._dates)
        return len(self), sum(array.shape[1] for array in wide) + len(self._texts)

    @property
    def n_many(self) -> int:
        """Number of categories with many levels."""
        return sum(levels > TARGET_LEVELS for levels in self.levels)

    @property
    def meta_features(self) -> frozenset[str]:
        """What there is to be prepared: hyperparameters that need it are searched only then."""
        there = {
            "category": bool(self.levels),
            "many_levels": self.n_many > 0,
            "few_integers": bool(self.integers),
            "text": self.n_texts > 0,
            "date": self._dates.shape[1] > 0,
            "heavy_tails": heavy_tails(self._numbers),
            "several": self._numbers.shape[1] + len(self.levels) > 1,
            "missing": bool(np.isnan(self._numbers).any() or np.isnan(self._dates).any()),
        }
        return frozenset(trait for trait, present in there.items() if present)

    def called(self, part: str) -> list[str]:
        """Names of the columns of a part."""
        arrays: dict[str, Array] = {"numbers": self._numbers, "codes": self._codes, "dates": self._dates}
        width = arrays[part].shape[1]
        return [str(name) for name in self.names.get(part, [f"{part} {place}" for place in range(width)])]

    def take(self, rows: NDArray[np.int64], token: str = "", cache: Cache | None = None) -> Table:
        """Some of the rows."""
        rows = rows if self._rows is None else self._rows[rows]
        return self._with(rows, token, cache, self._about)

    def _with(self, rows: NDArray[np.int64] | None, token: str, cache: Cache | None, about: Rows) -> Table:
        parts = (self._numbers, self._codes, self.levels, self._dates, self._texts)
        return Table(*parts, rows, token, cache, about, self.integers, self.names)

    # ---- as plain arrays, for files that workers map into memory

    def arrays(self) -> dict[str, Array]:
        """All rows as plain arrays by name; `from_arrays` makes a table of them."""
        found: dict[str, Array] = {"numbers": self._numbers, "codes": self._codes, "dates": self._dates}
        for place, text in enumerate(self._texts):
            for kind, counts in (("words", text.words), ("pieces", text.pieces)):
                for part in ("data", "indices", "indptr"):
                    found[f"text{place}_{kind}_{part}"] = getattr(counts, part)
        return {**found, **self._about.arrays()}

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Array],
        levels: tuple[int, ...],
        integers: tuple[FewIntegers, ...] = (),
        names: Mapping[str, tuple[Hashable, ...]] | None = None,
    ) -> Table:
        """The table whose `arrays` these are."""

        def counts(place: int, kind: str, width: int) -> csr_array:
            data, indices, indptr = (arrays[f"text{place}_{kind}_{part}"] for part in ("data", "indices", "indptr"))
            return csr_array((data, indices, indptr), shape=(len(indptr) - 1, width), copy=False)

        n_texts = sum(name.endswith("words_indptr") for name in arrays)
        texts = tuple(
            TextCounts(counts(k, "words", HASHED_WORDS), counts(k, "pieces", HASHED_PIECES)) for k in range(n_texts)
        )
        about = Rows.from_arrays(arrays)
        numbers, codes, dates = (arrays[part] for part in ("numbers", "codes", "dates"))
        return cls(numbers, codes, levels, dates, texts, about=about, integers=integers, names=names)


def side_by_side(columns: list[NDArray[Any]], rows: int, dtype: type, largest: float | None = None) -> NDArray[Any]:
    """The columns side by side, some rows at a time, so that what is written stays in the processor's cache."""
    table: NDArray[Any] = np.empty((rows, len(columns)), dtype=dtype)
    for start in range(0, rows, CHUNK_ROWS):
        part = table[start : start + CHUNK_ROWS]
        for place, column in enumerate(columns):
            part[:, place] = column[start : start + CHUNK_ROWS]
        if largest is not None:
            np.clip(part, -largest, largest, out=part)
    return table
