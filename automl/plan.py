"""What a run is to do: search, or run the trials of a recorded run again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from automl.schedule.replay import Replay
from automl.schedule.scheduler import Scheduler
from automl.settings import Settings
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.recorded import Recorded
from automl.trials.trial import Extent

# why the run stopped, the weights of its ensemble where they are known, and whether (or whose) refits are to be made
Outcome: TypeAlias = tuple[str, dict[int, float] | None, bool | dict[int, Extent]]


class Plan(Protocol):
    """What differs between a search and a replay."""

    def limits(self, settings: Settings) -> Settings:
        """Give the settings with the limits that the run has."""

    def events(self, journal: Journal) -> list[dict[str, Any]]:
        """Give the lines of the journal that says what was decided when the run began."""

    def begin(self, journal: Journal, identity: dict[str, Any]) -> None:
        """Write what the run starts from; `identity` says what it is known by."""

    def scheduler(self, scheduler: Scheduler) -> Scheduler | Replay:
        """Give what chooses the jobs; `scheduler` would."""

    def outcome(self, history: History, reason: str) -> Outcome:
        """Say what the search came to."""

    def draws(self) -> tuple[int, int] | None:
        """Say in how many draws the model is to be scored and chosen anew, where that is known."""

    def notes(self, history: History) -> list[str]:
        """Say what the user should know at the end."""


class Searching:
    """A search."""

    def limits(self, settings: Settings) -> Settings:
        """Limits are the user's."""
        return settings

    def events(self, journal: Journal) -> list[dict[str, Any]]:
        """A run that goes on has some."""
        return journal.events

    def begin(self, journal: Journal, identity: dict[str, Any]) -> None:
        """Nothing is there before the first trial."""

    def scheduler(self, scheduler: Scheduler) -> Scheduler | Replay:
        """Jobs are what the schedule makes of the strategy's proposals."""
        return scheduler

    def outcome(self, history: History, reason: str) -> Outcome:
        """The ensemble is to be found; one who interrupts need not wait for refits."""
        return reason, None, reason != "interrupted"

    def draws(self) -> tuple[int, int] | None:
        """As many as there is time for."""

    def notes(self, history: History) -> list[str]:
        """Nothing more."""
        return []


class Replaying:
    """The trials of a recorded run, run again.

    Parameters
    ----------
    run_dir : path
        Of that run; it is only read.

    Raises
    ------
    RunDirError
        If it holds no run that can be replayed.
    """

    def __init__(self, run_dir: Path) -> None:
        self.recorded = Recorded(run_dir)

    def limits(self, settings: Settings) -> Settings:
        """All trials are run, whatever the time."""
        return replace(settings, time_budget=None, max_trials=None, patience=None)

    def events(self, journal: Journal) -> list[dict[str, Any]]:
        """What the recorded run decided holds."""
        return self.recorded.events

    def begin(self, journal: Journal, identity: dict[str, Any]) -> None:
        """The recorded trials are there, still to be run."""
        self.recorded.begin(journal, identity)

    def scheduler(self, scheduler: Scheduler) -> Scheduler | Replay:
        """Jobs are those of the recorded run."""
        return Replay(self.recorded.threads, self.recorded.ends, self.recorded.stops)

    def outcome(self, history: History, reason: str) -> Outcome:
        """The ensemble is the recorded one."""
        return self.recorded.outcome(history, reason)

    def draws(self) -> tuple[int, int] | None:
        """Those of the recorded run."""
        return self.recorded.draws

    def notes(self, history: History) -> list[str]:
        """Trials that came out otherwise."""
        return self.recorded.differences(history)
