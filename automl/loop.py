"""The search loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from automl import signals
from automl.errors import ArgumentError, DiskError, ExecutorError
from automl.execute.base import Executor
from automl.schedule.budget import Budget
from automl.schedule.replay import Replay
from automl.schedule.reserve import Reserve
from automl.schedule.scheduler import Scheduler
from automl.space.space import Space
from automl.strategies.base import Strategy
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Job, Outcome, Proposal, Refitted, Result, Trial

WAIT_SECONDS = 0.2
MEND_SECONDS = 1.0  # between looks at the files of the best candidates,
MEND_SHARE = 0.02  # which take no more of the main process,
MENDED = 10  # and are of so many
DUMMY_SHARE = 0.25  # of the time that is left, for scoring a constant prediction by a metric of the user's own
SLOW_METRIC = (
    "metric: a constant prediction could not be scored in time, and candidates may not be, either; give more time, or "
    "a quicker metric."
)
TICK_SECONDS = 5.0  # between the journal's signs of life; a kill loses no more of the time that was spent


class Scoring(Protocol):
    """The part of an evaluator that the dummy needs."""

    def evaluate(self, job: Job) -> Outcome | Failure:
        """Evaluate a job; never raises for the candidate's fault."""

    def score(self, job: Job, outcome: Outcome, ends: float) -> Outcome | Failure:
        """Call the metric for what was evaluated without; the outcome as it was where that takes too long."""


Listener = Callable[[Trial | None], None]  # told of each trial that ended, and None while waiting


def search(
    history: History,
    strategy: Strategy,
    scheduler: Scheduler | Replay,
    executor: Executor,
    budget: Budget,
    listeners: Sequence[Listener] = (),
) -> str:
    """Try candidates until time, trials, patience or ideas run out; returns why it stopped.

    Ctrl-C or SIGTERM end the search in order, and so do a full disk and a run folder that is gone: what is finished
    stays, what runs is cut.
    """

    def tell(trial: Trial | None) -> None:
        for listener in listeners:
            listener(trial)

    def finish(ended: Sequence[tuple[Trial, Result]]) -> None:
        for trial, result in ended:
            if not isinstance(result, Refitted):  # refits are the hand-over's
                tell(history.finish(trial, result, budget.elapsed()))

    reason = None
    try:
        while (reason := _broken(history) or budget.must_stop(history)) is None:
            signals.checkpoint()
            while executor.has_room() and not budget.must_stop(history):
                if (job := scheduler.next(history, strategy)) is None:
                    break
                executor.submit(history.start(job, budget.elapsed()), job)
            if executor.idle:
                break  # nothing left that fits
            tell(None)
            finish(executor.finished(_wait(budget)))
    except KeyboardInterrupt:
        if signals.interrupted_twice():
            raise
        reason = "interrupted"
    except ExecutorError:
        reason = "executor"
    finish(executor.cancel())
    lost = Failure("cut", "The executor ended first.")
    finish([(trial, lost) for trial in history.running()])  # of an executor that broke
    return reason or _why_idle(history, scheduler, budget)


class ArtifactPruner:
    """A listener that drops the models of candidates that nothing will need any more.

    Parameters
    ----------
    history : History
    keep_only : callable
        Forgets the artifacts of every candidate but those of the given keys.
    """

    def __init__(self, history: History, keep_only: Callable[[set[str]], None]) -> None:
        self.history, self.keep_only = history, keep_only

    def __call__(self, trial: Trial | None) -> None:
        """Look after each trial that ended."""
        if trial is None:
            return
        needed = [*self.history.kept(), *self.history.running(), *self.history.unfinished, *self.history.growing()]
        # the folds of partial ones may be the best there is
        needed += self.history.promising() if self.history.searched() else self.history.trials
        self.keep_only({t.candidate.key for t in needed})


class Mender:
    """A listener that lets the best candidates run again where files of their folds are lost.

    Parameters
    ----------
    history : History
    holds : callable
        Whether all files of a complete trial are there, and (with `read`) hold what they should.
    """

    def __init__(self, history: History, holds: Callable[..., bool]) -> None:
        self.history, self.holds = history, holds
        self._next = 0.0
        self._look(read=True)  # what was lost between two starts

    def __call__(self, trial: Trial | None) -> None:
        """Look now and then."""
        if time.monotonic() >= self._next:
            self._look(read=False)

    def _look(self, *, read: bool) -> None:
        started = time.monotonic()
        best = [trial for trial in self.history.kept() if trial.origin != DUMMY][:MENDED]
        self.history.again(trial for trial in best if not self.holds(trial, read=read))
        ended = time.monotonic()
        self._next = ended + max(MEND_SECONDS, (ended - started) / MEND_SHARE)


class Heartbeat:
    """A listener that keeps the journal's clock going while long trials run."""

    def __init__(self, history: History, budget: Budget) -> None:
        self.history, self.budget = history, budget
        self._last = budget.elapsed()

    def __call__(self, trial: Trial | None) -> None:
        """Look while waiting; the end of a trial is a sign of its own."""
        now = self.budget.elapsed()
        if trial is None and now - self._last < TICK_SECONDS:
            return
        if trial is None:
            self.history.tick(now)
        self._last = now


class HandOverReserve:
    """A listener that keeps as much time for the hand-over as the trials so far show that it needs.

    Parameters
    ----------
    history : History
    budget : Budget
        Is told what to keep.
    folds : int
        Of the cross-validation; 1 is a hold-out.
    n_jobs : int
    """

    def __init__(self, history: History, budget: Budget, folds: int, n_jobs: int) -> None:
        self.history, self.budget, self.folds, self.n_jobs = history, budget, folds, n_jobs
        self._tell()

    def __call__(self, trial: Trial | None) -> None:
        """Look after each trial that ended."""
        if trial is not None:
            self._tell()

    def _tell(self) -> None:
        budget = self.budget
        expected = (budget.time_budget, self.history, self.folds, self.n_jobs)
        budget.reserve = Reserve.expected(*expected, saving=budget.saving)


def record_dummy(history: History, runs: Scoring, space: Space, budget: Budget, slow: bool = False) -> Dummy:
    """Evaluate a constant prediction in this process, so that from now on there is a model.

    Parameters
    ----------
    slow : bool
        Whether the metric may be slow, as one of the user's own: it is waited for a share of the time that is left, and
        the model has no score where that does not suffice.

    Raises
    ------
    ArgumentError
        If not even that can be scored: the metric is at fault.
    """
    for trial in history.trials:
        if trial.complete and trial.origin == DUMMY:
            signals.ready()
            return Dummy.of(trial, (trial.finished or 0.0) - trial.started) if slow else Dummy()
    left = budget.remaining() if slow else None
    job = Job(Proposal(space.cheapest(DUMMY), DUMMY), trial=0 if history.trials else None, scored=left is None)
    trial = history.start(job, budget.elapsed())
    started = time.monotonic()
    result = runs.evaluate(job)
    if left is not None and not isinstance(result, Failure):
        result = runs.score(job, result, started + DUMMY_SHARE * left)
    trial = history.finish(trial, result, budget.elapsed())
    if isinstance(result, Failure):
        if (sign := f"{DiskError.__name__}: ") in result.message:
            raise DiskError(result.message.removeprefix(sign))
        raise ArgumentError(f"metric: a constant prediction could not be scored: {result.message}")
    signals.ready()
    return Dummy.of(trial, time.monotonic() - started) if slow else Dummy()


@dataclass(frozen=True)
class Dummy:
    """What the constant prediction said of the metric.

    Attributes
    ----------
    call_seconds : float
        That a score of a fold takes, about; infinite where the metric took too long, 0 of metrics that are quick.
    note : str
        What the user should know; empty where there is nothing.
    """

    call_seconds: float = 0.0
    note: str = ""

    @classmethod
    def of(cls, trial: Trial, seconds: float) -> Dummy:
        """Of a trial that took so many seconds."""
        if trial.loss is None:
            return cls(math.inf, SLOW_METRIC)
        return cls(max(0.0, seconds - trial.work_seconds) / max(1, trial.folds))


def _broken(history: History) -> str | None:
    """Why the run cannot be written down any more."""
    if history.journal is not None and not history.journal.path.exists():
        return "run_dir"
    return "disk" if history.fatal_error else None


def _wait(budget: Budget) -> float:
    left = budget.search_left()
    return WAIT_SECONDS if left is None else max(0.0, min(WAIT_SECONDS, left))


def _why_idle(history: History, scheduler: Scheduler | Replay, budget: Budget) -> str:
    if budget.max_trials is not None and history.candidates >= budget.max_trials:
        return "max_trials"
    return "exhausted" if scheduler.exhausted or budget.search_left() is None else "time_budget"
