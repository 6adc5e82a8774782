"""The folder that ``automl fit --out`` writes: model.joblib, leaderboard.csv, columns.csv and run.json."""

from __future__ import annotations

import csv
import errno
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from automl.errors import ArgumentError
from automl.trials.files import claim, is_empty, names, remove_tree, write_whole

LEADERBOARD = "leaderboard.csv"
COLUMNS = "columns.csv"
RUN = "run.json"
MARK = "automl-model.json"  # says that the folder was made for a model: then what is in it may be replaced
LOCK = "automl-model.lock"
NUMBERS = ("score", "score_std", "fit_seconds")
SHOWN = ("rank", "id", *NUMBERS, "status", "error", "family", "pipeline", "origin")


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Make the folder and mark it before the time is spent; if no model comes, what was made is removed.

    Raises
    ------
    ArgumentError
        If it cannot, the folder holds other files, or another run is to write there.
    """
    from filelock import FileLock, Timeout

    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ArgumentError(f"--out: {str(folder)!r} cannot be written.")
        if _is_others(folder):
            raise ArgumentError(
                f"--out: {str(folder)!r} holds files that are not a model's (there is no {MARK}); name a folder that "
                "is empty or does not exist."
            )
        marked = _mark(folder)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise ArgumentError(f"--out: {str(folder)!r} is in use by another run; wait for it or name another.") from error
    except OSError as error:
        raise ArgumentError(f"--out: {str(folder)!r} cannot be a folder: {error.strerror or error}.") from error
    try:
        yield
    finally:
        with suppress(OSError):
            (folder / LOCK).unlink(missing_ok=True)
            if marked and names(folder) == {MARK}:
                (folder / MARK).unlink()
            if made:
                folder.rmdir()  # one that holds something stays
        lock.release()


def _mark(folder: Path) -> bool:
    from automl import __version__

    return claim(folder / MARK, json.dumps({"automl": __version__}) + "\n")


def _is_others(folder: Path) -> bool:
    """Whether a folder holds something, and no mark of ours."""
    return not is_empty(folder) and ((folder / MARK).is_symlink() or not (folder / MARK).is_file())


def write(folder: Path, model: Any, run: dict[str, Any]) -> None:
    """Write a fitted model, its leaderboard and what is known of the run, each file whole or not at all.

    Raises
    ------
    ArgumentError
        If the folder has become another's, or cannot be written; the model is then in a new temporary folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)  # it may have been removed meanwhile
        if _is_others(folder):
            raise FileExistsError(errno.EEXIST, "it has become another's")
        _write(folder, model, run)
    except OSError as error:
        why = error.strerror or error
        rescue = Path(tempfile.mkdtemp(prefix="automl-model-"))
        with suppress(OSError):  # that disk is full, too
            _write(rescue, model, run)
        if not (rescue / RUN).exists():
            remove_tree(rescue)
            raise ArgumentError(f"--out: {str(folder)!r} cannot be written: {why}.") from error
        raise ArgumentError(
            f"--out: {str(folder)!r} cannot be written: {why}; the model was written to {str(rescue)!r} instead."
        ) from error


def _write(folder: Path, model: Any, run: dict[str, Any]) -> None:
    from automl import persist

    _mark(folder)
    persist.write(model, folder / persist.FILE_NAME)
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
    import msgspec

    path = folder / RUN
    if not path.exists():
        return {}
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        for name in ("target", "task", "metric"):
            if not isinstance(found.get(name, ""), str):
                raise ValueError(f"{name} must be a text, got {found[name]!r}")
        msgspec.convert(found.get("decisions", []), list[str])
    except (OSError, ValueError, RecursionError) as error:
        raise ArgumentError(f"{str(path)!r} cannot be read: {error}.") from error
    return found


def read_leaderboard(folder: Path) -> list[dict[str, str]]:
    """The leaderboard's rows, all values as text.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    return _read(folder, LEADERBOARD, "leaderboard", SHOWN)


def read_columns(folder: Path) -> list[dict[str, str]]:
    """What each column was taken for, all values as text.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    return _read(folder, COLUMNS, "list of columns", ("column", "kind", "levels", "note"))


def _read(folder: Path, name: str, what: str, wanted: Sequence[str]) -> list[dict[str, str]]:
    path = folder / name
    if not path.exists():
        raise ArgumentError(f"There is no {what} in {str(folder)!r}; `automl fit --out {folder}` writes one.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{str(key): value or "" for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, csv.Error) as error:
        raise ArgumentError(f"{str(path)!r} cannot be read: {error}.") from error
    for row in rows:
        for column in wanted:
            if column not in row:
                raise ArgumentError(f"{str(path)!r} has no column {column!r}: it is no {what} of ours, or damaged.")
            if column in NUMBERS and not _is_number(row[column]):
                raise ArgumentError(f"{str(path)!r} holds {row[column]!r} in the column {column!r}: it is damaged.")
    return rows


def _is_number(text: str) -> bool:
    try:
        float(text or 0)
    except ValueError:
        return False
    return True
