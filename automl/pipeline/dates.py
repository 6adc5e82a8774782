"""Dates as numbers: how long ago, which part of the year, the week and the day."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DAY = 86_400.0
PARTS = ("days", "year", "month", "day", "weekday", "hour", "minute")
CYCLES = tuple(f"{wave} of {part}" for part in ("year", "week", "day") for wave in ("sine", "cosine"))

Array = NDArray[Any]


class DateParts:
    """Turns dates into columns; those that say nothing in the training rows are left out.

    Parameters
    ----------
    cycles : bool
        Whether the day of the year, the weekday and the time of day are given as sine and cosine too, so that the end
        of a cycle is near its start: linear models, neighbours and nets need it, trees do not.
    """

    def __init__(self, cycles: bool) -> None:
        self.cycles = cycles

    def fit_transform(self, seconds: Array) -> Array:
        """Learn which parts vary, and give them.

        Parameters
        ----------
        seconds : ndarray of shape (n_rows, n_dates)
            Seconds since 1970, NaN where missing.
        """
        columns = self._all(seconds)
        low, high = np.fmin.reduce(columns, axis=0), np.fmax.reduce(columns, axis=0)
        self.kept_ = np.flatnonzero(high > low)
        return columns[:, self.kept_]

    def transform(self, seconds: Array) -> Array:
        """The same parts of other rows."""
        return self._all(seconds)[:, self.kept_]

    def names(self, dates: list[str]) -> list[str]:
        """What the parts that are kept are, for people."""
        parts = [*PARTS, *(CYCLES if self.cycles else ())]
        return [[f"{part} of {date}" for date in dates for part in parts][place] for place in self.kept_]

    def _all(self, seconds: Array) -> Array:
        return np.column_stack([part for column in seconds.T for part in self._parts(column)])

    def _parts(self, seconds: Array) -> list[Array]:
        days = np.floor(seconds / DAY)
        lost = np.isnan(days)
        date = np.where(lost, 0, days).astype("datetime64[D]")
        month = date.astype("datetime64[M]")
        year = date.astype("datetime64[Y]")
        day_of_year = (date - year).astype(float)
        weekday = (np.where(lost, 0, days) + 3) % 7  # 1970 began on a Thursday
        time = np.where(lost, 0, seconds - days * DAY)
        parts = [
            seconds / DAY,
            year.astype(float) + 1970,
            (month - year).astype(float) + 1,
            (date - month).astype(float) + 1,
            weekday,
            np.floor(time / 3600),
            np.floor(time / 60) % 60,
        ]
        if self.cycles:
            for place, length in ((day_of_year, 365.25), (weekday, 7.0), (time, DAY)):
                angle = 2 * np.pi * place / length
                parts += [np.sin(angle), np.cos(angle)]
        return [np.where(lost, np.nan, part) for part in parts]
