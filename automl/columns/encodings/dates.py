"""Dates."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from automl.columns.constants import DATE_SHARE, HEAD_ROWS
from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies
from automl.columns.encodings.numeric import Numeric
from automl.parsing.cells import Cells
from automl.parsing.dates import DateFormat, guess_dates
from automl.parsing.reread import read_dates

_UNITS = ((1e17, 1e9, "nano"), (1e14, 1e6, "micro"), (1e11, 1e3, "milli"))  # numbers of seconds beyond are none
_CLOCKS = (1e6, 1e4)  # of hours, minutes and seconds behind a day, and of hours and minutes
FIRST_DAY, LAST_DAY = 19000101, 21001231


@dataclass(frozen=True)
class Datetime(Encoding):
    """Dates as seconds since 1970.

    Parameters
    ----------
    format : DateFormat
        How texts and numbers write them.
    """

    name = "date"
    precedence = 40.0
    part = "dates"
    n_columns = 4
    typed = ("moments",)
    what = "dates"

    format: DateFormat = field(default_factory=DateFormat)

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of a dtype of dates, of numbers such as 20190324, or of texts that are dates."""
        if cells.moments is not None:
            return self.fit(name, cells)
        if not (cells.is_text or _are_days(cells)):
            return None
        guess = guess_dates(cells)
        if guess is None or guess.share < DATE_SHARE:
            return None
        guessed = guess.guessed and cells.is_text
        note = guess.note + (", which is a guess" if guessed else "")
        return if_it_varies(Column(name, self.name, (Datetime(guess.format),), note, told=guessed), cells)

    def fit(self, name: Hashable, cells: Cells) -> Column:
        """Learn how texts write dates, or what numbers count."""
        if cells.moments is not None:
            return if_it_varies(Column(name, self.name, (Datetime(),)), cells)
        if guess := guess_dates(cells):
            return Column(name, self.name, (Datetime(guess.format),), guess.note)
        numbers = Numeric().encode(cells)
        largest = np.nanmax(np.abs(numbers)) if not np.isnan(numbers).all() else 0.0
        unit, what = next(((unit, what) for least, unit, what in _UNITS if largest > least), (1.0, ""))
        return Column(name, self.name, (Datetime(DateFormat(unix=unit)),), f"{what}seconds since 1970")

    def encode(self, cells: Cells) -> Array:
        """Seconds, NaN where missing."""
        if cells.moments is not None:
            return cells.moments
        return cells.spread(cells.once(self.format, lambda: read_dates(self.format, cells)), np.nan)


def _are_days(cells: Cells) -> bool:
    """Whether all cells are numbers that look like days; nearly always the first ones tell."""
    if cells.numbers is None or cells.is_boolean or cells.is_categorical:
        return False
    return all(_look_like_days(part[~np.isnan(part)]) for part in (cells.numbers[:HEAD_ROWS], cells.numbers))


def _look_like_days(numbers: Array) -> bool:
    """Whether whole numbers look like 20190324, 201903240416 or 20190324041600."""
    if not numbers.size:
        return True
    days = numbers
    for clock in _CLOCKS:
        if days.min() >= FIRST_DAY * clock:
            days = days // clock
    month, day = days // 100 % 100, days % 100
    inside = (days >= FIRST_DAY) & (days <= LAST_DAY) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(inside.all()) and bool((numbers == np.floor(numbers)).all())
