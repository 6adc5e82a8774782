"""The journal: one JSON object a line, appended and flushed to disk; the only state of a run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from automl.errors import RunDirError
from automl.trials.constants import RESERVE_BYTES
from automl.trials.disk import why
from automl.trials.events import read_lines, with_check

NAME = "journal.jsonl"  # in the run's folder
FORMAT = 5
READ = (4, FORMAT)  # of both a run goes on


class Journal:
    """An append-only file of events.

    On opening, the file is cut after its last newline: what a kill left half-written never happened. Beside it lies a
    file of nothing, which gives its place to the last lines when the disk is full.

    Attributes
    ----------
    fatal_error : str or None
        Why the run must end: the disk cannot be written any more.
    """

    def __init__(self, path: Path, reserve: Path | None = None) -> None:
        self.path = path
        self.fatal_error: str | None = None
        self._stopped = False  # a line is missing, so none may follow
        self.events: list[dict[str, Any]] = []
        self._check = 0
        if path.exists():
            self.events, self._check, size = read_journal(path)
            if size < path.stat().st_size:
                os.truncate(path, size)
        self._reserve = path.with_name("reserve") if reserve is None else reserve
        self._reserve.write_bytes(bytes(RESERVE_BYTES))
        self._file = path.open("ab", buffering=0)  # nothing of a failed line is written later

    def append(self, event: str, **fields: Any) -> None:
        """Write one event; it is on disk when this returns.

        A disk that cannot be written is told by `fatal_error`, not raised: the models of the run are worth more than
        its journal. The reserve is used up then; where it does not suffice, no further line is written.
        """
        if self._stopped:
            return
        body = json.dumps({"event": event, **fields}, allow_nan=False, separators=(",", ":")).encode()
        line, self._check = with_check(body, self._check)
        try:
            self._write(line)
        except OSError as error:
            self.fatal_error = (
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


def read_journal(path: Path) -> tuple[list[dict[str, Any]], int, int]:
    """The events of a journal, its checksum, and the bytes that count: up to the end of its last line.

    Raises
    ------
    RunDirError
        If it is damaged.
    OSError
        If it cannot be read.
    """
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        return (*read_lines(whole), len(whole))
    except ValueError as error:
        raise RunDirError(
            f"run_dir {str(path.parent)!r} holds a damaged journal ({error}); use another run_dir, or resume=False."
        ) from error


def fact(events: list[dict[str, Any]], name: str) -> str | None:
    """What was written down under a name; None where nothing was."""
    return next((e["value"] for e in events if e["event"] == "fact" and e["name"] == name), None)
