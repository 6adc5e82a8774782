"""What begins a search that has time for few evaluations."""

from __future__ import annotations

from automl.schedule.budget import Budget
from automl.schedule.constants import FEWER_FROM, OPENING_SHARE
from automl.schedule.cost import CostModel
from automl.space.candidate import Candidate
from automl.trials.history import History


class Opening:
    """Whether a candidate may go before all others, in full: a boosting that ends by the clock, where it is expensive.

    Cheap candidates and cheap looks say which are worth a full evaluation. Where only a few of the strong ones fit,
    that is known too late: in 10 s on two cores, what began with a boosting on all cores ended with a lower loss on 10
    of our 14 large tables (letter .148 for .316, krkopt .484 for .666), in 60 s on 3 of 6. On few rows (cnae9, 810) it
    takes the time of families that are as strong.

    Parameters
    ----------
    budget : Budget
    cost : CostModel
    """

    def __init__(self, budget: Budget, cost: CostModel) -> None:
        self.budget, self.cost = budget, cost

    def __call__(self, candidate: Candidate, history: History) -> bool:
        """True for the first such candidate, and for no other as soon as it was started."""
        models, total = history.space.models, self.budget.search_seconds
        if total is None or not self.cost.measured or self.cost.rows < FEWER_FROM:
            return False
        timed = {name for name, model in models.items() if model.fidelity.timed}
        if candidate.family not in timed or not timed.isdisjoint(history.families):
            return False
        return self.cost.predict(candidate, history) > OPENING_SHARE * total
