"""Networks for tables, as scikit-learn's estimators, that keep the best of several checkpoints.

The recipe is RealMLP's, in its simple form TD-S (Holzmüller, Grinsztajn, Steinwart 2024, "Better by default"), with a
few networks averaged. `fit` with an `eval_set` keeps the curve of validation losses; which checkpoint is best is
decided over all folds by the evaluator, which then sets `rounds_`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from automl.pipeline.mlp_staged import StagedNetworks

Array = NDArray[Any]


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``mlp`` of a family's TOML: `hidden_layers` and `units_1`... become one tuple."""
    depth = values.pop("hidden_layers")
    sizes = tuple(values.pop(f"units_{layer}") for layer in range(1, depth + 1))
    if recipe.kind == "regression" and recipe.metric == "mae":
        values["curve"] = "mae"
    model = cls(hidden_layer_sizes=sizes, rounds=recipe.rounds, **values)
    model.share = recipe.iterations  # the schedule stays that of all epochs, so that it can be gone on with
    model.ends, model.most = recipe.ends, recipe.most
    return model


class TabularMLPClassifier(ClassifierMixin, StagedNetworks):  # type: ignore[misc]
    """A few networks, averaged in probability.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    activation : {"selu", "mish", "relu", "tanh"}
    learning_rate : float
        Highest rate of the schedule, in the neural tangent parametrisation.
    epochs : int
        Passes over the rows.
    batch_size : int
        At most so many rows a step.
    schedule : {"coslog4", "onecycle", "constant"}
        Four cosine cycles, each twice as long as the one before; one cycle; no change.
    solver : {"adam", "sgd"}
    momentum : float
        Of sgd.
    dropout : float
        Share of hidden units left out in a step.
    weight_decay : float
        A step takes rate × decay of each weight; biases keep theirs.
    front_scale : bool
        Whether each column has a trainable factor.
    embedding : {"none", "pbld"}
        Periodic embeddings of columns with more than two values; none in tables with more than 64 such columns.
    n_nets : int
    rounds : int or None
        Checkpoint at which a fit without validation rows stops, from 1; None is the last.
    random_state : int, RandomState or None
    label_smoothing : float
        Share of each label that is spread over all classes.
    class_weight : {"balanced"}, dict or None

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
        activation: str = "mish",
        learning_rate: float = 0.05,
        epochs: int = 32,
        batch_size: int = 128,
        schedule: str = "coslog4",
        solver: str = "adam",
        momentum: float = 0.9,
        dropout: float = 0.1,
        weight_decay: float = 0.1,
        front_scale: bool = True,
        embedding: str = "none",
        n_nets: int = 2,
        rounds: int | None = None,
        random_state: Any = None,
        label_smoothing: float = 0.0,
        class_weight: Any = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, learning_rate, epochs, batch_size, schedule, solver, momentum, dropout,
            weight_decay, front_scale, embedding, n_nets, rounds, random_state,
        )  # fmt: skip
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def fit(
        self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None, sample_weight: Array | None = None
    ) -> TabularMLPClassifier:
        """Train; with an `eval_set` (rows and labels) keep the weights of every checkpoint.

        Rows of weight 0 are left out, as are validation rows of a class that `y` lacks.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        X, y, weight = _weighed(X, y, sample_weight)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
        weight = (weight / weight.mean()).astype(np.float32)
        k = len(self.classes_)
        wanted = np.eye(k, dtype=np.float32)[codes] * (1 - self.label_smoothing) + self.label_smoothing / k

        def slope(outputs: Array, batch: Array) -> Array:
            outputs -= outputs.max(axis=2, keepdims=True)
            np.exp(outputs, out=outputs)
            outputs /= outputs.sum(axis=2, keepdims=True)
            outputs -= wanted[batch]
            outputs *= weight[batch, None] / np.float32(len(batch))
            return outputs

        self._train(X, k, slope, None if eval_set is None else self._validation(*eval_set))
        return self

    def _validation(self, X: Array, y: Array) -> Callable[[], float] | None:
        """Log loss on rows whose class was met; None where there is no such row."""
        X, y = np.asarray(X, dtype=np.float32), np.asarray(y)
        met = np.isin(y, self.classes_)
        if not met.any():
            return None
        X, place = X[met], np.searchsorted(self.classes_, y[met])

        def loss() -> float:
            shares = self._shares(X)[np.arange(len(X)), place]
            return float(-np.log(np.maximum(shares, 1e-7)).mean())

        return loss

    def _shares(self, X: Array) -> Array:
        return np.asarray(softmax(self._outputs(X).astype(np.float64), axis=2).mean(axis=0))

    def predict_proba(self, X: Array) -> Array:
        """Probabilities of `classes_`, of shape (n_rows, n_classes)."""
        return self._shares(self._checked(X))

    def predict(self, X: Array) -> Array:
        """The most probable class."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


class TabularMLPRegressor(RegressorMixin, StagedNetworks):  # type: ignore[misc]
    """A few networks, averaged; they learn the standardised target, and never leave its range.

    Parameters
    ----------
    hidden_layer_sizes, activation, learning_rate, epochs, batch_size, schedule, solver, momentum
        As in `TabularMLPClassifier`, and so are those from dropout to random_state.
    curve : {"rmse", "mae"}
        What `curve_` measures.

    Attributes
    ----------
    curve_ : ndarray or None
        Validation error at each checkpoint.
    rounds_ : int
        Checkpoint that predictions use.
    """

    def __init__(
        self,
        hidden_layer_sizes: tuple[int, ...] = (128, 128, 128),
        activation: str = "mish",
        learning_rate: float = 0.05,
        epochs: int = 32,
        batch_size: int = 128,
        schedule: str = "coslog4",
        solver: str = "adam",
        momentum: float = 0.9,
        dropout: float = 0.1,
        weight_decay: float = 0.1,
        front_scale: bool = True,
        embedding: str = "none",
        n_nets: int = 2,
        rounds: int | None = None,
        random_state: Any = None,
        curve: str = "rmse",
    ) -> None:
        super().__init__(
            hidden_layer_sizes, activation, learning_rate, epochs, batch_size, schedule, solver, momentum, dropout,
            weight_decay, front_scale, embedding, n_nets, rounds, random_state,
        )  # fmt: skip
        self.curve = curve

    def fit(
        self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None, sample_weight: Array | None = None
    ) -> TabularMLPRegressor:
        """Train; with an `eval_set` (rows and values) keep the weights of every checkpoint.

        Rows of weight 0 are left out.
        """
        X, y = validate_data(self, X, y, dtype=np.float32, y_numeric=True)
        X, y, weight = _weighed(X, np.asarray(y, dtype=np.float64), sample_weight)
        self.center_ = float(np.average(y, weights=weight))
        self.spread_ = float(np.sqrt(np.average(np.square(y - self.center_), weights=weight))) or 1.0
        self.range_ = (float(y.min()), float(y.max()))
        wanted = ((y - self.center_) / self.spread_).astype(np.float32)[:, None]
        weight = (weight / weight.mean()).astype(np.float32)

        def slope(outputs: Array, batch: Array) -> Array:
            outputs -= wanted[batch]
            outputs *= weight[batch, None] / np.float32(len(batch))
            return outputs

        self._train(X, 1, slope, None if eval_set is None else self._validation(*eval_set))
        return self

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


def _weighed(X: Array, y: Array, sample_weight: Array | None) -> tuple[Array, Array, Array]:
    """Rows with their weights, those of weight 0 left out."""
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    heavy = weight > 0
    return (X, y, weight) if heavy.all() else (X[heavy], y[heavy], weight[heavy])
