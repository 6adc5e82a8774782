"""Where artifacts are kept, by key: today a folder; workers of other machines will need another place.

Everything is written beside its place and renamed, so that a reader never meets half a file. Files are sealed
(`automl.trials.sealed`): one that is damaged, or that another has put there, is as if it were missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from automl.errors import ArtifactError
from automl.trials.disk import writing
from automl.trials.files import found_in, remove_tree
from automl.trials.sealed import Sealed

PREPARED = "prepared"  # folder of the arrays that candidates share


class Store(Protocol):
    """Keeps objects by key: names joined by "/", the last of which ends with what it is.

    That is ".pkl" for any object, ".npy" for an array of numbers and ".json" for a text.
    """

    def put(self, key: str, value: Any, what: str) -> int:
        """Keep an object, in place of what was there; how many bytes it takes.

        Raises
        ------
        DiskError
            If there is no room; `what` names the object in it.
        """

    def get(self, key: str) -> Any:
        """What was put.

        Raises
        ------
        ArtifactError
            If it is missing, damaged, or another's.
        """

    def size(self, key: str) -> int:
        """Bytes that it takes; 0 where it is missing."""

    def keys(self, pattern: str) -> list[str]:
        """Keys, and what keys begin with, that match a pattern name by name."""

    def drop(self, key: str) -> None:
        """Forget a key, or all that begin with it."""


class FolderStore:
    """A folder of a run, with a file for each key.

    Where the disk is full, prepared arrays make way; where that does not help, `DiskError` costs the trial.

    Parameters
    ----------
    run_dir : Path
        The folder of the run's files.
    run : str
        What the run is known by.
    """

    def __init__(self, run_dir: Path, run: str = "") -> None:
        self.run_dir, self.root = run_dir, run_dir / "artifacts"
        files = Sealed(self.root, run)
        self._write: dict[str, Callable[[Path, Any], None]]
        self._write = {".pkl": files.write_pickle, ".npy": files.write_array, ".json": files.write_text}
        self._read: dict[str, Callable[[Path], Any]]
        self._read = {".pkl": files.read_pickle, ".npy": files.read_array, ".json": files.read_text}

    def put(self, key: str, value: Any, what: str) -> int:
        """Write a file."""
        path = self.root / key
        write = self._write[path.suffix]
        with writing(what, self.run_dir):
            os.stat(self.run_dir)  # one that is gone or was renamed is not made anew
            try:
                write(path, value)
            except OSError:
                remove_tree(self.run_dir / PREPARED)  # of less use than a model
                write(path, value)
        return path.stat().st_size

    def get(self, key: str) -> Any:
        """Read a file; arrays are in memory, so that no descriptor stays open."""
        path = self.root / key
        with reading(path):
            return self._read[path.suffix](path)

    def size(self, key: str) -> int:
        """Of the file."""
        try:
            return (self.root / key).stat().st_size
        except OSError:
            return 0

    def keys(self, pattern: str) -> list[str]:
        """Files and folders; none where they cannot be listed."""
        return [path.relative_to(self.root).as_posix() for path in found_in(self.root, pattern)]

    def drop(self, key: str) -> None:
        """Remove a file or a folder, as far as it can be."""
        path = self.root / key
        with suppress(OSError):
            path.unlink() if path.is_file() else remove_tree(path)


@contextmanager
def reading(place: object) -> Iterator[None]:
    """Say what could not be read.

    Raises
    ------
    ArtifactError
        In place of whatever a damaged file, or one that needs a library that is gone, makes its reader raise.
    """
    try:
        yield
    except (ArtifactError, MemoryError):
        raise
    except Exception as error:
        raise ArtifactError(f"{place} is missing or damaged ({type(error).__name__}: {error}).") from error
