"""What of the time is kept for the hand-over, by what the trials so far tell of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.schedule.constants import (
    FEWEST_ROUNDS,
    HAND_OVER_LEAST,
    HAND_OVER_MOST,
    HAND_OVER_SHARE,
    HOLDOUT_MOST,
    LOAD_BYTES,
    MEMBERS,
    REFITTED,
    SAVE_BYTES,
)
from automl.schedule.cost import speedup
from automl.space.candidate import STACK
from automl.space.space import Space
from automl.trials.history import History
from automl.trials.trial import Trial


@dataclass(frozen=True)
class Reserve:
    """Seconds that are set aside for the hand-over.

    Attributes
    ----------
    seconds : float
        As far as is known now.
    most : float
        What they may come to by the end of the search.
    """

    seconds: float = 0.0
    most: float = 0.0

    @classmethod
    def at_first(cls, time_budget: float | None, folds: int = 0) -> Reserve:
        """What is kept as long as nothing is known; more may be needed later where one fold is a hold-out."""
        if time_budget is None:
            return cls()
        seconds = min(max(HAND_OVER_LEAST, HAND_OVER_SHARE * time_budget), 0.5 * time_budget)
        return cls(seconds, max(seconds, (HOLDOUT_MOST if folds == 1 else HAND_OVER_MOST) * time_budget))

    @classmethod
    def expected(
        cls, time_budget: float | None, history: History, folds: int, n_jobs: int = 1, *, saving: bool = False
    ) -> Reserve:
        """What the hand-over would take if the search ended now; a refit that does not fit is left out."""
        first, best = cls.at_first(time_budget, folds), history.searched()[:10]
        if time_budget is None or not best:
            return first
        size = MEMBERS * sum(trial.measures.model_bytes for trial in best) / len(best)
        written = MEMBERS * sum(trial.measures.write_seconds for trial in best) / len(best)
        seconds = handling_seconds(size, written, saving=saving) + HAND_OVER_LEAST / 2
        room = first.most - seconds
        refit = _members_seconds(best, history.space, n_jobs, room) if folds == 1 else refit_seconds(best[0], folds)
        fits = seconds + refit <= first.most
        kept = max(first.seconds / 3, HAND_OVER_LEAST, seconds + (refit if fits else 0.0))
        kept = min(kept, first.most)
        return cls(kept, first.most if fits else kept)


def handling_seconds(size: float, written: float = 0.0, *, saving: bool) -> float:
    """Seconds that it takes to load that many bytes of models, and to save them where that is asked.

    `written` is what workers took to write them: many trees of LightGBM take ten times as long as their bytes say.
    """
    return size / LOAD_BYTES + (max(size / SAVE_BYTES, written) if saving else 0.0)


def refit_seconds(trial: Trial, folds: int) -> float:
    """What fitting a complete trial's candidate on all rows will take, on one thread."""
    per_fold = (trial.measures.prepare_seconds + trial.measures.fit_seconds) / (folds * trial.rung.folds)
    per_fold *= speedup(trial.threads)
    return 1.2 * per_fold * folds / max(1, folds - 1)


def shortens(trial: Trial, space: Space) -> bool:
    """Whether a refit can be made of fewer rounds: its time is that of one boosting."""
    root = trial.candidate.root
    boosted = space.component(trial.candidate.family).adapter == "boosting" and "learning_rate" in dict(root.params)
    return boosted and trial.rounds is not None and STACK not in trial.candidate.text


def _members_seconds(best: Sequence[Trial], space: Space, n_jobs: int, room: float) -> float:
    """What fitting the members of an ensemble on all rows will take side by side, `room` at most; infinite if too long.

    After a hold-out all of them are; those that would take too long are shortened, or are not.
    """
    needed = [(refit_seconds(trial, 1), FEWEST_ROUNDS if shortens(trial, space) else 1.0) for trial in best[:REFITTED]]
    fitting = [seconds for seconds, least in needed if least * seconds / speedup(n_jobs) <= room]
    if not fitting:
        return math.inf
    return min(room, max(max(fitting) / speedup(n_jobs), sum(fitting) / n_jobs))
