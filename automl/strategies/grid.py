"""Grid search: every combination of some values, in order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any

from automl.errors import ArgumentError, CandidateError
from automl.space.candidate import INPUT, Candidate, Node
from automl.space.domain import Choice, Value
from automl.space.encoding import FAMILY, label
from automl.space.space import SLOTS, Space
from automl.strategies.base import Cost, RunContext, no_cost
from automl.strategies.constants import GRID_MOST, GRID_PRICED, LATTICE_PARAMS, LATTICE_PLACES
from automl.trials.history import History
from automl.trials.trial import Proposal
from automl.wording import did_you_mean

Values = Mapping[str, Sequence[Value]]


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

    def __init__(self, values: dict[str, list[Any]] | None = None) -> None:
        self.values = values
        self._cost: Cost = no_cost
        self._points: tuple[Space, _Points] | None = None  # derived from the space alone, so that `ask` stays pure

    def in_run(self, context: RunContext) -> GridSearch:
        """The same with the costs that the run predicts: what cannot fit is passed over."""
        found = GridSearch(self.values)
        found._cost = context.cost
        return found

    def ask(self, history: History, seed: int) -> Proposal | None:
        """The first point that was not started yet; None when all were, or nothing more fits."""
        points = self._of(history.space)
        new = (one for one in points if not history.seen(one.key) and self._cost(one) < math.inf)
        if self.values is None:
            found = min(new, key=self._cost, default=None)  # the first among equals
        else:
            found = next(new, None)
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
        """Number of points, and some of them, spread evenly, that tell what they take."""
        points = self._of(space)
        return points.size, list(islice(points, 0, None, max(1, points.size // GRID_PRICED)))

    def _of(self, space: Space) -> _Points:
        if self._points is None or self._points[0] is not space:
            grids = [_lattice(space, name) for name in space.models] if self.values is None else _read(self.values, space)
            self._points = space, _Points(space, grids)
        return self._points[1]


# ---- from values to candidates

Grid = tuple[str, dict[str, list[Value]]]  # a family, and values by label


class _Points:
    """The candidates of several grids in order, each once, made when they are looked at."""

    def __init__(self, space: Space, grids: list[Grid]) -> None:
        self.space = space
        self.size = sum(math.prod(map(len, values.values())) for _, values in grids)
        if self.size > GRID_MOST:
            raise ArgumentError(
                f"grid: {self.size:,} points are more than the {GRID_MOST:,} that a grid may have; give fewer values, or "
                "use search='random'."
            )
        self._made: list[Candidate] = []
        self._rest = self._all(grids)

    def __iter__(self) -> Iterator[Candidate]:
        yield from self._made
        while (found := next(self._rest, None)) is not None:
            self._made.append(found)
            yield found

    def _all(self, grids: list[Grid]) -> Iterator[Candidate]:
        seen: set[str] = set()
        for family, values in grids:
            for combination in product(*values.values()):
                candidate = self._candidate(family, dict(zip(values, combination, strict=True)))
                if candidate.key not in seen:  # what is inactive makes no difference
                    seen.add(candidate.key)
                    yield candidate

    def _candidate(self, family: str, chosen: dict[str, Value]) -> Candidate:
        def node(name: str, *data: Node) -> Node:
            params = {p.name: label(name, p.name) for p in self.space.component(name).params}
            values = {param: chosen[key] for param, key in params.items() if key in chosen}
            return self.space.node(name, values, *data, strict=False)

        data = node(INPUT)
        for slot in SLOTS:
            if (step := chosen.get(slot)) is not None:
                data = node(str(step), data)
        return Candidate(node(family, data))


def _lattice(space: Space, family: str) -> Grid:
    params = [param for param in space.models[family].params if not param.when][:LATTICE_PARAMS]
    values: dict[str, list[Value]] = {}
    for param in params:
        domain = param.domain
        places = list(domain.options) if isinstance(domain, Choice) else [domain.from_unit(u) for u in LATTICE_PLACES]
        values[label(family, param.name)] = list(dict.fromkeys(places))
    return family, values


def _read(values: Any, space: Space) -> list[Grid]:
    """The user's values, one grid a family."""
    if not isinstance(values, Mapping) or not values:
        example = "{'lightgbm.num_leaves': [15, 31, 63]}"
        raise ArgumentError(f"grid: needs a dict of lists, as in GridSearch({example}); got {values!r}.")
    read = {str(key): _values(str(key), given, space) for key, given in values.items()}
    named = dict.fromkeys(key.partition(".")[0] for key in read if key.partition(".")[0] in space.models)
    families = [str(name) for name in read.pop(FAMILY, [])] or list(named) or list(space.models)
    chosen = {str(step) for slot in SLOTS for step in read.get(slot, []) if step is not None}
    for key in read:
        component, _, param = key.partition(".")
        if param and component not in {*families, *chosen, INPUT}:
            where = "family" if component in space.models else str(space.component(component).slot)
            raise ArgumentError(f"grid: {key!r} is tried nowhere: name {component!r} in {where!r}, too.")
    return [
        (name, {key: one for key, one in read.items() if key.partition(".")[0] in {name, *SLOTS, INPUT, *chosen}})
        for name in families
    ]


def _values(key: str, given: Any, space: Space) -> list[Value]:
    """The values of one label, in the types of its domain."""
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence) or not len(given):
        raise ArgumentError(f"grid: {key!r} needs a list of values, and at least one; got {given!r}.")
    component, dot, name = key.partition(".")
    known = {FAMILY: list(space.models)} | {slot: [step.name for step in space.slot(slot)] for slot in SLOTS}
    if not dot:
        if key not in known:
            raise ArgumentError(_no_label(key, space))
        allowed = [*known[key], *([None] if key in SLOTS else [])]
        for value in given:
            if value not in allowed:
                hint = did_you_mean(value, known[key]) if isinstance(value, str) else ""
                raise ArgumentError(f"grid: {key!r} must be of {', '.join(map(repr, allowed))}; got {value!r}.{hint}")
        return list(given)
    try:
        param = space.component(component).param(name)
    except (CandidateError, KeyError, StopIteration):
        raise ArgumentError(_no_label(key, space)) from None
    found = [param.domain.cast(value) for value in given]
    for value, told in zip(found, given, strict=True):
        if value not in param.domain:
            raise ArgumentError(f"grid: {key!r} must be {param.domain.describe()}; got {told!r}.")
    return found


def _no_label(key: str, space: Space) -> str:
    parts = [*space.models.values(), space.preprocessor, *space.steps.values()]
    known = [FAMILY, *SLOTS, *(label(part.name, param.name) for part in parts for param in part.params)]
    return f"grid: there is no parameter {key!r}; one is written family.parameter.{did_you_mean(key, known)}"
