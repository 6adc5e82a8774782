"""Greedy ensemble selection on out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
STEPS = 25  # more showed no gain in AutoGluon's measurements (its PR 4737)


def select(
    predictions: Sequence[Sequence[Array]],
    loss: Callable[[list[Array]], float],
    steps: int = STEPS,
    out_of_time: Callable[[], bool] = lambda: False,
) -> dict[int, float]:
    """Weights of candidates whose average predicts best (Caruana et al. 2004, "Ensemble selection from libraries").

    Starts from the best single candidate, adds with replacement the one that lowers the loss most, and keeps the best
    prefix of what was added.

    Parameters
    ----------
    predictions : sequence over candidates of sequences over folds of ndarray
        Out-of-fold predictions; the candidates stand in order of their own loss, the best first.
    loss : callable
        Loss of predictions given as one array a fold.
    steps : int
        Members to add at most, repeats included.
    out_of_time : callable
        Looked at between trials of a member; what was found so far is returned.

    Returns
    -------
    dict
        Place of each chosen candidate and its weight; the weights sum to 1.
    """
    if not predictions:
        return {}
    folds = range(len(predictions[0]))
    chosen = [0]
    total = [np.array(predictions[0][fold], dtype=np.float64) for fold in folds]
    best_loss, best_size = loss(total), 1
    while len(chosen) < steps and not out_of_time():
        step_loss, step_place = np.inf, -1
        for place, candidate in enumerate(predictions):
            if out_of_time():
                return _weights(chosen[:best_size])
            blend = [(total[fold] + candidate[fold]) / (len(chosen) + 1) for fold in folds]
            value = loss(blend)
            if value < step_loss - 1e-12:
                step_loss, step_place = value, place
        if step_place < 0:
            break
        chosen.append(step_place)
        total = [total[fold] + predictions[step_place][fold] for fold in folds]
        if step_loss < best_loss - 1e-12:
            best_loss, best_size = step_loss, len(chosen)
    return _weights(chosen[:best_size])


def _weights(chosen: list[int]) -> dict[int, float]:
    return {place: chosen.count(place) / len(chosen) for place in sorted(set(chosen))}
