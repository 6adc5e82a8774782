"""Why a search stops though there is more to try: rules, each of which reads the history and gives its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from automl.trials.history import History

StopRule = Callable[[History], str | None]  # the reason to stop now, or None


@dataclass(frozen=True)
class TimeIsUp:
    """No seconds are left to the search; `left` tells how many are, None is no limit."""

    left: Callable[[], float | None]

    def __call__(self, history: History) -> str | None:
        """Look at the clock."""
        left = self.left()
        return "time_budget" if left is not None and left <= 0 else None


@dataclass(frozen=True)
class OutOfPatience:
    """As many candidates in a row brought nothing better."""

    patience: int

    def __call__(self, history: History) -> str | None:
        """Count them."""
        return "patience" if history.candidates_since_best() >= self.patience else None
