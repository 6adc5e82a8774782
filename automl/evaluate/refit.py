"""Refits: a candidate fitted on all rows, for the user."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.errors import ArtifactError
from automl.estimators.fitting import fit
from automl.estimators.staged import Pruned, StagedModel
from automl.evaluate.constants import CURVE_GAP, LEAST_MADE
from automl.evaluate.limits import Clock
from automl.evaluate.stored import StoredFolds
from automl.pipeline.build import Recipe, build, innermost, predict, staged_model_of
from automl.space.space import Space
from automl.trials.trial import TOP, RefitJob, Refitted

Array = NDArray[Any]


class Refit:
    """Fits candidates on all rows, by what their evaluation has found out (`job.rounds`).

    Parameters
    ----------
    space : Space
    stored : StoredFolds
        Where forests that were fitted on all rows are found; the pipelines are kept beside it.
    """

    def __init__(self, space: Space, stored: StoredFolds) -> None:
        self.space, self.data, self.artifacts = space, stored.data, stored.artifacts

    def run(self, job: RefitJob) -> Refitted:
        """Fit a candidate, told the user's labels, and keep it; a forest that was fitted on all rows is taken."""
        key, clock, classes = job.candidate.key, Clock(), self.data.task.classes
        stored = self.artifacts.folds(key, TOP)
        if 0 in stored and stored[0].out_of_bag:
            pipeline = self.artifacts.model(key, TOP, 0)
            if classes is not None:
                pipeline[-1].relabel(classes)
        else:
            pipeline = self.fit(job, classes)
        self.artifacts.save_refit(key, pipeline)
        return Refitted(clock.seconds(), replace(job.extent, ended_after=_ended_after(pipeline)))

    def fit(self, job: RefitJob, classes: Array | None = None) -> Pipeline:
        """A candidate fitted on all rows; `classes` are labels to tell, where they are not to be the coded ones."""
        recipe, table, y = self._recipe(job), self.data.table, self.data.y
        if (used := table.about.used) is not None:
            table, y = table.take(used), y[used]
        if classes is not None:
            recipe, y = replace(recipe, classes=classes), classes[y]
        pipeline = fit(build(job.candidate, recipe), table, y)
        self._check(pipeline, job)
        return pipeline

    def _recipe(self, job: RefitJob) -> Recipe:
        """Boosting ends by the clock, too (but scikit-learn's): others are at their best at their end only."""
        rounds = job.rounds and max(1, round(job.extent.share * job.rounds))
        recipe = self.data.recipe(self.space, job, "refit", rounds)
        if not rounds or not job.rounds or self.space.component(job.candidate.family).adapter != "boosting":
            return recipe
        deadline = None if job.seconds_left is None else time.monotonic() + job.seconds_left
        rate, most = job.rounds / rounds, job.extent.ended_after
        return replace(recipe, control=replace(recipe.control, rate=rate, deadline=deadline, max_rounds=most))

    def _check(self, pipeline: Pipeline, job: RefitJob) -> None:
        limit, extent = job.loss_limit, job.extent
        ended, planned = _ended_after(pipeline), extent.share * (job.rounds or 0)
        if extent.ended_after is None and ended is not None and not self._suffices(job, ended / planned):
            raise Pruned(f"time ended it after {ended} of {planned:.0f} rounds")
        if limit is None:
            return
        table, _ = self.data.validation(0, 1.0)
        loss = self.data.fold_loss(0, predict(pipeline, table), TOP)
        if loss is not None and loss > limit:
            raise Pruned(f"at a higher learning rate, its loss on rows that it has seen is {loss:.4g}")

    def _suffices(self, job: RefitJob, share: float) -> bool:
        """Whether a share of the rounds brings nearly all, as the first fold's validation curve tells."""
        try:
            staged = staged_model_of(self.artifacts.model(job.candidate.key, TOP, 0))
        except ArtifactError:
            staged = None
        if staged is None or staged.curve_ is None:
            return share >= LEAST_MADE
        curve = staged.curve_[: staged.rounds_]
        return bool(curve[max(0, round(share * len(curve)) - 1)] <= (1 + CURVE_GAP) * curve[-1])


def _ended_after(pipeline: Pipeline) -> int | None:
    model = innermost(pipeline[-1])
    return model.ended_after_ if isinstance(model, StagedModel) else None
