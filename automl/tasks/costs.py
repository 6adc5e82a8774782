"""What wrong decisions cost, and the decisions that are cheapest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.errors import ArgumentError, InputTypeError

Array = NDArray[Any]


def read_costs(costs: Any, classes: Array | None) -> Array | None:
    """Check a matrix of costs.

    Parameters
    ----------
    costs : array-like of shape (n_classes, n_classes), or None
        What it costs to decide for a class (column) where another (row) is true, in the order of the sorted labels.
    classes : ndarray or None
        Sorted labels of a classification task.

    Returns
    -------
    ndarray of shape (n_classes, n_classes) or None

    Raises
    ------
    ArgumentError, InputTypeError
        If nothing can be decided by them.
    """
    if costs is None:
        return None
    if classes is None:
        raise ArgumentError("costs are of wrong classes, but this is a regression; leave them away.")
    try:
        matrix = np.array(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"costs must be rows of as many numbers, as in [[0, 1], [20, 0]]; got {costs!r}."
        ) from error
    k, labels = len(classes), classes.tolist()
    if matrix.shape != (k, k):
        shown = ", ".join(map(repr, labels[:10])) + (", ..." if k > 10 else "")
        raise ArgumentError(
            f"costs must have {k} rows (the truth) and {k} columns (the decision), for the classes {shown}; "
            f"got the shape {matrix.shape}."
        )
    wrong = np.argwhere(~(np.isfinite(matrix) & (matrix >= 0)))
    if len(wrong):
        row, column = wrong[0]
        raise ArgumentError(
            f"costs must be numbers from 0 up: that of {labels[column]!r} where {labels[row]!r} is true is "
            f"{matrix[row, column]:g}."
        )
    if np.diag(matrix).any():
        row = int(np.flatnonzero(np.diag(matrix))[0])
        raise ArgumentError(
            f"costs of right decisions, on the diagonal, must be 0: that of {labels[row]!r} is {matrix[row, row]:g}; "
            "what every decision costs may be subtracted from its row."
        )
    if not matrix.any():
        raise ArgumentError("costs are all 0, so that no decision is better than another; some must be above.")
    return matrix


def decide(shares: Array, costs: Array | None) -> Array:
    """Codes of the classes to decide for: of least expected cost, or the most probable ones where there are no costs.

    Elkan 2001, "The foundations of cost-sensitive learning".

    Parameters
    ----------
    shares : ndarray of shape (n_rows, n_classes)
        Probabilities.
    costs : ndarray of shape (n_classes, n_classes) or None
    """
    return np.asarray(shares.argmax(axis=1) if costs is None else (shares @ costs).argmin(axis=1))


class MeanCost:
    """Mean cost of the decisions that are cheapest by the probabilities."""

    def __init__(self, costs: Array) -> None:
        self.costs = costs

    def __call__(self, y: Array, p: Array, w: Array | None = None) -> float:
        """Cost a row."""
        return float(np.average(self.costs[y, decide(p, self.costs)], weights=w))
