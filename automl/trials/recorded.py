"""A run as its journal tells it, to be run again: which trials, with what arguments, and what was handed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl.errors import ArgumentError, CandidateError, RunDirError
from automl.trials.constants import LONGEST_ARGUMENT, SAME_LOSS
from automl.trials.events import JournalTrials, finish_event, start_event
from automl.trials.history import History, difference
from automl.trials.journal import NAME, Journal, read_journal
from automl.trials.trial import DUMMY, Extent, Failure, Trial

OWN = ("random_state", "run_dir", "resume", "verbose", "callbacks")  # of a session, or told elsewhere
FREE = ("n_jobs", "executor", "memory_limit", "search_space", "verbose")  # that a replay may have otherwise
# what a journal may say: it may be a stranger's, so nothing that names a file to be read, written or run
RECORDED = (
    "task", "metric", "costs", "time_budget", "max_trials", "patience", "trial_timeout", "memory_limit", "cv",
    "include", "exclude", "search", "schedule", "try_first", "ensemble", "refit",
    "predict_ms", "n_jobs", "executor",
)  # fmt: skip
PARTS = ("search", "schedule", "ensemble", "executor")  # a name, perhaps with numbers for options


def session(params: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a ``session`` line: the estimator's arguments, and names of those that no line of text can hold."""
    arguments: dict[str, Any] = {}
    lacking: list[str] = []
    for name, value in params.items():
        if name in OWN or (name not in RECORDED and value is None):
            continue
        try:
            if name not in RECORDED or (name == "cv" and not isinstance(value, (str, int))) or _holds_text(name, value):
                raise TypeError
            text = json.dumps(value, allow_nan=False, default=_plain)
            if len(text) > LONGEST_ARGUMENT:
                raise TypeError
            arguments[name] = json.loads(text)
        except (TypeError, ValueError):
            lacking.append(name)
    return {"arguments": arguments, "lacking": lacking}


def _holds_text(name: str, value: Any) -> bool:
    """Whether a part's option is a text, which may name a file or a machine."""
    return name in PARTS and isinstance(value, str) and ("'" in value or '"' in value)


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no text")


class Recorded:
    """The journal of a run, only read.

    Parameters
    ----------
    run_dir : path

    Attributes
    ----------
    seed : int
        The run's.
    trials : dict
        Its trials, by number.
    threads : dict
        Native threads of each trial, by number.
    ends : dict
        Rounds after which the clock ended the fits of a trial.
    stops : dict
        After how many folds a trial ended early, how, and why; told only where the model may be one of these: no
        candidate was evaluated in full, or this one was handed over all the same.

    Raises
    ------
    RunDirError
        If there is no run, none that can be replayed, or one of a version that kept no arguments.
    """

    def __init__(self, run_dir: str | Path) -> None:
        self.path = Path(run_dir)
        self.events = _read(self.path)
        sessions = [event for event in self.events if event["event"] == "session"]
        if not sessions:
            raise RunDirError(
                f"run_dir {str(run_dir)!r} holds a run of an older version, which kept no arguments; it can be resumed "
                "with the same arguments, but not replayed."
            )
        self._session = sessions[-1]
        self.seed = int(self.events[0]["seed"])
        try:
            told = JournalTrials(self.events)
        except CandidateError as error:
            raise RunDirError(f"run_dir {str(run_dir)!r} holds a damaged journal ({error}).") from error
        # what was to be made again when the run was killed had ended before
        again = {number: trial for number, trial in told.known.items() if told.trials[number].status == "running"}
        self.trials = told.trials | again
        trials = self.trials.values()
        self.threads = {trial.number: trial.threads for trial in trials}
        self.ends = {trial.number: trial.ended_after for trial in trials}
        searched = any(trial.complete and trial.origin != DUMMY for trial in trials)
        handed = {int(number) for number in self._end().get("weights") or ()}
        self.stops = {
            trial.number: (trial.folds, trial.status, trial.error or "")
            for trial in trials
            if trial.status != "ok" and trial.status != "running" and trial.folds
            if not searched or trial.number in handed
        }
        if not any(self._again(trial) and trial.origin != DUMMY for trial in trials):
            raise RunDirError(f"run_dir {str(run_dir)!r} holds no trial that ended well; there is nothing to replay.")

    def arguments(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments of the run's estimator, the seed among them.

        Parameters
        ----------
        changed : mapping
            What the caller gives: arguments that the journal could not keep, and those that change no result.

        Raises
        ------
        ArgumentError
            If something is given that is the run's own, or something is lacking.
        """
        told = {name: value for name, value in self._session["arguments"].items() if name in RECORDED}
        lacking = [*self._session["lacking"], *(name for name, value in told.items() if _holds_text(name, value))]
        for name in changed:
            if name not in (*lacking, *FREE):
                allowed = ", ".join([*lacking, *FREE])
                raise ArgumentError(f"{name} is the recorded run's own in a replay; what may be given is {allowed}.")
        for name in lacking:
            if name not in changed:
                raise ArgumentError(
                    f"{name} was something that the journal does not keep; give it again: "
                    f"AutoML.replay({str(self.path)!r}, {name}=...)."
                )
        return {**told, "random_state": self.seed, **changed}

    def begin(self, journal: Journal, identity: dict[str, Any]) -> None:
        """Write the recorded run into an empty journal, its trials to be run again as if they had been interrupted.

        Raises
        ------
        RunDirError
            If data or arguments are others, or the journal holds a run.
        """
        if journal.events:
            raise RunDirError(
                f"run_dir {str(journal.path.parent)!r} holds a run already; a replay needs a folder of its own, or "
                "resume=False."
            )
        if (other := difference(self.events[0], identity)) is not None:
            name, told, now = other
            raise RunDirError(
                f"The run in {str(self.path)!r} had another {name} ({told}, now {now}); replay it with the same."
            )
        facts = [event for event in self.events if event["event"] == "fact"]
        for event in [self.events[0], *facts, *self._taken()]:
            fields = {name: value for name, value in event.items() if name != "event"}
            journal.append(event["event"], **fields)
            journal.events.append(event)

    def _again(self, trial: Trial) -> bool:
        return trial.status == "ok" or trial.number in self.stops

    def _taken(self) -> list[dict[str, Any]]:
        """A start of every trial; of those that are not run again, also the end."""
        taken: list[dict[str, Any]] = []
        for _, trial in sorted(self.trials.items()):
            taken.append({"event": "start", **start_event(trial)})
            if trial.status == "running":
                trial = trial.ended(Failure("cut", "The search ended first."), trial.started)
            if not self._again(trial):
                taken.append({"event": "finish", **finish_event(trial)})
        return taken

    # ---- what came of it

    def _end(self) -> dict[str, Any]:
        """The end that tells of all trials; empty where the run was not handed over."""
        telling = (event for event in reversed(self.events) if event["event"] in ("start", "finish", "end"))
        last = next(telling, None)
        return last if last is not None and last["event"] == "end" else {}

    def outcome(self, history: History, reason: str) -> tuple[str, dict[int, float] | None, bool | dict[int, Extent]]:
        """Why the replay stopped, the recorded ensemble, and who was fitted on all rows, and how far.

        The ensemble is None where it is not known, a member failed this time, or the replay was cut short.
        """
        end = self._end()
        told, refits = end.get("weights"), reason != "interrupted" and _extents(end.get("refitted", True))
        if reason != "exhausted":
            return reason, None, refits
        if told is None or not all(self._came(history.trials[int(number)]) for number in told):
            return "replayed", None, refits
        return "replayed", {int(number): weight for number, weight in told.items()}, refits

    @property
    def draws(self) -> tuple[int, int] | None:
        """In how many draws the model was scored, and chosen, anew; None in runs of before, and of those cut short."""
        told = self._end().get("draws")
        return None if told is None else (told[0], told[1])

    def _came(self, trial: Trial) -> bool:
        """Whether a member is there as it was handed over: as a whole, or with the folds that it had."""
        return trial.complete or (trial.folds > 0 and trial.folds == self.trials[trial.number].folds)

    def differences(self, history: History) -> list[str]:
        """A sentence where a trial came out otherwise than the journal says."""
        other = []
        for number, trial in sorted(self.trials.items()):
            told, now = trial.loss, history.trials[number].loss
            if told is None or not self._again(trial):
                continue
            if now is None or abs(now - told) > SAME_LOSS * max(1.0, abs(told)):
                other.append(str(number))
        if not other:
            return []
        versions = "other versions of libraries or another machine may be why"
        return [f"Trials {', '.join(other[:10])} came out otherwise than the journal of the run says; {versions}."]


def _extents(refitted: bool | list[int] | dict[str, list[Any]]) -> bool | dict[int, Extent]:
    """What an end says of the fits on all rows; in runs of before, they had all their rounds."""
    if isinstance(refitted, bool):
        return refitted
    extents: dict[Any, Any] = dict.fromkeys(refitted, ()) if isinstance(refitted, list) else refitted
    return {int(number): Extent(*extent) for number, extent in extents.items()}


def _read(run_dir: Path) -> list[dict[str, Any]]:
    try:
        events, _, _ = read_journal(run_dir / NAME)
    except RunDirError:
        raise
    except (OSError, ValueError) as error:
        raise RunDirError(f"run_dir {str(run_dir)!r} holds no run to replay; name the run_dir of one.") from error
    if not events:
        raise RunDirError(f"run_dir {str(run_dir)!r} holds a run that had not begun; name the run_dir of another.")
    return events
