"""Runs jobs in the calling process, one at a time: for tests, debugging and scikit-learn's checks."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from automl import signals
from automl.execute.base import Runs
from automl.trials.trial import Failure, Job, Outcome, Trial


class Inline:
    """No worker processes: a crash or a hang of a candidate is one of the caller; the clock is looked at between folds.

    Parameters
    ----------
    runs : Runs, optional
        The evaluator; `attach` gives it later.
    """

    def __init__(self, runs: Runs | None = None) -> None:
        self._runs = runs
        self.notes: list[str] = []
        self._queue: list[tuple[Trial, Job]] = []

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
        self._queue.append((trial, job))

    def finished(self, wait_seconds: float) -> list[tuple[Trial, Outcome | Failure]]:
        """Run the queued job; Ctrl-C leaves it at any point."""
        if not self._queue:
            return []
        assert self._runs is not None
        trial, job = self._queue[0]
        with signals.interruptible():
            result = self._runs.run(job)
        self._queue.pop(0)
        return [(trial, result)]

    def cancel(self) -> list[tuple[Trial, Outcome | Failure]]:
        """Forget what is queued, the one that Ctrl-C left included."""
        queued, self._queue = self._queue, []
        folds = self._runs.finished_folds if self._runs is not None else lambda job: ()
        return [(trial, Failure("cut", "The search ended first.", folds(job))) for trial, job in queued]

    def close(self) -> None:
        """Nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
