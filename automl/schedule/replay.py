"""Runs the trials of a recorded run again, in the order of their numbers, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from automl.schedule.scheduler import Asks
from automl.trials.history import History
from automl.trials.trial import FailureKind, Job, Proposal


class Replay:
    """The scheduler of a replay: every unfinished trial of the history at its own rung, without limits.

    A candidate's rungs build on one another, so a trial waits for the one before it of the same candidate.

    Parameters
    ----------
    threads : mapping of int to int
        Native threads that each trial had; results of some libraries depend on them in the last digits.
    ends : mapping of int to tuple
        Rounds after which the clock ended the fits of a trial, by its number.
    stops : mapping of int to (int, str, str)
        Of trials that ended early: after how many folds, how, and why.
    """

    exhausted = False
    ask_seconds = 0.0

    def __init__(
        self,
        threads: Mapping[int, int],
        ends: Mapping[int, tuple[int | None, ...]],
        stops: Mapping[int, tuple[int, FailureKind, str]],
    ) -> None:
        self._threads, self._ends, self._stops = threads, ends, stops

    def next(self, history: History, strategy: Asks) -> Job | None:
        """The next trial's job; None when there is none to start now."""
        if not history.unfinished:
            return None
        trial = history.unfinished[0]
        begun = [other for other in history.running() if other not in history.unfinished]
        if any(other.candidate.key == trial.candidate.key for other in begun):
            return None
        proposal = Proposal(trial.candidate, trial.origin, trial.parents)
        threads, ends = self._threads.get(trial.number, 1), self._ends.get(trial.number, ())
        stopped = self._stops.get(trial.number)
        return Job(proposal, trial.rung, threads=threads, trial=trial.number, ended_after=ends, stopped=stopped)
