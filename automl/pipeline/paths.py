"""Linear models that find their penalty themselves: a whole path of penalties in one fit, each reusing work.

The path goes from strong to weak. `fit` with an `eval_set` keeps the validation loss at each point, as boosters do for
their rounds; which point is best is decided over all folds by the evaluator, which then sets `rounds_`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from automl.native import ignored

Array = NDArray[Any]
Linear = tuple[Array, Any]  # coefficients and intercept

TOLERANCE = 1e-3  # of the logistic gradient: with 1e-4, bird_strikes took four times as long for 0.2 % of the log loss
SAGA_STEPS = 30  # at each point: with 300, cnae9 took ten times as long, for the same validation loss
MOST_GRAM = 2_000  # columns up to which the elastic net's descent works on their products instead of the rows


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``paths`` of a family's TOML."""
    return cls(**values, metric=recipe.metric, rounds=recipe.rounds)


class _Path(BaseEstimator):  # type: ignore[misc]
    """What the paths share; a subclass prepares once (`_start`) and then solves for one penalty after the other.

    Attributes
    ----------
    curve_ : ndarray or None
        Validation loss at each point, lower is better; None where there were no validation rows.
    rounds_ : int
        Point that predictions use, from 1.
    path_ : dict
        The model at each point that was fitted.
    """

    takes_eval_set = True
    usual = 1.0  # the penalty where nothing says which is best
    patience: int | None = None  # points without gain after which weaker penalties are not tried
    sequential = False  # whether a point is not solved to the end, so that it depends on those before

    strongest: float
    weakest: float
    points: int
    metric: str
    rounds: int | None

    @property
    def penalties(self) -> Array:
        """All penalties, the strongest first."""
        return np.geomspace(self.strongest, self.weakest, self.points)

    @property
    def penalty_(self) -> float:
        """The penalty that predictions use."""
        return float(self.penalties[self.rounds_ - 1])

    def fit(
        self,
        X: Array,
        y: Array,
        eval_set: tuple[Array, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
    ) -> Self:
        """Fit the path; without validation rows only its point `rounds`, or the one nearest to the usual penalty."""
        solve = self._start(np.asarray(X), np.asarray(y), sample_weight)
        penalties = self.penalties
        self.curve_: Array | None = None
        if eval_set is None:
            usual = int(np.argmin(np.abs(np.log(penalties / self.usual)))) + 1
            self.rounds_ = min(self.rounds or usual, len(penalties))
            for penalty in penalties[: self.rounds_ - 1] if self.sequential else ():
                solve(penalty)
            self.path_ = {self.rounds_: solve(penalties[self.rounds_ - 1])}
            return self
        losses: list[float] = []
        self.path_ = {}
        for place, penalty in enumerate(penalties, start=1):
            self.path_[place], self.rounds_ = solve(penalty), place
            losses.append(self._loss(*eval_set, eval_weight))
            if self.patience is not None and place - int(np.argmin(losses)) - 1 >= self.patience:
                break
        self.curve_ = np.array(losses)
        self.rounds_ = int(np.argmin(losses)) + 1
        return self

    def _start(self, X: Array, y: Array, weight: Array | None) -> Callable[[float], Linear]:
        raise NotImplementedError

    def _loss(self, X: Array, y: Array, weight: Array | None) -> float:
        raise NotImplementedError


class _RegressionPath(RegressorMixin, _Path):  # type: ignore[misc]
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

    Parameters
    ----------
    strongest, weakest : float
        Ends of the path: the penalty beside the sum of squared errors, scikit-learn's `alpha`.
    points : int
    metric : str
        The run's; "mae" has a curve of its own.
    rounds : int or None
        Point of a fit without validation rows; None is the usual penalty.
    """

    def __init__(
        self,
        strongest: float = 1e5,
        weakest: float = 1e-3,
        points: int = 25,
        metric: str = "rmse",
        rounds: int | None = None,
    ) -> None:
        self.strongest = strongest
        self.weakest = weakest
        self.points = points
        self.metric = metric
        self.rounds = rounds

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

    Parameters
    ----------
    l1_ratio : float
        Share of the absolute values in the penalty.
    selection : {"cyclic", "random"}
        Order of the coordinates.
    strongest, weakest : float
        Ends of the path: scikit-learn's `alpha`.
    points : int
    max_iter : int
        Passes at each point.
    metric : str
    rounds : int or None
    random_state : int or None
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
        metric: str = "rmse",
        rounds: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.selection = selection
        self.strongest = strongest
        self.weakest = weakest
        self.points = points
        self.max_iter = max_iter
        self.metric = metric
        self.rounds = rounds
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


class LogisticPath(ClassifierMixin, _Path):  # type: ignore[misc]
    """Logistic regression, each point from the last one's weights (Friedman, Hastie and Tibshirani 2010).

    Parameters
    ----------
    solver : {"lbfgs", "saga"}
    l1_ratio : float
        Share of the absolute values in the penalty; saga only.
    class_weight : {"balanced"} or None
    strongest, weakest : float
        Ends of the path: the penalty beside the sum of log losses, scikit-learn's ``1 / C``.
    points : int
    max_iter : int
        Steps of the solver at each point; of saga no more than 30, which go on from those of the point before.
    metric : str
        The run's; the curve is of log loss whatever it is, as for boosters.
    rounds : int or None
    random_state : int or None
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
        metric: str = "log_loss",
        rounds: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.solver = solver
        self.l1_ratio = l1_ratio
        self.class_weight = class_weight
        self.strongest = strongest
        self.weakest = weakest
        self.points = points
        self.max_iter = max_iter
        self.metric = metric
        self.rounds = rounds
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
        model = LogisticRegression(warm_start=True, max_iter=steps, tol=TOLERANCE, **values)
        self.model_ = model

        def solve(penalty: float) -> Linear:
            with ignored("", ConvergenceWarning) if self.sequential else nullcontext():  # stopping early is meant
                model.set_params(C=1.0 / penalty).fit(X, y, sample_weight=weight)
            self.classes_ = model.classes_
            return model.coef_.copy(), model.intercept_.copy()

        return solve

    def _loss(self, X: Array, y: Array, weight: Array | None) -> float:
        shares = self.predict_proba(X)[np.arange(len(y)), np.searchsorted(self.classes_, y)]
        return float(-np.average(np.log(np.maximum(shares, np.finfo(float).tiny)), weights=weight))

    def predict_proba(self, X: Array) -> Array:
        """Probabilities at the point `rounds_`."""
        model = copy.copy(self.model_)
        model.coef_, model.intercept_ = self.path_[self.rounds_]
        return np.asarray(model.predict_proba(X))

    def predict(self, X: Array) -> Array:
        """The most probable class at the point `rounds_`."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


def _centred(X: Array, y: Array, weight: Array | None) -> tuple[Array, Array, Array, float]:
    """Rows and target about their means, weighed; and the means. Only ratios of weights matter."""
    X, y = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    center, mean = np.average(X, axis=0, weights=weight), float(np.average(y, weights=weight))
    rows, goal = X - center, y - mean
    if weight is not None:
        root = np.sqrt(weight / np.mean(weight))
        rows, goal = rows * root[:, None], goal * root
    return rows, goal, center, mean
