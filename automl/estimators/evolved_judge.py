"""What an expression of columns would add to a quick model: estimates while breeding, and cross-validation at the end.

The quick model is a small booster, fitted in inner folds. Its prediction of a row that it has not seen is a sum of what
each column adds to it (TreeSHAP, Lundberg et al. 2018). For an expression, what its own columns add is put back on the
residual; how much of the sum the expression explains better than the model did, and better than a plain column does, is
what it is bred for. This tells ``a / b`` from the many shapes that are like what trees have left over of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.estimators.constants import EVOLVED_KNOTS, QUICK, QUICK_ROUNDS
from automl.validation.folds import Split

Array = NDArray[Any]


def can_judge() -> bool:
    """Whether the quick model's library is there."""
    try:
        import lightgbm  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


class Judge:
    """Residuals of the quick model, and what expressions would do to them.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        Numbers, days and levels, NaN where missing.
    goals : ndarray of shape (n_rows, n_goals)
        The target as numbers of spread 1.
    levels : sequence of int
        Places of the columns that are levels.
    splits : list of (train, held)
        Inner folds of the rows.

    Attributes
    ----------
    added : ndarray of shape (n_rows, n_columns, n_goals)
        What each column adds to the prediction of a row.
    residuals : ndarray of shape (n_rows, n_goals)
    importances : ndarray of shape (n_columns,)
        Mean size of what a column adds.
    """

    def __init__(self, X: Array, goals: Array, levels: Sequence[int], splits: list[Split]) -> None:
        self.X, self.goals, self.levels, self.splits = X, goals, list(levels), splits
        self.added = np.zeros((len(X), X.shape[1], goals.shape[1]))
        self.residuals = goals.copy()
        for train, held in splits:
            for place in range(goals.shape[1]):
                found = self._booster(X, train, place).predict(X[held], pred_contrib=True, num_threads=1)
                self.added[held, :, place] = found[:, :-1]
                self.residuals[held, place] -= found.sum(axis=1)
        self.importances = np.abs(self.added).mean(axis=(0, 2))
        self._squares = np.square(self.residuals).sum() or 1.0
        self._bases: dict[tuple[int, ...], float] = {}

    def _booster(self, X: Array, rows: Array, place: int) -> Any:
        import lightgbm

        params = {**QUICK, "num_threads": 1, "verbosity": -1, "deterministic": True, "force_col_wise": True, "seed": 0}
        data = lightgbm.Dataset(X[rows], self.goals[rows, place], categorical_feature=self.levels, params=params)
        return lightgbm.train(params, data, QUICK_ROUNDS)

    # ---- while breeding

    def gain(self, values: Array, columns: tuple[int, ...]) -> float:
        """Share of the residuals' squares that an expression takes away.

        Parameters
        ----------
        values : ndarray of shape (n_rows,)
        columns : tuple of int
            Places of the expression's columns.
        """
        if columns not in self._bases:
            numbers = [place for place in columns if place not in self.levels]
            self._bases[columns] = max(self._gain(self.X[:, place], columns) for place in numbers)
        return self._gain(values, columns) - self._bases[columns]

    def _gain(self, values: Array, columns: tuple[int, ...]) -> float:
        own = self.added[:, columns].sum(axis=1)
        ramps = _ramps(values)
        left = sum(_left(ramps, *pair) for pair in zip((self.residuals + own).T, own.T, strict=True))
        freedom = 1 - (ramps.shape[1] + 1) / len(values)
        return float(1 - left / freedom / self._squares)

    # ---- afterwards

    def sure(self, values: Array, columns: tuple[int, ...]) -> float:
        """What an expression takes away of the residuals of held rows, in standard errors.

        Its curve is learned in the inner folds, and compared with that of the best of its columns.
        """
        own = self.added[:, columns].sum(axis=1)
        plain = [self._off(self.X[:, place], own) for place in columns if place not in self.levels]
        return standard_errors(min(plain, key=np.sum) - self._off(values, own))

    def _off(self, values: Array, own: Array) -> Array:
        """Squared errors of each row where a curve and a multiple of `own` tell what its fold has not seen."""
        ramps, off = _ramps(values), np.zeros(len(own))
        for aim, one in zip((self.residuals + own).T, own.T, strict=True):
            parts = np.column_stack([ramps, one])
            for train, held in self.splits:
                off[held] += np.square(aim[held] - parts[held] @ _solved(parts[train], aim[train]))
        return off

    def losses(self, more: Sequence[Array]) -> Array:
        """Squared errors of each row in cross-validation, with further columns."""
        X = np.column_stack([self.X, *more])
        off = self.goals.copy()
        for train, held in self.splits:
            for place in range(off.shape[1]):
                off[held, place] -= self._booster(X, train, place).predict(X[held], num_threads=1)
        return np.asarray(np.square(off).sum(axis=1))


def standard_errors(gains: Array) -> float:
    """How many standard errors the mean of some numbers is above 0."""
    spread = float(np.std(gains))
    return float(np.mean(gains)) / spread * np.sqrt(len(gains)) if spread > 0 else 0.0


def _ramps(values: Array) -> Array:
    """A curve's parts: 1, a rise from 0 to 1 between each two knots, and gaps where there are some."""
    lost = np.isnan(values)
    known = np.sort(values[~lost] if lost.any() else values)
    knots = known[(np.array(EVOLVED_KNOTS) * (len(known) - 1)).astype(int)]
    parts = [np.ones(len(values))]
    for low, high in pairwise(knots):
        if high > low:
            parts.append((np.clip(values, low, high) - low) / (high - low))
    if lost.any():
        parts = [np.where(lost, 0.0, part) for part in parts] + [lost.astype(np.float64)]
    return np.column_stack(parts)


def _left(ramps: Array, aim: Array, own: Array) -> float:
    """Squares that a curve and a multiple of `own` leave of `aim`."""
    parts = np.column_stack([ramps, own])
    return float(aim @ aim - aim @ parts @ _solved(parts, aim))


def _solved(parts: Array, aim: Array) -> Array:
    """Coefficients of least squares, also where parts are the same."""
    square = parts.T @ parts
    square[np.diag_indices_from(square)] *= 1 + 1e-6
    square[np.diag_indices_from(square)] += 1e-9
    return np.asarray(np.linalg.solve(square, parts.T @ aim))
