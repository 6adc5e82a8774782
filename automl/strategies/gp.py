"""Genetic programming: candidates are trees, bred from the best trees of the history.

Koza, "Genetic Programming", MIT Press 1992, strongly typed (Montana 1995), as TPOT and GAMA do for pipelines.
This strategy alone proposes `union` and `stack`. The trees are those of `gp_trees`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from automl.space.candidate import UNION, Candidate, Node
from automl.strategies.base import RunContext, no_time
from automl.strategies.constants import (
    GP_BUCKET,
    GP_CROSSED,
    GP_FRESH,
    GP_PARENTS,
    GP_PER_FAMILY,
    GP_STARTUP,
    GP_TRIES,
)
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


class GP:
    """Breeds a candidate from the best of the history, of whatever origin; no generations, no state.

    Parents are the 30 best distinct candidates, at most 5 a family, and none that is behind what is left of it without
    one of its steps. Tournaments of 3 choose among them: by their rank in buckets of 5, within a bucket by the seconds
    that they took (lexicographic parsimony pressure with bucketing, Luke and Panait, GECCO 2002), so that of what is
    about as good the quick ones breed. With fewer than 4 complete trials the proposal is a tree grown at random.
    """

    name = "gp"

    def __init__(self) -> None:
        self._spent: Callable[[Trial], float] = no_time
        self._grammar: Grammar | None = None  # derived from the space alone, so that `ask` stays pure

    def in_run(self, context: RunContext) -> GP:
        """The same with the seconds that trials are said to have taken."""
        found = GP()
        found._spent = context.spent
        return found

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose a child that was not tried before; never exhausted."""
        if self._grammar is None or self._grammar.space is not history.space:
            self._grammar = Grammar(history.space)
        rng = Random(seed)
        best = _best(history)
        parents = [
            _Parent(trial.number, candidate_to_tree(trial.candidate, self._grammar), self._fitness(rank, trial))
            for rank, trial in enumerate(best if len(best) >= GP_STARTUP else [])
        ]
        breed = Breeder(self._grammar, parents, rng)
        for _ in range(GP_TRIES):
            tree, used = breed.child()
            candidate = tree_to_candidate(tree, self._grammar)
            if not history.seen(candidate.key) and candidate in history.space and not _idle(candidate.root):
                return Proposal(candidate, self.name, used)
        return Proposal(history.space.sample(rng), self.name)

    def _fitness(self, rank: int, trial: Trial) -> tuple[int, float, int]:
        return -(rank // GP_BUCKET), -self._spent(trial), -rank


def _best(history: History) -> list[Trial]:
    """The parents: the best trials, a few of each family, and none whose steps have not paid."""
    found: list[Trial] = []
    count: Counter[str] = Counter()
    better: set[str] = set()
    for trial in history.searched():
        family = trial.candidate.family
        if len(found) == GP_PARENTS:
            break
        beaten = any(Candidate(root).key in better for root in _simpler(trial.candidate.root))
        better.add(trial.candidate.key)
        if beaten:
            continue
        if count[family] < GP_PER_FAMILY and trial.candidate in history.space:
            found.append(trial)
            count[family] += 1
    return found


def _simpler(root: Node) -> Iterator[Node]:
    """What is left of a tree without one of its steps, or with one input of a union or stack in its place."""
    for place, part in enumerate(root.inputs):
        for left in (*part.inputs, *_simpler(part)):
            yield Node(root.component, root.params, (*root.inputs[:place], left, *root.inputs[place + 1 :]))


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
    fitness: tuple[int, float, int]  # what DEAP's tournament compares


class Breeder:
    """The operators; each changes the tree that it is given, or leaves it where it does not apply."""

    def __init__(self, grammar: Grammar, parents: list[_Parent], rng: Random) -> None:
        self.grammar = grammar
        self.parents = parents
        self.rng = rng

    def child(self) -> tuple[Tree, tuple[int, ...]]:
        """A child, and the numbers of the trials that it comes from."""
        if not self.parents or self.rng.random() < GP_FRESH:
            return self.grammar.grow(Model, self.rng), ()
        first = self._select()
        tree = type(first.tree)(first.tree)
        if self.rng.random() < GP_CROSSED:
            second = self._select()
            self._cross(tree, second.tree)
            return tree, tuple(dict.fromkeys((first.number, second.number)))
        operators: dict[Callable[[Tree], None], int] = {
            self._tune: 3, self._insert: 2, self._remove: 1, self._replace: 1, self._change_family: 2,
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
            moved = self.grammar.params[label].domain.neighbour(tree[place].value, self.rng)
            tree[place] = self.grammar.terminal(label, moved)

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
