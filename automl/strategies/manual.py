"""Manual search: what the user wants tried, or what textbooks and documentation recommend, and nothing else."""

from __future__ import annotations

from automl.strategies.portfolio import first_unseen
from automl.trials.history import History
from automl.trials.trial import Proposal


class Manual:
    """Tries the candidates of `try_first`, else a list of textbook settings, and then stops.

    The list (``textbook = true`` in a portfolio) has what each family's documentation or a well-known book starts with;
    it is the baseline that tuning has to beat.
    """

    name = "manual"

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next setting in the list's order; None where the user has a list, or all were tried."""
        if next(history.latest_from("user"), None) is not None:
            return None
        return first_unseen(history.space.first_candidates(textbook=True), history, self.name)
