"""Numbers and spans of time as people write them: separators, currencies, units, ranges, bounds.

Each distinct text of a column is read once. What a column's texts have in common (decimal comma, units) is found at fit
and kept in a `NumberFormat`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.parsing.cells import MISSING, Cells
from automl.parsing.constants import MAX_LOST_NUMBERS, MAX_TIGHT_RANGES, MAX_UNITS
from automl.parsing.units import UNITS, unit_name

Floats = NDArray[np.float64]
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: place for place, name in enumerate(_MONTHS, 1)}

_SPACES = "\u00a0\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_TIDY = (  # wide signs and digits are at a fixed distance from the usual ones
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys(map(ord, _SPACES), " ")
    | dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2060\ufeff"))
    | str.maketrans("−–—‑’‘ʼ´`٫٬￥", "----'''''.,¥")
)
CURRENCY = (
    r"US\$|R\$|A\$|C\$|[$€£¥₹₽₩₺₪฿₫₦]|Rs\.?|USD|EUR|GBP|INR|JPY|CHF|CAD|AUD|CNY|RUB|BRL|MXN|SEK|NOK|DKK|PLN|KRW|ZAR|HKD"
    r"|SGD|NZD"
)
_UNIT = rf"""(?!(?:or|and)\b)[^\W\d_][^\d()<>=~+,;:|?!@*\[\]{{}}_]{{0,23}}|[%°‰"'][A-Za-z]?|{CURRENCY}"""
_LESS = r"<|less than|fewer than|under|below|lt[- ]"
_MORE = r">|more than|greater than|over|above|gt[- ]"
_NEAR = r"<=|>=|≤|≥|=|~|≈|±|up to|at most|at least|about|around|approximately|approx\.?|circa|ca?\."
_TAIL = r"\+|or more|or over|and over|and above|and more|or less|or fewer|and under"
_ZEROS = {"zero": 0.0, "non-stop": 0.0, "nonstop": 0.0, "non stop": 0.0}
_DAMAGED = re.compile(r"([a-z]{3})-(\d{1,4})|(\d{1,2})-([a-z]{3})", re.IGNORECASE)
_TIGHT = re.compile(r"\d+-\d+")
_FRACTION = re.compile(r"([-+])?(?:(\d+) )?(\d{1,2})/(2|3|4|5|6|8|10|16|32|64)")


@cache
def _patterns(point: str) -> tuple[re.Pattern[str], ...]:
    """Patterns of one number, a range, an interval and bounds, for one decimal sign."""
    mark, group = re.escape(point), "," if point == "." else r"\."
    whole = rf"\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}(?!\d)|\d{{1,3}}(?:[ ']\d{{3}})+(?!\d)|\d+"
    number = rf"(?:(?:{whole})(?:{mark}\d*)?|{mark}\d+)(?:[eE][-+]?\d{{1,3}})?"
    money = rf"(?:{CURRENCY})"
    one = (
        rf"(?P<open>\()?(?:(?P<near>{_NEAR})|(?P<less>{_LESS})|(?P<more>{_MORE}))?\s*(?P<sign>[-+])?\s*(?P<cur>{money})?"
        rf"\s*(?P<sign2>[-+])?(?P<a>{number})(?:st|nd|rd|th)?(?P<gap>\s*)(?P<unit>{_UNIT})?\s*(?:{_TAIL})?(?P<back>-)?(?P<close>\))?"
    )
    span = (
        rf"(?:between\s+)?(?P<cur>{money})?\s*(?P<a>-?{number})(?P<gap>\s*)(?P<unit>{_UNIT})??\s*(?P<dash>-|to|\.\.+|and|~)\s*"
        rf"{money}?\s*(?P<b>-?{number})(?P<gap2>\s*)(?P<unit2>{_UNIT})?"
    )
    interval = rf"[(\[]\s*(?P<a>[-+]?{number}|-inf)\s*[,;]\s*(?P<b>[-+]?{number}|inf)\s*[)\]]"
    bounds = rf"(?P<a>[-+]?{number})\s*<=?\s*[A-Za-z]\w*\s*<=?\s*(?P<b>[-+]?{number})"
    return tuple(re.compile(one_of, re.IGNORECASE) for one_of in (one, span, interval, bounds))


def parse_number(text: str, point: str = ".") -> tuple[float, str] | None:
    """A number and its unit ("" without one), or None.

    Ranges are their middle. "<5" is half of 5 and ">20" is 21 (">0.5" a tenth more): beyond the bound, so that levels
    such as "<1", "1", "2", ">2" keep their order. "(1,200)" and "1200-" are negative.
    """
    if not text.isascii():
        text = text.translate(_TIDY)
    if text.lower() in _ZEROS:
        return _ZEROS[text.lower()], ""
    one, span, interval, bounds = _patterns(point)
    if found := one.fullmatch(text):
        return _single(found, point)
    if found := _FRACTION.fullmatch(text):
        value = float(found[2] or 0) + int(found[3]) / int(found[4])
        return (-value if found[1] == "-" else value), ""
    if found := span.fullmatch(text) or interval.fullmatch(text) or bounds.fullmatch(text):
        low, high = _float(found["a"], point), _float(found["b"], point)
        if not low <= high:
            return None
        middle = low if np.isinf(high) else high if np.isinf(low) else (low + high) / 2
        groups = found.groupdict()
        unit = groups.get("unit2") or groups.get("unit") or groups.get("cur") or ""
        return middle, unit_name(unit, not groups.get("gap2"))
    return None


def _single(found: re.Match[str], point: str) -> tuple[float, str] | None:
    unit = found["unit"] or ""
    if bool(found["open"]) != bool(found["close"]) or len(unit.split()) > 3 or unit[:3].lower() in MONTHS:
        return None
    value = _float(found["a"], point)
    if "-" in (found["sign"], found["sign2"], found["back"]) or found["open"]:
        value = -value
    if found["less"]:
        value = value / 2 if value > 0 else value - 1
    elif found["more"]:
        value = value + 1 if value.is_integer() else value + abs(value) / 10
    return value, unit_name(unit or found["cur"] or "", not found["gap"])


def _float(text: str, point: str) -> float:
    plain = text.replace(" ", "").replace("'", "").replace("," if point == "." else ".", "").replace(point, ".")
    return float(plain)


def _repaired(text: str) -> tuple[float, str] | None:
    """A range that a spreadsheet took for a date: Oct-49 was 10-49, and 4-Jan was 1-4 (or 4-Sep 4-9)."""
    found = _DAMAGED.fullmatch(text)
    month = MONTHS.get((found[1] or found[4]).lower()) if found else None
    if found is None or month is None:
        return None
    other = int(found[2] or found[3])
    return (month + other) / 2, ""


# ---- columns of numbers


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Attributes
    ----------
    point : {".", ","}
        Decimal sign.
    factors : tuple of (str, float)
        What a number of each unit that was met is multiplied by; a number of another unit is missing.
    repair : bool
        Whether ranges that became dates are read as ranges.
    low, high : float
        The smallest and the largest number that was met.
    """

    point: str = "."
    factors: tuple[tuple[str, float], ...] = (("", 1.0),)
    repair: bool = False
    low: float = -np.inf
    high: float = np.inf

    def read(self, texts: NDArray[Any]) -> tuple[Floats, list[str | None]]:
        """Numbers (NaN where there is none) and their units (None where there is none)."""
        values, units = parse_numbers(texts, self.point, self.repair)
        factors = dict(self.factors)
        values = values * np.array([1.0 if unit is None else factors.get(unit, np.nan) for unit in units])
        return np.where(np.isfinite(values), values, np.nan), units


def parse_numbers(texts: NDArray[Any], point: str, repair: bool = False) -> tuple[Floats, list[str | None]]:
    """Numbers and units of distinct texts: what is plainly a number by pandas, the others by `parse_number`."""
    values = np.full(len(texts), np.nan)
    if point == "." and len(texts):
        values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(dtype=np.float64).copy()
    units: list[str | None] = [""] * len(texts)
    for place in np.flatnonzero(np.isnan(values)):
        text = texts[place]
        found = None if text.lower() in MISSING else parse_number(text, point) or (_repaired(text) if repair else None)
        units[place] = None if found is None else found[1]
        if found is not None:
            values[place] = found[0]
    return values, units


@dataclass(frozen=True)
class NumberGuess:
    """What the texts of a column look like when read as numbers.

    Attributes
    ----------
    format : NumberFormat
    share : float
        Of the present cells (words for missing left out), how many are numbers.
    values : ndarray of shape (n_texts,)
    units : list of str or None
        Of each number ("" for none); None where a text is no number.
    mixed : bool
        Whether units of several dimensions are met, so that the unit is a category of its own.
    note : str
    """

    format: NumberFormat
    share: float
    values: Floats
    units: list[str | None]
    mixed: bool
    note: str


def guess_numbers(cells: Cells) -> NumberGuess | None:
    """Find how numbers are written; None where hardly any text is one."""
    texts, counts, known = cells.texts, cells.counts, cells.known
    total = counts[known].sum()
    if not total:
        return None
    point = decimal_sign(texts)
    if len(texts) > 2000:  # texts are sorted: evenly spread ones stand for all
        sample = texts[:: len(texts) // 500]
        if np.isnan(parse_numbers(sample, point)[0]).mean() > MAX_LOST_NUMBERS:
            return None
    values, units = parse_numbers(texts, point)
    damaged = known & np.isnan(values)
    ranges = sum(bool(_TIGHT.fullmatch(text)) for text in texts if "-" in text)
    if ranges > MAX_TIGHT_RANGES:
        return None
    repair = bool(ranges) and any(_repaired(text) for text in texts[damaged])
    if repair:
        values, units = parse_numbers(texts, point, True)
    weights: dict[str, int] = {}
    for unit, count in zip(units, counts, strict=True):
        if unit is not None:
            weights[unit] = weights.get(unit, 0) + int(count)
    if not weights or len(weights) > MAX_UNITS:
        return None
    factors, mixed, note = _conversion(weights)
    if ranges:
        note = ", ".join(filter(None, [note, "ranges are their middle"]))
    if point == ",":
        note = ", ".join(filter(None, [note, "with decimal commas"]))
    share = float(counts[known & ~np.isnan(values)].sum() / total)
    values = values * np.array([factors.get(unit or "", 1.0) for unit in units])
    values = np.where(np.isfinite(values), values, np.nan)
    met = values[~np.isnan(values)]
    ends = (float(met.min()), float(met.max())) if len(met) else ()
    read = NumberFormat(point, tuple(sorted(factors.items())), repair, *ends)
    return NumberGuess(read, share, values, units, mixed, note)


def decimal_sign(texts: Sequence[str] | NDArray[Any]) -> str:
    """Comma or point: what a column's clear cases say; 1,234 alone is a thousand, 0,123 is not."""
    comma = dot = 0
    for text in texts[:: max(1, len(texts) // 5000)]:
        if "," not in text and text.count(".") < 2:
            continue
        comma += bool(
            re.search(
                r"\d\.\d{3},\d|\d\.\d{3}\.\d{3}|(?<![\d.,])0,\d|(?<![\d,.])\d+,(?:\d{1,2}|\d{4,})(?![\d,.])", text
            )
        )
        dot += bool(re.search(r"\d,\d{3}\.|,\d{3},\d{3}|,\d\d,\d{3}", text))
    return "," if comma > dot else "."


def _conversion(weights: dict[str, int]) -> tuple[dict[str, float], bool, str]:
    """Factor of each unit, whether they cannot be converted, and what the user is told."""
    named = sorted((unit for unit in weights if unit), key=lambda unit: (-weights[unit], unit))
    if not named:
        return {"": 1.0}, False, ""
    dimensions = {UNITS[unit].dimension if unit in UNITS else unit for unit in named}
    shown = ", ".join(map(repr, named[:5])) + (", ..." if len(named) > 5 else "")
    if len(dimensions) > 1:
        return (
            dict.fromkeys([*weights, ""], 1.0),
            True,
            f"numbers with the units {shown}; the unit is a category",
        )
    scaled = named[0] in UNITS
    # plain numbers are in the base unit where they are many, else in the unit that is met most
    plain_is_base = not scaled or UNITS[named[0]].dimension == "count" or weights.get("", 0) >= weights[named[0]]
    if not scaled or (len(named) == 1 and not plain_is_base) or ("" not in weights and len(named) == 1):
        return {named[0]: 1.0, "": 1.0}, False, f"numbers with unit {shown}"
    factors = {unit: UNITS[unit].factor for unit in named}
    factors[""] = 1.0 if plain_is_base else factors[named[0]]
    base = UNITS[named[0]].base
    return factors, False, f"numbers with units {shown}" + (f" in {base}" if base else "")
