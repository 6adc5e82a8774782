"""Numbers and dates of another table than that of the fit, which may write them in another way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.parsing.cells import MISSING, Cells
from automl.parsing.constants import REREAD_SHARE
from automl.parsing.dates import DateFormat, guess_dates
from automl.parsing.parse import Floats, NumberFormat, decimal_sign, parse_numbers
from automl.parsing.units import UNITS

Read = tuple[Floats, list[str | None]]


def read_dates(known: DateFormat, cells: Cells) -> Floats:
    """Seconds since 1970 of distinct texts; where nearly all are dates of another format without doubt, of that one."""
    found = known.read(cells.texts)
    lost = cells.known & np.isnan(found)
    if known.unix or not lost.any():
        return found
    guess = guess_dates(cells)
    if guess is None or guess.guessed or guess.share < REREAD_SHARE:
        return found
    return np.where(np.isnan(found), guess.values, found)


def numbers_of(cells: Cells, known: NumberFormat) -> Read:
    """`read_numbers` of a column's texts, made once."""
    read: Read = cells.once(known, lambda: read_numbers(known, cells.texts))
    return read


def read_numbers(known: NumberFormat, texts: NDArray[Any]) -> Read:
    """Numbers (NaN where there is none) and their units (None where there is none) of distinct texts.

    Units of a dimension that was met are converted. Where nearly all texts are numbers under the other decimal sign,
    and fewer under the one of the fit, that one is theirs; likewise a unit that all have where the fit had none.
    """
    words = np.array([text.lower() not in MISSING for text in texts], dtype=bool)
    read = _under(known, texts, words)
    group = "," if known.point == "." else "."
    if not words.any() or not (np.isnan(read[0][words]).any() or any(group in text for text in texts[words])):
        return read
    other = _under(replace(known, point=group), texts, words)
    return other if _is_better(other[0][words], read[0][words], known, texts[words]) else read


def _under(known: NumberFormat, texts: NDArray[Any], words: NDArray[np.bool_]) -> Read:
    values, units = parse_numbers(texts, known.point, known.repair)
    factors = dict(known.factors)
    for unit in {unit for unit in units if unit is not None} - factors.keys():
        if (factor := _converted(unit, known)) is not None:
            factors[unit] = factor
    new = {unit for unit in units if unit is not None} - factors.keys()
    if len(new) == 1 and known.factors == NumberFormat.factors:  # prices with a sign of currency now, say
        unit = new.pop()
        share = sum(one == unit for one in units) / max(1, words.sum())
        shares = unit == "%" and known.low >= -1 and known.high <= 1
        factors |= {unit: 0.01 if shares else 1.0} if share >= REREAD_SHARE else {}
    scaled = values * np.array([1.0 if unit is None else factors.get(unit, np.nan) for unit in units])
    return np.where(np.isfinite(scaled), scaled, np.nan), units


def _converted(unit: str, known: NumberFormat) -> float | None:
    """What makes a number of a new unit one of the fit's; None where it cannot be converted."""
    if unit not in UNITS:
        return None
    if known.factors == NumberFormat.factors:
        return UNITS[unit].factor if UNITS[unit].dimension == "count" else None
    met = [(factor, UNITS.get(name)) for name, factor in known.factors if name]
    ratios = {factor / one.factor for factor, one in met if one and one.dimension == UNITS[unit].dimension}
    if len(ratios) != 1 or not all(one and one.dimension == UNITS[unit].dimension for _, one in met):
        return None
    return ratios.pop() * UNITS[unit].factor


def _is_better(other: Floats, first: Floats, known: NumberFormat, texts: NDArray[Any]) -> bool:
    """Whether texts are numbers of the other decimal sign: more are read, or those that both read say so.

    12,345 may be both: a comma that is clearly decimal elsewhere decides, or that only one makes numbers as in the fit.
    """
    lost, left = int(np.isnan(first).sum()), int(np.isnan(other).sum())
    if left > (1 - REREAD_SHARE) * len(texts) or left > lost:
        return False
    if left < lost:
        return True
    both = ~np.isnan(first) & ~np.isnan(other) & (first != other)
    if not both.any():
        return False
    if known.point == "." and decimal_sign(texts) == ",":
        return True
    if known.point == "," and any(re.search(r"\d,\d{3}\.|,\d{3},\d{3}", text) for text in texts):
        return True
    inside, outside = ((values[both] >= known.low) & (values[both] <= known.high) for values in (other, first))
    return bool(inside.all() and not outside.any())
