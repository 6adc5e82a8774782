"""By how much the loss of what was chosen is too low on the very rows that it was chosen on.

BBC-CV (Tsamardinos, Greasidou and Borboudakis 2018, "Bootstrapping the out-of-sample predictions for efficient and
accurate cross-validation"): rows are drawn anew, with replacement, a model is chosen by them, and scored on those that
were not drawn. Beside it, the choice of all rows is scored on the same ones: of the difference, few draws suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.combiners.base import Combine, Combiner, OutOfFold, combine_of, mean
from automl.ensemble.combiners.single import Single
from automl.ensemble.constants import CHOICES, DRAW_LEAST, DRAW_MOST, DRAW_SHARE, DRAWN_ROWS, FEWEST_CHOICES, UNASKED
from automl.ensemble.draws import Draws, loss
from automl.ensemble.sample import Sample
from automl.errors import ArtifactError
from automl.evaluate.limits import Clock
from automl.evaluate.stored import StoredFolds
from automl.trials.trial import Trial

Array = NDArray[Any]


@dataclass(frozen=True)
class Effort:
    """How much may be drawn.

    Attributes
    ----------
    seconds : float or None
        For all of it; None is no limit.
    fixed : bool
        Whether no clock is to decide, as long as all of it fits.
    known : (int, int) or None
        Draws of a recorded run.
    call_seconds : float
        That a metric of the user's own takes for a fold; 0 of metrics that are quick.
    """

    seconds: float | None = None
    fixed: bool = False
    known: tuple[int, int] | None = None
    call_seconds: float = 0.0

    @classmethod
    def of(
        cls,
        left: float | None,
        budget: float | None,
        known: tuple[int, int] | None,
        *,
        fixed: bool,
        call_seconds: float = 0.0,
    ) -> Effort:
        """A small share of the budget, if it is left; more where no clock is to decide."""
        if known is not None or (left is None and fixed):
            return cls(None, fixed, known, call_seconds)
        if left is None or budget is None:
            return cls(UNASKED, call_seconds=call_seconds)
        most = DRAW_MOST * left
        seconds = most if fixed else min(most, max(DRAW_LEAST, DRAW_SHARE * budget))
        return cls(seconds, fixed, call_seconds=call_seconds)

    def draws(self, most: int, folds: int) -> int:
        """In how many draws to score the model on all folds."""
        return self._count(most, folds * self.call_seconds) if self.known is None else self.known[0]

    def choices(self, took: float) -> int:
        """In how many draws to choose anew, where once took so many seconds."""
        return self._count(CHOICES, took) if self.known is None else self.known[1]

    def less(self, seconds: float) -> Effort:
        """What is left after so many seconds."""
        return self if self.seconds is None else replace(self, seconds=self.seconds - seconds)

    def _count(self, most: int, took: float) -> int:
        if self.seconds is None or most * took <= self.seconds:
            return most
        return 0 if self.fixed else max(0, int(self.seconds / max(took, 1e-9)))


def optimism(
    stored: StoredFolds, trials: Sequence[Trial], combiner: Combiner, belong: Array | None, effort: Effort
) -> tuple[float | None, int]:
    """In units of the loss, and of how many draws it is the mean; None where there is time for too few.

    Parameters
    ----------
    trials : sequence of Trial
        That may be chosen from, of one rung; those whose predictions cannot be read are left out.
    belong : ndarray of shape (n_rows,), optional
        Rows of one number are drawn together.
    """
    clock, data = Clock(), stored.data
    sample = Sample(data, data.folds(trials[0].rung), DRAWN_ROWS, together=data.scores.adds_up)
    combine, parts = combine_of(combiner), []
    for trial in trials:
        try:
            parts.append([stored.prediction(trial, fold, rows) for fold, rows in enumerate(sample.rows)])
        except ArtifactError:
            continue
    if len(parts) < 2:
        return 0.0, 0

    ends = None if effort.fixed or effort.known is not None else effort.seconds

    def late() -> bool:
        return ends is not None and clock.seconds() > ends

    chooser = _Chooser(combiner, combine)
    averages = combine is mean
    seen = sample.seen(parts, late, averages=averages)
    before = clock.seconds()
    whole = chooser.choose(seen)
    draws, found = Draws(sample, belong), []
    for number in range(effort.less(clock.seconds()).choices(clock.seconds() - before)):
        drawn = sample.drawn(seen, draws.places(number), averages=averages)
        again = chooser.choose(drawn)
        if late():  # the choice may have been cut short
            break
        rest = sample.drawn(seen, draws.rest(number), averages=averages)
        found.append(chooser.loss(rest, again) - chooser.loss(rest, whole))
    told = [one for one in found if np.isfinite(one)]
    share = sum(map(len, sample.rows)) / sum(len(data.splits[fold][1]) for fold in range(len(sample.rows)))
    return (max(0.0, float(np.mean(told))) * share, len(found)) if len(told) >= FEWEST_CHOICES else (None, 0)


class _Chooser:
    """Chooses as the hand-over does: what a combiner says, where that is better than the best candidate alone."""

    def __init__(self, combiner: Combiner, combine: Combine) -> None:
        self.combiner, self.combine = combiner, combine

    def choose(self, seen: OutOfFold) -> dict[int, float]:
        """Weights by place; they sum to 1."""
        losses = seen.losses(list(seen.predictions))
        order = np.argsort(np.where(np.isfinite(losses), losses, np.inf), kind="stable")
        alone = {int(order[0]): 1.0}
        if isinstance(self.combiner, Single):
            return alone
        ranked = replace(seen, predictions=[fold[order] for fold in seen.predictions])
        try:
            told = {int(order[place]): weight for place, weight in self.combiner.fit(ranked).items() if weight > 0}
        except Exception:  # a combiner of the user's own; then the best candidate is handed over
            return alone
        total = sum(told.values())
        weights = {place: weight / total for place, weight in told.items()}
        return weights if len(weights) > 1 and self.loss(seen, weights) < losses[order[0]] else alone

    def loss(self, seen: OutOfFold, weights: dict[int, float]) -> float:
        """Of a blend."""
        combine = self.combine if len(weights) > 1 else mean
        return loss(seen, [combine((weights[n], fold[n]) for n in weights) for fold in seen.predictions])
