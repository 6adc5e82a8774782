"""What generated columns are learned from: training rows, and the levels that their values are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from automl.estimators.base import Array
from automl.estimators.constants import GENERATED_FOLDS


@dataclass(frozen=True)
class Training:
    """Training rows.

    Attributes
    ----------
    X : ndarray of shape (n_rows, n_columns)
    goals : ndarray of shape (n_rows, n_goals)
        Indicators of classes, or a number.
    classify : bool
        Whether they are of classes.
    labels : list of str
        What means of each goal are called.
    folds : ndarray of int of shape (n_rows,)
        Fold of each row, for means of the target.
    """

    X: Array
    goals: Array
    classify: bool
    labels: list[str]
    folds: Array

    @classmethod
    def of(cls, X: Array, goals: Array, classify: bool, labels: list[str]) -> Self:
        """All rows, in folds of one size that are always the same."""
        return cls(X, goals, classify, labels, np.random.default_rng(0).permutation(len(X)) % GENERATED_FOLDS)

    def some(self, most: int) -> Training:
        """At most so many of the rows, always the same ones."""
        if len(self.X) <= most:
            return self
        rows = np.sort(np.random.default_rng(0).choice(len(self.X), most, replace=False))
        return replace(self, X=self.X[rows], goals=self.goals[rows], folds=self.folds[rows])


class Levels:
    """Distinct values of a column, or distinct pairs of those of two columns; a gap is a value like any other.

    Parameters
    ----------
    places : tuple of int
        The columns.
    """

    def __init__(self, *places: int) -> None:
        self.places = places

    def fit(self, X: Array) -> Array:
        """Learn the levels, and give each row's number.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        """
        self.known_: list[Array] = []
        codes = np.zeros(len(X), dtype=np.int64)
        for place in self.places:
            values, found = np.unique(X[:, place], return_inverse=True)
            self.known_.append(values)
            codes = codes * len(values) + found.reshape(-1)
        self.keys_, codes = np.unique(codes, return_inverse=True)
        return codes.reshape(-1)

    def codes(self, X: Array) -> Array:
        """Number of each row's level, -1 where no training row has it."""
        codes, seen = np.zeros(len(X), dtype=np.int64), np.ones(len(X), dtype=bool)
        for place, known in zip(self.places, self.known_, strict=True):
            found, there = _places(known, X[:, place])
            codes, seen = codes * len(known) + found, seen & there
        found, there = _places(self.keys_, codes)
        return np.where(seen & there, found, -1)


def _places(known: Array, values: Array) -> tuple[Array, Array]:
    """Where each value stands among known ones, which are sorted, NaN last; and whether it does."""
    found = np.minimum(np.searchsorted(known, values), len(known) - 1)
    same = known[found] == values
    if known.dtype.kind == "f" and np.isnan(known[-1]):
        same |= np.isnan(values)
    return found, same
