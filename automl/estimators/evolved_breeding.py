"""Breeding of expressions by typed genetic programming (Koza 1992), on DEAP.

Numbers, dates and groups are types, so that only dates are subtracted to days and only groups have means. As in `gp`
of the strategies, DEAP's generators and its one-point crossover are left out: they fail where a type has only
terminals, or depend on the order of a set of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations, permutations, product
from random import Random
from typing import Any

from automl.estimators import evolved_terms as terms
from automl.estimators.constants import EVOLVED_DEPTH, EVOLVED_LEAST, EVOLVED_POPULATION, EVOLVED_SIZE_COST
from automl.estimators.evolved_terms import Term
from automl.space.seed import lent

Tree = Any  # deap.gp.PrimitiveTree


class Number:
    """Type of what an expression gives."""


class Date:
    """Type of dates."""


class Group:
    """Type of categories."""


class Breeder:
    """Trees of operations on columns.

    Parameters
    ----------
    places : three sequences of int
        Places of numbers, dates and groups, the most important first.
    weights : sequence of float
        How often a column is drawn, by its place among all columns.
    judge : callable
        From an expression to what it gains; None of one that cannot be computed.
    """

    def __init__(
        self,
        places: Sequence[Sequence[int]],
        weights: Sequence[float],
        judge: Callable[[Term], float | None],
    ) -> None:
        from deap import gp

        self.leaves: dict[Any, list[int]] = {
            kind: list(some) for kind, some in zip((Number, Date, Group), places, strict=True)
        }
        self.makes: dict[str, Callable[..., Term | None]] = {}
        self.weights, self.judge = weights, judge
        self.gains: dict[Term | None, float] = {None: -1.0}
        self.pset = gp.PrimitiveSetTyped("feature", [], Number)
        for two in (terms.added, terms.subtracted, terms.multiplied, terms.divided, terms.smaller, terms.larger):
            self._add(two, Number, Number)
        for one in (terms.logarithm, terms.root):
            self._add(one, Number)
        for of_group in (terms.averaged, terms.relative):
            self._add(of_group, Number, Group)
        self._add(terms.days_between, Date, Date)
        for kind, some in self.leaves.items():
            for place in some:
                self.pset.addTerminal(place, kind)

    def _add(self, make: Callable[..., Term | None], *takes: type) -> None:
        if all(self.leaves[kind] or kind is Number for kind in takes):
            self.pset.addPrimitive(make, list(takes), Number, name=make.__name__)
            self.makes[make.__name__] = make

    # ---- trees and expressions

    def term(self, tree: Tree) -> Term | None:
        """The expression that a tree stands for; None is a constant."""
        nodes = iter(tree)

        def read() -> Term | None:
            node = next(nodes)
            return self.makes[node.name](*(read() for _ in node.args)) if node.arity else node.value

        return read()

    def tree(self, nodes: Sequence[Any]) -> Tree:
        """A tree with its fitness: what it gains, less what each column and operation must gain."""
        from deap import gp

        tree = gp.PrimitiveTree(nodes)
        tree.term = self.term(tree)
        if tree.term not in self.gains:
            gain = self.judge(tree.term) if terms.size(tree.term) > 1 else None
            self.gains[tree.term] = -1.0 if gain is None else gain * (1 - EVOLVED_SIZE_COST * terms.size(tree.term))
        tree.fitness = self.gains[tree.term]
        return tree

    def grow(self, rng: Random, kind: type = Number, room: int = EVOLVED_DEPTH, least: int = 0) -> list[Any]:
        """Nodes of a random tree of a type, at least `least` and at most `room` operations deep."""
        makes = self.pset.primitives[kind] if kind is Number and room > 0 else []
        fit = [one for one in makes if room > 0 and all(self._can_be(part, room - 1) for part in one.args)]
        if fit and (least > 0 or not self.leaves[kind] or rng.random() < 0.5):
            chosen = rng.choice(fit)
            return [chosen, *(node for part in chosen.args for node in self.grow(rng, part, room - 1, least - 1))]
        leaves = self.leaves[kind]
        place = rng.choices(leaves, [self.weights[leaf] for leaf in leaves])[0]
        return [self._leaf(place)]

    def _can_be(self, kind: type, room: int) -> bool:
        return bool(self.leaves[kind]) or (kind is Number and room > 0 and bool(self.leaves[Date]))

    def _leaf(self, place: int) -> Any:
        return self.pset.mapping[str(place)]

    # ---- generations

    def first(self, count: int, rng: Random) -> list[Tree]:
        """Small trees of the most important columns, and as many random ones."""
        numbers, dates, groups = self.leaves.values()
        pairs = list(permutations(numbers, 2))
        simple = [("divided", pair) for pair in pairs]
        simple += [(name, pair) for name in ("multiplied", "subtracted", "added") for pair in combinations(numbers, 2)]
        simple = sorted(simple, key=lambda one: numbers.index(one[1][0]) + numbers.index(one[1][1]))[:count]
        simple += [("days_between", pair) for pair in combinations(dates, 2)]
        means = [(name, pair) for pair in product(numbers, groups) for name in ("averaged", "relative")]
        simple += means[:count]
        found = [self.tree([self.pset.mapping[name], *map(self._leaf, places)]) for name, places in simple]
        return found + [self.tree(self.grow(rng, least=1)) for _ in range(count)]

    def evolve(self, generations: int, rng: Random) -> list[Term]:
        """Expressions that gain something, the fittest first."""
        from deap import tools

        people = self.first(2 * EVOLVED_POPULATION, rng)
        for _ in range(generations):
            people = self._fittest(people, EVOLVED_POPULATION)
            with lent(rng):
                parents = tools.selDoubleTournament(people, EVOLVED_POPULATION, 3, 1.2, fitness_first=True)
            people += [self.child(parent, rng.choice(parents), rng) for parent in parents]
        gains = {term: gain for term, gain in self.gains.items() if gain > EVOLVED_LEAST}
        return sorted(gains, key=lambda term: (-gains[term], repr(term)))

    def _fittest(self, people: list[Tree], count: int) -> list[Tree]:
        """Of trees of the same expression the smallest one."""
        best = {tree.term: tree for tree in sorted(people, key=len, reverse=True)}
        return sorted(best.values(), key=lambda tree: (-tree.fitness, repr(tree.term)))[:count]

    def child(self, mine: Tree, theirs: Tree, rng: Random) -> Tree:
        """A tree of which a part is another's, or drawn anew, or an operation or a column another one."""
        from deap import gp

        way = rng.random()
        child = gp.PrimitiveTree(mine)
        if way < 0.4:
            at = rng.randrange(len(child))
            fitting = [place for place, node in enumerate(theirs) if node.ret is child[at].ret]
            if fitting:
                child[child.searchSubtree(at)] = theirs[theirs.searchSubtree(rng.choice(fitting))]
        elif way < 0.6:  # grown further
            chosen = rng.choice([one for one in self.pset.primitives[Number] if Number in one.args])
            place = rng.choice([k for k, part in enumerate(chosen.args) if part is Number])
            given = [list(mine) if k == place else self.grow(rng, part, 1) for k, part in enumerate(chosen.args)]
            child = gp.PrimitiveTree([chosen, *(node for nodes in given for node in nodes)])
        else:
            with lent(rng):
                (gp.mutShrink if way < 0.7 else partial(gp.mutNodeReplacement, pset=self.pset))(child)
        return self.tree(child if child.height <= EVOLVED_DEPTH else mine)
