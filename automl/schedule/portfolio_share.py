"""How long the portfolio may go on: a third of the search."""

from __future__ import annotations

import math
from collections.abc import Callable

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.halving import Rule
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
    rule : Rule
        On which rung a candidate starts.
    n_jobs : int
    """

    def __init__(self, budget: Budget, cost: CostModel, rule: Rule, n_jobs: int) -> None:
        self.budget, self.cost, self.rule, self.n_jobs = budget, cost, rule, n_jobs

    def price(self, history: History) -> Callable[[Candidate], float]:
        """Predicted seconds of an entry; infinite where it does not fit the time that is left."""

        def predict(candidate: Candidate) -> float:
            rung, left = self.rule.entry(candidate, history), self.budget.search_left()
            seconds = self.cost.predict(candidate, history, rung)
            return math.inf if self.cost.measured and left is not None and seconds > left else seconds

        return predict

    def __call__(self, history: History) -> bool:
        """By number of candidates where `max_trials` is given, else by seconds, and until a candidate is whole."""
        mine = [trial for trial in history.trials if trial.origin == ORIGIN]
        if self.budget.max_trials is not None:
            count = len({trial.candidate.key for trial in mine})
            return count < max(1, round(SHARE * self.budget.max_trials))
        if self.budget.search_seconds is None or not history.searched():
            return True
        used = sum(
            self.cost.predict(trial.candidate, history, trial.rung) if trial.status == "running" else trial.work_seconds
            for trial in mine
        )
        return used < SHARE * self.budget.search_seconds * self.n_jobs
