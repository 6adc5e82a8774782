"""The folder of a run: one at a time, temporary where the user named none."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from automl.errors import RunDirError
from automl.trials.journal import Journal

SCRATCH = ("prepared", "table")  # made anew in each session
TEMPORARY = "temporary"  # a file that marks a folder which goes with its process, even one that is killed


class RunDir:
    """Opens a run's folder and locks it until `close` (or the end of a ``with``).

    Parameters
    ----------
    path : path or None
        None makes a temporary folder, removed when this object is collected or the process ends.
    resume : "auto" or bool
        "auto" goes on where there is a journal and starts where there is none; True insists on a journal; False
        starts anew.

    Raises
    ------
    RunDirError
        If another process uses the folder, it cannot be written, or `resume` does not suit it.
    """

    def __init__(self, path: str | Path | None, resume: str | bool = "auto") -> None:
        self.path = Path(tempfile.gettempdir()) if path is None else Path(path).resolve()
        try:
            if path is None:
                self.path = Path(tempfile.mkdtemp(prefix="automl-"))
                self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
                (self.path / TEMPORARY).touch()
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path / "lock")
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise RunDirError(
                f"run_dir {str(path)!r} is in use by another run; wait for it or name another."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self.journal = self._open(path, resume)
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error
        except BaseException:
            self._lock.release()
            raise

    def _unwritable(self, error: OSError) -> RunDirError:
        return RunDirError(
            f"run_dir {str(self.path)!r} cannot be written ({error.strerror or error}); name a folder that can."
        )

    def _open(self, path: str | Path | None, resume: str | bool) -> Journal:
        journal = self.path / "journal.jsonl"
        if resume is True and not journal.exists():
            raise RunDirError(f"run_dir {str(path)!r} holds no run to resume; use resume='auto' to start one.")
        self._clear(SCRATCH)  # what a killed session left behind
        if resume is False:
            journal.unlink(missing_ok=True)
            self._clear(["artifacts"])
        return Journal(journal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the folder; its files stay (until collection, where it is temporary)."""
        self.journal.close()
        self._clear(SCRATCH)
        self._lock.release()

    def _clear(self, parts: Iterable[str]) -> None:
        for part in parts:
            shutil.rmtree(self.path / part, ignore_errors=True)
