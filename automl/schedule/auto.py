"""The default: races for candidates that are cheap beside the budget, a cheap look first for those that are not."""

from __future__ import annotations

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.halving import Fits, Halving, Promotion, may_rise, standing
from automl.schedule.ladder import ETA, Ladder
from automl.schedule.racing import make_race
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.ranking import ranked
from automl.trials.trial import TOP, Race, Rung

DEAR = 0.02  # share of the search's core seconds from which a candidate is looked at cheaply first
DEAR_SECONDS = 2.0  # the same where the number of candidates ends the search
CHEAP = 1 / 8  # of a full evaluation's work should be enough for a cheap look; where no rung is that cheap, a third
SATURATED = 60  # candidates without a better one, after which the cross-validation of small tables is repeated
SHORTLIST = 12  # candidates that are validated anew
LATE = 0.5  # share of the search after which the better half rises before anything new is tried


class Auto(Halving):
    """A cheap look at what is dear, after which the best third is evaluated in full; races between folds.

    Parameters
    ----------
    ladder : Ladder
    cost : CostModel
    metric : str
    budget : Budget
        The search's part.
    n_jobs : int
    """

    def __init__(self, ladder: Ladder, cost: CostModel, metric: str, budget: Budget, n_jobs: int) -> None:
        looks = [rung for rung in ladder.rungs[:-1] if rung.rows < 1]  # a few iterations tell little
        cheap = [rung for rung in looks if rung.work[0] <= CHEAP]
        super().__init__(Ladder(ladder.space, (*(cheap[-1:] or looks[:1]), TOP)))
        self.cost, self.metric, self.budget = cost, metric, budget
        self.repeats = ladder.repeats
        seconds = budget.search_seconds if cost.measured else None
        self.dear = DEAR_SECONDS if seconds is None else DEAR * seconds * n_jobs

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The cheap look for what is dear."""
        rungs = self.ladder.for_candidate(candidate)
        return rungs[0] if self.cost.predict(candidate, history) > self.dear else TOP

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """Whoever is among the best third; in the better half, a family's first, and late in the search everybody."""
        return super().promotion(history, fits) or self._second_chance(history, fits) or self._repeat(history, fits)

    def _second_chance(self, history: History, fits: Fits) -> Promotion | None:
        whole = {trial.candidate.family for trial in history.trials if trial.rung.whole}
        late = self._late()
        for rung in self.ladder.rungs[:-1]:
            ended = standing(history.trials, rung)
            for rank, trial in enumerate(ended[: (len(ended) + 1) // 2], start=1):
                fresh = trial.candidate.family not in whole  # ensembles want many kinds
                if not (late or (fresh and len(ended) >= ETA)) or trial.status != "ok":
                    continue
                if may_rise(trial, history) and fits(trial.candidate, TOP):
                    why = "the first of its family" if fresh else "late in the search"
                    return Promotion(trial, TOP, f"{why}, rank {rank} of {len(ended)} with {rung}")
        return None

    def _repeat(self, history: History, fits: Fits) -> Promotion | None:
        """Where little is left to be found, the best are told apart by other splits (and averaged over more models).

        On few rows, the best of many candidates owes much to the splits.
        """
        if not self.repeats > 1 or history.stale() < SATURATED:
            return None
        best = ranked(trial for trial in history.candidates_trials() if trial.rung.folds <= 1)[:SHORTLIST]
        for repeats in range(2, self.repeats + 1):
            rung = Rung(folds=float(repeats))
            for rank, trial in enumerate(best, start=1):
                highest = history.highest(trial.candidate.key).rung
                if highest.folds < repeats and fits(trial.candidate, rung):
                    return Promotion(trial, rung, f"rank {rank}, and no better one for {SATURATED} candidates")
        return None

    def _late(self) -> bool:
        total, left = self.budget.search_seconds, self.budget.search_left()
        return self.cost.measured and total is not None and left is not None and left < (1 - LATE) * total

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """Against the tenth best; the first of a family runs alone."""
        if not rung.whole or all(trial.candidate.family != candidate.family for trial in history.searched()):
            return None
        return make_race(history, self.metric)
