"""Views of a column: each reads its cells into one of the arrays of a `Table`, in the way that was frozen at fit."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl.data.cells import Cells, number_text
from automl.data.dates import DateFormat, read_times
from automl.data.parse import NumberFormat
from automl.data.reread import read_dates, read_numbers
from automl.data.spans import read_spans

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
_LOUD = re.compile(r"[A-Z0-9]")
FLAGS = {"true": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "on": 1.0, "1": 1.0} | dict.fromkeys(
    ("false", "no", "n", "f", "off", "0"), 0.0
)


@dataclass(frozen=True)
class Plain:
    """Numbers, of a dtype of numbers or in texts."""

    format: NumberFormat = field(default_factory=NumberFormat)

    def numbers(self, cells: Cells) -> Floats:
        """Numbers of any form."""
        if cells.numbers is not None:
            return cells.numbers
        for floats in (cells.moments, cells.spans):
            if floats is not None:
                return np.full(cells.rows, np.nan)
        texts = cells.texts
        values = _numbers(cells, self.format)[0].copy()
        lost = np.flatnonzero(np.isnan(values))
        for place in lost:  # booleans that came as text are numbers where the column is one
            values[place] = _TRUTH.get(texts[place], np.nan)
        return cells.spread(values, np.nan)


_TRUTH = {"True": 1.0, "False": 0.0}


@dataclass(frozen=True)
class Flag:
    """Booleans as 1 and 0, however they are written."""

    def numbers(self, cells: Cells) -> Floats:
        """1 or 0."""
        if cells.numbers is not None:
            return cells.numbers
        return cells.spread(np.array([FLAGS.get(text.lower(), np.nan) for text in cells.texts]), np.nan)


@dataclass(frozen=True)
class Filled:
    """Whether a cell is filled."""

    def numbers(self, cells: Cells) -> Floats:
        """1 where it is, 0 where it is missing."""
        for floats in (cells.numbers, cells.moments, cells.spans):
            if floats is not None:
                return np.asarray(~np.isnan(floats), dtype=np.float64)
        return np.asarray(cells.codes >= 0, dtype=np.float64)


@dataclass(frozen=True)
class Place:
    """Ordered levels as their place in the order; `places` has lower-case texts."""

    places: tuple[tuple[str, float], ...]

    def numbers(self, cells: Cells) -> Floats:
        """Place of each level, NaN for others."""
        known = dict(self.places)
        return cells.spread(np.array([known.get(text.lower(), np.nan) for text in cells.texts]), np.nan)


@dataclass(frozen=True)
class Clock:
    """Times of day as minutes since midnight."""

    def numbers(self, cells: Cells) -> Floats:
        """Minutes."""
        if cells.moments is not None:
            return np.floor_divide(np.mod(cells.moments, 86_400), 1) / 60
        return cells.spread(cells.once("times", lambda: read_times(cells.texts)), np.nan)


@dataclass(frozen=True)
class Span:
    """Spans of time in `unit` seconds: 60 for minutes, 86,400 for days."""

    unit: float

    def numbers(self, cells: Cells) -> Floats:
        """Minutes or days."""
        if cells.spans is not None:
            return cells.spans / self.unit
        if cells.numbers is not None:  # plain numbers are of the unit itself
            return cells.numbers
        return cells.spread(cells.once("spans", lambda: read_spans(cells.texts)[0]) / self.unit, np.nan)


@dataclass(frozen=True)
class Levels:
    """Categories, the most frequent first.

    Attributes
    ----------
    levels : tuple of str
    other : bool
        Whether rare and unseen ones are a further level; else unseen ones are missing.
    width : int
        Digits that a code of digits has, leading zeros included; 0 where it is none.
    """

    levels: tuple[str, ...]
    other: bool = False
    width: int = 0

    def codes(self, cells: Cells) -> Codes:
        """Place of each level."""
        return _coded(cells, list(cells.texts), self)

    @property
    def exact(self) -> dict[str, str]:
        """Codes of more digits than floats keep, by the float that is made of one, and of no other."""
        long = [level for level in self.levels if len(level) > 15 and level.removeprefix("-").isdigit()]
        count = Counter(map(number_text, long))
        return {text: level for level in long if count[text := number_text(level)] == 1}

    def level(self, text: str) -> str:
        """The text as the levels have it."""
        return text.zfill(self.width) if self.width and text.isdigit() else text


@dataclass(frozen=True)
class Rest:
    """What stands beside numbers: their units, or words in their place; "number" where nothing does."""

    format: NumberFormat
    levels: tuple[str, ...]
    other: bool = False

    def codes(self, cells: Cells) -> Codes:
        """Place of each unit or word."""
        return _coded(cells, rests(cells, self.format), self)


def _numbers(cells: Cells, known: NumberFormat) -> tuple[Floats, list[str | None]]:
    read: tuple[Floats, list[str | None]] = cells.once(known, lambda: read_numbers(known, cells.texts))
    return read


def rests(cells: Cells, known: NumberFormat) -> list[str]:
    """The unit of each distinct text, or the text itself where it is no number."""
    units = _numbers(cells, known)[1]
    return [(unit or "number") if unit is not None else text for unit, text in zip(units, cells.texts, strict=True)]


def _coded(cells: Cells, texts: list[str], view: Levels | Rest) -> Codes:
    place = {level: code for code, level in enumerate(view.levels)}
    rare = len(view.levels) if view.other else -1
    if isinstance(view, Levels) and view.width:
        texts = [view.level(text) for text in texts]
    if isinstance(view, Levels) and cells.numbers is not None:
        texts = [view.exact.get(text, text) for text in texts]
    found = np.array([place.get(text, rare) for text in texts], dtype=np.int32)
    return np.asarray(cells.spread(found, -1), dtype=np.int32)


@dataclass(frozen=True)
class Moments:
    """Dates as seconds since 1970."""

    format: DateFormat

    def dates(self, cells: Cells) -> Floats:
        """Seconds, NaN where missing."""
        if cells.moments is not None:
            return cells.moments
        return cells.spread(cells.once(self.format, lambda: read_dates(self.format, cells)), np.nan)


@dataclass(frozen=True)
class Words:
    """Free text: the texts themselves, and three numbers that say what they look like."""

    def texts(self, cells: Cells) -> list[str]:
        """The text of each row, empty where missing."""
        found = cells.spread(cells.texts, "")
        return [str(text) for text in found]

    def looks(self, cells: Cells) -> list[Floats]:
        """Characters, words, and share of capitals and digits; NaN where missing."""
        found = np.full((3, len(cells.texts)), np.nan)
        for place, text in enumerate(cells.texts):
            loud = len(_LOUD.findall(text)) if text.isascii() else sum(c.isupper() or c.isdigit() for c in text)
            found[:, place] = len(text), len(text.split()), loud / len(text)
        return [cells.spread(row, np.nan) for row in found]


View = Plain | Flag | Filled | Place | Clock | Span | Levels | Rest | Moments | Words
