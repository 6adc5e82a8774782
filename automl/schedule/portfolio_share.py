"""How long the portfolio may go on: a third of the search."""

from __future__ import annotations

import math
from collections.abc import Callable

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.space.candidate import Candidate
from automl.trials.history import History

SHARE = 1 / 3  # of the search, for the portfolio
ORIGIN = "portfolio"


class PortfolioShare:
    """Whether the portfolio may have another candidate.

    Parameters
    ----------
    budget : Budget
        The search's part.
    cost : CostModel
    n_jobs : int
    """

    def __init__(self, budget: Budget, cost: CostModel, n_jobs: int) -> None:
        self.budget, self.cost, self.n_jobs = budget, cost, n_jobs

    def price(self, history: History) -> Callable[[Candidate], float]:
        """Predicted seconds of an entry; infinite where it does not fit the time that is left."""

        def predict(candidate: Candidate) -> float:
            seconds, left = self.cost.predict(candidate, history), self.budget.search_left()
            return math.inf if self.cost.measured and left is not None and seconds > left else seconds

        return predict

    def __call__(self, history: History) -> bool:
        """By number of candidates where `max_trials` is given, else by seconds, and until a candidate is whole."""
        mine = [trial for trial in history.trials if trial.origin == ORIGIN]
        if self.budget.max_trials is not None:
            return len(mine) < max(1, round(SHARE * self.budget.max_trials))
        if self.budget.search_seconds is None or not history.searched():
            return True
        used = sum(
            self.cost.predict(trial.candidate, history) if trial.status == "running" else trial.work_seconds
            for trial in mine
        )
        return used < SHARE * self.budget.search_seconds * self.n_jobs
