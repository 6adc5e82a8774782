"""Folds that were evaluated: their results, predictions and models, as they lie on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.errors import ArtifactError
from automl.evaluate.run_data import RunData
from automl.pipeline.build import staged_model_of
from automl.trials.artifacts import Artifacts
from automl.trials.measures import Measures
from automl.trials.trial import FoldResult, Job, Outcome, Rung, Trial

Array = NDArray[Any]


class StoredFolds:
    """What evaluations have left behind.

    Parameters
    ----------
    data : RunData
    artifacts : Artifacts
        The files.
    """

    def __init__(self, data: RunData, artifacts: Artifacts) -> None:
        self.data, self.artifacts = data, artifacts

    def results(self, key: str, rung: Rung) -> dict[int, FoldResult]:
        """Folds of a candidate that are on disk, with predictions of the right rows; the others never happened."""
        found = self.artifacts.folds(key, rung)
        for fold in list(found):
            rows = len(self.data.validation_rows(fold, rung.rows))
            try:
                self.artifacts.prediction(key, rung, fold, np.arange(0), rows)
            except ArtifactError:
                del found[fold]
        return found

    def model(self, key: str, rung: Rung, result: FoldResult) -> Pipeline:
        """A fold's model, with the number of rounds that was settled after it was written."""
        pipeline: Pipeline = self.artifacts.model(key, rung, result.fold)
        if (staged := staged_model_of(pipeline)) is not None and result.rounds is not None:
            staged.rounds_ = result.rounds
        return pipeline

    def outcome(self, job: Job, done: list[FoldResult], rounds: int | None = None) -> Outcome:
        """What the folds of a job come to, all of which are there."""
        if not job.scored:
            return Outcome(tuple(done))
        fold_losses: tuple[float, ...] = ()
        if self.data.pooled:
            parts = [self.artifacts.prediction(job.candidate.key, job.rung, result.fold) for result in done]
            loss, _ = self.data.scores.whole(parts)
        else:
            fold_losses = tuple(result.loss for result in done if result.loss is not None)
            loss = float(np.mean(fold_losses))
        train_losses = [result.train_loss for result in done if result.train_loss is not None]
        train_loss = float(np.mean(train_losses)) if train_losses else None
        measures = Measures(self.data.scores.finite(loss), train_loss)
        measures = measures.with_slopes(result.measures for result in done)
        return Outcome(tuple(done), measures, fold_losses, rounds)

    # ---- trials

    def ended_folds(self, trial: Trial) -> list[int]:
        """Folds of a trial that are on disk, with models and predictions."""
        return list(self.results(trial.candidate.key, trial.rung))

    def holds(self, trial: Trial, *, read: bool = True) -> bool:
        """Whether all of a complete trial's folds are on disk, with or without those of repeats that came later.

        With `read`, it is looked into the predictions, too.
        """
        found = self.results if read else self.artifacts.folds
        return set(self.data.folds(trial.rung)) <= set(found(trial.candidate.key, trial.rung))

    def prediction(self, trial: Trial, fold: int, places: Array | None = None) -> Array:
        """A trial's predictions of a fold's validation rows at its rung, or of some of them.

        Raises
        ------
        ArtifactError
            If they are missing or damaged.
        """
        rows = len(self.data.validation_rows(fold, trial.rung.rows))
        return self.artifacts.prediction(trial.candidate.key, trial.rung, fold, places, rows)

    def out_of_fold(self, trial: Trial) -> list[Array]:
        """Validation predictions of a complete trial, one array a fold."""
        return [self.prediction(trial, fold) for fold in self.data.folds(trial.rung)]

    def n_models(self, trial: Trial) -> int:
        """How many models a trial has: one a fold, or one of all rows."""
        results = self.artifacts.folds(trial.candidate.key, trial.rung)
        return max(1, sum(fold == 0 or not result.out_of_bag for fold, result in results.items()))

    def models(self, trial: Trial) -> list[Pipeline]:
        """Fold models of a trial that are on disk (all where it is complete); one where it was fitted once.

        Where folds go forward in time, only the last one's: it has seen the most rows, and the latest.

        Raises
        ------
        ArtifactError
            If one cannot be read, or there is none.
        """
        key, data = trial.candidate.key, self.data
        stored = self.artifacts.folds(key, trial.rung)
        if not stored or (trial.complete and len(stored) < len(data.folds(trial.rung))):
            raise ArtifactError(f"Trial {trial.number} lacks files of its folds in {str(data.run_dir)!r}.")
        own = [fold for fold in stored if fold == 0 or not stored[fold].out_of_bag]
        return [self.model(key, trial.rung, stored[fold]) for fold in own[-1 if data.forward else 0 :]]
