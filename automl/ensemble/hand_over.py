"""From a finished search to what the user gets, step by step, each skipped when it no longer fits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from automl.data.columns import Columns
from automl.ensemble.best import best, had, known_partial, unfinished
from automl.ensemble.choice import blend, blend_of, choose
from automl.ensemble.partial import Better, clearly_better
from automl.ensemble.predictor import AveragedClassifier, AveragedRegressor, Member
from automl.ensemble.refit import await_refit, start_refit
from automl.ensemble.rescue import fitted_anew
from automl.errors import ArtifactError
from automl.evaluate.evaluator import Evaluator
from automl.execute.base import Executor
from automl.pipeline.prepare import TableReader
from automl.schedule.budget import LOAD_BYTES, MEMBERS, Budget
from automl.trials.history import History
from automl.trials.trial import DUMMY, Trial

Array = NDArray[Any]

SPARE = 0.35  # seconds left over for what is not predicted,
SPARE_ROW = 5e-7  # and for each row: the files of a large run take a while to go
SHOWN = 5  # numbers of trials in a note


@dataclass
class HandOver:
    """What `fit` hands to the user.

    Attributes
    ----------
    best_estimator : estimator
        What `predict` uses: the ensemble, or the best candidate's fold models.
    best_pipeline : Pipeline or estimator
        The best candidate refitted on all rows (its fold models where that did not fit).
    trial : Trial
        The best candidate's.
    weights : dict
        Weight of each trial in the ensemble, by number; empty where the best candidate is better alone.
    loss, fold_losses
        Of `best_estimator`.
    out_of_fold : list of ndarray
        Its validation predictions, one array a fold; of the first folds only where the model has no others, and
        empty where they are lost or of a sample of the rows.
    notes : list of str
        What was skipped, and why.
    seconds : dict
        What the steps took.
    """

    best_estimator: BaseEstimator
    best_pipeline: BaseEstimator
    trial: Trial
    weights: dict[int, float] = field(default_factory=dict)
    loss: float | None = None
    fold_losses: tuple[float, ...] = ()
    out_of_fold: list[Array] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def told_weights(self) -> dict[int, float]:
        """`weights` as the journal has them: a trial that was not evaluated in full, yet is the model, is named too."""
        alone = self.trial.complete or self.trial.origin == DUMMY
        return self.weights if self.weights or alone else {self.trial.number: 1.0}


def hand_over(
    history: History,
    evaluator: Evaluator,
    executor: Executor,
    budget: Budget,
    columns: Columns,
    ensemble: bool = True,
    refits: bool = True,
    weights: dict[int, float] | None = None,
) -> HandOver:
    """Make the most of the trials in the time that is left, and of the files that are left.

    Parameters
    ----------
    ensemble : bool
        Whether an ensemble may be made.
    refits : bool
        Whether the best candidate is fitted on all rows.
    weights : dict of int to float, optional
        Of the ensemble, by number of trial, where it is known already (empty is none); selected where not given.
    """
    return _Steps(history, evaluator, executor, budget, columns).run(ensemble, refits, weights)


class Stopwatch:
    """Seconds of one step after the other."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Book what has passed since the last one."""
        now = time.monotonic()
        self.laps[name], self._last = now - self._last, now


class _Steps:
    """One hand-over; files that cannot be read cost the trials that they belong to."""

    def __init__(
        self, history: History, evaluator: Evaluator, executor: Executor, budget: Budget, columns: Columns
    ) -> None:
        self.history, self.evaluator, self.executor = history, evaluator, executor
        self.budget, self.columns = budget, columns
        self.spare = SPARE + SPARE_ROW * len(evaluator.y)
        self.notes = [history.trouble] if history.trouble else []
        self.lost: dict[int, None] = {}  # trials whose files cannot be read

    def run(self, ensemble: bool, refits: bool, known: dict[int, float] | None) -> HandOver:
        """All steps, with the `known` weights of a run that is replayed."""
        history, watch = self.history, Stopwatch()
        trial = first = known_partial(history, known) or best(history, self.evaluator)
        whole = trial.complete and trial.origin != DUMMY
        tools = (self.evaluator, self.executor)
        refits = refits and whole and self.evaluator.run_dir.exists()
        refit = refits and start_refit(first, *tools, self._left(), self.notes)
        rivals = [t for t in history.kept() if t.rung == trial.rung and t.origin != DUMMY] if whole else []
        weights = known if known is not None and whole else {}
        if ensemble and known is None and whole:
            weights = choose(rivals[rivals.index(trial) :], self.evaluator, self._out_of_time, self.notes)
        watch.lap("ensemble")
        partial = self._partial(rivals, weights or {trial.number: 1.0}) if known is None and whole else None
        if partial is not None:
            trial, weights = partial.trial, {}
            self.executor.cancel()  # the refit
        trial, members, weights = self._load(trial, weights)
        watch.lap("load")
        parts = self._out_of_fold(trial, weights) if members else []
        wanted = refit and partial is None
        fitted = await_refit(first, *tools, self._left(), self.notes) if wanted else None
        watch.lap("refit")
        if anew := not members:
            trial, pipeline = (
                (first, fitted) if fitted is not None else fitted_anew(history, self.evaluator, self._left)
            )
            members = [Member(trial.candidate.text, 1.0, [pipeline])]
        self._tell_lost(trial, anew=anew)
        handed = self._handed(trial, members, weights, parts)
        handed.best_pipeline = self._best_pipeline(handed, fitted if trial is first else None)
        handed.seconds = watch.laps
        return handed

    def _tell_lost(self, trial: Trial, *, anew: bool) -> None:
        if not self.lost:
            return
        numbers = ", ".join([*map(str, self.lost)][:SHOWN]) + (", ..." if len(self.lost) > SHOWN else "")
        text = f"Files of the run are missing or damaged: the model is without trials {numbers}."
        if anew and trial.origin == DUMMY:
            text = "Files of the run are missing or damaged, so that the model is a constant prediction; fit it again."
        elif anew:
            text = f"Files of the run are missing or damaged: the model is trial {trial.number}, fitted on all rows."
        self.notes.append(text)

    def _left(self) -> float | None:
        left = self.budget.remaining()
        return None if left is None else left - self.spare

    def _out_of_time(self) -> bool:
        handling = self.budget.handling_seconds(sum(trial.model_bytes for trial in self.history.searched()[:MEMBERS]))
        left = self._left()
        return left is not None and left < handling + 0.1

    def _partial(self, rivals: list[Trial], weights: dict[int, float]) -> Better | None:
        """A candidate that was not evaluated in full and is better than the whole ones of these weights."""
        members = {trial.number: trial for trial in rivals}
        found = clearly_better(
            self.history,
            self.evaluator,
            lambda fold, rows: blend_of(members, weights, self.evaluator, fold, rows),
            self._out_of_time,
        )
        if found is not None:
            metric, trial = self.evaluator.task.metric, found.trial
            self.notes.append(
                f"The model is trial {trial.number}, which was not evaluated in full ({had(trial, self.evaluator)}): "
                f"there, its {metric.name} of {metric.score(found.loss):.5g} is clearly better than the "
                f"{metric.score(found.whole):.5g} of what was; give it more time."
            )
        return found

    # ---- models and predictions

    def _load(self, trial: Trial, weights: dict[int, float]) -> tuple[Trial, list[Member], dict[int, float]]:
        """The members' fold models, the heaviest weights first, as long as there is time; else those of one trial."""
        members: list[Member] = []
        size = trial.model_bytes // max(1, trial.folds)  # of the refitted pipeline
        loaded: dict[int, float] = {}
        for number in sorted(weights, key=lambda number: -weights[number]):
            member, left = self.history.trials[number], self._left()
            saving = self.budget.handling_seconds(size) - size / LOAD_BYTES  # of what was loaded before
            loading = self.budget.handling_seconds(member.model_bytes) + saving
            if left is not None and members and loading > left:
                self.notes.append(f"Trial {number} was left out of the ensemble: no time was left to load its models.")
            elif (found := self._member(member, weights[number])) is not None:
                members.append(found)
                loaded[number] = weights[number]
                size += member.model_bytes
        if len(members) > 1:
            total = sum(loaded.values())
            total = 1.0 if abs(total - 1.0) < 1e-9 else total  # so that weights of a journal stay what they are
            for one in members:
                one.weight /= total
            return trial, members, {number: weight / total for number, weight in loaded.items()}
        others = [t for t in self.history.kept() if t.origin != DUMMY and t is not trial]
        for one_trial in [*(self.history.trials[number] for number in loaded), trial, *others]:
            if (found := self._member(one_trial, 1.0)) is not None:
                return one_trial, [found], {}
        return trial, [], {}

    def _member(self, trial: Trial, weight: float) -> Member | None:
        """A trial with its fold models; None where they cannot be read."""
        try:
            return Member(trial.candidate.text, weight, self.evaluator.models(trial))
        except ArtifactError:
            self.lost[trial.number] = None
            return None

    def _out_of_fold(self, trial: Trial, weights: dict[int, float]) -> list[Array]:
        try:
            if weights:
                return blend(self.history.trials, weights, self.evaluator)
            if trial.complete:
                return self.evaluator.out_of_fold(trial)
            folds = self.evaluator.ended_folds(trial) if trial.rung.rows >= 1 else []
            return [self.evaluator.prediction(trial, fold) for fold in folds if folds == list(range(len(folds)))]
        except ArtifactError:
            return []

    def _handed(self, trial: Trial, members: list[Member], weights: dict[int, float], parts: list[Array]) -> HandOver:
        loss, fold_losses = trial.loss, trial.fold_losses
        if weights and parts:
            loss, fold_losses = self.evaluator.loss_of(parts)
        elif not trial.complete:
            loss = float(np.mean(fold_losses)) if fold_losses else None
        notes = [*unfinished(trial, self.history, self.evaluator), *self.notes]
        estimator = self._average(members)
        return HandOver(estimator, estimator, trial, weights, loss, fold_losses, parts, notes)

    def _best_pipeline(self, handed: HandOver, fitted: Pipeline | None) -> BaseEstimator:
        if fitted is not None:
            if self.evaluator.forward:
                _renew(handed.best_estimator, handed.trial, fitted)
            return Pipeline([("columns", TableReader(self.columns).fit(None)), *fitted.steps])
        found = self._member(handed.trial, 1.0) if handed.weights else None
        return handed.best_estimator if found is None else self._average([found])

    def _average(self, members: list[Member]) -> BaseEstimator:
        task = self.evaluator.task
        if task.classes is None:
            return AveragedRegressor(members, self.columns)
        return AveragedClassifier(members, self.columns, task.classes, task.costs)


def _renew(estimator: BaseEstimator, trial: Trial, fitted: Pipeline) -> None:
    """Where folds go forward, the model fitted on all rows knows the latest: it stands in for the last fold's."""
    for member in estimator.members:
        if member.candidate == trial.candidate.text:
            member.models = [fitted]
