"""Scores of rankings: areas and points under the ROC and the precision-recall curve, weighted or not.

Everything is read off one table a prediction: how much weight of each class lies at each distinct score.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def steps(y: Array, scores: Array, weight: Array | None = None) -> tuple[Array, Array]:
    """Weight of positives and of negatives at each distinct score, from the highest score down.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        1 is positive.
    scores : ndarray of shape (n_rows,)
    weight : ndarray of shape (n_rows,), optional
        1 a row where not given.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    positive = (y[order] == 1).astype(np.float64)
    weights = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)[order]
    return np.add.reduceat(positive * weights, starts), np.add.reduceat((1 - positive) * weights, starts)


def area_under_roc(y: Array, scores: Array, weight: Array | None = None) -> float:
    """Share of the pairs of a positive and a negative that are ordered rightly, ties counting half.

    That is the area under the ROC curve (Mann and Whitney 1947). NaN where a class is absent.
    """
    positives, negatives = steps(y, scores, weight)
    pairs = positives.sum() * negatives.sum()
    below = negatives.sum() - np.cumsum(negatives)
    return float(positives @ (below + negatives / 2) / pairs) if pairs > 0 else np.nan


def average_precision(y: Array, scores: Array, weight: Array | None = None) -> float:
    """Mean of the precisions at each threshold, weighted by the gain in recall; NaN without positives.

    As `sklearn.metrics.average_precision_score`: no interpolation (Davis and Goadrich 2006, "The relationship between
    precision-recall and ROC curves").
    """
    positives, precision = _precision(y, scores, weight)
    total = positives.sum()
    return float(positives @ precision / total) if total > 0 else np.nan


def recall_at_precision(y: Array, scores: Array, weight: Array | None = None, *, least: float = 0.9) -> float:
    """Highest recall of a threshold whose precision is at least `least`.

    0 where there is none, NaN without positives.
    """
    positives, precision = _precision(y, scores, weight)
    total = positives.sum()
    if not total > 0:
        return np.nan
    recall = np.cumsum(positives) / total
    return float(recall[precision >= least - 1e-12].max(initial=0.0))


def _precision(y: Array, scores: Array, weight: Array | None) -> tuple[Array, Array]:
    """Weight of positives at each distinct score, and the precision of everything from there up."""
    positives, negatives = steps(y, scores, weight)
    taken = np.cumsum(positives + negatives)
    return positives, np.divide(np.cumsum(positives), taken, out=np.zeros_like(taken), where=taken > 0)
