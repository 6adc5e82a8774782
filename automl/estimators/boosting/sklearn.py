"""Scikit-learn's histogram boosting, which cannot be watched."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np

from automl.estimators.boosting.base import Array, BoostedModel, Curve, FitContext


class Booster(BoostedModel):
    """A histogram boosting; it asks OpenMP for the number of threads."""

    curve_goes_on = True

    def _fit(self, X: Array, y: Array, context: FitContext) -> Curve:
        self.estimator.set_params(categorical_features=self._places(X) or None)
        empty = np.isnan(X).all(axis=0)
        if empty.any():  # scikit-learn cannot bin a column that is missing throughout
            X = np.where(empty, 0.0, X)
        if context.eval_set is None:
            self.estimator.set_params(early_stopping=False)
            self.estimator.fit(X, y, sample_weight=context.weight)
            return None
        if context.earlier is not None:
            cap = self.estimator.get_params()[self.iterations]
            self.estimator = context.earlier.set_params(**{self.iterations: cap, "warm_start": True})
        self.estimator.set_params(early_stopping=True, scoring="loss", n_iter_no_change=context.patience)
        X_valid, y_valid = context.eval_set
        weights = {"sample_weight": context.weight, "sample_weight_val": context.eval_weight}
        self.estimator.fit(X, y, X_val=X_valid, y_val=y_valid, **weights)
        return [-score for score in self.estimator.validation_score_[1:]]

    def _predict(self, X: Array, method: str) -> Any:
        # scikit-learn has no argument for rounds; its staged predictions walk the same list of trees
        shorter = copy(self.estimator)  # others may be predicting with it
        shorter._predictors = self.estimator._predictors[: self.rounds_]
        return getattr(shorter, method)(X)
