"""Domains: the sets of values that a hyperparameter may take.

Every domain maps the unit interval onto its values (`from_unit`) and back (`to_unit`), so that a uniform draw in
[0, 1] is a draw from the declared distribution. Strategies that think in numbers work in that interval. What a strategy
needs of a domain is a method here: none asks of what kind one is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from statistics import NormalDist
from typing import Any, Protocol

from automl.space.constants import NEIGHBOUR_SHARE, NEIGHBOUR_STEP

Value = int | float | bool | str | None

# significant digits of drawn floats: readable text, and exact round trips through the unit interval
_DIGITS = 6


class Domain(Protocol):
    """What all domains can do; a kind of its own derives from it."""

    @property
    def shares(self) -> tuple[float, ...] | None:
        """Probability of each option where options have no order; None of a range."""
        return None

    def __contains__(self, value: object) -> bool: ...

    def from_unit(self, unit: float) -> Any:
        """Value at `unit`, a number in [0, 1]."""
        ...

    def to_unit(self, value: Any) -> float:
        """Place of `value` in [0, 1]; `from_unit` maps it back to the same value."""
        ...

    def encode(self, value: Any) -> float:
        """`value` as a coordinate: its place in [0, 1], or its index among options that have no order."""
        return self.to_unit(value)

    def decode(self, number: float) -> Any:
        """Value of a coordinate; the reverse of `encode`."""
        return self.from_unit(float(number))

    def sample(self, rng: Random) -> Any:
        """A draw from the declared distribution."""
        return self.from_unit(rng.random())

    def neighbour(self, value: Any, rng: Random) -> Any:
        """Another value, mostly one a small step away."""
        sigma, moved = NEIGHBOUR_STEP, value
        while moved == value:
            unit = rng.random()
            if rng.random() < NEIGHBOUR_SHARE:
                unit = min(max(self.to_unit(value) + rng.gauss(0, sigma), 0.0), 1.0)
                sigma *= 1.5  # a narrow range of whole numbers needs a wider step
            moved = self.from_unit(unit)
        return moved

    def cast(self, value: Any) -> Any:
        """`value` in the domain's own Python type (1 becomes 1.0 in a Float); unchanged where that is not possible."""
        ...

    def describe(self) -> str:
        """One phrase for people: ``0.005 to 0.5 (log)`` or ``one of 'l1', 'l2'``."""
        ...


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True)
class _Range(Domain):
    low: float
    high: float
    log: bool = False
    step: float | None = None
    normal: tuple[float, float] | None = None  # mean and standard deviation (of the logarithm where `log`)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ValueError(f"both bounds must be finite, got [{self.low!r}, {self.high!r}]")
        if not self.low < self.high:
            raise ValueError(f"the low bound must be below the high one, got [{self.low!r}, {self.high!r}]")
        if self.log and self.low <= 0:
            raise ValueError(f"log = true needs bounds above 0, got [{self.low!r}, {self.high!r}]")
        if self.step is not None and (self.log or self.step <= 0):
            raise ValueError("step must be above 0 and does not go with log = true")
        if self.normal is not None and self.normal[1] <= 0:
            raise ValueError(f"the standard deviation of normal must be above 0, got {self.normal[1]!r}")

    def describe(self) -> str:
        """The ends, and what is special between them."""
        notes = [word for word, on in (("log", self.log), ("normal", self.normal)) if on]
        notes += [f"step {self.step:g}"] if self.step else []
        return f"{self.low!r} to {self.high!r}" + (f" ({', '.join(notes)})" if notes else "")

    def _warp(self, number: float) -> float:
        return math.log(number) if self.log else float(number)

    def _unwarp(self, number: float) -> float:
        return math.exp(number) if self.log else number

    def _place(self, number: float, low: float, high: float) -> float:
        """Share of the distribution between low and high that lies below number (all three warped)."""
        if self.normal is None:
            return (number - low) / (high - low)
        cdf = NormalDist(*self.normal).cdf
        return (cdf(number) - cdf(low)) / (cdf(high) - cdf(low))

    def _at(self, unit: float, low: float, high: float) -> float:
        """Inverse of `_place`."""
        if self.normal is None:
            return low + unit * (high - low)
        law = NormalDist(*self.normal)
        share = law.cdf(low) + unit * (law.cdf(high) - law.cdf(low))
        if not 0 < share < 1:
            return low if unit < 0.5 else high
        return law.inv_cdf(share)


@dataclass(frozen=True)
class Float(_Range):
    """Real numbers in [low, high]: uniform, log-uniform, in steps, or (log-)normal cut to the bounds."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.low <= value <= self.high

    def cast(self, value: Any) -> Any:
        """`value` in the domain's own type, where that is possible."""
        return float(value) if _is_number(value) else value

    def from_unit(self, unit: float) -> float:
        """Value at `unit`."""
        if self.step is not None:
            count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
            value = self.low + min(int(unit * count), count - 1) * self.step
        else:
            value = self._unwarp(self._at(unit, self._warp(self.low), self._warp(self.high)))
        return self.near(value)

    def near(self, value: float) -> float:
        """The value in the domain that is next to `value`, in few digits."""
        return min(max(float(f"{value:.{_DIGITS}g}"), float(self.low)), float(self.high))

    def to_unit(self, value: float) -> float:
        """Place of `value` in [0, 1]."""
        if self.step is not None:
            count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
            return (round((value - self.low) / self.step) + 0.5) / count
        unit = self._place(self._warp(value), self._warp(self.low), self._warp(self.high))
        return min(max(unit, 0.0), 1.0)


@dataclass(frozen=True)
class Int(_Range):
    """Whole numbers in [low, high]; each owns the stretch of half a number around it, in the log where `log`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step is not None and self.step != int(self.step):
            raise ValueError(f"the step of an int must be a whole number, got {self.step!r}")

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def cast(self, value: Any) -> Any:
        """`value` in the domain's own type, where that is possible."""
        return int(value) if _is_number(value) and value == int(value) else value

    def _ends(self) -> tuple[float, float]:
        return self._warp(self.low - 0.5), self._warp(self.high + 0.5)

    def from_unit(self, unit: float) -> int:
        """Value at `unit`."""
        if self.step is not None:
            count = int((self.high - self.low) // self.step) + 1
            return int(self.low + min(int(unit * count), count - 1) * self.step)
        value = math.floor(self._unwarp(self._at(unit, *self._ends())) + 0.5)
        return int(min(max(value, self.low), self.high))

    def to_unit(self, value: int) -> float:
        """Place of `value` in [0, 1]."""
        if self.step is not None:
            count = int((self.high - self.low) // self.step) + 1
            return (round((value - self.low) / self.step) + 0.5) / count
        return min(max(self._place(self._warp(value), *self._ends()), 0.0), 1.0)


@dataclass(frozen=True)
class Choice(Domain):
    """One of several values; `weights` are their shares of the draws (equal where not given)."""

    options: tuple[Value, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if len({(type(option), option) for option in self.options}) < len(self.options):
            raise ValueError(f"choice has the same value twice: {list(self.options)}")
        if len(self.options) < 2:
            raise ValueError("choice needs at least two values (fixed values belong into [estimator] fixed)")
        if self.weights is not None and (len(self.weights) != len(self.options) or min(self.weights) <= 0):
            raise ValueError("weights must be above 0, one for each value (None comes last)")

    @property
    def shares(self) -> tuple[float, ...]:
        """Probability of each option."""
        weights = self.weights or (1.0,) * len(self.options)
        return tuple(weight / sum(weights) for weight in weights)

    def index(self, value: Value) -> int:
        """Place of `value` among the options; True and 1 are told apart."""
        for place, option in enumerate(self.options):
            if type(option) is type(value) and option == value:
                return place
        raise ValueError(f"{value!r} is not one of {list(self.options)}")

    def __contains__(self, value: object) -> bool:
        return any(type(option) is type(value) and option == value for option in self.options)

    def cast(self, value: Any) -> Any:
        """`value` in the domain's own type, where that is possible."""
        if value in self or not _is_number(value):
            return value
        return next((o for o in self.options if _is_number(o) and o == value), value)

    def from_unit(self, unit: float) -> Value:
        """Value at `unit`."""
        reached = 0.0
        for option, share in zip(self.options, self.shares, strict=True):
            reached += share
            if unit < reached:
                return option
        return self.options[-1]

    def to_unit(self, value: Value) -> float:
        """Place of `value` in [0, 1]."""
        place = self.index(value)
        return sum(self.shares[:place]) + self.shares[place] / 2

    def encode(self, value: Value) -> int:
        """Index of `value`."""
        return self.index(value)

    def decode(self, number: float) -> Value:
        """Option of that index."""
        return self.options[int(number)]

    def neighbour(self, value: Value, rng: Random) -> Value:
        """Any other option, by their shares."""
        here = self.index(value)
        return rng.choices(self.options, [share * (place != here) for place, share in enumerate(self.shares)])[0]

    def describe(self) -> str:
        """The options."""
        return "one of " + ", ".join(repr(option) for option in self.options)
