"""Spans of time."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from automl.columns.constants import DAYS_SHARE, NUMBER_SHARE
from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies
from automl.parsing.cells import Cells
from automl.parsing.spans import guess_spans, read_spans

_MINUTE, _DAY = 60.0, 86_400.0


@dataclass(frozen=True)
class Duration(Encoding):
    """Spans of time in a unit.

    Parameters
    ----------
    unit : float
        Its seconds: 60 for minutes, 86,400 for days.
    """

    name = "duration"
    precedence = 50.0
    typed = ("numbers", "spans")
    what = "spans of time"

    unit: float = 1.0

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of a dtype of time differences, or of texts such as 2h 50m."""
        if cells.spans is not None:
            return _of_seconds(name, cells, cells.spans)
        guess = guess_spans(cells) if cells.is_text else None
        return _of_seconds(name, cells, guess.values) if guess and guess.share >= NUMBER_SHARE else None

    def fit(self, name: Hashable, cells: Cells) -> Column:
        """Plain numbers stay as they are."""
        if cells.numbers is not None:
            return Column(name, self.name, (Duration(),), "numbers as they are")
        return _of_seconds(name, cells, Duration().encode(cells))

    def encode(self, cells: Cells) -> Array:
        """Spans in the unit."""
        if cells.spans is not None:
            return cells.spans / self.unit
        if cells.numbers is not None:  # plain numbers are of the unit itself
            return cells.numbers
        return cells.spread(cells.once("spans", lambda: read_spans(cells.texts)[0]) / self.unit, np.nan)


def _of_seconds(name: Hashable, cells: Cells, values: Array) -> Column:
    """In days where half are of two days or more, else in minutes."""
    size = np.abs(values[~np.isnan(values)])
    days = bool(size.size) and float(np.median(size)) >= DAYS_SHARE * _DAY
    note = f"spans of time in {'days' if days else 'minutes'}"
    return if_it_varies(Column(name, Duration.name, (Duration(_DAY if days else _MINUTE),), note), cells)
