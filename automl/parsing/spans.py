"""Spans of time in texts: "2h 50m", "1 day 02:00:00", "3 weeks", "PT2H"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.parsing.cells import Cells
from automl.parsing.constants import MAX_LOST_SPANS, SAMPLE_TEXTS

Floats = NDArray[np.float64]

_SECONDS = {
    "year": 31_557_600.0, "yr": 31_557_600.0, "y": 31_557_600.0, "month": 2_629_800.0, "mon": 2_629_800.0,
    "mo": 2_629_800.0, "week": 604_800.0, "wk": 604_800.0, "w": 604_800.0, "day": 86_400.0, "d": 86_400.0,
    "hour": 3_600.0, "hr": 3_600.0, "h": 3_600.0, "minute": 60.0, "min": 60.0, "m": 60.0, "second": 1.0, "sec": 1.0,
    "s": 1.0, "ms": 1e-3,
}  # fmt: skip
_STEP = (
    r"(\d+(?:[.,]\d+)?)\s*(years?|yrs?|y|months?|mons?|mos?|weeks?|wks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s|ms)"
    r"(?![^\W\d_])\.?"
)
_CLOCK = r"([+-])?(\d+):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?"
_ONE = re.compile(_STEP, re.IGNORECASE)
_STEPS = re.compile(rf"(-)?\s*((?:{_STEP}[\s,]*(?:and\s+)?)*)(?:{_CLOCK})?", re.IGNORECASE)
_ISO_SPAN = re.compile(  # pandas puts the sign behind the P
    r"(-)?P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_ISO_SECONDS = (31_557_600.0, 2_629_800.0, 604_800.0, 86_400.0, 3_600.0, 60.0, 1.0)


def parse_span(text: str) -> tuple[float, frozenset[str]] | None:
    """Seconds of "2h 50m", "1 day 02:00:00", "3 weeks" or "PT2H", and its units; None where a text is no span."""
    if text[:2].upper().lstrip("-").startswith("P") and (found := _ISO_SPAN.fullmatch(text)):
        parts = [float(part or 0) for part in found.groups()[1:]]
        if not any(found.groups()[1:]):
            return None
        total = sum(part * size for part, size in zip(parts, _ISO_SECONDS, strict=True))
        return (-total if found[1] else total), frozenset({"iso"})
    found = _STEPS.fullmatch(text)
    if not found or not text.strip("+- "):
        return None
    total, units = 0.0, set()
    for step in _ONE.finditer(found[2]):
        unit = step[2].lower()
        units.add(unit)
        name = unit if unit in _SECONDS else unit.removesuffix("s")
        # 3M beside no hours are months
        size = _SECONDS["month"] if step[2] == "M" and "h" not in text.lower() else _SECONDS[name]
        total += float(step[1].replace(",", ".")) * size
    total = -total if found[1] else total
    if found[6]:
        clock = int(found[6]) * 3600 + int(found[7]) * 60 + float(found[8] or 0)
        total += -clock if found[5] == "-" or (found[1] and not found[5]) else clock
        units.add("clock")
    return (total, frozenset(units)) if units else None


@dataclass(frozen=True)
class SpanGuess:
    """Spans of time found in texts: `values` in seconds, NaN where a text is none."""

    values: Floats
    share: float


def read_spans(texts: NDArray[Any]) -> tuple[Floats, set[str]]:
    """Seconds of each text (NaN where it is no span), and the units that were met."""
    values = np.full(len(texts), np.nan)
    met: set[str] = set()
    for place, text in enumerate(texts):
        if found := parse_span(text):
            values[place] = found[0]
            met |= found[1]
    return values, met


def guess_spans(cells: Cells) -> SpanGuess | None:
    """Find spans of time; None where hardly any text is one, or where they could as well be metres or watts."""
    texts, counts, known = cells.texts, cells.counts, cells.known
    if not known.any():
        return None
    sample = texts[known][:: max(1, int(known.sum()) // SAMPLE_TEXTS)]
    if np.isnan(read_spans(sample)[0]).mean() > MAX_LOST_SPANS:
        return None
    values, met = read_spans(texts)
    cells.once("spans", lambda: values)
    if len(met) == 1 and len(next(iter(met))) == 1:
        return None
    return SpanGuess(values, float(counts[known & ~np.isnan(values)].sum() / counts[known].sum()))
