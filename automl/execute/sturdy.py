"""Worker processes as long as they can be had, then the calling process: what was asked is done in any case."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from automl.closing import Closing
from automl.errors import DiskError, ExecutorError
from automl.execute.base import Executor, Runs, Waiting
from automl.execute.inline import Inline
from automl.execute.memory import has_room_here
from automl.execute.processes import Processes
from automl.trials.trial import Failure, Job, RefitJob, Result, Trial

Ended = tuple[Trial, Result]
NO_ROOM = "no candidate ran in this process, either, as its address space is limited (ulimit -v)"


class Sturdy(Closing):
    """An executor of worker processes that goes on in the calling process where no more can be started.

    There, jobs run one after the other, and look at their limits between folds. A refit is not taken over: nothing
    could end it in time. Where the process has next to no address space left, nothing runs there.

    Parameters
    ----------
    make : callable
        Starts the executor of worker processes.
    """

    def __init__(self, make: Callable[[], Processes]) -> None:
        self._open: dict[int, Waiting] = {}
        self._runs: Runs | None = None
        self._ended: ExecutorError | None = None  # why no candidate runs any more
        self._notes: list[str] = []
        self._failed: list[Ended] = []
        self._workers: Processes | None = None
        self._now: Executor
        try:
            self._now = self._workers = make()
        except DiskError:
            raise
        except (OSError, RuntimeError) as error:  # no room for processes, threads or descriptors
            self._now = Inline()
            self._here(f"worker processes cannot be started ({error})")

    def _here(self, why: str) -> None:
        """Candidates run in this process from now on, or none do; tell why."""
        self._ended = None if has_room_here() else ExecutorError(why)
        how = "candidates ran in this process, one after the other" if self._ended is None else NO_ROOM
        self._notes.append(f"{why[:1].upper()}{why[1:]}: {how}.")

    @property
    def notes(self) -> list[str]:
        """What became of workers that could not be started, for the user."""
        return [*([] if self._workers is None else self._workers.notes), *self._notes]

    @property
    def busy_seconds(self) -> float:
        """Core seconds that workers spent inside jobs."""
        return 0.0 if self._workers is None else self._workers.busy_seconds

    @property
    def first_started(self) -> float | None:
        """When the first job reached a worker, on `time.monotonic`'s clock."""
        return None if self._workers is None else self._workers.first_started

    def attach(self, runs: Runs) -> None:
        """Give it the evaluator, before the first job."""
        self._runs = runs
        self._now.attach(runs)

    def has_room(self) -> bool:
        """Whether another job may be submitted now."""
        return self._now.has_room()

    @property
    def idle(self) -> bool:
        """Whether no job is running or queued."""
        return self._now.idle and not self._failed

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it starts as soon as enough cores are free."""
        self._open[trial.number] = Waiting(trial, job, time.monotonic())
        self._now.submit(trial, job)

    def finished(self, wait_seconds: float) -> list[Ended]:
        """Jobs that ended, waiting at most that long for the first one, or for a signal."""
        if self._ended is not None:
            raise self._ended
        try:
            return self._told(self._now.finished(wait_seconds))
        except ExecutorError as error:
            self._go_on_here(error)
            return self._told([])

    def cancel(self) -> list[Ended]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""
        return self._told(self._now.cancel())

    def _told(self, ended: list[Ended]) -> list[Ended]:
        ended, self._failed = [*self._failed, *ended], []
        for trial, _ in ended:
            self._open.pop(trial.number, None)
        return ended

    def _go_on_here(self, error: ExecutorError) -> None:
        self._now.close()
        self._now = Inline(self._runs)
        self._here(str(error))
        if self._ended is not None:
            raise self._ended
        for one in self._open.values():
            if isinstance(one.job, RefitJob):
                self._failed.append((one.trial, Failure("crashed", str(error))))
            else:
                self._now.submit(one.trial, one.due())

    def close(self) -> None:
        """End everything."""
        self._now.close()


class WorkerProcesses:
    """Worker processes, which survive crashes, hangs and lack of memory of a candidate.

    Parameters
    ----------
    fork : bool, optional
        Whether workers are forked, rather than fresh interpreters; by the platform where not given.
    """

    name = "processes"

    def __init__(self, fork: bool | None = None) -> None:
        self.fork = fork

    def start(self, n_jobs: int, run_dir: Path, memory_limit: int | None = None) -> Executor:
        """Start them, or go on without where there can be none."""
        return Sturdy(lambda: Processes(None, n_jobs, run_dir, memory_limit=memory_limit, fork=self.fork))
