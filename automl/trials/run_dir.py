"""The folder of a run: one at a time, temporary where the user named none."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from automl.closing import Closing
from automl.errors import RunDirError
from automl.trials.files import claim, found_in, is_empty, links, names, remove_tree
from automl.trials.journal import NAME, Journal

MARK = "automl-run.json"  # says that the folder was made by a run
FILES = "automl-files"  # folder in it of all that is neither mark nor journal
SCRATCH = ("prepared", "table")  # made anew in each session
ARTIFACTS = "artifacts"
LOCK = "lock"
PREFIX = "automl-"  # of temporary folders


class Mark(msgspec.Struct):
    """What the mark of a run's folder says: what the run is known by, and whether the folder goes with its process."""

    run: str
    temporary: bool = False

    @classmethod
    def read(cls, folder: Path) -> Mark | None:
        """The mark of a folder; None where it has none that can be read."""
        try:
            return msgspec.json.decode((folder / MARK).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return None


class RunDir(Closing):
    """Opens a run's folder and locks it until `close` (or the end of a ``with``).

    A folder is made, or taken where it is empty; one that holds something is a run's only where its mark says so.

    Parameters
    ----------
    path : path or None
        None makes a temporary folder, removed by `close`; where the process is killed before, by the server of workers
        or by the next run.
    resume : "auto" or bool
        "auto" goes on where there is a journal and starts where there is none; True insists on a journal; False
        starts anew.

    Attributes
    ----------
    path : Path
        Holds the mark and the journal.
    files : Path
        Holds all else.
    run : str
        What the run is known by.

    Raises
    ------
    RunDirError
        If another process uses the folder, it cannot be written or is not a run's, or `resume` does not suit it.
    """

    def __init__(self, path: str | Path | None, resume: str | bool = "auto") -> None:
        self._temporary = path is None
        self.path = Path(tempfile.gettempdir())
        with ExitStack() as stack:
            self._begin(path, resume, stack)
            stack.pop_all()

    def _begin(self, path: str | Path | None, resume: str | bool, undo: ExitStack) -> None:
        try:
            if path is None:
                remove_orphans(self.path)
                self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
                undo.callback(remove_tree, self.path)
            else:
                self.path = Path(os.path.abspath(path)).resolve()
            self.files = self.path / FILES
            self._make(resume)
            self._lock = FileLock(self.files / LOCK)
            self._lock.acquire(timeout=5 if self._temporary else 0)  # who looks for orphans holds it for a moment
        except Timeout as error:
            raise RunDirError(
                f"run_dir {str(path)!r} is in use by another run; wait for it or name another."
            ) from error
        except (OSError, ValueError, TypeError) as error:
            if isinstance(error, RunDirError):
                raise
            raise self._unwritable(error) from error
        undo.callback(self._lock.release)
        try:
            self.run = self._marked()
            self.journal = self._open(resume)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: Exception) -> RunDirError:
        why = getattr(error, "strerror", None) or error
        return RunDirError(f"run_dir {str(self.path)!r} cannot be written ({why}); name a folder that can.")

    # ---- whose it is

    def _make(self, resume: str | bool) -> None:
        """The folder and the one in it, where they are ours to make."""
        if self.path.is_dir() and not is_empty(self.path) and not self._begun():
            if not (self.path / MARK).is_file() or (self.path / MARK).is_symlink():
                raise RunDirError(
                    f"run_dir {str(self.path)!r} holds files that are not a run's (there is no {MARK}); name a folder "
                    "that is empty or does not exist."
                )
            for link in links(self.files):
                raise RunDirError(
                    f"run_dir {str(self.path)!r} holds a link ({str(link.relative_to(self.path))!r}), which no run "
                    "makes; name another folder."
                )
        if resume is True and not (self.path / NAME).exists():
            raise RunDirError(f"run_dir {str(self.path)!r} holds no run to resume; use resume='auto' to start one.")
        self.files.mkdir(parents=True, exist_ok=True)

    def _begun(self) -> bool:
        """Whether there is nothing in it but what a run makes before its mark, and was killed after."""
        real = names(self.path) == {FILES} and not self.files.is_symlink() and self.files.is_dir()
        return real and names(self.files) <= {LOCK}

    def _marked(self) -> str:
        """What the run is known by, from the mark; it is made after the lock, which says whether its run is alive."""
        mark = Mark(secrets.token_hex(16), self._temporary)
        claim(self.path / MARK, msgspec.json.encode(mark).decode() + "\n")
        if (found := Mark.read(self.path)) is None:
            raise RunDirError(
                f"run_dir {str(self.path)!r} has a damaged {MARK}; name another folder, or remove this one."
            )
        return found.run

    # ---- what it holds

    def _open(self, resume: str | bool) -> Journal:
        journal = self.path / NAME
        if journal.exists() and (journal.is_symlink() or not journal.is_file()):
            raise RunDirError(f"run_dir {str(self.path)!r}: {NAME} is no file; name another folder.")
        self._clear(SCRATCH)  # what a killed session left behind
        if resume is False:
            journal.unlink(missing_ok=True)
            self._clear([ARTIFACTS])
        return Journal(journal, self.files / "reserve")

    def close(self) -> None:
        """Release the folder; its files stay, unless it is temporary."""
        self.journal.close()
        self._clear(SCRATCH)
        self._lock.release()
        if self._temporary:
            remove_tree(self.path)

    def _clear(self, parts: Iterable[str]) -> None:
        for part in parts:
            remove_tree(self.files / part)


def remove_temporary(files: Path) -> None:
    """Remove the folder that these files of a run lie in, if it is temporary; for when its process is gone."""
    folder = files.parent
    if files.name == FILES and (mark := Mark.read(folder)) is not None and mark.temporary:
        remove_tree(folder)


def remove_orphans(place: Path) -> None:
    """Remove temporary folders whose run was killed with all that belonged to it: their lock is free."""
    for folder in found_in(place, f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            own = not hasattr(os, "geteuid") or folder.lstat().st_uid == os.geteuid()
            if not own or folder.is_symlink() or not (folder / FILES / LOCK).is_file():
                continue
            with FileLock(folder / FILES / LOCK, timeout=0):
                remove_temporary(folder / FILES)
