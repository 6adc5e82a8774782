"""Runs jobs in worker processes that can be killed: a crash, a hang or too much memory costs one trial."""

from __future__ import annotations

import contextlib
import queue
import time
from pathlib import Path

from automl import signals
from automl.closing import Closing
from automl.errors import ExecutorError
from automl.execute.base import Runs, Waiting
from automl.execute.constants import HERE_SHARE, WARM_SECONDS, WARM_SHARE
from automl.execute.memory import has_room_here
from automl.execute.supervisor import Ended, Supervisor
from automl.trials.trial import Job, Trial

LOOK_SECONDS = 0.2  # between looks at signals


class Processes(Closing):
    """One process a running job, forked from a warm server; replaced when it dies.

    Parameters
    ----------
    runs : Runs, optional
        The evaluator; it is pickled once, a user's scorer by cloudpickle. `attach` gives it later, while the server of
        workers imports the libraries.
    n_jobs : int
        Cores in use, native threads of the jobs included.
    run_dir : Path
    memory_limit : int, optional
        Bytes of all workers together; a job's own share comes with the job.
    fork : bool, optional
        False starts every worker as a fresh interpreter; the default where fork is not to be had.

    Attributes
    ----------
    busy_seconds : float
        Core seconds that workers spent inside jobs.
    first_started : float or None
        When the first job reached a worker, on `time.monotonic`'s clock.
    """

    def __init__(
        self,
        runs: Runs | None,
        n_jobs: int,
        run_dir: Path,
        *,
        memory_limit: int | None = None,
        fork: bool | None = None,
    ) -> None:
        self._runs = runs
        self._supervisor = Supervisor(n_jobs, run_dir, memory_limit, fork)
        self._open = 0  # jobs submitted and not yet told of
        self._error: ExecutorError | None = None
        self._born = time.monotonic()
        if runs is not None:
            self.attach(runs)

    @property
    def busy_seconds(self) -> float:
        """Core seconds that workers spent inside jobs."""
        return self._supervisor.busy_seconds

    @property
    def first_started(self) -> float | None:
        """When the first job began, on `time.monotonic`'s clock."""
        return self._supervisor.first_started

    @property
    def notes(self) -> list[str]:
        """What became of workers that could not be started, for the user."""
        return self._supervisor.pool.notes

    def attach(self, runs: Runs) -> None:
        """Give it the evaluator, before the first job."""
        self._runs = runs
        self._supervisor.attach(runs)

    def has_room(self) -> bool:
        """A free core; with more than one job at a time, one more is queued beyond the workers."""
        return self.idle if self._supervisor.n_jobs == 1 else self._supervisor.has_room()

    @property
    def idle(self) -> bool:
        """Whether every job that was submitted has been told of."""
        return self._open == 0

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it starts as soon as enough cores are free."""
        self._open += 1
        with self._supervisor.lock:
            self._supervisor.queue.append(Waiting(trial, job, time.monotonic()))
        self._supervisor.ring()

    def finished(self, wait_seconds: float) -> list[Ended]:
        """Jobs that ended, waiting at most that long for the first one, or for a signal."""
        until = time.monotonic() + wait_seconds
        while True:
            signals.checkpoint()
            if (here := self._run_here()) is not None:
                return [here]
            ended = self._collect(min(LOOK_SECONDS, until - time.monotonic()))
            if ended or self.idle or time.monotonic() >= until:
                return ended

    def _run_here(self) -> Ended | None:
        """Run a quick job in this process, where the first worker is late: its libraries come from a slow disk, say."""
        supervisor, waiting = self._supervisor, self._supervisor.queue
        with supervisor.lock:
            if supervisor.warm or not waiting or not self._late_for(waiting[0]):
                return None
            first = waiting.popleft()
        assert self._runs is not None
        supervisor.first_started = supervisor.first_started or time.monotonic()
        try:
            with signals.interruptible():
                result = self._runs.run(first.due())
        except BaseException:
            with supervisor.lock:
                waiting.appendleft(first)
            raise
        self._open -= 1
        return first.trial, result

    def _late_for(self, first: Waiting) -> bool:
        """Whether a job has waited long enough for the first worker, and would be done here well within the time."""
        left, expected = first.due().seconds_left, first.job.expected
        if left is None or expected is None:
            return False
        age = time.monotonic() - self._born
        waited = age >= min(WARM_SECONDS, WARM_SHARE * (age + left))
        return waited and expected <= HERE_SHARE * left and has_room_here()

    def _collect(self, wait_seconds: float) -> list[Ended]:
        ended: list[Ended] = []
        if self._error is not None:
            raise self._error
        with contextlib.suppress(queue.Empty):
            told = self._supervisor.ended
            item = told.get(timeout=max(0.0, wait_seconds)) if self._open else told.get_nowait()
            while True:
                if isinstance(item, ExecutorError):
                    self._error = item
                    raise item
                ended.append(item)
                item = told.get_nowait()
        self._open -= len(ended)
        return ended

    def cancel(self) -> list[Ended]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""
        supervisor = self._supervisor
        ended: list[Ended] = []
        supervisor.cancelling = True
        supervisor.ring()
        with contextlib.suppress(ExecutorError):  # then nothing more comes, and what is here must not be lost
            while not self.idle and supervisor.alive:
                ended += self._collect(1.0)
        supervisor.cancelling = False
        return ended

    def close(self) -> None:
        """End every process that was started."""
        self._supervisor.close()
