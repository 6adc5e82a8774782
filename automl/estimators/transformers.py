"""Steps that scikit-learn lacks, or whose own form fails on few rows, few columns or constant ones.

All are transformers as scikit-learn's. A size that is asked for is capped by the data at hand, because one
candidate is fitted on whole folds, on inner folds, and behind steps that leave fewer columns.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD

from automl.estimators.base import Array, Seed, Step
from automl.estimators.constants import NORMAL_IQR
from automl.native import ignored


class MiddleScaler(OneToOneFeatureMixin, Step):  # type: ignore[misc]
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

    _allow_nan = True

    def _learn(self, X: Array) -> None:
        with ignored("All-NaN", RuntimeWarning):  # wholly missing columns stay missing
            low, first, middle, third, high = np.nan_to_num(np.nanpercentile(X, [0, 25, 50, 75, 100], axis=0))
        spread = np.where(third > first, (third - first) / NORMAL_IQR, (high - low) / 2)
        self.center_ = middle
        self.scale_ = np.where(spread > 0, spread, 1.0)

    def _apply(self, X: Array) -> Array:
        return np.asarray((X - self.center_) / self.scale_)


class CappedSVD(ClassNamePrefixFeaturesOutMixin, Step):  # type: ignore[misc]
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

    def _learn(self, X: Array) -> None:
        self.svd_ = None
        if X.shape[1] > 1:
            count = max(1, min(self.n_components, X.shape[1] - 1, X.shape[0]))
            self.svd_ = TruncatedSVD(count, n_iter=self.n_iter, random_state=self.random_state)
            with np.errstate(divide="ignore", invalid="ignore"):  # shares of a variance of 0, which nobody reads
                self.svd_.fit(X)
        self._n_features_out = len(self.svd_.components_) if self.svd_ is not None else 1

    def _apply(self, X: Array) -> Array:
        return X if self.svd_ is None else np.asarray(self.svd_.transform(X))


class ClusterDistances(ClassNamePrefixFeaturesOutMixin, Step):  # type: ignore[misc]
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

    def _learn(self, X: Array) -> None:
        self.clusters_ = MiniBatchKMeans(
            min(self.n_clusters, len(X)), n_init=1, compute_labels=False, random_state=self.random_state
        ).fit(X)
        distances = self.clusters_.transform(X)
        self.means_ = distances.mean(axis=0)
        spreads = distances.std(axis=0)
        self.spreads_ = np.where(spreads > 1e-9, spreads, 1.0)
        self._n_features_out = len(self.means_)

    def _apply(self, X: Array) -> Array:
        return np.asarray((self.clusters_.transform(X) - self.means_) / self.spreads_)
