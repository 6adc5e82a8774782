"""The budget: when the search must stop, whatever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from automl.schedule.clock import RunClock
from automl.schedule.reserve import Reserve, handling_seconds
from automl.schedule.stopping import OutOfPatience, StopRule, TimeIsUp
from automl.trials.history import History


class Budget:
    """Seconds, trials and patience of a run: its clock, what of it is kept for the hand-over, and rules to stop by.

    Parameters
    ----------
    time_budget : float or None
        Seconds until `fit` returns; None is no limit.
    max_trials : int or None
        Candidates, the dummy left out.
    patience : int or None
        Candidates without a better score after which the search stops.
    started : float, optional
        Reading of the clock when the run began; now where not given.
    saving : bool
        Whether the hand-over ends with writing the model to disk.
    clock : callable
        Monotonic seconds; for tests.

    Attributes
    ----------
    reserve : Reserve
        What is kept for the hand-over; the loop tells as trials end.
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
        self.time_budget, self.max_trials, self.saving = time_budget, max_trials, saving
        self.clock = RunClock(time_budget, started, clock)
        self.reserve = Reserve.at_first(time_budget)
        self.rules: list[StopRule] = [TimeIsUp(self.search_left)]
        self.rules += [] if patience is None else [OutOfPatience(patience)]

    def resume(self, spent: float) -> None:
        """Count the seconds that an earlier session of the run took, as long as the hand-over still fits."""
        self.clock.resume(spent, self.reserve.seconds)

    def elapsed(self) -> float:
        """Seconds of the run so far, earlier sessions included."""
        return self.clock.elapsed()

    def remaining(self) -> float | None:
        """Seconds until `fit` has to return; None is no limit."""
        return self.clock.remaining()

    def late(self, share: float) -> Callable[[], bool]:
        """Whether a share of the seconds that this session began with is over, to be asked again and again."""
        return self.clock.late(share)

    def handling_seconds(self, size: float, written: float = 0.0) -> float:
        """Seconds that it takes to load that many bytes of models, and to save them where that is asked."""
        return handling_seconds(size, written, saving=self.saving)

    # ---- the part of it that belongs to the search

    @property
    def search_seconds(self) -> float | None:
        """Seconds that the search has in all; None is no limit."""
        return None if self.time_budget is None else self.time_budget - self.reserve.seconds

    def search_left(self) -> float | None:
        """Seconds that the search still has; None is no limit."""
        return None if self.search_seconds is None else self.search_seconds - self.elapsed()

    def search_ends_after(self) -> float | None:
        """Seconds after which the search ends at the earliest; None is never.

        The hand-over may turn out to need more than is set aside now: a long job should be ready even then.
        """
        if (left := self.search_left()) is None:
            return None
        earliest = left + self.reserve.seconds - self.reserve.most
        return earliest if earliest > 0 else left

    def must_stop(self, history: History) -> str | None:
        """Why the search must stop now, or None.

        Reaching `max_trials` is not looked at here: what was started before is still to be waited for.
        """
        return next((why for rule in self.rules if (why := rule(history)) is not None), None)
