"""Races over folds: a candidate that is clearly worse after its first folds is stopped."""

from __future__ import annotations

import numpy as np

from automl.trials.history import History
from automl.trials.trial import Race

KEEP = 10  # a candidate need not be the best: it runs against the tenth, as an ensemble wants several
LEAST = 4  # whole candidates from which the spread of differences between folds is read
ERRORS = 2.0  # standard errors of the mean difference that it must be behind
CURVE_METRICS = ("log_loss", "rmse", "mae")  # what validation curves measure, too


def make_race(history: History, metric: str) -> Race | None:
    """The limits for a new candidate; None as long as there is too little to compare with.

    The reference is the tenth best whole candidate on the same folds (the worst, where there are fewer). How much means
    over the first folds err is read from the differences between whole candidates, fold by fold (paired, as folds are
    harder or easier for all alike).

    Parameters
    ----------
    history : History
    metric : str
        Name of the run's metric.
    """
    whole = [trial for trial in history.searched() if len(trial.fold_losses) > 1]
    folds = max((len(trial.fold_losses) for trial in whole), default=0)
    whole = [trial for trial in whole if len(trial.fold_losses) == folds]
    if len(whole) < LEAST:
        return None
    losses = np.array([trial.fold_losses for trial in whole[: 2 * KEEP]])
    spread = float(np.median(np.std(losses[1:] - losses[0], axis=1, ddof=1)))
    last = losses[:KEEP][-1]
    place = min(KEEP, len(losses))
    limits = [float(last[:n].mean() + ERRORS * spread / np.sqrt(n)) for n in range(1, folds)]
    why = f"clearly behind number {place} (trial {whole[place - 1].number})"
    return Race(tuple(limits), metric in CURVE_METRICS, why)
