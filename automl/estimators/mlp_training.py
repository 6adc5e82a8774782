"""How the networks of `mlp_network` learn: optimisers, schedules, batches and checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.estimators.constants import ADAM_BETAS, CHECKPOINTS, LONGEST_GRADIENT, SGD_RATE
from automl.estimators.mlp_network import Network

Array = NDArray[Any]


@dataclass(frozen=True)
class Plan:
    """Everything that decides how networks are trained.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate, dropout, weight_decay, momentum : float
    solver : {"adam", "sgd"}
    schedule : {"coslog4", "onecycle", "constant"}
    """

    epochs: int
    batch_size: int
    learning_rate: float
    dropout: float = 0.0
    weight_decay: float = 0.0
    momentum: float = 0.9
    solver: str = "adam"
    schedule: str = "coslog4"

    def rate(self, t: float) -> float:
        """Share of the learning rate at share `t` of the run."""
        if self.schedule == "coslog4":  # four cosine cycles, each twice as long as the one before
            return float(0.5 - 0.5 * np.cos(2 * np.pi * np.log2(1 + 15 * t)))
        if self.schedule == "onecycle":  # Smith 2018: up in three tenths, down in the rest
            return float(
                0.5 - 0.5 * np.cos(np.pi * t / 0.3) if t < 0.3 else 0.5 + 0.5 * np.cos(np.pi * (t - 0.3) / 0.7)
            )
        return 1.0

    def firmness(self, t: float) -> float:
        """Share of dropout and weight decay at `t`: all for half of the run, then down to nothing."""
        return 1.0 if t < 0.5 else float(0.5 + 0.5 * np.cos(np.pi * (2 * t - 1)))


class Optimizer:
    """Adam (Kingma and Ba 2015) or SGD with momentum, on the flat array of a network's weights."""

    def __init__(self, net: Network, plan: Plan) -> None:
        self.net, self.plan, self.step = net, plan, 0
        self.mean: Array = np.zeros_like(net.weights)
        self.square: Array = np.zeros_like(net.weights)
        self.decaying: list[Array] = [block for name, block in net.at.items() if name.startswith("weight")]
        widths = {name: width for name, (_, width) in net.shape.blocks().items()}
        self.factors: list[tuple[Array, float]] = [
            (block, self._factor(name, widths[name])) for name, block in net.slopes.items()
        ]

    def _factor(self, name: str, width: float) -> float:
        """Of the learning rate, by block: RealMLP's, and the neural tangent parametrisation's."""
        own = {"scale": 6.0, "frequency": 0.1, "phase": 0.1, "mix": 0.1}.get(name, 0.1 if "bias" in name else 1.0)
        return float(own / width if self.plan.solver == "sgd" else own / np.sqrt(width))

    def move(self, t: float) -> None:
        """One step along `net.gradient`, which is used up, at share `t` of the run."""
        self.step += 1
        rate = self.plan.learning_rate * self.plan.rate(t)
        if self.plan.weight_decay:
            keep = 1 - rate * self.plan.weight_decay * self.plan.firmness(t)
            for block in self.decaying:
                block *= keep
        getattr(self, f"_{self.plan.solver}")(rate)

    def _adam(self, rate: float) -> None:
        """`mean` and `square` are sums that fade; what makes means of them is part of the rate, which spares passes."""
        g, m, v = self.net.gradient, self.mean, self.square
        first, second = ADAM_BETAS
        m *= first
        m += g
        v *= second
        g *= g
        v += g
        root = float(np.sqrt((1 - second**self.step) / (1 - second)))
        np.sqrt(v, out=g)
        g += 1e-8 * root
        np.divide(m, g, out=g)
        self._scale(rate * root * (1 - first) / (1 - first**self.step))
        self.net.weights -= g

    def _sgd(self, rate: float) -> None:
        g, m = self.net.gradient, self.mean
        length = float(np.sqrt(g @ g))
        m *= self.plan.momentum
        self._scale(SGD_RATE * rate * min(1.0, LONGEST_GRADIENT / max(length, 1e-12)))
        m += g
        self.net.weights -= m

    def _scale(self, rate: float) -> None:
        for block, factor in self.factors:
            block *= rate * factor


class Training:
    """The way of a network through its epochs; it can be left at a checkpoint and gone on with.

    Parameters
    ----------
    net : Network
        Freshly drawn.
    plan : Plan
    rows : int
        Of the training part.
    rng : Generator
    """

    def __init__(self, net: Network, plan: Plan, rows: int, rng: np.random.Generator) -> None:
        self.net, self.plan, self.rng = net, plan, rng
        self.batches = -(-rows // plan.batch_size)
        self.rows, self.size = rows, rows // self.batches  # near-equal batches; the rest waits for another epoch
        self.optimizer, self.step = Optimizer(net, plan), 0
        self.order: Array = np.empty(0, dtype=np.int64)

    def pause(self) -> dict[str, Any]:
        """All that `resume` needs."""
        optimizer, rng = self.optimizer, self.rng.bit_generator.state
        arrays = {"weights": self.net.weights, "mean": optimizer.mean, "square": optimizer.square, "order": self.order}
        copies = {name: array.copy() for name, array in arrays.items()}
        return {**copies, "step": self.step, "moves": optimizer.step, "rng": rng}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on where another training of the same rows paused."""
        self.net.weights[:] = state["weights"]
        self.optimizer.mean[:], self.optimizer.square[:] = state["mean"], state["square"]
        self.optimizer.step, self.step, self.order = state["moves"], state["step"], state["order"]
        self.rng.bit_generator.state = state["rng"]

    def run(self, X: Array, slope: Callable[[Array, Array], Array]) -> Iterator[Array]:
        """Train, and hand out a copy of the weights at each checkpoint of the plan's schedule.

        Where weights stop being finite numbers, nothing more is handed out, and the network's weights are those of the
        last checkpoint.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
        slope : callable
            From outputs of shape (nets, rows, outputs) and row numbers to the mean loss's slope by each output.
        """
        net, steps = self.net, self.plan.epochs * self.batches
        marks = [max(1, round(share * steps)) for share in CHECKPOINTS[self.plan.schedule]]
        kept = net.weights.copy()
        while self.step < steps:
            place = self.step % self.batches
            if place == 0:
                self.order = self.rng.permutation(self.rows)
            batch, t = self.order[place * self.size : (place + 1) * self.size], self.step / steps
            outputs, tape = net.forward(X[batch], _dropper(self.plan.dropout * self.plan.firmness(t), self.rng))
            net.backward(tape, slope(outputs, batch))
            self.optimizer.move(t)
            self.step += 1
            for _ in range(marks.count(self.step)):  # a run of few steps has several marks at one
                if not np.isfinite(net.weights).all():
                    net.weights[:] = kept
                    return
                kept = net.weights.copy()
                yield kept


def _dropper(share: float, rng: np.random.Generator) -> Callable[[Array], Array] | None:
    """Masks that drop this share of units (Srivastava et al. 2014), to a 256th; the others grow to make up for it."""
    cut = round(256 * share)
    if not cut:
        return None

    def mask(like: Array) -> Array:
        raw = rng.bit_generator.random_raw(-(-like.size // 8))  # three times as fast as `rng.bytes`
        kept = raw.view(np.uint8)[: like.size].reshape(like.shape) >= cut
        return np.multiply(kept, 256 / (256 - cut), dtype=like.dtype)

    return mask
