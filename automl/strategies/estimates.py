"""What partial evaluations say of whole ones, for strategies that learn from losses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

import numpy as np

from automl.strategies.constants import ENOUGH_RESULTS
from automl.trials.ranking import by_loss
from automl.trials.trial import TOP, Rung, Trial


def main_rung(trials: Iterable[Trial]) -> Rung:
    """The most thorough rung with enough results (as BOHB, Falkner, Klein and Hutter 2018); else the top."""
    counts: dict[Rung, int] = {}
    for trial in trials:
        if trial.status == "ok":
            counts[trial.rung] = counts.get(trial.rung, 0) + 1
    enough = [rung for rung, count in counts.items() if count >= ENOUGH_RESULTS]
    return max(enough, key=lambda rung: rung.work, default=TOP)


def losses_at(trials: Iterable[Trial], rung: Rung) -> dict[str, float]:
    """Loss of each candidate at a rung, or what is to be expected of it there.

    Losses of rungs do not compare: on fewer rows, all are worse. A candidate that has only a lower rung's is moved by
    the median of what those that have both gained on the way; where none has both, it is left out. One that lost a race
    is as far behind the best as on the folds that it has.

    Parameters
    ----------
    trials : iterable of Trial
    rung : Rung

    Returns
    -------
    dict of candidate key to loss
    """
    by_rung: dict[Rung, dict[str, Trial]] = {}
    for trial in trials:
        if trial.status == "ok" and trial.loss is not None and math.isfinite(trial.loss):
            by_rung.setdefault(trial.rung, {})[trial.candidate.key] = trial
    here = by_rung.pop(rung, {})
    found: dict[str, float] = {}
    for _, lower in sorted(by_rung.items(), key=lambda item: item[0].work):  # the most thorough one counts
        gains = [_loss(here[key]) - _loss(trial) for key, trial in lower.items() if key in here]
        if gains:
            found |= {key: _loss(trial) + median(gains) for key, trial in lower.items()}
    if here:
        best = min(here.values(), key=by_loss)
        found |= {t.candidate.key: loss for t in trials if (loss := _raced(t, best)) is not None and t.rung == rung}
    return found | {key: _loss(trial) for key, trial in here.items()}


def _loss(trial: Trial) -> float:
    assert trial.loss is not None
    return trial.loss


def _raced(trial: Trial, best: Trial) -> float | None:
    """Loss of a candidate that was stopped between folds."""
    folds = len(trial.fold_losses)
    if trial.status != "stopped" or not folds or folds > len(best.fold_losses):
        return None
    return _loss(best) + float(np.mean(trial.fold_losses) - np.mean(best.fold_losses[:folds]))
