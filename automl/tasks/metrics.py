"""Metrics: what a good prediction is. Inside, every metric is a loss (lower is better); outside, its own unit."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn import metrics as skm

from automl.errors import ArgumentError, InputTypeError
from automl.registry import load, plugged
from automl.tasks import labelled, ranked
from automl.tasks.constants import LEAST_PRECISION, LEAST_PROBABILITY
from automl.tasks.costs import MeanCost
from automl.tasks.scorers import ScorerFunction

Array = NDArray[Any]
Score = Callable[..., float]  # of (y, prediction, weight or None)
Scores = Callable[..., Array]  # of (y, views, weight or None)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name : str
    sign : int
        1 where higher scores are better, -1 where lower ones are; ``loss = -sign * score``.
    function : callable
        ``function(y, prediction, weight)`` gives the score; `y` is coded 0..k-1 in classification, `prediction` the
        probabilities of shape (n, k), or the values of shape (n,), `weight` that of each row, or None.
    needs_all_classes : bool
        Whether a fold without some class has no score, so that folds are pooled.
    view, many : callable, optional
        For ensemble selection, where the score depends on one number a row only: ``view(y, prediction)`` gives these
        numbers, and ``many(y, views, weight)`` the scores of several, shape (m, n), at once.
    weighted : bool
        Whether the score heeds weights of rows; a scorer that cannot counts each row as one.
    decides : bool
        Whether the score is of labels, so that it depends on which class is decided for by the probabilities.
    best : float, optional
        Score of perfect predictions, where it is known.
    """

    name: str
    sign: int
    function: Score
    needs_all_classes: bool = False
    view: Callable[[Array, Array], Array] | None = None
    many: Scores | None = None
    weighted: bool = True
    decides: bool = False
    best: float | None = None

    def loss(self, y: Array, prediction: Array, weight: Array | None = None) -> float:
        """Lower is better."""
        return -self.sign * float(self.function(y, prediction, weight))

    def losses(self, y: Array, views: Array, weight: Array | None = None) -> Array:
        """Losses of several predictions, given as views where the metric has them; shape (m,)."""
        if self.many is not None:
            return -self.sign * self.many(y, views, weight)
        return np.array([self.loss(y, prediction, weight) for prediction in views])

    def score(self, loss: float | None) -> float | None:
        """A loss in the metric's own unit."""
        return None if loss is None else -self.sign * loss + 0.0


def roc_auc(y: Array, p: Array, w: Array | None = None) -> float:
    """Area under the ROC curve of the second class."""
    return float(_roc_aucs(y, p[None, :, 1], w)[0])


def _roc_aucs(y: Array, scores: Array, w: Array | None = None) -> Array:
    """By ranks (Mann and Whitney 1947); NaN where a class is absent."""
    positive = y == 1
    n_positive = int(positive.sum())
    n_negative = len(y) - n_positive
    if n_positive == 0 or n_negative == 0:
        return np.full(len(scores), np.nan)
    if w is not None:
        return np.array([ranked.area_under_roc(y, row, w) for row in scores])
    ranks = rankdata(scores, axis=1)[:, positive].sum(axis=1)
    return np.asarray((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def log_loss(y: Array, p: Array, w: Array | None = None) -> float:
    """Mean negative logarithm of the probability of the class that came."""
    shares = np.clip(p, LEAST_PROBABILITY, None)
    return float(-np.average(np.log(shares[np.arange(len(y)), y] / shares.sum(axis=1)), weights=w))


def _log_losses(y: Array, shares: Array, w: Array | None = None) -> Array:
    return np.asarray(-np.average(np.log(np.clip(shares, LEAST_PROBABILITY, None)), axis=1, weights=w))


def rmse(y: Array, p: Array, w: Array | None = None) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.average(np.square(y - p), weights=w)))


def mae(y: Array, p: Array, w: Array | None = None) -> float:
    """Mean absolute error."""
    return float(np.average(np.abs(y - p), weights=w))


def r2(y: Array, p: Array, w: Array | None = None) -> float:
    """Share of the variance that is explained."""
    return float(skm.r2_score(y, p, sample_weight=w))


def average_precision(y: Array, p: Array, w: Array | None = None) -> float:
    """Area under the precision-recall curve of the second class, without interpolation."""
    return ranked.average_precision(y, p[:, 1], w)


class RecallAtPrecision:
    """Highest recall of the second class at a threshold whose precision is at least `least`."""

    def __init__(self, least: float) -> None:
        self.least = least

    def __call__(self, y: Array, p: Array, w: Array | None = None) -> float:
        """Recall; 0 where no threshold is precise enough."""
        return ranked.recall_at_precision(y, p[:, 1], w, least=self.least)

    def many(self, y: Array, scores: Array, w: Array | None = None) -> Array:
        """Recalls of several predictions; shape (m,)."""
        return np.array([ranked.recall_at_precision(y, row, w, least=self.least) for row in scores])


# name, better direction, function, kinds of task
_ROWS: dict[str, tuple[int, Score, tuple[str, ...]]] = {
    "roc_auc": (1, roc_auc, ("binary",)),
    "log_loss": (-1, log_loss, ("binary", "multiclass")),
    "accuracy": (1, labelled.accuracy, ("binary", "multiclass")),
    "balanced_accuracy": (1, labelled.balanced_accuracy, ("binary", "multiclass")),
    "f1": (1, labelled.f1, ("binary",)),
    "f1_macro": (1, labelled.f1_macro, ("binary", "multiclass")),
    "matthews_corrcoef": (1, labelled.matthews_corrcoef, ("binary", "multiclass")),
    "average_precision": (1, average_precision, ("binary",)),
    "recall_at_precision": (1, RecallAtPrecision(LEAST_PRECISION), ("binary",)),
    "rmse": (-1, rmse, ("regression",)),
    "mae": (-1, mae, ("regression",)),
    "r2": (1, r2, ("regression",)),
}


def _second(y: Array, p: Array) -> Array:
    return p[:, 1]


# views and vectorised scores, where one number a row is enough
_FAST: dict[str, tuple[Callable[[Array, Array], Array], Scores]] = {
    "roc_auc": (_second, _roc_aucs),
    "average_precision": (
        _second,
        lambda y, v, w=None: np.array([ranked.average_precision(y, row, w) for row in v]),
    ),
    "log_loss": (lambda y, p: p[np.arange(len(y)), y], _log_losses),
    "rmse": (lambda y, p: p, lambda y, v, w=None: np.sqrt(np.average(np.square(y - v), axis=1, weights=w))),
    "mae": (lambda y, p: p, lambda y, v, w=None: np.average(np.abs(y - v), axis=1, weights=w)),
}
_ALIASES = {
    "neg_log_loss": "log_loss",
    "neg_root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "auc": "roc_auc",
    "logloss": "log_loss",
    "mcc": "matthews_corrcoef",
}
_SCIKIT_LEARNS = {("multiclass", "average_precision")}  # of the same name, for a kind of task that ours does not suit
_OF_LABELS = {"accuracy", "balanced_accuracy", "f1", "f1_macro", "matthews_corrcoef"}  # of ours
COST = "cost"
PLUGGED = "automl.metrics"  # group of entry points, each a callable ``scorer(estimator, X, y)``
_RECALL = "recall_at_precision"
DEFAULTS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
_NEEDS_ALL = {
    "roc_auc",
    "average_precision",
    "roc_auc_ovr",
    "roc_auc_ovo",
    "roc_auc_ovr_weighted",
    "roc_auc_ovo_weighted",
}


def make_metric(
    metric: Any, kind: str, classes: Array | None, costs: Array | None = None, validated: Array | None = None
) -> Metric:
    """The metric of a name (ours, scikit-learn's or an entry point's), or of a callable ``scorer(estimator, X, y)``.

    Parameters
    ----------
    metric : str or callable
        "auto" is ROC AUC, log loss or RMSE by the task. Metrics of two classes, scikit-learn's "f1" among them, take
        the second of the sorted labels as positive.
    kind : {"binary", "multiclass", "regression"}
    classes : ndarray or None
        Sorted labels of a classification task.
    costs : ndarray of shape (n_classes, n_classes), optional
        Of wrong decisions; then "auto" is "cost", their mean.
    validated : ndarray of int, optional
        Classes that validation rows may be of, by code; scorers that need all classes are not told of others.

    Raises
    ------
    ArgumentError
        If there is no such metric or it does not suit the task.
    """
    if callable(metric):
        return _from_scorer(getattr(metric, "__name__", "custom"), metric, kind, classes, validated, own_labels=True)
    if not isinstance(metric, str):
        raise InputTypeError(f"metric must be a name or a callable scorer(estimator, X, y), got {metric!r}.")
    if metric == COST or (metric == "auto" and costs is not None):
        if costs is None:
            raise ArgumentError("metric 'cost' needs the costs of wrong decisions, as in costs=[[0, 1], [20, 0]].")
        return Metric(COST, -1, MeanCost(costs), best=0.0)
    name = DEFAULTS[kind] if metric == "auto" else _ALIASES.get(metric, metric)
    if name.startswith(_RECALL):
        return _recall_at_precision(name, kind)
    if name in _ROWS and (kind in _ROWS[name][2] or (kind, name) not in _SCIKIT_LEARNS):
        sign, function, kinds = _ROWS[name]
        _refuse_other_kinds(metric, kind, kinds)
        view, many = _FAST.get(name, (None, None))
        decides, best = name in _OF_LABELS, float(sign > 0)
        return Metric(name, sign, function, name in _NEEDS_ALL, view, many, decides=decides, best=best)
    others = plugged(PLUGGED)
    if name in others and name not in skm.get_scorer_names():
        return _from_scorer(name, _other(others[name]), kind, classes, validated, own_labels=True)
    try:
        scorer = skm.get_scorer(name)
    except (ValueError, KeyError) as error:
        near = difflib.get_close_matches(name, sorted({*_ROWS, *_ALIASES, *others, *skm.get_scorer_names()}), n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ArgumentError(f"metric {metric!r} is neither ours nor scikit-learn's.{hint}") from error
    return _from_scorer(name, scorer, kind, classes, validated, own_labels=False)


def _other(place: EntryPoint) -> Any:
    scorer = load(place, "metric")
    if not callable(scorer):
        raise ArgumentError(
            f"metric: the entry point {place.name!r} ({place.value}) must be a callable scorer(estimator, X, y)."
        )
    return scorer


def _refuse_other_kinds(metric: Any, kind: str, kinds: tuple[str, ...]) -> None:
    if kind not in kinds:
        good = ", ".join(n for n, row in _ROWS.items() if kind in row[2])
        raise ArgumentError(f"metric {metric!r} does not suit a {kind} task; take one of {good}.")


def _recall_at_precision(name: str, kind: str) -> Metric:
    """``recall_at_precision`` is at 0.9; ``recall_at_precision_0.95`` says another."""
    _refuse_other_kinds(name, kind, ("binary",))
    text = name.removeprefix(_RECALL).removeprefix("_")
    try:
        least = float(text or LEAST_PRECISION)
    except ValueError:
        least = np.nan
    if not 0 < least <= 1:
        raise ArgumentError(f"metric {name!r}: the precision must be above 0 and at most 1, as in '{_RECALL}_0.95'.")
    function = RecallAtPrecision(least)
    return Metric(name, 1, function, True, _second, function.many, best=1.0)


def _from_scorer(
    name: str, scorer: Any, kind: str, classes: Array | None, validated: Array | None, *, own_labels: bool
) -> Metric:
    sign = int(getattr(scorer, "_sign", 1))
    shown = name.removeprefix("neg_") if sign < 0 else name
    labels = classes if own_labels else None if classes is None else np.arange(len(classes))
    validated = validated if own_labels or name in _NEEDS_ALL else None
    function = ScorerFunction(scorer, labels, sign, validated, coded=not own_labels)
    decides = classes is not None and getattr(scorer, "_response_method", None) == "predict"
    return Metric(shown, sign, function, name in _NEEDS_ALL, weighted=function.weighted, decides=decides)
