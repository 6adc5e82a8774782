"""What to try next: one file a strategy; each is a function of space, history and seed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from automl.errors import ArgumentError
from automl.space.candidate import Candidate
from automl.strategies.base import Strategy
from automl.strategies.gp import GP
from automl.strategies.mixture import InTurn, Mixture, always_open, no_time
from automl.strategies.portfolio import Cost, Portfolio, UserCandidates, no_cost
from automl.strategies.random_search import RandomSearch
from automl.strategies.tpe import TPE
from automl.trials.history import History
from automl.trials.trial import Trial


@dataclass(frozen=True)
class Settings:
    """What a strategy may be built from, beside the history that it is asked with."""

    cost: Cost = no_cost
    portfolio_open: Callable[[History], bool] = always_open
    spent: Callable[[Trial], float] = no_time


# a new strategy is one file and one row here; run `automl.testing.strategies.StrategySuite` on it
STRATEGIES: dict[str, Callable[[Settings], Strategy]] = {
    "auto": lambda use: Mixture(Portfolio(use.cost), (TPE(), GP()), use.portfolio_open, use.spent),
    "random": lambda use: RandomSearch(),
    "tpe": lambda use: TPE(),
    "gp": lambda use: GP(),
    "portfolio": lambda use: Portfolio(use.cost),
}


def make_strategy(
    search: str,
    try_first: Iterable[Candidate] = (),
    *,
    cost: Cost = no_cost,
    portfolio_open: Callable[[History], bool] = always_open,
    spent: Callable[[Trial], float] = no_time,
) -> Strategy:
    """The strategy of that name; the user's candidates go first whatever it is.

    Parameters
    ----------
    search : {"auto", "random", "tpe", "gp", "portfolio"}
        "auto" is the portfolio, then TPE and genetic programming by their success.
    try_first : iterable of Candidate, optional
        Candidates of the run's space, tried first and in this order.
    cost : callable, optional
        Predicted seconds of a candidate, `math.inf` where it cannot fit; the portfolio goes by it.
    portfolio_open : callable, optional
        Given the history, whether the portfolio may have another candidate ("auto" only).
    spent : callable, optional
        Seconds that a trial took, by which strategies are credited ("auto" only).

    Raises
    ------
    ArgumentError
        If there is no strategy of that name.
    """
    if search not in STRATEGIES:
        close = difflib.get_close_matches(str(search), STRATEGIES, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ArgumentError(f"search must be one of {', '.join(STRATEGIES)}. Got {search!r} instead.{hint}")
    strategy = STRATEGIES[search](Settings(cost, portfolio_open, spent))
    return InTurn(search, (UserCandidates(try_first), strategy))
