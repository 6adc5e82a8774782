"""How fast the model is to be: what candidates take to predict a row, and which of them may be chosen from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl.decisions import Decisions
from automl.ensemble.combiners.base import Combiner
from automl.ensemble.constants import FAST_SHARE
from automl.evaluate.stored import StoredFolds
from automl.trials.trial import Trial

FAST = "fast"  # the value of `refit` that asks for one model


@dataclass(frozen=True)
class Asked:
    """What the user wants of the model.

    Attributes
    ----------
    combiner : Combiner
        Says what it is made of.
    predict_ms : float or None
        Milliseconds that predicting a row may take; None is no limit.
    refit : {"auto", "fast"}
        "fast" is one model of all rows in place of an ensemble.
    reading_ms : float
        Of these milliseconds, what reading the row takes.
    """

    combiner: Combiner
    predict_ms: float | None = None
    refit: str = "auto"
    reading_ms: float = 0.0

    @property
    def for_speed(self) -> bool:
        """Whether the model is chosen for its speed, too."""
        return self.fast or self.predict_ms is not None

    @property
    def fast(self) -> bool:
        """Whether one model is to be handed over."""
        return self.refit == FAST


class Speed:
    """Keeps to what is asked, by what was measured on validation rows.

    Parameters
    ----------
    asked : Asked
    stored : StoredFolds
        Tells how many models a candidate has.
    """

    def __init__(self, asked: Asked, stored: StoredFolds) -> None:
        self.asked, self.stored = asked, stored

    def ms(self, trials: Sequence[Trial]) -> float:
        """Milliseconds a row of a model of these, if none shared a preparation; one alone is fitted on all rows."""
        alone = len(trials) == 1 or self.stored.data.n_folds == 1 or self.stored.data.forward
        taken = (
            (trial.measures.predict_ms_per_row or 0.0) * (1 if alone else self.stored.n_models(trial))
            for trial in trials
        )
        return self.asked.reading_ms + sum(taken)

    def fits(self, trials: Sequence[Trial]) -> bool:
        """Whether a model of these is fast enough."""
        return self.asked.predict_ms is None or self.ms(trials) <= self.asked.predict_ms

    def among(self, rivals: Sequence[Trial], worst: float | None, decisions: Decisions) -> list[Trial]:
        """Those that may be chosen from, the best first: one where one is asked for, or none is fast enough.

        Parameters
        ----------
        rivals : sequence of Trial
            The best first.
        worst : float or None
            Loss of a constant prediction.
        """
        limit, fitting = self.asked.predict_ms, [trial for trial in rivals if self.fits([trial])]
        if limit is not None and not fitting:
            fastest = min(rivals, key=lambda trial: self.ms([trial]))
            why = (
                f"No candidate predicts a row within predict_ms={limit:g}: the model is trial {fastest.number}, the "
                f"fastest, which takes {self.ms([fastest]):.2g} ms."
            )
            decisions.take("predict_ms", f"trial {fastest.number}", why, tell=True)
            return [fastest]
        if limit is not None:
            why = f"{len(fitting)} of {len(rivals)} candidates predict a row within {limit:g} ms"
            decisions.take("predict_ms", f"at most {limit:g} ms a row", why)
        return [self._fast(fitting, worst, decisions)] if self.asked.fast else fitting

    def limited(
        self, choose: Callable[[list[Trial], Decisions], dict[int, float]], rivals: list[Trial], decisions: Decisions
    ) -> dict[int, float]:
        """Weights of an ensemble that is fast enough: where it is not, the slowest member for its weight is left out.

        Parameters
        ----------
        choose : callable
            Gives weights by number of trial, for candidates of which the first is the best, and decides why.
        """
        left = {trial.number: trial for trial in rivals}
        while True:
            told = Decisions()
            weights = choose(list(left.values()), told)
            if not weights or self.fits([left[number] for number in weights]):
                break
            heavy = max(weights, key=lambda n: (n != rivals[0].number, self.ms([left[n]]) / weights[n]))
            del left[heavy]
        decisions.taken += told.taken
        decisions.notes += told.notes
        return weights

    def _fast(self, rivals: Sequence[Trial], worst: float | None, decisions: Decisions) -> Trial:
        best, metric = rivals[0], self.stored.data.task.metric
        if best.loss is None or worst is None:
            return best
        most = best.loss + FAST_SHARE * max(0.0, worst - best.loss)
        found = min((t for t in rivals if t.loss is not None and t.loss <= most), key=lambda t: self.ms([t]))
        why = (
            f"refit='fast': the fastest of those that keep {1 - FAST_SHARE:.0%} of what the best candidate is better "
            f"by than a constant prediction ({metric.name} {metric.score(found.loss):.5g}; the best has "
            f"{metric.score(best.loss):.5g}), {self.ms([found]):.2g} ms a row"
        )
        decisions.take("model", f"trial {found.number} alone", why)
        return found
