"""Runs jobs in worker processes that can be killed: a crash, a hang or too much memory costs one trial."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import connection as mpc
from pathlib import Path
from types import TracebackType
from typing import Self

import cloudpickle

from automl.execute.base import Runs
from automl.execute.pool import Pool, Worker
from automl.trials.artifacts import write_whole
from automl.trials.trial import Failure, Job, Outcome, Trial

WATCH_SECONDS = 0.1


@dataclass
class _Run:
    """A job in a worker."""

    trial: Trial
    job: Job
    worker: Worker
    started: float
    peak_bytes: int = 0
    killed_for: str | None = None


class Processes:
    """One process a running job, forked from a warm server; replaced when it dies.

    Parameters
    ----------
    runs : Runs
        The evaluator; it is pickled once, a user's scorer by cloudpickle.
    n_jobs : int
        Cores in use, native threads of the jobs included.
    run_dir : Path
    fork : bool
        False starts every worker as a fresh interpreter, as on machines without fork.
    clock : callable
        Seconds; for tests.
    """

    def __init__(
        self,
        runs: Runs,
        n_jobs: int,
        run_dir: Path,
        *,
        fork: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runs = runs
        self._n_jobs = n_jobs
        self._clock = clock
        path = run_dir / "evaluator.pkl"
        write_whole(path, lambda beside: beside.write_bytes(_pickled(runs)))
        self._pool = Pool(path, run_dir / "workers.log", fork=fork)
        self._queue: list[tuple[Trial, Job]] = []
        self._running: list[_Run] = []
        self._resting: list[Worker] = []
        self.busy_seconds = 0.0  # of cores, inside jobs
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._watcher = threading.Thread(target=self._watch_memory, name="automl-memory", daemon=True)
        self._watcher.start()

    # ---- submitting

    def has_room(self) -> bool:
        """A free core; with more than one job at a time, one more is queued beyond the workers."""
        used = sum(run.job.threads for run in self._running) + sum(job.threads for _, job in self._queue)
        return used < self._n_jobs or (self._n_jobs > 1 and not self._queue)

    @property
    def idle(self) -> bool:
        """Whether no job is running or queued."""
        return not self._running and not self._queue

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it starts as soon as enough cores are free."""
        self._queue.append((trial, job))
        self._start_queued()

    def _start_queued(self) -> None:
        while self._queue:
            trial, job = self._queue[0]
            used = sum(run.job.threads for run in self._running)
            if self._running and used + job.threads > self._n_jobs:
                return
            self._queue.pop(0)
            worker = self._resting.pop() if self._resting else self._pool.start()
            try:
                worker.connection.send(job)
            except OSError:  # it died while it rested
                worker.kill()
                worker = self._pool.start()
                worker.connection.send(job)
            with self._lock:
                self._running.append(_Run(trial, job, worker, self._clock()))

    # ---- collecting

    def finished(self, wait_seconds: float) -> list[tuple[Trial, Outcome | Failure]]:
        """Jobs that ended, waiting at most that long for the first one."""
        until = self._clock() + wait_seconds
        while True:
            now = self._clock()
            limits = [run.started + run.job.seconds_limit for run in self._running if run.job.seconds_limit is not None]
            wake = min([until, *limits])
            mpc.wait([run.worker.connection for run in self._running], timeout=max(0.0, wake - now))
            ended = [(run, result) for run in self._running if (result := self._result(run)) is not None]
            for run, _ in ended:
                self._leave(run)
            self._start_queued()
            if ended or self._clock() >= until or self.idle:
                return [(run.trial, result) for run, result in ended]

    def _result(self, run: _Run) -> Outcome | Failure | None:
        try:
            if run.worker.connection.poll():
                result: Outcome | Failure = run.worker.connection.recv()
                if isinstance(result, Outcome):
                    return replace(result, peak_bytes=max(run.peak_bytes, run.worker.resident_bytes()))
                return result
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._death(run)
        limit = run.job.seconds_limit
        if limit is not None and self._clock() >= run.started + limit:
            run.killed_for = "timeout"
            return Failure("timeout", f"Took longer than {limit:.1f} s.", self._runs.finished_folds(run.job))
        return None

    def _death(self, run: _Run) -> Failure:
        folds = self._runs.finished_folds(run.job)
        if run.killed_for == "memory":
            limit = (run.job.bytes_limit or 0) / 1e9
            return Failure("memory", f"Needed more than {limit:.2f} GB (memory_limit).", folds)
        status = self._pool.exit_status(run.worker)
        run.killed_for = "crash"
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = " (out of memory, or killed from outside)" if name == "SIGKILL" else ""
            return Failure("crashed", f"The worker process died of {name}{hint}.", folds)
        shown = "" if status is None else f" with exit status {status}"
        return Failure("crashed", f"The worker process ended{shown}.", folds)

    def _leave(self, run: _Run) -> None:
        self.busy_seconds += (self._clock() - run.started) * run.job.threads
        with self._lock:
            self._running.remove(run)
        if run.killed_for is None:
            self._resting.append(run.worker)
        else:
            run.worker.kill()

    # ---- ending

    def cancel(self) -> list[tuple[Trial, Failure]]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""
        stopped: list[tuple[Trial, Failure]] = []
        for run in list(self._running):
            run.killed_for = "cut"
            folds = self._runs.finished_folds(run.job)
            stopped.append((run.trial, Failure("cut", "The search ended first.", folds)))
            self._leave(run)
        stopped += [(trial, Failure("cut", "The search ended first.")) for trial, _ in self._queue]
        self._queue.clear()
        return stopped

    def close(self) -> None:
        """End every process that was started."""
        self._closed.set()
        self.cancel()
        for worker in self._resting:
            worker.kill()
        self._resting.clear()
        self._watcher.join()
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- memory

    def _watch_memory(self) -> None:
        """Kill workers above their limit; the main thread sees the end of their connection."""
        while not self._closed.wait(WATCH_SECONDS):
            with self._lock:
                for run in self._running:
                    run.peak_bytes = max(run.peak_bytes, run.worker.resident_bytes())
                    limit = run.job.bytes_limit
                    if limit is not None and run.peak_bytes > limit and run.killed_for is None:
                        run.killed_for = "memory"
                        run.worker.strike()


def _pickled(runs: Runs) -> bytes:
    data: bytes = cloudpickle.dumps(runs)
    return data
