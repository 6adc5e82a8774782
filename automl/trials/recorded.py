"""A run as its journal tells it, to be run again: which trials, with what arguments, and what was handed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from automl.errors import ArgumentError, CandidateError, RunDirError
from automl.trials.history import History, difference
from automl.trials.journal import (
    NAME,
    Journal,
    finish_event,
    read_events,
    read_finish,
    read_start,
    whole_lines,
)
from automl.trials.trial import DUMMY, Failure

OWN = ("random_state", "run_dir", "resume", "verbose", "callbacks")  # of a session, or told elsewhere
FREE = ("n_jobs", "executor", "memory_limit", "search_space", "verbose")  # that a replay may have otherwise
# what a journal may say: it may be a stranger's, so nothing that names a file to be read, written or run
TOLD = (
    "task", "metric", "costs", "time_budget", "max_trials", "patience", "trial_timeout", "memory_limit", "cv",
    "include", "exclude", "search", "schedule", "try_first", "ensemble", "n_jobs", "executor",
)  # fmt: skip
LONGEST = 20_000  # characters of an argument that a journal keeps
CLOSE = 1e-9  # relative difference of losses that is none


def session(params: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a ``session`` line: the estimator's arguments, and names of those that no line of text can hold."""
    arguments: dict[str, Any] = {}
    lacking: list[str] = []
    for name, value in params.items():
        if name in OWN or (name not in TOLD and value is None):
            continue
        try:
            if name not in TOLD or (name == "cv" and not isinstance(value, (str, int))):
                raise TypeError
            text = json.dumps(value, allow_nan=False, default=_plain)
            if len(text) > LONGEST:
                raise TypeError
            arguments[name] = json.loads(text)
        except (TypeError, ValueError):
            lacking.append(name)
    return {"arguments": arguments, "lacking": lacking}


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
    threads : dict
        Native threads of each trial, by number.
    ends : dict
        Rounds after which the clock ended the fits of a trial.
    stops : dict
        After how many folds a trial ended early, how, and why; told only where no candidate was evaluated in full, as
        the model is then one of these.

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
        self._starts = {event["trial"]: event for event in self.events if event["event"] == "start"}
        self._finishes = {event["trial"]: event for event in self.events if event["event"] == "finish"}
        self.threads = {number: int(event.get("threads", 1)) for number, event in self._starts.items()}
        self.ends = {number: tuple(event["ended_after"]) for number, event in self._finishes.items()}
        try:
            trials = [read_finish(read_start(self._starts[number]), end) for number, end in self._finishes.items()]
        except CandidateError as error:
            raise RunDirError(f"run_dir {str(run_dir)!r} holds a damaged journal ({error}).") from error
        searched = any(trial.complete and trial.origin != DUMMY for trial in trials)
        self.stops = {
            trial.number: (trial.folds, trial.status, trial.error or "")
            for trial in trials
            if not searched and trial.status != "ok" and trial.status != "running" and trial.fold_losses
        }
        if not any(self._again(number) and self._starts[number]["origin"] != DUMMY for number in self._starts):
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
        lacking = self._session["lacking"]
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
        told = {name: value for name, value in self._session["arguments"].items() if name in TOLD}
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
        facts = [event for event in self.events[1:] if event["event"] == "fact"]
        for event in [self.events[0], *facts, *self._taken()]:
            fields = {name: value for name, value in event.items() if name != "event"}
            journal.append(event["event"], **fields)
            journal.events.append(event)

    def _again(self, number: int) -> bool:
        return self._finishes.get(number, {}).get("status") == "ok" or number in self.stops

    def _taken(self) -> list[dict[str, Any]]:
        """A start of every trial; of those that are not run again, also the end."""
        taken: list[dict[str, Any]] = []
        for number, start in sorted(self._starts.items()):
            taken.append(start)
            if number not in self._finishes:
                ended = read_start(start).ended(Failure("cut", "The search ended first."), start["seconds"])
                taken.append({"event": "finish", **finish_event(ended)})
            elif not self._again(number):
                taken.append(self._finishes[number])
        return taken

    # ---- what came of it

    def _end(self) -> dict[str, Any]:
        """The end that tells of all trials; empty where the run was not handed over."""
        telling = [event for event in self.events if event["event"] in ("start", "finish", "end")]
        return telling[-1] if telling[-1]["event"] == "end" else {}

    def outcome(self, history: History, reason: str) -> tuple[str, dict[int, float] | None, bool]:
        """Why the replay stopped, the recorded ensemble, and whether the best candidate was fitted on all rows.

        The ensemble is None where it is not known, a member failed this time, or the replay was cut short.
        """
        end = self._end()
        told, refits = end.get("weights"), bool(end.get("refitted", True)) and reason != "interrupted"
        if reason != "exhausted":
            return reason, None, refits
        if told is None or not all(history.trials[int(number)].complete for number in told):
            return "replayed", None, refits
        return "replayed", {int(number): weight for number, weight in told.items()}, refits

    def differences(self, history: History) -> list[str]:
        """A sentence where a trial came out otherwise than the journal says."""
        other = []
        for number in filter(self._again, sorted(self._starts)):
            told, trial = self._finishes[number]["loss"], history.trials[number]
            if told is None:
                continue
            if trial.loss is None or abs(trial.loss - told) > CLOSE * max(1.0, abs(told)):
                other.append(str(number))
        if not other:
            return []
        versions = "other versions of libraries or another machine may be why"
        return [f"Trials {', '.join(other[:10])} came out otherwise than the journal of the run says; {versions}."]


def _read(run_dir: Path) -> list[dict[str, Any]]:
    path = run_dir / NAME
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise RunDirError(f"run_dir {str(run_dir)!r} holds no run to replay; name the run_dir of one.") from error
    events, _ = read_events(path, whole_lines(content))
    if not events:
        raise RunDirError(f"run_dir {str(run_dir)!r} holds a run that had not begun; name the run_dir of another.")
    return events
