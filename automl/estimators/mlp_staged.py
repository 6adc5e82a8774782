"""Training with checkpoints, which classifier and regressor of `mlp` share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Self

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from automl.estimators.base import Array
from automl.estimators.constants import CHECKPOINTS, HOPELESS, MOST_EMBEDDED, THIRD_CYCLE
from automl.estimators.mlp_network import Network, Shape
from automl.estimators.mlp_training import Plan, Training
from automl.estimators.staged import WHOLE, FitControl, StagedModel

CHUNK = 1024  # rows predicted at once: what a layer makes of them stays in the processor's cache


class StagedNetworks(StagedModel):
    """What classifier and regressor share; a subclass knows what the networks are to answer, and the loss.

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
    control : FitControl
        Without `rounds`, a fit without validation rows goes on to the last checkpoint.
    random_state : int, RandomState or None

    Attributes
    ----------
    curve_ : ndarray or None
        Validation loss at each checkpoint.
    rounds_ : int
        Checkpoint that predictions use.
    """

    continues = True

    def __init__(  # noqa: PLR0913  # as scikit-learn wants an estimator's parameters
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
        weight_decay: float = 0.02,
        front_scale: bool = True,
        embedding: str = "none",
        n_nets: int = 2,
        control: FitControl = WHOLE,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.schedule = schedule
        self.solver = solver
        self.momentum = momentum
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.front_scale = front_scale
        self.embedding = embedding
        self.n_nets = n_nets
        self.control = control
        self.random_state = random_state

    def fit(
        self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None, sample_weight: Array | None = None
    ) -> Self:
        """Train; with an `eval_set` (rows and their target) keep the weights of every checkpoint.

        Rows of weight 0 are left out, as are validation rows of a class that `y` lacks.
        """
        X, y = validate_data(self, X, y, dtype=np.float32, y_numeric=is_regressor(self))
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if not (heavy := weight > 0).all():
            X, y, weight = X[heavy], y[heavy], weight[heavy]
        wanted, weight = self._targets(y, weight)
        weight = (weight / weight.mean()).astype(np.float32)

        def slope(outputs: Array, batch: Array) -> Array:
            self._link(outputs)
            outputs -= wanted[batch]
            outputs *= weight[batch, None] / np.float32(len(batch))
            return outputs

        self._train(X, wanted.shape[1], slope, None if eval_set is None else self._validation(*eval_set))
        return self

    # ---- what a subclass says

    def _targets(self, y: Array, weight: Array) -> tuple[Array, Array]:
        """What the networks are to answer, of shape (n_rows, n_outputs), and the weights of the rows."""
        raise NotImplementedError

    def _link(self, outputs: Array) -> None:
        """Make answers of outputs, in place."""
        raise NotImplementedError

    def _validation(self, X: Array, y: Array) -> Callable[[], float] | None:
        """The loss of the networks as they are on these rows; None where it cannot be measured."""
        raise NotImplementedError

    # ---- training

    def _train(
        self,
        X: Array,
        outputs: int,
        slope: Callable[[Array, Array], Array],
        loss: Callable[[], float] | None,
    ) -> None:
        """Train and keep checkpoints: all of them with a validation loss, else only the last."""
        self.shape_ = self._shape(X, outputs)
        plan = Plan(**{field.name: getattr(self, field.name) for field in fields(Plan)})
        rng = np.random.Generator(np.random.SFC64(check_random_state(self.random_state).randint(2**31 - 1)))
        net = Network(self.shape_)
        net.draw(rng)
        self.checkpoints_: list[Array] = [_small(net.weights)]  # for the case that training comes to nothing
        curve: list[float] = []
        training, earlier = Training(net, plan, len(X), rng), self._take_earlier()
        if earlier is not None and earlier.curve_ is not None and earlier.paused_ is not None:
            training.resume(earlier.paused_)
            self.checkpoints_, curve = list(earlier.checkpoints_), list(earlier.curve_)
        self.paused_: dict[str, Any] | None = None
        self.ended_after_ = None
        end = self._pause_at() if loss is not None else None
        started, begun = time.monotonic(), len(curve)
        for number, weights in enumerate(training.run(X, slope), start=len(curve) + 1):
            small = _small(weights)
            if not np.isfinite(small).all():
                break
            self.checkpoints_ = [*(self.checkpoints_ if curve else []), small]
            self.rounds_ = len(self.checkpoints_)
            if loss is not None:
                curve.append(loss())
                if self.schedule == "coslog4" and number == THIRD_CYCLE and curve[-1] > HOPELESS * min(curve):
                    break
                if number == end:
                    self.paused_ = training.pause()
                    break
                if number == self.control.max_rounds or self._next_is_late(started, begun, number):
                    self.ended_after_ = number
                    break
            elif number == self.control.rounds:
                break
        self.rounds_ = len(self.checkpoints_)
        self.curve_ = None
        if loss is not None:
            self._keep_curve(curve or [loss()])

    def _next_is_late(self, started: float, begun: int, number: int) -> bool:
        """Whether the next checkpoint would come after the deadline, at the pace so far."""
        marks = (0.0, *CHECKPOINTS[self.schedule])
        if self.control.deadline is None or number + 1 >= len(marks):
            return False
        now = time.monotonic()
        pace = (now - started) / (marks[number] - marks[begun])
        return now + pace * (marks[number + 1] - marks[number]) > self.control.deadline

    def _pause_at(self) -> int | None:
        """Number of the checkpoint at which a share of the run is over; None is the end."""
        marks = CHECKPOINTS[self.schedule]
        share = self.control.iterations
        return None if share >= 1 else 1 + int(np.searchsorted(marks[:-1], share - 1e-9))

    def _shape(self, X: Array, outputs: int) -> Shape:
        embedded: tuple[int, ...] = ()
        if self.embedding == "pbld":
            numbers = [place for place in range(X.shape[1]) if len(np.unique(X[:, place])) > 2]
            embedded = tuple(numbers) if len(numbers) <= MOST_EMBEDDED else ()
        hidden = tuple(self.hidden_layer_sizes)
        return Shape(self.n_nets, X.shape[1], hidden, outputs, self.activation, self.front_scale, embedded)

    def _outputs(self, X: Array) -> Array:
        """Of each network at checkpoint `rounds_`: shape (nets, rows, outputs)."""
        net = Network(self.shape_)
        place = min(self.rounds_, len(self.checkpoints_)) - 1
        net.weights[:] = self.checkpoints_[place]
        parts = [net.forward(X[start : start + CHUNK])[0] for start in range(0, len(X), CHUNK)]
        return np.concatenate(parts, axis=1)

    def _checked(self, X: Array) -> Array:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float32, reset=False))


def _small(weights: Array) -> Array:
    """As they are kept: half precision is finer than what networks differ by, in half the space."""
    with np.errstate(over="ignore"):
        return weights.astype(np.float16)
