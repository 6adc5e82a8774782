"""What an executor is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from automl.trials.trial import FoldResult, Job, Result, Trial


class Runs(Protocol):
    """The part of an evaluator that executors call."""

    def run(self, job: Job) -> Result:
        """Do a job; never raises for the candidate's fault."""

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """Folds of a job that are on disk already."""


@dataclass
class Waiting:
    """A job that was submitted, and when, on `time.monotonic`'s clock."""

    trial: Trial
    job: Job
    submitted: float

    def due(self) -> Job:
        """The job as it is where it begins now."""
        return self.job.after(time.monotonic() - self.submitted)


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

    def finished(self, wait_seconds: float) -> list[tuple[Trial, Result]]:
        """Jobs that ended, waiting at most that long for the first one."""

    def cancel(self) -> list[tuple[Trial, Result]]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""

    def close(self) -> None:
        """End everything."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Backend(Protocol):
    """Starts the executor of a run; its options are those of its constructor."""

    name: str

    def start(self, n_jobs: int, run_dir: Path, memory_limit: int | None = None) -> Executor:
        """Start it; it warms up until an evaluator is attached.

        `memory_limit` is in bytes, for all jobs together.
        """
