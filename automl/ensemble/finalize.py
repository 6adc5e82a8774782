"""From a finished search to what the user gets, step by step, each skipped when it no longer fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from automl.columns.columns import Columns
from automl.decisions import Decisions
from automl.ensemble.best import tell_unfinished
from automl.ensemble.bootstrap import chance, expected, gain
from automl.ensemble.choice import Choice
from automl.ensemble.combiners.base import Combine, combine_of, mean
from automl.ensemble.cost import Cost
from automl.ensemble.expected import UNKNOWN, Expected
from automl.ensemble.members import Members
from automl.ensemble.optimism import Effort
from automl.ensemble.predictor import AveragedClassifier, AveragedRegressor, Member
from automl.ensemble.refit import Refits
from automl.ensemble.rescue import fitted_anew
from automl.ensemble.speed import Asked
from automl.ensemble.thresholds import Thresholds, labels
from automl.ensemble.time_left import TimeLeft
from automl.evaluate.limits import Clock
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.pipeline.prepare import TableReader
from automl.pipeline.shared import unite
from automl.schedule.budget import Budget
from automl.trials.history import History
from automl.trials.trial import DUMMY, Extent, Trial

Array = NDArray[Any]


@dataclass(frozen=True)
class Known:
    """What is settled before the hand-over.

    Attributes
    ----------
    refitted : bool or dict of int to Extent
        Whether the best candidate (after a hold-out, every member) is fitted on all rows, or the trials whose are.
    weights : dict of int to float, optional
        Of the ensemble, by number of trial (empty is none); the combiner's where not given.
    draws : (int, int), optional
        In which the model is scored, and chosen, anew.
    counted : bool
        Whether no clock has ended the search, so that none is to decide.
    call_seconds : float
        That a metric of the user's own takes for a fold; 0 of metrics that are quick.
    """

    refitted: bool | Mapping[int, Extent] = True
    weights: dict[int, float] | None = None
    draws: tuple[int, int] | None = None
    counted: bool = False
    call_seconds: float = 0.0

    def effort(self, left: float | None, budget: float | None) -> Effort:
        """How much of the seconds that are left, and of the budget, goes to drawing rows anew."""
        return Effort.of(left, budget, self.draws, fixed=self.counted, call_seconds=self.call_seconds)


@dataclass
class FinalModel:
    """What a finished search comes to.

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
    refitted : dict of int to Extent
        Trials whose candidates were fitted on all rows, by number.
    decisions : Decisions
        What was decided on the way, and what was skipped, and why.
    seconds : dict
        What the steps took.
    quick : bool
        Whether `trial` was chosen for its speed, too, so that it may not be the best one.
    cost : Cost, optional
        Of `best_estimator`.
    expected : Expected
        What new rows will be scored.
    """

    best_estimator: BaseEstimator
    best_pipeline: BaseEstimator
    trial: Trial
    weights: dict[int, float] = field(default_factory=dict)
    loss: float | None = None
    fold_losses: tuple[float, ...] = ()
    out_of_fold: list[Array] = field(default_factory=list)
    refitted: dict[int, Extent] = field(default_factory=dict)
    decisions: Decisions = field(default_factory=Decisions)
    seconds: dict[str, float] = field(default_factory=dict)
    quick: bool = False
    cost: Cost | None = None
    expected: Expected = UNKNOWN

    @property
    def told_weights(self) -> dict[int, float]:
        """`weights` as the journal has them: a trial that is the model, yet not the best whole one, is named too."""
        alone = (self.trial.complete and not self.quick) or self.trial.origin == DUMMY
        return self.weights if self.weights or alone else {self.trial.number: 1.0}


def finalize(
    history: History,
    stored: StoredFolds,
    refits: Refits,
    budget: Budget,
    columns: Columns,
    asked: Asked,
    known: Known,
    copies: Array | None = None,
) -> FinalModel:
    """Make the most of the trials in the time that is left, and of the files that are left.

    Parameters
    ----------
    refits : Refits
        Fits candidates on all rows.
    asked : Asked
        Of what the model is to be made, and how fast.
    copies : ndarray of shape (n_rows,), optional
        Rows of one number are copies of one another.
    """
    clock, seconds, data = Clock(), {}, stored.data
    decisions = Decisions(notes=[history.fatal_error] if history.fatal_error else [])
    left, combine = TimeLeft(budget, len(data.y)), combine_of(asked.combiner)
    loader = Members(history, stored, left, decisions)
    choice = Choice.of(history, stored, asked, left, known.weights, decisions)
    seconds["ensemble"] = clock.lap()
    first = choice.first
    wanted = refits.wanted(history, first, choice.weights, known.refitted) if choice.whole else []
    refits.start(wanted, left.before_handling(wanted), None if isinstance(known.refitted, bool) else known.refitted)
    trial, members, weights = loader.load(choice.trial, choice.weights)
    seconds["load"] = clock.lap()
    parts = loader.out_of_fold(trial, weights, combine) if members else []
    found, decided = labels(data, parts, left, decisions)  # this, and draws, while workers fit
    effort = known.effort(left.before_handling(wanted), budget.time_budget)
    drawn = chance(trial, decided, history, stored, asked.combiner, effort, copies)
    seconds["draws"] = clock.lap()
    fitted = refits.wait(left.before_handling(wanted)) if wanted else {}
    refits.tell(first, wanted, decisions)
    seconds["refit"] = clock.lap()
    if anew := not members:
        ready = first.number in fitted
        trial, pipeline = (first, fitted[first.number]) if ready else fitted_anew(history, refits.refit, left.seconds)
        members = [Member(trial.candidate.text, 1.0, [pipeline])]
    loader.tell_lost(trial, anew=anew)
    tell_unfinished(trial, history, data, decisions)
    _renew(members, fitted, history, data, choice.alone)
    _tell_slow(choice, members, decisions)
    unite([model for member in members for model in member.models])
    model = alone = _average(members, columns, data, combine, found)
    if trial is first and first.number in fitted:
        alone = _from_tables(fitted[first.number], columns)
    elif weights and (member := loader.of(trial)) is not None:
        alone = _average([member], columns, data)
    extents = {number: refits.extents[number] for number in fitted}
    losses = _losses(trial, weights, decided, data, found)
    better = gain(members, [history.trials[number] for number in weights] or [trial], fitted, stored)
    final = FinalModel(model, alone, trial, weights, *losses, parts, extents, decisions, seconds, asked.for_speed)
    final.expected = expected(drawn, *losses, decided, better, data)
    return final


def _losses(
    trial: Trial, weights: dict[int, float], parts: list[Array], data: RunData, thresholds: Thresholds | None
) -> tuple[float | None, tuple[float, ...]]:
    """Of the model, and of its folds."""
    if thresholds is not None:
        return thresholds.loss, data.scores.whole(parts)[1]
    if weights and parts:
        return data.scores.whole(parts)
    if trial.complete or not trial.fold_losses:
        return trial.loss if trial.complete else None, trial.fold_losses
    return float(np.mean(trial.fold_losses)), trial.fold_losses


def _renew(members: list[Member], fitted: dict[int, Pipeline], history: History, data: RunData, alone: bool) -> None:
    """Let what was fitted on all rows stand in for a hold-out's model, and for the last one of folds in time.

    It has seen more rows than the former, and later ones than the latter; and for all fold models, where one is asked.
    """
    if data.n_folds > 1 and not data.forward and not alone:
        return
    by_text = {history.trials[number].candidate.text: pipeline for number, pipeline in fitted.items()}
    for member in members:
        if member.candidate in by_text:
            member.models = [by_text[member.candidate]]


def _tell_slow(choice: Choice, members: list[Member], decisions: Decisions) -> None:
    if choice.alone and len(members[0].models) > 1:
        why = "No model of all rows was ready in time: the model is made of fold models, which take longer to predict."
        decisions.take("model", "fold models", why, tell=True)


def _from_tables(fitted: Pipeline, columns: Columns) -> Pipeline:
    """The same for raw tables."""
    return Pipeline([("columns", TableReader(columns).fit(None)), *fitted.steps])


def _average(
    members: list[Member],
    columns: Columns,
    data: RunData,
    combine: Combine = mean,
    thresholds: Thresholds | None = None,
) -> BaseEstimator:
    task, combine = data.task, combine if len(members) > 1 else mean
    if task.classes is None:
        return AveragedRegressor(members, columns, combine)
    costs = task.costs if thresholds is None else thresholds.costs
    return AveragedClassifier(members, columns, task.classes, costs, combine)
