"""Candidates worth trying before anything is known: the user's own, and the space's portfolio."""

from __future__ import annotations

import math
from collections.abc import Iterable

from automl.space.candidate import Candidate
from automl.strategies.base import Cost, Opens, RunContext, never, no_cost
from automl.trials.history import History
from automl.trials.trial import Proposal


class UserCandidates:
    """The candidates that the user wants tried first, in the given order.

    Parameters
    ----------
    candidates : iterable of Candidate
        They must be of the run's space; whoever reads the argument `try_first` checks that.
    """

    name = "user"
    listed = False

    def __init__(self, candidates: Iterable[Candidate] = ()) -> None:
        self.candidates = tuple(candidates)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """First candidate that was not started yet; None when all were."""
        return first_unseen(self.candidates, history, self.name)


class Portfolio:
    """The space's portfolio, cheapest first, so that there is a fair model within the first second or two.

    A fixed list of candidates that did well on many data sets is the simplest form of meta-learning (Feurer
    et al., "Auto-Sklearn 2.0: Hands-free AutoML via Meta-Learning", JMLR 2022).

    Parameters
    ----------
    cost : callable, optional
        Predicted seconds of a candidate: the most expensive come last, so that one slow fit cannot starve the rest.
        What cannot fit any more is `math.inf` and left out. Without a cost the order is the portfolio's own.
    opens : callable, optional
        Whether one of the entries that may begin the search should, given the history.
    """

    name = "portfolio"

    def __init__(self, cost: Cost = no_cost, opens: Opens = never) -> None:
        self.cost, self.opens = cost, opens

    def in_run(self, context: RunContext) -> Portfolio:
        """The same with the costs that the run predicts."""
        return Portfolio(context.cost, context.opens)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """What opens the search, then the cheapest entry that was not started yet; None when all were."""
        for entry in history.space.first_candidates(opening=True):
            if self.opens(entry, history):
                return Proposal(entry, self.name)
        predicted = [(self.cost(entry), entry) for entry in history.space.first_candidates()]
        # `sorted` is stable: among equals the portfolio's own order counts
        ordered = sorted(predicted, key=lambda pair: pair[0])
        return first_unseen((entry for cost, entry in ordered if cost < math.inf), history, self.name)


def first_unseen(candidates: Iterable[Candidate], history: History, origin: str) -> Proposal | None:
    """The first of the candidates that was not started yet; None when all were."""
    return next((Proposal(c, origin) for c in candidates if not history.seen(c.key)), None)
