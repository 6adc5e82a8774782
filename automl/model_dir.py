"""The folder that ``automl fit --out`` writes: model.joblib, leaderboard.csv, columns.csv and run.json."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from automl.errors import ArgumentError

LEADERBOARD = "leaderboard.csv"
COLUMNS = "columns.csv"
RUN = "run.json"


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Make the folder before the time is spent; one that is empty in the end is removed.

    Raises
    ------
    ArgumentError
        If it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(f"--out: {str(folder)!r} cannot be a folder: {error.strerror or error}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ArgumentError(f"--out: {str(folder)!r} cannot be written.")
    try:
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()


def write(folder: Path, model: Any, run: dict[str, Any]) -> None:
    """Write a fitted model, its leaderboard and what is known of the run, each file whole or not at all."""
    from automl.trials.artifacts import write_whole

    model.save(folder)
    for name, table in ((LEADERBOARD, model.leaderboard()), (COLUMNS, model.columns_)):
        write_whole(folder / name, lambda beside, table=table: table.to_csv(beside, index=False))  # type: ignore[misc]
    text = json.dumps(run, indent=2) + "\n"
    write_whole(folder / RUN, lambda beside: beside.write_text(text, encoding="utf-8"))


def read_run(folder: Path) -> dict[str, Any]:
    """What is known of the run; empty for a folder that only holds a model.

    Raises
    ------
    ArgumentError
        If the file is broken.
    """
    path = folder / RUN
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{str(path)!r} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ArgumentError(f"{str(path)!r} is not what `automl fit --out` writes.")
    return found


def read_leaderboard(folder: Path) -> list[dict[str, str]]:
    """The leaderboard's rows, all values as text.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    return _read(folder, LEADERBOARD, "leaderboard")


def read_columns(folder: Path) -> list[dict[str, str]]:
    """What each column was taken for, all values as text.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    return _read(folder, COLUMNS, "list of columns")


def _read(folder: Path, name: str, what: str) -> list[dict[str, str]]:
    path = folder / name
    if not path.exists():
        raise ArgumentError(f"There is no {what} in {str(folder)!r}; `automl fit --out {folder}` writes one.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except (ValueError, csv.Error) as error:  # the first of bytes that are no UTF-8
        raise ArgumentError(f"{str(path)!r} does not parse: {error}.") from error
