"""The default: races for candidates that are cheap beside the budget, a cheap look first for those that are not."""

from __future__ import annotations

from automl.schedule.cost import CostModel
from automl.schedule.halving import Fits, Halving, Promotion, may_rise, standing
from automl.schedule.ladder import ETA, Ladder
from automl.schedule.racing import make_race
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import TOP, Race, Rung

DEAR = 0.02  # share of the search's core seconds from which a candidate is looked at cheaply first
DEAR_SECONDS = 2.0  # the same where the number of candidates ends the search
LATE = 0.5  # share of the search after which whatever is best on its rung rises, as long as it fits


class Auto(Halving):
    """Successive halving where it saves time, and races between folds.

    Parameters
    ----------
    ladder : Ladder
    cost : CostModel
    metric : str
    core_seconds : float or None
        Of the search; None is no limit.
    """

    def __init__(self, ladder: Ladder, cost: CostModel, metric: str, core_seconds: float | None) -> None:
        super().__init__(ladder)
        self.cost, self.metric = cost, metric
        self.dear = DEAR_SECONDS if core_seconds is None else DEAR * core_seconds

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The lowest rung for what is dear."""
        rungs = self.ladder.for_candidate(candidate)
        return rungs[0] if self.cost.predict(candidate, history) > self.dear else TOP

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """Whoever is among the best third of a rung, or the first of a family there."""
        return super().promotion(history, fits) or self._first_of_family(history, fits)

    def _first_of_family(self, history: History, fits: Fits) -> Promotion | None:
        """A family's best, where the family has nothing whole yet: ensembles want many kinds."""
        whole = {trial.candidate.family for trial in history.trials if trial.rung.whole}
        for rung in reversed(self.ladder.rungs[:-1]):
            ended = standing(history.trials, rung)
            for rank, trial in enumerate(ended[: max(1, len(ended) // 2)], start=1):
                fresh = trial.status == "ok" and trial.candidate.family not in whole
                if fresh and len(ended) >= ETA and may_rise(trial, history) and fits(trial.candidate, TOP):
                    return Promotion(trial, TOP, f"best of its family, rank {rank} of {len(ended)} with {rung}")
        return None

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """Against the tenth best; the first of a family runs alone."""
        if not rung.whole or all(trial.candidate.family != candidate.family for trial in history.searched()):
            return None
        return make_race(history, self.metric)
