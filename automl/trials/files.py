"""Writing files whole or not at all, and knowing which of them are ours.

What lies on a disk may be the user's: a folder is ours only where we have left a mark in it, and nothing is deleted,
overwritten or moved in a folder, or at a path, that is not.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4


def write_whole(path: Path, write: Callable[[Path], object], *, lasting: bool = True) -> None:
    """Let `write` make a file under another name, then put it in place; a link there is replaced, not followed.

    Parameters
    ----------
    path : Path
    write : callable
        Takes the path to write to.
    lasting : bool
        Whether the file must outlast a power cut (it is synced before it is put in place, its folder after it).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".automl-{uuid4().hex}{path.suffix[:20]}")
    try:
        write(beside)
        if lasting:
            _sync(beside)
        os.replace(beside, path)
        if lasting:
            _sync(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_out(path: Path, write: Callable[[Path], object]) -> None:
    """Write where a user has asked for it: a link is followed, and what is no file (a device, a pipe) is written to.

    Raises
    ------
    OSError
        If it cannot be written, or is a folder.
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        write(target)  # opening a folder says what is wrong
        return
    mode = target.stat().st_mode if target.exists() else None

    def keeping_mode(beside: Path) -> None:
        write(beside)
        if mode is not None:
            os.chmod(beside, mode & 0o7777)

    write_whole(target, keeping_mode)


def _sync(path: Path) -> None:
    """On disk, not only in the kernel's memory; file systems that cannot sync a folder do not need it."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def is_empty(folder: Path) -> bool:
    """Whether a folder holds nothing."""
    return not names(folder)


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return set(os.listdir(folder))


def found_in(folder: Path, pattern: str) -> list[Path]:
    """Paths in a folder that match; none where it cannot be read."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def links(folder: Path) -> Iterator[Path]:
    """Symbolic links in a folder of ours, itself included: we make none, so they lead to what is not ours."""
    if folder.is_symlink():
        yield folder
        return
    for root, folders, names in os.walk(folder):
        for name in (*folders, *names):
            if os.path.islink(path := os.path.join(root, name)):
                yield Path(path)


def claim(mark: Path, text: str) -> bool:
    """Leave a mark in a folder; False where there is one already."""
    try:
        fd = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    return True


def remove_tree(folder: Path) -> None:
    """Remove a folder of ours, as far as it can be; links in it are removed, not followed."""
    shutil.rmtree(folder, ignore_errors=True)
