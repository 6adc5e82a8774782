"""Which candidates make the model, with which weights: what a combiner says of a sample of out-of-fold predictions.

Predictions lie on disk, one file a candidate and fold. They are read one after the other: of all candidates the rows of
the sample, of the chosen ones all rows, so that neither memory nor open files grow with candidates times folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.decisions import Decisions
from automl.ensemble.combiners.base import Combine, Combiner, combine_of, mean
from automl.ensemble.combiners.single import Single
from automl.ensemble.constants import SELECT_SHARE, STEPS
from automl.ensemble.sample import Sample
from automl.errors import ArtifactError
from automl.evaluate.stored import StoredFolds
from automl.trials.trial import Trial

Array = NDArray[Any]

ALONE = "the best candidate alone"


def too_slow(combiner: Combiner, seconds: float, scores: int, left: float | None) -> str:
    """Why a metric leaves no time for an ensemble; empty where it does.

    Parameters
    ----------
    combiner : Combiner
    seconds : float
        That one call takes.
    scores : int
        Calls in each step, one a candidate and fold.
    left : float or None
        Seconds; None is no limit.
    """
    calls = _steps(combiner) * scores
    if left is None or not seconds or not calls or calls * seconds <= SELECT_SHARE * left:
        return ""
    took = f"{seconds:.2g} s" if np.isfinite(seconds) else "too long"
    return f"No ensemble was made: the metric takes {took} a call, and {calls:,} calls would not fit."


def ensemble_weights(
    combiner: Combiner,
    trials: Sequence[Trial],
    stored: StoredFolds,
    out_of_time: Callable[[], bool],
    decisions: Decisions,
) -> dict[int, float]:
    """Weights by trial number; empty where the best candidate, which is the first, is better alone.

    Trials whose predictions are missing or damaged are left out.
    """
    if isinstance(combiner, Single):
        decisions.take("ensemble", ALONE, combiner.why)
        return {}
    sample, combine = Sample(stored.data, stored.data.folds(trials[0].rung)), combine_of(combiner)
    readable: list[Trial] = []
    parts: list[list[Array]] = []
    for trial in trials:
        try:
            parts.append([stored.prediction(trial, fold, rows) for fold, rows in enumerate(sample.rows)])
        except ArtifactError:
            continue
        readable.append(trial)
    if len(readable) < 2:
        decisions.take("ensemble", ALONE, "there is no other that can be compared with it")
        return {}
    try:
        chosen = combiner.fit(sample.seen(parts, out_of_time, averages=combine is mean))
        weights = shares({readable[place].number: weight for place, weight in chosen.items() if weight > 0})
        whole = np.inf
        if len(weights) > 1:
            whole, _ = stored.data.scores.whole(Blend(weights, readable, stored, combine).folds())
    except ArtifactError as error:
        decisions.take("ensemble", ALONE, f"No ensemble was made: {error}", tell=True)
        return {}
    except Exception as error:  # a user's metric may fail on a blend that it has not met before
        why = f"No ensemble was made: {combiner.name} or the metric failed on one ({error!r})."
        decisions.take("ensemble", ALONE, why, tell=True)
        return {}
    best, metric = readable[0].loss, stored.data.task.metric
    if best is None or not whole < best:
        decisions.take("ensemble", ALONE, f"{combiner.name} found no better one")
        return {}
    why = f"its {metric.name} of {metric.score(whole):.5g} is better than the {metric.score(best):.5g} of the best one"
    decisions.take("ensemble", f"{len(weights)} candidates", why)
    return weights


def _steps(combiner: Combiner) -> int:
    """How often a combiner asks for the losses of all candidates, at most."""
    steps = getattr(combiner, "steps", STEPS)
    return steps if isinstance(steps, int) else STEPS


def shares(weights: dict[int, float]) -> dict[int, float]:
    """Weights that sum to 1; those of a journal, which do, stay what they are."""
    total = sum(weights.values())
    return weights if abs(total - 1.0) < 1e-9 else {number: weight / total for number, weight in weights.items()}


class Blend:
    """Predictions of validation rows by several trials together, with weights by number of trial."""

    def __init__(
        self, weights: dict[int, float], trials: Sequence[Trial], stored: StoredFolds, combine: Combine
    ) -> None:
        self.weights, self.stored, self.combine = weights, stored, combine
        self.members = {trial.number: trial for trial in trials if trial.number in weights}

    def fold(self, fold: int, rows: Array | None = None) -> Array:
        """Of a fold's rows, or of some of them."""
        found = ((self.weights[n], self.stored.prediction(self.members[n], fold, rows)) for n in self.weights)
        return self.combine((weight, part.astype(np.float64)) for weight, part in found)

    def folds(self) -> list[Array]:
        """Of all rows, one array a fold."""
        first = self.members[next(iter(self.weights))]
        return [self.fold(fold) for fold in self.stored.data.folds(first.rung)]
