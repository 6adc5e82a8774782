"""The thread that owns the workers.

It hands them queued jobs the moment they are free, even while the main thread thinks about the next proposal, and kills
what goes over a limit.
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

import cloudpickle

from automl.errors import ExecutorError
from automl.execute import pool
from automl.execute.base import Runs, Waiting
from automl.execute.memory import Memory
from automl.execute.pool import Pool, Worker
from automl.execute.worker import Unopened
from automl.trials.disk import writing
from automl.trials.files import write_whole
from automl.trials.trial import Failure, FailureKind, Outcome, Result, Trial

TICK_SECONDS = 0.1  # between looks at memory and limits

Ended = tuple[Trial, Result]


@dataclass
class Run(Waiting):
    """A job in a worker."""

    worker: Worker
    started: float
    peak_bytes: int = 0
    killed: bool = False
    unopened: bool = False  # the worker could not open the evaluator


class Supervisor:
    """Runs queued jobs in workers until it is closed.

    Parameters
    ----------
    n_jobs : int
        Cores in use, native threads of the jobs included.
    run_dir : Path
    memory_limit : int or None
        Bytes of all workers together.
    fork : bool or None
        Whether workers are forked; by the platform where None.

    Attributes
    ----------
    n_jobs : int
        Fewer than were given where no more workers can be started.
    lock
        Guards `queue` and `running`, which the main thread looks at, too.
    ended
        What came of jobs, and an error where no more come.
    cancelling : bool
        Whether everything is to be cut.
    warm : bool
        Whether some worker has come up.
    busy_seconds : float
        Core seconds that workers spent inside jobs.
    first_started : float or None
        When the first job began, on `time.monotonic`'s clock.
    """

    def __init__(self, n_jobs: int, run_dir: Path, memory_limit: int | None, fork: bool | None) -> None:
        self.n_jobs = n_jobs
        self._memory = Memory(memory_limit)
        self._runs_path = run_dir / "evaluator.pkl"
        self.pool = Pool(self._runs_path, run_dir / "workers.log", fork=pool.CAN_FORK if fork is None else fork)
        self.lock = threading.Lock()
        self.queue: deque[Waiting] = deque()
        self.running: list[Run] = []
        self.ended: queue.Queue[Ended | ExecutorError] = queue.Queue()
        self._resting: list[Worker] = []
        self._repeated: set[int] = set()  # trials whose job was queued again
        self.busy_seconds = 0.0
        self.first_started: float | None = None
        self.closing = self.cancelling = self.warm = False
        try:
            self._bell, self._ringer = mpc.Pipe(duplex=False)
            self._thread = threading.Thread(target=self._supervise, name="automl-supervisor", daemon=True)
            self._thread.start()
        except (OSError, RuntimeError):  # no room for descriptors or a thread
            self.pool.close()
            raise

    def attach(self, runs: Runs) -> None:
        """Write the evaluator down for the workers: pickled once, a user's scorer by cloudpickle."""
        self.runs = runs
        with writing("The table", self._runs_path.parent):
            content = cloudpickle.dumps(runs)
            write_whole(self._runs_path, lambda beside: beside.write_bytes(content), lasting=False)

    @property
    def alive(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive()

    def has_room(self) -> bool:
        """A free core, or a place to wait for one."""
        with self.lock:
            taken = [*(run.job for run in self.running), *(one.job for one in self.queue)]
            return not self.queue or (sum(job.threads for job in taken) < self.n_jobs and self._memory.has_room(taken))

    def ring(self) -> None:
        """Wake it up."""
        self._ringer.send_bytes(b"!")

    def close(self) -> None:
        """End every process that was started."""
        self.closing = True
        self.ring()
        self._thread.join()
        for worker in [*self._resting, *(run.worker for run in self.running)]:
            worker.kill()
        self.pool.close()
        self._bell.close()
        self._ringer.close()

    # ---- its own thread

    def _supervise(self) -> None:
        try:
            while not self.closing:
                if self.cancelling:
                    self._cut_all()
                self._start_queued()
                mpc.wait([self._bell, *(run.worker.connection for run in self.running)], timeout=self._pause())
                while self._bell.poll():
                    self._bell.recv_bytes()
                self._enforce_memory()
                for run in list(self.running):
                    if (result := self._result(run)) is not None and not self._again(run, result):
                        self._leave(run, result)
        except Exception as error:  # told to the main thread, which would wait for ever
            self.ended.put(ExecutorError(f"worker processes cannot be started or kept ({error})"))

    def _pause(self) -> float:
        now = time.monotonic()
        limits = [
            run.started + run.job.seconds_limit - now for run in self.running if run.job.seconds_limit is not None
        ]
        return max(0.0, min([TICK_SECONDS, *limits]))

    def _start_queued(self) -> None:
        while not self.cancelling:
            with self.lock:
                if not self.queue:
                    return
                jobs = [*(run.job for run in self.running), self.queue[0].job]
                many = sum(job.threads for job in jobs) > self.n_jobs or not self._memory.holds(jobs)
                if self.running and many:
                    return
            worker = self._rested() or self._started()
            if worker is None:
                return
            self.warm = True
            self.first_started = self.first_started or time.monotonic()
            with self.lock:
                if not self.queue:  # cancelled meanwhile
                    self._resting.append(worker)
                    return
                first = self.queue.popleft()
                run = Run(first.trial, first.job, first.submitted, worker, time.monotonic())
                self.running.append(run)
            try:
                worker.connection.send((run.job, run.submitted))
            except OSError:  # it died while it rested; its connection says so next
                continue

    def _started(self) -> Worker | None:
        """A new worker; None where it is wanted no more, or where those that run must do."""
        try:
            return self.pool.start(lambda: self.closing or self.cancelling, alone=not self.running)
        except (OSError, EOFError) as error:
            if not self.running:
                raise
            self.n_jobs = sum(run.job.threads for run in self.running)
            self.pool.notes.append(f"No further worker could be started ({error}): {self.n_jobs} cores were used.")
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

    def _result(self, run: Run) -> Result | None:
        try:
            if run.worker.connection.poll():
                result, seconds = run.worker.connection.recv()
                if isinstance(result, Unopened):
                    run.unopened = True
                    return self._killed(run, "crashed", f"A worker could not open the run's files ({result.why}).")
                self.busy_seconds += seconds * run.job.threads
                peak = max(run.peak_bytes, run.worker.resident_bytes())
                ended: Result = result
                if isinstance(ended, Outcome):
                    return replace(ended, measures=replace(ended.measures, peak_bytes=peak))
                return ended
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._death(run)
        run.peak_bytes = max(run.peak_bytes, run.worker.resident_bytes())
        limit = self._memory.of(run.job)
        if limit is not None and run.peak_bytes > limit:
            return self._killed(run, "memory", f"Needed more than {limit / 1e9:.2f} GB (memory_limit).")
        if run.job.seconds_limit is not None and time.monotonic() >= run.started + run.job.seconds_limit:
            return self._killed(run, "timeout", f"Took longer than {run.job.seconds_limit:.1f} s.")
        return None

    def _enforce_memory(self) -> None:
        """Where all workers together hold too much, the largest job ends."""
        worker = self._memory.too_large([run.worker for run in self.running], self._resting)
        if worker is None or worker.connection.poll():  # it has just ended
            return
        run = next(run for run in self.running if run.worker is worker)
        limit = f"{(self._memory.limit or 0) / 1e9:.2f} GB"
        message = f"All workers together needed more than {limit} (memory_limit), this one the most."
        self._leave(run, self._killed(run, "memory", message))

    def _again(self, run: Run, result: Result) -> bool:
        """Queue a job once more whose worker ended through no fault of its own; whether that was done."""
        innocent = isinstance(result, Failure) and result.kind == "crashed" and (run.unopened or run.worker.orphaned)
        if not innocent or run.trial.number in self._repeated:
            return False
        self._repeated.add(run.trial.number)
        if run.unopened:
            with contextlib.suppress(OSError):
                self.attach(self.runs)
        with self.lock:
            self.running.remove(run)
            self.queue.appendleft(Waiting(run.trial, run.job, run.submitted))
        return True

    def _killed(self, run: Run, kind: FailureKind, message: str) -> Failure:
        run.worker.kill()  # before its folds are read: nothing is written behind our back
        run.killed = True
        self.busy_seconds += (time.monotonic() - run.started) * run.job.threads
        return Failure(kind, message, self.runs.finished_folds(run.job))

    def _death(self, run: Run) -> Failure:
        status = self.pool.exit_status(run.worker)
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            hint = " (out of memory, or killed from outside)" if name == "SIGKILL" else ""
            return self._killed(run, "crashed", f"The worker process died of {name}{hint}.")
        shown = "" if status is None else f" with exit status {status}"
        return self._killed(run, "crashed", f"The worker process ended{shown}.")

    def _leave(self, run: Run, result: Result) -> None:
        with self.lock:
            self.running.remove(run)
        if not run.killed:
            self._resting.append(run.worker)
        self.ended.put((run.trial, result))

    def _cut_all(self) -> None:
        with self.lock:
            waiting = list(self.queue)
            self.queue.clear()
        for run in list(self.running):
            self._leave(run, self._killed(run, "cut", "The search ended first."))
        for one in waiting:
            self.ended.put((one.trial, Failure("cut", "The search ended first.")))
