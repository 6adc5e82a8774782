"""Categories as columns: codes for models that know them, one-hot, means of the target, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from automl.data.table import Table

Array = NDArray[Any]

MAX_GOALS = 10  # classes above which means of the target would be too many columns; counts take their place


class LevelCodes:
    """Level numbers or one-hot columns; rare levels are one.

    Parameters
    ----------
    form : {"native", "ordinal", "onehot"}
    max_levels : int
        The most frequent levels that are told apart.
    out : list of int
        Categories that are left out.
    missing : bool
        Whether a missing value stays NaN; else it is -1, or a column of its own.
    """

    def __init__(self, form: str, max_levels: int, out: list[int], missing: bool) -> None:
        self.form, self.max_levels, self.out, self.missing = form, max_levels, out, missing

    def fit(self, table: Table) -> LevelCodes:
        """Note how many levels there are, and which categories have missing values."""
        self.kept_ = [place for place in range(len(table.levels)) if place not in self.out]
        self.levels_ = [min(table.levels[place], self.max_levels + 1) for place in self.kept_]
        self.lost_: Any = (table.codes[:, self.kept_] < 0).any(axis=0)
        return self

    def transform(self, table: Table) -> list[Array]:
        """The columns, as one block or none."""
        if not self.kept_:
            return []
        codes = np.minimum(table.codes[:, self.kept_], np.array(self.levels_) - 1)
        if self.form == "onehot":
            return [self._onehot(codes)]
        return [np.where(codes < 0, np.nan if self.missing else -1.0, codes)]

    def _onehot(self, codes: Array) -> Array:
        columns: list[Any] = []
        for place, levels in enumerate(self.levels_):
            code: Any = codes[:, place]
            # with two levels and nothing missing, one column says it all
            wanted = range(1, 2) if levels == 2 and not self.lost_[place] else range(levels)
            columns += [code == level for level in wanted]
            if self.lost_[place]:
                columns.append(code < 0)
        return np.column_stack(columns).astype(np.float32)


class LevelNumbers:
    """Numbers for categories of many levels: means of the target, or how often the level occurs.

    Parameters
    ----------
    how : {"target", "both", "count"}
        "target" and "both" are means of the target (they differ in whether codes are there too).
    places : list of int
        The categories.
    seed : int
        Of the inner folds: training rows get means over rows other than themselves (Micci-Barreca 2001, shrunk and
        cross-fitted by scikit-learn's TargetEncoder).
    """

    def __init__(self, how: str, places: list[int], seed: int = 0) -> None:
        self.how, self.places, self.seed = how, places, seed

    def fit_transform(self, codes: Array, goal: Array) -> Array:
        """Learn, and give the training rows' numbers.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_categories)
        goal : ndarray of shape (n_rows, n_goals)
            Indicators of classes, or standardised numbers.
        """
        levels = codes[:, self.places]
        if self.how == "count" or not 1 <= goal.shape[1] <= MAX_GOALS or len(codes) < 10:
            self.encoders_: list[TargetEncoder] = []
            self.counts_ = [np.bincount(column + 1) for column in levels.T]
            return self.transform(codes)
        folds = KFold(5, shuffle=True, random_state=self.seed)
        self.encoders_ = [TargetEncoder(target_type="continuous", cv=folds) for _ in goal.T]
        parts = [encoder.fit_transform(levels, column) for encoder, column in zip(self.encoders_, goal.T, strict=True)]
        return np.hstack(parts)

    def transform(self, codes: Array) -> Array:
        """Numbers of other rows."""
        levels = codes[:, self.places]
        if self.encoders_:
            return np.hstack([encoder.transform(levels) for encoder in self.encoders_])
        known = [np.append(counts, 0) for counts in self.counts_]  # a level that is new was seen 0 times
        columns = [
            counts[np.minimum(column + 1, len(counts) - 1)] for counts, column in zip(known, levels.T, strict=True)
        ]
        return np.log1p(np.column_stack(columns).astype(np.float64))
