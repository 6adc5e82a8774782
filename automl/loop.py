"""The search loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from automl.errors import ArgumentError, ExecutorError
from automl.execute.base import Executor, Runs
from automl.schedule.budget import Budget
from automl.schedule.scheduler import Scheduler
from automl.space.space import Space
from automl.strategies.base import Strategy
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Job, Proposal, Trial

WAIT_SECONDS = 0.2

Listener = Callable[[Trial | None], None]  # told of each trial that ended, and None while waiting


def search(
    history: History,
    strategy: Strategy,
    scheduler: Scheduler,
    executor: Executor,
    budget: Budget,
    listeners: Sequence[Listener] = (),
) -> str:
    """Try candidates until time, trials, patience or ideas run out; returns why it stopped.

    Ctrl-C ends the search in order: what is finished stays, what runs is cut.
    """

    def tell(trial: Trial | None) -> None:
        for listener in listeners:
            listener(trial)

    reason = None
    try:
        while (reason := budget.must_stop(history)) is None:
            while executor.has_room() and not budget.must_stop(history):
                if (job := scheduler.next(history, strategy)) is None:
                    break
                executor.submit(history.start(job, budget.elapsed()), job)
            if executor.idle:
                break  # nothing left that fits
            tell(None)
            for trial, result in executor.finished(_wait(budget)):
                tell(history.finish(trial, result, budget.elapsed()))
    except KeyboardInterrupt:
        reason = "interrupted"
    except ExecutorError:
        if not history.searched():
            raise
        reason = "executor"
    for trial, result in executor.cancel():
        tell(history.finish(trial, result, budget.elapsed()))
    for trial in history.running():  # of an executor that broke
        tell(history.finish(trial, Failure("cut", "The executor ended first."), budget.elapsed()))
    return reason or _why_idle(history, scheduler, budget)


class Tidy:
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
        if not self.history.searched():  # then the folds of partial ones are the best there is
            needed += self.history.trials
        self.keep_only({t.candidate.key for t in needed})


def record_dummy(history: History, runs: Runs, space: Space, budget: Budget) -> None:
    """Evaluate a constant prediction in this process, so that from now on there is a model.

    Raises
    ------
    ArgumentError
        If not even that can be scored: the metric is at fault.
    """
    if any(trial.complete and trial.origin == DUMMY for trial in history.trials):
        return
    job = Job(Proposal(space.cheapest(DUMMY), DUMMY), trial=0 if history.trials else None)
    trial = history.start(job, budget.elapsed())
    result = runs.run(job)
    history.finish(trial, result, budget.elapsed())
    if isinstance(result, Failure):
        raise ArgumentError(f"metric: a constant prediction could not be scored: {result.message}")


def _wait(budget: Budget) -> float:
    left = budget.search_left()
    return WAIT_SECONDS if left is None else max(0.0, min(WAIT_SECONDS, left))


def _why_idle(history: History, scheduler: Scheduler, budget: Budget) -> str:
    if budget.max_trials is not None and history.candidates >= budget.max_trials:
        return "max_trials"
    return "exhausted" if scheduler.exhausted or budget.search_left() is None else "time_budget"
