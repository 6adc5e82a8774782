"""XGBoost."""

from __future__ import annotations

from typing import Any

from automl.estimators.boosting.base import Array, BoostedModel, Curve, FitContext


class Booster(BoostedModel):
    """An XGBoost model."""

    curves = {"binary": "logloss", "multiclass": "mlogloss", "regression": "rmse", "mae": "mae"}  # noqa: RUF012
    threads = "n_jobs"

    def _fit(self, X: Array, y: Array, context: FitContext) -> Curve:
        from xgboost.callback import TrainingCallback

        class Watching(TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                if context.eval_set is None:
                    return context.watch.tick()
                return context.watch.see(next(iter(evals_log.values()))[context.curve][-1])

        kinds = ["q"] * (X.shape[1] - self.categorical) + ["c"] * self.categorical
        self.estimator.set_params(feature_types=kinds, enable_categorical=True)
        if context.eval_set is None:
            self.estimator.set_params(callbacks=[Watching()] if self.control.timed else None)
            self.estimator.fit(X, y, sample_weight=context.weight, verbose=False)
            self.estimator.set_params(callbacks=None)
            return None
        self.estimator.set_params(eval_metric=context.curve, callbacks=[Watching()])
        try:
            self.estimator.fit(
                X,
                y,
                sample_weight=context.weight,
                eval_set=[context.eval_set],
                sample_weight_eval_set=None if context.eval_weight is None else [context.eval_weight],
                verbose=False,
                xgb_model=None if context.earlier is None else context.earlier.get_booster(),
            )
        finally:
            self.estimator.set_params(callbacks=None)  # it would be written with the model
        return list(next(iter(self.estimator.evals_result().values()))[context.curve])

    def _predict(self, X: Array, method: str) -> Any:
        return getattr(self.estimator, method)(X, iteration_range=(0, self.rounds_))
