"""What new rows will be scored: out-of-fold predictions, corrected for how the model was made, and how sure that is.

It was chosen on the rows that score it (`optimism`), and fold models are averaged, which makes it better than what was
scored (`gain`). How sure the score is, rows drawn anew tell (`draws`), but for what chance in the training rows does,
which folds have in common (Bates, Hastie and Tibshirani 2023, "Cross-validation: what does it estimate ...?").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.combiners.base import Combiner
from automl.ensemble.constants import (
    AVERAGED,
    BLENDED,
    DRAWS,
    FEWEST_DRAWN,
    FEWEST_DRAWS,
    GAINING,
    OWN_DRAWS,
    REFITTED,
    SPREAD,
)
from automl.ensemble.draws import Draws, moves
from automl.ensemble.expected import UNKNOWN, Expected
from automl.ensemble.finalize import FinalModel
from automl.ensemble.optimism import Effort, optimism
from automl.ensemble.sample import Sample
from automl.evaluate.limits import Clock
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.native import ignored
from automl.tasks.metrics import Metric
from automl.tasks.scorers import ScorerFunction
from automl.trials.history import History
from automl.trials.trial import DUMMY

Array = NDArray[Any]


def expected(
    final: FinalModel, history: History, stored: StoredFolds, combiner: Combiner, effort: Effort, copies: Array | None
) -> Expected:
    """What the model that is handed over is expected to be scored.

    Parameters
    ----------
    combiner : Combiner
        That has chosen it.
    effort : Effort
    copies : ndarray of shape (n_rows,), optional
        Rows of one number are copies of one another.
    """
    data = stored.data
    belong = copies if data.table.about.group is None else data.table.about.group
    if final.loss is None:
        return UNKNOWN
    if why := _untold(final, data):
        return _of_folds(final, data, why)
    with ignored(), np.errstate(all="ignore"):  # metrics warn of rows that lack a class
        return _drawn(final, history, stored, combiner, effort, belong)


def _drawn(
    final: FinalModel, history: History, stored: StoredFolds, combiner: Combiner, effort: Effort, belong: Array | None
) -> Expected:
    """By rows drawn anew."""
    data, metric, clock = stored.data, stored.data.task.metric, Clock()
    sample = Sample(data, range(len(final.out_of_fold)), together=data.scores.adds_up)
    error, draws = _error(final, sample, Draws(sample, belong), effort)
    if isinstance(error, str):
        return _of_folds(final, data, error)
    trials = [t for t in history.kept() if t.rung == final.trial.rung and t.origin != DUMMY]
    flattered, choices = 0.0, 0
    if final.trial in trials and not isinstance(metric.function, ScorerFunction):  # those take too many calls
        flattered, choices = optimism(stored, trials, combiner, belong, effort.less(clock.seconds()))
    loss = data.scores.together(final.out_of_fold) - data.scores.whole(final.out_of_fold)[0] + (final.loss or 0.0)
    brings = gain(final, history, stored)
    rows = len(np.unique(np.concatenate([valid for _, valid in data.splits[: len(final.out_of_fold)]])))
    some = len(np.unique(np.concatenate(sample.places)))
    told = Expected(
        metric.score(_nearer(loss + flattered, brings, metric)),
        None,
        metric.score(final.loss),
        how=_how(rows, draws, choices, brings),
        error=error * float(np.sqrt(some / rows)),
        spread=SPREAD,
        rows=rows,
        best=metric.best,
        draws=(draws, choices),
    )
    return replace(told, interval=told.of_rows())


def _nearer(loss: float, share: float, metric: Metric) -> float:
    """A loss that is nearer to the best one by a share of its distance."""
    return loss if metric.best is None else loss - share * max(0.0, loss + metric.sign * metric.best)


def gain(final: FinalModel, history: History, stored: StoredFolds) -> float:
    """Share of its distance from perfect predictions by which the model is better than fold models that were scored.

    Averaging them lowers what chance in the training rows makes of a loss, the more the more there are (Krogh and
    Vedelsby 1995, "Neural network ensembles, cross validation, and active learning"); so do more training rows, where
    the model is fitted on all. How much of the loss that is, training rows tell: the lower it is there, the more.
    """
    data, metric = stored.data, stored.data.task.metric
    if metric.best is None or metric.name not in GAINING:
        return 0.0
    trials = {t.candidate.text: t for t in map(history.trials.__getitem__, final.weights or [final.trial.number])}
    best = -metric.sign * metric.best
    learned = validated = better = 0.0
    for member in final.best_estimator.members:
        trial, models = trials[member.candidate], len(member.models)
        if trial.loss is None or trial.train_loss is None:
            continue
        learned += member.weight * (trial.train_loss - best)
        validated += member.weight * (trial.loss - best)
        if trial.number in final.refitted and (data.n_folds == 1 or models < stored.n_models(trial)):
            train, valid = data.splits[0]
            better += member.weight * REFITTED * len(valid) / (len(train) + len(valid))
        else:
            better += member.weight * AVERAGED * (1 - 1 / models)
    better *= BLENDED if len(final.best_estimator.members) > 1 else 1.0
    return better * min(1.0, max(0.0, 1 - learned / validated)) if validated > 0 else 0.0


def _untold(final: FinalModel, data: RunData) -> str:
    """Why the rows that were validated tell nothing of chance; empty where they do."""
    if data.forward:
        return "Folds that go forward in time are no sample of the rows to come"
    return "" if final.out_of_fold else "There are no out-of-fold predictions of all rows of a fold"


def _of_folds(final: FinalModel, data: RunData, why: str) -> Expected:
    scores = [-data.task.metric.sign * one for one in final.fold_losses]
    return Expected.of_folds(data.task.metric.score(final.loss), scores, why)


def _error(final: FinalModel, sample: Sample, draws: Draws, effort: Effort) -> tuple[float | str, int]:
    """Standard error of the loss on the sample, or why it cannot be told; and the draws that were made."""
    if draws.units < FEWEST_DRAWN:
        return f"{draws.units} rows, or groups of rows that belong together, are too few to tell chance from", 0
    parts = [part[rows] for part, rows in zip(final.out_of_fold, sample.rows, strict=True)]
    clock = Clock()
    moves(sample, parts, draws, 1)
    own = isinstance(sample.data.task.metric.function, ScorerFunction)
    number = effort.draws(OWN_DRAWS if own else DRAWS, clock.seconds())
    if number < FEWEST_DRAWS:
        return "There was no time to score rows that are drawn anew", 0
    moved = moves(sample, parts, draws, number)
    told = moved[np.isfinite(moved)]
    if len(told) < FEWEST_DRAWS:
        return "A class has too few rows to tell chance from", number
    return float(np.std(told)), number


def _how(rows: int, draws: int, choices: int, brings: float) -> str:
    parts = [f"out-of-fold predictions of {rows:,} rows, of which {draws} samples were drawn"]
    if choices:
        parts.append(f"the model chosen anew in {choices} of them")
    if brings:
        parts.append(f"{brings:.1%} of what is wrong taken off as the model is better than one of a fold")
    return ", ".join(parts)
