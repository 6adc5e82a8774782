"""Who earns a more thorough evaluation: small rules that read the history; a schedule is a list of them.

A rule is *(history, fits) → promotion or None*. The first one of the list that has a promotion is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from automl.schedule.constants import ETA, SATURATED, SHORTLIST
from automl.schedule.ladder import Ladder
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.ranking import rank
from automl.trials.trial import TOP, Rung, Trial


@dataclass(frozen=True)
class Promotion:
    """A candidate that has earned a higher rung: its trial below, and why."""

    trial: Trial
    rung: Rung
    why: str


Fits = Callable[[Candidate, Rung], bool]  # whether there is time for a candidate at a rung
PromotionRule = Callable[[History, Fits], Promotion | None]


@dataclass(frozen=True)
class BestThird:
    """Asynchronous successive halving: from the highest rung down, the best of those among the first third.

    Attributes
    ----------
    ladder : Ladder
    entries : sequence of Rung or None
        Candidates that were first started on one of these compete among themselves; None is everybody.
    """

    ladder: Ladder
    entries: Sequence[Rung | None] = (None,)

    def __call__(self, history: History, fits: Fits) -> Promotion | None:
        """From the first group that has one."""
        return first(self._of(entry, history, fits) for entry in self.entries)

    def _of(self, entry: Rung | None, history: History, fits: Fits) -> Promotion | None:
        for rung in reversed(self.ladder.rungs[:-1]):
            ended = history.ended_at(rung, entry)
            for place, trial in _first_of(history.waiting_at(rung, entry), ended, len(ended) // ETA):
                above = self.ladder.above(trial.candidate, rung)
                if fits(trial.candidate, above):
                    return Promotion(trial, above, f"rank {place} of {len(ended)} with {rung}")
        return None


@dataclass(frozen=True)
class LateInSearch:
    """The better half of a rung rises to the top before anything new is tried, once it is `late`."""

    ladder: Ladder
    late: Callable[[], bool]

    def __call__(self, history: History, fits: Fits) -> Promotion | None:
        """The best of them."""
        return _of_better_half(self.ladder, history, fits, "late in the search") if self.late() else None


@dataclass(frozen=True)
class FirstOfFamily:
    """The first of a family to be among the better half of a rung rises to the top: ensembles want many kinds."""

    ladder: Ladder

    def __call__(self, history: History, fits: Fits) -> Promotion | None:
        """The best one of families of which none was evaluated in full."""
        lacking = set(history.families) - set(history.whole_families)

        def wanted(trial: Trial, ended: int) -> bool:
            return ended >= ETA and trial.candidate.family in lacking

        return _of_better_half(self.ladder, history, fits, "the first of its family", wanted) if lacking else None


@dataclass(frozen=True)
class Repeats:
    """Where little is left to be found, the best are told apart by other splits (and averaged over more models).

    On few rows, the best of many candidates owes much to the splits.

    Attributes
    ----------
    repeats : int
        Cross-validations that there are splits for.
    """

    repeats: int

    def __call__(self, history: History, fits: Fits) -> Promotion | None:
        """The best one of the shortlist that has fewer cross-validations than the others."""
        if not self.repeats > 1 or history.candidates_since_best() < SATURATED:
            return None
        best = history.first_round(SHORTLIST)
        for repeats in range(2, self.repeats + 1):
            rung = Rung(folds=float(repeats))
            for place, trial in enumerate(best, start=1):
                highest = history.highest(trial.candidate.key).rung
                if highest.folds < repeats and fits(trial.candidate, rung):
                    return Promotion(trial, rung, f"rank {place}, and no better one for {SATURATED} candidates")
        return None


def first(found: Iterable[Promotion | None]) -> Promotion | None:
    """The first one that there is."""
    return next((promotion for promotion in found if promotion is not None), None)


def _first_of(waiting: Iterable[Trial], ended: Sequence[Trial], places: int) -> Iterator[tuple[int, Trial]]:
    """Trials that ended well among the first places of their rung, and were promoted to no higher one; with ranks."""
    for trial in waiting:
        if (place := rank(ended, trial)) > places:
            return
        if trial.status == "ok":
            yield place, trial


def _of_better_half(
    ladder: Ladder,
    history: History,
    fits: Fits,
    why: str,
    wanted: Callable[[Trial, int], bool] = lambda trial, ended: True,
) -> Promotion | None:
    """To the top, from the lowest rung up; `wanted` is asked of a trial and of how many have ended on its rung."""
    for rung in ladder.rungs[:-1]:
        ended = history.ended_at(rung)
        for place, trial in _first_of(history.waiting_at(rung), ended, (len(ended) + 1) // 2):
            if wanted(trial, len(ended)) and fits(trial.candidate, TOP):
                return Promotion(trial, TOP, f"{why}, rank {place} of {len(ended)} with {rung}")
    return None
