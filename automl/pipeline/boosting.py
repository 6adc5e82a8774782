"""Boosted trees with early stopping on validation rows: one face for LightGBM, XGBoost, CatBoost, scikit-learn.

Each library is met through its scikit-learn class. `fit` with an `eval_set` keeps the curve of validation losses;
which round is best is decided over all folds by the evaluator, which then sets `rounds_`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from automl.pipeline.curves import CurveWatch

Array = NDArray[Any]
Curve = list[float] | None
Watch = CurveWatch | None
Weights = tuple[Array | None, Array | None]  # of the training rows and of the validation rows

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
_MAE_CURVES = {"lightgbm": "l1", "xgboost": "mae", "catboost": "MAE"}


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Boosted:
    """The adapter ``boosting`` of a family's TOML; `iterations` of its [fidelity] names the cap of rounds."""
    library = cls.__module__.partition(".")[0]
    model = cls(**recipe.fewer(component, values))
    iterations = component.fidelity.iterations
    what = (recipe.kind, recipe.metric, categorical, recipe.rounds, recipe.stop_above)
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
        (scikit-learn's has no place to look at it).

    Attributes
    ----------
    curve_ : ndarray or None
        Validation loss after each round, lower is better.
    rounds_ : int
        Rounds that predictions use.
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
    ) -> None:
        self.estimator = estimator
        self.library = library
        self.iterations = iterations
        self.kind = kind
        self.metric = metric
        self.categorical = categorical
        self.rounds = rounds
        self.stop_above = stop_above

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
        if eval_set is None and self.rounds is not None:
            self.estimator.set_params(**{self.iterations: self.rounds})
        cap = int(self.estimator.get_params()[self.iterations])
        rate = float(self.estimator.get_params().get("learning_rate") or 0.1)
        patience = int(np.clip(round(3 / rate), *PATIENCE))
        name = _CURVES.get((self.library, self.kind), "")
        if self.metric == "mae":
            name = _MAE_CURVES.get(self.library, name)
        earlier: Boosted | None = self.__dict__.pop("_earlier", None)
        fit = getattr(self, f"_fit_{self.library}")
        begun = np.empty(0) if earlier is None or earlier.curve_ is None else earlier.curve_
        curve: Curve
        if earlier is not None and self._settled(begun, cap, patience):
            self.estimator, curve = earlier.estimator, list(begun)
        else:
            watch = None if self.stop_above is None else CurveWatch(self.stop_above, cap, begun)
            if earlier is not None and self.library != "sklearn":
                self.estimator.set_params(**{self.iterations: cap - len(begun)})
            curve = fit(X, y, eval_set, name, patience, (sample_weight, eval_weight), watch, earlier)
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

    def _predict(self, X: Array, method: str) -> Any:
        if self.library == "lightgbm":
            return getattr(self.estimator, method)(X, num_iteration=self.rounds_, validate_features=False)
        if self.library == "xgboost":
            return getattr(self.estimator, method)(X, iteration_range=(0, self.rounds_))
        if self.library == "catboost":
            threads = self.estimator.get_params().get("thread_count", 1)  # else it takes all cores
            return getattr(self.estimator, method)(self._pool(X), ntree_end=self.rounds_, thread_count=threads)
        # scikit-learn has no argument for it; its staged predictions walk the same list of trees
        trees = self.estimator._predictors
        self.estimator._predictors = trees[: self.rounds_]
        try:
            return getattr(self.estimator, method)(X)
        finally:
            self.estimator._predictors = trees

    def _places(self, X: Array) -> list[int]:
        return list(range(X.shape[1] - self.categorical, X.shape[1]))

    def _fit_lightgbm(
        self, X: Array, y: Array, eval_set: Any, name: str, patience: int, weights: Weights, watch: Watch, earlier: Any
    ) -> Curve:
        import lightgbm

        columns: Any = self._places(X) or "auto"
        if eval_set is None:
            self.estimator.fit(X, y, sample_weight=weights[0], categorical_feature=columns)
            return None
        curves: dict[str, Any] = {}
        callbacks = [
            lightgbm.early_stopping(patience, first_metric_only=True, verbose=False),
            lightgbm.record_evaluation(curves),
        ]
        if watch is not None:
            callbacks.append(lambda state: watch.see(state.evaluation_result_list[0][2]))
        self.estimator.set_params(metric=name)
        self.estimator.fit(
            X,
            y,
            sample_weight=weights[0],
            eval_sample_weight=None if weights[1] is None else [weights[1]],
            eval_X=(eval_set[0],),
            eval_y=(eval_set[1],),
            callbacks=callbacks,
            categorical_feature=columns,
            init_model=None if earlier is None else earlier.estimator.booster_,
        )
        return list(next(iter(curves.values()))[name])

    def _fit_xgboost(
        self, X: Array, y: Array, eval_set: Any, name: str, patience: int, weights: Weights, watch: Watch, earlier: Any
    ) -> Curve:
        kinds = ["q"] * (X.shape[1] - self.categorical) + ["c"] * self.categorical
        self.estimator.set_params(feature_types=kinds, enable_categorical=True)
        if eval_set is None:
            self.estimator.fit(X, y, sample_weight=weights[0], verbose=False)
            return None
        self.estimator.set_params(early_stopping_rounds=patience, eval_metric=name)
        valid = None if weights[1] is None else [weights[1]]
        before = None if earlier is None else earlier.estimator.get_booster()
        with _xgboost_watched(self.estimator, watch, name):
            self.estimator.fit(
                X, y, sample_weight=weights[0], eval_set=[eval_set], sample_weight_eval_set=valid, verbose=False,
                xgb_model=before,
            )  # fmt: skip
        return list(next(iter(self.estimator.evals_result().values()))[name])

    def _fit_catboost(
        self, X: Array, y: Array, eval_set: Any, name: str, patience: int, weights: Weights, watch: Watch, earlier: Any
    ) -> Curve:
        self.estimator = clone(self.estimator)  # one that was fitted takes no parameters
        if not ((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any():  # CatBoost refuses a table without news
            X = np.column_stack([np.arange(len(X)) % 2, X[:, 1:]])
        if self.kind != "regression":  # of several classes, the training rows may hold two only
            self.estimator.set_params(loss_function=name)
        if eval_set is None:
            self.estimator.fit(self._pool(X, y, weights[0]))
            return None
        self.estimator.set_params(eval_metric=name)
        pools = self._pool(X, y, weights[0]), self._pool(eval_set[0], eval_set[1], weights[1])
        self.estimator.fit(
            pools[0],
            eval_set=pools[1],
            early_stopping_rounds=patience,
            use_best_model=False,
            callbacks=None if watch is None else [_CatBoostWatch(watch, name)],
            init_model=None if earlier is None else earlier.estimator,
        )
        return list(self.estimator.evals_result_["validation"][name])

    def _pool(self, X: Array, y: Array | None = None, weight: Array | None = None) -> Any:
        """CatBoost's own container: single precision, and levels as text, "-1" where there is none.

        Of 20,000 rows, 12 numbers and 8 categories, made of categories of pandas in 11 ms, of whole numbers in 22 ms,
        of FeaturesData in 19 ms, of an array of objects in 50 ms.
        """
        import pandas as pd
        from catboost import Pool

        cut = X.shape[1] - self.categorical
        frame = pd.DataFrame(X[:, :cut].astype(np.float32))
        codes = np.nan_to_num(X[:, cut:], nan=-1.0).astype(np.int64) + 1
        levels = pd.Index([str(level - 1) for level in range(int(codes.max(initial=0)) + 1)])
        for place in range(self.categorical):
            frame[cut + place] = pd.Categorical.from_codes(codes[:, place], levels)
        threads = self.estimator.get_params().get("thread_count", 1)
        return Pool(frame, y, cat_features=self._places(X), weight=weight, thread_count=threads)

    def _fit_sklearn(
        self, X: Array, y: Array, eval_set: Any, name: str, patience: int, weights: Weights, watch: Watch, earlier: Any
    ) -> Curve:
        self.estimator.set_params(categorical_features=self._places(X) or None)
        empty = np.isnan(X).all(axis=0)
        if empty.any():  # scikit-learn cannot bin a column that is missing throughout
            X = np.where(empty, 0.0, X)
        if eval_set is None:
            self.estimator.set_params(early_stopping=False)
            self.estimator.fit(X, y, sample_weight=weights[0])
            return None
        cap = self.estimator.get_params()[self.iterations]
        if earlier is not None:
            self.estimator = earlier.estimator.set_params(**{self.iterations: cap, "warm_start": True})
        self.estimator.set_params(early_stopping=True, scoring="loss", n_iter_no_change=patience)
        self.estimator.fit(
            X, y, sample_weight=weights[0], X_val=eval_set[0], y_val=eval_set[1], sample_weight_val=weights[1]
        )
        return [-score for score in self.estimator.validation_score_[1:]]


@contextmanager
def _xgboost_watched(estimator: Any, watch: Watch, name: str) -> Iterator[None]:
    """Let a watch see the curve; the model does not keep it."""
    if watch is None:
        yield
        return
    from xgboost.callback import TrainingCallback

    see = watch.see

    class Watching(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            see(next(iter(evals_log.values()))[name][-1])
            return False

    estimator.set_params(callbacks=[Watching()])
    try:
        yield
    finally:
        estimator.set_params(callbacks=None)


class _CatBoostWatch:
    """CatBoost's face of a watch."""

    def __init__(self, watch: CurveWatch, name: str) -> None:
        self.watch, self.name = watch, name

    def after_iteration(self, info: Any) -> bool:
        self.watch.see(info.metrics["validation"][self.name][-1])
        return True
