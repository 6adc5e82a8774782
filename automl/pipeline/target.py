"""The target of a regression, transformed for the model and back for everybody else."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.preprocessing import QuantileTransformer

from automl.estimators.forests import ask
from automl.pipeline.constants import BEYOND, TARGET_QUANTILES

Array = NDArray[Any]

TARGET, PLAIN = "target", "plain"  # the parameter of target.toml, and its value that leaves the target as it is


class Transformed(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor of a transformed target; unlike scikit-learn's TransformedTargetRegressor it passes validation rows.

    Parameters
    ----------
    model : regressor
    how : {"plain", "log", "quantile"}
        "log" is of the target beside its fifth percentile where it is 0; "quantile" maps it to a bell curve.
    unit : bool
        Whether the model gets the result with mean 0 and variance 1.
    """

    def __init__(self, model: Any, how: str = PLAIN, unit: bool = True) -> None:
        self.model = model
        self.how = how
        self.unit = unit

    def fit(self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None, **params: Any) -> Transformed:
        """Learn the transformation from the training rows, and fit the model; `params` are passed on."""
        y = np.asarray(y, dtype=np.float64)
        self.low_, self.high_ = float(y.min()), float(y.max())
        if self.how == "log":
            positive = y[y > 0]
            self.shift_ = 0.0 if self.low_ > 0 else float(np.quantile(positive, 0.05)) if len(positive) else 1.0
        elif self.how == "quantile":
            n_quantiles = max(2, min(TARGET_QUANTILES, len(y)))
            self.quantiles_ = QuantileTransformer(n_quantiles=n_quantiles, output_distribution="normal", subsample=None)
            self.quantiles_.fit(y.reshape(-1, 1))
        self.center_, self.scale_ = 0.0, 1.0
        z = self._forward(y)
        if self.unit:
            self.center_, self.scale_ = float(z.mean()), float(z.std()) or 1.0
            z = self._forward(y)
        if eval_set is not None:
            params["eval_set"] = (eval_set[0], self._forward(np.asarray(eval_set[1], dtype=np.float64)))
        self.model.fit(X, z, **params)
        return self

    def predict(self, X: Array) -> Array:
        """Values in the target's own unit."""
        z = np.asarray(ask(self.model, X, "predict"), dtype=np.float64).reshape(-1) * self.scale_ + self.center_
        if self.how == PLAIN:
            return z
        if self.how == "quantile":
            return np.asarray(self.quantiles_.inverse_transform(z.reshape(-1, 1))[:, 0])
        room = BEYOND * (self.high_ - self.low_)
        top = np.log(self.high_ + room + self.shift_)
        return np.clip(np.exp(np.minimum(z, top)) - self.shift_, self.low_ - room, self.high_ + room)

    def _forward(self, y: Array) -> Array:
        z = y
        if self.how == "log":
            # validation rows may hold values that training rows do not
            z = np.log(np.maximum(y, max(self.low_, 0.0)) + self.shift_)
        elif self.how == "quantile":
            z = self.quantiles_.transform(y.reshape(-1, 1))[:, 0]
        return np.asarray((z - self.center_) / self.scale_)


def goals(y: Array | None, task: str) -> Array:
    """The target as columns that linear scores and means of levels are made of; none without a target."""
    if y is None:
        return np.zeros((0, 0))
    if task == "regression":
        spread = float(np.std(y)) or 1.0
        return ((np.asarray(y, dtype=np.float64) - np.mean(y)) / spread).reshape(-1, 1)
    labels, coded = np.unique(y, return_inverse=True)
    goal = np.eye(len(labels))[coded]
    return goal[:, 1:] if len(labels) == 2 else goal
