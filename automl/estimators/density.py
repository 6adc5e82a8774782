"""Classifiers by the density of each class, that no class and no column breaks."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.estimators.base import Array, MostProbable
from automl.estimators.calibrated import with_pairs
from automl.estimators.constants import LEAST_VARIANCE


class FlooredNB(GaussianNB):  # type: ignore[misc]
    """Scikit-learn's GaussianNB, whose variances are never 0, even where all columns are constant."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn means and variances of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        super().fit(X, y, sample_weight)
        np.maximum(self.var_, LEAST_VARIANCE, out=self.var_)
        return self


class _Shrunk(BaseEstimator):  # type: ignore[misc]
    """Covariances with a share of a ball in them, as scikit-learn's discriminant analysis asks for."""

    def __init__(self, reg_param: float) -> None:
        self.reg_param = reg_param

    def fit(self, X: Array) -> _Shrunk:
        covariance = np.atleast_2d(np.cov(X, rowvar=False, bias=True))
        ball = np.eye(len(covariance)) * max(float(np.trace(covariance)) / len(covariance), LEAST_VARIANCE)
        self.covariance_ = (1 - self.reg_param) * covariance + self.reg_param * ball
        return self


class SteadyQDA(MostProbable, BaseEstimator):  # type: ignore[misc]
    """Quadratic discriminant analysis (Friedman 1989, with the ball of mean variance), by scikit-learn.

    Scikit-learn's own refuses a class of one row, of fewer rows than columns, or with columns that follow from
    one another. Here every covariance gets a share of a ball, and the row of such a class counts twice.

    Parameters
    ----------
    reg_param : float, default=0.1
        Share of the ball, above 0.

    Attributes
    ----------
    model_ : QuadraticDiscriminantAnalysis
    classes_ : ndarray of shape (n_classes,)
    """

    def __init__(self, reg_param: float = 0.1) -> None:
        self.reg_param = reg_param

    def fit(self, X: Any, y: Any) -> Self:
        """Learn mean and covariance of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        estimator = _Shrunk(self.reg_param)
        self.model_ = QuadraticDiscriminantAnalysis(solver="eigen", covariance_estimator=estimator, tol=0.0)
        self.model_.fit(*with_pairs(X, y))
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (n_samples, n_classes)."""
        check_is_fitted(self)
        return np.asarray(self.model_.predict_proba(validate_data(self, X, dtype=np.float64, reset=False)))
