"""Models of similar rows: support vectors and Gaussian processes, with widths that do not depend on the table.

Kernels measure distances, which grow with the number of columns. Here widths are relative to it, so that one range of a
search space suits narrow tables and wide ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_regressor
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Kernel, Matern, WhiteKernel
from sklearn.svm import SVC, SVR
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.estimators.base import Array, MostProbable

CHUNK = 4000  # rows that a process predicts at a time: it holds their distances to all training rows


def relative_gamma(X: Array, gamma: float) -> float:
    """Gamma in units of scikit-learn's "scale": 1 / (columns x variance of all values)."""
    variance = float(X.var())
    return float(gamma / (X.shape[1] * (variance if variance > 0 else 1.0)))


class _Radial(BaseEstimator):  # type: ignore[misc]
    _machine: Any

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Find the border, or the tube.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), optional
        """
        X, y = validate_data(self, X, y, y_numeric=is_regressor(self))
        values = {**self.get_params(), "gamma": relative_gamma(X, self.gamma)}
        self.model_ = self._machine(**values).fit(X, y, sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Labels or values of shape (n_samples,)."""
        check_is_fitted(self)
        return np.asarray(self.model_.predict(validate_data(self, X, reset=False)))


class RadialClassifier(ClassifierMixin, _Radial):  # type: ignore[misc]
    """Support vectors with a radial kernel (Cortes and Vapnik 1995), by scikit-learn's SVC; without probabilities.

    Parameters
    ----------
    C : float, default=1.0
        Price of a row on the wrong side.
    gamma : float, default=1.0
        Narrowness of the kernel, in units of scikit-learn's "scale".
    class_weight : "balanced" or None, default=None
    max_iter : int, default=-1
        Most steps of the solver, -1 is no limit.

    Attributes
    ----------
    model_ : SVC
    classes_ : ndarray of shape (n_classes,)
    """

    _machine = SVC

    def __init__(
        self, C: float = 1.0, *, gamma: float = 1.0, class_weight: str | None = None, max_iter: int = -1
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight
        self.max_iter = max_iter

    @property
    def classes_(self) -> Array:
        """Labels, sorted."""
        return np.asarray(self.model_.classes_)

    def decision_function(self, X: Any) -> Array:
        """Distances from the border, of shape (n_samples,) for two classes, else (n_samples, n_classes)."""
        check_is_fitted(self)
        return np.asarray(self.model_.decision_function(validate_data(self, X, reset=False)))


class RadialRegressor(RegressorMixin, _Radial):  # type: ignore[misc]
    """Support vectors with a radial kernel for numbers (Drucker et al. 1997), by scikit-learn's SVR.

    Parameters
    ----------
    C : float, default=1.0
        Price of a row outside the tube.
    gamma, max_iter
        As in `RadialClassifier`.
    epsilon : float, default=0.1
        Half the width of the tube in which errors cost nothing.

    Attributes
    ----------
    model_ : SVR
    """

    _machine = SVR

    def __init__(self, C: float = 1.0, *, gamma: float = 1.0, epsilon: float = 0.1, max_iter: int = -1) -> None:
        self.C = C
        self.gamma = gamma
        self.epsilon = epsilon
        self.max_iter = max_iter


def _climb(
    objective: Callable[[Array], tuple[float, Array]], start: Array, bounds: Array, steps: int
) -> tuple[Array, float]:
    """L-BFGS-B for a few steps from where it stands: each costs rows³, and the first ones bring most."""
    from scipy.optimize import minimize

    found = minimize(objective, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": steps})
    return found.x, float(found.fun)


class _Process(BaseEstimator):  # type: ignore[misc]
    def __init__(self, kernel: str = "matern", *, nu: float = 1.5, length_scale: float = 1.0, steps: int = 10) -> None:
        self.kernel = kernel
        self.nu = nu
        self.length_scale = length_scale
        self.steps = steps

    def fit(self, X: Any, y: Any) -> Self:
        """Find the kernel's numbers, and condition on the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        """
        X, y = validate_data(self, X, y, y_numeric=is_regressor(self))
        self.model_ = self._process(self._kernel(X.shape[1]), partial(_climb, steps=self.steps)).fit(X, y)
        return self

    def _process(self, kernel: Kernel, climb: Any) -> Any:
        raise NotImplementedError

    def _kernel(self, columns: int) -> Kernel:
        length = self.length_scale * np.sqrt(columns)
        bounds = (length / 100, length * 100)
        if self.kernel == "rbf":
            return ConstantKernel(1.0, (1e-2, 1e3)) * RBF(length, bounds)
        return ConstantKernel(1.0, (1e-2, 1e3)) * Matern(length, bounds, nu=self.nu)

    def _in_chunks(self, predict: Callable[[Array], Array], X: Any) -> Array:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return np.concatenate([predict(X[start : start + CHUNK]) for start in range(0, len(X), CHUNK)])


class ProcessClassifier(MostProbable, _Process):
    """A Gaussian process of classes (Rasmussen and Williams 2006, chapter 3), one against the rest, by scikit-learn.

    Parameters
    ----------
    kernel : {"matern", "rbf"}, default="matern"
    nu : {0.5, 1.5, 2.5}, default=1.5
        Smoothness of a Matérn kernel.
    length_scale : float, default=1.0
        Where the search for the kernel's length begins, in units of the square root of the number of columns.
    steps : int, default=10
        Most steps of the search for the kernel's length and height.

    Attributes
    ----------
    model_ : GaussianProcessClassifier
    classes_ : ndarray of shape (n_classes,)
    """

    def _process(self, kernel: Kernel, climb: Any) -> Any:
        return GaussianProcessClassifier(kernel, optimizer=climb, warm_start=True)

    @property
    def classes_(self) -> Array:
        """Labels, sorted."""
        return np.asarray(self.model_.classes_)

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (n_samples, n_classes)."""
        return self._in_chunks(self.model_.predict_proba, X)


class ProcessRegressor(RegressorMixin, _Process):  # type: ignore[misc]
    """A Gaussian process of a number with white noise (Rasmussen and Williams 2006, chapter 2), by scikit-learn.

    Parameters
    ----------
    kernel, nu, length_scale, steps
        As in `ProcessClassifier`; the steps search for the kernel's noise, too.
    alpha : float, default=1e-3
        Variance of noise that is there at least; the search for the kernel's noise adds to it.

    Attributes
    ----------
    model_ : GaussianProcessRegressor
    """

    def __init__(
        self,
        kernel: str = "matern",
        *,
        nu: float = 1.5,
        length_scale: float = 1.0,
        alpha: float = 1e-3,
        steps: int = 10,
    ) -> None:
        super().__init__(kernel, nu=nu, length_scale=length_scale, steps=steps)
        self.alpha = alpha

    def _process(self, kernel: Kernel, climb: Any) -> Any:
        noisy = kernel + WhiteKernel(0.1, (1e-6, 10.0))
        return GaussianProcessRegressor(noisy, alpha=self.alpha, optimizer=climb)

    def predict(self, X: Any) -> Array:
        """Values of shape (n_samples,)."""
        return self._in_chunks(self.model_.predict, X)
