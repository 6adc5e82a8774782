"""What happens while the search goes on, told to callbacks; and the lines that `verbose` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl.data.metrics import Metric
from automl.output import say
from automl.schedule.budget import Budget
from automl.trials.history import History
from automl.trials.trial import Trial


@dataclass(frozen=True)
class Progress:
    """The state of a search.

    Attributes
    ----------
    seconds, seconds_left : float
        Of the budget; `seconds_left` is None without a time budget.
    trials, failures : int
        Candidates that ended, the dummy left out.
    metric : str
    best_score : float or None
        In the metric's own unit.
    best_family : str or None
    trial : Trial or None
        The one that just ended; None while waiting.
    """

    seconds: float
    seconds_left: float | None
    trials: int
    failures: int
    metric: str
    best_score: float | None
    best_family: str | None
    trial: Trial | None


class Reporter:
    """Tells callbacks of every trial that ends, and about five times a second while waiting.

    An exception in a callback is the user's to see: it ends `fit`.
    """

    def __init__(
        self,
        history: History,
        budget: Budget,
        metric: Metric,
        callbacks: Sequence[Callable[[Progress], object]],
        verbose: int = 0,
    ) -> None:
        self.history, self.budget, self.metric = history, budget, metric
        self.callbacks: list[Callable[[Progress], object]] = [*callbacks]
        if verbose:
            self.callbacks.append(Printer())

    def __call__(self, trial: Trial | None) -> None:
        """Tell every callback."""
        if not self.callbacks:
            return
        best = next(iter(self.history.searched()), None)
        ended = [t for t in self.history.candidates_trials() if t.status not in ("running", "cut")]
        progress = Progress(
            seconds=self.budget.elapsed(),
            seconds_left=self.budget.remaining(),
            trials=len({t.candidate.key for t in ended}),
            failures=sum(t.status not in ("ok", "stopped") for t in ended),
            metric=self.metric.name,
            best_score=None if best is None else self.metric.score(best.loss),
            best_family=None if best is None else best.candidate.family,
            trial=trial,
        )
        for callback in self.callbacks:
            callback(progress)


class Printer:
    """A line for every better candidate."""

    def __init__(self) -> None:
        self._best: float | None = None

    def __call__(self, progress: Progress) -> None:
        """Print where there is something better."""
        if progress.best_score is None or progress.best_score == self._best:
            return
        self._best = progress.best_score
        say(
            f"{progress.seconds:7.1f} s  {progress.trials:4d} trials  "
            f"{progress.metric} {progress.best_score:.5g}  {progress.best_family}"
        )
