"""A model without any file of the run: fitted anew in this process, by what the history knows."""

from __future__ import annotations

from collections.abc import Callable

from sklearn.pipeline import Pipeline

from automl.ensemble.constants import CAUTION, TRIES
from automl.evaluate.limits import contained
from automl.evaluate.refit import Refit
from automl.schedule.reserve import refit_seconds
from automl.trials.history import History
from automl.trials.trial import DUMMY, Proposal, RefitJob, Trial


def fitted_anew(history: History, refit: Refit, left: Callable[[], float | None]) -> tuple[Trial, Pipeline]:
    """The best candidate for which there is time, fitted on all rows; else the constant prediction.

    Parameters
    ----------
    left : callable
        Seconds that it may take; None is no limit.
    """
    for trial in history.searched()[:TRIES]:
        seconds = left()
        if seconds is not None and CAUTION * refit_seconds(trial, refit.data.n_folds) > seconds:
            continue
        try:
            return trial, _fitted(trial, refit)
        except Exception:  # it did well on the folds, but this is another fit
            continue
    dummy = next(trial for trial in history.trials if trial.origin == DUMMY)
    return dummy, _fitted(dummy, refit)


def _fitted(trial: Trial, refit: Refit) -> Pipeline:
    job = RefitJob(Proposal(trial.candidate, trial.origin), rounds=trial.rounds)
    with contained(job.threads):
        return refit.fit(job)
