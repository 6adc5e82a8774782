"""How far the budget reaches of candidates that are known beforehand."""

from __future__ import annotations

from collections.abc import Sequence

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.space.candidate import Candidate
from automl.wording import counted


def reach(name: str, points: int, some: Sequence[Candidate], cost: CostModel, budget: Budget, n_jobs: int) -> str:
    """One sentence: points, what they will take by the priors, and how many of them the limits allow.

    Parameters
    ----------
    name : str
        Of the strategy.
    points : int
    some : sequence of Candidate
        Of them, spread evenly: they tell what all take.
    cost : CostModel
    budget : Budget
    n_jobs : int
    """
    seconds = points * sum(map(cost.nominal, some)) / max(1, len(some)) / n_jobs
    told = f"{name}: {counted(points, 'candidate')}, about {seconds:,.0f} s"
    if budget.max_trials is not None and budget.max_trials < points:
        return f"{told}; max_trials ends it after {budget.max_trials:,}."
    total = budget.search_seconds
    if total is None or seconds <= total:
        return f"{told}; all of them fit."
    return f"{told}; time_budget reaches about {total / seconds:.0%} of them."
