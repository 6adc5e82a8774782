"""Saving and loading of fitted models (joblib for now: a file that can run code when it is loaded).

The file is a plain pickle, which `joblib.load` reads: joblib's own way of writing takes four to ten times as long for
forests and histogram boosting, whose arrays are many and small (4.3 s for 52 MB, and 0.9 s as a pickle).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from traceback import walk_tb
from typing import TypeVar

import joblib

from automl.errors import ArgumentError
from automl.output import in_a_line
from automl.trials.files import write_out

FILE_NAME = "model.joblib"
HEAD_BYTES = 200  # of a file, that hold the name of the class of what is pickled
T = TypeVar("T")


def save(model: object, path: Path) -> Path:
    """Write a model whole or not at all; a folder gets the file ``model.joblib``.

    Raises
    ------
    ArgumentError
        If the file cannot be written, or is there already and holds something else than a model.
    """
    path = path / FILE_NAME if path.is_dir() else path
    try:
        if path.is_file() and not _is_model(path):
            raise ArgumentError(f"path: {str(path)!r} is there already and holds no model; name another file.")
        write(model, path)
    except (OSError, ValueError) as error:
        if isinstance(error, ArgumentError):
            raise
        why = getattr(error, "strerror", None) or error
        raise ArgumentError(f"path: {str(path)!r} cannot be written: {why}.") from error
    return path


def write(model: object, path: Path) -> None:
    """Write a model to a file, whatever that holds.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def pickled(beside: Path) -> None:
        with beside.open("wb") as file:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)

    write_out(path, pickled)


def _is_model(path: Path) -> bool:
    """Whether a file may be written over: a model of ours, or nothing."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return not head or (head[:1] == pickle.PROTO and b"automl." in head)


def load(path: Path, kind: type[T]) -> T:
    """Read a model; `path` is the file, or the folder that holds ``model.joblib``.

    Raises
    ------
    ArgumentError
        If there is no model of that kind.
    """
    path = path / FILE_NAME if path.is_dir() else path
    if not path.exists():
        raise ArgumentError(f"path: there is no model at {str(path)!r}; AutoML.save and `automl fit --out` write one.")
    try:
        model = joblib.load(path)
    except (Exception, SystemExit) as error:  # joblib, pickle and libraries raise whatever the bytes lead them to
        if (library := _library_of(error)) is not None:
            raise ArgumentError(
                f"path: the model in {str(path)!r} needs {library}, which does not load here ({in_a_line(error)})."
            ) from error
        older = (
            "; another version of automl may have saved it" if isinstance(error, AttributeError | ImportError) else ""
        )
        raise ArgumentError(f"path: {str(path)!r} could not be read as a model: {error}{older}") from error
    if not isinstance(model, kind):
        raise ArgumentError(f"path: {str(path)!r} holds a {type(model).__name__}, no {kind.__name__}.")
    return model


def _library_of(error: BaseException) -> str | None:
    """The library that the model was looked for in where the error came up; None where the file is at fault."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_code.co_name == "find_class":  # of the unpickler
            library = str(frame.f_locals.get("module", "")).partition(".")[0]
            return None if library in ("", "automl") else library
    return None
