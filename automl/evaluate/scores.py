"""How good predictions of a run's rows are, every candidate's in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluate.constants import TRAIN_SAMPLE
from automl.space.seed import derive_seed
from automl.tables.rows import Rows
from automl.tasks.metrics import Metric
from automl.validation.splits import Split

Array = NDArray[Any]


class InvalidPredictionError(ValueError):
    """A model predicted something that is no finite number."""


@dataclass(frozen=True)
class Scores:
    """Losses of predictions, each row by its weight.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,)
        Coded target.
    about : Rows
        What is known of the rows.
    splits : list of (train, validation) row numbers
    pooled : bool
        Whether all rows are scored together, because some fold lacks a class that the metric needs.
    """

    metric: Metric
    y: Array
    about: Rows
    splits: list[Split]
    pooled: bool

    def of(self, rows: Array, prediction: Array) -> float:
        """Loss of the predictions of some rows."""
        return self.metric.loss(self.y[rows], prediction, self.about.weights(rows))

    def fold(self, fold: int, prediction: Array) -> float | None:
        """Loss of a fold; None where it lacks a class that the metric needs, which pooled runs do without."""
        try:
            loss = self.of(self.splits[fold][1], prediction)
        except ValueError:
            if not self.pooled:
                raise
            return None
        if np.isfinite(loss):
            return loss
        return None if self.pooled else self.finite(loss)

    def training(self, rows: Array, prediction: Array) -> float | None:
        """For people to look at only; None where it has no value."""
        try:
            loss = self.of(rows, prediction)
        except ValueError:  # a scorer that needs a class which these rows lack
            return None
        return loss if np.isfinite(loss) else None

    def whole(self, predictions: list[Array]) -> tuple[float, tuple[float, ...]]:
        """Loss of out-of-fold predictions, one array a fold, and the losses of the folds."""
        return self.over([valid for _, valid in self.splits[: len(predictions)]], predictions)

    @property
    def adds_up(self) -> bool:
        """Whether rows of all folds may be scored at once, as new rows are: ranks by several models cannot be mixed."""
        return self.pooled or not self.metric.needs_all_classes

    def together(self, predictions: list[Array]) -> float:
        """Loss of out-of-fold predictions, of all rows at once where that is one of the rows and not of their ranks."""
        if not self.adds_up:
            return self.whole(predictions)[0]
        rows = np.concatenate([valid for _, valid in self.splits[: len(predictions)]])
        return self.of(rows, np.concatenate(predictions))

    def over(self, rows: list[Array], predictions: list[Array]) -> tuple[float, tuple[float, ...]]:
        """The same of some rows of each fold."""
        if self.pooled:
            return self.of(np.concatenate(rows), np.concatenate(predictions)), ()
        losses = tuple(self.of(one, part) for one, part in zip(rows, predictions, strict=True))
        return float(np.mean(losses)), losses

    def finite(self, loss: float) -> float:
        """The loss, if it is a number.

        Raises
        ------
        InvalidPredictionError
            If it is none.
        """
        if not np.isfinite(loss):
            raise InvalidPredictionError(f"the metric {self.metric.name} is no finite number on these predictions")
        return loss

    def sample(self, fold: int, seed: int, *, classify: bool) -> Array:
        """Training rows of a fold that its training score looks at."""
        train = self.splits[fold][0]
        if len(train) <= TRAIN_SAMPLE:
            return train
        rng = np.random.default_rng(derive_seed(seed, "train", fold))
        rows = np.sort(rng.choice(train, TRAIN_SAMPLE, replace=False))
        if classify:  # a rare class must not be lost: some metrics need all
            rows = np.union1d(rows, train[np.unique(self.y[train], return_index=True)[1]])
        return rows
