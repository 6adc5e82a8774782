"""Linear models that find their penalty themselves: ridge, elastic net and logistic regression."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from automl.estimators.base import Array, MostProbable
from automl.estimators.constants import LOGISTIC_TOLERANCE, SAGA_STEPS
from automl.estimators.penalty_path import Linear, PenaltyPath
from automl.native import ignored

MOST_GRAM = 2_000  # columns up to which the elastic net's descent works on their products instead of the rows


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``paths`` of a family's TOML."""
    return cls(**values, metric=recipe.metric, control=recipe.control)


class _RegressionPath(RegressorMixin, PenaltyPath):  # type: ignore[misc]
    def predict(self, X: Array) -> Array:
        """Values at the point `rounds_`."""
        coefficients, intercept = self.path_[self.rounds_]
        return np.asarray(X @ coefficients + intercept)

    def _loss(self, X: Array, y: Array, weight: Array | None) -> float:
        off = np.abs(self.predict(X) - y)
        if self.metric == "mae":
            return float(np.average(off, weights=weight))
        return float(np.sqrt(np.average(np.square(off), weights=weight)))


class RidgePath(_RegressionPath):
    """Ridge regression (Hoerl and Kennard 1970): one eigendecomposition serves all penalties.

    With the products of the columns taken apart once, a penalty is a division (Hastie, Tibshirani and Friedman 2009,
    section 3.4.1); where there are more columns than rows, the products of the rows are.

    The penalty is that beside the sum of squared errors, scikit-learn's `alpha`; parameters are those of `PenaltyPath`.
    """

    def __init__(self, strongest: float = 1e5, weakest: float = 1e-3, points: int = 25, **common: Any) -> None:
        super().__init__(strongest, weakest, points, **common)

    def _start(self, X: Array, y: Array, weight: Array | None) -> Callable[[float], Linear]:
        from scipy.linalg import eigh

        rows, goal, center, mean = _centred(X, y, weight)
        wide = rows.shape[1] > rows.shape[0]
        values, vectors = eigh(rows @ rows.T if wide else rows.T @ rows)
        values = np.maximum(values, 0.0)
        turned = vectors.T @ (goal if wide else rows.T @ goal)

        def solve(penalty: float) -> Linear:
            found = vectors @ (turned / (values + penalty))
            coefficients = rows.T @ found if wide else found
            return coefficients, mean - center @ coefficients

        return solve


class ElasticNetPath(_RegressionPath):
    """The elastic net (Zou and Hastie 2005) by scikit-learn's coordinate descent, each point from the last one's.

    Warm starts make a path cheap (Friedman, Hastie and Tibshirani 2010). The target should have mean 0 and variance 1.
    The penalty is scikit-learn's `alpha`.

    Parameters
    ----------
    l1_ratio : float
        Share of the absolute values in the penalty.
    selection : {"cyclic", "random"}
        Order of the coordinates.
    max_iter : int
        Passes at each point.
    random_state : int or None
    strongest, weakest, points, **common
        Those of `PenaltyPath`.
    """

    usual = 0.01
    patience = 2

    def __init__(
        self,
        l1_ratio: float = 0.5,
        selection: str = "cyclic",
        strongest: float = 1.0,
        weakest: float = 1e-4,
        points: int = 13,
        max_iter: int = 1000,
        random_state: int | None = None,
        **common: Any,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.selection = selection
        super().__init__(strongest, weakest, points, **common)
        self.max_iter = max_iter
        self.random_state = random_state

    def _start(self, X: Array, y: Array, weight: Array | None) -> Callable[[float], Linear]:
        from sklearn.linear_model import enet_path

        rows, goal, center, mean = _centred(X, y, weight)
        rows = np.asfortranarray(rows)
        few = rows.shape[1] <= min(rows.shape[0], MOST_GRAM)
        gram: Any = np.ascontiguousarray(rows.T @ rows) if few else False
        options = {"max_iter": self.max_iter, "selection": self.selection, "random_state": self.random_state}
        options |= {"l1_ratio": self.l1_ratio, "precompute": gram, "Xy": rows.T @ goal if few else None}
        last: Array = np.zeros(rows.shape[1])

        def solve(penalty: float) -> Linear:
            nonlocal last
            start = last.copy()  # the descent works in it
            _, found, _ = enet_path(rows, goal, alphas=[penalty], coef_init=start, copy_X=False, **options)
            last = found[:, 0]
            return last, mean - center @ last

        return solve


class LogisticPath(MostProbable, PenaltyPath):
    """Logistic regression, each point from the last one's weights (Friedman, Hastie and Tibshirani 2010).

    The penalty is that beside the sum of log losses, scikit-learn's ``1 / C``.

    Parameters
    ----------
    solver : {"lbfgs", "saga"}
    l1_ratio : float
        Share of the absolute values in the penalty; saga only.
    class_weight : {"balanced"} or None
    max_iter : int
        Steps of the solver at each point; of saga no more than 30, which go on from those of the point before.
    random_state : int or None
    strongest, weakest, points, **common
        Those of `PenaltyPath`.
    """

    patience = 2

    def __init__(
        self,
        solver: str = "lbfgs",
        l1_ratio: float = 0.0,
        class_weight: str | None = None,
        strongest: float = 1000.0,
        weakest: float = 0.01,
        points: int = 8,
        max_iter: int = 300,
        random_state: int | None = None,
        **common: Any,
    ) -> None:
        self.solver = solver
        self.l1_ratio = l1_ratio
        self.class_weight = class_weight
        super().__init__(strongest, weakest, points, **common)
        self.max_iter = max_iter
        self.random_state = random_state

    @property
    def sequential(self) -> bool:  # type: ignore[override]
        """Whether few steps are taken at each point."""
        return self.solver == "saga"

    def _start(self, X: Array, y: Array, weight: Array | None) -> Callable[[float], Linear]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        names = ("solver", "l1_ratio", "class_weight", "random_state")
        steps = min(self.max_iter, SAGA_STEPS) if self.sequential else self.max_iter
        values = {name: getattr(self, name) for name in names}
        model = LogisticRegression(warm_start=True, max_iter=steps, tol=LOGISTIC_TOLERANCE, **values)
        self.model_ = model

        def solve(penalty: float) -> Linear:
            with ignored("", ConvergenceWarning) if self.sequential else nullcontext():  # stopping early is meant
                model.set_params(C=1.0 / penalty).fit(X, y, sample_weight=weight)
            self.classes_ = model.classes_
            return model.coef_.copy(), model.intercept_.copy()

        return solve

    def _loss(self, X: Array, y: Array, weight: Array | None) -> float:
        probabilities = self.predict_proba(X)[np.arange(len(y)), np.searchsorted(self.classes_, y)]
        return float(-np.average(np.log(np.maximum(probabilities, np.finfo(float).tiny)), weights=weight))

    def predict_proba(self, X: Array) -> Array:
        """Probabilities at the point `rounds_`."""
        model = copy.copy(self.model_)
        model.coef_, model.intercept_ = self.path_[self.rounds_]
        return np.asarray(model.predict_proba(X))


def _centred(X: Array, y: Array, weight: Array | None) -> tuple[Array, Array, Array, float]:
    """Rows and target about their means, weighed; and the means. Only ratios of weights matter."""
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    center, mean = np.average(X, axis=0, weights=weight), float(np.average(y, weights=weight))
    rows, goal = X - center, y - mean
    if weight is not None:
        root = np.sqrt(weight / np.mean(weight))
        rows, goal = rows * root[:, None], goal * root
    return rows, goal, center, mean
