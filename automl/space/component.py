"""Components: the models and steps that candidates are made of, as declared in ``search_spaces/*.toml``."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from automl.errors import CandidateError
from automl.space.domain import Domain, Float, Value

BY_ROWS = 200  # rows at which a default that goes by them is its factor

Categories = Literal["native", "ordinal", "onehot"]
Scale = Literal["any", "unit"]

_COMPARE = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


def label(component: str, param: str) -> str:
    """What a parameter is called among all of a space: ``lightgbm.learning_rate``."""
    return f"{component}.{param}"


@dataclass(frozen=True)
class Condition:
    """A parameter is active only where another one has a certain value: ``hidden_layers >= 2``."""

    param: str
    compare: str  # a key of _COMPARE, or "in"
    value: Any

    def holds(self, value: Value) -> bool:
        """Whether the condition is met by the other parameter's `value`."""
        if self.compare == "in":
            return any(type(option) is type(value) and option == value for option in self.value)
        if self.compare in {"==", "!="}:
            same = type(value) is type(self.value) and value == self.value
            return same == (self.compare == "==")
        compare: Any = _COMPARE[self.compare]
        return bool(compare(value, self.value))


@dataclass(frozen=True)
class Param:
    """One hyperparameter: its domain, its default, when it is active, and why it matters."""

    name: str
    domain: Domain
    default: Value
    why: str
    cheap: Value = None  # the value that costs least time; None where cost does not depend on it
    when: tuple[Condition, ...] = ()
    at_most: Literal["rows", "columns"] | None = None
    task: Literal["classification", "regression"] | None = None
    needs: str | None = None  # a meta-feature without which the parameter has no effect, such as "text"
    uses_target: tuple[Value, ...] = ()  # values with which the component learns from y
    # of a kind of task: a and b of a default a (rows / 200)^b
    by_rows: tuple[tuple[str, tuple[float, float]], ...] = ()

    def default_for(self, task: str, rows: int) -> Value:
        """The default on so many training rows, of a task "classification" or "regression"."""
        if (rule := dict(self.by_rows).get(task)) is None or not isinstance(self.domain, Float):
            return self.default
        factor, power = rule
        return self.domain.near(factor * (rows / BY_ROWS) ** power)


@dataclass(frozen=True)
class EstimatorRef:
    """What to import and how to construct it."""

    classification: str | None = None
    regression: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    seed: str | None = None  # the constructor's argument for the random seed
    threads: str | None = None  # the constructor's argument for the number of native threads
    slopes: tuple[str, ...] = ()  # parameters that the model tells slopes of (`automl.estimators.slopes`)

    def path(self, kind: str) -> str | None:
        """Dotted name for a task of this kind (binary, multiclass or regression)."""
        return self.regression if kind == "regression" else self.classification


@dataclass(frozen=True)
class Accepts:
    """The form of data that a component takes; the preprocessor does the rest."""

    missing: bool = False
    unknown: bool = False  # levels of a category that no training row has
    categories: Categories = "onehot"
    scale: Scale = "any"
    target: Scale = "any"  # "unit": in regression the target is standardised for the model


@dataclass(frozen=True)
class Fidelity:
    """What can be made cheaper; `iterations` names the parameter that counts trees or epochs.

    `usual` is how many a fit that ends by its validation curve usually has, where the parameter is only a cap: shares
    of the iterations are of it. `out_of_bag` names the parameter that must be true for one fit on all rows to validate
    itself; `rows` says whether fits on some of the rows tell how good one on all of them would be, `timed` whether a
    fit can end with what it has when time is over. `size` names the parameter that says how large boosted trees are.
    """

    iterations: str | None = None
    usual: int | None = None
    out_of_bag: str | None = None
    rows: bool = True
    timed: bool = False
    size: str | None = None


@dataclass(frozen=True)
class Cost:
    """A prior of the seconds and bytes of one fit, corrected by the history, and the sizes that it is fit for."""

    seconds: float = 1e-7  # per row x column x iteration (x class where `per_class`), on one thread
    row_seconds: float = 0.0  # the same per row x iteration, whatever the number of columns
    start: float = 0.01  # per fit, whatever the size
    per_class: bool = False
    bytes: float = 40.0  # of memory, per row x column
    max_rows: int | None = None
    max_columns: int | None = None


@dataclass(frozen=True)
class Component:
    """A model family, a preparation step, or the preprocessor, which is called `input` in candidates."""

    name: str
    kind: Literal["model", "step", "preprocessor"]
    summary: str
    estimator: EstimatorRef
    accepts: Accepts
    params: tuple[Param, ...] = ()
    slot: Literal["scale", "reduce"] | None = None  # a step's place in `model(reduce(scale(input)))`
    gives: Scale = "any"  # "unit": what comes out of the step is scaled
    uses_target: bool = False  # a step that is fitted with y
    beside: Literal["input", "table"] | None = None  # new columns stand beside its input, made of the table's own
    needs: str | None = None  # a meta-feature without which there is nothing for it
    fidelity: Fidelity = Fidelity()
    cost: Cost = Cost()
    stackable: bool = False
    extra: str | None = None  # the optional extra that brings its library: without it, left out in silence
    adapter: str | None = None

    @property
    def labelled(self) -> dict[str, Param]:
        """Parameters by their labels."""
        return {label(self.name, param.name): param for param in self.params}

    def param(self, name: str) -> Param:
        """The parameter of that name."""
        for param in self.params:
            if param.name == name:
                return param
        known = ", ".join(param.name for param in self.params) or "none"
        raise CandidateError(f"{self.name} has no parameter {name!r}; it has {known}.")

    def complete(self, values: Mapping[str, Any], *, strict: bool = True) -> tuple[tuple[str, Value], ...]:
        """All active parameters in the order of the TOML: the given values, defaults for the rest.

        With `strict`, a value for a parameter that is inactive or unknown is refused; else it is dropped.
        """
        active: dict[str, Value] = {}
        for param in self.params:
            if all(c.param in active and c.holds(active[c.param]) for c in param.when):
                active[param.name] = param.domain.cast(values.get(param.name, param.default))
        if strict:
            for name in values:
                if name not in active:
                    conditions = self.param(name).when
                    needs = " and ".join(f"{c.param} {c.compare} {c.value!r}" for c in conditions)
                    raise CandidateError(f"{self.name}: {name} has an effect only with {needs}; leave it out.")
        return tuple(active.items())

    def why_not(self, values: tuple[tuple[str, Value], ...]) -> str | None:
        """Why these values are not a complete, valid setting of the component; None where they are."""
        given = dict(values)
        try:
            expected = self.complete(given)
        except CandidateError as error:
            return str(error)
        if tuple(name for name, _ in values) != tuple(name for name, _ in expected):
            return f"{self.name} needs exactly these parameters, in order: {', '.join(n for n, _ in expected)}."
        for name, value in values:
            domain = self.param(name).domain
            if value not in domain:
                return f"{self.name}: {name} must be {domain.describe()}, got {value!r}."
        return None
