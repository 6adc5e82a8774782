"""How long the portfolio may go on: a third of the search, or all of it where few candidates fit."""

from __future__ import annotations

import math
from collections.abc import Callable

from automl.schedule.base import FidelityPolicy
from automl.schedule.budget import Budget
from automl.schedule.constants import FEW_CANDIDATES, PORTFOLIO_SHARE
from automl.schedule.cost import CostModel
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import Rung

ORIGIN = "portfolio"


class PortfolioShare:
    """Whether the portfolio may have another candidate.

    Parameters
    ----------
    budget : Budget
    cost : CostModel
    policy : FidelityPolicy
        On which rung a candidate starts.
    n_jobs : int
    bytes_limit : int, optional
        Memory of all jobs together.
    """

    def __init__(
        self, budget: Budget, cost: CostModel, policy: FidelityPolicy, n_jobs: int, bytes_limit: int | None = None
    ) -> None:
        self.budget, self.cost, self.policy, self.n_jobs = budget, cost, policy, n_jobs
        self.bytes_limit = bytes_limit

    def price(self, history: History) -> Callable[[Candidate], float]:
        """Predicted seconds of an entry; infinite where it does not fit the time that is left, or the memory.

        One that is proposed again and again, and never starts, would keep all that follow it from being tried.
        """

        def predict(candidate: Candidate) -> float:
            rung, left = self.policy.entry(candidate, history), self.budget.search_left()
            seconds = self.cost.predict(candidate, history, rung)
            late = left is not None and seconds > left
            return math.inf if self.cost.measured and (late or self._too_large(candidate, rung, history)) else seconds

        return predict

    def _too_large(self, candidate: Candidate, rung: Rung, history: History) -> bool:
        return self.bytes_limit is not None and self.cost.predict_bytes(candidate, history, rung) > self.bytes_limit

    def __call__(self, history: History) -> bool:
        """By number of candidates where `max_trials` is given, else by seconds, and until a candidate is whole."""
        mine = list(history.latest_from(ORIGIN))
        if self.budget.max_trials is not None:
            count = len({trial.candidate.key for trial in mine})
            return count < max(1, round(PORTFOLIO_SHARE * self.budget.max_trials))
        if self.budget.search_seconds is None or not history.searched():
            return True
        used = sum(
            self.cost.predict(trial.candidate, history, trial.rung) if trial.status == "running" else trial.work_seconds
            for trial in mine
        )
        return used < PORTFOLIO_SHARE * self.budget.search_seconds * self.n_jobs or self._few(history)

    def _few(self, history: History) -> bool:
        """Whether so few whole candidates fit, at the pace so far, that the strategies would learn nothing of them."""
        total, left, whole = self.budget.search_seconds, self.budget.search_left(), len(history.searched())
        if total is None or left is None or whole >= FEW_CANDIDATES:
            return False
        return whole * total < FEW_CANDIDATES * (total - left)
