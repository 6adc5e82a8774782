"""Dates and times of day in texts: how they are written is found at fit, pandas reads them.

A column's formats are frozen; ISO 8601 is read beside them, so that a column of dates may come as texts, dates or
timestamps. Moments are seconds since 1970 in UTC; texts without a zone are taken for UTC.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.parsing.cells import Cells, seconds
from automl.parsing.constants import LEAST_DATES, MAX_FORMATS, SAMPLE_TEXTS

Floats = NDArray[np.float64]
YEAR = "2000"  # of dates that say none: a leap year

_TIME = re.compile(
    r"(?<!\d)(?P<h>\d{1,2}):(?P<m>[0-5]\d)(?P<s>:[0-5]\d)?(?P<f>[.,]\d{1,9})?(?P<p>\s?[AaPp]\.?[Mm]\.?)?(?P<z>\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
_COMPACT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?P<gap>[T _-]?)(?:[01]\d|2[0-3])[0-5]\d(?P<s>[0-5]\d)?"
    r"(?P<z>Z|[+-]\d\d:?\d\d)?"
)
_DOTTED = re.compile(
    r"(?P<date>.*\d)(?P<gap>[T_-]|,?\s+)(?:[01]?\d|2[0-3])\.[0-5]\d(?:(?P<s>\.[0-5]\d)(?P<f>\.\d{1,9})?)?"
)
_EXIF = re.compile(r"\d{4}:\d\d:\d\d ")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)"
_LONG = r"(?:january|february|march|april|june|july|august|september|october|november|december)"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY = r"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_NUMERIC = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?=$|[ T,])")
_WORDS = re.compile(
    rf"(?P<A>{_LONG_DAY})|(?P<a>{_DAY})|(?P<B>{_LONG})|(?P<b>{_MONTH})|(?P<Y>(?<!\d)\d{{4}}(?!\d))|(?P<d>(?<!\d)\d{{1,2}}(?!\d))",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b|(?<=\bsep)t\b", re.IGNORECASE)


@dataclass(frozen=True)
class DateFormat:
    """How the dates of a column are written.

    Attributes
    ----------
    formats : tuple of str
        As `datetime.strptime` knows them, tried one after the other.
    ordinals : bool
        Whether "1st" and "Sept" are met.
    unix : float
        What a plain number is divided by to be seconds since 1970; 0 where numbers are none.
    """

    formats: tuple[str, ...] = ()
    ordinals: bool = False
    unix: float = 0.0

    def read(self, texts: NDArray[Any]) -> Floats:
        """Seconds since 1970, NaN where a text is no date."""
        found = np.full(len(texts), np.nan)
        plain = pd.Series(texts, dtype=object)
        if self.unix:
            found = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64) / self.unix
            found[~(np.abs(found) < 1e11)] = np.nan
        if self.ordinals:
            plain = plain.map(lambda text: _ORDINAL.sub("", text))
        for one in (*self.formats, "ISO8601"):
            left = np.flatnonzero(np.isnan(found))
            if one == "ISO8601":  # pandas takes 2019 and 201 for years too
                left = left[[bool(_ISO.match(texts[place])) for place in left]] if len(left) else left
            if len(left):
                found[left] = _read(plain.iloc[left], one)
        return found


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ])")


def _read(texts: pd.Series[Any], one: str) -> Floats:
    if "%G" in one and "%u" not in one:  # Monday of the week
        texts, one = texts + " 1", one + " %u"
    elif "%Y" not in one and "%G" not in one and "%y" not in one and one != "ISO8601":
        texts, one = texts + " " + YEAR, one + " %Y"
    try:
        return seconds(pd.DatetimeIndex(pd.to_datetime(texts, format=one, errors="coerce", utc=True)))
    except (ValueError, OverflowError, TypeError):  # beyond the years that pandas knows
        return np.full(len(texts), np.nan)


@dataclass(frozen=True)
class DateGuess:
    """Dates found in texts.

    Attributes
    ----------
    format : DateFormat
    values : ndarray of shape (n_texts,)
        Seconds since 1970.
    share : float
        Of the present cells, how many are dates.
    note : str
    guessed : bool
        Whether nothing said if day or month comes first.
    """

    format: DateFormat
    values: Floats
    share: float
    note: str
    guessed: bool


def guess_dates(cells: Cells) -> DateGuess | None:
    """Find how dates are written; None where hardly any text is one."""
    texts, counts, known = cells.texts, cells.counts, cells.known
    if not known.any():
        return None
    step = max(1, int(known.sum()) // SAMPLE_TEXTS)
    sample = texts[known][::step]
    shapes = Counter(shape for text in sample if (shape := date_shape(text)))
    if sum(shapes.values()) < LEAST_DATES * len(sample):
        return None
    day_first, guessed = True, False
    if any("{" in shape for shape in shapes):
        day_first, guessed = _day_first(texts[known])
    names = {"d": "%d", "m": "%m"} if day_first else {"d": "%m", "m": "%d"}
    formats = [
        shape.replace("{d}", names["d"]).replace("{m}", names["m"]) for shape, _ in shapes.most_common(MAX_FORMATS)
    ]
    if any("%b" in one for one in formats):  # May is both; other months tell
        formats += [one.replace("%b", "%B") for one in formats if "%b" in one]
    ordinals = any(_ORDINAL.search(text) for text in sample)
    read = DateFormat(tuple(dict.fromkeys(formats)), ordinals)
    values = cells.once(read, lambda: read.read(texts))
    good = known & ~np.isnan(values)
    if not good.any():
        return None
    first = texts[good][int(np.argmax(counts[good]))]
    order = "" if not any("{" in shape for shape in shapes) else ", day first" if day_first else ", month first"
    share = float(counts[good].sum() / counts[known].sum())
    return DateGuess(read, values, share, f"dates such as {first}{order}", guessed)


def date_shape(text: str) -> str | None:
    """The format of one date, with {d} and {m} where day and month may stand either way; None where it is none."""
    text = _ORDINAL.sub("", text)
    if _EXIF.match(text):
        shape = date_shape(f"{text[:4]}-{text[5:7]}-{text[8:]}")
        return shape and shape.replace("%Y-%m-%d", "%Y:%m:%d")
    if found := _COMPACT.fullmatch(text):
        return f"%Y%m%d{found['gap']}%H%M{'%S' if found['s'] else ''}{'%z' if found['z'] else ''}"
    found = _TIME.search(text)
    if found is None:
        dotted = _DOTTED.fullmatch(text)
        date = _date_part(dotted["date"]) if dotted else None
        if dotted and date:
            return f"{date}{dotted['gap']}%H.%M{'.%S' if dotted['s'] else ''}{'.%f' if dotted['f'] else ''}"
        return _date_part(text)
    time = "%I:%M" if found["p"] else "%H:%M"
    time += (":%S" if found["s"] else "") + (f"{found['f'][0]}%f" if found["f"] else "")
    if found["p"]:
        time += (" " if found["p"][0].isspace() else "") + "%p"
    if found["z"]:
        time += (" " if found["z"][0].isspace() else "") + ("%Z" if found["z"].strip() in ("UTC", "GMT") else "%z")
    before, after = text[: found.start()], text[found.end() :]
    if before:
        gap = re.search(r"(?<=\d)[T:_-]$|,?\s+(?:(?:at|um|à|kl\.?)\s+)?$", before)
        if gap and re.fullmatch(r"\s\d{4}", after):  # Mon Jan  7 04:16:00 2019
            date = _date_part(before[: gap.start()] + after)
            return f"{date[:-3]}{gap[0]}{time} %Y" if date and date.endswith(" %Y") else None
        date = _date_part(before[: gap.start()]) if gap and not after else None
        return date + gap[0] + time if date and gap else None
    gap = re.match(r",?\s+", after)
    date = _date_part(after[gap.end() :]) if gap else None
    return time + gap[0] + date if date and gap else None


def _date_part(text: str) -> str | None:
    if not 4 <= len(text) <= 30:
        return None
    if re.fullmatch(r"\d{4}年\d{1,2}月\d{1,2}日", text):
        return "%Y年%m月%d日"
    if found := re.fullmatch(r"(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})", text):
        return f"%Y{found[2]}%m{found[2]}%d"
    if found := _NUMERIC.fullmatch(text):
        year = "%Y" if len(found[4]) == 4 else "%y"
        return f"{{d}}{found[2]}{{m}}{found[2]}{year}"
    if re.fullmatch(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", text):
        return "%Y%m%d"
    if found := re.fullmatch(r"(?:19|20)\d\d-?W(?:[0-4]\d|5[0-3])(-?[1-7])?", text):
        return f"%G{'-' if '-W' in text else ''}W%V{'' if not found[1] else '-%u' if found[1][0] == '-' else '%u'}"
    if found := re.fullmatch(r"(?:19|20)\d\d([-/])(?:0[1-9]|1[0-2])", text):
        return f"%Y{found[1]}%m"
    return _worded(text)


def _worded(text: str) -> str | None:
    """Dates with the name of a month: 24 Mar 2019, March 24, 2019, Mar-19, Sunday, 24 March 2019."""
    parts: list[str] = []
    shape, place = "", 0
    for found in _WORDS.finditer(text):
        gap = text[place : found.start()]
        if not re.fullmatch(r"[-/ ,.']{0,2}", gap):
            return None
        kind = str(found.lastgroup)
        parts.append(kind)
        shape += gap + f"%{kind}"
        place = found.end()
    core = [part.lower() for part in parts if part not in "aA"]
    if place != len(text):
        return None
    if core == ["d", "b", "d"]:  # 24-Mar-19
        return shape[: shape.rindex("%d")] + "%y"
    if core == ["b", "d"] and not re.search(r"%[bB][ .]", shape):  # Mar-19 and Mar '19 are years
        return shape.replace("%d", "%y")
    if core in (["d", "b", "y"], ["b", "d", "y"], ["y", "b", "d"], ["d", "b"], ["b", "d"], ["b", "y"], ["y", "b"]):
        return shape
    return None


def _day_first(texts: NDArray[Any]) -> tuple[bool, bool]:
    """Whether the day comes first, and whether that is a guess: a value above 12 decides."""
    found = (
        pd.Series(texts, dtype=object).str.extract(r"(?<!\d)(\d{1,2})([-/. ])(\d{1,2})\2(?:\d{4}|\d{2})(?!\d)").dropna()
    )
    first, second = found[0].astype(int), found[2].astype(int)
    days, months = int((first > 12).sum()), int((second > 12).sum())
    if days or months:
        return days > months, False
    return bool((found[1] == ".").mean() > 0.5), True  # 1.2.2019 is German; 1/2/2019 is taken for American


# ---- times of day


def read_times(texts: NDArray[Any]) -> Floats:
    """Minutes since midnight of texts that hold a time (a date may stand beside it), NaN for others."""
    parts = pd.Series(texts, dtype=object).str.extract(
        r"(?i)^(?:.*[T\s])?(\d{1,2}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?(?:\s?([ap])\.?m\.?)?(?:\s.*)?$"
    )
    hour, minute, second = (pd.to_numeric(parts[place]).to_numpy(dtype=np.float64) for place in range(3))
    half = parts[3].str.lower().to_numpy(dtype=object)
    hour = np.where(half == "p", hour % 12 + 12, np.where(half == "a", hour % 12, hour))
    found = hour * 60 + minute + np.nan_to_num(second) / 60
    return np.where(hour < 24, found, np.nan)


_PLAIN_TIME = re.compile(r"\d{1,2}:[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)


def are_times(cells: Cells) -> NDArray[np.bool_]:
    """Whether each distinct text is a time of day and nothing else."""
    sample = cells.texts[:: max(1, len(cells.texts) // SAMPLE_TEXTS)]
    if not any(_PLAIN_TIME.fullmatch(text) for text in sample):
        return np.zeros(len(cells.texts), dtype=bool)
    found = (bool(_PLAIN_TIME.fullmatch(text)) and int(text.split(":")[0]) < 24 for text in cells.texts)
    return np.fromiter(found, dtype=bool, count=len(cells.texts))
