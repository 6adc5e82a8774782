"""A model without any file of the run: fitted anew in this process, by what the history knows."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.pipeline import Pipeline

from automl.evaluate.evaluator import Evaluator
from automl.evaluate.limits import contained
from automl.schedule.budget import refit_seconds
from automl.trials.history import History
from automl.trials.trial import DUMMY, Job, Proposal, Trial

TRIES = 5  # candidates, the best first
CAUTION = 2.0  # times the seconds that a fit should take: here, nothing can end it


def fitted_anew(history: History, evaluator: Evaluator, left: Callable[[], float | None]) -> tuple[Trial, Pipeline]:
    """The best candidate for which there is time, fitted on all rows; else the constant prediction.

    Parameters
    ----------
    left : callable
        Seconds that it may take; None is no limit.
    """
    for trial in history.searched()[:TRIES]:
        seconds = left()
        if seconds is not None and CAUTION * refit_seconds(trial, evaluator.n_folds) > seconds:
            continue
        try:
            return trial, _fitted(trial, evaluator)
        except Exception:  # it did well on the folds, but this is another fit
            continue
    dummy = next(trial for trial in history.trials if trial.origin == DUMMY)
    return dummy, _fitted(dummy, evaluator)


def _fitted(trial: Trial, evaluator: Evaluator) -> Pipeline:
    job = Job(Proposal(trial.candidate, trial.origin), rounds=trial.rounds)
    with contained(job.threads):
        return evaluator.fit_all(job)
