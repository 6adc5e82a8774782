"""The rows that a combiner is shown, and how blends are scored on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
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

    Parameters
    ----------
    data : RunData
    folds : range
    most : int
        Rows of all folds together.
    together : bool, optional
        Whether the rows of all folds are scored at once; as trials are where not given.

    Attributes
    ----------
    rows : list of ndarray
        Their numbers within each validation part.
    places : list of ndarray
        Their numbers in the table.
    """

    def __init__(self, data: RunData, folds: range, most: int = SAMPLE_ROWS, *, together: bool | None = None) -> None:
        self.data, self.rows = data, _sample(data, folds, most)
        self.places = [data.splits[fold][1][rows] for fold, rows in enumerate(self.rows)]
        self._together = data.pooled if together is None else together

    def seen(self, parts: Sequence[Sequence[Array]], out_of_time: Callable[[], bool], *, averages: bool) -> OutOfFold:
        """What a combiner goes by; one that averages is shown what the metric needs of the predictions.

        Parameters
        ----------
        parts : sequence of sequence of ndarray
            Predictions of each candidate and fold.
        """
        folds = ([np.asarray(one, dtype=np.float64) for one in fold] for fold in zip(*parts, strict=True))
        predictions = self._views(folds, self.places) if averages else [np.stack(fold) for fold in folds]
        return OutOfFold(predictions, self._losses(self.places, averages=averages), out_of_time)

    def drawn(self, seen: OutOfFold, draw: Sequence[Array], *, averages: bool) -> OutOfFold:
        """The same of rows of `seen`, of which a draw may have some several times and others not at all.

        Parameters
        ----------
        draw : sequence over folds of ndarray
            Which of them.
        """
        predictions = [fold[:, rows] for fold, rows in zip(seen.predictions, draw, strict=True)]
        places = [fold[rows] for fold, rows in zip(self.places, draw, strict=True)]
        return replace(seen, predictions=predictions, losses=self._losses(places, averages=averages))

    def _views(self, predictions: Iterable[Sequence[Array] | Array], places: Sequence[Array]) -> list[Array]:
        view, y = self.data.task.metric.view, self.data.y
        pairs = zip(places, predictions, strict=True)
        return [np.stack([view(y[rows], one) if view else one for one in fold]) for rows, fold in pairs]

    def _losses(self, places: Sequence[Array], *, averages: bool) -> Callable[[list[Array]], Array]:
        """Losses of several blends of these rows, scored as trials are, or all together."""
        metric, y, about = self.data.task.metric, self.data.y, self.data.table.about
        together = np.concatenate(places)

        def losses(blends: list[Array]) -> Array:
            views = blends if averages else self._views(blends, places)
            if self._together:
                return metric.losses(y[together], np.concatenate(views, axis=1), about.weights(together))
            folds = zip(places, views, strict=True)
            return np.asarray(np.mean([metric.losses(y[rows], view, about.weights(rows)) for rows, view in folds], 0))

        return losses


def _sample(data: RunData, folds: range, most: int) -> list[Array]:
    """Row numbers within each validation part; all where they are few."""
    sizes = [len(data.splits[fold][1]) for fold in folds]
    share = min(1.0, most / sum(sizes))
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
