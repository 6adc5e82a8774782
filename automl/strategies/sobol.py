"""Sobol search: draws that leave neither gaps nor clusters."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from automl.space.candidate import Candidate
from automl.space.encoding import FAMILY, Encoding
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies.base import Cost, RunContext, no_cost
from automl.strategies.constants import SOBOL_TRIES
from automl.trials.history import History
from automl.trials.trial import Proposal


class SobolSearch:
    """Goes through the families in turn, each by a scrambled Sobol sequence of its own.

    Any first so many points of such a sequence fill the space more evenly than independent draws do (Sobol 1967; the
    scrambling is Matousek's of 1998, as in `scipy.stats.qmc.Sobol`; Bergstra and Bengio, JMLR 2012, found it ahead of
    random draws for hyperparameters). Coordinates are places in the unit interval of each declared distribution.

    Parameters
    ----------
    cost : callable, optional
        Predicted seconds of a candidate: points that cannot fit are passed over.
    """

    name = "sobol"

    def __init__(self, cost: Cost = no_cost) -> None:
        self.cost = cost

    def in_run(self, context: RunContext) -> SobolSearch:
        """The same with the costs that the run predicts."""
        return SobolSearch(context.cost)

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose the next point that was not tried; never exhausted."""
        points = _Points(history.space, derive_seed(history.seed, self.name))
        for place in range(history.candidates, history.candidates + SOBOL_TRIES):
            candidate = points[place]
            if not history.seen(candidate.key) and self.cost(candidate) < math.inf:
                break
        return Proposal(candidate, self.name)


class _Points:
    """The candidates in order, those of the families by turns."""

    def __init__(self, space: Space, seed: int) -> None:
        self.encoding, self.seed, self.families = Encoding(space), seed, list(space.models)

    def __getitem__(self, place: int) -> Candidate:
        turn, family = divmod(place, len(self.families))
        labels = self.encoding.labels(self.families[family])
        units = _point(len(labels), turn, derive_seed(self.seed, family))
        return self.encoding.spread({FAMILY: family, **dict(zip(labels, units.tolist(), strict=True))})


@lru_cache(maxsize=64)
def _sequence(dimensions: int, size: int, seed: int) -> NDArray[np.float64]:
    from scipy.stats import qmc

    return qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random(size)


def _point(dimensions: int, place: int, seed: int) -> NDArray[np.float64]:
    """One of a sequence's points; they come by powers of two."""
    size = 1 << max(4, place.bit_length())
    return _sequence(max(1, dimensions), size, seed)[place]
