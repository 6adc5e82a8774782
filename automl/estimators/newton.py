"""Linear models with a penalty for each column, fitted by Newton's method, and derivatives through the fit.

The objective is the sum of the rows' losses, each by its weight, and half of the sum of the squared coefficients, each
by its column's penalty; the intercept has none. Rows are seen about the columns' means, which are never subtracted from
the matrix itself: it may be sparse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from automl.estimators.constants import (
    CG_STEPS,
    CG_TOLERANCE,
    MOST_FACTORED,
    NEWTON_EXACT,
    NEWTON_HALVINGS,
    NEWTON_STEPS,
    NEWTON_TOLERANCE,
)

Array = NDArray[Any]
Product = Callable[[Array], Array]


class Loss(Protocol):
    """A convex loss of scores `z` beside a goal, both of shape (n_rows, n_outputs)."""

    def start(self, mean: Array) -> Array:
        """Scores that are best where nothing is known but the goal's mean, of shape (n_outputs,)."""

    def bend(self, mean: Array) -> float:
        """The usual second derivative."""

    def values(self, z: Array, goal: Array) -> Array:
        """Loss of each row, of shape (n_rows,)."""

    def residual(self, z: Array, goal: Array) -> Array:
        """First derivative by the scores."""

    def curve(self, z: Array) -> Product:
        """Multiplies a change of the scores by the second derivative."""


class Squares:
    """Half of the squared error."""

    def start(self, mean: Array) -> Array:
        """The mean."""
        return mean

    def bend(self, mean: Array) -> float:
        """It is the same everywhere."""
        return 1.0

    def values(self, z: Array, goal: Array) -> Array:
        """Half of the squared distance."""
        return np.asarray(0.5 * np.square(z - goal).sum(axis=1))

    def residual(self, z: Array, goal: Array) -> Array:
        """The distance."""
        return z - goal

    def curve(self, z: Array) -> Product:
        """No change."""
        return lambda change: change


class Logs:
    """Log loss of one score (the log odds of the second class), or of a score a class (softmax)."""

    def start(self, mean: Array) -> Array:
        """Log odds, or logarithms, of the classes' shares."""
        mean = np.clip(mean, 1e-12, 1 - 1e-12)
        return np.asarray(np.log(mean / (1 - mean)) if len(mean) == 1 else np.log(mean))

    def bend(self, mean: Array) -> float:
        """Variance of a class that has this share."""
        return float(np.mean(mean * (1 - mean)))

    def values(self, z: Array, goal: Array) -> Array:
        """Minus the logarithm of the probability of the class that a row has."""
        from scipy.special import logsumexp

        whole = np.logaddexp(0.0, z[:, 0]) if z.shape[1] == 1 else logsumexp(z, axis=1)
        return np.asarray(whole - (goal * z).sum(axis=1))

    def residual(self, z: Array, goal: Array) -> Array:
        """Probability minus what is the case."""
        return probabilities(z) - goal

    def curve(self, z: Array) -> Product:
        """By the covariance of the classes."""
        share = probabilities(z)
        if share.shape[1] == 1:
            spread = share * (1 - share)
            return lambda change: spread * change
        return lambda change: share * (change - (share * change).sum(axis=1, keepdims=True))


def probabilities(z: Array) -> Array:
    """Of the second class, where there is one score, or of each."""
    from scipy.special import expit, softmax

    return np.asarray(expit(z) if z.shape[1] == 1 else softmax(z, axis=1))


class PenalisedFit:
    """A linear model that is fitted when it is made.

    Newton's steps are solved by conjugate gradients (Lin, Weng and Keerthi, JMLR 2008), preconditioned by what the
    second derivative is where all rows are equally uncertain: one Cholesky factor a fit, which for squares is the
    solution.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_rows, n_columns)
    goal : ndarray of shape (n_rows, n_outputs)
    weight : ndarray of shape (n_rows,) or None
        Only ratios matter.
    penalties : ndarray of shape (n_columns,)
        Above 0.
    loss : Loss

    Attributes
    ----------
    coefficients : ndarray of shape (n_columns + 1, n_outputs)
        The last row is the intercept, at the columns' means.
    center : ndarray of shape (n_columns,)
    """

    def __init__(self, X: Any, goal: Array, weight: Array | None, penalties: Array, loss: Loss) -> None:
        self.X, self.goal, self.row_loss = X, goal, loss
        self.weight = np.ones(len(goal)) if weight is None else np.asarray(weight / np.mean(weight), dtype=np.float64)
        self.penalties = np.append(penalties, 0.0)[:, None]
        total = self.weight.sum()
        self.center = np.asarray(X.T @ self.weight).ravel() / total
        mean = self.weight @ goal / total
        self._precondition = self._factored(loss.bend(mean), total)
        self.coefficients = np.zeros((X.shape[1] + 1, goal.shape[1]))
        self.coefficients[-1] = loss.start(mean)
        self._minimise()

    def scores(self, X: Any, coefficients: Array | None = None) -> Array:
        """Scores of some rows, of shape (n_rows, n_outputs)."""
        found = self.coefficients if coefficients is None else coefficients
        return np.asarray(X @ found[:-1] + (found[-1] - self.center @ found[:-1]))

    def back(self, X: Any, residual: Array) -> Array:
        """Derivative by the coefficients of what has this derivative by the scores."""
        added = residual.sum(axis=0)
        return np.vstack([np.asarray(X.T @ residual) - np.outer(self.center, added), added])

    def slopes(self, by_coefficients: Array) -> Array:
        """What a loss changes by, column for column, as the logarithm of the column's penalty does.

        By the implicit function theorem (Larsen et al. 1996; Bengio 2000; Pedregosa 2016): at the minimum the first
        derivative stays 0, so the coefficients change by minus the inverse of the second one times what the penalty
        adds to the first. One system is solved for all penalties.

        Parameters
        ----------
        by_coefficients : ndarray of shape (n_columns + 1, n_outputs)
            Derivative of that loss by the coefficients.
        """
        product = self._second(self.scores(self.X))
        solved = conjugate(product, by_coefficients, self._precondition, CG_TOLERANCE)
        return np.asarray(-(self.penalties * self.coefficients * solved)[:-1].sum(axis=1))

    # ---- the fit

    def _minimise(self) -> None:
        z = self.scores(self.X)
        value = first = self._value(z, self.coefficients)
        for _ in range(NEWTON_STEPS):
            residual = self.weight[:, None] * self.row_loss.residual(z, self.goal)
            gradient = self.back(self.X, residual) + self.penalties * self.coefficients
            step = -conjugate(self._second(z), gradient, self._precondition, NEWTON_EXACT)
            falls = -float((gradient * step).sum())
            if not falls > NEWTON_TOLERANCE * first:
                self.coefficients = self.coefficients + (step if falls > 0 else 0.0)
                return
            change = self.scores(self.X, step)
            for length in 0.5 ** np.arange(NEWTON_HALVINGS):
                coefficients, moved = self.coefficients + length * step, z + length * change
                if (new := self._value(moved, coefficients)) <= value - 1e-4 * length * falls:
                    break
            else:
                return  # as exact as numbers are
            self.coefficients, z, value = coefficients, moved, new

    def _value(self, z: Array, coefficients: Array) -> float:
        penalty = 0.5 * (self.penalties * np.square(coefficients)).sum()
        return float(self.weight @ self.row_loss.values(z, self.goal) + penalty)

    def _second(self, z: Array) -> Product:
        curve, weight = self.row_loss.curve(z), self.weight[:, None]

        def product(change: Array) -> Array:
            bent = self.back(self.X, weight * curve(self.scores(self.X, change)))
            return np.asarray(bent + self.penalties * change)

        return product

    def _factored(self, bend: float, total: float) -> Product:
        from scipy.linalg import cho_factor, cho_solve
        from scipy.sparse import issparse

        X, columns, least = self.X, self.X.shape[1], 1e-12 * (bend * total + 1.0)
        if columns > MOST_FACTORED:
            squares = X.multiply(X) if issparse(X) else np.square(X)
            diagonal = bend * (np.asarray(squares.T @ self.weight).ravel() - total * np.square(self.center))
            diagonal = np.append(np.maximum(diagonal, 0.0), bend * total) + self.penalties[:, 0] + least
            return lambda residual: np.asarray(residual / diagonal[:, None])
        products = X.T @ (X.multiply(self.weight[:, None]).tocsr() if issparse(X) else X * self.weight[:, None])
        matrix = np.zeros((columns + 1, columns + 1))
        matrix[:-1, :-1] = products.toarray() if issparse(products) else products
        matrix[:-1, :-1] -= total * np.outer(self.center, self.center)
        matrix[-1, -1] = total
        matrix *= bend
        matrix[np.diag_indices(columns + 1)] += self.penalties[:, 0] + least
        factor = cho_factor(matrix, lower=True)
        return lambda residual: np.asarray(cho_solve(factor, residual))


def conjugate(product: Product, right: Array, precondition: Product, tolerance: float) -> Array:
    """Solve a symmetric positive system by preconditioned conjugate gradients (Hestenes and Stiefel 1952).

    Parameters
    ----------
    product : callable
        Multiplies by the matrix.
    right : ndarray
    precondition : callable
        Multiplies by about the inverse.
    tolerance : float
        Of the residual's norm by the preconditioner, beside that of the right side.
    """
    found, residual = np.zeros_like(right), right
    turned = precondition(residual)
    direction, size = turned, float((residual * turned).sum())
    enough = tolerance**2 * size
    for _ in range(CG_STEPS):
        if not size > enough:
            break
        image = product(direction)
        bent = float((direction * image).sum())
        if not bent > 0:
            break
        found = found + size / bent * direction
        residual = residual - size / bent * image
        turned = precondition(residual)
        size, before = float((residual * turned).sum()), size
        direction = turned + size / before * direction
    return found
