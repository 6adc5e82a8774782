"""A table as arrays: what the workers see of the user's data. Rows are taken lazily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from automl.data.rows import Rows

Array = NDArray[Any]
NOTHING = Rows()

CHUNK_ROWS = 8_192  # that are put side by side at a time
MANY_LEVELS = 12  # a category of more levels may be encoded by the target, too


class Cache(Protocol):
    """Where prepared arrays are kept, so that candidates share them."""

    def prepared(self, leaf: Any, table: Table, y: Array | None) -> tuple[Any, Array]:
        """The leaf fitted on a table (and its target), and what it makes of it."""

    def transformed(self, leaf: Any, table: Table) -> Array:
        """What a fitted leaf makes of another table."""


TAIL_ROWS, TAIL_LEAST = 10_000, 1_000  # that are looked at for heavy tails, fewer where there are many columns
TAIL_CELLS, TAIL_COLUMNS = 3_000_000, 64  # in all, and at a time
TAIL = 10.0  # tails are heavy where a thousandth of the rows lies that many spreads from the median


@dataclass(frozen=True)
class Text:
    """One column of text as counts of hashed words and of hashed pieces of words; nothing is learned for them.

    Attributes
    ----------
    words : csr_array of shape (n_rows, 2**16)
    pieces : csr_array of shape (n_rows, 2**17)
    """

    words: csr_array
    pieces: csr_array

    def take(self, rows: NDArray[np.int64]) -> Text:
        """Some of the rows."""
        return Text(self.words[rows], self.pieces[rows])


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
    texts : tuple of Text
        One a text column.
    rows : ndarray of int, optional
        The rows that belong to this table; they are copied only when looked at.
    token : str
        Name of this set of rows within a run, a key of the cache; empty outside of one.
    cache : Cache, optional
        Where prepared arrays are shared.
    about : Rows, optional
        What is known of each row, of those that are not this table's, too.
    """

    def __init__(
        self,
        numbers: NDArray[np.float64],
        codes: NDArray[np.int32],
        levels: tuple[int, ...],
        dates: NDArray[np.float64] | None = None,
        texts: tuple[Text, ...] = (),
        rows: NDArray[np.int64] | None = None,
        token: str = "",
        cache: Cache | None = None,
        about: Rows = NOTHING,
    ) -> None:
        self._about = about
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
    def texts(self) -> tuple[Text, ...]:
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
        return Table(self._numbers, self._codes, self.levels, self._dates, self._texts, about=about)

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
        return sum(levels > MANY_LEVELS for levels in self.levels)

    @property
    def traits(self) -> frozenset[str]:
        """What there is to be prepared: hyperparameters that need it are searched only then."""
        there = {
            "category": bool(self.levels),
            "many_levels": self.n_many > 0,
            "text": self.n_texts > 0,
            "date": self._dates.shape[1] > 0,
            "heavy_tails": _heavy_tails(self._numbers),
            "missing": bool(np.isnan(self._numbers).any() or np.isnan(self._dates).any()),
        }
        return frozenset(trait for trait, present in there.items() if present)

    def take(self, rows: NDArray[np.int64], token: str = "", cache: Cache | None = None) -> Table:
        """Some of the rows."""
        rows = rows if self._rows is None else self._rows[rows]
        return Table(self._numbers, self._codes, self.levels, self._dates, self._texts, rows, token, cache, self._about)

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
    def from_arrays(cls, arrays: Mapping[str, Array], levels: tuple[int, ...]) -> Table:
        """The table whose `arrays` these are."""
        from automl.data.texts import PIECES, WORDS

        def counts(place: int, kind: str, width: int) -> csr_array:
            data, indices, indptr = (arrays[f"text{place}_{kind}_{part}"] for part in ("data", "indices", "indptr"))
            return csr_array((data, indices, indptr), shape=(len(indptr) - 1, width), copy=False)

        n_texts = sum(name.endswith("words_indptr") for name in arrays)
        texts = tuple(Text(counts(k, "words", WORDS), counts(k, "pieces", PIECES)) for k in range(n_texts))
        return cls(arrays["numbers"], arrays["codes"], levels, arrays["dates"], texts, about=Rows.from_arrays(arrays))


def _heavy_tails(numbers: NDArray[np.float64]) -> bool:
    """Whether some column has values far outside of its middle half; of many columns, some are looked at."""
    rows = min(TAIL_ROWS, max(TAIL_LEAST, TAIL_CELLS // max(1, numbers.shape[1])))
    sample = numbers[:: max(1, len(numbers) // rows), :: 1 + numbers.shape[1] // (TAIL_CELLS // TAIL_LEAST)]
    for start in range(0, sample.shape[1], TAIL_COLUMNS):
        ranked = np.sort(sample[:, start : start + TAIL_COLUMNS], axis=0)  # NaN comes last
        known = np.count_nonzero(~np.isnan(ranked), axis=0)
        enough = known >= 10
        low, first, middle, third, high = _quantiles(ranked[:, enough], known[enough])
        spread = (third - first) / 1.349
        if np.any((spread > 0) & (np.maximum(high - middle, middle - low) > TAIL * spread)):
            return True
    return False


def _quantiles(ranked: NDArray[np.float64], known: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Of each column of sorted values, of which the first so many are known; between two values in proportion."""
    found = []
    for share in (0.001, 0.25, 0.5, 0.75, 0.999):
        place = share * (known - 1)
        below = np.floor(place).astype(np.int64)
        low, high = (
            np.take_along_axis(ranked, at[None], axis=0)[0] for at in (below, np.minimum(below + 1, known - 1))
        )
        found.append(low + (place - below) * (high - low))
    return found


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
