"""scikit-learn's scorers, and those of users, as functions of stored predictions."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

Array = NDArray[Any]


class ScorerFunction:
    """A scorer as a function of stored predictions.

    Parameters
    ----------
    scorer : callable
        ``scorer(estimator, X, y)``; weights are passed as `sample_weight` where it, or the function that a
        scikit-learn scorer wraps, has an argument of that name.
    labels : ndarray or None
        What the scorer sees as labels, by code; None in regression.
    sign : int
        -1 where the scorer negates a loss.
    validated : ndarray of int, optional
        Codes that rows to be scored usually have: where they are of no others, the scorer is not told of others, as
        many refuse columns of classes that no row has.
    coded : bool
        Whether `labels` are codes, which stay 0, 1, 2, ... then.
    """

    def __init__(
        self, scorer: Any, labels: Array | None, sign: int, validated: Array | None = None, *, coded: bool = False
    ) -> None:
        self.scorer, self.labels, self.sign, self.coded = scorer, labels, sign, coded
        self.validated = None if labels is None or validated is None or len(validated) == len(labels) else validated
        self.weighted = _takes_weight(getattr(scorer, "_score_func", scorer))

    def __call__(self, y: Array, prediction: Array, weight: Array | None = None) -> float:
        """Score of stored predictions, in the metric's own sign."""
        if self.labels is None:
            stand_in: BaseEstimator = StandInRegressor(prediction)
            truth = y
        else:
            labels = self.labels
            if self.validated is not None and np.isin(y, self.validated).all():
                labels, y = labels[self.validated], np.searchsorted(self.validated, y)
                labels = np.arange(len(labels)) if self.coded else labels
                prediction = prediction[:, self.validated] / prediction[:, self.validated].sum(axis=1, keepdims=True)
            stand_in, truth = StandInClassifier(prediction, labels), labels[y]
        given = {} if weight is None or not self.weighted else {"sample_weight": weight}
        # scikit-learn's scorers give negated losses where lower is better; our score has the metric's own sign
        return self.sign * float(self.scorer(stand_in, np.arange(len(y)).reshape(-1, 1), truth, **given))


def _takes_weight(function: Any) -> bool:
    try:
        return "sample_weight" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # no signature to be had, as of some compiled functions
        return False


class StandInClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with predictions that were made before."""

    def __init__(self, probabilities: Array, classes: Array) -> None:
        self.probabilities, self.classes_ = probabilities, classes

    def predict_proba(self, X: Array) -> Array:
        """The stored probabilities."""
        return self.probabilities

    def predict(self, X: Array) -> Array:
        """The most probable labels."""
        return np.asarray(self.classes_[self.probabilities.argmax(axis=1)])


class StandInRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers with predictions that were made before."""

    def __init__(self, values: Array) -> None:
        self.values_ = values

    def predict(self, X: Array) -> Array:
        """The stored values."""
        return self.values_
