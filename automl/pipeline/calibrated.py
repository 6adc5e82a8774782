"""Classifiers without probabilities, calibrated inside the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import StratifiedKFold


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``calibrated`` of a family's TOML; regressors stay as they are."""
    model = cls(**values)
    return model if recipe.kind == "regression" else Calibrated(model, recipe.seed % 2**31)


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Platt scaling (Platt 1999) by scikit-learn, on 3 inner folds, 2 where a class has fewer rows.

    Parameters
    ----------
    model : classifier with a decision function
    seed : int
        Of the inner folds.
    """

    def __init__(self, model: Any, seed: int) -> None:
        self.model = model
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> Calibrated:
        """Fit and calibrate."""
        X, y = with_pairs(X, y)
        folds = StratifiedKFold(min(3, int(np.bincount(y).min())), shuffle=True, random_state=self.seed)
        self.fitted_ = CalibratedClassifierCV(self.model, cv=folds, ensemble=False).fit(X, y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Calibrated probabilities."""
        return np.asarray(self.fitted_.predict_proba(X))

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """The most probable class."""
        return np.asarray(self.fitted_.predict(X))


def with_pairs(X: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The rows, with a copy of each that is the only one of its class: some methods need two of every class."""
    _, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    single = np.flatnonzero(counts[place] == 1)
    return np.concatenate([X, X[single]]), np.concatenate([y, y[single]])
