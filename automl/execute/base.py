"""What an executor is."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from automl.trials.trial import Failure, FoldResult, Job, Outcome, Trial


class Runs(Protocol):
    """The part of an evaluator that executors call."""

    def run(self, job: Job) -> Outcome | Failure:
        """Evaluate a job; never raises for the candidate's fault."""

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """Folds of a job that are on disk already."""


class Executor(Protocol):
    """Runs jobs somewhere; knows neither data nor strategies.

    Used as a context manager; on leaving it, everything it started has ended.
    """

    @property
    def notes(self) -> list[str]:
        """What the user should know of how the jobs ran."""

    def attach(self, runs: Runs) -> None:
        """Give it the evaluator, before the first job; until then it may warm up."""

    def has_room(self) -> bool:
        """Whether another job may be submitted now."""

    @property
    def idle(self) -> bool:
        """Whether no job is running or queued."""

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it starts as soon as enough cores are free."""

    def finished(self, wait_seconds: float) -> list[tuple[Trial, Outcome | Failure]]:
        """Jobs that ended, waiting at most that long for the first one."""

    def cancel(self) -> list[tuple[Trial, Outcome | Failure]]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""

    def close(self) -> None:
        """End everything."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
