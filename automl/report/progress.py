"""What happens while the search goes on, told to callbacks; and the lines that `verbose` prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl.output import say
from automl.schedule.budget import Budget
from automl.tasks.metrics import Metric
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
    best_repeats : int
        Cross-validations that `best_score` is of: above 1 once those that were repeated rank.
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
    best_repeats: int = 1


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
            best_repeats=1 if best is None else int(best.rung.folds),
        )
        for callback in self.callbacks:
            callback(progress)


class Printer:
    """A line for every better candidate."""

    def __init__(self) -> None:
        self._best: float | None = None
        self._repeats = 1

    def __call__(self, progress: Progress) -> None:
        """Print where there is something better."""
        if progress.best_score is None or progress.best_score == self._best:
            return
        anew = progress.best_repeats > self._repeats
        self._best, self._repeats = progress.best_score, progress.best_repeats
        why = f"  (now of {self._repeats} cross-validations, on which the best rank anew)" if anew else ""
        say(
            f"{progress.seconds:7.1f} s  {progress.trials:4d} trials  "
            f"{progress.metric} {progress.best_score:.5g}  {progress.best_family}{why}"
        )
