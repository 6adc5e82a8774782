"""Steps that give a simple model more to look at: bins, products of columns, landmarks of a kernel.

All are transformers as scikit-learn's, and bounded: whatever the table, they add at most some hundred columns.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, combinations_with_replacement
from typing import Any, Self

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.feature_selection import f_classif, f_regression
from sklearn.kernel_approximation import Nystroem
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.utils.validation import validate_data

from automl.estimators.base import Array, NeedsTarget, Seed, Step
from automl.estimators.constants import MOST_BINS
from automl.estimators.kernels import relative_gamma
from automl.estimators.selectors import column_scores
from automl.native import ignored


class Bins(ClassNamePrefixFeaturesOutMixin, Step):  # type: ignore[misc]
    """Numbers cut into bins by scikit-learn's KBinsDiscretizer; columns of two values become 0 and 1.

    Parameters
    ----------
    n_bins : int, default=8
        Bins of a column; fewer where all columns together would have more than 2000.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of as many rows each, or of the same width.
    encode : {"onehot", "ordinal"}, default="onehot"
        A column a bin, or one column with the place of the bin, from -1 to 1.

    Attributes
    ----------
    binned_ : ndarray of int
        Columns that are cut.
    lows_ : ndarray of shape (n_features,)
        Least value of each column: of two values it is 0.
    bins_ : KBinsDiscretizer or None
        None where no column is cut.
    """

    def __init__(self, n_bins: int = 8, *, strategy: str = "quantile", encode: str = "onehot") -> None:
        self.n_bins = n_bins
        self.strategy = strategy
        self.encode = encode

    def _learn(self, X: Array) -> None:
        self.binned_ = np.flatnonzero([len(np.unique(column)) > 2 for column in X.T])
        self.lows_ = X.min(axis=0)
        self.bins_ = None
        if len(self.binned_):
            count = max(2, min(self.n_bins, MOST_BINS // len(self.binned_)))
            encode = "ordinal" if self.encode == "ordinal" else "onehot-dense"
            method = {"quantile_method": "averaged_inverted_cdf"} if self.strategy == "quantile" else {}
            self.bins_ = KBinsDiscretizer(count, encode=encode, strategy=self.strategy, subsample=None, **method)
            with ignored("Bins whose width are too small", UserWarning):  # many equal values
                self.bins_.fit(X[:, self.binned_])
        self._n_features_out = self._apply(X[:1]).shape[1]

    def _apply(self, X: Array) -> Array:
        kept: Array = np.delete(self.lows_ < X, self.binned_, axis=1).astype(np.float64)
        if self.bins_ is None:
            return kept
        places = np.asarray(self.bins_.transform(X[:, self.binned_]))
        if self.encode == "ordinal":
            places = 2 * places / np.maximum(self.bins_.n_bins_ - 1, 1) - 1
        return np.hstack([kept, places])


class Products(ClassNamePrefixFeaturesOutMixin, NeedsTarget, Step):  # type: ignore[misc]
    """All columns, and the products of two of those that, each by itself, say most about the target.

    Parameters
    ----------
    columns : int, default=10
        Columns that are multiplied: 10 give 45 products, and 10 squares.
    squares : bool, default=True
        Whether a column is multiplied by itself too.

    Attributes
    ----------
    pairs_ : ndarray of shape (n_products, 2)
    """

    _f: Callable[[Array, Array], tuple[Array, Array]]

    def __init__(self, columns: int = 10, *, squares: bool = True) -> None:
        self.columns = columns
        self.squares = squares

    def fit(self, X: Any, y: Any = None) -> Self:
        """Choose the columns, by F where there are more of them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        scores = column_scores(X, y, lambda columns, target: self._f(columns, target)[0])
        best = np.sort(np.argsort(-scores, kind="stable")[: max(1, min(self.columns, X.shape[1]))])
        pairs = combinations_with_replacement(best, 2) if self.squares or len(best) == 1 else combinations(best, 2)
        self.pairs_ = np.array(list(pairs))
        self._n_features_out = X.shape[1] + len(self.pairs_)
        return self

    def _apply(self, X: Array) -> Array:
        return np.hstack([X, X[:, self.pairs_[:, 0]] * X[:, self.pairs_[:, 1]]])


class ProductsClassifier(Products):
    """`Products` of the columns that say most about a class."""

    _f = staticmethod(f_classif)


class ProductsRegressor(Products):
    """`Products` of the columns that say most about a number."""

    _f = staticmethod(f_regression)


class Landmarks(ClassNamePrefixFeaturesOutMixin, Step):  # type: ignore[misc]
    """Likeness to some training rows, made such that products of rows are a kernel's (Williams and Seeger 2001).

    Scikit-learn's Nystroem with as many landmarks as there are rows at most and a width that does not depend on the
    number of columns; columns are centred, and multiplied by the root of their number, for models that shrink weights.

    Parameters
    ----------
    n_components : int, default=100
        Landmarks asked for.
    kernel : {"rbf", "laplacian"}, default="rbf"
    gamma : float, default=1.0
        Narrowness, in units of 1 / (columns x variance of all values).
    random_state : int, RandomState instance or None, default=None
        Seed of the choice of landmarks.

    Attributes
    ----------
    map_ : Nystroem
    means_ : ndarray of shape (n_components,)
    """

    def __init__(
        self, n_components: int = 100, *, kernel: str = "rbf", gamma: float = 1.0, random_state: Seed = None
    ) -> None:
        self.n_components = n_components
        self.kernel = kernel
        self.gamma = gamma
        self.random_state = random_state

    def _learn(self, X: Array) -> None:
        count, gamma = max(1, min(self.n_components, len(X))), relative_gamma(X, self.gamma)
        self.map_ = Nystroem(self.kernel, gamma=gamma, n_components=count, random_state=self.random_state).fit(X)
        self.means_ = self.map_.transform(X).mean(axis=0)
        self._n_features_out = count

    def _apply(self, X: Array) -> Array:
        return np.asarray((self.map_.transform(X) - self.means_) * np.sqrt(len(self.means_)))
