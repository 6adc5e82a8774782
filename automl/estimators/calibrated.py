"""Classifiers without probabilities, calibrated inside the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV

from automl.estimators.constants import CALIBRATION_FOLDS
from automl.estimators.fitting import accepted
from automl.validation.folds import inner

Array = NDArray[Any]


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

    def fit(
        self,
        X: Array,
        y: Array,
        sample_weight: Array | None = None,
        groups: Array | None = None,
        times: Array | None = None,
    ) -> Calibrated:
        """Fit and calibrate; groups and times keep the inner folds apart."""
        rows = pairs(y)
        known = [None if part is None else part[rows] for part in (sample_weight, groups, times)]
        X, y = X[rows], y[rows]
        n_folds = min(CALIBRATION_FOLDS, int(np.bincount(y).min()))
        splits = inner(n_folds, y, self.seed, stratify=True, groups=known[1], time=known[2])
        if any(len(np.unique(y[train])) < y.max() + 1 for train, _ in splits):  # calibration needs every class
            splits = inner(n_folds, y, self.seed, stratify=True)
        given = accepted(self.model, sample_weight=known[0])
        self.fitted_ = CalibratedClassifierCV(self.model, cv=splits, ensemble=False).fit(X, y, **given)
        self.classes_ = self.fitted_.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        """Calibrated probabilities."""
        return np.asarray(self.fitted_.predict_proba(X))

    def predict(self, X: Array) -> Array:
        """The most probable class."""
        return np.asarray(self.fitted_.predict(X))


def with_pairs(X: Array, y: Array) -> tuple[Array, Array]:
    """The rows, with a copy of each that is the only one of its class: some methods need two of every class."""
    rows = pairs(y)
    return X[rows], y[rows]


def pairs(y: Array) -> Array:
    """Numbers of all rows, and once more of those that are the only one of their class."""
    _, place, counts = np.unique(y, return_inverse=True, return_counts=True)
    return np.concatenate([np.arange(len(y)), np.flatnonzero(counts[place] == 1)])
