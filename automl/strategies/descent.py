"""Quasi-Newton steps within a box, one evaluation of a loss and its slopes at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl.strategies.constants import (
    DESCENT_FIRST,
    DESCENT_GAIN,
    DESCENT_LEAST,
    DESCENT_MOST,
    DESCENT_REFUSED,
    DESCENT_SMALL,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A point whose loss and slopes are known.

    Attributes
    ----------
    x, slopes : ndarray of shape (n,)
    value : float
        Loss.
    """

    x: Array
    value: float
    slopes: Array


@dataclass
class Descent:
    """Goes down from a place: BFGS steps (Nocedal and Wright 2006, chapter 6), projected onto the box.

    The first step is as long in each coordinate, against its slope, as in Rprop (Riedmiller and Braun 1993): slopes of
    penalties differ by orders of magnitude and say little about how far it is. No step is longer than the last one
    allows; after one that rose, the next is shortened to where a parabola through both places has its minimum.

    Parameters
    ----------
    here : Place
        The best so far.
    low, high : ndarray of shape (n,)
    """

    here: Place
    low: Array
    high: Array
    _inverse: Array | None = field(default=None, init=False)
    _reach: float = field(default=DESCENT_FIRST, init=False)
    _refused: int = field(default=0, init=False)

    def next(self) -> Array | None:
        """Where to look next; None where hardly anything can be gained."""
        x, slopes = self.here.x, self.here.slopes
        stuck = ((x <= self.low) & (slopes > 0)) | ((x >= self.high) & (slopes < 0))
        free = ~stuck & (slopes != 0)
        if not free.any() or self._refused > DESCENT_REFUSED:
            return None
        if self._inverse is None:
            size = np.abs(slopes)
            self._inverse = np.diag(DESCENT_FIRST / np.maximum(size, DESCENT_SMALL * size[free].max()))
        found = self._within(self._inverse, free)
        gain = -float(slopes @ (found - x))
        if np.abs(found - x).max() < DESCENT_LEAST or gain < DESCENT_GAIN * abs(self.here.value):
            return None
        return found

    def _within(self, inverse: Array, free: NDArray[np.bool_]) -> Array:
        """The step's end. Coordinates that it takes to an edge end there, and the others step as if alone.

        Cut off at the edge alone, a step that relies on all coordinates might lead upwards (Bertsekas 1982).
        """
        x, slopes, end = self.here.x, self.here.slopes, self.here.x.copy()
        while free.any():
            step = np.zeros(len(x))
            step[free] = -inverse[np.ix_(free, free)] @ slopes[free]
            step *= min(1.0, self._reach / max(np.abs(step).max(), 1e-300))
            moved = np.clip(x + step, self.low, self.high)
            over = free & (moved != x + step) & (step * slopes < 0)
            end = np.where(over if over.any() else free, moved, end)
            free = free & ~over if over.any() else np.zeros_like(free)
        return end

    def told(self, new: Place) -> None:
        """Learn of the place that was looked at; it is where to go on from if it is better."""
        step, bend = new.x - self.here.x, new.slopes - self.here.slopes
        along, length = float(self.here.slopes @ step), float(np.abs(step).max())
        assert self._inverse is not None
        if (curved := float(step @ bend)) > 0:
            # a slope that turns within the step shows the curvature, one that hardly changes does not show its absence
            left = np.eye(len(step)) - np.outer(step, bend) / curved
            self._inverse = left @ self._inverse @ left.T + np.outer(step, step) / curved
        if new.value < self.here.value:
            self.here, self._refused = new, 0
            self._reach = min(DESCENT_MOST, max(self._reach, 2 * length))
        else:
            after = float(new.slopes @ step)
            share = -along / (after - along) if after > along else 0.5
            self._reach = length * min(max(share, 0.1), 0.5)
            self._refused += 1

    def refused(self, length: float) -> None:
        """Learn that a step of this length led where nothing could be measured."""
        self._reach = length / 4
        self._refused += 1
