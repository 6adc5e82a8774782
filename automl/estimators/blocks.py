"""Linear models with a penalty for each kind of column, which tell how the validation loss changes with each.

Numbers, flags of gaps, levels, texts and dates come in different numbers and with different noise: one penalty for all
of them is too weak for some and too strong for others. With five, a grid no longer does; the slopes do.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from automl.estimators.base import MostProbable
from automl.estimators.newton import Logs, Loss, PenalisedFit, Squares, probabilities
from automl.estimators.slopes import Sloped

Array = NDArray[Any]

BLOCKS = ("numbers", "flags", "levels", "text", "dates")  # kinds of column of a prepared matrix, by their place here
NUMBERS, FLAGS, LEVELS, TEXT, DATES = range(len(BLOCKS))


class BlockLinear(Sloped):
    """What both share.

    Parameters
    ----------
    penalty_numbers, penalty_flags, penalty_levels, penalty_text, penalty_dates : float
        What the squared coefficients of the columns of a kind are multiplied with, beside the sum of the rows' losses:
        scikit-learn's `alpha` of ridge regression, ``1 / C`` of logistic regression. Columns that nothing is known of
        are numbers.

    Attributes
    ----------
    coef_ : ndarray of shape (n_columns, n_outputs)
    intercept_ : ndarray of shape (n_outputs,)
    """

    def __init__(
        self,
        penalty_numbers: float = 1.0,
        penalty_flags: float = 1.0,
        penalty_levels: float = 1.0,
        penalty_text: float = 1.0,
        penalty_dates: float = 1.0,
    ) -> None:
        self.penalty_numbers = penalty_numbers
        self.penalty_flags = penalty_flags
        self.penalty_levels = penalty_levels
        self.penalty_text = penalty_text
        self.penalty_dates = penalty_dates

    def fit(
        self,
        X: Any,
        y: Array,
        eval_set: tuple[Any, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
        blocks: Array | None = None,
    ) -> Self:
        """Fit; with validation rows, find the slopes of their loss.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_rows, n_columns)
        y : ndarray of shape (n_rows,)
        eval_set : (X, y), optional
        sample_weight, eval_weight : ndarray of shape (n_rows,), optional
        blocks : ndarray of int of shape (n_columns,), optional
            Place in `BLOCKS` of each column's kind.
        """
        X = _matrix(X)
        blocks = np.zeros(X.shape[1], dtype=np.int8) if blocks is None else np.asarray(blocks)
        each = np.array([getattr(self, f"penalty_{name}") for name in BLOCKS])
        fitted = PenalisedFit(X, self._learn(np.asarray(y)), sample_weight, each[blocks], self._loss())
        self.coef_ = fitted.coefficients[:-1]
        self.intercept_ = fitted.coefficients[-1] - fitted.center @ self.coef_
        self.smooth_loss_, self.slopes_ = None, {}
        if eval_set is not None:
            self._tell_slopes(fitted, _matrix(eval_set[0]), np.asarray(eval_set[1]), eval_weight, blocks)
        return self

    def _tell_slopes(self, fitted: PenalisedFit, X: Any, y: Array, weight: Array | None, blocks: Array) -> None:
        weight = np.full(len(y), 1.0) if weight is None else weight
        loss, residual = self._judge(fitted.scores(X), self._goal(y), weight / weight.sum())
        slopes = fitted.slopes(fitted.back(X, residual))
        if np.isfinite(loss) and np.isfinite(slopes).all():
            self.smooth_loss_ = loss
            here = np.unique(blocks).tolist()
            self.slopes_ = {f"penalty_{BLOCKS[kind]}": float(slopes[blocks == kind].sum()) for kind in here}

    def _scores(self, X: Any) -> Array:
        return np.asarray(_matrix(X) @ self.coef_ + self.intercept_)

    def _loss(self) -> Loss:
        raise NotImplementedError

    def _learn(self, y: Array) -> Array:
        """What is to be learned of the target, and the goal that it becomes."""
        return self._goal(y)

    def _goal(self, y: Array) -> Array:
        raise NotImplementedError

    def _judge(self, z: Array, goal: Array, weight: Array) -> tuple[float, Array]:
        """The loss of validation rows, and its derivative by their scores; weights sum to 1."""
        raise NotImplementedError


class BlockRidge(RegressorMixin, BlockLinear):  # type: ignore[misc]
    """Ridge regression (Hoerl and Kennard 1970) with a penalty for each kind of column; its smooth loss is the RMSE.

    Parameters are those of `BlockLinear`.
    """

    def predict(self, X: Any) -> Array:
        """Values of shape (n_rows,)."""
        return np.asarray(self._scores(X)[:, 0])

    def _loss(self) -> Loss:
        return Squares()

    def _goal(self, y: Array) -> Array:
        return np.asarray(y, dtype=np.float64).reshape(-1, 1)

    def _judge(self, z: Array, goal: Array, weight: Array) -> tuple[float, Array]:
        off = z - goal
        loss = float(np.sqrt(weight @ np.square(off[:, 0])))
        return loss, weight[:, None] * off / (loss or 1.0)


class BlockLogistic(MostProbable, BlockLinear):
    """Logistic regression, of several classes by softmax, with a penalty for each kind of column; the loss is log loss.

    Parameters are those of `BlockLinear`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    """

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (n_rows, n_classes)."""
        found = probabilities(self._scores(X))
        return np.column_stack([1 - found, found]) if len(self.classes_) == 2 else found

    def _loss(self) -> Loss:
        return Logs()

    def _learn(self, y: Array) -> Array:
        self.classes_ = np.unique(y)
        return self._goal(y)

    def _goal(self, y: Array) -> Array:
        found = (y[:, None] == self.classes_).astype(np.float64)
        return np.asarray(found[:, 1:] if len(self.classes_) == 2 else found)

    def _judge(self, z: Array, goal: Array, weight: Array) -> tuple[float, Array]:
        loss = Logs()
        return float(weight @ loss.values(z, goal)), weight[:, None] * loss.residual(z, goal)


def _matrix(X: Any) -> Any:
    from scipy.sparse import issparse

    return X.tocsr().astype(np.float64) if issparse(X) else np.asarray(X, dtype=np.float64)
