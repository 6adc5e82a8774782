"""What is handed over: fitted pipelines, averaged. Needs scikit-learn, the boosters and `automl.pipeline` only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.pipeline import Pipeline

from automl.data.columns import Columns
from automl.data.costs import decide
from automl.native import single_threaded
from automl.pipeline.build import predict

Array = NDArray[Any]


@dataclass
class Member:
    """One candidate of an ensemble: the pipelines of its folds are averaged."""

    candidate: str
    weight: float
    models: list[Pipeline]


class _Averaged(BaseEstimator):  # type: ignore[misc]
    """Weighted mean of members.

    Parameters
    ----------
    members : list of Member
        The weights sum to 1.
    columns : Columns
        How raw tables are read.
    """

    def __init__(self, members: list[Member], columns: Columns) -> None:
        self.members = members
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> _Averaged:
        """Nothing to learn: the members are fitted already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def average(self, X: Any) -> Array:
        """Probabilities of shape (n_rows, n_classes), or values of shape (n_rows,)."""
        single_threaded()
        table = self.columns.encode(X)
        total: Array | float = 0.0
        for member in self.members:
            for model in member.models:
                total = total + member.weight / len(member.models) * predict(model, table)
        return np.asarray(total)


class AveragedClassifier(ClassifierMixin, _Averaged):  # type: ignore[misc]
    """Weighted mean of probabilities.

    Parameters
    ----------
    members : list of Member
    columns : Columns
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    costs : ndarray of shape (n_classes, n_classes), optional
        Of deciding for a class (column) where another (row) is true.
    """

    def __init__(self, members: list[Member], columns: Columns, classes: Array, costs: Array | None = None) -> None:
        super().__init__(members, columns)
        self.costs = costs
        self.classes = classes
        self.classes_ = classes

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (n_rows, n_classes)."""
        shares = self.average(X)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> Array:
        """The most probable label of each row, or the one that costs least."""
        return np.asarray(self.classes_[decide(self.predict_proba(X), self.costs)])


class AveragedRegressor(RegressorMixin, _Averaged):  # type: ignore[misc]
    """Weighted mean of values."""

    def predict(self, X: Any) -> Array:
        """Values of shape (n_rows,)."""
        return self.average(X)
