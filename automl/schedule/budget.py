"""The budget: when the search must stop, whatever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from automl.trials.history import History
from automl.trials.trial import Trial

HAND_OVER_SHARE = 0.1  # of the budget, kept for what comes after the search
HAND_OVER_LEAST = 1.0  # seconds
READ_SHARE = 0.5  # after which no column is read but plain numbers, and those that the user names
CHECK_SHARE = 0.35  # after which nothing is checked that may be left out
MOST_SHARE = 0.2  # of the budget, that the hand-over may get when it turns out to need more


LOAD_BYTES = 2e8  # a second, of models read and unpickled
SAVE_BYTES = 1.5e8  # a second, of models pickled and written
MEMBERS = 5  # candidates that an ensemble usually has


def refit_seconds(trial: Trial, folds: int) -> float:
    """What fitting a complete trial's candidate on all rows will take."""
    per_fold = (trial.prepare_seconds + trial.fit_seconds) / (folds * trial.rung.folds)
    return 1.2 * per_fold * folds / max(1, folds - 1)


class Budget:
    """Seconds, trials and patience of a run; the clock starts when it is made, or at `started`.

    Parameters
    ----------
    time_budget : float or None
        Seconds until `fit` returns; None is no limit.
    max_trials : int or None
        Candidates, the dummy left out.
    patience : int or None
        Candidates without a better score after which the search stops.
    saving : bool
        Whether the hand-over ends with writing the model to disk.
    started : float, optional
        Reading of the clock when the run began; now where not given.
    clock : callable
        Monotonic seconds; for tests.
    """

    def __init__(
        self,
        time_budget: float | None = None,
        max_trials: int | None = None,
        patience: int | None = None,
        started: float | None = None,
        *,
        saving: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.time_budget, self.max_trials, self.patience = time_budget, max_trials, patience
        self.saving = saving
        self._clock = clock
        self._start = clock() if started is None else started
        self._spent = 0.0
        self._reserve = 0.0
        self._refits = True  # whether there is time to fit the best candidate on all rows

    def resume(self, spent: float) -> None:
        """Count the seconds that an earlier session of the run took, as long as the hand-over still fits."""
        if self.time_budget is not None:
            spent = min(spent, max(0.0, self.time_budget - self._default_reserve() - self.elapsed()))
        self._spent = spent

    def elapsed(self) -> float:
        """Seconds of the run so far, earlier sessions included."""
        return self._clock() - self._start + self._spent

    def remaining(self) -> float | None:
        """Seconds until `fit` has to return; None is no limit."""
        return None if self.time_budget is None else self.time_budget - self.elapsed()

    def late(self, share: float) -> Callable[[], bool]:
        """Whether a share of the seconds that this session began with is over, to be asked again and again."""
        if self.time_budget is None:
            return lambda: False
        ends = self._start + share * (self.time_budget - self._spent)
        return lambda: self._clock() >= ends

    # ---- the part of it that belongs to the search

    def _default_reserve(self) -> float:
        assert self.time_budget is not None
        return min(max(HAND_OVER_LEAST, HAND_OVER_SHARE * self.time_budget), 0.5 * self.time_budget)

    def _most_reserve(self) -> float:
        """What is set aside at most: a refit that takes longer is left out."""
        assert self.time_budget is not None
        return max(self._default_reserve(), MOST_SHARE * self.time_budget)

    def less_hand_over(self) -> Budget:
        """This budget with the hand-over's seconds set aside; the clock is the same."""
        view = Budget.__new__(Budget)
        view.__dict__.update(self.__dict__)
        if self.time_budget is not None:
            view._reserve = self._default_reserve()
        return view

    def expect_hand_over(self, history: History, folds: int) -> None:
        """Adjust what is set aside to what the hand-over would take if the search ended now."""
        best = history.searched()[:10]
        if self.time_budget is not None and best:
            size = MEMBERS * sum(trial.model_bytes for trial in best) / len(best)
            least = max(self._default_reserve() / 3, HAND_OVER_LEAST)
            seconds = self.handling_seconds(size) + HAND_OVER_LEAST / 2
            most, refit = self._most_reserve(), refit_seconds(best[0], folds)
            self._refits = seconds + refit <= most  # what does not fit is left out, so nothing is kept for it
            self._reserve = min(max(least, seconds + refit * self._refits), most)

    def handling_seconds(self, size: float) -> float:
        """Seconds that it takes to load that many bytes of models, and to save them where that is asked."""
        return size / LOAD_BYTES + (size / SAVE_BYTES if self.saving else 0.0)

    @property
    def search_seconds(self) -> float | None:
        """Seconds that the search has in all; None is no limit."""
        return None if self.time_budget is None else self.time_budget - self._reserve

    def search_left(self) -> float | None:
        """Seconds that the search still has; None is no limit."""
        return None if self.search_seconds is None else self.search_seconds - self.elapsed()

    def search_ends(self) -> float | None:
        """When the search ends at the earliest, on `time.monotonic`'s clock; None is never.

        The hand-over may turn out to need more than is set aside now: a long job should be ready even then.
        """
        if self.time_budget is None or (left := self.search_left()) is None:
            return None
        earliest = left + self._reserve - self._most_reserve() if self._refits else left
        return time.monotonic() + (earliest if earliest > 0 else left)

    def must_stop(self, history: History) -> str | None:
        """Why the search must stop now, or None.

        Reaching `max_trials` is not looked at here: what was started before is still to be waited for.
        """
        left = self.search_left()
        if left is not None and left <= 0:
            return "time_budget"
        if self.patience is not None and history.stale() >= self.patience:
            return "patience"
        return None
