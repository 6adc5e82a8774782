"""What the lines of a journal hold: trials, written and read; checked as data from outside, types, ranges, a checksum.

A line ends with the CRC-32 of itself and of all lines before it, so that one that was damaged, changed, left out or
moved is found.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import MISSING, asdict, fields, replace
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from automl.space.candidate import Candidate
from automl.trials.measures import Count, Measures, Seconds, nested
from automl.trials.trial import DUMMY, Ended, Positive, Rung, Trial

_CHECK = re.compile(rb',"check":"([0-9a-f]{8})"\}$')

Share = Annotated[float, Meta(gt=0, le=1e6)]


class Event(msgspec.Struct, tag_field="event", forbid_unknown_fields=True, kw_only=True):
    """A line; `event` says which."""


class Run(Event, tag="run"):
    """The first line: what must be the same for the run to go on."""

    format: int
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    seconds: Seconds = 0.0
    data: str | None = None
    columns: list[str] | None = None
    target: str | None = None
    space: str | None = None
    arguments: dict[str, Any] = {}
    versions: dict[str, str] = {}


class Fact(Event, tag="fact"):
    """Something that was decided when the run began."""

    name: str
    value: str


class Session(Event, tag="session"):
    """A start of the run, with the estimator's arguments, and the names of those that no line of text can hold."""

    seconds: Seconds
    arguments: dict[str, Any]
    lacking: list[str]


class Tick(Event, tag="tick"):
    """A sign of life."""

    seconds: Seconds


_OTHERWISE = ("number", "candidate", "rung", "started", "finished")  # told by names or in forms of their own
ASKED = ("seed", "origin", "parents", "why", "threads")  # the start of a trial says these, its end all that are left
CAME = tuple(field.name for field in fields(Trial) if field.name not in (*_OTHERWISE, *ASKED))
_TYPES = get_type_hints(Trial, include_extras=True) | {"status": Ended}


def _line(tag: str, names: Iterable[str], others: dict[str, Any]) -> Any:
    """A line of fields of a trial, and others; what has a default may be missing, as before there was such a field."""
    found = [field for field in fields(Trial) if field.name in names]
    parts = [(field.name, _TYPES[field.name], *_default(field.name, field.default)) for field in found]
    return msgspec.defstruct(tag.title(), [*others.items(), *parts], bases=(Event,), tag=tag, kw_only=True)


def _default(name: str, value: Any) -> tuple[Any, ...]:
    return () if value is MISSING or name in ("status", "measures") else (value,)


Start = _line(
    "start", ASKED, {"trial": Count, "candidate": str, "rung": tuple[Share, Share, Share], "seconds": Seconds}
)
Finish = _line("finish", CAME, {"trial": Count, "seconds": Seconds})


class End(Event, tag="end"):
    """The run is complete: what was handed over."""

    reason: str
    seconds: Seconds
    weights: dict[str, Annotated[float, Meta(ge=0, le=2)]]
    # extents by number of trial; in runs of before, their numbers, or whether the best one was
    refitted: dict[str, tuple[Annotated[float, Meta(gt=0, le=1)], Positive | None]] | list[Count] | bool
    draws: tuple[Count, Count] | None = None  # in which the model was scored, and chosen, anew; not in runs of before


# ---- trials as lines


def start_event(trial: Trial) -> dict[str, Any]:
    """Fields of a ``start`` line."""
    rung = [trial.rung.rows, trial.rung.iterations, trial.rung.folds]
    asked = {name: getattr(trial, name) for name in ASKED}
    seconds = round(trial.started, 3)
    return {"trial": trial.number, "candidate": trial.candidate.text, "rung": rung, **asked, "seconds": seconds}


def finish_event(trial: Trial) -> dict[str, Any]:
    """Fields of a ``finish`` line."""
    assert trial.finished is not None
    return {
        "trial": trial.number,
        **{name: getattr(trial, name) for name in CAME},
        "measures": asdict(trial.measures),
        "seconds": round(trial.finished, 3),
    }


class JournalTrials:
    """The trials that a journal's lines tell of.

    Attributes
    ----------
    trials : dict of int to Trial
        By number; one that was started again after it had ended well, and did not end well again, is as it was.
    known : dict of int to Trial
        What those that were started again had come to.
    begun : dict of int to int
        How often each was started without an end.

    Raises
    ------
    CandidateError
        If a candidate is none.
    """

    def __init__(self, events: Iterable[dict[str, Any]]) -> None:
        self.trials: dict[int, Trial] = {}
        self.known: dict[int, Trial] = {}
        self.begun: dict[int, int] = {}
        for event in events:
            if event["event"] == "start":
                self._start(event["trial"], event)
            elif event["event"] == "finish":
                self._finish(event["trial"], event)

    def _start(self, number: int, event: dict[str, Any]) -> None:
        if number in self.trials and self.trials[number].status == "ok":
            self.known[number] = self.trials[number]
        asked = {name: event[name] for name in ASKED}
        candidate, rung = Candidate.parse(event["candidate"]), Rung(*event["rung"])
        self.trials[number] = Trial(number, candidate, rung, started=event["seconds"], **asked)
        self.begun[number] = self.begun.get(number, 0) + 1

    def _finish(self, number: int, event: dict[str, Any]) -> None:
        trial, seconds = self.trials[number], event["seconds"]
        before = self.known.get(number) if seconds < trial.started else None  # see `History.finish`
        came = {name: event[name] for name in CAME} | {"measures": Measures(**event["measures"])}
        self.trials[number] = before or replace(trial, finished=seconds, **came)
        self.begun[number] = 0  # it may have to run again, when its files are lost


# ---- reading

_EVENTS = Run | Fact | Session | Tick | Start | Finish | End


def with_check(body: bytes, before: int) -> tuple[bytes, int]:
    """A line of the journal, and its checksum for the next one.

    Parameters
    ----------
    body : bytes
        A JSON object.
    before : int
        The checksum of the line before it, 0 for the first.
    """
    check = zlib.crc32(body, before)
    return body[:-1] + b',"check":"%08x"}\n' % check, check


def read_line(line: bytes, before: int) -> tuple[dict[str, Any], int]:
    """What a line tells, and its checksum.

    Raises
    ------
    ValueError
        If it is damaged; says how.
    """
    found = _CHECK.search(line)
    if found is None:
        raise ValueError("it has no checksum")
    body, check = line[: found.start()] + b"}", int(found[1], 16)
    if zlib.crc32(body, before) != check:
        raise ValueError("it, or a line before it, was changed")
    told = msgspec.json.decode(body)
    if isinstance(told, dict) and told.get("event") == "finish":
        told = nested(told)
    event: dict[str, Any] = msgspec.to_builtins(msgspec.convert(told, _EVENTS))
    return event, check


def read_lines(content: bytes) -> tuple[list[dict[str, Any]], int]:
    """All whole lines of a journal, and the checksum of the last one.

    Raises
    ------
    ValueError
        If one is damaged; says which.
    """
    events: list[dict[str, Any]] = []
    check = 0
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            event, check = read_line(line, check)
        except (ValueError, RecursionError) as error:  # msgspec's errors derive from ValueError
            raise ValueError(f"line {number}: {error}") from error
        events.append(event)
    check_order(events)
    return events, check


def check_order(events: list[dict[str, Any]]) -> None:
    """Whether the lines tell of one run.

    Raises
    ------
    ValueError
        If they do not; says where.
    """
    starts: dict[int, dict[str, Any]] = {}
    ended: set[int] = set()
    for number, event in enumerate(events, start=1):
        if (reason := _out_of_order(event, number, starts, ended)) is not None:
            raise ValueError(f"line {number}: {reason}")
        if event["event"] == "start":  # also once more: its files were lost, or its process was killed
            starts[event["trial"]] = event
            ended.discard(event["trial"])
        elif event["event"] == "finish":
            ended.add(event["trial"])


def _out_of_order(event: dict[str, Any], number: int, starts: dict[int, dict[str, Any]], ended: set[int]) -> str | None:
    kind, trial = event["event"], event.get("trial", 0)
    if (kind == "run") != (number == 1):
        return "a run begins in line 1, and only there"
    if kind == "start":
        same = trial in starts and all(starts[trial][name] == event[name] for name in ("candidate", "rung"))
        if trial != len(starts) and not same:
            return f"trial {trial} cannot start here"
        if any(parent >= trial for parent in event["parents"]):
            return f"trial {trial} has parents that come after it"
    if kind == "finish" and (trial not in starts or trial in ended):
        return f"trial {trial} cannot end here"
    if kind == "finish" and event["status"] == "ok" and starts[trial]["origin"] != DUMMY:
        return None if event["measures"].get("loss") is not None else f"trial {trial} ended well without a loss"
    if kind == "end" and not {str(one) for one in starts} >= set(event["weights"]):
        return "an ensemble has members that are no trials"
    return None
