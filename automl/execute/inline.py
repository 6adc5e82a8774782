"""Runs jobs in the calling process, one at a time: for tests, debugging and scikit-learn's checks."""

from __future__ import annotations

import time
from pathlib import Path

from automl import signals
from automl.closing import Closing
from automl.execute.base import Executor, Runs, Waiting
from automl.trials.trial import Failure, Job, Result, Trial


class Inline(Closing):
    """No worker processes: a crash or a hang of a candidate is one of the caller; the clock is looked at between folds.

    Parameters
    ----------
    runs : Runs, optional
        The evaluator; `attach` gives it later.
    """

    def __init__(self, runs: Runs | None = None) -> None:
        self._runs = runs
        self.notes: list[str] = []
        self._queue: list[Waiting] = []

    def attach(self, runs: Runs) -> None:
        """Give it the evaluator."""
        self._runs = runs

    def has_room(self) -> bool:
        """Whether nothing is queued."""
        return not self._queue

    @property
    def idle(self) -> bool:
        """Whether nothing is queued."""
        return not self._queue

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it runs in the next call of `finished`."""
        self._queue.append(Waiting(trial, job, time.monotonic()))

    def finished(self, wait_seconds: float) -> list[tuple[Trial, Result]]:
        """Run the queued job; Ctrl-C leaves it at any point."""
        if not self._queue:
            return []
        assert self._runs is not None
        first = self._queue[0]
        with signals.interruptible():
            result = self._runs.run(first.due())
        self._queue.pop(0)
        return [(first.trial, result)]

    def cancel(self) -> list[tuple[Trial, Result]]:
        """Forget what is queued, the one that Ctrl-C left included."""
        queued, self._queue = self._queue, []
        folds = self._runs.finished_folds if self._runs is not None else lambda job: ()
        return [(one.trial, Failure("cut", "The search ended first.", folds(one.job))) for one in queued]

    def close(self) -> None:
        """Nothing to end."""


class CallingProcess:
    """One job after the other in the calling process, for debugging."""

    name = "inline"

    def start(self, n_jobs: int, run_dir: Path, memory_limit: int | None = None) -> Executor:
        """Nothing to start."""
        return Inline()
