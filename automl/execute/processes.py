"""Runs jobs in worker processes that can be killed: a crash, a hang or too much memory costs one trial.

A supervisor thread owns the workers: it hands them queued jobs the moment they are free, even while the main thread
thinks about the next proposal, and kills what goes over a limit.
"""

from __future__ import annotations

import contextlib
import pickle
import queue
import signal
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from multiprocessing import connection as mpc
from pathlib import Path
from types import TracebackType
from typing import Self

import cloudpickle

from automl import signals
from automl.errors import ExecutorError
from automl.execute import pool
from automl.execute.base import Runs
from automl.execute.memory import Memory, has_room_here
from automl.execute.pool import Pool, Worker
from automl.execute.worker import Unopened
from automl.trials.disk import writing
from automl.trials.files import write_whole
from automl.trials.trial import Failure, FailureKind, Job, Outcome, Trial

TICK_SECONDS = 0.1  # between looks at memory and limits
LOOK_SECONDS = 0.2  # between looks at signals
WARM_SHARE, WARM_SECONDS = 0.25, 5.0  # of the time until the search ends, and at most, for the first worker to come up
HERE_SHARE = 0.25  # of the time that is left, which a job may take that cannot be stopped

Ended = tuple[Trial, Outcome | Failure]


@dataclass
class _Run:
    """A job in a worker."""

    trial: Trial
    job: Job
    worker: Worker
    started: float
    peak_bytes: int = 0
    killed: bool = False
    unopened: bool = False  # the worker could not open the evaluator


class Processes:
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
        self._n_jobs = n_jobs
        self._memory = Memory(memory_limit)
        self._runs_path = run_dir / "evaluator.pkl"
        self._pool = Pool(self._runs_path, run_dir / "workers.log", fork=pool.CAN_FORK if fork is None else fork)
        self._lock = threading.Lock()  # guards the next three
        self._queue: deque[tuple[Trial, Job]] = deque()
        self._running: list[_Run] = []
        self._open = 0  # jobs submitted and not yet told of
        self._resting: list[Worker] = []
        self._repeated: set[int] = set()  # trials whose job was queued again
        self._ended: queue.Queue[Ended | ExecutorError] = queue.Queue()
        self._error: ExecutorError | None = None
        self.busy_seconds = 0.0
        self.first_started: float | None = None
        self._closing = self._cancelling = False
        self._warm = False  # whether some worker has come up
        self._born = time.monotonic()
        try:
            self._bell, self._ringer = mpc.Pipe(duplex=False)
            self._supervisor = threading.Thread(target=self._supervise, name="automl-supervisor", daemon=True)
            self._supervisor.start()
        except (OSError, RuntimeError):  # no room for descriptors or a thread
            self._pool.close()
            raise
        if runs is not None:
            self.attach(runs)

    @property
    def notes(self) -> list[str]:
        """What became of workers that could not be started, for the user."""
        return self._pool.notes

    def attach(self, runs: Runs) -> None:
        """Give it the evaluator, before the first job."""
        self._runs = runs
        with writing("The table", self._runs_path.parent):
            content = cloudpickle.dumps(runs)
            write_whole(self._runs_path, lambda beside: beside.write_bytes(content), lasting=False)

    # ---- the main thread's side

    def has_room(self) -> bool:
        """A free core; with more than one job at a time, one more is queued beyond the workers."""
        with self._lock:
            if self._n_jobs == 1:
                return self._open == 0
            taken = [*(run.job for run in self._running), *(job for _, job in self._queue)]
            return not self._queue or (
                sum(job.threads for job in taken) < self._n_jobs and self._memory.has_room(taken)
            )

    @property
    def idle(self) -> bool:
        """Whether every job that was submitted has been told of."""
        with self._lock:
            return self._open == 0

    def submit(self, trial: Trial, job: Job) -> None:
        """Queue a job; it starts as soon as enough cores are free."""
        with self._lock:
            self._queue.append((trial, job))
            self._open += 1
        self._ring()

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
        with self._lock:
            if self._warm or not self._queue or not self._late_for(self._queue[0][1]):
                return None
            trial, job = self._queue.popleft()
        assert self._runs is not None
        self.first_started = self.first_started or time.monotonic()
        try:
            with signals.interruptible():
                result = self._runs.run(job)
        except BaseException:
            with self._lock:
                self._queue.appendleft((trial, job))
            raise
        with self._lock:
            self._open -= 1
        return trial, result

    def _late_for(self, job: Job) -> bool:
        """Whether a job has waited long enough for the first worker, and would be done here well within the time."""
        if job.ends is None or job.expected is None:
            return False
        now = time.monotonic()
        waited = now - self._born >= min(WARM_SECONDS, WARM_SHARE * (job.ends - self._born))
        return waited and job.expected <= HERE_SHARE * (job.ends - now) and has_room_here()

    def _collect(self, wait_seconds: float) -> list[Ended]:
        ended: list[Ended] = []
        if self._error is not None:
            raise self._error
        with contextlib.suppress(queue.Empty):
            item = self._ended.get(timeout=max(0.0, wait_seconds)) if self._open else self._ended.get_nowait()
            while True:
                if isinstance(item, ExecutorError):
                    self._error = item
                    raise item
                ended.append(item)
                item = self._ended.get_nowait()
        with self._lock:
            self._open -= len(ended)
        return ended

    def cancel(self) -> list[Ended]:
        """Stop everything that runs or waits; each comes back as cut, with the folds that it finished."""
        self._cancelling = True
        self._ring()
        ended: list[Ended] = []
        with contextlib.suppress(ExecutorError):  # then nothing more comes, and what is here must not be lost
            while not self.idle and self._supervisor.is_alive():
                ended += self._collect(1.0)
        self._cancelling = False
        return ended

    def close(self) -> None:
        """End every process that was started."""
        self._closing = True
        self._ring()
        self._supervisor.join()
        for worker in [*self._resting, *(run.worker for run in self._running)]:
            worker.kill()
        self._pool.close()
        self._bell.close()
        self._ringer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ring(self) -> None:
        self._ringer.send_bytes(b"!")

    # ---- the supervisor's side

    def _supervise(self) -> None:
        try:
            while not self._closing:
                if self._cancelling:
                    self._cut_all()
                self._start_queued()
                mpc.wait([self._bell, *(run.worker.connection for run in self._running)], timeout=self._pause())
                while self._bell.poll():
                    self._bell.recv_bytes()
                self._relieve()
                for run in list(self._running):
                    if (result := self._result(run)) is not None and not self._again(run, result):
                        self._leave(run, result)
        except Exception as error:  # told to the main thread, which would wait for ever
            self._ended.put(ExecutorError(f"worker processes cannot be started or kept ({error})"))

    def _pause(self) -> float:
        now = time.monotonic()
        limits = [
            run.started + run.job.seconds_limit - now for run in self._running if run.job.seconds_limit is not None
        ]
        return max(0.0, min([TICK_SECONDS, *limits]))

    def _start_queued(self) -> None:
        while not self._cancelling:
            with self._lock:
                if not self._queue:
                    return
                jobs = [*(run.job for run in self._running), self._queue[0][1]]
                many = sum(job.threads for job in jobs) > self._n_jobs or not self._memory.holds(jobs)
                if self._running and many:
                    return
            worker = self._rested() or self._started()
            if worker is None:
                return
            self._warm = True
            self.first_started = self.first_started or time.monotonic()
            with self._lock:
                if not self._queue:  # cancelled meanwhile
                    self._resting.append(worker)
                    return
                trial, job = self._queue.popleft()
                run = _Run(trial, job, worker, time.monotonic())
                self._running.append(run)
            try:
                worker.connection.send(job)
            except OSError:  # it died while it rested; its connection says so next
                continue

    def _started(self) -> Worker | None:
        """A new worker; None where it is wanted no more, or where those that run must do."""
        try:
            return self._pool.start(lambda: self._closing or self._cancelling, alone=not self._running)
        except (OSError, EOFError) as error:
            if not self._running:
                raise
            self._n_jobs = sum(run.job.threads for run in self._running)
            self.notes.append(f"No further worker could be started ({error}): {self._n_jobs} cores were used.")
            return None

    def _rested(self) -> Worker | None:
        """A worker that waits for work; one that died while it rested is no trial's fault."""
        while self._resting:
            worker = self._resting.pop()
            # nothing is due from it, so something to read is its end; that of its server is soon its own
            if not worker.orphaned and not worker.connection.poll():
                return worker
            worker.kill()
        return None

    def _result(self, run: _Run) -> Outcome | Failure | None:
        try:
            if run.worker.connection.poll():
                result, seconds = run.worker.connection.recv()
                if isinstance(result, Unopened):
                    run.unopened = True
                    return self._killed(run, "crashed", f"A worker could not open the run's files ({result.why}).")
                self.busy_seconds += seconds * run.job.threads
                peak = max(run.peak_bytes, run.worker.resident_bytes())
                return replace(result, peak_bytes=peak) if isinstance(result, Outcome) else result
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._death(run)
        run.peak_bytes = max(run.peak_bytes, run.worker.resident_bytes())
        limit = self._memory.of(run.job)
        if limit is not None and run.peak_bytes > limit:
            return self._killed(run, "memory", f"Needed more than {limit / 1e9:.2f} GB (memory_limit).")
        if run.job.seconds_limit is not None and time.monotonic() >= run.started + run.job.seconds_limit:
            return self._killed(run, "timeout", f"Took longer than {run.job.seconds_limit:.1f} s.")
        return None

    def _relieve(self) -> None:
        """Where all workers together hold too much, the largest job ends."""
        worker = self._memory.too_large([run.worker for run in self._running], self._resting)
        if worker is None or worker.connection.poll():  # it has just ended
            return
        run = next(run for run in self._running if run.worker is worker)
        limit = f"{(self._memory.limit or 0) / 1e9:.2f} GB"
        message = f"All workers together needed more than {limit} (memory_limit), this one the most."
        self._leave(run, self._killed(run, "memory", message))

    def _again(self, run: _Run, result: Outcome | Failure) -> bool:
        """Queue a job once more whose worker ended through no fault of its own; whether that was done."""
        innocent = isinstance(result, Failure) and result.kind == "crashed" and (run.unopened or run.worker.orphaned)
        if not innocent or run.trial.number in self._repeated:
            return False
        self._repeated.add(run.trial.number)
        if run.unopened:
            with contextlib.suppress(OSError):
                self.attach(self._runs)
        with self._lock:
            self._running.remove(run)
            self._queue.appendleft((run.trial, run.job))
        return True

    def _killed(self, run: _Run, kind: FailureKind, message: str) -> Failure:
        run.worker.kill()  # before its folds are read: nothing is written behind our back
        run.killed = True
        self.busy_seconds += (time.monotonic() - run.started) * run.job.threads
        return Failure(kind, message, self._runs.finished_folds(run.job))

    def _death(self, run: _Run) -> Failure:
        status = self._pool.exit_status(run.worker)
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = " (out of memory, or killed from outside)" if name == "SIGKILL" else ""
            return self._killed(run, "crashed", f"The worker process died of {name}{hint}.")
        shown = "" if status is None else f" with exit status {status}"
        return self._killed(run, "crashed", f"The worker process ended{shown}.")

    def _leave(self, run: _Run, result: Outcome | Failure) -> None:
        with self._lock:
            self._running.remove(run)
        if not run.killed:
            self._resting.append(run.worker)
        self._ended.put((run.trial, result))

    def _cut_all(self) -> None:
        with self._lock:
            waiting = list(self._queue)
            self._queue.clear()
        for run in list(self._running):
            self._leave(run, self._killed(run, "cut", "The search ended first."))
        for trial, _ in waiting:
            self._ended.put((trial, Failure("cut", "The search ended first.")))
