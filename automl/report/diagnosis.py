"""Whether a candidate learned its training rows by heart, or too little: its scores beside those of the best one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from automl.report.constants import ERRORS, SHARE
from automl.trials.ranking import behind, ranked
from automl.trials.trial import DUMMY, Trial

Diagnosis = Literal["overfits", "underfits", "fits"]


def diagnose(trials: list[Trial]) -> dict[int, Diagnosis]:
    """Name what is wrong with the candidates that lost.

    The winner is the best single candidate. A candidate overfits if its training score is above the winner's, though
    its validation score is clearly below; it underfits if both are clearly below; otherwise it fits. "Clearly" is by
    more than two standard errors of the difference of validation losses, fold by fold.

    Parameters
    ----------
    trials : list of Trial

    Returns
    -------
    dict
        By number of trial; candidates that are not ranked, or have no training score beside the winner's, are left out.

    Notes
    -----
    Folds are paired (Dietterich 1998, Approximate statistical tests): the standard error is the deviation of the
    differences by the root of their number. With a single fold, or where folds have no losses of their own, there are
    no differences to look at; then 2 % of the way from the dummy's loss to the winner's stand in for it, and where the
    dummy is missing nothing is said.
    """
    best = ranked(trials)
    if not best:
        return {}
    winner = best[0]
    dummy = next((trial for trial in best if trial.origin == DUMMY), None)
    found = {trial.number: _name(trial, winner, dummy) for trial in best}
    return {number: name for number, name in found.items() if name is not None}


def _name(trial: Trial, winner: Trial, dummy: Trial | None) -> Diagnosis | None:
    error = 0.0 if trial is winner else _standard_error(trial, winner, dummy)
    lost = behind(trial, winner)
    if error is None or lost is None or trial.train_loss is None or winner.train_loss is None:
        return None
    clearly = ERRORS * error
    if lost <= clearly:
        return "fits"
    if trial.train_loss < winner.train_loss:
        return "overfits"
    return "underfits" if trial.train_loss - winner.train_loss > clearly else "fits"


def _standard_error(trial: Trial, winner: Trial, dummy: Trial | None) -> float | None:
    """Of the difference between a candidate's loss and the winner's; None where nothing tells it."""
    mine, best = np.array(trial.fold_losses), np.array(winner.fold_losses)
    common = min(len(mine), len(best))  # of repeats, those that both have
    mine, best = mine[:common], best[:common]
    if common > 1:
        return float(np.std(mine - best, ddof=1) / np.sqrt(len(mine)))
    way = None if dummy is None else behind(dummy, winner)
    return None if way is None else SHARE * way
