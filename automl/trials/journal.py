"""The journal: one JSON object a line, appended and flushed to disk; the only state of a run."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from automl.space.candidate import Candidate
from automl.trials.trial import Rung, Trial

FORMAT = 3


class Journal:
    """An append-only file of events.

    On opening, the file is cut after its last newline: what a kill left half-written never happened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events = self._read()
        self._file = path.open("ab")

    def _read(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with self.path.open("rb+") as file:
                file.truncate(len(whole))
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, event: str, **fields: Any) -> None:
        """Write one event; it is on disk when this returns."""
        line = json.dumps({"event": event, **fields}, allow_nan=False, separators=(",", ":"))
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


_FIELDS = (
    "status", "loss", "train_loss", "fold_losses", "prepare_seconds", "fit_seconds", "predict_seconds",
    "rows_predicted", "peak_bytes", "model_bytes", "rounds", "error", "warnings", "folds", "write_seconds",
)  # fmt: skip


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
        started=event["seconds"],
    )


def read_finish(trial: Trial, event: dict[str, Any]) -> Trial:
    """`trial` with what its ``finish`` line says."""
    fields = {name: event[name] for name in _FIELDS}
    for name in ("fold_losses", "warnings"):
        fields[name] = tuple(fields[name])
    return replace(trial, finished=event["seconds"], **fields)
