"""Strategies to be compared, by what is written on the command line: those of the library, and parts of them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from recorded_pool import outcome

from automl.errors import ArgumentError
from automl.space.candidate import Candidate
from automl.space.constants import FAMILY
from automl.space.domain import Choice
from automl.space.encoding import Encoding
from automl.space.space import Space
from automl.strategies.base import RunContext, Strategy
from automl.strategies.grid import GridSearch
from automl.strategies.make import make_strategy
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Job, Proposal, Trial

GRID_POINTS = 100  # of the comparison of random draws with a grid: as many places of each parameter as fit
DIMENSIONS = (2, 4, 8, 16)


def strategy_of(text: str, space: Space, context: RunContext) -> Strategy:
    """What a text names: a strategy with options, one of `ABLATIONS`, or ``random:FAMILY:COUNT`` and ``grid:...``.

    Raises
    ------
    ArgumentError
        If it names nothing.
    """
    kind, _, rest = text.partition(":")
    if rest:
        family, _, count = rest.partition(":")
        if kind not in ("random", "grid") or family not in space.models or not count.isdigit():
            known = ", ".join(space.models)
            raise ArgumentError(f"{text!r} must be random:FAMILY:COUNT or grid:FAMILY:COUNT, with a family of {known}.")
        return Among(family, int(count)) if kind == "random" else grid_of(space, family, int(count))
    if text in ABLATIONS:
        whole = make_strategy("auto", (), context)
        auto = next(part for part in whole.strategies if part.name == "auto")  # type: ignore[attr-defined]
        ABLATIONS[text](_mixture(auto))
        return auto
    return make_strategy(text, (), context)


def dimensions(family: str) -> list[str]:
    """Random draws and a grid over more and more parameters of a family."""
    return [f"{kind}:{family}:{count}" for count in DIMENSIONS for kind in ("random", "grid")]


# ---- some parameters of a family


class Among:
    """Random draws of some parameters of a family, the others at their defaults.

    Parameters
    ----------
    family : str
    count : int
        How many parameters, the family's own first, in the order of its file, then those of the preparation.
    """

    def __init__(self, family: str, count: int) -> None:
        self.name, self.family, self.count = f"random of {family}, {count}", family, count

    def ask(self, history: History, seed: int) -> Proposal:
        """A draw of each of them; never exhausted."""
        rng, space = Random(seed), history.space
        chosen = {key: domain.sample(rng) for key, domain in domains(space, self.family, self.count).items()}
        return Proposal(_candidate(space, self.family, chosen), self.name)


def domains(space: Space, family: str, count: int) -> dict[str, Any]:
    """Domains of the first parameters of a family by label; fewer where it has fewer."""
    known = {**Encoding.params(space.models[family]), **Encoding.params(space.preprocessor)}
    return {key: param.domain for key, param in list(known.items())[:count]}


def _candidate(space: Space, family: str, chosen: dict[str, Any]) -> Candidate:
    def node(name: str, *data: Any) -> Any:
        values = {p.name: chosen[key] for key, p in Encoding.params(space.component(name)).items() if key in chosen}
        return space.node(name, values, *data, strict=False)

    return Candidate(node(family, node("input")))


def grid_of(space: Space, family: str, count: int) -> GridSearch:
    """A grid of the same parameters with as many places of each as `GRID_POINTS` allow, two at least."""
    known = domains(space, family, count)
    places = max(2, round(GRID_POINTS ** (1 / max(1, len(known)))))
    values = {}
    for key, domain in known.items():
        spread = dict.fromkeys(domain.from_unit((place + 0.5) / places) for place in range(places))
        values[key] = list(domain.options)[:places] if isinstance(domain, Choice) else list(spread)
    return GridSearch({FAMILY: [family], **values})


# ---- parts of the mixture


class Alone:
    """A strategy that sees its own trials, the portfolio's and the user's only.

    Parameters
    ----------
    strategy : Strategy
    """

    def __init__(self, strategy: Strategy) -> None:
        self.name, self.strategy = strategy.name, strategy

    def ask(self, history: History, seed: int) -> Proposal | None:
        """What it proposes of a history without the others' trials."""
        mine, numbers = History(history.space, history.seed), []
        for trial in history.trials:
            if trial.origin in (self.name, "portfolio", "user", DUMMY):
                started = mine.start(Job(Proposal(trial.candidate, trial.origin), trial.rung), trial.started)
                numbers.append(trial.number)
                if trial.finished is not None:
                    mine.finish(started, _result(trial), trial.finished)
        proposal = self.strategy.ask(mine, seed)
        if proposal is None:
            return None
        return Proposal(proposal.candidate, proposal.origin, tuple(numbers[parent] for parent in proposal.parents))


def _result(trial: Trial) -> Any:
    if trial.status == "ok" and trial.loss is not None:
        return outcome(trial.loss, trial.work_seconds)
    return Failure("failed" if trial.status == "running" else trial.status, "", (), trial.work_seconds)  # type: ignore[arg-type]


def _mixture(strategy: Any) -> Any:
    """The part of `auto` that draws by credit."""
    return next(part for part in strategy.strategies if hasattr(part, "portfolio_open"))


def _without(name: str) -> Callable[[Any], None]:
    def change(mixture: Any) -> None:
        left = tuple(part for part in mixture.strategies if part.name != name)
        if len(left) == len(mixture.strategies):
            raise ArgumentError(f"auto has no part {name!r}; it has {[part.name for part in mixture.strategies]}.")
        mixture.strategies = left

    return change


def _no_portfolio(mixture: Any) -> None:
    mixture.portfolio_open = lambda history: False


def _no_sharing(mixture: Any) -> None:
    mixture.strategies = tuple(map(Alone, mixture.strategies))


ABLATIONS: dict[str, Callable[[Any], None]] = {
    "auto without gp": _without("gp"),
    "auto without tpe": _without("tpe"),
    "auto without portfolio": _no_portfolio,
    "auto without sharing": _no_sharing,
}
