"""What stands at the leaves of a pipeline: it takes a `Table`, and candidates share what it makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.columns.table import Table

Array = NDArray[Any]


class Leaf(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
    """A transformer of tables: through the cache where the table has one, else anew. Subclasses learn and apply."""

    # ---- fit and transform, through the cache where the table has one

    def fit(self, X: Table, y: Any = None) -> Self:
        """Learn from a table, and its target where there is one."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Any = None, **params: Any) -> Array:
        """Fit, and give the columns of the same rows; what is learned from the target is cross-fitted."""
        self.token_ = X.token
        if X.cache is None or not X.token:
            return self.learn(X, y)
        fitted, matrix = X.cache.prepared(self, X, y)
        self.__dict__.update(fitted.__dict__)
        return matrix

    def transform(self, X: Table) -> Array:
        """Columns of other rows."""
        if X.cache is None or not X.token or not self.token_:
            matrix: Array = X.once((id(self),), lambda: self.apply(X))
            return matrix
        return X.cache.transformed(self, X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "token_")

    # ---- the work itself

    def learn(self, table: Table, y: Array | None = None) -> Array:
        """Learn from a table, without the cache, and give its rows' columns."""
        raise NotImplementedError

    def apply(self, table: Table) -> Array:
        """Columns of a table's rows, without the cache."""
        raise NotImplementedError

    # ---- for models that predict together

    @property
    def parts(self) -> list[Any]:
        """What of it other leaves may have, too."""
        return []

    def unite(self, known: Callable[[Any], Any]) -> None:
        """Exchange each part for the one that stands for all that are equal to it."""
