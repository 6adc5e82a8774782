"""Manual search: what the user wants tried, or what textbooks and documentation recommend, and nothing else."""

from __future__ import annotations

import math

from automl.strategies.base import Cost, RunContext, no_cost
from automl.strategies.portfolio import first_unseen
from automl.trials.history import History
from automl.trials.trial import Proposal


class Manual:
    """Tries the candidates of `try_first`, else a list of textbook settings, and then stops.

    The list (``textbook = true`` in a portfolio) has what each family's documentation or a well-known book starts with;
    it is the baseline that tuning has to beat. Where none of it suits, it is the defaults of the families.

    Parameters
    ----------
    cost : callable, optional
        Predicted seconds of a candidate: settings that cannot fit are passed over.
    """

    name = "manual"

    def __init__(self, cost: Cost = no_cost) -> None:
        self.cost = cost

    def in_run(self, context: RunContext) -> Manual:
        """The same with the costs that the run predicts."""
        return Manual(context.cost)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next setting in the list's order; None where the user has a list, or all were tried."""
        if next(history.latest_from("user"), None) is not None:
            return None
        space = history.space
        listed = space.first_candidates(textbook=True) or [space.default(family) for family in space.models]
        return first_unseen((one for one in listed if self.cost(one) < math.inf), history, self.name)
