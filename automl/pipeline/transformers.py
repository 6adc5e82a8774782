"""Steps that scikit-learn lacks, or whose own form fails on few rows, few columns or constant ones.

All are plain scikit-learn transformers. A size that is asked for is capped by the data at hand, because one
candidate is fitted on whole folds, on inner folds, and behind steps that leave fewer columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.feature_selection import (
    SelectorMixin,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.native import ignored

Array = NDArray[Any]
Seed = int | np.random.RandomState | None

NORMAL_IQR = 1.349  # range of the middle half of a bell curve of variance 1
SELECTION_TREES = 50  # enough to rank columns; the ranking, not the prediction, is wanted


class MiddleScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Centre by the median and divide by the spread of the middle half, outliers left where they are.

    Unlike scikit-learn's RobustScaler, a column whose middle half is one value (mostly zeros, say) is divided by half
    its range, and not left in its own unit.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Medians.
    scale_ : ndarray of shape (n_features,)
        Range of the middle half as a standard deviation; half the full range where that is 0; 1 for constants.
    """

    def fit(self, X: Any, y: Any = None) -> MiddleScaler:
        """Learn centre and scale of each column; missing values are passed over.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
        with ignored("All-NaN", RuntimeWarning):  # wholly missing columns stay missing
            low, first, middle, third, high = np.nan_to_num(np.nanpercentile(X, [0, 25, 50, 75, 100], axis=0))
        spread = np.where(third > first, (third - first) / NORMAL_IQR, (high - low) / 2)
        self.center_ = middle
        self.scale_ = np.where(spread > 0, spread, 1.0)
        return self

    def transform(self, X: Any) -> Array:
        """Centred and scaled columns.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False)
        return np.asarray((X - self.center_) / self.scale_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class CappedSVD(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Scikit-learn's TruncatedSVD with at most one component fewer than there are columns, and at least one.

    Parameters
    ----------
    n_components : int, default=8
        Components asked for; fewer where rows or columns are fewer.
    n_iter : int, default=5
        Iterations of the randomised solver.
    random_state : int, RandomState instance or None, default=None
        Seed of the randomised solver.

    Attributes
    ----------
    svd_ : TruncatedSVD or None
        None where the only column is passed through.
    """

    def __init__(self, n_components: int = 8, *, n_iter: int = 5, random_state: Seed = None) -> None:
        self.n_components = n_components
        self.n_iter = n_iter
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> CappedSVD:
        """Learn the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        self.svd_ = None
        if X.shape[1] > 1:
            count = max(1, min(self.n_components, X.shape[1] - 1, X.shape[0]))
            self.svd_ = TruncatedSVD(count, n_iter=self.n_iter, random_state=self.random_state)
            with np.errstate(divide="ignore", invalid="ignore"):  # shares of a variance of 0, which nobody reads
                self.svd_.fit(X)
        self._n_features_out = len(self.svd_.components_) if self.svd_ is not None else 1
        return self

    def transform(self, X: Any) -> Array:
        """Coordinates of the rows along the components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return X if self.svd_ is None else np.asarray(self.svd_.transform(X))


class ClusterDistances(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Distances to the centres of k-means clusters, each brought to mean 0 and variance 1.

    Parameters
    ----------
    n_clusters : int, default=8
        Clusters asked for; fewer where rows are fewer.
    random_state : int, RandomState instance or None, default=None
        Seed of the first centres and of the batches.

    Attributes
    ----------
    clusters_ : MiniBatchKMeans
    means_, spreads_ : ndarray of shape (n_clusters,)
        Of the training rows' distances.
    """

    def __init__(self, n_clusters: int = 8, *, random_state: Seed = None) -> None:
        self.n_clusters = n_clusters
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> ClusterDistances:
        """Find the clusters.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        """
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        self.clusters_ = MiniBatchKMeans(
            min(self.n_clusters, len(X)), n_init=1, compute_labels=False, random_state=self.random_state
        ).fit(X)
        distances = self.clusters_.transform(X)
        self.means_ = distances.mean(axis=0)
        spreads = distances.std(axis=0)
        self.spreads_ = np.where(spreads > 1e-9, spreads, 1.0)
        self._n_features_out = len(self.means_)
        return self

    def transform(self, X: Any) -> Array:
        """Standardised distances of the rows to the centres.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_clusters)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return np.asarray((self.clusters_.transform(X) - self.means_) / self.spreads_)


class _Select(SelectorMixin, BaseEstimator):  # type: ignore[misc]
    """Keeps some columns by a mask, at least one."""

    mask_: NDArray[np.bool_]

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.mask_

    def _keep_best(self, scores: Array, count: int) -> None:
        count = max(1, min(count, len(scores) - 1))  # never all of several: the step would be none
        self.mask_ = np.zeros(len(scores), dtype=bool)
        self.mask_[np.argsort(-scores, kind="stable")[:count]] = True


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

    def __init__(self, threshold: float = 0.01) -> None:
        self.threshold = threshold

    def fit(self, X: Any, y: Any = None) -> SelectLeastConstant:
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class _SelectUnivariate(_Select):
    def __init__(self, share: float = 0.5, *, statistic: str = "f", random_state: Seed = None) -> None:
        self.share = share
        self.statistic = statistic
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> _SelectUnivariate:
        """Score every column against the target; constant columns come last.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        self.scores_ = np.full(X.shape[1], -np.inf)
        varied = np.ptp(X, axis=0) > 0
        if varied.any():
            with np.errstate(divide="ignore", invalid="ignore"):  # a column that gives the target exactly
                scores = self._score(X[:, varied], y)
            self.scores_[varied] = np.nan_to_num(scores, nan=0.0, posinf=np.finfo(float).max)
        self._keep_best(self.scores_, round(self.share * X.shape[1]))
        return self

    def _score(self, X: Array, y: Array) -> Array:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


class SelectUnivariateClassifier(_SelectUnivariate):
    """Keeps the share of columns that, each by itself, say most about a class.

    Parameters
    ----------
    share : float, default=0.5
        Share of the columns to keep; at least one, never all.
    statistic : {"f", "mutual_info"}, default="f"
        F of an analysis of variance (differences of means), or mutual information (any dependence, slower).
    random_state : int, RandomState instance or None, default=None
        Seed of the noise that mutual information adds against ties.

    Attributes
    ----------
    scores_ : ndarray of shape (n_features,)
    """

    def _score(self, X: Array, y: Array) -> Array:
        if self.statistic == "mutual_info":
            return np.asarray(mutual_info_classif(X, y, random_state=self.random_state))
        return np.asarray(f_classif(X, y)[0])


class SelectUnivariateRegressor(_SelectUnivariate):
    """Keeps the share of columns that, each by itself, say most about a number.

    Parameters
    ----------
    share : float, default=0.5
        Share of the columns to keep; at least one, never all.
    statistic : {"f", "mutual_info"}, default="f"
        F of a straight line, or mutual information (any dependence, slower).
    random_state : int, RandomState instance or None, default=None
        Seed of the noise that mutual information adds against ties.

    Attributes
    ----------
    scores_ : ndarray of shape (n_features,)
    """

    def _score(self, X: Array, y: Array) -> Array:
        if self.statistic == "mutual_info":
            return np.asarray(mutual_info_regression(X, y, random_state=self.random_state))
        return np.asarray(f_regression(X, y)[0])


class _SelectModel(_Select):
    _forest: Any

    def __init__(self, importance: float = 0.9, *, random_state: Seed = None, n_jobs: int | None = None) -> None:
        self.importance = importance
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> _SelectModel:
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        return tags


class SelectModelClassifier(_SelectModel):
    """Keeps the columns that a small forest of extra trees uses most to tell classes apart.

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

    _forest = ExtraTreesClassifier


class SelectModelRegressor(_SelectModel):
    """Keeps the columns that a small forest of extra trees uses most to predict a number.

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

    _forest = ExtraTreesRegressor
