"""Steps that keep some columns: those that vary, that say most about the target, or that small forests use.

All are transformers as scikit-learn's, and keep at least one column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import (
    SelectorMixin,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.estimators.base import Array, NeedsTarget, Seed
from automl.estimators.constants import SELECTION_TREES
from automl.native import ignored


def column_scores(X: Array, y: Array, score: Callable[[Array, Array], Array]) -> Array:
    """What each column says about the target by a function of columns and target; constant ones come last."""
    scores = np.full(X.shape[1], -np.inf)
    varied = np.ptp(X, axis=0) > 0
    if varied.any():
        with np.errstate(divide="ignore", invalid="ignore"):  # a column that gives the target exactly
            found = score(X[:, varied], y)
        scores[varied] = np.nan_to_num(found, nan=0.0, posinf=np.finfo(float).max)
    return scores


class _Select(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps some columns by a mask, at least one."""

    _allow_nan = False
    mask_: NDArray[np.bool_]

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.mask_

    def _keep_best(self, scores: Array, count: int) -> None:
        count = max(1, min(count, len(scores) - 1))  # never all of several: the step would be none
        self.mask_ = np.zeros(len(scores), dtype=bool)
        self.mask_[np.argsort(-scores, kind="stable")[:count]] = True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_nan
        return tags


class SelectLeastConstant(_Select):
    """Drops columns that hardly vary, measured on the range of each so that units do not matter.

    A column's variance is taken after its range was brought to 0..1: 0.25 for a balanced yes/no column, 0.08
    for a uniform one, near 0 for a level seen in few rows. Where all columns are below the threshold, the one
    that varies most is kept; where none is, all are kept.

    Parameters
    ----------
    threshold : float, default=0.01
        Least variance of a column that is kept.

    Attributes
    ----------
    variances_ : ndarray of shape (n_features,)
    """

    _allow_nan = True

    def __init__(self, threshold: float = 0.01) -> None:
        self.threshold = threshold

    def fit(self, X: Any, y: Any = None) -> Self:
        """Measure the variances; missing values are passed over.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        """
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        with ignored("All-NaN|Degrees of freedom", RuntimeWarning):  # wholly missing columns
            spans = np.nanmax(X, axis=0) - np.nanmin(X, axis=0)
            variances = np.nanvar(X, axis=0) / np.where(spans > 0, spans, 1.0) ** 2
        self.variances_ = np.nan_to_num(variances)
        self.mask_ = self.variances_ >= self.threshold
        if not self.mask_.any():
            self._keep_best(self.variances_, 1)
        return self


class SelectUnivariate(NeedsTarget, _Select):
    """Keeps the share of columns that, each by itself, say most about the target.

    Parameters
    ----------
    share : float, default=0.5
        Share of the columns to keep; at least one, never all.
    statistic : {"f", "mutual_info"}, default="f"
        F of an analysis of variance or of a straight line, or mutual information (any dependence, slower).
    random_state : int, RandomState instance or None, default=None
        Seed of the noise that mutual information adds against ties.

    Attributes
    ----------
    scores_ : ndarray of shape (n_features,)
    """

    _f: Callable[..., Any]
    _mutual_info: Callable[..., Any]

    def __init__(self, share: float = 0.5, *, statistic: str = "f", random_state: Seed = None) -> None:
        self.share = share
        self.statistic = statistic
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Score every column against the target; constant columns come last.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        self.scores_ = column_scores(X, y, self._score)
        self._keep_best(self.scores_, round(self.share * X.shape[1]))
        return self

    def _score(self, X: Array, y: Array) -> Array:
        if self.statistic == "mutual_info":
            return np.asarray(self._mutual_info(X, y, random_state=self.random_state))
        return np.asarray(self._f(X, y)[0])


class SelectUnivariateClassifier(SelectUnivariate):
    """`SelectUnivariate` for a class: F is that of an analysis of variance (differences of means)."""

    _f, _mutual_info = staticmethod(f_classif), staticmethod(mutual_info_classif)


class SelectUnivariateRegressor(SelectUnivariate):
    """`SelectUnivariate` for a number: F is that of a straight line."""

    _f, _mutual_info = staticmethod(f_regression), staticmethod(mutual_info_regression)


class SelectModel(NeedsTarget, _Select):
    """Keeps the columns that a small forest of extra trees uses most.

    Parameters
    ----------
    importance : float, default=0.9
        Share of the summed importances that the kept columns hold; at least one is kept, never all.
    random_state : int, RandomState instance or None, default=None
        Seed of the trees.
    n_jobs : int or None, default=None
        Threads.

    Attributes
    ----------
    importances_ : ndarray of shape (n_features,)
    """

    _forest: Any
    _allow_nan = True

    def __init__(self, importance: float = 0.9, *, random_state: Seed = None, n_jobs: int | None = None) -> None:
        self.importance = importance
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the trees and rank the columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=np.float32, ensure_all_finite="allow-nan")
        forest = self._forest(
            SELECTION_TREES, min_samples_leaf=3, random_state=self.random_state, n_jobs=self.n_jobs
        ).fit(X, y)
        with np.errstate(invalid="ignore"):  # no split helped, so all importances are 0, and 0 / 0 their shares
            self.importances_ = np.nan_to_num(forest.feature_importances_)
        reached = np.cumsum(np.sort(self.importances_)[::-1])
        self._keep_best(self.importances_, int(np.searchsorted(reached, self.importance * reached[-1])) + 1)
        return self


class SelectModelClassifier(SelectModel):
    """`SelectModel` by trees that tell classes apart."""

    _forest = ExtraTreesClassifier


class SelectModelRegressor(SelectModel):
    """`SelectModel` by trees that predict a number."""

    _forest = ExtraTreesRegressor
