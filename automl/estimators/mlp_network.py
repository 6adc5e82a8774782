"""Several small networks of one shape at once: forwards and backwards as batched matrix products in NumPy.

The parts follow RealMLP (Holzmüller, Grinsztajn, Steinwart 2024, "Better by default"): a trainable factor a column in
front, weights whose step shrinks with the width of a layer (the neural tangent parametrisation of Jacot et al. 2018),
a last layer that starts at zero, and periodic embeddings of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.estimators.constants import EMBEDDED, WAVE_SPREAD, WAVES

Array = NDArray[Any]

SELU = (1.0507009873554805, 1.7580993408473766)  # Klambauer et al. 2017: the scale, and the scale times alpha

# ---- activations: from what goes in to what comes out, and its slope


def relu(z: Array) -> tuple[Array, Array]:
    """Nothing below zero."""
    return np.maximum(z, 0), (z > 0).astype(z.dtype)


def tanh(z: Array) -> tuple[Array, Array]:
    """Hyperbolic tangent."""
    value = np.tanh(z)
    return value, 1 - value * value


def selu(z: Array) -> tuple[Array, Array]:
    """Klambauer et al. 2017, "Self-normalizing neural networks"."""
    scale, floor = SELU
    slope = np.minimum(z, 0)
    np.exp(slope, out=slope)
    slope *= floor
    value = np.maximum(z, 0)
    value *= scale
    value += slope
    value -= floor
    np.copyto(slope, scale, where=z > 0)
    return value, slope


def mish(z: Array) -> tuple[Array, Array]:
    """Misra 2019: z tanh(softplus(z)), with one exponential and no logarithm."""
    e = np.minimum(z, 20)  # beyond it is the identity to single precision, and e² does not overflow
    np.exp(e, out=e)
    w = e + 2
    w *= e
    np.subtract(w, e, out=e)  # e² + e
    w += 2
    np.divide(2, w, out=w)  # 2 / (e² + 2e + 2), so that the hyperbolic tangent is 1 - w, and its slope w² (e² + e)
    e *= w
    e *= w
    e *= z
    np.subtract(1, w, out=w)
    e += w
    w *= z
    return w, e


ACTIVATIONS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "selu": selu,
    "mish": mish,
    "relu": relu,
    "tanh": tanh,
}


# ---- the networks


@dataclass(frozen=True)
class Shape:
    """What networks look like.

    Attributes
    ----------
    nets : int
    columns : int
    hidden : tuple of int
        Units a hidden layer.
    outputs : int
    activation : str
        A key of `ACTIVATIONS`.
    front_scale : bool
        Whether each column has a trainable factor.
    embedded : tuple of int
        Columns that are embedded.
    """

    nets: int
    columns: int
    hidden: tuple[int, ...]
    outputs: int
    activation: str
    front_scale: bool = True
    embedded: tuple[int, ...] = ()

    def blocks(self) -> dict[str, tuple[tuple[int, ...], float]]:
        """Name to size of each block of weights, and the width that its step is divided by the root of."""
        nets, m = self.nets, len(self.embedded)
        width = self.columns + EMBEDDED * m
        blocks: dict[str, tuple[tuple[int, ...], float]] = {}
        if m:
            blocks["frequency"] = blocks["phase"] = ((nets, m, 1, WAVES), 1)
            blocks["mix"] = ((nets, m, WAVES, EMBEDDED), WAVES)
        if self.front_scale:
            blocks["scale"] = ((nets, width, 1), 1)
        sizes = (width, *self.hidden, self.outputs)
        for layer, (wide, units) in enumerate(pairwise(sizes)):
            blocks[f"weight {layer}"] = ((nets, wide, units), wide)
            blocks[f"bias {layer}"] = ((nets, 1, units), 1)
        return blocks


class Network:
    """Networks whose weights are views of one flat array, as are their gradients.

    Parameters
    ----------
    shape : Shape
    dtype : dtype
        Single precision, but for tests of gradients.
    """

    def __init__(self, shape: Shape, dtype: Any = np.float32) -> None:
        self.shape = shape
        self.depth = len(shape.hidden) + 1
        self.activate = ACTIVATIONS[shape.activation]
        self.embedded = np.asarray(shape.embedded, dtype=np.int64)
        size = sum(int(np.prod(block)) for block, _ in shape.blocks().values())
        self.weights: Array = np.zeros(size, dtype)
        self.gradient: Array = np.zeros(size, dtype)
        self.at, self.slopes = self.views(self.weights), self.views(self.gradient)

    def views(self, flat: Array) -> dict[str, Array]:
        """The blocks of a flat array, by name."""
        found, start = {}, 0
        for name, (size, _) in self.shape.blocks().items():
            stop = start + int(np.prod(size))
            found[name] = flat[start:stop].reshape(size)
            start = stop
        return found

    def draw(self, rng: np.random.Generator) -> None:
        """Start anew: every unit of unit deviation, the last layer at zero."""
        last = (f"weight {self.depth - 1}", f"bias {self.depth - 1}")
        for name, (size, width) in self.shape.blocks().items():
            if name == "scale":
                self.at[name][:] = 1
            elif name == "phase":
                self.at[name][:] = rng.uniform(-np.pi, np.pi, size)
            elif name not in last:
                spread = 2 * np.pi * WAVE_SPREAD if name == "frequency" else width**-0.5
                self.at[name][:] = spread * rng.standard_normal(size)

    def forward(self, x: Array, drop: Callable[[Array], Array] | None = None) -> tuple[Array, list[Any]]:
        """Outputs of shape (nets, rows, outputs), and what `backward` needs.

        Parameters
        ----------
        x : ndarray of shape (rows, columns)
        drop : callable, optional
            Gives a mask of the shape of its argument: 0 for units that are dropped out.
        """
        at = self.at
        tape: list[tuple[Array, Array, Array | None]] = []
        h, waves = self._embed(x) if len(self.embedded) else (x, None)
        for layer in range(self.depth):
            weight = at[f"weight {layer}"]
            if layer == 0 and self.shape.front_scale:
                weight = at["scale"] * weight  # the same as scaling x, and cheaper than that in batches
            z = np.matmul(h, weight)
            z += at[f"bias {layer}"]
            if layer == self.depth - 1:
                tape.append((h, weight, None))
                return z, [waves, *tape]
            value, slope = self.activate(z)
            if drop is not None:
                mask = drop(value)
                value *= mask
                slope *= mask
            tape.append((h, weight, slope))
            h = value
        raise AssertionError("unreachable")

    def backward(self, tape: list[Any], error: Array) -> None:
        """Fill `gradient` from the loss's slope by each output, of shape (nets, rows, outputs)."""
        waves, *layers = tape
        ones = np.ones((1, error.shape[1]), error.dtype)  # sums over rows as a product take half the time
        for layer in range(self.depth - 1, -1, -1):
            h, weight, _ = layers[layer]
            out = self.slopes[f"weight {layer}"]
            np.matmul(np.swapaxes(h, -1, -2), error, out=out)
            np.matmul(ones, error, out=self.slopes[f"bias {layer}"])
            if layer == 0 and self.shape.front_scale:
                np.sum(out * self.at["weight 0"], axis=2, keepdims=True, out=self.slopes["scale"])
                out *= self.at["scale"]
            if layer:
                error = np.matmul(error, np.swapaxes(weight, -1, -2))
                error *= layers[layer - 1][2]
            elif waves is not None:
                columns = self.shape.columns
                self._embed_backward(waves, np.matmul(error, np.swapaxes(weight[:, columns:], -1, -2)))

    # ---- periodic embeddings: Gorishniy et al. 2022, in the form "PBLD" of RealMLP

    def _embed(self, x: Array) -> tuple[Array, Any]:
        at, nets, (rows, columns) = self.at, self.shape.nets, x.shape
        line = x[:, self.embedded].T[None, :, :, None]
        angle = at["frequency"] * line
        angle += at["phase"]
        cosine = np.cos(angle)
        made = np.matmul(cosine, at["mix"]).transpose(0, 2, 1, 3).reshape(nets, rows, -1)
        h = np.empty((nets, rows, columns + made.shape[2]), made.dtype)
        h[:, :, :columns], h[:, :, columns:] = x, made
        return h, (line, angle, cosine)

    def _embed_backward(self, waves: Any, error: Array) -> None:
        line, angle, cosine = waves
        nets, rows, _ = error.shape
        error = error.reshape(nets, rows, -1, EMBEDDED).transpose(0, 2, 1, 3)
        np.matmul(cosine.transpose(0, 1, 3, 2), error, out=self.slopes["mix"])
        inner = np.matmul(error, self.at["mix"].transpose(0, 1, 3, 2))
        inner *= -np.sin(angle)
        np.sum(inner, axis=2, keepdims=True, out=self.slopes["phase"])
        np.sum(inner * line, axis=2, keepdims=True, out=self.slopes["frequency"])
