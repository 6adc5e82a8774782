"""Greedy ensemble selection on out-of-fold predictions."""

from __future__ import annotations

import numpy as np

from automl.ensemble.combiners.base import OutOfFold
from automl.ensemble.constants import STEPS
from automl.errors import ArgumentError


class Greedy:
    """Ensemble selection (Caruana et al. 2004, "Ensemble selection from libraries of models").

    Starts from the best single candidate, adds with replacement the one that lowers the loss most, and keeps the best
    prefix of what was added.

    Parameters
    ----------
    steps : int
        Members to add at most, repeats included.
    """

    name = "greedy"

    def __init__(self, steps: int = STEPS) -> None:
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ArgumentError(f"ensemble: steps of greedy must be a whole number of at least 1; got {steps!r}.")
        self.steps = steps

    @np.errstate(invalid="ignore")  # numbers too large for the 32 bits of kept predictions are infinite
    def fit(self, seen: OutOfFold) -> dict[int, float]:
        """Place of each chosen candidate and its weight; the weights sum to 1."""
        if not seen.predictions or not len(seen.predictions[0]):
            return {}
        chosen: list[int] = []
        total = [np.zeros_like(fold[0], dtype=np.float64) for fold in seen.predictions]
        best_loss, best_size = np.inf, 1
        while len(chosen) < self.steps and not (chosen and seen.out_of_time()):
            blends = [(sums + fold) / (len(chosen) + 1) for sums, fold in zip(total, seen.predictions, strict=True)]
            values = seen.losses(blends)
            place = int(np.argmin(np.where(np.isfinite(values), values, np.inf)))
            chosen.append(place)
            total = [sums + fold[place] for sums, fold in zip(total, seen.predictions, strict=True)]
            if values[place] < best_loss - 1e-12:
                best_loss, best_size = float(values[place]), len(chosen)
        kept = chosen[:best_size]
        return {place: kept.count(place) / len(kept) for place in sorted(set(kept))}
