"""From one line of a TOML file's [params] to a `Param`; mistakes are told as `ValueError`, without file and key."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

from automl.space.component import Condition, Param
from automl.space.domain import Choice, Domain, Float, Int
from automl.space.format import ParamSpec


def read_param(name: str, spec: ParamSpec, earlier: Mapping[str, Param]) -> Param:
    """The parameter of that name; `earlier` are those that stand above it, which conditions may name.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    if not is_identifier(name):
        raise ValueError("the name must be an identifier that Python does not reserve")
    domain = _domain(spec)
    has_none = isinstance(domain, Choice) and None in domain.options
    default = domain.cast(spec.default)
    if default is None and not has_none:
        raise ValueError("default is required")
    if default not in domain:
        raise ValueError(f"default: {default!r} is not {domain.describe()}")
    cheap = domain.cast(spec.cheap)
    if cheap is not None and cheap not in domain:
        raise ValueError(f"cheap: {cheap!r} is not {domain.describe()}")
    if spec.at_most is not None and not isinstance(domain, Int):
        raise ValueError("at_most is for int parameters only")
    if spec.by_rows and not isinstance(domain, Float):
        raise ValueError("by_rows is for float parameters only")
    when = tuple(_condition(other, wanted, earlier) for other, wanted in spec.when.items())
    learning = tuple(map(domain.cast, spec.uses_target))
    for value in learning:
        if value not in domain:
            raise ValueError(f"uses_target: {value!r} is not {domain.describe()}")
    rules = tuple(spec.by_rows.items())
    return Param(name, domain, default, spec.why, cheap, when, spec.at_most, spec.task, spec.needs, learning, rules)


def is_identifier(name: object) -> bool:
    """Whether a candidate's text, which is Python's syntax, can say this name."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def _domain(spec: ParamSpec) -> Domain:
    given = [key for key, value in (("float", spec.float_), ("int", spec.int_), ("choice", spec.choice)) if value]
    if len(given) != 1:
        raise ValueError("give exactly one of float = [low, high], int = [low, high] and choice = [...]")
    if spec.choice is not None:
        if spec.log or spec.step is not None or spec.normal is not None:
            raise ValueError("log, step and normal do not go with choice")
        options = (*spec.choice, None) if spec.none else tuple(spec.choice)
        return Choice(options, tuple(spec.weights) if spec.weights is not None else None)
    if spec.none or spec.weights is not None:
        raise ValueError("none and weights go with choice only")
    kind, ends = (Float, spec.float_) if spec.float_ is not None else (Int, spec.int_)
    assert ends is not None
    return kind(ends[0], ends[1], spec.log, spec.step, spec.normal)


def _condition(other: str, wanted: Any, earlier: Mapping[str, Param]) -> Condition:
    if other not in earlier:
        raise ValueError(f"when: {other!r} must be a parameter that stands above this one")
    domain = earlier[other].domain
    if isinstance(wanted, list):
        values = tuple(map(domain.cast, wanted))
        for value in values:
            if value not in domain:
                raise ValueError(f"when: {other} never is {value!r}")
        return Condition(other, "in", values)
    found = re.fullmatch(r"(==|!=|<=|>=|<|>)\s*(-?[\d.]+)", wanted) if isinstance(wanted, str) else None
    if found:
        if isinstance(domain, Choice) and not all(type(option) in (int, float) for option in domain.options):
            raise ValueError(f"when: {other} is not a number, so name its values: {other} = [...]")
        return Condition(other, found[1], domain.cast(float(found[2])))
    value = domain.cast(wanted)
    if value not in domain:
        raise ValueError(f"when: {other} never is {wanted!r}")
    return Condition(other, "==", value)
