"""Metrics: what a good prediction is. Inside, every metric is a loss (lower is better); outside, its own unit."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn import metrics as skm
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from automl.errors import ArgumentError, InputTypeError

Array = NDArray[Any]
FLOOR = 1e-6  # least probability that log loss is charged for


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes
    ----------
    name : str
    sign : int
        1 where higher scores are better, -1 where lower ones are; ``loss = -sign * score``.
    function : callable
        ``function(y, prediction)`` gives the score; `y` is coded 0..k-1 in classification, `prediction` the
        probabilities of shape (n, k), or the values of shape (n,).
    needs_all_classes : bool
        Whether a fold without some class has no score, so that folds are pooled.
    view, many : callable, optional
        For ensemble selection, where the score depends on one number a row only: ``view(y, prediction)`` gives these
        numbers, and ``many(y, views)`` the scores of several, shape (m, n), at once.
    """

    name: str
    sign: int
    function: Callable[[Array, Array], float]
    needs_all_classes: bool = False
    view: Callable[[Array, Array], Array] | None = None
    many: Callable[[Array, Array], Array] | None = None

    def loss(self, y: Array, prediction: Array) -> float:
        """Lower is better."""
        return -self.sign * float(self.function(y, prediction))

    def losses(self, y: Array, views: Array) -> Array:
        """Losses of several predictions, given as views where the metric has them; shape (m,)."""
        if self.many is not None:
            return -self.sign * self.many(y, views)
        return np.array([self.loss(y, prediction) for prediction in views])

    def score(self, loss: float | None) -> float | None:
        """A loss in the metric's own unit."""
        return None if loss is None else -self.sign * loss + 0.0


def roc_auc(y: Array, p: Array) -> float:
    """Area under the ROC curve of the second class."""
    return float(_roc_aucs(y, p[None, :, 1])[0])


def _roc_aucs(y: Array, scores: Array) -> Array:
    """By ranks (Mann and Whitney 1947); NaN where a class is absent."""
    positive = y == 1
    n_positive = int(positive.sum())
    n_negative = len(y) - n_positive
    if n_positive == 0 or n_negative == 0:
        return np.full(len(scores), np.nan)
    ranks = rankdata(scores, axis=1)[:, positive].sum(axis=1)
    return np.asarray((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def log_loss(y: Array, p: Array) -> float:
    """Mean negative logarithm of the probability of the class that came."""
    shares = np.clip(p, FLOOR, None)
    return float(-np.mean(np.log(shares[np.arange(len(y)), y] / shares.sum(axis=1))))


def rmse(y: Array, p: Array) -> float:
    """Root of the mean squared error."""
    return float(np.sqrt(np.mean(np.square(y - p))))


def accuracy(y: Array, p: Array) -> float:
    """Share of rows whose most probable class is right."""
    return float(np.mean(p.argmax(axis=1) == y))


def balanced_accuracy(y: Array, p: Array) -> float:
    """Mean over the classes of the share of their rows that are found."""
    hits = p.argmax(axis=1) == y
    return float(np.mean([hits[y == k].mean() for k in np.unique(y)]))


def mae(y: Array, p: Array) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(y - p)))


def r2(y: Array, p: Array) -> float:
    """Share of the variance that is explained."""
    return float(skm.r2_score(y, p))


# name, better direction, function, kinds of task
_ROWS = {
    "roc_auc": (1, roc_auc, ("binary",)),
    "log_loss": (-1, log_loss, ("binary", "multiclass")),
    "accuracy": (1, accuracy, ("binary", "multiclass")),
    "balanced_accuracy": (1, balanced_accuracy, ("binary", "multiclass")),
    "rmse": (-1, rmse, ("regression",)),
    "mae": (-1, mae, ("regression",)),
    "r2": (1, r2, ("regression",)),
}
# views and vectorised scores, where one number a row is enough
_FAST: dict[str, tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]]] = {
    "roc_auc": (lambda y, p: p[:, 1], _roc_aucs),
    "log_loss": (lambda y, p: p[np.arange(len(y)), y], lambda y, v: -np.log(np.clip(v, FLOOR, None)).mean(axis=1)),
    "rmse": (lambda y, p: p, lambda y, v: np.sqrt(np.square(y - v).mean(axis=1))),
    "mae": (lambda y, p: p, lambda y, v: np.abs(y - v).mean(axis=1)),
}
_ALIASES = {
    "neg_log_loss": "log_loss",
    "neg_root_mean_squared_error": "rmse",
    "neg_mean_absolute_error": "mae",
    "root_mean_squared_error": "rmse",
    "mean_absolute_error": "mae",
    "auc": "roc_auc",
    "logloss": "log_loss",
}
DEFAULTS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
_NEEDS_ALL = {"roc_auc", "roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted"}


def make_metric(metric: Any, kind: str, classes: Array | None) -> Metric:
    """The metric of a name, a scikit-learn scorer's name, or a callable ``scorer(estimator, X, y)``.

    Parameters
    ----------
    metric : str or callable
        "auto" is ROC AUC, log loss or RMSE by the task.
    kind : {"binary", "multiclass", "regression"}
    classes : ndarray or None
        Sorted labels of a classification task.

    Raises
    ------
    ArgumentError
        If there is no such metric or it does not suit the task.
    """
    if callable(metric):
        return _from_scorer(getattr(metric, "__name__", "custom"), metric, kind, classes, own_labels=True)
    if not isinstance(metric, str):
        raise InputTypeError(f"metric must be a name or a callable scorer(estimator, X, y), got {metric!r}.")
    name = DEFAULTS[kind] if metric == "auto" else _ALIASES.get(metric, metric)
    if name in _ROWS:
        sign, function, kinds = _ROWS[name]
        if kind not in kinds:
            good = ", ".join(n for n, row in _ROWS.items() if kind in row[2])
            raise ArgumentError(f"metric {metric!r} does not suit a {kind} task; take one of {good}.")
        return Metric(name, sign, function, name in _NEEDS_ALL, *_FAST.get(name, (None, None)))
    try:
        scorer = skm.get_scorer(name)
    except (ValueError, KeyError) as error:
        near = difflib.get_close_matches(name, sorted({*_ROWS, *_ALIASES, *skm.get_scorer_names()}), n=3)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise ArgumentError(f"metric {metric!r} is neither ours nor scikit-learn's.{hint}") from error
    return _from_scorer(name, scorer, kind, classes, own_labels=False)


def _from_scorer(name: str, scorer: Any, kind: str, classes: Array | None, *, own_labels: bool) -> Metric:
    sign = int(getattr(scorer, "_sign", 1))
    shown = name.removeprefix("neg_") if sign < 0 else name
    labels = classes if own_labels else None if classes is None else np.arange(len(classes))
    return Metric(shown, sign, ScorerFunction(scorer, kind, labels, sign), name in _NEEDS_ALL)


class ScorerFunction:
    """A scikit-learn scorer as a function of stored predictions; `labels` are what the scorer sees as y."""

    def __init__(self, scorer: Any, kind: str, labels: Array | None, sign: int) -> None:
        self.scorer, self.kind, self.labels, self.sign = scorer, kind, labels, sign

    def __call__(self, y: Array, prediction: Array) -> float:
        """Score of stored predictions, in the metric's own sign."""
        if self.labels is None:
            stand_in: BaseEstimator = _StandInRegressor(prediction)
            truth = y
        else:
            stand_in, truth = _StandInClassifier(prediction, self.labels), self.labels[y]
        # scikit-learn's scorers give negated losses where lower is better; our score has the metric's own sign
        return self.sign * float(self.scorer(stand_in, np.arange(len(y)).reshape(-1, 1), truth))


class _StandInClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with predictions that were made before."""

    def __init__(self, probabilities: Array, classes: Array) -> None:
        self.probabilities, self.classes_ = probabilities, classes

    def predict_proba(self, X: Array) -> Array:
        return self.probabilities

    def predict(self, X: Array) -> Array:
        return np.asarray(self.classes_[self.probabilities.argmax(axis=1)])


class _StandInRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with predictions that were made before."""

    def __init__(self, values: Array) -> None:
        self.values_ = values

    def predict(self, X: Array) -> Array:
        return self.values_
