"""Sobol search: draws that leave neither gaps nor clusters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from automl.space.candidate import Candidate
from automl.space.constants import FAMILY
from automl.space.encoding import Encoding
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies.base import Cost, RunContext, no_cost
from automl.strategies.constants import SOBOL_BLOCK, SOBOL_PASSED, SOBOL_TRIES
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
        self._points: _Points | None = None  # derived from the space and the run's seed alone, so that `ask` stays pure

    def in_run(self, context: RunContext) -> SobolSearch:
        """The same with the costs that the run predicts."""
        return SobolSearch(context.cost)

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose the next point that was not tried; never exhausted."""
        if self._points is None or not self._points.are_of(history):
            self._points = _Points(history)
        first = self._points.after(history, self.name)
        for place in range(first, first + SOBOL_TRIES):
            candidate = self._points.at(place)
            if not history.seen(candidate.key) and self.cost(candidate) < math.inf:
                break
        return Proposal(candidate, self.name)


class _Points:
    """The candidates in order, those of the families by turns, made when they are looked at."""

    def __init__(self, history: History) -> None:
        self.space, self.seed = history.space, history.seed
        self.encoding = Encoding(self.space)
        self._families = [_Family(self.space, self.encoding, name, self.seed) for name in self.space.models]
        self._made: list[Candidate] = []
        self._places: dict[str, int] = {}  # by key

    def are_of(self, history: History) -> bool:
        return self.space is history.space and self.seed == history.seed

    def at(self, place: int) -> Candidate:
        while len(self._made) <= place:
            turn, family = divmod(len(self._made), len(self._families))
            candidate = self._families[family].at(turn)
            self._places.setdefault(candidate.key, len(self._made))
            self._made.append(candidate)
        return self._made[place]

    def after(self, history: History, origin: str) -> int:
        """The place behind the last one that was proposed; what was passed over on the way is left."""
        mine = dict.fromkeys(trial.candidate.key for trial in history.latest_from(origin))
        most = SOBOL_TRIES + SOBOL_PASSED * len(mine)  # places that so many proposals may have come to
        while len(self._made) < most and not mine.keys() <= self._places.keys():
            self.at(len(self._made))
        return 1 + max((self._places.get(key, -1) for key in mine), default=-1)


class _Family:
    """The sequence of a family; it comes by blocks, of a power of two."""

    def __init__(self, space: Space, encoding: Encoding, name: str, seed: int) -> None:
        self.encoding, self.place = encoding, list(space.models).index(name)
        self.labels = encoding.labels(name)
        self.seed = derive_seed(seed, "sobol", name)
        self._source: Any = None
        self._units: list[Mapping[str, float]] = []

    def at(self, turn: int) -> Candidate:
        while len(self._units) <= turn:
            self._draw()
        return self.encoding.spread({FAMILY: self.place, **self._units[turn]})

    def _draw(self) -> None:
        if self._source is None:
            from scipy.stats import qmc

            self._source = qmc.Sobol(max(1, len(self.labels)), seed=self.seed)
        for row in self._source.random(SOBOL_BLOCK).tolist():
            self._units.append(dict(zip(self.labels, row, strict=False)))  # a family may have nothing to decide
