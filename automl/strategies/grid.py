"""Grid search: every combination of some values, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from automl.errors import ArgumentError, CandidateError
from automl.space.candidate import INPUT, Candidate, Node
from automl.space.component import label
from automl.space.constants import FAMILY
from automl.space.domain import Domain, Value
from automl.space.space import SLOTS, Space
from automl.strategies.base import Cost, RunContext, no_cost
from automl.strategies.constants import (
    GRID_COUNTED,
    GRID_MOST,
    GRID_PASSED,
    GRID_PRICED,
    LATTICE_PARAMS,
    LATTICE_PLACES,
)
from automl.trials.history import History
from automl.trials.trial import Proposal
from automl.wording import did_you_mean

EXAMPLE = "{'lightgbm.num_leaves': [15, 31, 63]}"


class GridSearch:
    """Tries every combination of the given values, and then stops.

    Where few parameters matter and each has few sensible values, nothing is left to chance; with more, the points
    multiply (Bergstra and Bengio, JMLR 2012): ten values of four parameters are 10,000.

    Parameters
    ----------
    values : dict of str to list, optional
        What to try of each parameter, by ``family.parameter``, as in ``{"lightgbm.num_leaves": [15, 31, 63]}``; also of
        the preparation (``input.parameter``), of steps (``scale`` and ``reduce``, with names of steps and None), and of
        their parameters. Families are those that are named, or ``family``. What is left out has its default. The last
        one changes fastest. Without any, each family's first two parameters take three places of their distributions,
        the cheapest family first.
    """

    name = "grid"

    def __init__(self, values: Mapping[str, Sequence[Any]] | None = None) -> None:
        self.values = _plain(values)
        self._cost: Cost = no_cost
        self._points: _Points | None = None  # derived from the space alone, so that `ask` stays pure

    def in_run(self, context: RunContext) -> GridSearch:
        """The same with the costs that the run predicts: what cannot fit is passed over."""
        found = GridSearch(self.values)
        found._cost = context.cost
        return found

    def ask(self, history: History, seed: int) -> Proposal | None:
        """The first point that was not started yet; None when all were, or nothing more fits."""
        new = (one for one in self._of(history.space) if not history.seen(one.key))
        if self.values is None:
            fitting = ((cost, one) for one in new if (cost := self._cost(one)) < math.inf)
            found = min(fitting, key=lambda pair: pair[0], default=(0.0, None))[1]  # the first among equals
        else:
            found = next((one for one in islice(new, GRID_PASSED) if self._cost(one) < math.inf), None)
        return None if found is None else Proposal(found, self.name)

    def check(self, space: Space) -> None:
        """Refuse names and values that are not of the space.

        Raises
        ------
        ArgumentError
            Saying which, and what would do.
        """
        self._of(space)

    def announce(self, space: Space) -> tuple[int, list[Candidate]]:
        """Number of points, and some of them, spread evenly, that tell what they take.

        Where there are many, some of them may be the same candidate.
        """
        points = self._of(space)
        return points.count(), points.some(GRID_PRICED)

    def _of(self, space: Space) -> _Points:
        if self._points is None or self._points.space is not space:
            given = self.values
            grids = [_lattice(space, name) for name in space.models] if given is None else _read(given, space)
            self._points = _Points(space, grids)
        return self._points


def _plain(values: Any) -> Any:
    """Values as they are written down: lists in place of arrays and ranges."""
    if not isinstance(values, Mapping):
        return values
    listed = {key: list(given) if isinstance(given, (tuple, range)) else given for key, given in values.items()}
    return {key: _python(given) for key, given in listed.items()}


def _python(given: Any) -> Any:
    """Python's own numbers in place of NumPy's."""
    given = given.tolist() if hasattr(given, "tolist") else given
    return [one.item() if hasattr(one, "item") else one for one in given] if isinstance(given, list) else given


# ---- from values to candidates

Grid = tuple[str, dict[str, list[Value]]]  # a family, and values by label


class _Points:
    """The candidates of several grids in order, made when they are looked at."""

    def __init__(self, space: Space, grids: list[Grid]) -> None:
        self.space, self.grids = space, grids
        self.size = sum(map(_size, grids))
        if self.size > GRID_MOST:
            raise ArgumentError(
                f"grid: {self.size:,} points are more than the {GRID_MOST:,} that a grid may have; give fewer values, "
                "or use search='random'."
            )
        self._made: list[Candidate] = []

    def __iter__(self) -> Iterator[Candidate]:
        for place in range(self.size):
            if place == len(self._made):
                self._made.append(self.at(place))
            yield self._made[place]

    def at(self, place: int) -> Candidate:
        """One of them; what is inactive makes no difference, so that some are the same."""
        for family, values in self.grids:
            if place < (size := _size((family, values))):
                break
            place -= size
        chosen: dict[str, Value] = {}
        for key in reversed(values):
            place, digit = divmod(place, len(values[key]))
            chosen[key] = values[key][digit]
        return self._candidate(family, chosen)

    def count(self) -> int:
        """How many there are; up to, where it would take time to find those that are the same."""
        return len({one.key for one in self}) if self.size <= GRID_COUNTED else self.size

    def some(self, count: int) -> list[Candidate]:
        """So many of them, or all, spread evenly."""
        count = min(count, self.size)
        return [self.at(place * self.size // count) for place in range(count)]

    def _candidate(self, family: str, chosen: Mapping[str, Value]) -> Candidate:
        def node(name: str, *data: Node) -> Node:
            params = self.space.component(name).labelled
            values = {param.name: chosen[key] for key, param in params.items() if key in chosen}
            return self.space.node(name, values, *data, strict=False)

        data = node(INPUT)
        for slot in SLOTS:
            if (step := chosen.get(slot)) is not None:
                data = node(str(step), data)
        return Candidate(node(family, data))


def _size(grid: Grid) -> int:
    return math.prod(map(len, grid[1].values()))


def _lattice(space: Space, family: str) -> Grid:
    params = [param for param in space.models[family].params if not param.when][:LATTICE_PARAMS]
    return family, {label(family, param.name): _places(param.domain) for param in params}


def _places(domain: Domain) -> list[Value]:
    """All options, or values at some places of a range."""
    if (shares := domain.shares) is not None:
        return [domain.decode(option) for option in range(len(shares))]
    return list(dict.fromkeys(domain.from_unit(unit) for unit in LATTICE_PLACES))


# ---- what the user gives


def _read(values: Any, space: Space) -> list[Grid]:
    """The user's values, one grid a family."""
    if not isinstance(values, Mapping) or not values:
        raise ArgumentError(f"grid: needs a dict of lists, as in GridSearch({EXAMPLE}); got {values!r}.")
    read = {str(key): _values(str(key), given, space) for key, given in values.items()}
    named = dict.fromkeys(part for key in read if (part := key.partition(".")[0]) in space.models)
    families = [str(name) for name in read.pop(FAMILY, [])] or list(named) or list(space.models)
    chosen = {str(step) for slot in SLOTS for step in read.get(slot, []) if step is not None}
    for key in read:
        component, _, param = key.partition(".")
        if param and component not in {*families, *chosen, INPUT}:
            raise ArgumentError(f"grid: {key!r} is tried nowhere: {_where(component, space)}.")
    return [
        (name, {key: one for key, one in read.items() if key.partition(".")[0] in {name, *SLOTS, INPUT, *chosen}})
        for name in families
    ]


def _where(component: str, space: Space) -> str:
    """How a component comes into a grid."""
    slot = FAMILY if component in space.models else space.component(component).slot
    if slot is None:
        return f"no grid has the step {component!r}; write whole candidates in try_first"
    return f"name {component!r} in {slot!r}, too"


def _values(key: str, given: Any, space: Space) -> list[Value]:
    """The values of one label, in the types of its domain, each once."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence) or not len(given):
        raise ArgumentError(f"grid: {key!r} needs a list of values, and at least one; got {given!r}.")
    component, dot, name = key.partition(".")
    if not dot:
        return _names(key, given, space)
    known = [*space.models, INPUT, *space.steps]
    if component not in known:
        what = did_you_mean(component, known) or f" That is {', '.join(known)}."
        raise ArgumentError(f"grid: {key!r}: {component!r} is none of what is searched.{what}")
    try:
        param = space.component(component).param(name)
    except CandidateError:
        raise ArgumentError(_no_label(key, space)) from None
    found: list[Value] = []
    for told in given:
        value = param.domain.cast(told)
        if value not in param.domain:
            raise ArgumentError(f"grid: {key!r} must be {param.domain.describe()}; got {told!r}.")
        found.append(value)
    return _once(found)


def _names(key: str, given: Sequence[Any], space: Space) -> list[Value]:
    """Families, or steps of a slot."""
    known = {FAMILY: list(space.models)} | {slot: [step.name for step in space.slot(slot)] for slot in SLOTS}
    if key not in known:
        raise ArgumentError(_no_label(key, space))
    allowed = [*known[key], *([None] if key in SLOTS else [])]
    for value in given:
        if value not in allowed:
            hint = did_you_mean(value, known[key]) if isinstance(value, str) else ""
            raise ArgumentError(f"grid: {key!r} must be of {', '.join(map(repr, allowed))}; got {value!r}.{hint}")
    return _once(given)


def _once(values: Sequence[Value]) -> list[Value]:
    """True and 1 are told apart."""
    return list({(type(value), value): value for value in values}.values())


def _no_label(key: str, space: Space) -> str:
    parts = [*space.models.values(), space.preprocessor, *space.steps.values()]
    known = [FAMILY, *SLOTS, *(name for part in parts for name in part.labelled)]
    hint = did_you_mean(key, known)
    return f"grid: there is no parameter {key!r} for this task; one is written family.parameter.{hint}"
