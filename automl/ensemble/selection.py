"""Greedy ensemble selection on out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
STEPS = 25  # more showed no gain in AutoGluon's measurements (its PR 4737)

SELECT_SHARE = 0.5  # of the time that is left, which the calls of a slow metric may take


def too_slow(seconds: float, scores: int, left: float | None) -> str:
    """Why a metric leaves no time for an ensemble; empty where it does.

    Parameters
    ----------
    seconds : float
        That one call takes.
    scores : int
        Calls in each step, one a candidate and fold.
    left : float or None
        Seconds; None is no limit.
    """
    if left is None or not seconds or STEPS * scores * seconds <= SELECT_SHARE * left:
        return ""
    took = f"{seconds:.2g} s" if np.isfinite(seconds) else "too long"
    return f"No ensemble was made: the metric takes {took} a call, and {STEPS * scores:,} calls would not fit."


@np.errstate(invalid="ignore")  # numbers too large for the 32 bits of kept predictions are infinite
def select(
    predictions: Sequence[Array],
    losses: Callable[[list[Array]], Array],
    steps: int = STEPS,
    out_of_time: Callable[[], bool] = lambda: False,
) -> dict[int, float]:
    """Weights of candidates whose average predicts best (Caruana et al. 2004, "Ensemble selection from libraries").

    Starts from the best single candidate, adds with replacement the one that lowers the loss most, and keeps the best
    prefix of what was added.

    Parameters
    ----------
    predictions : sequence over folds of ndarray of shape (n_candidates, n_rows, ...)
        Out-of-fold predictions.
    losses : callable
        Losses of several predictions, given like `predictions`; shape (n,).
    steps : int
        Members to add at most, repeats included.
    out_of_time : callable
        Looked at before each step; what was found so far is returned.

    Returns
    -------
    dict
        Place of each chosen candidate and its weight; the weights sum to 1.
    """
    if not predictions or not len(predictions[0]):
        return {}
    chosen: list[int] = []
    total = [np.zeros_like(fold[0], dtype=np.float64) for fold in predictions]
    best_loss, best_size = np.inf, 1
    while len(chosen) < steps and not (chosen and out_of_time()):
        blends = [(sums + fold) / (len(chosen) + 1) for sums, fold in zip(total, predictions, strict=True)]
        values = losses(blends)
        place = int(np.argmin(np.where(np.isfinite(values), values, np.inf)))
        chosen.append(place)
        total = [sums + fold[place] for sums, fold in zip(total, predictions, strict=True)]
        if values[place] < best_loss - 1e-12:
            best_loss, best_size = float(values[place]), len(chosen)
    kept = chosen[:best_size]
    return {place: kept.count(place) / len(kept) for place in sorted(set(kept))}
