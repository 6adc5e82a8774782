"""Which rows a fold has where a rung leaves some out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.data.splits import Split, nested_order
from automl.space.seed import derive_seed

Array = NDArray[Any]

LOOK_ROWS = 5_000  # validation rows of a fold that are scored at least, where training rows are left out


@dataclass(frozen=True)
class Shares:
    """Shares of the rows of folds; a smaller one lies within a larger one.

    Parameters
    ----------
    splits : list of (train, validation) row numbers
    seed : int
        The run's.
    labels : ndarray of shape (n_rows,) or None
        Coded classes, which keep their shares.
    time : ndarray of shape (n_rows,) or None
        Of each row; then the latest ones are kept.
    """

    splits: list[Split]
    seed: int
    labels: Array | None
    time: Array | None

    def training(self, fold: int, share: float) -> Array:
        """Row numbers of a share of a fold's training rows."""
        train = self.splits[fold][0]
        return train if share >= 1 else self._some(train, round(share * len(train)), fold)

    def validation(self, fold: int, share: float) -> Array:
        """Row numbers that a fold is scored on: where training rows are left out, not more than tell enough."""
        valid = self.splits[fold][1]
        enough = max(LOOK_ROWS, round(share * len(valid)))
        return valid if share >= 1 or len(valid) <= enough else self._some(valid, enough, fold)

    def _some(self, rows: Array, count: int, fold: int) -> Array:
        labels, time = (None if known is None else known[rows] for known in (self.labels, self.time))
        order = nested_order(len(rows), derive_seed(self.seed, "rows", fold), labels, time)
        return np.sort(rows[order[: max(1, count)]])
