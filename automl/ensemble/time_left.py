"""The time that is left for making the model."""

from __future__ import annotations

from collections.abc import Sequence

from automl.ensemble.constants import LEAST_SECONDS, SPARE, SPARE_ROW
from automl.schedule.budget import Budget
from automl.trials.trial import Trial


class TimeLeft:
    """Seconds until `fit` is to return; None is no limit.

    Parameters
    ----------
    budget : Budget
    rows : int
        Of the table: its files take a while to go.
    """

    def __init__(self, budget: Budget, rows: int) -> None:
        self._budget, self._spare = budget, SPARE + SPARE_ROW * rows

    def seconds(self) -> float | None:
        """Until then, less what is not predicted."""
        left = self._budget.remaining()
        return None if left is None else left - self._spare

    def handling(self, size: float, written: float = 0.0) -> float:
        """Seconds that loading and saving models of so many bytes takes; `written` is what writing them took."""
        return self._budget.handling_seconds(size, written)

    def before_handling(self, trials: Sequence[Trial]) -> float | None:
        """Seconds until models of these trials must be ready, so that they can be loaded and saved."""
        left = self.seconds()
        return None if left is None else left - self._of(trials)

    def over(self, trials: Sequence[Trial]) -> bool:
        """Whether there is time for nothing but to load and save models of these trials."""
        left = self.before_handling(trials)
        return left is not None and left < LEAST_SECONDS

    def _of(self, trials: Sequence[Trial]) -> float:
        written = sum(trial.measures.write_seconds for trial in trials)
        return self.handling(sum(trial.measures.model_bytes for trial in trials), written)
