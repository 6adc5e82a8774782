"""Training with checkpoints, which classifier and regressor of `mlp` share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from automl.pipeline.mlp_network import Network, Shape
from automl.pipeline.mlp_training import CHECKPOINTS, Plan, Training

Array = NDArray[Any]

CHUNK = 1024  # rows predicted at once: what a layer makes of them stays in the processor's cache
# a validation loss so far above the best at the end of the third cycle is not made up for by the fourth, which takes
# more than half of the time; the other schedules have no such place, for their losses on the way say little
THIRD_CYCLE, HOPELESS = 3, 1.1
MOST_EMBEDDED = 64  # with more columns of numbers none is embedded: it would take many times as long


class StagedNetworks(BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share; a subclass knows the loss, and has the parameters' meaning."""

    takes_eval_set = True

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
        self.rounds = rounds
        self.random_state = random_state

    share = 1.0  # of the checkpoints after which a fit with validation rows pauses: a cheaper rung
    most: int | None = None  # checkpoints after which one does
    ends: float | None = None  # when one ends with the checkpoints that it has, on `time.monotonic`'s clock

    def go_on(self, earlier: StagedNetworks) -> None:
        """Let the next `fit`, on the same rows, go on where an earlier one paused."""
        self._earlier = earlier

    def _train(
        self,
        X: Array,
        outputs: int,
        slope: Callable[[Array, Array], Array],
        loss: Callable[[], float] | None,
    ) -> None:
        """Train and keep checkpoints: all of them with a validation loss, else only the last."""
        self.shape_ = self._shape(X, outputs)
        plan = Plan(
            self.epochs,
            self.batch_size,
            self.learning_rate,
            self.dropout,
            self.weight_decay,
            self.momentum,
            self.solver,
            self.schedule,
        )
        rng = np.random.Generator(np.random.SFC64(check_random_state(self.random_state).randint(2**31 - 1)))
        net = Network(self.shape_)
        net.draw(rng)
        self.checkpoints_: list[Array] = [_small(net.weights)]  # for the case that training comes to nothing
        curve: list[float] = []
        training, earlier = Training(net, plan, len(X), rng), self.__dict__.pop("_earlier", None)
        if earlier is not None and earlier.paused_ is not None:
            training.resume(earlier.paused_)
            self.checkpoints_, curve = list(earlier.checkpoints_), list(earlier.curve_)
        self.paused_: dict[str, Any] | None = None
        self.ended_after_: int | None = None
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
                if number == self.most or self._next_is_late(started, begun, number):
                    self.ended_after_ = number
                    break
            elif number == self.rounds:
                break
        self.rounds_ = len(self.checkpoints_)
        self.curve_ = None
        if loss is not None:
            self.curve_ = np.asarray(curve or [loss()], dtype=np.float64)
            self.rounds_ = int(np.argmin(self.curve_)) + 1

    def _next_is_late(self, started: float, begun: int, number: int) -> bool:
        """Whether the next checkpoint would come after `ends`, at the pace so far."""
        marks = (0.0, *CHECKPOINTS[self.schedule])
        if self.ends is None or number + 1 >= len(marks):
            return False
        now = time.monotonic()
        pace = (now - started) / (marks[number] - marks[begun])
        return now + pace * (marks[number + 1] - marks[number]) > self.ends

    def _pause_at(self) -> int | None:
        """Number of the checkpoint at which a share of the run is over; None is the end."""
        marks = CHECKPOINTS[self.schedule]
        return None if self.share >= 1 else 1 + int(np.searchsorted(marks[:-1], self.share - 1e-9))

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
