"""Metrics of labels: of which rows the most probable class is the right one. All go by the confusion matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def confusion(y: Array, p: Array, w: Array | None = None) -> Array:
    """Weights of rows by true class (row) and most probable class (column), of shape (n_classes, n_classes)."""
    k = p.shape[1]
    return (
        np.bincount(y.astype(np.intp) * k + p.argmax(axis=1), weights=w, minlength=k * k)
        .reshape(k, k)
        .astype(np.float64)
    )


def accuracy(y: Array, p: Array, w: Array | None = None) -> float:
    """Share of rows whose most probable class is right."""
    return float(np.average(p.argmax(axis=1) == y, weights=w))


def balanced_accuracy(y: Array, p: Array, w: Array | None = None) -> float:
    """Mean over the classes of the share of their rows that are found."""
    counts = confusion(y, p, w)
    there = counts.sum(axis=1) > 0
    return float(np.mean(counts.diagonal()[there] / counts.sum(axis=1)[there]))


def f1(y: Array, p: Array, w: Array | None = None) -> float:
    """Harmonic mean of precision and recall of the second class; 0 where it is neither there nor found."""
    return float(_f1s(confusion(y, p, w))[1])


def f1_macro(y: Array, p: Array, w: Array | None = None) -> float:
    """Mean of the F1 of all classes that are there or found."""
    counts = confusion(y, p, w)
    there = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    return float(np.mean(_f1s(counts)[there]))


def matthews_corrcoef(y: Array, p: Array, w: Array | None = None) -> float:
    """Correlation of true and most probable classes (Gorodkin 2004 for several); 0 where either is only one."""
    counts = confusion(y, p, w)
    true, found, total = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    spread = (total**2 - found @ found) * (total**2 - true @ true)
    return float((counts.trace() * total - true @ found) / np.sqrt(spread)) if spread > 0 else 0.0


def _f1s(counts: Array) -> Array:
    total = counts.sum(axis=0) + counts.sum(axis=1)
    return np.asarray(2 * counts.diagonal() / np.where(total > 0, total, 1.0))
