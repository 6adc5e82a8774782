"""LightGBM."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from scipy.special import expit, softmax

from automl.estimators.boosting.base import Array, BoostedModel, Curve, FitContext
from automl.native import alone_with

BLOCK_TREES = 200  # that a row is taken through before the next row,
BLOCK_ROWS = 100  # from so many rows on

Link: TypeAlias = Callable[[Any], Any]


class Booster(BoostedModel):
    """A LightGBM model."""

    curves = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "rmse", "mae": "l1"}  # noqa: RUF012
    threads = "n_jobs"

    def _fit(self, X: Array, y: Array, context: FitContext) -> Curve:
        import lightgbm

        columns: Any = self._places(X) or "auto"
        if context.eval_set is None:

            def count(state: Any) -> None:
                if context.watch.tick():
                    raise lightgbm.callback.EarlyStopException(state.iteration, [])

            callbacks = [count] if self.control.timed else None
            self.estimator.fit(X, y, sample_weight=context.weight, categorical_feature=columns, callbacks=callbacks)
            return None
        curves: dict[str, Any] = {}

        def see(state: Any) -> None:
            if context.watch.see(state.evaluation_result_list[0][2]):
                raise lightgbm.callback.EarlyStopException(state.iteration, state.evaluation_result_list)

        see.order = 25  # type: ignore[attr-defined]  # behind the record
        self.estimator.set_params(metric=context.curve)
        self.estimator.fit(
            X,
            y,
            sample_weight=context.weight,
            eval_sample_weight=None if context.eval_weight is None else [context.eval_weight],
            eval_X=(context.eval_set[0],),
            eval_y=(context.eval_set[1],),
            callbacks=[lightgbm.record_evaluation(curves), see],
            categorical_feature=columns,
            init_model=None if context.earlier is None else context.earlier.booster_,
        )
        return list(next(iter(curves.values()))[context.curve])

    def _predict(self, X: Array, method: str) -> Any:
        return predict(self.estimator, X, self.rounds_, method)


def predict(estimator: Any, X: Array, rounds: int, method: str) -> Any:
    """What `method` of a LightGBM model says after some rounds; many trees are walked a block at a time.

    LightGBM takes each row through all trees, which no cache holds where there are thousands: 3,000 rows through 10,000
    trees of 31 leaves take 6 s, in blocks of 200 trees 1.2 s.
    """
    link = LINKS.get((method, estimator.objective_)) if estimator.boosting_type == "gbdt" else None
    booster = estimator.booster_
    trees = booster.num_model_per_iteration()
    if link is None:
        return getattr(estimator, method)(X, num_iteration=rounds, validate_features=False)
    if rounds * trees <= 2 * BLOCK_TREES:
        return _at_once(estimator, X, rounds, link)
    # a booster keeps to itself which trees it is to walk, whoever asks (LightGBM's issue 6142): two threads that asked
    # for different blocks got wrong numbers, and nobody was told
    with alone_with(booster):
        return _at_once(estimator, X, rounds, link) if len(X) < BLOCK_ROWS else _in_blocks(estimator, X, rounds, link)


def _at_once(estimator: Any, X: Array, rounds: int, link: Link) -> Any:
    """As LightGBM's estimator, which takes twice as long."""
    found = estimator.booster_.predict(X, num_iteration=rounds, num_threads=estimator.n_jobs)
    return np.vstack((1.0 - found, found)).T if link is _two_columns else found


def _in_blocks(estimator: Any, X: Array, rounds: int, link: Link) -> Any:
    booster, total = estimator.booster_, 0.0
    step = max(1, BLOCK_TREES // booster.num_model_per_iteration())
    for start in range(0, rounds, step):
        number = min(step, rounds - start)
        total += booster.predict(
            X, start_iteration=start, num_iteration=number, raw_score=True, num_threads=estimator.n_jobs
        )
    return link(total)


def _two_columns(scores: Array) -> Array:
    second = expit(scores)
    return np.column_stack([1.0 - second, second])


# by method and objective, what makes answers of raw scores
LINKS: dict[tuple[str, str], Link] = {
    ("predict_proba", "binary"): _two_columns,
    ("predict_proba", "multiclass"): partial(softmax, axis=1),
    ("predict", "regression"): np.asarray,
    ("predict", "regression_l1"): np.asarray,
}
