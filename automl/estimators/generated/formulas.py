"""What a generated column is made of: two numbers, a number and its group, or what the target is where levels meet.

Each formula learns from training rows and gives their values, then those of other rows: NaN where there is none.
"""

from __future__ import annotations

import numpy as np

from automl.columns.constants import LARGEST
from automl.estimators.base import Array
from automl.estimators.constants import GENERATED_FOLDS, GROUP_ROWS
from automl.estimators.generated.levels import Levels, Training

OPERATIONS = ("+", "-", "×", "/")


class Formula:
    """One generated column.

    Attributes
    ----------
    parents : tuple of int
        Columns that it is made of.
    levels : Levels or None
        By which rows are grouped.
    """

    parents: tuple[int, ...] = ()
    levels: Levels | None = None

    def fit(self, training: Training, codes: Array) -> Array:
        """Learn from training rows, and give their values: what looks at the target is cross-fitted.

        Parameters
        ----------
        training : Training
        codes : ndarray of shape (n_rows,)
            Level of each row, where the formula has levels.
        """
        return self.values(training.X, codes)

    def values(self, X: Array, codes: Array) -> Array:
        """One value a row; `codes` are -1 for levels that are new."""
        raise NotImplementedError

    def says(self, correlations: Array) -> Array:
        """How strong rank correlations of its values with each goal are: the sign is no matter."""
        return np.abs(correlations)

    def name(self, names: list[str]) -> str:
        """For people, by the names of the columns."""
        raise NotImplementedError


class Arithmetic(Formula):
    """Two numbers by an operation of `OPERATIONS`; nothing is divided by 0.

    Parameters
    ----------
    operation : str
    left, right : int
        Columns.
    """

    def __init__(self, operation: str, left: int, right: int) -> None:
        self.operation, self.parents = operation, (left, right)

    def values(self, X: Array, codes: Array) -> Array:
        """The result, NaN where one is missing."""
        left, right = (X[:, place].astype(np.float64) for place in self.parents)
        if self.operation == "/":
            return divided(left, right)
        with np.errstate(over="ignore", invalid="ignore"):
            found = left + right if self.operation == "+" else left - right if self.operation == "-" else left * right
        return bounded(found)

    def name(self, names: list[str]) -> str:
        """As ``income / family_size``."""
        left, right = (names[place] for place in self.parents)
        return f"{left} {self.operation} {right}"


class GroupRatio(Formula):
    """A number beside its mean among the rows of its level, which is drawn to the mean of all rows.

    Parameters
    ----------
    number : int
    levels : Levels
    smoothing : float
        Rows that the mean of all rows counts for.
    """

    def __init__(self, number: int, levels: Levels, smoothing: float) -> None:
        self.number, self.levels, self.smoothing = number, levels, smoothing
        self.parents = (number, *levels.places)

    def fit(self, training: Training, codes: Array) -> Array:
        """Learn the means."""
        X = training.X
        numbers = X[:, self.number].astype(np.float64)
        known = ~np.isnan(numbers)
        mean = float(numbers[known].mean()) if known.any() else 0.0
        counts = np.bincount(codes[known], minlength=codes.max() + 1)
        sums = np.bincount(codes[known], numbers[known], minlength=codes.max() + 1)
        self.means_ = (sums + self.smoothing * mean) / (counts + self.smoothing)
        return self.values(X, codes)

    def values(self, X: Array, codes: Array) -> Array:
        """The ratio, NaN for a level that is new."""
        return divided(X[:, self.number].astype(np.float64), np.where(codes < 0, np.nan, self.means_[codes]))

    def name(self, names: list[str]) -> str:
        """As ``price / mean(price) by city``."""
        number = names[self.number]
        return f"{number} / mean({number}) by {_by(self, names)}"


class GroupRank(Formula):
    """The share of the rows of its level whose number is lower, half of the equal ones added; .5 counts for some rows.

    Parameters
    ----------
    number : int
    levels : Levels
    smoothing : float
        Rows that .5 counts for.
    """

    def __init__(self, number: int, levels: Levels, smoothing: float) -> None:
        self.number, self.levels, self.smoothing = number, levels, smoothing
        self.parents = (number, *levels.places)

    def fit(self, training: Training, codes: Array) -> Array:
        """Learn the numbers of each level, of a sample where there are many rows."""
        X = training.X
        rows = np.flatnonzero(~np.isnan(X[:, self.number]))
        if len(rows) > GROUP_ROWS:
            rows = np.random.default_rng(0).choice(rows, GROUP_ROWS, replace=False)
        numbers = X[rows, self.number].astype(np.float64)
        self.numbers_, places = np.unique(numbers, return_inverse=True)
        self.keys_ = np.sort(codes[rows] * (len(self.numbers_) + 1) + places.reshape(-1))
        self.starts_ = np.searchsorted(self.keys_, np.arange(codes.max() + 2) * (len(self.numbers_) + 1))
        return self.values(X, codes)

    def values(self, X: Array, codes: Array) -> Array:
        """The rank, NaN for a level that is new."""
        numbers, width = X[:, self.number].astype(np.float64), len(self.numbers_) + 1
        low, high = (np.searchsorted(self.numbers_, numbers, side) for side in ("left", "right"))
        level = np.maximum(codes, 0)
        first, last = self.starts_[level], self.starts_[level + 1]
        lower = np.searchsorted(self.keys_, level * width + low) - first
        equal = np.searchsorted(self.keys_, level * width + high) - first - lower
        found = (lower + 0.5 * equal + 0.5 * self.smoothing) / (last - first + self.smoothing)
        return np.where((codes < 0) | np.isnan(numbers), np.nan, found)

    def name(self, names: list[str]) -> str:
        """As ``rank(price) by city``."""
        return f"rank({names[self.number]}) by {_by(self, names)}"


class LevelMean(Formula):
    """The mean of the target among the rows of a level, drawn to that of all rows (Micci-Barreca 2001).

    Parameters
    ----------
    levels : Levels
    goal : int
        What the mean is of, by its place among the goals.
    label : str
        What it is called.
    smoothing : float
        Rows that the mean of all rows counts for.
    """

    def __init__(self, levels: Levels, goal: int, label: str, smoothing: float) -> None:
        self.levels, self.parents, self.goal, self.label = levels, levels.places, goal, label
        self.smoothing = smoothing

    def fit(self, training: Training, codes: Array) -> Array:
        """Learn the means; training rows get those of the other folds."""
        goal, folds = training.goals[:, self.goal], training.folds
        width = int(codes.max()) + 1
        keys = folds * width + codes
        counts = np.bincount(keys, minlength=GENERATED_FOLDS * width).reshape(GENERATED_FOLDS, width)
        sums = np.bincount(keys, goal, minlength=GENERATED_FOLDS * width).reshape(GENERATED_FOLDS, width)
        self.mean_ = float(goal.mean())
        self.means_ = self._means(sums.sum(axis=0), counts.sum(axis=0))
        return self._means(sums.sum(axis=0) - sums, counts.sum(axis=0) - counts)[folds, codes]

    def values(self, X: Array, codes: Array) -> Array:
        """The mean of the row's level; that of all rows for one that is new."""
        return np.where(codes < 0, self.mean_, self.means_[codes])

    def says(self, correlations: Array) -> Array:
        """Of its own goal alone; where means of other folds fall with the target, they tell of the folds."""
        return np.where(np.arange(len(correlations)) == self.goal, np.maximum(correlations, 0), 0)

    def _means(self, sums: Array, counts: Array) -> Array:
        whole = sums.sum(axis=-1, keepdims=True) / np.maximum(counts.sum(axis=-1, keepdims=True), 1)
        return np.asarray((sums + self.smoothing * whole) / (counts + self.smoothing))

    def name(self, names: list[str]) -> str:
        """As ``mean(target) by city × kind``."""
        return f"mean({self.label}) by {_by(self, names)}"


def divided(left: Array, right: Array) -> Array:
    """The quotient, NaN where nothing can be divided."""
    with np.errstate(all="ignore"):
        return bounded(left / right)


def bounded(values: Array) -> Array:
    """NaN in place of numbers that are infinite, or whose sums would be."""
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


def _by(formula: Formula, names: list[str]) -> str:
    assert formula.levels is not None
    return " × ".join(names[place] for place in formula.levels.places)
