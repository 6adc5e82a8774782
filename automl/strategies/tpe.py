"""Tree-structured Parzen estimator, by Hyperopt.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011. The template
is ``model(reduce(scale(input)))``: a family, an optional step in each slot, and their parameters. Hyperopt
sees a number as its place in the unit interval and a choice as an index: bounds, logarithms, steps and
normals are the domain's alone and hold exactly.

This is the only file that imports hyperopt, and it does so when there is enough to learn from: the import
takes a second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from automl import native
from automl.space.candidate import INPUT, Candidate, Node
from automl.space.component import Component, Param
from automl.space.domain import Choice, Value
from automl.space.space import SLOT_NONE, SLOTS, Space
from automl.strategies.estimates import losses_at, main_rung
from automl.trials.history import History
from automl.trials.trial import Proposal

Point = dict[str, float]  # label -> place in the unit interval, or index of a choice

FAMILY = "family"
STARTUP = 20  # told trials below which the answer is a random draw
# Hyperopt proposes the best of so many draws, label by label. The best of 24 draws of a choice is the same
# until a result changes the counts, and a repeated candidate has none: a small family, tried throughout, was
# proposed again in 3 of 4 asks. Fewer draws are more diverse.
DRAWS = (24, 6, 2, 1)
GAMMA = 0.25  # Hyperopt takes the best GAMMA * sqrt(n) of n told trials for good


class TPE:
    """Proposes candidates where good trials are dense and others are not.

    Reads every trial that fits the template, of whatever origin. Failures are told as the worst loss seen:
    what is hidden is proposed again and again. Running trials are told without a loss, which Hyperopt counts
    among the bad ones: a constant liar (Ginsbourger, Le Riche and Carraro 2010) that keeps parallel proposals
    apart.

    Parameters
    ----------
    startup : int
        With fewer told trials, the portfolio's included, the proposal is a random draw.
    """

    name = "tpe"

    def __init__(self, startup: int = STARTUP) -> None:
        self.startup = startup
        self._template: _Template | None = None  # derived from the space alone, so that `ask` stays pure

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose the most promising of Hyperopt's draws; never exhausted."""
        if self._template is None or self._template.space is not history.space:
            self._template = _Template(history.space)
        told = self._template.read(history)
        good = math.ceil(GAMMA * math.sqrt(len(told)))
        # with hardly a result, Hyperopt would fill its good group with failures
        if len(told) < self.startup or sum(trial.ok for trial in told) <= good:
            return Proposal(history.space.sample(Random(seed)), self.name)
        seen = {trial.candidate.key for trial in history.trials}
        for draws in DRAWS:
            point = self._template.suggest(told, len(history.trials), seed, draws)
            candidate = point_to_candidate(point, history.space)
            if candidate.key not in seen:
                return Proposal(candidate, self.name)
        return Proposal(history.space.sample(Random(seed)), self.name)


# ---- candidates as points


def candidate_to_point(candidate: Candidate, space: Space) -> Point | None:
    """A candidate as Hyperopt sees it; None where the template cannot express it.

    Labels are ``family``, ``scale`` and ``reduce`` (0 is an empty slot) and ``component.parameter``; only
    those of active parameters are there.
    """
    if candidate not in space:
        return None
    point: Point = {FAMILY: list(space.models).index(candidate.family)}
    nodes = [candidate.root]
    data = candidate.root.inputs[0]
    for slot in reversed(SLOTS):  # from the model down
        names = [step.name for step in space.slot(slot)]
        if names:
            point[slot] = names.index(data.component) + 1 if data.component in names else 0
        if data.component in names:
            nodes.append(data)
            data = data.inputs[0]
    if data.component != INPUT:
        return None
    nodes.append(data)
    for node in nodes:
        component = space.component(node.component)
        for name, value in node.params:
            point[_label(component, component.param(name))] = _to_number(component.param(name), value)
    return point


def point_to_candidate(point: Mapping[str, float], space: Space) -> Candidate:
    """The candidate that a point stands for; parameters that turn out to be inactive are dropped."""

    def node(component: Component, *data: Node) -> Node:
        labels = {param.name: _label(component, param) for param in component.params}
        values = {
            param.name: _from_number(param, point[labels[param.name]])
            for param in component.params
            if labels[param.name] in point
        }
        return space.node(component.name, values, *data, strict=False)

    data = node(space.leaf)
    for slot in SLOTS:
        if index := int(point.get(slot, 0)):
            data = node(space.slot(slot)[index - 1], data)
    return Candidate(node(list(space.models.values())[int(point[FAMILY])], data))


def _label(component: Component, param: Param) -> str:
    return f"{component.name}.{param.name}"


def _to_number(param: Param, value: Value) -> float:
    return param.domain.index(value) if isinstance(param.domain, Choice) else param.domain.to_unit(value)


def _from_number(param: Param, number: float) -> Value:
    if isinstance(param.domain, Choice):
        return param.domain.options[int(number)]
    value: Value = param.domain.from_unit(float(number))
    return value


# ---- what is told


@dataclass(frozen=True)
class _Told:
    number: int
    point: Point
    loss: float | None  # None while running
    ok: bool


# ---- Hyperopt


class _Template:
    """The space as Hyperopt's domain, and the history's trials as its points.

    Parameters with a condition stand flat beside the others of their component, not nested below the one that
    they depend on. Hyperopt fits each label on its own, to the documents that have a value for it, so empty
    inactive labels give the very same densities; and conditions on numbers (``layers >= 2``) do not nest.
    The value that it draws for a parameter that turns out inactive is dropped.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self._points: dict[str, Point | None] = {}  # by candidate key
        self._domain: Any = None

    def _point(self, candidate: Candidate) -> Point | None:
        if candidate.key not in self._points:
            self._points[candidate.key] = candidate_to_point(candidate, self.space)
        return self._points[candidate.key]

    def read(self, history: History) -> list[_Told]:
        """What is told: one entry a candidate, in order of their trials."""
        trials = [trial for trial in history.trials if self._point(trial.candidate) is not None]
        losses = losses_at(trials, main_rung(trials))
        worst = max(losses.values(), default=0.0)
        found: dict[str, _Told] = {}
        for trial in trials:
            point = self._point(trial.candidate)
            key = trial.candidate.key
            # a trial that was cut says nothing of its candidate; nor does one whose rung cannot be compared yet
            finite = trial.loss is not None and math.isfinite(trial.loss)
            if point is None or trial.status == "cut" or (finite and key not in losses):
                continue
            if trial.status == "running":
                found.setdefault(key, _Told(trial.number, point, None, ok=False))
                continue
            found[key] = _Told(trial.number, point, losses.get(key, worst), key in losses)
        return sorted(found.values(), key=lambda told: told.number)

    def suggest(self, told: list[_Told], new_id: int, seed: int, draws: int) -> Point:
        """The point that Hyperopt suggests after these trials."""
        import hyperopt
        from hyperopt import tpe

        if self._domain is None:
            self._domain = hyperopt.Domain(dict, self._expression())
        documents = [self._document(trial) for trial in told]
        # validation would encode every document, which takes longer than the rest; ours are well-formed
        trials = hyperopt.trials_from_docs(documents, validate=False)
        settings = {"n_startup_jobs": 0, "gamma": GAMMA, "n_EI_candidates": draws, "verbose": False}
        # Hyperopt 0.3 sets shapes of arrays, of which NumPy 2.5 warns; it is nothing that a user could change
        with native.ignored(category=DeprecationWarning, module=r"hyperopt\."):
            document = tpe.suggest([new_id], self._domain, trials, seed, **settings)[0]
        return {label: values[0] for label, values in document["misc"]["vals"].items() if values}

    def _document(self, told: _Told) -> dict[str, Any]:
        import hyperopt

        # inactive labels must be there and empty; one list for all of them, which Hyperopt only reads, halves the time
        empty: list[float] = []
        blank = dict.fromkeys(self._domain.params, empty)
        values = blank | {label: [number] for label, number in told.point.items()}
        places = blank | {label: [told.number] for label in told.point}
        if told.loss is None:
            state, result = hyperopt.JOB_STATE_RUNNING, {"status": hyperopt.STATUS_RUNNING}
        else:
            state, result = hyperopt.JOB_STATE_DONE, {"status": hyperopt.STATUS_OK, "loss": told.loss}
        misc = {"tid": told.number, "idxs": places, "vals": values}
        return {"tid": told.number, "state": state, "result": result, "misc": misc, "exp_key": None}

    def _expression(self) -> dict[str, Any]:
        """The template as nested choices, so that Hyperopt knows which labels go with a family or step."""
        from hyperopt import hp

        def params(component: Component) -> dict[str, Any]:
            return {param.name: one(_label(component, param), param) for param in component.params}

        def one(label: str, param: Param) -> Any:
            if isinstance(param.domain, Choice):
                return hp.pchoice(label, [(share, i) for i, share in enumerate(param.domain.shares)])
            return hp.uniform(label, 0, 1)

        families = list(self.space.models.values())
        expression = {FAMILY: hp.pchoice(FAMILY, [(1 / len(families), params(model)) for model in families])}
        expression[INPUT] = params(self.space.leaf)
        for slot in SLOTS:
            if steps := self.space.slot(slot):
                share = (1 - SLOT_NONE) / len(steps)
                filled = [(share, params(step)) for step in steps]
                expression[slot] = hp.pchoice(slot, [(SLOT_NONE, {}), *filled])
        return expression
