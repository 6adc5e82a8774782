"""What a strategy is, and what it may know of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from automl.space.candidate import Candidate
from automl.space.space import Space
from automl.trials.history import History
from automl.trials.trial import Proposal, Trial

Cost = Callable[[Candidate], float]  # predicted seconds of evaluating a candidate
Opens = Callable[[Candidate, History], bool]  # whether it goes before all others


class Strategy(Protocol):
    """Proposes candidates of `history.space`.

    `ask` is a pure function of its arguments and of what the constructor was given: it never changes any state, so a
    strategy can be thrown away and made again from the journal at any moment (after Vizier's Designer and NePS).
    It sees every trial of the history, of whatever origin, running ones included.
    """

    name: str

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next proposal; None means exhausted for good, never "not now"."""


def no_cost(candidate: Candidate) -> float:
    """A cost that keeps the order in which the candidates are declared."""
    return 0.0


def always_open(history: History) -> bool:
    """Let the portfolio run to its end."""
    return True


def never(candidate: Candidate, history: History) -> bool:
    """Let no candidate go before the others."""
    return False


def no_time(trial: Trial) -> float:
    """Trials that take no time: credit is by the candidate."""
    return 0.0


def no_limit() -> float | None:
    """A search that may go on for ever."""
    return None


@dataclass(frozen=True)
class RunContext:
    """What a strategy may go by beside the history.

    Attributes
    ----------
    cost : callable
        Predicted seconds of a candidate, `math.inf` where it cannot fit.
    opens : callable
        Whether a candidate, given the history, should go before all others, as there is time for few.
    portfolio_open : callable
        Given the history, whether the portfolio may have another candidate.
    spent : callable
        Seconds that a trial took.
    left : callable
        Seconds that the search still has; None is no limit.
    """

    cost: Cost = no_cost
    opens: Opens = never
    portfolio_open: Callable[[History], bool] = always_open
    spent: Callable[[Trial], float] = no_time
    left: Callable[[], float | None] = no_limit


@runtime_checkable
class ChecksSpace(Protocol):
    """A strategy whose options name parts of the space."""

    def check(self, space: Space) -> None:
        """Refuse what is not of the space, before anything is evaluated."""


@runtime_checkable
class Finite(Protocol):
    """A strategy that knows beforehand all that it will propose."""

    def announce(self, space: Space) -> tuple[int, list[Candidate]]:
        """Number of candidates, and some of them, spread evenly, that tell what they take."""


NO_CONTEXT = RunContext()


@runtime_checkable
class UsesContext(Protocol):
    """A strategy that goes by more than the history."""

    def in_run(self, context: RunContext) -> Strategy:
        """The same strategy with what the run knows."""
