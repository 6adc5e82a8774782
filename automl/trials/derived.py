"""What is derived of the trials of a history, for those who would otherwise look at all of them again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from automl.trials.history import History
from automl.trials.trial import Trial

T = TypeVar("T")


class Derived(Generic[T]):
    """Something that is kept up with a history: each state of a trial is looked at once.

    As it says nothing that the history does not, whoever keeps one has no state of their own.

    Parameters
    ----------
    empty : callable
        What is derived of no trial.
    add : callable
        Changes it by a trial that is new, or in another state: (derived, trial, history) -> None.
    """

    def __init__(self, empty: Callable[[], T], add: Callable[[T, Trial, History], None]) -> None:
        self._empty, self._add = empty, add
        self._history: History | None = None
        self._value, self._read = empty(), 0

    def of(self, history: History) -> T:
        """As the history is now."""
        if self._history is not history:
            self._value, self._read, self._history = self._empty(), 0, history
        for number in dict.fromkeys(history.changes[self._read :]):
            self._add(self._value, history.trials[number], history)
        self._read = len(history.changes)
        return self._value
