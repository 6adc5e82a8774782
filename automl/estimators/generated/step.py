"""The step that generates columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import validate_data

from automl.estimators.base import Array, NeedsTarget, Step, called
from automl.estimators.constants import MOST_GOALS, SCREENED_ROWS
from automl.estimators.generated.levels import Training
from automl.estimators.generated.screen import Screen


class Generated(NeedsTarget, Step):
    """New columns only, made of two others each: those whose ranks tell most of what quick trees have missed.

    Parameters
    ----------
    kinds : {"arithmetic", "groups", "means", "all"}, default="arithmetic"
        Sums, differences, products and quotients of two numbers; numbers beside the mean of their group, and their
        rank in it; means of the target by two categories together, or by a number of few values.
    columns : int, default=30
        At most so many; fewer where fewer say something new, and none where none does.
    smoothing : float, default=10.0
        Rows that all rows count for in what is learned of a group or a level.
    categorical : int, default=0
        How many of the last columns are codes of categories.

    Attributes
    ----------
    formulas_ : list of Formula
        What each new column is, those that say most first.
    """

    _allow_nan = True
    _classify: bool

    def __init__(
        self, kinds: str = "arithmetic", columns: int = 30, *, smoothing: float = 10.0, categorical: int = 0
    ) -> None:
        self.kinds = kinds
        self.columns = columns
        self.smoothing = smoothing
        self.categorical = categorical

    def fit(self, X: Any, y: Any = None) -> Self:
        """Choose the columns, and learn what they need.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN where missing.
        y : array-like of shape (n_samples,)
        """
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Array:
        """Fit, and give the new columns of the same rows, means of the target cross-fitted."""
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
        goals, labels = self._goals(y)
        training = Training.of(X, goals, self._classify, labels)
        self.formulas_ = Screen(training.some(SCREENED_ROWS), self.categorical, self.smoothing).best(
            self.kinds, self.columns
        )
        # levels that several formulas share are learned once, from all rows
        self.levels_ = list({id(one.levels): one.levels for one in self.formulas_ if one.levels is not None}.values())
        codes = {id(levels): levels.fit(X) for levels in self.levels_}
        return _beside([one.fit(training, codes.get(id(one.levels), _NONE)) for one in self.formulas_], len(X))

    def _apply(self, X: Array) -> Array:
        codes = {id(levels): levels.codes(X) for levels in self.levels_}
        return _beside([one.values(X, codes.get(id(one.levels), _NONE)) for one in self.formulas_], len(X))

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> Array:
        """What the new columns are, for people: as ``income / family_size``.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the columns that they are made of.
        """
        names = called(self, input_features)
        return np.array([formula.name(names) for formula in self.formulas_], dtype=object)

    def _goals(self, y: Array) -> tuple[Array, list[str]]:
        """What columns should tell, and what means of each are called."""
        raise NotImplementedError


class GeneratedClassifier(Generated):
    """`Generated` for a class: of several, each of the most frequent ones is told from the others."""

    _classify = True

    def _goals(self, y: Array) -> tuple[Array, list[str]]:
        classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        if len(classes) <= 2:
            return (codes == len(classes) - 1).astype(np.float64).reshape(-1, 1), ["target"]
        told = np.sort(np.argsort(-counts, kind="stable")[:MOST_GOALS])
        return (codes[:, None] == told).astype(np.float64), [f"target = {classes[place]}" for place in told]


class GeneratedRegressor(Generated):
    """`Generated` for a number."""

    _classify = False

    def _goals(self, y: Array) -> tuple[Array, list[str]]:
        return np.asarray(y, dtype=np.float64).reshape(-1, 1), ["target"]


_NONE = np.zeros(0, dtype=np.int64)  # levels of a formula that has none


def _beside(columns: list[Array], rows: int) -> Array:
    return np.column_stack(columns) if columns else np.zeros((rows, 0))
