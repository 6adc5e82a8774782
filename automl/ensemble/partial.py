"""Whether a candidate that was not evaluated in full is better than what was.

A whole evaluation of a poor model must not displace half a one of a good model: with more time, the model would get
worse. Losses of some folds or of models of fewer rows are not comparable with those of whole evaluations, so the two
are compared on the rows that both have predicted. Few rows may flatter: the better one has to be so clearly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.constants import BLOCKS, CLEAR, COMPARED_ROWS
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.trials.history import History
from automl.trials.trial import Trial

Array = NDArray[Any]

Predict = Callable[[int, Array], Array]  # a fold, and places within its validation part


@dataclass(frozen=True)
class Better:
    """A partial trial, its loss and the whole model's on the same rows, and by how much it is ahead in any case."""

    trial: Trial
    loss: float
    whole: float
    ahead: float


def clearly_better(
    history: History, stored: StoredFolds, whole: Predict, out_of_time: Callable[[], bool]
) -> Better | None:
    """The partial trial that is ahead of the whole model by most; None where none is clearly better.

    Parameters
    ----------
    whole : callable
        What would be handed over otherwise: its predictions of some of a fold's validation rows.
    out_of_time : callable
        Looked at before each comparison.
    """
    found: list[Better] = []
    for trial in history.promising():
        if out_of_time():
            break
        try:
            better = _compare(trial, stored, whole)
        except Exception:  # files that are gone, or a metric that fails on some rows, such as those that lack a class
            continue
        found += [] if better is None else [better]
    return max(found, key=lambda better: better.ahead, default=None)


def _compare(trial: Trial, stored: StoredFolds, whole: Predict) -> Better | None:
    data = stored.data
    folds = [fold for fold in stored.ended_folds(trial) if fold < data.n_folds]
    if not folds:
        return None
    rows = [data.validation_rows(fold, trial.rung.rows) for fold in folds]
    theirs = [whole(fold, _places(data.splits[fold][1], part)) for fold, part in zip(folds, rows, strict=True)]
    own = [stored.prediction(trial, fold) for fold in folds]
    losses = [data.scores.over(rows, parts)[0] for parts in (own, theirs)]
    if not losses[0] < losses[1]:
        return None
    ahead = _ahead(data, np.concatenate(rows), np.concatenate(own), np.concatenate(theirs))
    return Better(trial, losses[0], losses[1], ahead) if ahead > 0 else None


def _places(valid: Array, rows: Array) -> Array:
    order = np.argsort(valid, kind="stable")
    return np.asarray(order[np.searchsorted(valid, rows, sorter=order)])


def _ahead(data: RunData, rows: Array, own: Array, theirs: Array) -> float:
    """Mean of the blocks' differences, less what chance may make of them."""
    order = np.random.default_rng(data.seed).permutation(len(rows))[:COMPARED_ROWS]
    if data.task.classes is not None:  # each block has its share of every class
        order = order[np.argsort(data.y[rows[order]], kind="stable")]
    differences = []
    for block in (order[start::BLOCKS] for start in range(BLOCKS)):
        if len(block):
            losses = [data.scores.of(rows[block], part[block]) for part in (theirs, own)]
            differences.append(losses[0] - losses[1])
    if len(differences) < BLOCKS or not np.isfinite(differences).all():
        return 0.0
    return float(np.mean(differences) - CLEAR * np.std(differences, ddof=1) / np.sqrt(BLOCKS))
