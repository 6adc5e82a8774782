"""Validated rows drawn anew, with replacement: what chance makes of a score (Efron 1979, the bootstrap)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.combiners.base import OutOfFold
from automl.ensemble.sample import Sample
from automl.space.seed import derive_seed

Array = NDArray[Any]


class Draws:
    """Draws of a sample's rows, the same ones for a seed; a row that several folds have is drawn for all of them.

    Parameters
    ----------
    sample : Sample
    belong : ndarray of shape (n_rows of the table,), optional
        Rows of one number are drawn together.

    Attributes
    ----------
    units : int
        Rows, or groups of rows that belong together, that are drawn from.
    """

    def __init__(self, sample: Sample, belong: Array | None = None) -> None:
        rows = np.concatenate(sample.places)
        distinct, unit = np.unique(rows if belong is None else belong[rows], return_inverse=True)
        self.units, self._seed = len(distinct), sample.data.seed
        self._unit = np.split(unit, np.cumsum([len(part) for part in sample.places])[:-1])

    def places(self, number: int) -> list[Array]:
        """Places of the rows of a draw within the sample's rows, one array a fold."""
        counts = self._counts(number)
        return [np.repeat(np.arange(len(unit)), counts[unit]) for unit in self._unit]

    def rest(self, number: int) -> list[Array]:
        """Places of the rows that are not drawn."""
        counts = self._counts(number)
        return [np.flatnonzero(counts[unit] == 0) for unit in self._unit]

    def _counts(self, number: int) -> Array:
        """How often each is drawn."""
        rng = np.random.default_rng(derive_seed(self._seed, "draw", number))
        return np.bincount(rng.integers(0, self.units, self.units), minlength=self.units)


def loss(seen: OutOfFold, blend: Sequence[Array]) -> float:
    """Of one blend, given a fold at a time; NaN where rows that the metric needs were not drawn."""
    try:
        return float(seen.losses([fold[None] for fold in blend])[0])
    except Exception:  # whatever a user's metric makes of rows that lack a class, or weights above 0
        return np.nan


def moves(sample: Sample, parts: Sequence[Array], draws: Draws, number: int) -> Array:
    """By how much each draw's loss of these predictions is above that of the sample; shape (number,).

    Parameters
    ----------
    parts : sequence over folds of ndarray
        Predictions of the sample's rows.
    """
    seen = sample.seen([parts], lambda: False, averages=True)
    found = []
    for one in range(number):
        drawn = sample.drawn(seen, draws.places(one), averages=True)
        found.append(loss(drawn, [fold[0] for fold in drawn.predictions]))
    return np.array(found) - loss(seen, [fold[0] for fold in seen.predictions])
