"""What a run has come to: all that a report, an explanation or an export needs, without its folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl.columns.columns import Columns
from automl.decisions import Decision
from automl.ensemble.cost import Cost
from automl.ensemble.expected import Expected
from automl.ensemble.finalize import FinalModel
from automl.evaluate.run_data import RunData
from automl.problem import Problem, versions
from automl.report.labels import Labels
from automl.report.leaderboard import leaderboard
from automl.report.verdicts import with_verdicts
from automl.space.space import Space
from automl.trials.history import History
from automl.trials.trial import Trial
from automl.validation.splits import Split

Array = NDArray[Any]

FAILED = ("failed", "timeout", "memory", "crashed")


@dataclass(frozen=True, repr=False)
class Result:
    """What a run has come to; pickled with the model.

    Attributes
    ----------
    task, metric : str
        Kind and name.
    classes : ndarray or None
        Sorted labels, None in regression.
    target_format
        How the target's texts are read as numbers, if they were texts.
    columns : Columns
        What each column was taken for, and how it is read.
    named : bool
        Whether the columns had names.
    warnings : list of str
    space : Space
        What was searched.
    trials : list of Trial
        With verdicts.
    candidates : int
    leaderboard : DataFrame
    best_estimator, best_pipeline : estimator
    best : Trial
    expected : Expected
        What `best_estimator` will be scored on new rows, in the metric's own unit, and how sure that is.
    weights : dict of int to float
        Of the ensemble, by number of trial.
    out_of_fold : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Predictions by models that have not seen the row; NaN where there is none.
    splits : list of (train, validation) row numbers
    labels : Labels
    cost : Cost or None
        Of `best_estimator`: training seconds, bytes, milliseconds a row.
    decisions : list of Decision
        What the run decided by itself, and why.
    stop_reason : str
    settings : dict
        The estimator's arguments, as far as a journal keeps them, and the seed.
    versions : dict of str to str
        Of the libraries.
    time_report : dict
    """

    task: str
    metric: str
    classes: Array | None
    target_format: Any
    columns: Columns
    named: bool
    warnings: list[str]
    space: Space
    trials: list[Trial]
    candidates: int
    leaderboard: pd.DataFrame
    best_estimator: BaseEstimator
    best_pipeline: BaseEstimator
    best: Trial
    expected: Expected
    weights: dict[int, float]
    out_of_fold: Array
    splits: list[Split]
    labels: Labels
    cost: Cost | None
    decisions: list[Decision]
    stop_reason: str
    settings: dict[str, Any]
    versions: dict[str, str]
    time_report: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        problem: Problem,
        history: History,
        final: FinalModel,
        rows: RunData,
        reason: str,
        arguments: dict[str, Any],
    ) -> Result:
        """Of a run that was final over; `reason` says why it stopped."""
        data, task = problem.data, problem.task
        out_of_fold = _scatter(final.out_of_fold, rows.splits, len(data.y))
        return cls(
            task=task.kind,
            metric=task.metric.name,
            classes=task.classes,
            target_format=data.target_format,
            columns=data.columns,
            named=data.named,
            warnings=problem.warned,
            space=problem.space,
            trials=with_verdicts(history.trials),
            candidates=history.candidates,
            leaderboard=leaderboard(history.trials, problem.space, task.metric, final),
            best_estimator=final.best_estimator,
            best_pipeline=final.best_pipeline,
            best=final.trial,
            expected=final.expected,
            weights=final.weights,
            out_of_fold=out_of_fold,
            splits=rows.splits[: max(rows.n_folds, len(final.out_of_fold))],
            labels=Labels.of(data.y, data.classes, out_of_fold, problem.repeats),
            cost=final.cost,
            decisions=final.decisions.taken,
            stop_reason=reason,
            settings={**arguments, "random_state": history.seed},
            versions=versions(),
        )

    def __repr__(self) -> str:
        """One line: trials and predictions would fill pages."""
        score = self.expected.score
        told = "no score" if score is None else f"{self.metric} {score:.5g}"
        model = f"an ensemble of {len(self.weights)}" if self.weights else self.best.candidate.family
        return f"<Result of a {self.task} task: {model}, {told}, {self.candidates} candidates>"

    def attributes(self) -> dict[str, Any]:
        """The learned attributes of `AutoML`."""
        candidate, names = self.best.candidate, self.columns.names
        given: dict[str, Any] = {"feature_names_in_": np.array(names, dtype=object)} if self.named else {}
        given |= {} if self.classes is None else {"classes_": self.classes}
        return {
            **given,
            "n_features_in_": len(names),
            "warnings_": self.warnings,
            "task_": self.task,
            "metric_": self.metric,
            "best_estimator_": self.best_estimator,
            "best_pipeline_": self.best_pipeline,
            "best_params_": {"family": candidate.family, **dict(candidate.root.params)},
            "best_score_": self.expected.score,
            "best_score_interval_": self.expected.interval,
            "validation_score_": self.expected.validated,
            "ensemble_weights_": self.weights,
            "trials_": self.trials,
            "failures_": [trial for trial in self.trials if trial.status in FAILED],
            "n_trials_": self.candidates,
            "cv_splits_": self.splits,
            "stop_reason_": self.stop_reason,
            "time_report_": self.time_report,
        }


def _scatter(parts: list[Array], splits: list[Split], rows: int) -> Array:
    """Validation predictions by row; rows that were validated several times get the mean."""
    if not parts:
        return np.full(rows, np.nan)
    total = np.zeros((rows, *parts[0].shape[1:]))
    counts = np.zeros(rows)
    for (_, valid), part in zip(splits[: len(parts)], parts, strict=True):
        total[valid] += part  # a row that a part holds twice has the same prediction twice
        counts[valid] += 1
    with np.errstate(invalid="ignore"):
        return total / counts.reshape(-1, *[1] * (total.ndim - 1))
