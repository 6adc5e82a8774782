"""Times of day."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from automl.columns.constants import DATE_SHARE, SOME_SHARE
from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies
from automl.columns.encodings.dates import Datetime
from automl.columns.encodings.numeric import Numeric
from automl.parsing.cells import Cells
from automl.parsing.dates import are_times, guess_dates, read_times


@dataclass(frozen=True)
class TimeOfDay(Encoding):
    """Times of day as minutes since midnight; reports call them numbers."""

    name = "time"
    listed = False
    precedence = 30.0
    typed = ("moments",)
    what = Numeric.what

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of texts such as 22:20, some of them behind dates."""
        if not cells.is_text or not (total := cells.counts[cells.known].sum()):
            return None
        texts, counts = cells.texts, cells.counts
        times = cells.known & are_times(cells)
        share = counts[times].sum() / total
        if share < SOME_SHARE:
            return None
        guess = guess_dates(cells) if share < DATE_SHARE else None
        dated = guess.share if guess else 0.0
        if share + dated < DATE_SHARE:
            return None
        encodings: tuple[Encoding, ...] = (self,)
        note = f"times of day such as {texts[times][int(np.argmax(counts[times]))]}, in minutes"
        if guess and dated >= SOME_SHARE:
            encodings += (Datetime(guess.format),)
            note += f"; {guess.note} in {dated:.0%} of the rows"
        return if_it_varies(Column(name, Numeric.name, encodings, note), cells)

    def encode(self, cells: Cells) -> Array:
        """Minutes."""
        if cells.moments is not None:
            return np.floor_divide(np.mod(cells.moments, 86_400), 1) / 60
        return cells.spread(cells.once("times", lambda: read_times(cells.texts)), np.nan)
