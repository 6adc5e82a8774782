"""The default: races for candidates that are cheap beside the budget, a cheap look first for those that are not."""

from __future__ import annotations

from automl.schedule.base import FidelityPolicy, ScheduleContext
from automl.schedule.constants import EXPENSIVE_SECONDS
from automl.schedule.halving import Whole
from automl.schedule.ladder import Ladder
from automl.schedule.opening import Opening
from automl.schedule.promotion import BestThird, FirstOfFamily, LateInSearch, PromotionRule, Repeats
from automl.schedule.racing import make_race
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import TOP, Race, Rung


class Auto:
    """A cheap look at what is expensive, after which the best third is evaluated in full; races between folds.

    Parameters
    ----------
    expensive : float, optional
        Share of the search's core seconds from which a candidate is looked at cheaply first.
    cheap : float, optional
        Share of a full evaluation's work that a cheap look has at most; where no rung is that cheap, a third.
    late : float, optional
        Share of the search after which the better half rises before anything new is tried.
    """

    name = "auto"

    def __init__(self, expensive: float = 0.02, cheap: float = 1 / 8, late: float = 0.5) -> None:
        self.expensive, self.cheap, self.late = expensive, cheap, late

    def policy(self, run: ScheduleContext) -> FidelityPolicy:
        """The policy of a run."""
        return AutoPolicy(run, self)


class AutoPolicy(Whole):
    """Of two rungs, one of them cheap.

    Parameters
    ----------
    run : ScheduleContext
    options : Auto
    """

    def __init__(self, run: ScheduleContext, options: Auto) -> None:
        ladder, cost, budget = run.ladder, run.cost, run.budget
        looks = [rung for rung in ladder.rungs[:-1] if rung.rows < 1]  # a few iterations tell little
        cheap = [rung for rung in looks if rung.work[0] <= options.cheap]
        two = Ladder(ladder.space, (*(cheap[-1:] or looks[:1]), TOP))
        rules: list[PromotionRule] = [
            BestThird(two),
            LateInSearch(two, self._late),
            FirstOfFamily(two),
            Repeats(ladder.repeats),
        ]
        super().__init__(two, rules)
        self.opens = Opening(budget, cost)
        self.cost, self.metric, self.budget, self.late = cost, run.metric, budget, options.late
        seconds = budget.search_seconds if cost.measured else None
        self.expensive = EXPENSIVE_SECONDS if seconds is None else options.expensive * seconds * run.n_jobs

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The cheap look for what is expensive, unless the search begins with it."""
        rungs = self.ladder.for_candidate(candidate)
        expensive = self.cost.predict(candidate, history) > self.expensive
        return rungs[0] if expensive and not self.opens(candidate, history) else TOP

    def _late(self) -> bool:
        total, left = self.budget.search_seconds, self.budget.search_left()
        return self.cost.measured and total is not None and left is not None and left < (1 - self.late) * total

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """Against the tenth best; the first of a family runs alone."""
        if not rung.whole or not any(trial.complete for trial in history.latest(candidate.family)):
            return None
        return make_race(history, self.metric)
