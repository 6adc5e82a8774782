"""From a finished search to what the user gets, step by step, each skipped when it no longer fits."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from automl import signals
from automl.data.columns import Columns
from automl.ensemble.predictor import AveragedClassifier, AveragedRegressor, Member
from automl.ensemble.selection import select
from automl.errors import ExecutorError
from automl.evaluate.evaluator import Evaluator
from automl.execute.base import Executor
from automl.pipeline.prepare import TableReader
from automl.schedule.budget import LOAD_BYTES, MEMBERS, Budget, refit_seconds
from automl.space.seed import derive_seed
from automl.trials.history import History
from automl.trials.trial import DUMMY, TOP, Failure, Job, Outcome, Proposal, Trial

Array = NDArray[Any]

SAMPLE_ROWS = 10_000  # rows that ensemble selection looks at
SPARE = 0.35  # seconds left over for what is not predicted,
SPARE_ROW = 5e-7  # and for each row: the files of a large run take a while to go


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
        Its validation predictions, one array a fold.
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
    """Make the most of the trials in the time that is left.

    Parameters
    ----------
    ensemble : bool
        Whether an ensemble may be made.
    refits : bool
        Whether the best candidate is fitted on all rows.
    weights : dict of int to float, optional
        Of the ensemble, by number of trial, where it is known already (empty is none); selected where not given.
    """
    trial = _best(history, evaluator)
    notes = _unfinished(trial, len(evaluator.folds(TOP)), history)
    notes += [history.trouble] if history.trouble else []
    wanted = refits and trial.complete and trial.origin != DUMMY
    refit = wanted and _start_refit(trial, evaluator, executor, budget, notes)
    rivals = [t for t in history.kept() if t.rung == trial.rung]  # others had fewer repeats
    predictions = {t.number: evaluator.out_of_fold(t) for t in rivals} if trial.complete else {}
    watch = Stopwatch()
    if weights is None:
        weights = _choose(history, predictions, evaluator, budget, notes) if ensemble and trial.complete else {}
    watch.lap("ensemble")
    estimator, weights = _assemble(history, trial, weights, evaluator, columns, budget, notes)
    watch.lap("load")
    loss = trial.loss if trial.complete else float(np.mean(trial.fold_losses))
    handed = HandOver(estimator, estimator, trial, weights, loss, trial.fold_losses, notes=notes)
    if weights:
        handed.out_of_fold = _blend(predictions, weights)
        handed.loss, handed.fold_losses = evaluator.loss_of(handed.out_of_fold)
    elif trial.complete:
        handed.out_of_fold = predictions[trial.number]
    handed.seconds = watch.laps
    fitted = _await_refit(trial, evaluator, executor, budget, notes) if refit else None
    watch.lap("refit")
    if fitted is not None:
        handed.best_pipeline = Pipeline([("columns", TableReader(columns).fit(None)), *fitted.steps])
        if evaluator.forward:
            _renew(estimator, trial, fitted)
    elif weights:
        handed.best_pipeline = _average(
            [Member(trial.candidate.text, 1.0, evaluator.models(trial))], evaluator, columns
        )
    return handed


class Stopwatch:
    """Seconds of one step after the other."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Book what has passed since the last one."""
        now = time.monotonic()
        self.laps[name], self._last = now - self._last, now


def _spare(evaluator: Evaluator) -> float:
    return SPARE + SPARE_ROW * len(evaluator.y)


def _renew(estimator: BaseEstimator, trial: Trial, fitted: Pipeline) -> None:
    """Where folds go forward, the model fitted on all rows knows the latest: it stands in for the last fold's."""
    for member in estimator.members:
        if member.candidate == trial.candidate.text:
            member.models = [fitted]


# ---- the best candidate on all rows


def _start_refit(trial: Trial, evaluator: Evaluator, executor: Executor, budget: Budget, notes: list[str]) -> bool:
    left = budget.remaining()
    seconds = refit_seconds(trial, evaluator.n_folds)
    if left is not None and seconds > left - _spare(evaluator):
        notes.append(f"best_pipeline_ was not refitted on all rows ({seconds:.1f} s did not fit): its fold models.")
        return False
    limit = None if left is None else max(0.1, left - _spare(evaluator))
    proposal = Proposal(trial.candidate, trial.origin)
    executor.submit(trial, Job(proposal, seconds_limit=limit, refit=True, rounds=trial.rounds))
    return True


def _await_refit(
    trial: Trial, evaluator: Evaluator, executor: Executor, budget: Budget, notes: list[str]
) -> Pipeline | None:
    left = budget.remaining()
    try:
        ended = executor.finished(3600.0 if left is None else max(0.0, left - _spare(evaluator)))
    except ExecutorError as error:
        ended = [(trial, Failure("crashed", str(error)))]
    except KeyboardInterrupt:
        if signals.insisted():
            raise
        ended = [(trial, Failure("cut", "interrupted"))]
    if ended and isinstance(ended[0][1], Outcome):
        found: Pipeline | None = evaluator.artifacts.refit(trial.candidate.key)
        return found
    executor.cancel()
    why = getattr(ended[0][1], "message", "") if ended else "no time left"
    notes.append(f"best_pipeline_ was not refitted on all rows ({why}): its fold models.")
    return None


# ---- the ensemble


def _choose(
    history: History, predictions: dict[int, list[Array]], evaluator: Evaluator, budget: Budget, notes: list[str]
) -> dict[int, float]:
    """Weights by trial number; empty where the best candidate is better alone."""
    trials = [trial for trial in history.kept() if trial.origin != DUMMY and trial.number in predictions]
    metric = evaluator.task.metric
    truths: list[Array] = []
    counts: list[Array | None] = []  # weights of the rows
    views: list[Array] = []
    folds = range(len(next(iter(predictions.values()))))
    for fold, rows in enumerate(_sample(evaluator, folds)):
        places = evaluator.splits[fold][1][rows]
        y, weight = evaluator.y[places], evaluator.weights(places)
        parts = [np.asarray(predictions[trial.number][fold][rows], dtype=np.float64) for trial in trials]
        truths.append(y)
        counts.append(weight)
        views.append(np.stack([metric.view(y, part) if metric.view else part for part in parts]) if parts else y[:0])

    def losses(blends: list[Array]) -> Array:
        if evaluator.pooled:
            whole = [part for part in counts if part is not None]
            weight = np.concatenate(whole) if whole else None
            return metric.losses(np.concatenate(truths), np.concatenate(blends, axis=1), weight)
        folds = zip(truths, blends, counts, strict=True)
        return np.asarray(np.mean([metric.losses(y, blend, weight) for y, blend, weight in folds], axis=0))

    handling = budget.handling_seconds(sum(trial.model_bytes for trial in trials[:MEMBERS]))

    def out_of_time() -> bool:
        left = budget.remaining()
        return left is not None and left < _spare(evaluator) + handling + 0.1

    try:
        chosen = select(views, losses, out_of_time=out_of_time)
    except Exception as error:  # a user's metric may fail on a blend that it has not met before
        notes.append(f"No ensemble was made: the metric failed on one ({error!r}).")
        return {}
    weights = {trials[place].number: weight for place, weight in chosen.items()}
    if len(weights) < 2:
        return {}
    whole, _ = evaluator.loss_of(_blend(predictions, weights))
    best = trials[0].loss
    return weights if best is not None and whole < best else {}


def _sample(evaluator: Evaluator, folds: range) -> list[Array]:
    """Row numbers within each validation part; all where they are few."""
    sizes = [len(evaluator.splits[fold][1]) for fold in folds]
    share = min(1.0, SAMPLE_ROWS / sum(sizes))
    if share == 1.0:
        return [np.arange(size) for size in sizes]
    rng = np.random.default_rng(derive_seed(evaluator.seed, "selection"))
    parts: list[Array] = []
    for (_, valid), size in zip((evaluator.splits[fold] for fold in folds), sizes, strict=True):
        order = rng.permutation(size)
        if evaluator.task.classes is not None:  # stratified: by class, then by chance
            order = order[np.argsort(evaluator.y[valid][order], kind="stable")]
        parts.append(np.sort(order[:: max(1, round(1 / share))]))
    return parts


def _blend(predictions: dict[int, list[Array]], weights: dict[int, float]) -> list[Array]:
    folds = range(len(next(iter(predictions.values()))))
    return [
        np.asarray(sum(weight * predictions[number][fold].astype(np.float64) for number, weight in weights.items()))
        for fold in folds
    ]


def _assemble(
    history: History,
    trial: Trial,
    weights: dict[int, float],
    evaluator: Evaluator,
    columns: Columns,
    budget: Budget,
    notes: list[str],
) -> tuple[BaseEstimator, dict[int, float]]:
    """Load the members' fold models, the heaviest weights first, as long as there is time."""
    members: list[Member] = []
    size = trial.model_bytes // max(1, trial.folds)  # of the refitted pipeline
    loaded: dict[int, float] = {}
    for number in sorted(weights, key=lambda number: -weights[number]):
        member = history.trials[number]
        left = budget.remaining()
        saving = budget.handling_seconds(size) - size / LOAD_BYTES  # of what was loaded before
        loading = budget.handling_seconds(member.model_bytes) + saving
        if left is not None and members and loading > left - _spare(evaluator):
            notes.append(f"Trial {number} was left out of the ensemble: its models could not be loaded in time.")
            continue
        members.append(Member(member.candidate.text, weights[number], evaluator.models(member)))
        loaded[number] = weights[number]
        size += member.model_bytes
    if not members:
        members = [Member(trial.candidate.text, 1.0, evaluator.models(trial))]
    total = sum(member.weight for member in members)
    total = 1.0 if abs(total - 1.0) < 1e-9 else total  # so that weights of a journal stay what they are
    for member_ in members:
        member_.weight /= total
    kept = {number: weight / total for number, weight in loaded.items()}
    return _average(members, evaluator, columns), kept if len(kept) > 1 else {}


def _average(members: list[Member], evaluator: Evaluator, columns: Columns) -> BaseEstimator:
    if evaluator.task.classes is None:
        return AveragedRegressor(members, columns)
    return AveragedClassifier(members, columns, evaluator.task.classes, evaluator.task.costs)


def _unfinished(trial: Trial, folds: int, history: History) -> list[str]:
    """What the user should know of a model that is not a whole candidate; time is blamed where it was short."""
    if trial.origin == DUMMY:
        return [_constant(history)]
    if not trial.complete:
        had = f"{len(trial.fold_losses)} of {folds} folds" if trial.rung.rows == 1.0 else str(trial.rung)
        return [f"No candidate was evaluated in full: the model is one of {had}; give it more time."]
    return []


def _constant(history: History) -> str:
    """Why the model is the dummy."""
    trials = history.candidates_trials()
    tried = {trial.candidate.key for trial in trials if trial.status in ("ok", "stopped")}
    late = any(trial.status in ("cut", "timeout", "running") for trial in trials)
    broken = [trial for trial in trials if trial.error is not None]
    if history.searched() or (tried and not late):
        many = (
            f"None of the {len(tried)} candidates that were tried" if len(tried) > 1 else "The candidate that was tried"
        )
        better = "is better" if len(tried) > 1 else "is not better"
        return f"{many} {better} than a constant prediction, which is the model: the columns may not tell the target."
    if broken and not late:
        reason = f"no candidate could be fitted ({len(broken)} failed, the first with {broken[0].error!r})"
        return f"The model is a constant prediction, as {reason}; failures_ has them all."
    return "No candidate was ready in time: the model is a constant prediction; give it more time."


def _best(history: History, evaluator: Evaluator) -> Trial:
    """The best complete candidate; before there is one, the best partial one if it beats the dummy.

    Partial ones are compared on the most thorough rung that any has a fold of, on the folds that all of them have
    there, which are the first; those whose models are gone are none.
    """
    complete = history.complete()
    partial = [] if history.searched() else [t for t in history.trials if t.fold_losses and not t.complete]
    partial = [trial for trial in partial if evaluator.artifacts.folds(trial.candidate.key, trial.rung)]
    rows = max((trial.rung.rows * trial.rung.iterations for trial in partial), default=1.0)
    partial = [trial for trial in partial if trial.rung.rows * trial.rung.iterations == rows]
    if partial:
        common = min(len(trial.fold_losses) for trial in partial)
        found = min(partial, key=lambda t: (float(np.mean(t.fold_losses[:common])), -t.folds, t.number))
        if not complete or complete[0].loss is None or float(np.mean(found.fold_losses)) < complete[0].loss:
            return found
    return complete[0]
