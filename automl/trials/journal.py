"""The journal: one JSON object a line, appended and flushed to disk; the only state of a run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl.errors import RunDirError
from automl.space.candidate import Candidate
from automl.trials.disk import why
from automl.trials.events import read_lines, with_check
from automl.trials.trial import Rung, Trial

NAME = "journal.jsonl"  # in the run's folder
FORMAT = 4
RESERVE_BYTES = 256 * 1024  # kept free for the last lines of a run whose disk is full


class Journal:
    """An append-only file of events.

    On opening, the file is cut after its last newline: what a kill left half-written never happened. Beside it lies a
    file of nothing, which gives its place to the last lines when the disk is full.

    Attributes
    ----------
    trouble : str or None
        Why the run must end: the disk cannot be written any more.
    """

    def __init__(self, path: Path, reserve: Path | None = None) -> None:
        self.path = path
        self.trouble: str | None = None
        self._stopped = False  # a line is missing, so none may follow
        self.events, self._check = self._read()
        self._reserve = path.with_name("reserve") if reserve is None else reserve
        self._reserve.write_bytes(bytes(RESERVE_BYTES))
        self._file = path.open("ab", buffering=0)  # nothing of a failed line is written later

    def _read(self) -> tuple[list[dict[str, Any]], int]:
        if not self.path.exists():
            return [], 0
        content = self.path.read_bytes()
        whole = whole_lines(content)
        found = read_events(self.path, whole)
        if len(whole) < len(content):
            with self.path.open("rb+") as file:
                file.truncate(len(whole))
        return found

    def append(self, event: str, **fields: Any) -> None:
        """Write one event; it is on disk when this returns.

        A disk that cannot be written is told by `trouble`, not raised: the models of the run are worth more than its
        journal. The reserve is used up then; where it does not suffice, no further line is written.
        """
        if self._stopped:
            return
        body = json.dumps({"event": event, **fields}, allow_nan=False, separators=(",", ":")).encode()
        line, self._check = with_check(body, self._check)
        try:
            self._write(line)
        except OSError as error:
            self.trouble = (
                f"The journal in run_dir {str(self.path.parent)!r} could not be written ({why(error)}): the search "
                "ended, and the best so far is handed over."
            )
            self._reserve.unlink(missing_ok=True)
            try:
                self._write(line)
            except OSError:
                self._stopped = True

    def _write(self, line: bytes) -> None:
        """All of a line, or nothing of it."""
        fd = self._file.fileno()
        before = os.fstat(fd).st_size
        try:
            rest = line
            while rest:
                rest = rest[os.write(fd, rest) :]
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)


def whole_lines(content: bytes) -> bytes:
    """What counts of a journal: up to the end of its last line."""
    return content[: content.rfind(b"\n") + 1]


def read_events(path: Path, content: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of a journal and its checksum.

    Raises
    ------
    RunDirError
        If it is damaged.
    """
    try:
        return read_lines(content)
    except ValueError as error:
        raise RunDirError(
            f"run_dir {str(path.parent)!r} holds a damaged journal ({error}); use another run_dir, or resume=False."
        ) from error


_FIELDS = (
    "status", "loss", "train_loss", "fold_losses", "prepare_seconds", "fit_seconds", "predict_seconds",
    "rows_predicted", "peak_bytes", "model_bytes", "rounds", "error", "warnings", "folds", "write_seconds",
    "ended_after",
)  # fmt: skip


def fact(events: list[dict[str, Any]], name: str) -> str | None:
    """What was written down under a name; None where nothing was."""
    return next((e["value"] for e in events if e["event"] == "fact" and e["name"] == name), None)


def start_event(trial: Trial) -> dict[str, Any]:
    """Fields of a ``start`` line."""
    return {
        "trial": trial.number,
        "candidate": trial.candidate.text,
        "rung": [trial.rung.rows, trial.rung.iterations, trial.rung.folds],
        "seed": trial.seed,
        "origin": trial.origin,
        "parents": list(trial.parents),
        "why": trial.why,
        "threads": trial.threads,
        "seconds": round(trial.started, 3),
    }


def finish_event(trial: Trial) -> dict[str, Any]:
    """Fields of a ``finish`` line."""
    assert trial.finished is not None
    return {
        "trial": trial.number,
        **{name: getattr(trial, name) for name in _FIELDS},
        "seconds": round(trial.finished, 3),
    }


def read_start(event: dict[str, Any]) -> Trial:
    """The running trial that a ``start`` line tells of."""
    return Trial(
        number=event["trial"],
        candidate=Candidate.parse(event["candidate"]),
        rung=Rung(*event["rung"]),
        seed=event["seed"],
        origin=event["origin"],
        parents=tuple(event["parents"]),
        why=event["why"],
        threads=event["threads"],
        started=event["seconds"],
    )


def read_finish(trial: Trial, event: dict[str, Any]) -> Trial:
    """`trial` with what its ``finish`` line says."""
    fields = {name: event[name] for name in _FIELDS}
    for name in ("fold_losses", "warnings", "ended_after"):
        fields[name] = tuple(fields[name])
    return replace(trial, finished=event["seconds"], **fields)
