"""Cross-validation: a candidate is fitted on each fold's training rows and scored on the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from automl.estimators.staged import FitControl, Pruned
from automl.evaluate.fold import Fitted, fit_fold
from automl.evaluate.limits import Clock, fold_ends, out_of_race, out_of_time
from automl.evaluate.rounds import settle_rounds
from automl.evaluate.stored import StoredFolds
from automl.pipeline.build import Recipe
from automl.pipeline.target import PLAIN, TARGET
from automl.space.space import Space
from automl.trials.trial import Failure, FoldResult, Job, Outcome


class CrossValidation:
    """Fits one model a fold; races and limits of time are looked at between folds.

    Parameters
    ----------
    space : Space
    stored : StoredFolds
        Where folds that an interrupted evaluation has left are found, and new ones are kept.
    """

    def __init__(self, space: Space, stored: StoredFolds) -> None:
        self.space, self.stored, self.data = space, stored, stored.data

    def run(self, job: Job, done: list[FoldResult]) -> Outcome | Failure:
        """Evaluate a job; `done` gets each fold that has ended, so that the caller has them when a later one fails."""
        key, clock = job.candidate.key, Clock()
        folds, before = self.data.folds(job.rung), self.stored.results(job.candidate.key, job.rung)
        fitted: dict[int, Fitted] = {}
        for fold in folds:
            if fold in before and (self.data.pooled or before[fold].loss is not None or not job.scored):
                done.append(before[fold])
                continue
            if (failure := _ended(job, clock.seconds(), done)) is not None:
                return failure
            try:
                ends = fold_ends(job, clock.seconds(), len(folds) - len(done), done)
                new = fitted[fold] = fit_fold(job, fold, self._recipe(job, fold, done, ends), self.stored)
            except Pruned as error:
                return Failure("stopped", f"In fold {fold + 1}: {error}", tuple(done), clock.seconds())
            done.append(self.stored.artifacts.save_fold(key, job.rung, new.result, new.pipeline, new.prediction))
        return self.stored.outcome(job, done, settle_rounds(job, fitted, done, self.stored))

    def _recipe(self, job: Job, fold: int, done: list[FoldResult], ends: float | None) -> Recipe:
        control = FitControl(
            iterations=job.rung.iterations,
            look=job.rung.rows < 1,
            loss_limit=_loss_limit(job, done),
            deadline=ends,
            max_rounds=job.ended_after[fold] if fold < len(job.ended_after) else None,
        )
        return replace(self.data.recipe(self.space, job, fold), control=control)


def _ended(job: Job, seconds: float, done: list[FoldResult]) -> Failure | None:
    """Whether no further fold is fitted: as in the run that is replayed, or by time or race after the first one."""
    if job.stopped is not None and len(done) >= job.stopped[0]:
        return Failure(job.stopped[1], job.stopped[2], tuple(done))
    return (out_of_time(job, seconds, done) or out_of_race(job, seconds, done)) if done else None


def _loss_limit(job: Job, done: list[FoldResult]) -> float | None:
    """What a validation curve must be expected to fall below; None where curves measure something else."""
    if job.race is None or not job.race.curves or dict(job.candidate.root.params).get(TARGET, PLAIN) != PLAIN:
        return None
    limit = job.race.limit([result.loss for result in done if result.loss is not None])
    return limit if np.isfinite(limit) else None
