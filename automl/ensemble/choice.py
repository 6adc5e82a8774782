"""Which candidates are averaged, with which weights: ensemble selection on a sample of the out-of-fold predictions.

Predictions lie on disk, one file a candidate and fold. They are read one after the other: of all candidates the rows of
the sample, of the chosen ones all rows, so that neither memory nor open files grow with candidates times folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.selection import select
from automl.errors import ArtifactError
from automl.evaluate.evaluator import Evaluator
from automl.space.seed import derive_seed
from automl.trials.trial import Trial

Array = NDArray[Any]

SAMPLE_ROWS = 10_000  # rows that ensemble selection looks at


def choose(
    trials: Sequence[Trial], evaluator: Evaluator, out_of_time: Callable[[], bool], notes: list[str]
) -> dict[int, float]:
    """Weights by trial number; empty where the best candidate, which is the first, is better alone.

    Trials whose predictions are missing or damaged are left out.
    """
    samples = _sample(evaluator, evaluator.folds(trials[0].rung))
    readable: list[Trial] = []
    parts: list[list[Array]] = []
    for trial in trials:
        try:
            parts.append([evaluator.prediction(trial, fold, rows) for fold, rows in enumerate(samples)])
        except ArtifactError:
            continue
        readable.append(trial)
    places = [evaluator.splits[fold][1][rows] for fold, rows in enumerate(samples)]
    try:
        chosen = select(_views(parts, places, evaluator), _losses(places, evaluator), out_of_time=out_of_time)
        weights = {readable[place].number: weight for place, weight in chosen.items()}
        if len(weights) < 2:
            return {}
        whole, _ = evaluator.loss_of(blend(readable, weights, evaluator))
    except ArtifactError as error:
        notes.append(f"No ensemble was made: {error}")
        return {}
    except Exception as error:  # a user's metric may fail on a blend that it has not met before
        notes.append(f"No ensemble was made: the metric failed on one ({error!r}).")
        return {}
    best = readable[0].loss
    return weights if best is not None and whole < best else {}


def blend(trials: Sequence[Trial], weights: dict[int, float], evaluator: Evaluator) -> list[Array]:
    """Out-of-fold predictions of an ensemble, one array a fold."""
    members = {trial.number: trial for trial in trials}
    folds = evaluator.folds(members[next(iter(weights))].rung)
    return [blend_of(members, weights, evaluator, fold) for fold in folds]


def blend_of(
    members: dict[int, Trial], weights: dict[int, float], evaluator: Evaluator, fold: int, rows: Array | None = None
) -> Array:
    """An ensemble's predictions of a fold's validation rows, or of some of them."""
    parts = (
        weight * evaluator.prediction(members[number], fold, rows).astype(np.float64)
        for number, weight in weights.items()
    )
    return np.asarray(sum(parts))


def _views(parts: list[list[Array]], places: list[Array], evaluator: Evaluator) -> list[Array]:
    """What the metric needs of the predictions: of each fold, those of all candidates."""
    metric, views = evaluator.task.metric, []
    for fold, rows in enumerate(places):
        y = evaluator.y[rows]
        found = [np.asarray(part[fold], dtype=np.float64) for part in parts]
        views.append(np.stack([metric.view(y, one) if metric.view else one for one in found]) if found else y[:0])
    return views


def _losses(places: list[Array], evaluator: Evaluator) -> Callable[[list[Array]], Array]:
    """How blends are scored: as trials are, on the rows of the sample."""
    metric = evaluator.task.metric
    truths = [evaluator.y[rows] for rows in places]
    counts = [evaluator.weights(rows) for rows in places]

    def losses(blends: list[Array]) -> Array:
        if evaluator.pooled:
            whole = [part for part in counts if part is not None]
            weight = np.concatenate(whole) if whole else None
            return metric.losses(np.concatenate(truths), np.concatenate(blends, axis=1), weight)
        folds = zip(truths, blends, counts, strict=True)
        return np.asarray(np.mean([metric.losses(y, blend, weight) for y, blend, weight in folds], axis=0))

    return losses


def _sample(evaluator: Evaluator, folds: range) -> list[Array]:
    """Row numbers within each validation part; all where they are few."""
    sizes = [len(evaluator.splits[fold][1]) for fold in folds]
    share = min(1.0, SAMPLE_ROWS / sum(sizes))
    if share == 1.0:
        return [np.arange(size) for size in sizes]
    rng = np.random.default_rng(derive_seed(evaluator.seed, "selection"))
    parts: list[Array] = []
    for (_, valid), size in zip((evaluator.splits[fold] for fold in folds), sizes, strict=True):
        order = rng.permutation(size)
        if evaluator.task.classes is not None:  # stratified: by class, then by chance
            order = order[np.argsort(evaluator.y[valid][order], kind="stable")]
        parts.append(np.sort(order[:: max(1, round(1 / share))]))
    return parts
