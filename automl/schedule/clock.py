"""The clock of a run: how much of its time is over, and how much is left."""

from __future__ import annotations

import time
from collections.abc import Callable


class RunClock:
    """Seconds of a run; it starts when it is made, or at `started`.

    Parameters
    ----------
    limit : float or None
        Seconds until `fit` returns; None is no limit.
    started : float, optional
        Reading of `now` when the run began; the present one where not given.
    now : callable
        Monotonic seconds; for tests.
    """

    def __init__(
        self, limit: float | None = None, started: float | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit, self._now = limit, now
        self._start = now() if started is None else started
        self._spent = 0.0

    def resume(self, spent: float, reserve: float) -> None:
        """Count the seconds that an earlier session of the run took, as long as the reserve is still left."""
        if self.limit is not None:
            spent = min(spent, max(0.0, self.limit - reserve - self.elapsed()))
        self._spent = spent

    def elapsed(self) -> float:
        """Seconds of the run so far, earlier sessions included."""
        return self._now() - self._start + self._spent

    def remaining(self) -> float | None:
        """Seconds until `fit` has to return; None is no limit."""
        return None if self.limit is None else self.limit - self.elapsed()

    def late(self, share: float) -> Callable[[], bool]:
        """Whether a share of the seconds that this session began with is over, to be asked again and again."""
        if self.limit is None:
            return lambda: False
        ends = self._start + share * (self.limit - self._spent)
        return lambda: self._now() >= ends
