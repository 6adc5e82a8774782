"""Boosted trees with early stopping on validation rows: one face for LightGBM, XGBoost, CatBoost, scikit-learn.

Each library is met through its scikit-learn class. `fit` with an `eval_set` keeps the curve of validation losses;
which round is best is decided over all folds by the evaluator, which then sets `rounds_`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl.native import single_threaded
from automl.pipeline.boosters import FITS, Curve, Way, catboost_pool
from automl.pipeline.curves import CurveWatch

Array = NDArray[Any]

PATIENCE = (15, 100)  # rounds without gain before stopping: 3 / learning rate within these bounds

# What the curve measures, by library and kind. Log loss for every metric of classification: for ROC AUC it was better
# on test than ROC AUC itself on titanic (+.003) and credit_g (+.0015), the same on adult and credit_default, worse on
# phoneme (-.001), and a third faster; its curve is smooth where ROC AUC's of few rows is not.
_CURVES = {
    ("lightgbm", "binary"): "binary_logloss",
    ("lightgbm", "multiclass"): "multi_logloss",
    ("lightgbm", "regression"): "rmse",
    ("xgboost", "binary"): "logloss",
    ("xgboost", "multiclass"): "mlogloss",
    ("xgboost", "regression"): "rmse",
    ("catboost", "binary"): "Logloss",
    ("catboost", "multiclass"): "MultiClass",
    ("catboost", "regression"): "RMSE",
}
_THREADS = {"lightgbm": "n_jobs", "xgboost": "n_jobs", "catboost": "thread_count"}  # scikit-learn asks OpenMP
_MAE_CURVES = {"lightgbm": "l1", "xgboost": "mae", "catboost": "MAE"}


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Boosted:
    """The adapter ``boosting`` of a family's TOML; `iterations` of its [fidelity] names the cap of rounds."""
    library = cls.__module__.partition(".")[0]
    model = cls(**recipe.fewer(component, values))
    iterations = component.fidelity.iterations
    what = (recipe.kind, recipe.metric, categorical, recipe.rounds, recipe.stop_above, recipe.ends, recipe.most)
    return Boosted(model, library, iterations, *what)


class Boosted(BaseEstimator):  # type: ignore[misc]
    """A boosted model whose last `categorical` columns are category codes.

    Parameters
    ----------
    estimator : LGBMModel, XGBModel, CatBoost* or HistGradientBoosting*
    library : {"lightgbm", "xgboost", "catboost", "sklearn"}
    iterations : str
        The estimator's parameter that caps the rounds.
    kind : {"binary", "multiclass", "regression"}
    metric : str
        The run's; "mae" has a curve of its own.
    categorical : int
    rounds : int or None
        Rounds of a fit without validation rows; None is the cap.
    stop_above : float or None
        A fit with validation rows raises `HopelessError` where its curve is not expected to fall to this
        (scikit-learn's has no place to look at it, nor at `ends`).
    ends : float or None
        Reading of `time.monotonic` at which a fit with validation rows ends with the rounds that it has.
    most : int or None
        Rounds after which it does.

    Attributes
    ----------
    curve_ : ndarray or None
        Validation loss after each round, lower is better.
    rounds_ : int
        Rounds that predictions use.
    ended_after_ : int or None
        Rounds after which the clock (or `most`) ended the fit.
    """

    takes_eval_set = True

    def __init__(
        self,
        estimator: Any,
        library: str,
        iterations: str,
        kind: str,
        metric: str,
        categorical: int = 0,
        rounds: int | None = None,
        stop_above: float | None = None,
        ends: float | None = None,
        most: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.library = library
        self.iterations = iterations
        self.kind = kind
        self.metric = metric
        self.categorical = categorical
        self.rounds = rounds
        self.stop_above = stop_above
        self.ends = ends
        self.most = most

    def go_on(self, earlier: Boosted) -> None:
        """Let the next `fit`, on the same rows, go on from an earlier one of fewer rounds."""
        self._earlier = earlier

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def fit(
        self,
        X: Array,
        y: Array,
        eval_set: tuple[Array, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
    ) -> Boosted:
        """Fit to the best round of `eval_set`, or for `rounds` rounds without one."""
        self._one_thread_after_fork()
        if eval_set is None and self.rounds is not None:
            self.estimator.set_params(**{self.iterations: self.rounds})
        cap = int(self.estimator.get_params()[self.iterations])
        rate = float(self.estimator.get_params().get("learning_rate") or 0.1)
        patience = int(np.clip(round(3 / rate), *PATIENCE))
        several = self.kind == "multiclass" and len(np.unique(y)) > 2  # a training part may hold two of several classes
        kind = "binary" if self.kind == "multiclass" and not several else self.kind
        name = _CURVES.get((self.library, kind), "")
        if self.metric == "mae":
            name = _MAE_CURVES.get(self.library, name)
        earlier: Boosted | None = self.__dict__.pop("_earlier", None)
        begun = np.empty(0) if earlier is None or earlier.curve_ is None else earlier.curve_
        curve: Curve
        self.ended_after_: int | None = None
        if earlier is not None and self._settled(begun, cap, patience):
            self.estimator, curve = earlier.estimator, list(begun)
        else:
            watch = CurveWatch(cap, self.stop_above, self.ends, self.most, begun)
            if earlier is not None and self.library != "sklearn":
                self.estimator.set_params(**{self.iterations: cap - len(begun)})
            before = None if earlier is None else earlier.estimator
            weights = (sample_weight, eval_weight)
            classify = self.kind != "regression"
            way = Way(eval_set, name, patience, weights, watch, self.categorical, self.iterations, classify, before)
            self.estimator, curve = FITS[self.library](self.estimator, X, y, way)
            self.ended_after_ = watch.ended_after
            if self.library != "sklearn" and curve is not None:  # scikit-learn's own curve goes on
                curve = [*begun, *curve]
        self.curve_: Array | None = None if curve is None else np.asarray(curve, dtype=np.float64)
        self.rounds_: int = cap if self.curve_ is None else int(np.argmin(self.curve_)) + 1
        if self.kind != "regression":
            self.classes_ = self.estimator.classes_
        return self

    @staticmethod
    def _settled(begun: Array, cap: int, patience: int) -> bool:
        """Whether there is nothing to go on with: the curve had turned up already, or has all its rounds."""
        return len(begun) >= cap or len(begun) - (int(np.argmin(begun)) + 1) >= patience

    def predict_proba(self, X: Array) -> Array:
        """Probabilities after `rounds_` rounds."""
        return np.asarray(self._predict(X, "predict_proba"))

    def predict(self, X: Array) -> Array:
        """Values (or labels) after `rounds_` rounds."""
        return np.asarray(self._predict(X, "predict"))

    def _one_thread_after_fork(self) -> None:
        name = _THREADS.get(self.library)
        if single_threaded() and name is not None and not (self.library == "catboost" and self.estimator.is_fitted()):
            self.estimator.set_params(**{name: 1})  # CatBoost that is fitted takes no parameters, but see `_predict`

    def _predict(self, X: Array, method: str) -> Any:
        self._one_thread_after_fork()
        if self.library == "lightgbm":
            return getattr(self.estimator, method)(X, num_iteration=self.rounds_, validate_features=False)
        if self.library == "xgboost":
            return getattr(self.estimator, method)(X, iteration_range=(0, self.rounds_))
        if self.library == "catboost":
            threads = (
                1 if single_threaded() else self.estimator.get_params().get("thread_count", 1)
            )  # else it takes all cores
            pool = catboost_pool(X, self.categorical, threads)
            return getattr(self.estimator, method)(pool, ntree_end=self.rounds_, thread_count=threads)
        # scikit-learn has no argument for it; its staged predictions walk the same list of trees
        trees = self.estimator._predictors
        self.estimator._predictors = trees[: self.rounds_]
        try:
            return getattr(self.estimator, method)(X)
        finally:
            self.estimator._predictors = trees
