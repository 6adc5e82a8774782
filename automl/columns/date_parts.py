"""Dates that lie in parts, a year, a month, a day and an hour in columns of their own, read as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import IMPOSSIBLE_SHARE
from automl.parsing.cells import Cells
from automl.parsing.parse import MONTHS
from automl.wording import counted, listed

Floats = NDArray[np.float64]

LEAP_YEAR = 2000.0  # stands for a year that is not told, so that 29 February is a date
MAX_TEXTS = 10_000  # distinct texts that are read as numbers of a part
UNIT = {"day": 86_400.0, "hour": 3_600.0, "minute": 60.0}

# part: what a column's name must say, and the whole numbers that it holds
PARTS: dict[str, tuple[str, float, float]] = {
    "year": ("year|yr|yyyy", 1000, 2999),
    "month": ("month of year|month|mnth|mon|mo|mm", 1, 12),
    "day": ("day of month|dayof month|dayofmonth|day of the month|month day|monthday|mday|dom|day|dd", 1, 31),
    "hour": ("hour of day|hour of the day|hour|hr|hh", 0, 23),
    "minute": ("minute of hour|minute|min|mins|mi", 0, 59),
}
_NAMED = {part: re.compile(rf"(?:(.*) )?(?:{names})|(?:{names}) (.*)") for part, (names, _, _) in PARTS.items()}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True)
class DateInParts:
    """One date in several columns.

    Attributes
    ----------
    columns : tuple of (str, hashable)
        Part and name of the column, the longest part first.
    """

    columns: tuple[tuple[str, Hashable], ...]

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""
        return [name for _, name in self.columns]

    def dates(self, cells: Mapping[Hashable, Cells]) -> Floats:
        """Seconds since 1970; NaN where a part is missing, or together they are no date."""
        return _seconds(self.values(cells))

    def values(self, cells: Mapping[Hashable, Cells]) -> dict[str, Floats]:
        """The numbers of each part; NaN where it is missing."""
        return {part: _values(part, cells[name]) for part, name in self.columns}


def find_dates(
    cells: Mapping[Hashable, Cells], apart: Collection[Hashable], known: Sequence[Floats]
) -> tuple[list[DateInParts], list[str]]:
    """Columns whose names and values say that they are parts of one date.

    At least two parts next to one another are needed, the longest of them the year or the month. Columns belong
    together where the rest of their names is the same (``arrival_date_year``, ``arrival_date_month``).

    Parameters
    ----------
    cells : mapping of name to Cells
        Of all columns that may be parts.
    apart : collection of hashable
        Columns of which the user has said what they are.
    known : sequence of ndarray
        Dates that the table has in one column, in seconds: parts of these tell nothing new.

    Returns
    -------
    list of DateInParts
    list of str
        What the user should know of them.
    """
    named: dict[str, dict[str, Hashable]] = {}
    for name in cells:
        part, rest = _part_of(name) if isinstance(name, str) else ("", "")
        if part:
            named.setdefault(rest, {}).setdefault(part, name)
    found: list[DateInParts] = []
    notes: list[str] = []
    for columns in named.values():
        likely = _chain(columns)  # by names alone: to read the cells takes time
        if len(likely) < 2:
            continue
        chain = _chain({part: name for part, name in likely if _holds(part, cells[name])})
        if len(chain) < 2 or not {name for _, name in chain}.isdisjoint(apart):
            continue
        one = DateInParts(tuple(chain))
        values = one.values(cells)
        seconds, whole = _seconds(values), np.isfinite([*values.values()]).all(axis=0)
        lost = int((whole & np.isnan(seconds)).sum())
        text = listed([str(name) for name in one.names])
        if lost > IMPOSSIBLE_SHARE * max(1, whole.sum()):
            why = f"in {counted(lost, 'row')} they make none (such as 31 February)"
            notes.append(f"Columns {text} are not read as one date: {why}.")
        elif whole.any() and not any(_same(seconds, date, chain[-1][0]) for date in known):
            found.append(one)
            apart_by = "a kind in column_types for one of them keeps them apart"
            notes.append(f"Columns {text} are read as one date, too ({apart_by}).")
    return found, notes


def _part_of(name: str) -> tuple[str, str]:
    """Which part a column's name says that it is, and the rest of the name; nothing where it says none."""
    words = " ".join(_WORD.findall(name)).lower()
    for part in ("minute", "hour", "day", "month", "year"):
        if match := _NAMED[part].fullmatch(words):
            rest = match[1] or match[2] or ""
            if not re.search(r"\b(week|of|since|per|number|num|no|count)\b", rest):
                return part, rest
    return "", ""


def _holds(part: str, cells: Cells) -> bool:
    """Whether a column holds this part's numbers, and more than one of them."""
    if cells.moments is not None or cells.spans is not None:
        return False
    values = _values(part, cells)
    present = values[~np.isnan(values)]
    lost = len(present) < np.count_nonzero(cells.rows_known)
    return not lost and len(present) > 0 and bool((present != present[0]).any())


def _chain(columns: dict[str, Hashable]) -> list[tuple[str, Hashable]]:
    """The parts from the year, or else the month, down to the first that is lacking."""
    order = list(PARTS)
    start = next((part for part in ("year", "month") if part in columns), None)
    if start is None:
        return []
    chain: list[tuple[str, Hashable]] = []
    for part in order[order.index(start) :]:
        if part not in columns:
            break
        chain.append((part, columns[part]))
    return chain


def _values(part: str, cells: Cells) -> Floats:
    """The numbers of a part; NaN where a cell holds none."""
    if cells.numbers is None:
        if len(cells.texts) > MAX_TEXTS:  # no part of a date is written in so many ways
            return np.full(cells.rows, np.nan)
        return cells.spread(_whole(part, np.array([_number(part, text) for text in cells.texts])), np.nan)
    return _whole(part, cells.numbers)


def _whole(part: str, values: Floats) -> Floats:
    _, low, high = PARTS[part]
    return np.where((values >= low) & (values <= high) & (values == np.floor(values)), values, np.nan)


def _number(part: str, text: str) -> float:
    if part == "month" and text.isalpha():
        return float(MONTHS.get(text[:3].lower(), np.nan))
    try:
        return float(text)
    except ValueError:
        return np.nan


def _seconds(parts: dict[str, Floats]) -> Floats:
    lost = np.isnan(np.array(list(parts.values()))).any(axis=0)
    rows = len(lost)
    year, month, day = (
        np.where(lost, default, parts.get(part, np.full(rows, default)))
        for part, default in (("year", LEAP_YEAR), ("month", 1.0), ("day", 1.0))
    )
    months = (12 * (year - 1970) + month - 1).astype(np.int64).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1).astype(np.int64)
    lost |= dates.astype("datetime64[M]") != months  # 31 February would be 2 March
    seconds = dates.astype("datetime64[s]").astype(np.float64)
    for part in ("hour", "minute"):
        if part in parts:
            seconds = seconds + UNIT[part] * np.where(lost, 0.0, parts[part])
    return np.where(lost, np.nan, seconds)


def _same(seconds: Floats, date: Floats, last: str) -> bool:
    """Whether a date in one column tells all that the parts do."""
    unit = UNIT.get(last, UNIT["day"])
    both = ~np.isnan(seconds) & ~np.isnan(date)
    if not both.any():
        return False
    whole = date[both].astype("datetime64[s]")
    if last in ("year", "month"):
        whole = whole.astype(f"datetime64[{last[0].upper()}]").astype("datetime64[s]")
        return bool((whole.astype(np.float64) == seconds[both]).mean() > 0.95)
    return bool((np.floor(date[both] / unit) == np.floor(seconds[both] / unit)).mean() > 0.95)
