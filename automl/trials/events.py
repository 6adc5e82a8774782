"""What the lines of a journal may hold, checked as data from outside: types, ranges, and a checksum.

A line ends with the CRC-32 of itself and of all lines before it, so that one that was damaged, changed, left out or
moved is found.
"""

from __future__ import annotations

import re
import zlib
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from automl.trials.trial import DUMMY

_CHECK = re.compile(rb',"check":"([0-9a-f]{8})"\}$')

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Positive = Annotated[int, Meta(ge=1, le=2**31)]
Seconds = Annotated[float, Meta(ge=0, le=1e12)]
Share = Annotated[float, Meta(gt=0, le=1e6)]


class Event(msgspec.Struct, tag_field="event", forbid_unknown_fields=True, kw_only=True):
    """A line; `event` says which."""


class Run(Event, tag="run"):
    """The first line: what must be the same for the run to go on."""

    format: int
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    seconds: Seconds = 0.0
    data: str | None = None
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


class Start(Event, tag="start"):
    """A trial starts."""

    trial: Count
    candidate: str
    rung: tuple[Share, Share, Share]
    seed: Count
    origin: str
    parents: list[Count]
    why: str
    threads: Positive
    seconds: Seconds


class Finish(Event, tag="finish"):
    """A trial ended."""

    trial: Count
    status: Literal["ok", "failed", "timeout", "memory", "crashed", "cut", "stopped"]
    loss: float | None
    train_loss: float | None
    fold_losses: list[float]
    prepare_seconds: Seconds
    fit_seconds: Seconds
    predict_seconds: Seconds
    rows_predicted: Count
    peak_bytes: Count
    model_bytes: Count
    rounds: Positive | None
    error: str | None
    warnings: list[str]
    folds: Count
    write_seconds: Seconds
    ended_after: list[Positive | None]
    seconds: Seconds


class End(Event, tag="end"):
    """The run is complete: what was handed over."""

    reason: str
    seconds: Seconds
    weights: dict[str, Annotated[float, Meta(ge=0, le=2)]]
    refitted: bool


_decoder = msgspec.json.Decoder(Run | Fact | Session | Tick | Start | Finish | End)


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
    event: dict[str, Any] = msgspec.to_builtins(_decoder.decode(body))
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
    if kind == "finish" and event["status"] == "ok" and event["loss"] is None and starts[trial]["origin"] != DUMMY:
        return f"trial {trial} ended well without a loss"
    if kind == "end" and not {str(one) for one in starts} >= set(event["weights"]):
        return "an ensemble has members that are no trials"
    return None
