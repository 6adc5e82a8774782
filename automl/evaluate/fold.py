"""One fold: a candidate fitted on its training rows, predicting its validation rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.columns.table import Table
from automl.estimators.fitting import arguments
from automl.estimators.slopes import Sloped
from automl.estimators.staged import StagedModel
from automl.evaluate.constants import ANSWERED_ROWS
from automl.evaluate.limits import Clock
from automl.evaluate.stored import StoredFolds
from automl.pipeline.build import Recipe, build, innermost, predict, staged_model_of
from automl.trials.measures import Measures
from automl.trials.trial import FoldResult, Job

Array = NDArray[Any]


@dataclass
class Fitted:
    """One fold as it stands in memory."""

    result: FoldResult
    pipeline: Pipeline
    prediction: Array


def fit_fold(job: Job, fold: int, recipe: Recipe, stored: StoredFolds) -> Fitted:
    """Fit a job's candidate on a fold, going on from where a rung of fewer iterations has left it on disk.

    A model that grows in stages sees the validation rows to draw its curve; which stage is used is settled later, over
    all folds (`automl.evaluate.rounds`). One with slopes sees them to tell these.
    """
    data, share = stored.data, job.rung.rows
    (train, y_train), (valid, y_valid) = data.training(fold, share), data.validation(fold, share)
    pipeline = build(job.candidate, recipe)
    prepare, model = pipeline[:-1], pipeline[-1]
    clock = Clock()
    continued = _continue(job, fold, model, stored)
    matrix = prepare.fit_transform(train, y_train)
    matrix_valid = prepare.transform(valid)
    prepare_seconds = clock.lap()
    inner = innermost(model)
    if isinstance(inner, StagedModel | Sloped):
        given = arguments(pipeline, train.about, valid.about)
        model.fit(matrix, y_train, eval_set=(matrix_valid, y_valid), **given)
    else:
        model.fit(matrix, y_train, **arguments(pipeline, train.about))
    fit_seconds = clock.lap()
    prediction = predict(pipeline, valid)
    predict_seconds = clock.lap()
    answer_seconds, rows_answered = answered(pipeline, valid) if fold == 0 and job.rung.whole else (0.0, 0)
    staged = staged_model_of(pipeline)
    measures = Measures(
        loss=data.fold_loss(fold, prediction, job.rung) if job.scored else None,
        train_loss=data.train_loss(pipeline, fold) if job.scored and staged is None and job.rung.whole else None,
        prepare_seconds=prepare_seconds,
        fit_seconds=fit_seconds,
        predict_seconds=predict_seconds,
        rows_predicted=len(y_valid),
        answer_seconds=answer_seconds,
        rows_answered=rows_answered,
        smooth_loss=inner.smooth_loss_ if isinstance(inner, Sloped) else None,
        slopes=dict(inner.slopes_) if isinstance(inner, Sloped) else {},
    )
    rounds, ended_after = (None, None) if staged is None else (staged.rounds_, staged.ended_after_)
    result = FoldResult(fold, measures, rounds, continued=continued, ended_after=ended_after)
    return Fitted(result, pipeline, prediction)


def answered(pipeline: Pipeline, table: Table) -> tuple[float, int]:
    """Seconds that some rows of a table take, preparation included, as none is in the cache; and their number."""
    some, clock = table.take(np.arange(min(len(table), ANSWERED_ROWS))), Clock()
    predict(pipeline, some)
    return clock.lap(), len(some)


def _continue(job: Job, fold: int, model: Any, stored: StoredFolds) -> bool:
    """Let a model go on from where a rung of fewer iterations left it; whether there is such a rung."""
    inner = innermost(model)
    if not (isinstance(inner, StagedModel) and inner.continues):
        return False
    earlier = stored.artifacts.fewer_iterations(job.candidate.key, job.rung, fold)
    fitted = None if earlier is None else staged_model_of(earlier)
    if fitted is not None:
        inner.continue_from(fitted)
    return earlier is not None
