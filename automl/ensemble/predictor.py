"""What is handed over: fitted pipelines, averaged. Needs scikit-learn, the boosters and `automl.pipeline` only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.pipeline import Pipeline

from automl.columns.columns import Columns
from automl.columns.table import Table
from automl.ensemble.combiners.base import Combine, mean
from automl.ensemble.constants import PART_ROWS
from automl.native import limited, single_threaded, usable_cores
from automl.pipeline.shared import predictions
from automl.tasks.costs import decide

Array = NDArray[Any]


@dataclass
class Member:
    """One candidate of an ensemble: the pipelines of its folds are averaged."""

    candidate: str
    weight: float
    models: list[Pipeline]


class Averaged(BaseEstimator):  # type: ignore[misc]
    """Weighted mean of members, or what else a combiner makes of them.

    Parameters
    ----------
    members : list of Member
        The weights sum to 1.
    columns : Columns
        How raw tables are read.
    combine : callable
        Makes one prediction of several with their weights.
    """

    def __init__(self, members: list[Member], columns: Columns, combine: Combine = mean) -> None:
        self.members = members
        self.columns = columns
        self.combine = combine

    def fit(self, X: Any, y: Any = None) -> Averaged:
        """Nothing to learn: the members are fitted already."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def average(self, X: Any) -> Array:
        """Probabilities of shape (n_rows, n_classes), or values of shape (n_rows,)."""
        single_threaded()
        return self.of(self.columns.encode(X))

    def of(self, table: Table) -> Array:
        """The same of a table that was read: of many rows in parts, which are the same however many cores there are."""
        if len(table) < 2 * PART_ROWS:
            return self._of(table)
        parts = (table.take(rows) for rows in np.array_split(np.arange(len(table)), len(table) // PART_ROWS))
        cores = usable_cores()
        if cores == 1 or single_threaded():
            return np.concatenate([self._of(part) for part in parts])
        with ThreadPoolExecutor(cores) as pool:  # what takes long of it holds no lock of Python's
            return np.concatenate(list(pool.map(self._alone, parts)))

    def _alone(self, table: Table) -> Array:
        """On one core."""
        with limited(1):
            return self._of(table)

    def _of(self, table: Table) -> Array:
        models = [model for member in self.members for model in member.models]
        weights = (member.weight / len(member.models) for member in self.members for _ in member.models)
        return self.combine(zip(weights, predictions(models, table), strict=True))


class AveragedClassifier(ClassifierMixin, Averaged):  # type: ignore[misc]
    """Weighted mean of probabilities.

    Parameters
    ----------
    members : list of Member
    columns : Columns
    classes : ndarray of shape (n_classes,)
        Sorted labels.
    costs : ndarray of shape (n_classes, n_classes), optional
        Of deciding for a class (column) where another (row) is true.
    combine : callable
    """

    def __init__(
        self,
        members: list[Member],
        columns: Columns,
        classes: Array,
        costs: Array | None = None,
        combine: Combine = mean,
    ) -> None:
        super().__init__(members, columns, combine)
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


class AveragedRegressor(RegressorMixin, Averaged):  # type: ignore[misc]
    """Weighted mean of values."""

    def predict(self, X: Any) -> Array:
        """Values of shape (n_rows,)."""
        return self.average(X)
