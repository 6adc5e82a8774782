"""Forests validated by their out-of-bag rows: one fit on all rows instead of one a fold (Breiman 1996, 2001).

A tree that is grown on a sample of the rows has not seen the others. A row's prediction by the trees that have not seen
it is as good as one by a model of other rows; it uses about a third of the trees, so it is a little worse than that of
the whole forest. Cut by fold, these predictions are scored as those of all other candidates are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.estimators.fitting import arguments
from automl.evaluate.constants import TRAIN_SAMPLE
from automl.evaluate.fold import answered
from automl.evaluate.limits import Clock
from automl.evaluate.stored import StoredFolds
from automl.pipeline.build import build
from automl.space.space import Space
from automl.trials.measures import Measures
from automl.trials.trial import FoldResult, Job, Outcome
from automl.validation.splits import Split

Array = NDArray[Any]


def partitions(splits: Sequence[Split], rows: int) -> bool:
    """Whether splits are plain folds: every row is predicted once, from all the others."""
    held = np.zeros(rows, dtype=np.int64)
    for train, valid in splits:
        held[valid] += 1
        if len(train) + len(valid) != rows:
            return False
    return len(splits) > 1 and bool((held == 1).all())


class OutOfBag:
    """Fits one forest on all rows, which stands for the models of all folds.

    Parameters
    ----------
    space : Space
    stored : StoredFolds
        Where the folds are kept: the model is the first one's.
    """

    def __init__(self, space: Space, stored: StoredFolds) -> None:
        self.space, self.stored, self.data = space, stored, stored.data

    def run(self, job: Job, done: list[FoldResult]) -> Outcome:
        """Evaluate a job whose candidate validates itself; `done` gets the folds, all at once."""
        folds, before = self.data.folds(job.rung), self.stored.results(job.candidate.key, job.rung)
        done += [before[fold] for fold in folds] if all(fold in before for fold in folds) else self._fit(job, folds)
        return self.stored.outcome(job, done)

    def _fit(self, job: Job, folds: range) -> list[FoldResult]:
        data = self.data
        pipeline = build(job.candidate, data.recipe(self.space, job, "refit"))
        clock = Clock()
        matrix = pipeline[:-1].fit_transform(data.all_rows(), data.y)
        prepare_seconds = clock.lap()
        pipeline[-1].fit(matrix, data.y, **arguments(pipeline, data.table.about))
        prediction = out_of_bag(pipeline, matrix)
        fit_seconds = clock.lap()
        train_loss = data.train_loss(pipeline, 0)
        seconds = (prepare_seconds, fit_seconds, clock.lap())
        answer_seconds, rows_answered = answered(pipeline, data.table)
        done: list[FoldResult] = []
        for fold in folds:
            train, valid = data.splits[fold]
            measures = Measures(data.scores.fold(fold, prediction[valid]), train_loss)
            if fold == 0:
                measures = Measures(
                    measures.loss,
                    train_loss,
                    *seconds,
                    rows_predicted=min(len(train), TRAIN_SAMPLE),
                    answer_seconds=answer_seconds,
                    rows_answered=rows_answered,
                )
            result = FoldResult(fold, measures, out_of_bag=True)
            model = pipeline if fold == 0 else None
            saved = self.stored.artifacts.save_fold(job.candidate.key, job.rung, result, model, prediction[valid])
            done.append(saved)
        return done


def out_of_bag(pipeline: Pipeline, matrix: Array) -> Array:
    """Predictions of the rows that a pipeline was fitted on, each by the trees that have not seen it.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted; its model is a bootstrapped forest of scikit-learn, or a wrapper that keeps one as `model`.
    matrix : ndarray of shape (n_rows, n_columns)
        The same rows, prepared.

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
        As `predict` of `automl.pipeline.build` gives them, with all that the wrapper makes of a forest's answers.
    """
    last = pipeline[-1]
    forest = getattr(last, "model", last)
    answers = _answers(forest, matrix)
    if forest is last:
        return answers
    last.model = _Told(answers)
    try:
        method = "predict_proba" if hasattr(last, "predict_proba") else "predict"
        return np.asarray(getattr(last, method)(matrix), dtype=np.float64)
    finally:
        last.model = forest


class _Told:
    """Stands in for a forest whose answers are there already."""

    def __init__(self, answers: Array) -> None:
        self.answers = answers

    def predict_proba(self, X: Array) -> Array:
        return self.answers

    def predict(self, X: Array) -> Array:
        return self.answers


def _answers(forest: Any, X: Array) -> Array:
    """Mean over the trees that have not seen a row.

    scikit-learn's own `oob_score` gives 0 for a row that every tree has seen. Such rows, of which fifty trees leave one
    in ten thousand millions, get here the mean of the others: shares of the classes, or the mean value.
    """
    X = np.asarray(X, dtype=np.float32)
    classify = hasattr(forest, "classes_")
    total = np.zeros((len(X), forest.n_classes_) if classify else len(X))
    trees = np.zeros(len(X))
    for tree, drawn in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        unseen = np.ones(len(X), dtype=bool)
        unseen[drawn] = False
        rows = X[unseen]
        total[unseen] += tree.predict_proba(rows) if classify else tree.predict(rows)
        trees += unseen
    found = trees > 0
    if not found.any():
        raise ValueError("no row was left out of any tree's sample, so none can be predicted out of bag")
    answers = total / np.maximum(trees, 1).reshape(-1, *[1] * (total.ndim - 1))
    answers[~found] = answers[found].mean(axis=0)
    return np.asarray(answers)
