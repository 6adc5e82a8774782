"""CatBoost."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from automl.estimators.boosting.base import Array, BoostedModel, Curve, FitContext
from automl.estimators.staged import Pruned
from automl.native import single_threaded


class Booster(BoostedModel):
    """A CatBoost model."""

    curves = {"binary": "Logloss", "multiclass": "MultiClass", "regression": "RMSE", "mae": "MAE"}  # noqa: RUF012
    threads = "thread_count"

    def _fit(self, X: Array, y: Array, context: FitContext) -> Curve:
        self.estimator = clone(self.estimator)  # one that was fitted takes no parameters
        if not ((X[0] != X) & ~(np.isnan(X) & np.isnan(X[0]))).any():  # CatBoost refuses a table without news
            X = np.column_stack([np.arange(len(X)) % 2, X[:, 1:]])
        if self.kind != "regression":
            self.estimator.set_params(loss_function=context.curve)  # of several classes, `y` may hold two only
        threads = self.estimator.get_params().get("thread_count", 1)
        rows = pool(X, self.categorical, threads, y, context.weight)
        watching = _Watching(context)
        if context.eval_set is None:
            self.estimator.fit(rows, callbacks=[watching] if self.control.timed else None)
            return None
        self.estimator.set_params(eval_metric=context.curve)
        self.estimator.fit(
            rows,
            eval_set=pool(context.eval_set[0], self.categorical, threads, context.eval_set[1], context.eval_weight),
            use_best_model=False,
            callbacks=[watching],
            init_model=context.earlier,
        )
        if watching.pruned is not None:
            raise watching.pruned
        return list(self.estimator.evals_result_["validation"][context.curve])

    def _predict(self, X: Array, method: str) -> Any:
        # without a number it takes all cores
        threads = 1 if single_threaded() else self.estimator.get_params().get("thread_count", 1)
        rows = pool(X, self.categorical, threads)
        return getattr(self.estimator, method)(rows, ntree_end=self.rounds_, thread_count=threads)

    def _one_thread_after_fork(self) -> None:
        if not self.estimator.is_fitted():  # else it takes no parameters, but see `_predict`
            super()._one_thread_after_fork()


class _Watching:
    """CatBoost's face of a watch; an exception would come out of `fit` as CatBoost's own."""

    def __init__(self, context: FitContext) -> None:
        self.context = context
        self.pruned: Pruned | None = None

    def after_iteration(self, info: Any) -> bool:
        """Whether to go on."""
        if self.context.eval_set is None:
            return not self.context.watch.tick()
        try:
            return not self.context.watch.see(info.metrics["validation"][self.context.curve][-1])
        except Pruned as error:
            self.pruned = error
            return False


def pool(X: Array, categorical: int, threads: int, y: Array | None = None, weight: Array | None = None) -> Any:
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
