"""Candidates as the typed trees of genetic programming, on DEAP (Fortin et al., JMLR 2012).

A tree is made of data, models, and one type a hyperparameter (``lightgbm.learning_rate``), so that crossover
exchanges like for like. DEAP's typed generators and `cxOnePoint` are
left out: they fail where a type has only terminals, or depend on the order of a set of classes. `gp.compile`
(`eval` of text) and `creator` (globals) are not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from random import Random
from typing import Any, TypeVar

from automl.space.candidate import INPUT, STACK, UNION, Candidate, Node
from automl.space.component import Component, Param
from automl.space.constants import MAX_DEPTH
from automl.space.domain import Value
from automl.space.encoding import Encoding
from automl.space.seed import lent
from automl.space.space import Space

Tree = Any  # deap.gp.PrimitiveTree: primitives and terminals in prefix order
T = TypeVar("T")


class Data:
    """Type of what goes into a step or a model."""


class Model:
    """Type of what may be the root."""


class Stackable(Model):
    """Type of the models that may stand in a stack."""


class Unused(Enum):
    """The place of a parameter that is inactive."""

    UNUSED = "unused"


class Grammar:
    """A space as DEAP's typed primitive set."""

    def __init__(self, space: Space) -> None:
        from deap import gp

        self.space = space
        bare = not space.preprocessor.params  # then it is a terminal, else a primitive of its parameters
        self.pset = gp.PrimitiveSetTyped("candidates", [Data] if bare else [], Model)
        self.params: dict[str, Param] = {}  # by the name of their type
        self._types: dict[str, type] = {}
        if bare:
            self.pset.renameArguments(ARG0=INPUT)
        else:
            self._add(space.preprocessor, Data)
        for model in space.models.values():
            self._add(model, Stackable if model.stackable else Model)
        for step in space.steps.values():
            self._add(step, Data)
        self.pset.addPrimitive(Node, [Data, Data], Data, name=UNION)
        if any(model.stackable for model in space.models.values()):
            self.pset.addPrimitive(Node, [Stackable, Data], Data, name=STACK)

    def _add(self, component: Component, gives: type) -> None:
        types = []
        for name, param in Encoding.params(component).items():
            self.params[name] = param
            self._types[name] = type(name, (), {})
            types.append(self._types[name])
        data = [] if component.kind == "preprocessor" else [Data]
        self.pset.addPrimitive(Node, [*data, *types], gives, name=component.name)

    def returning(self, type_: type) -> list[Any]:
        """Primitives above the preprocessor that give this type, in the order of the space."""
        found = [p for p in self.pset.mapping.values() if p.arity and issubclass(p.ret, type_)]
        return [primitive for primitive in found if primitive.name != INPUT]

    def terminal(self, label: str, value: Value | Unused) -> Any:
        """A parameter's value as a terminal of its own type."""
        from deap import gp

        return gp.Terminal(value, False, self._types[label])

    def drawn(self, primitive: Any, rng: Random) -> list[Any]:
        """Terminals for all parameters of a component, drawn from their domains."""
        labels = [t.__name__ for t in primitive.args if t.__name__ in self.params]
        return [self.terminal(label, self.params[label].domain.sample(rng)) for label in labels]

    def grow(self, type_: type, rng: Random, room: int = MAX_DEPTH) -> Tree:
        """A random tree of a type, at most `room` components deep: mostly a model on one step or none."""
        from deap import gp

        leaf = type_ is Data and (room <= 1 or rng.random() < 0.6)
        if leaf:
            primitive = self.pset.mapping[INPUT]
            return gp.PrimitiveTree([primitive, *(self.drawn(primitive, rng) if primitive.arity else [])])
        primitive = self.pick(type_, rng)
        nodes = [primitive]
        for part in primitive.args:
            if part in (Data, Model, Stackable):
                nodes += self.grow(part, rng, room - 1)
        return gp.PrimitiveTree(nodes + self.drawn(primitive, rng))

    def pick(self, type_: type, rng: Random) -> Any:
        """A primitive that gives this type; `union` and `stack` cost most and come seldom."""
        primitives = self.returning(type_)
        weights = [{UNION: 0.2, STACK: 0.1}.get(p.name, 0.7 / max(len(self.space.steps), 1)) for p in primitives]
        return rng.choices(primitives, weights)[0]


def candidate_to_tree(candidate: Candidate, grammar: Grammar) -> Tree:
    """A candidate of the space as DEAP's tree; inactive parameters keep their place as `Unused`."""
    from deap import gp

    def flat(node: Node) -> list[Any]:
        nodes = [grammar.pset.mapping[node.component]]
        for part in node.inputs:
            nodes += flat(part)
        if node.component in (UNION, STACK):
            return nodes
        values: dict[str, Value | Unused] = dict(node.params)
        for name, param in Encoding.params(grammar.space.component(node.component)).items():
            nodes.append(grammar.terminal(name, values.get(param.name, Unused.UNUSED)))
        return nodes

    return gp.PrimitiveTree(flat(candidate.root))


def tree_to_candidate(tree: Tree, grammar: Grammar) -> Candidate:
    """The candidate of a tree; inactive values are dropped, active parameters without one get defaults."""
    nodes = iter(tree)

    def read() -> Node:
        primitive = next(nodes)
        if not primitive.arity:
            return Node(INPUT)
        inputs: list[Node] = []
        values: dict[str, Value] = {}
        for part in primitive.args:
            if part in (Data, Model, Stackable):
                inputs.append(read())
            elif (value := next(nodes).value) is not Unused.UNUSED:
                values[grammar.params[part.__name__].name] = value
        if primitive.name in (UNION, STACK):
            return Node(primitive.name, (), tuple(inputs))
        return grammar.space.node(primitive.name, values, *inputs, strict=False)

    return Candidate(read())


# ---- DEAP's own operators


def tournament(ranked: Sequence[T], fitness: str, rng: Random) -> T:
    """The fittest of three drawn at random."""
    from deap import tools

    with lent(rng):
        chosen: T = tools.selTournament(ranked, k=1, tournsize=3, fit_attr=fitness)[0]
    return chosen


def shrink(tree: Tree, rng: Random) -> None:
    """Replace a step, union or stack by the data that it takes."""
    from deap import gp

    with lent(rng):
        gp.mutShrink(tree)
