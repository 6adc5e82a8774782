"""Races over folds: a candidate that is clearly worse after its first folds is stopped."""

from __future__ import annotations

import numpy as np

from automl.schedule.constants import LEAST_RIVALS, RACE_ERRORS, RIVAL_PLACE
from automl.trials.history import History
from automl.trials.trial import Race

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
    best = history.searched()[: 2 * RIVAL_PLACE]  # those with the most folds are before the others
    folds = len(best[0].fold_losses) if best else 0
    whole = [trial for trial in best if len(trial.fold_losses) == folds]
    if folds < 2 or len(whole) < LEAST_RIVALS:
        return None
    losses = np.array([trial.fold_losses for trial in whole])
    spread = float(np.median(np.std(losses[1:] - losses[0], axis=1, ddof=1)))
    last = losses[:RIVAL_PLACE][-1]
    place = min(RIVAL_PLACE, len(losses))
    limits = [float(last[:n].mean() + RACE_ERRORS * spread / np.sqrt(n)) for n in range(1, folds)]
    why = f"clearly behind number {place} (trial {whole[place - 1].number})"
    return Race(tuple(limits), metric in CURVE_METRICS, why)
