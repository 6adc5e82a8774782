"""The leaf: turns a `Table` into the matrix that its consumer accepts. Only the leaf knows kinds of column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.data.columns import Columns
from automl.data.table import Table

CLIP = 3.0  # scaled numbers are bent into (-3, 3): no outlier rules a linear model or a distance


class TableReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """First step of a pipeline that takes raw tables: DataFrame in, `Table` out.

    Parameters
    ----------
    columns : Columns, optional
        Kinds of column already learned; None learns them in fit.
    """

    def __init__(self, columns: Columns | None = None) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> TableReader:
        """Learn the columns, unless they were given."""
        import pandas as pd

        self.columns_ = self.columns or Columns.learn(pd.DataFrame(X))
        return self

    def transform(self, X: Any) -> Table:
        """Read a table into arrays."""
        return self.columns_.encode(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "columns_")


class Input(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The leaf of every candidate.

    Parameters
    ----------
    categories : {"native", "ordinal", "onehot"}
        Native and ordinal are one column of level numbers (native ones come last, for models that are told so);
        one-hot is a column a level, one for two levels, and one for missing values where there were any.
    missing : bool
        Whether missing values stay NaN; else numbers are filled with the median and get a column that says so.
    scale : {"any", "unit"}
        Unit: minus the median, divided by the quartile range, softly bent into (-3, 3), as in RealMLP (Holzmüller et
        al. 2024, "Better by default") and skrub's SquashingScaler.
    """

    def __init__(self, categories: str = "onehot", missing: bool = False, scale: str = "unit") -> None:
        self.categories = categories
        self.missing = missing
        self.scale = scale

    # ---- fit and transform, through the cache where the table has one

    def fit(self, X: Table, y: Any = None) -> Input:
        """Learn medians, spreads and which columns have missing values."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Any = None, **params: Any) -> NDArray[Any]:
        """Fit, and prepare the same rows."""
        self.token_ = X.token
        if X.cache is None or not X.token:
            return self.learn(X, y)
        fitted, matrix = X.cache.prepared(self, X, y)
        self.__dict__.update(fitted.__dict__)
        return matrix

    def transform(self, X: Table) -> NDArray[Any]:
        """Prepare other rows."""
        if X.cache is None or not X.token or not self.token_:
            return self.apply(X)
        return X.cache.transformed(self, X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "medians_")

    # ---- the work itself

    def learn(self, table: Table, y: NDArray[Any] | None = None) -> NDArray[Any]:
        """Learn from a table, without the cache, and prepare its rows."""
        numbers = table.numbers
        lost = np.isnan(numbers)
        filled = np.where(lost.all(axis=0), 0.0, numbers) if len(numbers) else numbers
        self.medians_ = np.nanmedian(filled, axis=0) if numbers.shape[1] else np.zeros(0)
        self.flagged_ = np.flatnonzero(lost.any(axis=0)) if not self.missing else np.zeros(0, dtype=np.int64)
        if self.scale == "unit":
            self.spreads_ = _spreads(np.where(lost, self.medians_, numbers))
        codes = table.codes
        self.levels_ = table.levels
        self.code_lost_: Any = (codes < 0).any(axis=0)
        return self.apply(table)

    def apply(self, table: Table) -> NDArray[Any]:
        """Prepare a table, without the cache."""
        numbers = table.numbers
        lost = np.isnan(numbers)
        parts: list[NDArray[Any]] = []
        if not self.missing:
            numbers = np.where(lost, self.medians_, numbers)
        if self.scale == "unit":
            z = (numbers - self.medians_) / self.spreads_
            numbers = z / np.sqrt(1 + np.square(z / CLIP))
        parts.append(numbers)
        if len(self.flagged_):
            parts.append(lost[:, self.flagged_])
        if self.levels_:
            parts.append(self._categories(table.codes))
        return np.column_stack(parts).astype(np.float32 if self.scale == "unit" else np.float64, copy=False)

    def _categories(self, codes: NDArray[np.int32]) -> NDArray[Any]:
        if self.categories == "onehot":
            return self._onehot(codes)
        gap = np.nan if self.missing else -1.0
        return np.where(codes < 0, gap, codes)

    def _onehot(self, codes: NDArray[np.int32]) -> NDArray[Any]:
        columns: list[Any] = []
        for place, levels in enumerate(self.levels_):
            code: Any = codes[:, place]
            # with two levels and nothing missing, one column says it all
            wanted = range(1, 2) if levels == 2 and not self.code_lost_[place] else range(levels)
            columns += [code == level for level in wanted]
            if self.code_lost_[place]:
                columns.append(code < 0)
        return np.column_stack(columns).astype(np.float32)


def _spreads(filled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quartile range as a standard deviation; half the full range where it is 0; 1 for constants."""
    if not filled.shape[1]:
        return np.ones(0)
    low, high = np.quantile(filled, [0.25, 0.75], axis=0)
    spread = (high - low) / 1.349
    half_range = (filled.max(axis=0) - filled.min(axis=0)) / 2
    spread = np.where(spread > 0, spread, half_range)
    return np.where(spread > 0, spread, 1.0)
