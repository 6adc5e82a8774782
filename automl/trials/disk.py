"""How much of a disk a run may use, and what is said when it is full."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automl.errors import DiskError
from automl.trials.constants import DISK_SHARE

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def allowance(run_dir: Path, most: float) -> float:
    """Bytes that one kind of file may take up: `most`, or a share of the disk where that is less.

    Counted as free is what the run itself holds already, so that a resumed run keeps its share.
    """
    try:
        free = shutil.disk_usage(run_dir).free
    except OSError:  # not made yet: the first write will say what is wrong
        return most
    return min(most, DISK_SHARE * (free + _size(run_dir)))


def _size(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except FileNotFoundError:  # it was just dropped
                continue
    return total


def why(error: OSError) -> str:
    """What is wrong with a disk, in a few words."""
    return "it is full" if error.errno in _FULL else str(error.strerror or error)


@contextmanager
def writing(what: str, run_dir: Path) -> Iterator[None]:
    """Say which file could not be written where.

    Raises
    ------
    DiskError
        In place of OSError.
    """
    try:
        yield
    except DiskError:
        raise
    except OSError as error:
        raise DiskError(
            f"{what} could not be written to the disk of run_dir {str(run_dir)!r} ({why(error)}); "
            "free some of it, or name a run_dir elsewhere."
        ) from error
