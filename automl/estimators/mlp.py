"""Networks for tables, as scikit-learn's estimators, that keep the best of several checkpoints.

The recipe is RealMLP's, in its simple form TD-S (Holzmüller, Grinsztajn, Steinwart 2024, "Better by default"), with a
few networks averaged. `fit` with an `eval_set` keeps the curve of validation losses; which checkpoint is best is
decided over all folds by the evaluator, which then sets `rounds_`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.base import RegressorMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from automl.estimators.base import Array, MostProbable
from automl.estimators.mlp_staged import StagedNetworks


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``mlp`` of a family's TOML: `hidden_layers` and `units_1`... become one tuple."""
    depth = values.pop("hidden_layers")
    sizes = tuple(values.pop(f"units_{layer}") for layer in range(1, depth + 1))
    if recipe.kind == "regression" and recipe.metric == "mae":
        values["curve"] = "mae"
    # no fewer epochs where a share of them is asked: the schedule stays, so that it can be continued
    return cls(hidden_layer_sizes=sizes, control=recipe.control, **values)


class TabularMLPClassifier(MostProbable, StagedNetworks):
    """A few networks, averaged in probability.

    Parameters
    ----------
    label_smoothing : float
        Share of each label that is spread over all classes.
    class_weight : {"balanced"}, dict or None
    **common
        Those of `StagedNetworks`.

    Attributes
    ----------
    classes_ : ndarray
    curve_ : ndarray or None
        Validation log loss at each checkpoint.
    rounds_ : int
        Checkpoint that predictions use.
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (128, 128, 128),
        *,
        label_smoothing: float = 0.0,
        class_weight: Any = None,
        **common: Any,
    ) -> None:
        super().__init__(hidden_layer_sizes, **common)
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def _targets(self, y: Array, weight: Array) -> tuple[Array, Array]:
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
        k = len(self.classes_)
        return np.eye(k, dtype=np.float32)[codes] * (1 - self.label_smoothing) + self.label_smoothing / k, weight

    def _link(self, outputs: Array) -> None:
        outputs -= outputs.max(axis=2, keepdims=True)
        np.exp(outputs, out=outputs)
        outputs /= outputs.sum(axis=2, keepdims=True)

    def _validation(self, X: Array, y: Array) -> Callable[[], float] | None:
        """Log loss on rows whose class was met; None where there is no such row."""
        X, y = np.asarray(X, dtype=np.float32), np.asarray(y)
        met = np.isin(y, self.classes_)
        if not met.any():
            return None
        X, place = X[met], np.searchsorted(self.classes_, y[met])

        def loss() -> float:
            probabilities = self._probabilities(X)[np.arange(len(X)), place]
            return float(-np.log(np.maximum(probabilities, 1e-7)).mean())

        return loss

    def _probabilities(self, X: Array) -> Array:
        return np.asarray(softmax(self._outputs(X).astype(np.float64), axis=2).mean(axis=0))

    def predict_proba(self, X: Array) -> Array:
        """Probabilities of `classes_`, of shape (n_rows, n_classes)."""
        return self._probabilities(self._checked(X))


class TabularMLPRegressor(RegressorMixin, StagedNetworks):  # type: ignore[misc]
    """A few networks, averaged; they learn the standardised target, and never leave its range.

    Parameters
    ----------
    curve : {"rmse", "mae"}
        What `curve_` measures.
    **common
        Those of `StagedNetworks`.

    Attributes
    ----------
    curve_ : ndarray or None
        Validation error at each checkpoint.
    rounds_ : int
        Checkpoint that predictions use.
    """

    def __init__(
        self, hidden_layer_sizes: tuple[int, ...] = (128, 128, 128), *, curve: str = "rmse", **common: Any
    ) -> None:
        super().__init__(hidden_layer_sizes, **common)
        self.curve = curve

    def _targets(self, y: Array, weight: Array) -> tuple[Array, Array]:
        y = np.asarray(y, dtype=np.float64)
        self.center_ = float(np.average(y, weights=weight))
        self.spread_ = float(np.sqrt(np.average(np.square(y - self.center_), weights=weight))) or 1.0
        self.range_ = (float(y.min()), float(y.max()))
        return ((y - self.center_) / self.spread_).astype(np.float32)[:, None], weight

    def _link(self, outputs: Array) -> None:
        pass

    def _validation(self, X: Array, y: Array) -> Callable[[], float]:
        X, y = np.asarray(X, dtype=np.float32), np.asarray(y, dtype=np.float64)

        def loss() -> float:
            gap = self._values(X) - y
            return float(np.abs(gap).mean() if self.curve == "mae" else np.sqrt(np.square(gap).mean()))

        return loss

    def _values(self, X: Array) -> Array:
        values = self._outputs(X)[:, :, 0].astype(np.float64).mean(axis=0)
        return np.asarray(np.clip(values * self.spread_ + self.center_, *self.range_))

    def predict(self, X: Array) -> Array:
        """Values, of shape (n_rows,)."""
        return self._values(self._checked(X))
