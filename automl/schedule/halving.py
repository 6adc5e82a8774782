"""Successive halving and Hyperband: many candidates are tried cheaply, the best of them more thoroughly.

Both are asynchronous: a candidate is promoted as soon as it is among the best third of those that have ended on its
rung, and nothing waits for a rung to fill (Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar
2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys; successive halving is Jamieson and Talwalkar's,
AISTATS 2016). Everything is read from the history: there is no state to lose.
"""

from __future__ import annotations

from collections.abc import Sequence

from automl.schedule.base import FidelityPolicy, ScheduleContext
from automl.schedule.constants import ETA
from automl.schedule.ladder import Ladder
from automl.schedule.promotion import BestThird, Fits, Promotion, PromotionRule, first
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import TOP, Race, Rung


class Whole:
    """Every candidate is evaluated in full.

    Parameters
    ----------
    ladder : Ladder
    promotions : sequence of PromotionRule
        Who rises; the first that has somebody is followed.
    """

    def __init__(self, ladder: Ladder, promotions: Sequence[PromotionRule] = ()) -> None:
        self.ladder, self.promotions = ladder, promotions

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The top."""
        return TOP

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """Of the first rule that has one."""
        return first(rule(history, fits) for rule in self.promotions)

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """Nobody is stopped."""
        return None


class HalvingPolicy(Whole):
    """Everybody starts on the lowest rung."""

    def __init__(self, ladder: Ladder) -> None:
        super().__init__(ladder, [BestThird(ladder)])

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The candidate's lowest rung."""
        return self.ladder.for_candidate(candidate)[0]


class HyperbandPolicy(Whole):
    """Brackets of successive halving that start on rung after rung.

    How many candidates start where is Hyperband's (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018, JMLR): each
    bracket has about the same work. A bracket's candidates compete among themselves.
    """

    def __init__(self, ladder: Ladder) -> None:
        super().__init__(ladder, [BestThird(ladder, ladder.rungs)])

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """Rung of the bracket that lacks most beside its share."""
        last = len(self.ladder.rungs) - 1
        shares = [(last + 1) / (last - place + 1) * ETA ** (last - place) for place in range(last + 1)]
        started = [history.entered_at(rung) for rung in self.ladder.rungs]
        place = min(range(last + 1), key=lambda place: ((started[place] + 1) / shares[place], place))
        wanted = self.ladder.rungs[place]
        return next(rung for rung in self.ladder.for_candidate(candidate) if rung.work >= wanted.work)


class InFull:
    """Every candidate in full."""

    name = "none"

    def policy(self, run: ScheduleContext) -> FidelityPolicy:
        """The policy of a run."""
        return Whole(run.ladder)


class Halving:
    """Asynchronous successive halving."""

    name = "halving"

    def policy(self, run: ScheduleContext) -> FidelityPolicy:
        """The policy of a run."""
        return HalvingPolicy(run.ladder)


class Hyperband:
    """Asynchronous Hyperband."""

    name = "hyperband"

    def policy(self, run: ScheduleContext) -> FidelityPolicy:
        """The policy of a run."""
        return HyperbandPolicy(run.ladder)
