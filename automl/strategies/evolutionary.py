"""Evolution of hyperparameters: points of the template, crossed and mutated on each parameter's own scale, by DEAP.

Genetic programming (`gp`) breeds the structure, too; here a candidate is a fixed string of coordinates.
"""

from __future__ import annotations

from random import Random

from automl.space.domain import Choice
from automl.space.encoding import FAMILY, Encoding, Point
from automl.space.space import SLOTS, Space
from automl.strategies.constants import (
    EA_CROSS_ETA,
    EA_CROSSED,
    EA_FRESH,
    EA_MUTATE_ETA,
    EA_PARENTS,
    EA_STARTUP,
    EA_TRIES,
)
from automl.strategies.gp_trees import lent, tournament
from automl.strategies.likeness import near_any
from automl.trials.history import History
from automl.trials.trial import Proposal


class Evolutionary:
    """Breeds hyperparameters from the best candidates of the history, of whatever origin; no generations, no state.

    An asynchronous (mu + lambda) evolution strategy: the 20 best complete candidates of the template survive, parents
    are drawn among them by tournaments of 3, children cross by simulated binary crossover (Deb and Agrawal 1995) on the
    places that values have in the unit interval of their distributions, and mutate by polynomial mutation (Deb and Goyal
    1996), one coordinate of a child on average. Options without order are exchanged, or drawn anew. Parents of two
    families exchange what they have in common. A child is no near copy of what is running.

    Parameters
    ----------
    startup : int
        With fewer complete candidates, the proposal is a random draw.
    """

    name = "evolutionary"

    def __init__(self, startup: int = EA_STARTUP) -> None:
        self.startup = startup
        self._encoding: Encoding | None = None  # derived from the space alone, so that `ask` stays pure

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose a child that was not tried before; never exhausted."""
        if self._encoding is None or self._encoding.space is not history.space:
            self._encoding = Encoding(history.space)
        rng = Random(seed)
        parents = self._survivors(history, self._encoding)
        running = [trial.candidate for trial in history.running()]
        for _ in range(EA_TRIES if len(parents) >= self.startup else 0):
            if rng.random() < EA_FRESH:
                break
            child, used = self._child(parents, self._encoding, rng)
            candidate = self._encoding.decode(child)
            if not history.seen(candidate.key) and not near_any(candidate, running, history.space):
                return Proposal(candidate, self.name, used)
        return Proposal(history.space.sample(rng), self.name)

    def _survivors(self, history: History, encoding: Encoding) -> list[_Parent]:
        found: list[_Parent] = []
        for trial in history.searched():
            if (point := encoding.encode(trial.candidate)) is not None:
                found.append(_Parent(trial.number, point, -len(found)))
            if len(found) == EA_PARENTS:
                break
        return found

    def _child(self, parents: list[_Parent], encoding: Encoding, rng: Random) -> tuple[Point, tuple[int, ...]]:
        """A child, and the numbers of the trials that it comes from."""
        first = tournament(parents, "fitness", rng)
        child, used = dict(first.point), (first.number,)
        genes = Genes(encoding.space)
        if rng.random() < EA_CROSSED:
            second = tournament(parents, "fitness", rng)
            child = genes.crossed(child, second.point, rng)
            used = tuple(dict.fromkeys((first.number, second.number)))
        return genes.mutated(child, rng), used


class _Parent:
    def __init__(self, number: int, point: Point, fitness: int) -> None:
        self.number, self.point, self.fitness = number, point, fitness


class Genes:
    """What may change in a point: places in the unit interval, and options without order.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space) -> None:
        parts = [*space.models.values(), *space.steps.values(), space.preprocessor]
        self.domains = {key: param.domain for part in parts for key, param in Encoding.params(part).items()}
        self.steps = {slot: 1 + len(space.slot(slot)) for slot in SLOTS}

    def crossed(self, mine: Point, theirs: Point, rng: Random) -> Point:
        """One of the two children of two points; what only one of them has stays where it is."""
        from deap import tools

        shared = [key for key in mine if key in theirs and key != FAMILY]
        numbers = [key for key in shared if self._ordered(key)]
        here, there = [mine[key] for key in numbers], [theirs[key] for key in numbers]
        with lent(rng):
            tools.cxSimulatedBinaryBounded(here, there, EA_CROSS_ETA, 0.0, 1.0)
        child = {**mine, **dict(zip(numbers, here, strict=True))}
        return child | {key: theirs[key] for key in shared if not self._ordered(key) and rng.random() < 0.5}

    def mutated(self, point: Point, rng: Random) -> Point:
        """About one coordinate moved, at least one; a step's parameters are at hand where it comes new."""
        from deap import tools

        keys = [key for key in point if key != FAMILY]
        chosen = [key for key in keys if rng.random() < 1 / len(keys)] or ([rng.choice(keys)] if keys else [])
        child = dict(point)
        for key in chosen:
            if self._ordered(key):
                place = [point[key]]
                with lent(rng):
                    tools.mutPolynomialBounded(place, EA_MUTATE_ETA, 0.0, 1.0, 1.0)
                child[key] = place[0]
            elif key in self.steps:
                child[key] = rng.randrange(self.steps[key])
            else:
                domain = self.domains[key]
                child[key] = domain.encode(domain.neighbour(domain.decode(point[key]), rng))
        return child

    def _ordered(self, key: str) -> bool:
        return key in self.domains and not isinstance(self.domains[key], Choice)
