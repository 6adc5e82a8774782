"""How each boosting library is fitted: with a curve of validation losses, under a watch, and on from another fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from automl.pipeline.curves import CurveWatch, HopelessError

Array = NDArray[Any]
Curve = list[float] | None


@dataclass(frozen=True)
class Way:
    """What surrounds a fit.

    Attributes
    ----------
    eval_set : tuple of ndarray or None
        Validation rows and their target; without them there is neither curve nor early stopping.
    curve : str
        The library's name of what the curve measures.
    patience : int
        Rounds without gain before stopping.
    weights : tuple
        Of the training rows and of the validation rows, None where all count alike.
    watch : CurveWatch
        Sees the curve, and says when time is over.
    categorical : int
        Number of last columns that are category codes.
    iterations : str
        The estimator's parameter that caps the rounds.
    classify : bool
    before : estimator or None
        One that was fitted for fewer rounds on the same rows.
    """

    eval_set: tuple[Array, Array] | None
    curve: str
    patience: int
    weights: tuple[Array | None, Array | None]
    watch: CurveWatch
    categorical: int
    iterations: str
    classify: bool
    before: Any = None

    def places(self, X: Array) -> list[int]:
        """Numbers of the columns that are category codes."""
        return list(range(X.shape[1] - self.categorical, X.shape[1]))


def fit_lightgbm(estimator: Any, X: Array, y: Array, way: Way) -> tuple[Any, Curve]:
    """Fit a LightGBM model; returns it and the curve of its new rounds."""
    import lightgbm

    columns: Any = way.places(X) or "auto"
    weight, valid_weight = way.weights
    if way.eval_set is None:
        return estimator.fit(X, y, sample_weight=weight, categorical_feature=columns), None
    curves: dict[str, Any] = {}

    def see(state: Any) -> None:
        if way.watch.see(state.evaluation_result_list[0][2]):
            raise lightgbm.callback.EarlyStopException(state.iteration, state.evaluation_result_list)

    see.order = 25  # type: ignore[attr-defined]  # behind the record, before early stopping
    stop = lightgbm.early_stopping(way.patience, first_metric_only=True, verbose=False)
    estimator.set_params(metric=way.curve)
    estimator.fit(
        X,
        y,
        sample_weight=weight,
        eval_sample_weight=None if valid_weight is None else [valid_weight],
        eval_X=(way.eval_set[0],),
        eval_y=(way.eval_set[1],),
        callbacks=[lightgbm.record_evaluation(curves), see, stop],
        categorical_feature=columns,
        init_model=None if way.before is None else way.before.booster_,
    )
    return estimator, list(next(iter(curves.values()))[way.curve])


def fit_xgboost(estimator: Any, X: Array, y: Array, way: Way) -> tuple[Any, Curve]:
    """Fit an XGBoost model; returns it and the curve of its new rounds."""
    from xgboost.callback import TrainingCallback

    class Watching(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return way.watch.see(next(iter(evals_log.values()))[way.curve][-1])

    weight, valid_weight = way.weights
    kinds = ["q"] * (X.shape[1] - way.categorical) + ["c"] * way.categorical
    estimator.set_params(feature_types=kinds, enable_categorical=True)
    if way.eval_set is None:
        return estimator.fit(X, y, sample_weight=weight, verbose=False), None
    estimator.set_params(early_stopping_rounds=way.patience, eval_metric=way.curve, callbacks=[Watching()])
    try:
        estimator.fit(
            X,
            y,
            sample_weight=weight,
            eval_set=[way.eval_set],
            sample_weight_eval_set=None if valid_weight is None else [valid_weight],
            verbose=False,
            xgb_model=None if way.before is None else way.before.get_booster(),
        )
    finally:
        estimator.set_params(callbacks=None)  # it would be written with the model
    return estimator, list(next(iter(estimator.evals_result().values()))[way.curve])


def fit_catboost(estimator: Any, X: Array, y: Array, way: Way) -> tuple[Any, Curve]:
    """Fit a CatBoost model; returns it and the curve of its new rounds."""
    estimator = clone(estimator)  # one that was fitted takes no parameters
    if not ((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any():  # CatBoost refuses a table without news
        X = np.column_stack([np.arange(len(X)) % 2, X[:, 1:]])
    if way.classify:
        estimator.set_params(loss_function=way.curve)  # of several classes, the training rows may hold two only
    threads = estimator.get_params().get("thread_count", 1)
    pool = catboost_pool(X, way.categorical, threads, y, way.weights[0])
    if way.eval_set is None:
        return estimator.fit(pool), None
    estimator.set_params(eval_metric=way.curve)
    watching = _CatBoostWatch(way)
    estimator.fit(
        pool,
        eval_set=catboost_pool(way.eval_set[0], way.categorical, threads, way.eval_set[1], way.weights[1]),
        early_stopping_rounds=way.patience,
        use_best_model=False,
        callbacks=[watching],
        init_model=way.before,
    )
    if watching.hopeless is not None:
        raise watching.hopeless
    return estimator, list(estimator.evals_result_["validation"][way.curve])


class _CatBoostWatch:
    """CatBoost's face of a watch; an exception would come out of `fit` as CatBoost's own."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.hopeless: HopelessError | None = None

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        try:
            return not self.way.watch.see(info.metrics["validation"][self.way.curve][-1])
        except HopelessError as error:
            self.hopeless = error
            return False


def catboost_pool(X: Array, categorical: int, threads: int, y: Array | None = None, weight: Array | None = None) -> Any:
    """CatBoost's own container: single precision, and levels as text, "-1" where there is none.

    Of 20,000 rows, 12 numbers and 8 categories, made of categories of pandas in 11 ms, of whole numbers in 22 ms, of
    FeaturesData in 19 ms, of an array of objects in 50 ms.
    """
    import pandas as pd
    from catboost import Pool

    cut = X.shape[1] - categorical
    frame = pd.DataFrame(X[:, :cut].astype(np.float32))
    codes = np.nan_to_num(X[:, cut:], nan=-1.0).astype(np.int64) + 1
    levels = pd.Index([str(level - 1) for level in range(int(codes.max(initial=0)) + 1)])
    for place in range(categorical):
        frame[cut + place] = pd.Categorical.from_codes(codes[:, place], levels)
    return Pool(frame, y, cat_features=list(range(cut, X.shape[1])), weight=weight, thread_count=threads)


def fit_sklearn(estimator: Any, X: Array, y: Array, way: Way) -> tuple[Any, Curve]:
    """Fit scikit-learn's histogram boosting, which cannot be watched; returns it and its whole curve."""
    estimator.set_params(categorical_features=way.places(X) or None)
    empty = np.isnan(X).all(axis=0)
    if empty.any():  # scikit-learn cannot bin a column that is missing throughout
        X = np.where(empty, 0.0, X)
    if way.eval_set is None:
        estimator.set_params(early_stopping=False)
        return estimator.fit(X, y, sample_weight=way.weights[0]), None
    if way.before is not None:
        cap = estimator.get_params()[way.iterations]
        estimator = way.before.set_params(**{way.iterations: cap, "warm_start": True})
    estimator.set_params(early_stopping=True, scoring="loss", n_iter_no_change=way.patience)
    X_valid, y_valid = way.eval_set
    estimator.fit(X, y, sample_weight=way.weights[0], X_val=X_valid, y_val=y_valid, sample_weight_val=way.weights[1])
    return estimator, [-score for score in estimator.validation_score_[1:]]


FITS: dict[str, Callable[[Any, Array, Array, Way], tuple[Any, Curve]]] = {
    "lightgbm": fit_lightgbm,
    "xgboost": fit_xgboost,
    "catboost": fit_catboost,
    "sklearn": fit_sklearn,
}
