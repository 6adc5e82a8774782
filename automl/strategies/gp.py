"""Genetic programming: candidates are trees, bred from the best trees of the history.

Koza, "Genetic Programming", MIT Press 1992, strongly typed (Montana 1995), as TPOT and GAMA do for pipelines.
This strategy alone proposes `union` and `stack`. The trees are those of `gp_trees`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from automl.space.candidate import UNION, Node
from automl.space.component import Param
from automl.space.domain import Choice, Value
from automl.strategies.gp_trees import (
    Data,
    Grammar,
    Model,
    Stackable,
    Tree,
    Unused,
    candidate_to_tree,
    shrink,
    tournament,
    tree_to_candidate,
)
from automl.trials.history import History
from automl.trials.trial import Proposal, Trial

ENOUGH = 4  # complete trials below which trees are grown at random
PARENTS = 30
PER_FAMILY = 5  # of the parents: one family must not crowd out the rest
TRIES = 50  # draws for a child that is new and of the space, before a random draw is proposed
FRESH = 0.1  # share of children grown at random, lest the best family of the first trials stays the only one
CROSSED = 0.45  # share of children of two parents
SMALL = 0.15  # standard deviation of a small step, in the unit interval of the parameter


class GP:
    """Breeds a candidate from the best of the history, of whatever origin; no generations, no state.

    Parents are the 30 best distinct candidates, at most 5 a family, chosen by tournaments of 3 on their rank.
    With fewer than 4 complete trials the proposal is a tree grown at random.
    """

    name = "gp"

    def __init__(self) -> None:
        self._grammar: Grammar | None = None  # derived from the space alone, so that `ask` stays pure

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose a child that was not tried before; never exhausted."""
        if self._grammar is None or self._grammar.space is not history.space:
            self._grammar = Grammar(history.space)
        rng = Random(seed)
        seen = {trial.candidate.key for trial in history.trials}
        complete = [trial for trial in history.searched() if trial.candidate in history.space]
        parents = [
            _Parent(trial.number, candidate_to_tree(trial.candidate, self._grammar), -rank)
            for rank, trial in enumerate(_best(complete) if len(complete) >= ENOUGH else [])
        ]
        breed = Breeder(self._grammar, parents, rng)
        for _ in range(TRIES):
            tree, used = breed.child()
            candidate = tree_to_candidate(tree, self._grammar)
            if candidate.key not in seen and candidate in history.space and not _idle(candidate.root):
                return Proposal(candidate, self.name, used)
        return Proposal(history.space.sample(rng), self.name)


def _best(complete: list[Trial]) -> list[Trial]:
    """The parents: the best trials of distinct candidates, a few of each family."""
    found: dict[str, Trial] = {}
    count: dict[str, int] = {}
    for trial in complete:
        family = trial.candidate.family
        if trial.candidate.key not in found and count.get(family, 0) < PER_FAMILY and len(found) < PARENTS:
            found[trial.candidate.key] = trial
            count[family] = count.get(family, 0) + 1
    return list(found.values())


def _idle(root: Node) -> bool:
    """Whether part of a tree does nothing: a union of equal inputs, or a step straight on the same step."""
    for node in root.walk():
        if node.component == UNION and node.inputs[0] == node.inputs[1]:
            return True
        if len(node.inputs) == 1 and node.inputs[0].component == node.component:
            return True
    return False


# ---- operators


@dataclass(frozen=True)
class _Parent:
    number: int
    tree: Tree
    fitness: int  # what DEAP's tournament compares


class Breeder:
    """The operators; each changes the tree that it is given, or leaves it where it does not apply."""

    def __init__(self, grammar: Grammar, parents: list[_Parent], rng: Random) -> None:
        self.grammar = grammar
        self.parents = parents
        self.rng = rng

    def child(self) -> tuple[Tree, tuple[int, ...]]:
        """A child, and the numbers of the trials that it comes from."""
        if not self.parents or self.rng.random() < FRESH:
            return self.grammar.grow(Model, self.rng), ()
        first = self._select()
        tree = type(first.tree)(first.tree)
        if self.rng.random() < CROSSED:
            second = self._select()
            self._cross(tree, second.tree)
            return tree, tuple(dict.fromkeys((first.number, second.number)))
        operators: dict[Callable[[Tree], None], int] = {
            self._tune: 8, self._insert: 2, self._remove: 1, self._replace: 1, self._change_family: 2,
        }  # fmt: skip
        self.rng.choices(list(operators), list(operators.values()))[0](tree)
        return tree, (first.number,)

    def _select(self) -> _Parent:
        return tournament(self.parents, "fitness", self.rng)

    def _cross(self, tree: Tree, other: Tree) -> None:
        """Exchange data for data, or each common parameter with even odds (uniform, Syswerda 1989)."""
        mine, theirs = self._places(tree), self._places(other)
        shared = sorted(mine.keys() & theirs.keys())
        if not shared or self.rng.random() < 0.5:
            here = tree.searchSubtree(self.rng.choice(self._data(tree)))
            tree[here] = other[other.searchSubtree(self.rng.choice(self._data(other)))]
            return
        for label in shared:
            if self.rng.random() < 0.5:
                tree[self.rng.choice(mine[label])] = other[self.rng.choice(theirs[label])]

    def _tune(self, tree: Tree) -> None:
        """Change one parameter or a few."""
        places = [place for found in self._places(tree).values() for place in found]
        count = min(self.rng.choices((1, 2, 3), (5, 3, 2))[0], len(places))
        for place in self.rng.sample(places, count):
            label = tree[place].ret.__name__
            tree[place] = self.grammar.terminal(label, self._near(self.grammar.params[label], tree[place].value))

    def _near(self, param: Param, value: Value) -> Value:
        """Another value: of a choice any, of numbers mostly one a small step away."""
        domain = param.domain
        if isinstance(domain, Choice):
            here = domain.index(value)
            weights = [share * (place != here) for place, share in enumerate(domain.shares)]
            return self.rng.choices(domain.options, weights)[0]
        sigma = SMALL
        moved = value
        while moved == value:
            unit = self.rng.random()
            if self.rng.random() < 0.8:
                unit = min(max(domain.to_unit(value) + self.rng.gauss(0, sigma), 0.0), 1.0)
                sigma *= 1.5  # a narrow range of whole numbers needs a wider step
            moved = domain.from_unit(unit)
        return moved

    def _insert(self, tree: Tree) -> None:
        """Put a step, a union or a stack above some data."""
        here = tree.searchSubtree(self.rng.choice(self._data(tree)))
        primitive = self.grammar.pick(Data, self.rng)
        sides = [place for place, part in enumerate(primitive.args) if part is Data]
        keep = self.rng.choice(sides)
        nodes = [primitive]
        for place, part in enumerate(primitive.args[:2]):
            if place == keep:
                nodes += tree[here]
            elif part in (Data, Stackable):
                nodes += self.grammar.grow(part, self.rng, room=2)
        tree[here] = nodes + self.grammar.drawn(primitive, self.rng)

    def _remove(self, tree: Tree) -> None:
        """Replace a step, union or stack by the data that it takes."""
        shrink(tree, self.rng)

    def _replace(self, tree: Tree) -> None:
        """Put another step in the place of one, on the same data."""
        steps = [place for place in self._data(tree) if tree[place].name in self.grammar.space.steps]
        if steps:
            others = [p for p in self.grammar.returning(Data) if p.name in self.grammar.space.steps]
            self._put(self.rng.choice(others), self.rng.choice(steps), tree)

    def _change_family(self, tree: Tree) -> None:
        """Put another model on the same data."""
        others = [p for p in self.grammar.returning(Model) if p.name != tree[0].name]
        if others:
            self._put(self.rng.choice(others), 0, tree)

    def _put(self, primitive: Any, place: int, tree: Tree) -> None:
        """Replace the component at a place, with parameters at their defaults or drawn; its data stays."""
        values = self.grammar.drawn(primitive, self.rng)
        if self.rng.random() < 0.5:
            labels = [value.ret.__name__ for value in values]
            values = [self.grammar.terminal(label, self.grammar.params[label].default) for label in labels]
        data = tree[tree.searchSubtree(place + 1)]
        tree[tree.searchSubtree(place)] = [primitive, *data, *values]

    def _data(self, tree: Tree) -> list[int]:
        """Places of data."""
        return [place for place, node in enumerate(tree) if node.ret is Data]

    def _places(self, tree: Tree) -> dict[str, list[int]]:
        """Places of active parameters, by the name of their type."""
        found: dict[str, list[int]] = {}
        for place, node in enumerate(tree):
            label = node.ret.__name__
            if label in self.grammar.params and node.value is not Unused.UNUSED:
                found.setdefault(label, []).append(place)
        return found
