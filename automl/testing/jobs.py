"""Jobs for executors that need neither data nor models, many of which do what jobs must not do."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil

from automl.execute.base import Executor
from automl.space.candidate import Candidate, Node
from automl.space.domain import Value
from automl.testing.toys import fold_of, outcome
from automl.trials.trial import TOP, Failure, FoldResult, Job, Outcome, Proposal, Result, Trial

MEGABYTE = 10**6
PATIENCE = 30.0  # seconds after which a job that should have ended is given up


class Misdeeds:
    """`Runs` whose candidates name what the job does: one method each.

    Parameters
    ----------
    folder : Path
        Where finished folds and traces are left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, job: Job) -> Result:
        """Do what the candidate says."""
        root = job.candidate.root
        result: Result = getattr(self, root.component)(job, **dict(root.params))
        return result

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """One fold where the job has left one."""
        return (fold_of(0.25),) if (self.folder / job.candidate.key).exists() else ()

    def answer(self, job: Job, loss: float = 0.5, seconds: float = 0.0, letters: int = 0) -> Outcome:
        """Work for a while; the outcome carries a text of so many letters."""
        with (self.folder / "answered").open("a", encoding="utf-8") as file:
            file.write(f"{loss}\n")
        time.sleep(seconds)
        found = outcome(loss)
        return replace(found, folds=(replace(found.folds[0], warnings=("x" * letters,)),))

    def tell_left(self, job: Job) -> Outcome:
        """Answer with the seconds that are left of the search."""
        return self.answer(job, loss=job.seconds_left or 0.0)

    def refuse(self, job: Job) -> Failure:
        """Fail as a candidate fails."""
        return Failure("failed", "ValueError: it did not work out")

    def blunder(self, job: Job) -> Outcome:
        """Raise, which evaluators must not do."""
        raise RuntimeError("a mistake of the evaluator")

    def leave(self, job: Job, status: int = 3) -> Outcome:
        """End the process."""
        os._exit(status)

    def segfault(self, job: Job) -> Outcome:
        """Read from address 0."""
        ctypes.string_at(0)
        raise AssertionError("not reached")

    def abort(self, job: Job) -> Outcome:
        """End as failed assertions of native libraries do."""
        os.abort()

    def die(self, job: Job) -> Outcome:
        """End as the kernel ends a process when memory runs out."""
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("not reached")

    def hang(self, job: Job, fold: bool = False) -> Outcome:
        """Sleep for ever, deaf to every signal that can be ignored; first leave a fold, if wanted."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if fold:
            (self.folder / job.candidate.key).touch()
        while True:
            time.sleep(60)

    def hold(self, job: Job) -> Outcome:
        """Sleep in native code that never lets another thread of the process run."""
        ctypes.PyDLL(None).sleep(3600)
        raise AssertionError("not reached")

    def eat(self, job: Job, megabytes: int = 300, seconds: float = 0.0) -> Outcome:
        """Take memory bit by bit, keep it for a while, then answer."""
        eaten: list[bytearray] = []
        for _ in range(megabytes // 20):
            eaten.append(bytearray(b"x") * (20 * MEGABYTE))
            time.sleep(0.005)
        time.sleep(seconds)
        return self.answer(job)


def job(
    deed: str, threads: int = 1, seconds_limit: float | None = None, bytes_limit: int | None = None, **params: Value
) -> Job:
    """A job that does a deed of `Misdeeds`, whose arguments are `params`."""
    proposal = Proposal(Candidate(Node(deed, tuple(params.items()))), "test")
    return Job(proposal, threads=threads, seconds_limit=seconds_limit, bytes_limit=bytes_limit)


class Bench:
    """An executor with numbered trials.

    Parameters
    ----------
    executor : Executor
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._next = 0

    def submit(self, work: Job) -> int:
        """Submit a job; returns its number."""
        number, self._next = self._next, self._next + 1
        trial = Trial(number, work.candidate, TOP, 0, work.proposal.origin, started=0.0)
        self.executor.submit(trial, work)
        return number

    def collect(self, count: int) -> dict[int, Result]:
        """Results of that many jobs, by number, in the order in which they were reported."""
        found: dict[int, Result] = {}
        until = time.monotonic() + PATIENCE
        while len(found) < count:
            assert time.monotonic() < until, f"only {len(found)} of {count} jobs ended"
            found |= {trial.number: result for trial, result in self.executor.finished(0.5)}
        return found

    def cancel(self) -> dict[int, Result]:
        """What the executor cut, by number."""
        return {trial.number: result for trial, result in self.executor.cancel()}


def children() -> set[psutil.Process]:
    """Processes that this one has started, and theirs, which are alive."""
    return {
        process
        for process in psutil.Process().children(recursive=True)
        if process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    }
