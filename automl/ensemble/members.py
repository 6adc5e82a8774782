"""Fold models and predictions of trials, as far as their files can be read, and read in time."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from automl.decisions import Decisions
from automl.ensemble.best import numbered
from automl.ensemble.combiners.base import Combine
from automl.ensemble.predictor import Member
from automl.ensemble.time_left import TimeLeft
from automl.ensemble.weights import Blend, shares
from automl.errors import ArtifactError
from automl.evaluate.stored import StoredFolds
from automl.schedule.constants import LOAD_BYTES
from automl.trials.history import History
from automl.trials.trial import DUMMY, Trial

Array = NDArray[Any]


class Members:
    """Makes members of a model of trials; what cannot be read costs the trials that it belongs to."""

    def __init__(self, history: History, stored: StoredFolds, left: TimeLeft, decisions: Decisions) -> None:
        self.history, self.stored, self.left, self.decisions = history, stored, left, decisions
        self._lost: dict[int, None] = {}  # trials whose files cannot be read

    def load(self, trial: Trial, weights: dict[int, float]) -> tuple[Trial, list[Member], dict[int, float]]:
        """The members' fold models, the heaviest weights first, as long as there is time; else those of one trial."""
        members: list[Member] = []
        size = trial.measures.model_bytes // max(1, trial.folds)  # of the refitted pipeline
        loaded: dict[int, float] = {}
        for number in sorted(weights, key=lambda number: -weights[number]):
            member, left = self.history.trials[number], self.left.seconds()
            saving = self.left.handling(size) - size / LOAD_BYTES  # of what was loaded before
            if left is not None and members and self.left.handling(member.measures.model_bytes) + saving > left:
                why = f"Trial {number} was left out of the ensemble: no time was left to load its models."
                self.decisions.take("ensemble", f"without trial {number}", why, tell=True)
            elif (found := self.of(member, weights[number])) is not None:
                members.append(found)
                loaded[number] = weights[number]
                size += member.measures.model_bytes
        if len(members) > 1:
            loaded = shares(loaded)
            for one, weight in zip(members, loaded.values(), strict=True):
                one.weight = weight
            return trial, members, loaded
        others = [t for t in self.history.kept() if t.origin != DUMMY and t is not trial]
        for one_trial in [*(self.history.trials[number] for number in loaded), trial, *others]:
            if (found := self.of(one_trial)) is not None:
                return one_trial, [found], {}
        return trial, [], {}

    def of(self, trial: Trial, weight: float = 1.0) -> Member | None:
        """A trial with its fold models; None where they cannot be read."""
        try:
            return Member(trial.candidate.text, weight, self.stored.models(trial))
        except ArtifactError:
            self._lost[trial.number] = None
            return None

    def out_of_fold(self, trial: Trial, weights: dict[int, float], combine: Combine) -> list[Array]:
        """Validation predictions of the ensemble, or of the trial: of its first folds where there are no others."""
        try:
            if weights:
                return Blend(weights, self.history.trials, self.stored, combine).folds()
            if trial.complete:
                return self.stored.out_of_fold(trial)
            folds = self.stored.ended_folds(trial) if trial.rung.rows >= 1 else []
            return [self.stored.prediction(trial, fold) for fold in folds if folds == list(range(len(folds)))]
        except ArtifactError:
            return []

    def tell_lost(self, trial: Trial, *, anew: bool) -> None:
        """Say what files that cannot be read have cost; `anew` is where the trial was fitted again for that."""
        if not self._lost:
            return
        without = f"without {numbered([*map(str, self._lost)])}"
        why = "Files of the run are missing or damaged"
        if anew and trial.origin == DUMMY:
            why += ", so that the model is a constant prediction; fit it again."
        elif anew:
            why += f": the model is trial {trial.number}, fitted on all rows."
        else:
            why += f": the model is {without}."
        self.decisions.take("model", f"trial {trial.number}, fitted anew" if anew else without, why, tell=True)
