"""What a combiner is, and what it goes by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Weighted: TypeAlias = Iterable[tuple[float, Array]]  # predictions of the same rows, each with its weight
Combine: TypeAlias = Callable[[Weighted], Array]


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of rows by models that have not seen them, of a sample of the rows where they are many.

    Attributes
    ----------
    predictions : sequence over folds of ndarray of shape (n_candidates, n_rows, ...)
        The best candidate is the first. Where the run's metric goes by one number a row (the probability of a class,
        say), that number, of which means are what means of predictions come to; for a combiner with a `predict` of its
        own, probabilities of shape (n_candidates, n_rows, n_classes) or values.
    losses : callable
        Losses of several predictions, given like `predictions`; shape (n,).
    out_of_time : callable
        Whether to come to an end.
    """

    predictions: Sequence[Array]
    losses: Callable[[list[Array]], Array]
    out_of_time: Callable[[], bool] = lambda: False


class Combiner(Protocol):
    """Says which candidates make the model, and how much each counts.

    `fit` changes nothing of the combiner: the weights are all that a run writes down, and that a replay is given. Its
    attribute `steps`, where it has one, says how often it asks for the losses of all candidates at most; 0 is never.
    """

    name: str

    def fit(self, seen: OutOfFold) -> Mapping[int, float]:
        """Weight of each chosen candidate, by its place; one or none where the best one is to be alone."""


@runtime_checkable
class Predicts(Protocol):
    """A combiner whose candidates are not simply averaged."""

    def predict(self, parts: Weighted) -> Array:
        """One prediction of several with their weights, which sum to 1; a candidate's fold models share its weight."""


def mean(parts: Weighted) -> Array:
    """Weighted mean of predictions."""
    return np.asarray(sum(weight * part for weight, part in parts))


def combine_of(combiner: Combiner) -> Combine:
    """What makes one prediction of several."""
    return combiner.predict if isinstance(combiner, Predicts) else mean
