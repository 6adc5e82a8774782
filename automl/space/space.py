"""The space: every component that may be used, and with it every candidate that may be tried."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import Any

from automl.errors import ArgumentError, CandidateError
from automl.space.candidate import INPUT, STACK, UNION, Candidate, Node
from automl.space.component import Accepts, Component, EstimatorRef
from automl.space.constants import MAX_DEPTH, MAX_SIZE, SLOT_NONE
from automl.space.domain import Int, Value
from automl.space.hyperopt_form import expression
from automl.wording import did_you_mean

SLOTS = ("scale", "reduce")  # the template of TPE and random search: model(reduce(scale(input)))
BARE = Component(INPUT, "preprocessor", "The table.", EstimatorRef(), Accepts())  # without parameters


@dataclass(frozen=True)
class Space:
    """Models and steps by name, with the portfolio of candidates to try first.

    `kind` is the task's (``binary``, ``multiclass`` or ``regression``), or None before `for_task`.
    """

    models: Mapping[str, Component]
    steps: Mapping[str, Component]
    portfolio: tuple[Mapping[str, Any], ...] = ()
    kind: str | None = None
    preprocessor: Component = BARE

    # ---- which components

    def component(self, name: str) -> Component:
        """The model or step of that name."""
        found = self.preprocessor if name == INPUT else self.models.get(name) or self.steps.get(name)
        if found is None:
            known = [*self.models, *self.steps]
            hint = did_you_mean(name, known)
            raise CandidateError(
                f"There is no component {name!r} in this search space; it has {', '.join(known)}.{hint}"
            )
        return found

    def slot(self, slot: str) -> list[Component]:
        """Steps that may stand in a slot of the template."""
        return [step for step in self.steps.values() if step.slot == slot]

    def only(self, include: Collection[str] | None = None, exclude: Collection[str] | None = None) -> Space:
        """The space with some families only, or without some; steps can be excluded by name too."""
        for argument, names in (("include", include), ("exclude", exclude)):
            for name in names or ():
                if name not in self.models and name not in self.steps:
                    known = ", ".join(self.models)
                    hint = did_you_mean(name, [*self.models, *(self.steps if argument == "exclude" else ())])
                    raise ArgumentError(f"{argument}: there is no family {name!r}; there are {known}.{hint}")
        dropped = set(exclude or ())
        wanted = {n for n in include or () if n in self.models} or set(self.models)
        models = {n: c for n, c in self.models.items() if n in wanted - dropped}
        if not models:
            raise ArgumentError("include and exclude leave no family to try; name at least one.")
        return replace(self, models=models, steps={n: c for n, c in self.steps.items() if n not in dropped})

    def for_task(
        self, kind: str, rows: int, columns: int, missing: Collection[str] = (), meta_features: Collection[str] = ()
    ) -> Space:
        """The space as it fits a task: components that suit it and its size, ranges capped by rows and columns.

        Parameters
        ----------
        kind : {"binary", "multiclass", "regression"}
        rows : int
            Rows of the smallest training fold.
        columns : int
            Columns of the prepared table, before one-hot encoding.
        missing : collection of str
            Names of components whose library is not installed.
        meta_features : collection of str
            What the table and the target have; components and parameters that need something else are dropped.
        """
        label = "regression" if kind == "regression" else "classification"

        def fits(c: Component) -> bool:
            big = rows > (c.cost.max_rows or rows) or columns > (c.cost.max_columns or columns)
            wanted = c.needs is None or c.needs in meta_features
            return c.estimator.path(kind) is not None and c.name not in missing and wanted and not big

        def resolved(c: Component) -> Component:
            params = []
            for p in c.params:
                if p.task not in (None, label) or (p.needs is not None and p.needs not in meta_features):
                    continue
                p = replace(p, default=p.default_for(label, rows))
                if p.at_most is not None and isinstance(p.domain, Int):
                    cap = max(rows if p.at_most == "rows" else columns, int(p.domain.low) + 1)
                    high = min(p.domain.high, cap)
                    default, cheap = (v if v is None else min(int(v), int(high)) for v in (p.default, p.cheap))
                    p = replace(p, domain=replace(p.domain, high=high), default=default, cheap=cheap)
                params.append(p)
            return replace(c, params=tuple(params))

        models = {n: resolved(c) for n, c in self.models.items() if fits(c)}
        if not models:
            raise ArgumentError(f"No family of the search space suits {label} on {rows} rows x {columns} columns.")
        steps = {n: resolved(c) for n, c in self.steps.items() if fits(c)}
        return replace(self, models=models, steps=steps, kind=kind, preprocessor=resolved(self.preprocessor))

    @cached_property
    def digest(self) -> str:
        """Hash of everything the space says; two runs with the same digest search the same space."""
        text = json.dumps(asdict(replace(self, models=dict(self.models), steps=dict(self.steps))), default=str)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    # ---- which candidates

    def check(self, candidate: Candidate) -> str | None:
        """Why a candidate is not of this space, in one sentence; None where it is."""
        if candidate.family not in self.models:
            known = ", ".join(self.models)
            return f"The outermost component must be a model that suits the task ({known}), got {candidate.family!r}."
        if candidate.depth > MAX_DEPTH or candidate.size > MAX_SIZE:
            return f"A candidate has at most {MAX_SIZE} components, {MAX_DEPTH} deep; this has {candidate.size}."
        if sum(node.component == STACK for node in candidate.root.walk()) > 1:
            return "A candidate has at most one stack."
        return self._check_model(candidate.root)

    def _check_model(self, node: Node) -> str | None:
        model = self.models.get(node.component)
        if model is None:
            return f"{node.component!r} is not a model of this space ({', '.join(self.models)})."
        if len(node.inputs) != 1:
            return f"{node.component} takes one input, as in '{node.component}(input)', got {len(node.inputs)}."
        return model.why_not(node.params) or self._check_data(node.inputs[0])

    def _check_data(self, node: Node) -> str | None:
        if node.component == INPUT:
            return "input takes no inputs." if node.inputs else self.preprocessor.why_not(node.params)
        if node.component in (UNION, STACK):
            if len(node.inputs) != 2 or node.params:
                return f"{node.component} takes exactly two inputs and no parameters."
            left, right = node.inputs
            if node.component == UNION:
                return self._check_data(left) or self._check_data(right)
            if left.component in self.models and not self.models[left.component].stackable:
                return f"{left.component} cannot stand in a stack (its TOML says stackable = false)."
            return self._check_model(left) or self._check_data(right)
        step = self.steps.get(node.component)
        if step is None:
            return f"{node.component!r} is not a step of this space ({', '.join(self.steps) or 'none'})."
        if len(node.inputs) != 1:
            return f"{node.component} takes one input, as in '{node.component}(input)', got {len(node.inputs)}."
        return step.why_not(node.params) or self._check_data(node.inputs[0])

    def __contains__(self, candidate: object) -> bool:
        return isinstance(candidate, Candidate) and self.check(candidate) is None

    def node(self, component: str, values: Mapping[str, Any], *inputs: Node, strict: bool = True) -> Node:
        """A node with every active parameter: the values given, defaults for the rest."""
        return Node(component, self.component(component).complete(values, strict=strict), inputs)

    def candidate(self, family: str, params: Mapping[str, Any] | None = None) -> Candidate:
        """A model straight on the input, with the parameters given and defaults for the rest.

        Raises
        ------
        CandidateError
            If the family or a value is not of this space.
        """
        return self._checked(Candidate(self.node(family, params or {}, self.default_leaf)))

    def parse(self, text: str) -> Candidate:
        """A candidate from its text form; parameters left out get their defaults.

        Raises
        ------
        CandidateError
            If the text is no candidate of this space.
        """

        def complete(node: Node) -> Node:
            inputs = tuple(complete(part) for part in node.inputs)
            if node.component in (UNION, STACK):
                return replace(node, inputs=inputs)
            return self.node(node.component, dict(node.params), *inputs)

        return self._checked(Candidate(complete(Candidate.parse(text).root)))

    def _checked(self, candidate: Candidate) -> Candidate:
        if (reason := self.check(candidate)) is not None:
            raise CandidateError(reason)
        return candidate

    @property
    def default_leaf(self) -> Node:
        """The preprocessor with its defaults."""
        return self.node(INPUT, {})

    def default(self, family: str) -> Candidate:
        """The family with its defaults, straight on the input."""
        return self.candidate(family)

    def cheapest(self, family: str) -> Candidate:
        """The family and its preprocessor with the values that cost least time, where cost depends on them."""

        def values(component: Component) -> dict[str, Value]:
            return {param.name: param.cheap for param in component.params if param.cheap is not None}

        leaf = self.node(INPUT, values(self.preprocessor), strict=False)
        return self._checked(Candidate(self.node(family, values(self.component(family)), leaf, strict=False)))

    def first_candidates(self, *, opening: bool = False, textbook: bool = False) -> list[Candidate]:
        """Entries of the portfolio that this space can express, in order, without repeats.

        Those of manual search only, with `textbook`, or those that begin a search with little time, with `opening`.
        """
        found: dict[str, Candidate] = {}
        for entry in self.portfolio:
            if self.kind not in (None, *entry.get("tasks", (self.kind,))) or opening > entry.get("opens", False):
                continue
            if textbook != entry.get("textbook", False):
                continue
            try:
                candidate = self.parse(entry["candidate"])
            except CandidateError:
                continue  # a family that is left out, too large for the task, or not installed
            found.setdefault(candidate.key, candidate)
        return list(found.values())

    def sample(self, rng: Random, families: Iterable[str] | None = None) -> Candidate:
        """Draw a candidate of the template at random: a family first, then slots and parameters."""
        names = sorted(families) if families is not None else sorted(self.models)
        data = self._draw(self.preprocessor, rng)
        for slot in SLOTS:
            steps = self.slot(slot)
            if steps and rng.random() >= SLOT_NONE:
                data = self._draw(rng.choice(steps), rng, data)
        return Candidate(self._draw(self.models[rng.choice(names)], rng, data))

    def _draw(self, component: Component, rng: Random, *inputs: Node) -> Node:
        values: dict[str, Value] = {p.name: p.domain.sample(rng) for p in component.params}
        return Node(component.name, component.complete(values, strict=False), inputs)

    def to_hyperopt(self) -> dict[str, Any]:
        """The space for Hyperopt's own `fmin`: labels are those of `automl.space.encoding`.

        A point of it is no candidate yet: `automl.objective.Objective` takes it as it is, and says which it stands for.
        """
        return expression(list(self.models.values()), self.preprocessor, {slot: self.slot(slot) for slot in SLOTS})

    def short(self, candidate: Candidate) -> str:
        """Text for people: only what differs from the defaults."""

        def short(node: Node) -> Node:
            inputs = tuple(short(part) for part in node.inputs)
            if node.component not in (INPUT, *self.models, *self.steps):
                return replace(node, inputs=inputs)
            defaults = {p.name: p.default for p in self.component(node.component).params}
            changed = tuple(
                (name, value) for name, value in node.params if name not in defaults or value != defaults[name]
            )
            return replace(node, params=changed, inputs=inputs)

        return Candidate(short(candidate.root)).text
