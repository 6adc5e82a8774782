"""Gradient search: steps down the slopes of the validation loss by hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import numpy as np

from automl.errors import ArgumentError
from automl.space.candidate import Candidate, Node
from automl.space.component import Component, Param
from automl.space.domain import Float
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies.constants import GRADIENT_RIVALS, GRADIENT_SPARE, GRADIENT_STARTS, GRADIENT_STEPS
from automl.strategies.descent import Array, Descent, Place
from automl.trials.history import History
from automl.trials.trial import Proposal, Trial

WAITS, ENDED = "waits", "ended"  # what a chain may do beside proposing


class Gradient:
    """Follows the slopes that families tell of themselves (``slopes`` in their TOML files), from several starts.

    One fit gives the slopes of all penalties (Pedregosa, "Hyperparameter optimization with approximate gradient", ICML
    2016; Lorraine, Vicol and Duvenaud, AISTATS 2020), so that many are found in as many fits as one is. The first start
    is a family's default. The others are drawn, most of them with the penalties that the first chain has found; steps,
    how texts are read and whatever else has no slope stay as they are in a chain. A start that three earlier chains
    are ahead of is not followed. The loss that goes down is the family's smooth one (log loss or RMSE), whatever the
    metric. Each chain is followed anew through the history, so no state is kept.

    Parameters
    ----------
    starts : int
        Of each family. When all their chains have ended, the search is exhausted.
    """

    name = "gradient"

    def __init__(self, starts: int = GRADIENT_STARTS) -> None:
        self.starts = starts
        # the best of each chain that has ended, for good: derived from the history alone, so that `ask` stays pure
        self._over: tuple[History | None, dict[tuple[str, int], Candidate]] = None, {}

    def check(self, space: Space) -> None:
        """Refuse a space without slopes.

        Raises
        ------
        ArgumentError
            Saying what is needed.
        """
        if not _sloped(space):
            raise ArgumentError(
                "search: gradient search needs a family with slopes, such as block_ridge or block_logistic, and none "
                f"of these has any: {', '.join(space.models)}; include one, or use another search."
            )

    def ask(self, history: History, seed: int) -> Proposal | None:
        """The next step of the first chain that does not wait for its last one; None when all have ended."""
        if self._over[0] is not history:
            self._over = history, {}
        families, waiting = _sloped(history.space), False
        for number in range(self.starts + GRADIENT_SPARE):
            if number >= self.starts and not waiting:
                break
            for family in families:
                place = family.name, number
                start = _start(history, family, number, self._over[1].get((family.name, 0)))
                if place in self._over[1] or start is None:
                    continue
                chain = _Chain(history, family)
                found = chain.follow(start)
                found = ENDED if self._behind(place, start, history) else found
                if isinstance(found, Candidate):
                    return Proposal(found, self.name, chain.parents)
                waiting = waiting or found == WAITS
                if found == ENDED:
                    self._over[1][place] = history.trials[chain.parents[0]].candidate if chain.parents else start
        return None

    def _behind(self, place: tuple[str, int], start: Candidate, history: History) -> bool:
        """Whether too many earlier chains of the family lead to something better than a start's first fit."""
        if not history.seen(start.key) or len(self._over[1]) < GRADIENT_RIVALS:
            return False
        order = {trial.candidate.key: number for number, trial in enumerate(history.searched())}
        ends = {end.key for (name, number), end in self._over[1].items() if name == place[0] and number < place[1]}
        here = order.get(start.key, -1)  # of what is not ranked yet nothing is said
        return sum(order.get(key, here) < here for key in ends) >= GRADIENT_RIVALS


def _sloped(space: Space) -> list[Component]:
    return [model for model in space.models.values() if _by_slopes(model)]


def _by_slopes(model: Component) -> dict[str, Param]:
    """The parameters with slopes that the task has left."""
    return {param.name: param for param in model.params if param.name in model.estimator.slopes}


def _start(history: History, family: Component, number: int, best: Candidate | None) -> Candidate | None:
    """The default, then draws; None where the first chain's best has to be known first.

    Three of the whole template, with the penalties of that best, and one straight on the input, with drawn penalties.
    """
    space = history.space
    if number == 0:
        return space.default(family.name)
    drawn = space.sample(Random(derive_seed(history.seed, "gradient", family.name, number)), [family.name])
    if number % 4 == 0:
        return Candidate(replace(drawn.root, inputs=(space.default_leaf,)))
    if best is None:
        return None
    found, sloped = dict(best.root.params), _by_slopes(family)
    values = tuple((name, found[name] if name in sloped else value) for name, value in drawn.root.params)
    return Candidate(replace(drawn.root, params=values))


class _Chain:
    """One descent, as far as the history goes.

    Attributes
    ----------
    parents : tuple of int
        The trial that the last step goes on from.
    """

    def __init__(self, history: History, family: Component) -> None:
        self.history, self.params = history, _by_slopes(family)
        domains = [param.domain for param in self.params.values()]
        ends = [(domain.low, domain.high) for domain in domains if isinstance(domain, Float)]
        self.low, self.high = np.log(np.array(ends)).T
        self.parents: tuple[int, ...] = ()

    def follow(self, start: Candidate) -> Candidate | str:
        """What was not tried yet, whether a step is awaited, or that the chain has ended."""
        if not self.history.seen(start.key):
            return start
        if self._awaited(start):
            return WAITS
        first = self._measured(start)
        if first is None:
            return ENDED
        descent, rung, self.parents = Descent(self._place(first), self.low, self.high), first.rung, (first.number,)
        for _ in range(GRADIENT_STEPS):
            if (x := descent.next()) is None:
                return ENDED
            candidate = self._at(start, x)
            if not self.history.seen(candidate.key):
                return candidate
            if self._awaited(candidate):
                return WAITS
            before, trial = descent.here, self._measured(candidate)
            if trial is None or trial.rung != rung:
                descent.refused(float(np.abs(x - before.x).max()))
                continue
            descent.told(self._place(trial))
            self.parents = (trial.number,) if descent.here is not before else self.parents
        return ENDED

    def _awaited(self, candidate: Candidate) -> bool:
        trials = self.history.of(candidate.key)
        return all(trial.status == "running" for trial in trials)

    def _measured(self, candidate: Candidate) -> Trial | None:
        """The candidate's first trial that told slopes: chains are followed on the rung on which candidates start."""
        trials = self.history.of(candidate.key)
        return next((one for one in trials if one.status == "ok" and one.measures.smooth_loss is not None), None)

    def _place(self, trial: Trial) -> Place:
        values: Mapping[str, object] = dict(trial.candidate.root.params)
        told = trial.measures
        x = np.log(np.array([values[name] for name in self.params], dtype=np.float64))
        slopes = np.array([told.slopes.get(name, 0.0) for name in self.params])
        return Place(x, told.smooth_loss or 0.0, slopes)

    def _at(self, start: Candidate, x: Array) -> Candidate:
        values = dict(start.root.params)
        for name, value in zip(self.params, np.exp(x), strict=True):
            domain = self.params[name].domain
            values[name] = domain.near(float(value)) if isinstance(domain, Float) else value
        return Candidate(Node(start.root.component, tuple(values.items()), start.root.inputs))
