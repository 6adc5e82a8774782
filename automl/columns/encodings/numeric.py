"""Numbers, and what stands beside them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from automl.columns.constants import NUMBER_SHARE, PARTLY_NUMBERS, PARTLY_SHARE, PARTLY_WORDS
from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies
from automl.columns.encodings.categorical import Categorical
from automl.columns.identifiers import row_numbers
from automl.parsing.cells import EXACT, Cells
from automl.parsing.codes import are_lost_codes
from automl.parsing.parse import NumberFormat, guess_numbers
from automl.parsing.reread import numbers_of

_TRUTH = {"True": 1.0, "False": 0.0}


@dataclass(frozen=True)
class Numeric(Encoding):
    """Numbers, of a dtype of numbers or in texts.

    Parameters
    ----------
    format : NumberFormat
        How texts write them.
    """

    name = "number"
    precedence = 60.0
    typed = ("numbers",)
    what = "numbers"

    format: NumberFormat = field(default_factory=NumberFormat)

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of a dtype of numbers, or of texts that nearly all are numbers, or half of them beside few words."""
        if cells.is_text:
            return self._of_texts(name, cells)
        numbers = cells.numbers
        if numbers is None or cells.is_categorical:
            return None
        present = numbers[~np.isnan(numbers)]
        ends = NumberFormat(low=float(present.min()), high=float(present.max()))
        if (present == np.floor(present)).all() and (left := row_numbers(name, present, cells.rows)):
            return left
        lost = max(-ends.low, ends.high) > EXACT and are_lost_codes(present)
        note = "holds codes of which floats keep 16 digits: read it as text" if lost else ""
        return if_it_varies(Column(name, self.name, (Numeric(ends),), note, told=lost), cells)

    def _of_texts(self, name: Hashable, cells: Cells) -> Column | None:
        guess = guess_numbers(cells)
        if guess is None:
            return None
        numbers = guess.values[~np.isnan(guess.values)]
        number = Numeric(guess.format)
        cells.once(guess.format, lambda: (guess.values, guess.units))
        if guess.share >= NUMBER_SHARE:
            whole = not guess.note and (numbers == np.floor(numbers)).all()
            if whole and (left := row_numbers(name, numbers, cells.rows)):
                return left
            if not guess.mixed:
                return if_it_varies(Column(name, self.name, (number,), guess.note), cells)
            return Column(name, self.name, (number, Remainder(format=guess.format).learned(cells)), guess.note)
        words = set(cells.texts[cells.known & np.isnan(guess.values)])
        if guess.share >= PARTLY_SHARE and len(words) <= PARTLY_WORDS and len(np.unique(numbers)) >= PARTLY_NUMBERS:
            shown = ", ".join(map(repr, sorted(words)[:3])) + (", ..." if len(words) > 3 else "")
            encodings = (number, Remainder(format=guess.format).learned(cells))
            return Column(name, self.name, encodings, f"numbers beside the words {shown}, a category")
        return None

    def fit(self, name: Hashable, cells: Cells) -> Column:
        """Learn how texts write numbers."""
        guess = guess_numbers(cells) if cells.numbers is None and cells.present else None
        return Column(name, self.name, (Numeric(guess.format) if guess else self,), guess.note if guess else "")

    def encode(self, cells: Cells) -> Array:
        """Numbers of any form."""
        if cells.numbers is not None:
            return cells.numbers
        if cells.moments is not None or cells.spans is not None:
            return np.full(cells.rows, np.nan)
        values = numbers_of(cells, self.format)[0].copy()
        for place in np.flatnonzero(np.isnan(values)):  # booleans that came as text are numbers where the column is one
            values[place] = _TRUTH.get(cells.texts[place], np.nan)
        return cells.spread(values, np.nan)


@dataclass(frozen=True)
class Remainder(Categorical):
    """Categories of what stands beside numbers: their units, or words in their place; "number" where nothing does.

    Parameters
    ----------
    levels, other
        See `Categorical`.
    format : NumberFormat
        How the numbers are written.
    """

    format: NumberFormat = field(default_factory=NumberFormat)

    def labels(self, cells: Cells) -> list[str]:
        """The unit of each distinct text, or the text itself where it is no number."""
        units = numbers_of(cells, self.format)[1]
        return [(unit or "number") if unit is not None else text for unit, text in zip(units, cells.texts, strict=True)]
