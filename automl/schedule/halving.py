"""Successive halving and Hyperband: many candidates are tried cheaply, the best of them more thoroughly.

Both are asynchronous: a candidate is promoted as soon as it is among the best third of those that have ended on its
rung, and nothing waits for a rung to fill (Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar
2020, "A System for Massively Parallel Hyperparameter Tuning", MLSys; successive halving is Jamieson and Talwalkar's,
AISTATS 2016). Everything is read from the history: there is no state to lose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from automl.schedule.ladder import ETA, Ladder
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import Race, Rung, Trial

Fits = Callable[[Candidate, Rung], bool]  # whether there is time for a candidate at a rung


@dataclass(frozen=True)
class Promotion:
    """A candidate that has earned a higher rung: its trial below, and why."""

    trial: Trial
    rung: Rung
    why: str


class Rule(Protocol):
    """How thoroughly candidates are evaluated; reads the history, never changes anything."""

    ladder: Ladder

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """Rung on which a new candidate starts."""

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """The next candidate to evaluate more thoroughly, if one has earned it."""

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """What stops the evaluation of a candidate on the way."""


class Whole:
    """Every candidate is evaluated in full."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = Ladder(ladder.space)

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The top."""
        return self.ladder.rungs[-1]

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """Nobody is below."""
        return None

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """Nobody is stopped."""
        return None


class Halving(Whole):
    """Asynchronous successive halving: everybody starts on the lowest rung."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The candidate's lowest rung."""
        return self.ladder.for_candidate(candidate)[0]

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """From the highest rung down, the best of those among the first third."""
        return first_promotion(history.trials, self.ladder, history, fits)


class Hyperband(Halving):
    """Asynchronous Hyperband: brackets of successive halving that start on rung after rung.

    How many candidates start where is Hyperband's (Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar 2018, JMLR): each
    bracket has about the same work. A bracket's candidates compete among themselves.
    """

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """Rung of the bracket that lacks most beside its share."""
        brackets, own = self._brackets(history), self.ladder.for_candidate(candidate)
        last = len(self.ladder.rungs) - 1
        shares = [(last + 1) / (last - place + 1) * ETA ** (last - place) for place in range(last + 1)]
        place = min(range(last + 1), key=lambda place: ((len(brackets[place]) + 1) / shares[place], place))
        wanted = self.ladder.rungs[place]
        return next(rung for rung in own if rung.work >= wanted.work)

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """The first bracket that has one."""
        for keys in self._brackets(history):
            trials = [trial for trial in history.trials if trial.candidate.key in keys]
            if (found := first_promotion(trials, self.ladder, history, fits)) is not None:
                return found
        return None

    def _brackets(self, history: History) -> list[set[str]]:
        """Candidates by the rung that they started on."""
        started: dict[str, Rung] = {}
        for trial in history.candidates_trials():
            started.setdefault(trial.candidate.key, trial.rung)
        return [{key for key, rung in started.items() if rung == one} for one in self.ladder.rungs]


def first_promotion(trials: Iterable[Trial], ladder: Ladder, history: History, fits: Fits) -> Promotion | None:
    """The rule of asynchronous successive halving over some trials, from the highest rung down."""
    trials = list(trials)
    for rung in reversed(ladder.rungs[:-1]):
        ended = standing(trials, rung)
        for rank, trial in enumerate(ended[: len(ended) // ETA], start=1):
            above = ladder.above(trial.candidate, rung)
            if trial.status == "ok" and may_rise(trial, history) and fits(trial.candidate, above):
                return Promotion(trial, above, f"rank {rank} of {len(ended)} with {rung}")
    return None


def standing(trials: Iterable[Trial], rung: Rung) -> list[Trial]:
    """What has ended on a rung, the best first, failures last."""
    ended = [trial for trial in trials if trial.rung == rung and trial.status not in ("running", "cut")]
    return sorted(ended, key=lambda trial: (math.inf if trial.loss is None else trial.loss, trial.number))


def may_rise(trial: Trial, history: History) -> bool:
    """Whether a candidate has not been started on a higher rung before."""
    return history.highest(trial.candidate.key).rung == trial.rung
