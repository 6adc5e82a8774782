"""The rows that a combiner is shown, and how blends are scored on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.combiners.base import OutOfFold
from automl.ensemble.constants import SAMPLE_ROWS
from automl.evaluate.run_data import RunData
from automl.space.seed import derive_seed

Array = NDArray[Any]


class Sample:
    """Some validation rows of each fold; all where they are few.

    Attributes
    ----------
    rows : list of ndarray
        Their numbers within each validation part.
    """

    def __init__(self, data: RunData, folds: range) -> None:
        self.data, self.rows = data, _sample(data, folds)
        places = [data.splits[fold][1][rows] for fold, rows in enumerate(self.rows)]
        self._truths = [data.y[rows] for rows in places]
        self._counts = [data.table.about.weights(rows) for rows in places]

    def seen(self, parts: list[list[Array]], out_of_time: Callable[[], bool], *, averages: bool) -> OutOfFold:
        """What a combiner goes by; one that averages is shown what the metric needs of the predictions.

        Parameters
        ----------
        parts : list of list of ndarray
            Predictions of each candidate and fold.
        """
        folds = ([np.asarray(one, dtype=np.float64) for one in fold] for fold in zip(*parts, strict=True))
        if averages:
            return OutOfFold(self._views(folds), self._losses, out_of_time)
        stacked = [np.stack(fold) for fold in folds]
        return OutOfFold(stacked, lambda blends: self._losses(self._views(blends)), out_of_time)

    def _views(self, predictions: Iterable[Sequence[Array] | Array]) -> list[Array]:
        view = self.data.task.metric.view
        pairs = zip(self._truths, predictions, strict=True)
        return [np.stack([view(y, one) if view else one for one in fold]) for y, fold in pairs]

    def _losses(self, views: list[Array]) -> Array:
        """Losses of several blends, scored as trials are."""
        metric = self.data.task.metric
        if self.data.pooled:
            whole = [part for part in self._counts if part is not None]
            weight = np.concatenate(whole) if whole else None
            return metric.losses(np.concatenate(self._truths), np.concatenate(views, axis=1), weight)
        folds = zip(self._truths, views, self._counts, strict=True)
        return np.asarray(np.mean([metric.losses(y, view, weight) for y, view, weight in folds], axis=0))


def _sample(data: RunData, folds: range) -> list[Array]:
    """Row numbers within each validation part; all where they are few."""
    sizes = [len(data.splits[fold][1]) for fold in folds]
    share = min(1.0, SAMPLE_ROWS / sum(sizes))
    if share == 1.0:
        return [np.arange(size) for size in sizes]
    rng = np.random.default_rng(derive_seed(data.seed, "selection"))
    parts: list[Array] = []
    for (_, valid), size in zip((data.splits[fold] for fold in folds), sizes, strict=True):
        order = rng.permutation(size)
        if data.task.classes is not None:  # stratified: by class, then by chance
            order = order[np.argsort(data.y[valid][order], kind="stable")]
        parts.append(np.sort(order[:: max(1, round(1 / share))]))
    return parts
