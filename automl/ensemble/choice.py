"""What the model is made of: an ensemble, the best candidate, or one that was not evaluated in full."""

from __future__ import annotations

from dataclasses import dataclass

from automl.decisions import Decisions
from automl.ensemble.best import best, had, known_alone
from automl.ensemble.combiners.base import combine_of, mean
from automl.ensemble.partial import Better, clearly_better
from automl.ensemble.speed import Asked, Speed
from automl.ensemble.time_left import TimeLeft
from automl.ensemble.weights import ALONE, Blend, ensemble_weights
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.schedule.constants import MEMBERS
from automl.trials.history import History
from automl.trials.trial import DUMMY, Trial


@dataclass(frozen=True)
class Choice:
    """What the model is made of.

    Attributes
    ----------
    first : Trial
        The best candidate's.
    trial : Trial
        Whose the model is where there is no ensemble.
    weights : dict
        Of the ensemble, by number of trial; empty without one.
    whole : bool
        Whether it is made of candidates that were evaluated in full, the dummy left out.
    alone : bool
        Whether it is to be one model of all rows, and not one a fold.
    """

    first: Trial
    trial: Trial
    weights: dict[int, float]
    whole: bool
    alone: bool = False

    @classmethod
    def of(
        cls,
        history: History,
        stored: StoredFolds,
        asked: Asked,
        left: TimeLeft,
        known: dict[int, float] | None,
        decisions: Decisions,
    ) -> Choice:
        """Choose, or do as a recorded run did, of which the weights are `known`."""
        first = known_alone(history, known) or best(history, stored)
        if not first.complete or first.origin == DUMMY:
            return cls(first, first, {}, whole=False)
        if known is not None:
            several = known if len(known) > 1 else {}
            decisions.take("ensemble", f"{len(several)} candidates" if several else ALONE, "as in the recorded run")
            return cls(first, first, several, whole=True, alone=asked.for_speed and not several)
        rivals = [t for t in history.kept() if t.rung == first.rung and t.origin != DUMMY]

        def out_of_time() -> bool:
            return left.over(history.searched()[:MEMBERS])

        speed, dummy = Speed(asked, stored), next(trial for trial in history.trials if trial.origin == DUMMY)
        rivals = speed.among(rivals[rivals.index(first) :], dummy.loss, decisions)
        if asked.fast:
            return cls(rivals[0], rivals[0], {}, whole=True, alone=True)

        def choose(among: list[Trial], told: Decisions) -> dict[int, float]:
            return ensemble_weights(asked.combiner, among, stored, out_of_time, told)

        first, weights = rivals[0], speed.limited(choose, rivals, decisions)
        combine = combine_of(asked.combiner) if weights else mean
        model = Blend(weights or {first.number: 1.0}, rivals, stored, combine)
        partial = clearly_better(history, stored, model.fold, out_of_time)
        if partial is None or not speed.fits([partial.trial]):
            return cls(first, first, weights, whole=True, alone=asked.for_speed and not weights)
        _tell_partial(partial, stored.data, decisions)
        return cls(first, partial.trial, {}, whole=False)


def _tell_partial(better: Better, data: RunData, decisions: Decisions) -> None:
    trial, metric = better.trial, data.task.metric
    why = (
        f"The model is trial {trial.number}, which was not evaluated in full ({had(trial, data)}): "
        f"there, its {metric.name} of {metric.score(better.loss):.5g} is clearly better than the "
        f"{metric.score(better.whole):.5g} of what was; give it more time."
    )
    decisions.take("model", f"trial {trial.number}", why, tell=True)
