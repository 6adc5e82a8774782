"""The strategy of a run."""

from __future__ import annotations

from collections.abc import Iterable

from automl.space.candidate import Candidate
from automl.strategies import STRATEGIES
from automl.strategies.base import NO_CONTEXT, RunContext, Strategy, UsesContext
from automl.strategies.mixture import InTurn
from automl.strategies.portfolio import UserCandidates


def make_strategy(
    search: str | Strategy, try_first: Iterable[Candidate] = (), context: RunContext = NO_CONTEXT
) -> Strategy:
    """The strategy of that name, or one like that object; the user's candidates go first whatever it is.

    Parameters
    ----------
    search : str or Strategy
    try_first : iterable of Candidate, optional
        Candidates of the run's space, tried first and in this order.
    context : RunContext, optional
        What the run knows, for strategies that go by it.

    Raises
    ------
    ArgumentError
        If there is no strategy of that name.
    """
    strategy = STRATEGIES.make(search)
    if isinstance(strategy, UsesContext):
        strategy = strategy.in_run(context)
    return InTurn(strategy.name, (UserCandidates(try_first), strategy))
