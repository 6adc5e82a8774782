"""How many rounds a model that grows in stages uses: one number a candidate, settled over all its folds.

A number for each fold, taken where its own curve is lowest, would be chosen on the very rows that it is scored on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.pipeline.build import booster_of, predict
from automl.trials.trial import FoldResult, Job

if TYPE_CHECKING:
    from automl.evaluate.evaluator import Evaluator

Array = NDArray[Any]


@dataclass
class Fitted:
    """One fold as it stands in memory."""

    result: FoldResult
    pipeline: Pipeline
    prediction: Array


def takes_eval_set(model: Any) -> bool:
    """Whether a model says that it grows in stages and wants validation rows to see which is best."""
    return bool(getattr(getattr(model, "model", model), "takes_eval_set", False))


def best_round(curves: Sequence[Array]) -> int:
    """Round (from 1) at which the mean of validation curves is lowest; a shorter curve goes on with its last value."""
    longest = max(map(len, curves))
    padded = [np.concatenate([curve, np.full(longest - len(curve), curve[-1])]) for curve in curves]
    return int(np.argmin(np.mean(padded, axis=0))) + 1


def settle(folds: Sequence[Fitted], again: Callable[[Fitted], Array]) -> tuple[int | None, list[int]]:
    """Set the models to the round where the mean of their curves is lowest, and predict anew where that changes one.

    Parameters
    ----------
    folds : sequence of Fitted
        All folds of a candidate; their models and predictions are changed in place.
    again : callable
        A fold's validation predictions.

    Returns
    -------
    rounds : int or None
        The number; None where the model does not grow in stages.
    used : list of int
        What each fold's model uses: no more than it has.
    """
    boosters: list[Any] = [booster_of(state.pipeline) for state in folds]
    if any(booster is None for booster in boosters):
        return None, []
    rounds = best_round([booster.curve_ for booster in boosters])
    used = [min(rounds, len(booster.curve_)) for booster in boosters]
    for state, booster, wanted in zip(folds, boosters, used, strict=True):
        if booster.rounds_ != wanted:
            booster.rounds_ = wanted
            state.prediction = again(state)
    return rounds, used


def settle_rounds(evaluator: Evaluator, job: Job, fitted: dict[int, Fitted], done: list[FoldResult]) -> int | None:
    """One number of rounds for all folds; what was predicted and told of them before is rewritten."""
    if all(result.rounds is None for result in done):
        return None
    for result in done:  # folds from before an interruption
        if result.fold not in fitted:
            model = evaluator.load(job.candidate.key, job.rung, result)
            prediction = evaluator.artifacts.prediction(job.candidate.key, job.rung, result.fold)
            fitted[result.fold] = Fitted(result, model, prediction)
    states = [fitted[result.fold] for result in done]
    rows = job.rung.rows
    rounds, used = settle(states, lambda state: predict(state.pipeline, evaluator.tables(state.result.fold, rows)[1]))
    for place, (state, wanted) in enumerate(zip(states, used, strict=False)):
        fold = state.result.fold
        loss = done[place].loss  # as it was, to the last digit: what was read from disk is of single precision
        if done[place].rounds != wanted:
            loss = evaluator.fold_loss(fold, state.prediction, job.rung)
        train_loss = evaluator.train_loss(state.pipeline, fold) if job.rung.whole else None
        done[place] = replace(done[place], loss=loss, train_loss=train_loss, rounds=wanted)
        evaluator.artifacts.rewrite_fold(job.candidate.key, job.rung, done[place], state.prediction)
    return rounds
