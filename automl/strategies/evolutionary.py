"""Evolution of hyperparameters: points of the template, crossed and mutated on each parameter's own scale, by DEAP.

Genetic programming (`gp`) breeds the structure, too; here a candidate is a fixed string of coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from automl.space.constants import FAMILY
from automl.space.encoding import Encoding, Point
from automl.space.seed import lent
from automl.space.space import SLOTS, Space
from automl.strategies.constants import (
    EA_CROSS_ETA,
    EA_CROSSED,
    EA_FRESH,
    EA_MUTATE_ETA,
    EA_PARENTS,
    EA_STARTUP,
    EA_STEPS,
    EA_TRIES,
)
from automl.strategies.gp_trees import tournament
from automl.trials.history import History
from automl.trials.trial import Proposal


class Evolutionary:
    """Breeds hyperparameters from the best candidates of the history, of whatever origin; no generations, no state.

    An asynchronous (mu + lambda) evolution strategy: the 20 best complete candidates of the template survive, parents
    are drawn among them by tournaments of 3, children cross by simulated binary crossover (Deb and Agrawal 1995) on the
    places that values have in the unit interval of their distributions, and mutate by polynomial mutation (Deb and
    Goyal 1996), one coordinate of a child on average. Options without order are exchanged, or drawn anew. Parents of
    two families exchange what they have in common.

    Parameters
    ----------
    startup : int
        With fewer complete candidates, the proposal is a random draw.
    """

    name = "evolutionary"

    def __init__(self, startup: int = EA_STARTUP) -> None:
        self.startup = startup
        self._genes: Genes | None = None  # derived from the space alone, so that `ask` stays pure

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose a child that was not tried before; never exhausted."""
        if self._genes is None or self._genes.space is not history.space:
            self._genes = Genes(history.space)
        genes, rng = self._genes, Random(seed)
        complete = [
            (trial.number, point)
            for trial in history.searched()
            if (point := genes.encoding.encode(trial.candidate)) is not None
        ]
        if len(complete) >= max(1, self.startup) and rng.random() >= EA_FRESH:
            parents = [_Parent(*found, -rank) for rank, found in enumerate(complete[:EA_PARENTS])]
            for _ in range(EA_TRIES):
                child, used = _child(parents, genes, rng)
                candidate = genes.encoding.decode(child)
                if not history.seen(candidate.key):
                    return Proposal(candidate, self.name, used)
        return Proposal(history.space.sample(rng), self.name)


@dataclass(frozen=True)
class _Parent:
    number: int
    point: Point
    fitness: int  # what DEAP's tournament compares


def _child(parents: list[_Parent], genes: Genes, rng: Random) -> tuple[Point, tuple[int, ...]]:
    """A child, and the numbers of the trials that it comes from."""
    first = tournament(parents, "fitness", rng)
    child = first.point
    used: tuple[int, ...] = (first.number,)
    if rng.random() < EA_CROSSED:
        second = tournament(parents, "fitness", rng)
        child = genes.crossed(child, second.point, rng)
        used = tuple(dict.fromkeys((first.number, second.number)))
    return genes.mutated(child, rng), used


class Genes:
    """What may change in a point: places in the unit interval, and options without order.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space) -> None:
        self.space, self.encoding = space, Encoding(space)
        parts = [*space.models.values(), *space.steps.values(), space.preprocessor]
        self.domains = {key: param.domain for part in parts for key, param in part.labelled.items()}
        self.steps = {slot: space.slot(slot) for slot in SLOTS}

    def crossed(self, mine: Point, theirs: Point, rng: Random) -> Point:
        """One of the two children of two points; of what only one of them has, mine stays.

        A step that comes from the other one brings its parameters.
        """
        from deap import tools

        shared = [key for key in mine if key in theirs and key != FAMILY]
        numbers = [key for key in shared if self._ordered(key)]
        here, there = [mine[key] for key in numbers], [theirs[key] for key in numbers]
        with lent(rng):
            tools.cxSimulatedBinaryBounded(here, there, EA_CROSS_ETA, 0.0, 1.0)
        child = {**mine, **dict(zip(numbers, here, strict=True))}
        for key in shared:
            if not self._ordered(key) and rng.random() < 0.5:
                child[key] = theirs[key]
                child |= {name: place for name, place in self._step(key, theirs).items() if name not in mine}
        return child

    def mutated(self, point: Point, rng: Random) -> Point:
        """About one coordinate moved, at least one; a step that is new has its defaults."""
        keys = [key for key in point if key != FAMILY]
        chosen = [key for key in keys if rng.random() < 1 / len(keys)] or ([rng.choice(keys)] if keys else [])
        child = dict(point)
        for key in chosen:
            if self._ordered(key):
                child[key] = self._moved(key, point[key], rng)
            elif key in self.steps:
                others = [place for place in range(1 + len(self.steps[key])) if place != point[key]]
                child[key] = rng.choice(others)  # a slot is there only where a step is
            else:
                domain = self.domains[key]
                child[key] = domain.encode(domain.neighbour(domain.decode(point[key]), rng))
        return child

    def _moved(self, key: str, place: float, rng: Random) -> float:
        """Another place, of another value: where there are few, a step is often too short for the next one."""
        from deap import tools

        domain, moved = self.domains[key], [place]
        for _ in range(EA_STEPS):
            with lent(rng):
                tools.mutPolynomialBounded(moved, EA_MUTATE_ETA, 0.0, 1.0, 1.0)
            if domain.decode(moved[0]) != domain.decode(place):
                break
        return moved[0]

    def _ordered(self, key: str) -> bool:
        return key in self.domains and self.domains[key].shares is None

    def _step(self, slot: str, point: Point) -> Point:
        """The coordinates of the step that a point has in a slot; none of anything else."""
        steps = self.steps.get(slot, ())
        if not steps or not point[slot]:
            return {}
        return {key: point[key] for key in steps[int(point[slot]) - 1].labelled if key in point}
