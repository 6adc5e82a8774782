"""Files of the user's that a run must not touch, and files that tell when a stranger's code ran."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

NAMES = (  # in a folder that is none of ours: names that we use ourselves among them
    "table/notes.txt", "prepared/mine/x", "artifacts/a.pkl", "reserve", "temporary", "journal.txt", "notes.txt",
)  # fmt: skip


class Canaries:
    """Remembers what it planted, and tells what became of it."""

    def __init__(self) -> None:
        self._planted: dict[Path, bytes] = {}

    def plant(self, path: Path, text: str = "the user's own, without a newline at its end") -> Path:
        """Write a file and remember it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = f"{path.name}: {text}".encode()
        path.write_bytes(content)
        self._planted[path] = content
        return path

    def fill(self, folder: Path, names: tuple[str, ...] = NAMES) -> None:
        """Make a folder of the user's."""
        for name in names:
            self.plant(folder / name)

    def holds(self, path: Path) -> bool:
        """Whether a file is the user's, or a folder holds one."""
        return any(planted.is_relative_to(path) for planted in self._planted)

    def move(self, old: Path, new: Path) -> None:
        """Follow what the harness itself has renamed."""
        for path in [path for path in self._planted if path.is_relative_to(old)]:
            self._planted[new / path.relative_to(old)] = self._planted.pop(path)

    def forget(self, folder: Path) -> None:
        """Let go of what the harness itself has removed."""
        for path in [path for path in self._planted if path.is_relative_to(folder)]:
            del self._planted[path]

    def touched(self) -> list[str]:
        """A phrase for each file that is not what it was."""
        return [f"{path.name} {what}" for path, content in self._planted.items() if (what := _change(path, content))]


def _change(path: Path, content: bytes) -> str:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return "is replaced"
        return "" if path.read_bytes() == content else "is changed"
    except OSError:
        return "is gone"


class Planted:
    """What a stranger's pickle may do when it is read: leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def plant_code(file: Path, told: Path) -> None:
    """Write a pickle that makes the file `told` when it is loaded."""
    file.write_bytes(pickle.dumps(Planted(told)))
