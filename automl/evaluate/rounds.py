"""How many rounds a model that grows in stages uses: one number a candidate, settled over all its folds.

A number for each fold, taken where its own curve is lowest, would be chosen on the very rows that it is scored on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluate.fold import Fitted
from automl.evaluate.stored import StoredFolds
from automl.pipeline.build import predict, staged_model_of
from automl.trials.trial import FoldResult, Job

Array = NDArray[Any]


def best_round(curves: Sequence[Array]) -> int:
    """Round (from 1) at which the mean of validation curves is lowest; a shorter curve goes on with its last value."""
    longest = max(map(len, curves))
    padded = [np.concatenate([curve, np.full(longest - len(curve), curve[-1])]) for curve in curves]
    return int(np.argmin(np.mean(padded, axis=0))) + 1


def settle_rounds(job: Job, fitted: dict[int, Fitted], done: list[FoldResult], stored: StoredFolds) -> int | None:
    """Set the models of all folds to the round where the mean of their curves is lowest, or to the last they have.

    What was predicted and told of the folds before is rewritten, in `done` and on disk.

    Parameters
    ----------
    fitted : dict of int to Fitted
        The folds that are in memory; the others, from before an interruption, are read.

    Returns
    -------
    int or None
        The number; None where the model does not grow in stages.
    """
    if all(result.rounds is None for result in done):
        return None
    data, key, rung = stored.data, job.candidate.key, job.rung
    for result in done:
        if result.fold not in fitted:
            prediction = stored.artifacts.prediction(key, rung, result.fold)
            fitted[result.fold] = Fitted(result, stored.model(key, rung, result), prediction)
    models: list[Any] = [staged_model_of(fitted[result.fold].pipeline) for result in done]
    rounds = best_round([model.curve_ for model in models])
    for place, (result, model) in enumerate(zip(done, models, strict=True)):
        state, used = fitted[result.fold], min(rounds, len(model.curve_))
        loss = result.loss  # as it was, to the last digit: what was read from disk is of single precision
        if model.rounds_ != used:
            model.rounds_ = used
            state.prediction = predict(state.pipeline, data.validation(result.fold, rung.rows)[0])
            loss = data.fold_loss(result.fold, state.prediction, rung)
        train_loss = data.train_loss(state.pipeline, result.fold) if rung.whole else None
        done[place] = replace(result, measures=replace(result.measures, loss=loss, train_loss=train_loss), rounds=used)
        stored.artifacts.rewrite_fold(key, rung, done[place], state.prediction)
    return rounds
