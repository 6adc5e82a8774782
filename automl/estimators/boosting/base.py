"""What boosters of all libraries share: where a fit ends, on from another fit, one thread after a fork."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from automl.estimators.constants import BOOSTING_PATIENCE
from automl.estimators.curves import CurveWatch
from automl.estimators.staged import WHOLE, FitControl, StagedModel
from automl.native import single_threaded

Array = NDArray[Any]
Curve = list[float] | None


@dataclass(frozen=True)
class FitContext:
    """What surrounds the fit of a library's estimator.

    Attributes
    ----------
    eval_set : tuple of ndarray or None
        Validation rows and their target; without them there is neither curve nor early stopping.
    curve : str
        The library's name of what the curve measures.
    patience : int
        Rounds without gain before a library's own stopping, where it cannot be watched.
    weight, eval_weight : ndarray or None
        Of the training rows and of the validation rows; None where all count alike.
    watch : CurveWatch
        Sees the curve, or counts the rounds without one, and says when a fit is at its end.
    earlier : estimator or None
        One that was fitted for fewer rounds on the same rows.
    """

    eval_set: tuple[Array, Array] | None
    curve: str
    patience: int
    weight: Array | None
    eval_weight: Array | None
    watch: CurveWatch
    earlier: Any = None


class BoostedModel(StagedModel):
    """A boosted model whose last `categorical` columns are category codes; each library's `Booster` is one.

    Parameters
    ----------
    estimator : estimator
        Of the library.
    iterations : str
        The estimator's parameter that caps the rounds.
    kind : {"binary", "multiclass", "regression"}
    metric : str
        The run's; "mae" has a curve of its own.
    categorical : int
    control : FitControl
        Without `rounds`, a fit without validation rows has as many as the cap.

    Attributes
    ----------
    curves : dict
        The library's name of what the curve measures, by kind, and for "mae". Log loss for every metric of
        classification: for ROC AUC it was better on test than ROC AUC itself on titanic (+.003) and credit_g (+.0015),
        the same on adult and credit_default, worse on phoneme (-.001), and a third faster; its curve is smooth where
        ROC AUC's of few rows is not.
    threads : str or None
        The estimator's parameter for the number of threads.
    curve_goes_on : bool
        Whether the curve and the cap of a fit that went on count its earlier rounds.
    """

    continues = True
    curves: ClassVar[dict[str, str]] = {}
    threads: ClassVar[str | None] = None
    curve_goes_on: ClassVar[bool] = False

    def __init__(
        self,
        estimator: Any,
        iterations: str,
        kind: str,
        metric: str,
        categorical: int = 0,
        control: FitControl = WHOLE,
    ) -> None:
        self.estimator = estimator
        self.iterations = iterations
        self.kind = kind
        self.metric = metric
        self.categorical = categorical
        self.control = control

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()

    def fit(
        self,
        X: Array,
        y: Array,
        eval_set: tuple[Array, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
    ) -> Self:
        """Fit to the best round of `eval_set`, or for `control.rounds` rounds without one."""
        self._one_thread_after_fork()
        if eval_set is None and self.control.rounds is not None:
            self.estimator.set_params(**{self.iterations: self.control.rounds})
            if self.control.rate != 1:
                rate = self.estimator.get_params()["learning_rate"]
                self.estimator.set_params(learning_rate=min(1.0, self.control.rate * rate))
        params = self.estimator.get_params()
        cap = int(params[self.iterations])
        patience = int(np.clip(round(3 / float(params.get("learning_rate") or 0.1)), *BOOSTING_PATIENCE))
        earlier = self._take_earlier()
        begun = [] if earlier is None or earlier.curve_ is None else list(earlier.curve_)
        watch = CurveWatch(cap, patience, self.control, begun)
        curve: Curve = begun
        if earlier is not None and (len(begun) >= cap or watch.settled):
            self.estimator, self.ended_after_ = earlier.estimator, None
        else:
            if earlier is not None and not self.curve_goes_on:
                self.estimator.set_params(**{self.iterations: cap - len(begun)})
            before = None if earlier is None else earlier.estimator
            name = self._curve_name(y)
            curve = self._fit(X, y, FitContext(eval_set, name, patience, sample_weight, eval_weight, watch, before))
            self.ended_after_ = watch.ended_after
            if curve is not None and not self.curve_goes_on:
                curve = [*begun, *curve]
        if curve is None:
            self.curve_, self.rounds_ = None, watch.ended_after or cap
        else:
            self._keep_curve(curve)
        if self.kind != "regression":
            self.classes_ = self.estimator.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        """Probabilities after `rounds_` rounds."""
        self._one_thread_after_fork()
        return np.asarray(self._predict(X, "predict_proba"))

    def predict(self, X: Array) -> Array:
        """Values (or labels) after `rounds_` rounds."""
        self._one_thread_after_fork()
        return np.asarray(self._predict(X, "predict"))

    # ---- what each library does its own way

    def _fit(self, X: Array, y: Array, context: FitContext) -> Curve:
        """Fit the estimator; the curve of its new rounds (of all, with `curve_goes_on`)."""
        raise NotImplementedError

    def _predict(self, X: Array, method: str) -> Any:
        """What a method of the estimator says after `rounds_` rounds."""
        raise NotImplementedError

    def _one_thread_after_fork(self) -> None:
        if single_threaded() and self.threads is not None:
            self.estimator.set_params(**{self.threads: 1})

    # ---- for their use

    def _places(self, X: Array) -> list[int]:
        """Numbers of the columns that are category codes."""
        return list(range(X.shape[1] - self.categorical, X.shape[1]))

    def _curve_name(self, y: Array) -> str:
        kind = self.kind
        if kind == "multiclass" and len(np.unique(y)) <= 2:  # a training part may hold two of several classes
            kind = "binary"
        return self.curves.get("mae" if self.metric == "mae" else kind, "")
