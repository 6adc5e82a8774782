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

from automl.evaluate.evaluator import Evaluator
from automl.trials.history import History
from automl.trials.trial import Trial

Array = NDArray[Any]

BLOCKS = 10  # of the common rows, each scored by itself
CLEAR = 2.0  # standard errors of the blocks' paired differences
MOST_ROWS = 50_000  # that are looked at

Predict = Callable[[int, Array], Array]  # a fold, and places within its validation part


@dataclass(frozen=True)
class Better:
    """A partial trial, its loss and the whole model's on the same rows, and by how much it is ahead in any case."""

    trial: Trial
    loss: float
    whole: float
    ahead: float


def clearly_better(
    history: History, evaluator: Evaluator, whole: Predict, out_of_time: Callable[[], bool]
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
            better = _compare(trial, evaluator, whole)
        except Exception:  # files that are gone, or a metric that fails on some rows, such as those that lack a class
            continue
        found += [] if better is None else [better]
    return max(found, key=lambda better: better.ahead, default=None)


def _compare(trial: Trial, evaluator: Evaluator, whole: Predict) -> Better | None:
    folds = [fold for fold in evaluator.ended_folds(trial) if fold < evaluator.n_folds]
    if not folds:
        return None
    rows = [evaluator.shares.validation(fold, trial.rung.rows) for fold in folds]
    theirs = [whole(fold, _places(evaluator.splits[fold][1], part)) for fold, part in zip(folds, rows, strict=True)]
    own = [evaluator.prediction(trial, fold) for fold in folds]
    losses = [_loss(evaluator, rows, parts) for parts in (own, theirs)]
    if not losses[0] < losses[1]:
        return None
    ahead = _ahead(evaluator, np.concatenate(rows), np.concatenate(own), np.concatenate(theirs))
    return Better(trial, losses[0], losses[1], ahead) if ahead > 0 else None


def _places(valid: Array, rows: Array) -> Array:
    order = np.argsort(valid, kind="stable")
    return np.asarray(order[np.searchsorted(valid, rows, sorter=order)])


def _loss(evaluator: Evaluator, rows: list[Array], parts: list[Array]) -> float:
    scores = evaluator.scores
    if evaluator.pooled:
        return scores.of(np.concatenate(rows), np.concatenate(parts))
    return float(np.mean([scores.of(one, part) for one, part in zip(rows, parts, strict=True)]))


def _ahead(evaluator: Evaluator, rows: Array, own: Array, theirs: Array) -> float:
    """Mean of the blocks' differences, less what chance may make of them."""
    order = np.random.default_rng(evaluator.seed).permutation(len(rows))[:MOST_ROWS]
    if evaluator.task.classes is not None:  # each block has its share of every class
        order = order[np.argsort(evaluator.y[rows[order]], kind="stable")]
    differences = []
    for block in (order[start::BLOCKS] for start in range(BLOCKS)):
        if len(block):
            losses = [evaluator.scores.of(rows[block], part[block]) for part in (theirs, own)]
            differences.append(losses[0] - losses[1])
    if len(differences) < BLOCKS or not np.isfinite(differences).all():
        return 0.0
    return float(np.mean(differences) - CLEAR * np.std(differences, ddof=1) / np.sqrt(BLOCKS))
