"""Candidates as points, for strategies that think in numbers.

A point has a coordinate for each decision of the template ``model(reduce(scale(input)))``: the family, the step in each
slot, and every active parameter. Bounds, logarithms, steps and normal laws are the domain's alone and hold exactly.
"""

from __future__ import annotations

from collections.abc import Mapping

from automl.space.candidate import INPUT, Candidate, Node
from automl.space.component import Component, Param, label
from automl.space.constants import FAMILY, SLOT_NONE
from automl.space.space import SLOTS, Space

Point = dict[str, float]  # label -> place in the unit interval, or index of an option


class Encoding:
    """Candidates of a space as points, and back: the round trip is exact.

    Labels are ``family``, ``scale`` and ``reduce`` (0 is an empty slot) and ``component.parameter``; only those of
    active parameters are there.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._points: dict[str, Point | None] = {}  # by candidate key

    def encode(self, candidate: Candidate) -> Point | None:
        """A candidate as a point; None where it is of another space or no instance of the template."""
        if candidate.key not in self._points:
            self._points[candidate.key] = self.point(candidate) if candidate in self.space else None
        return self._points[candidate.key]

    def point(self, candidate: Candidate) -> Point | None:
        """The same for a candidate of the space, which is neither checked nor remembered."""
        point: Point = {FAMILY: list(self.space.models).index(candidate.family)}
        nodes = [candidate.root]
        data = candidate.root.inputs[0]
        for slot in reversed(SLOTS):  # from the model down
            names = [step.name for step in self.space.slot(slot)]
            if names:
                point[slot] = names.index(data.component) + 1 if data.component in names else 0
            if data.component in names:
                nodes.append(data)
                data = data.inputs[0]
        if data.component != INPUT:
            return None
        for node in (*nodes, data):
            component = self.space.component(node.component)
            for name, value in node.params:
                point[label(node.component, name)] = component.param(name).domain.encode(value)
        return point

    def decode(self, point: Mapping[str, float]) -> Candidate:
        """The candidate that a point stands for; parameters that turn out to be inactive are dropped."""

        def node(component: Component, *data: Node) -> Node:
            params = self.params(component).items()
            values = {param.name: param.domain.decode(point[key]) for key, param in params if key in point}
            return self.space.node(component.name, values, *data, strict=False)

        data = node(self.space.preprocessor)
        for slot in SLOTS:
            if index := int(point.get(slot, 0)):
                data = node(self.space.slot(slot)[index - 1], data)
        return Candidate(node(list(self.space.models.values())[int(point[FAMILY])], data))

    def spread(self, units: Mapping[str, float]) -> Candidate:
        """The candidate at places of the unit interval, one for each of `labels` of its family.

        Equal stretches are equally probable by the declared distributions, those of slots included.
        """
        point: Point = {FAMILY: units[FAMILY]}
        parts = [list(self.space.models.values())[int(units[FAMILY])], self.space.preprocessor]
        for slot in SLOTS:
            steps = self.space.slot(slot)
            if steps and units[slot] >= SLOT_NONE:
                place = min(int((units[slot] - SLOT_NONE) / (1 - SLOT_NONE) * len(steps)), len(steps) - 1)
                point[slot] = place + 1
                parts.append(steps[place])
        for component in parts:
            for key, param in self.params(component).items():
                point[key] = param.domain.encode(param.domain.from_unit(units[key]))
        return self.decode(point)

    def labels(self, family: str) -> list[str]:
        """All that may have to be decided where the family is given."""
        slots = [slot for slot in SLOTS if self.space.slot(slot)]
        parts = [
            self.space.models[family],
            self.space.preprocessor,
            *(s for slot in slots for s in self.space.slot(slot)),
        ]
        return [*slots, *(key for component in parts for key in self.params(component))]

    @staticmethod
    def params(component: Component) -> dict[str, Param]:
        """Parameters of a component by their labels."""
        return component.labelled
