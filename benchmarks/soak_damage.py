"""Damage to a run folder between two starts, and what its journal said before and says after."""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from canary import Canaries, plant_code

FALSE_LOSS = 1.25e-7  # an altered score: no honest trial has it


class Damage:
    """Does one thing after the other to a run folder, never to the user's files in it.

    Parameters
    ----------
    run : Path
        The run folder.
    beside : Path
        A folder for what is needed elsewhere: the user's folder that links point to.
    """

    def __init__(self, run: Path, beside: Path, canaries: Canaries, random: Random) -> None:
        self.run, self.beside, self.canaries, self.random = run, beside, canaries, random

    def do(self, kind: str) -> str:
        """Do it, and say to what; empty where there is nothing to damage."""
        if not self.run.is_dir() or self.run.is_symlink():
            return ""
        if kind == "the whole folder":
            return self._whole()
        found = sorted(self.run.rglob("*"))
        paths = [path for path in found if not path.is_symlink() and not self.canaries.holds(path)]
        files = [path for path in paths if path.is_file()]
        pool = files if kind in ("truncate", "flip", "link to a file") else paths
        if kind in ("score", "line"):
            pool = [path for path in files if path.name.startswith("journal")]
        if kind == "code":
            pool = [path for path in files if path.suffix == ".pkl"]
        if kind == "all artifacts":
            pool = [path for path in paths if path.is_dir() and path.name == "artifacts"]
        if not pool:
            return ""
        if kind == "code":
            for path in pool:
                plant_code(path, self.beside / "ran")
            return f"code in {len(pool)} files"
        path = self.random.choice(pool)
        getattr(self, "_" + kind.replace(" ", "_"))(path)
        return f"{kind}: {path.relative_to(self.run)}"

    def _truncate(self, path: Path) -> None:
        os.truncate(path, self.random.randint(0, max(0, path.stat().st_size - 1)))

    def _flip(self, path: Path) -> None:
        content = bytearray(path.read_bytes())
        for _ in range(self.random.randint(1, 20) if content else 0):
            content[self.random.randrange(len(content))] ^= 1 << self.random.randrange(8)
        path.write_bytes(content)

    def _remove(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    _delete = _remove
    _all_artifacts = _remove

    def _rename(self, path: Path) -> None:
        path.rename(path.with_name(path.name + ".moved"))

    def _folder(self, path: Path) -> None:
        self._remove(path)
        (path / "deep").mkdir(parents=True)
        (path / "deep" / "notes.txt").write_text("in a run's own folder, so not the user's")

    def _link_to_a_file(self, path: Path) -> None:
        self._remove(path)
        path.symlink_to(self.canaries.plant(self.beside / f"file {self.random.random()}"))

    def _link_to_a_folder(self, path: Path) -> None:
        self._remove(path)
        self._link_at(path)

    def _chmod(self, path: Path) -> None:
        path.chmod(0)

    def _score(self, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        places = [place for place, line in enumerate(lines) if read(line).get("measures", {}).get("loss") is not None]
        if places:
            place = self.random.choice(places)
            told = read(lines[place])
            told["measures"]["loss"] = FALSE_LOSS
            lines[place] = json.dumps(told).encode() + b"\n"
            path.write_bytes(b"".join(lines))

    def _line(self, path: Path) -> None:
        """A line that is no more what it was, but JSON: something in it is gone or of another type."""
        lines = path.read_bytes().splitlines(keepends=True)
        place = self.random.randrange(len(lines)) if lines else 0
        if not lines or not (event := read(lines[place])):
            return
        name = self.random.choice(sorted(event))
        wrong = self.random.choice([None, -1, 1e300, "x", [], {}, [[None]], True])
        event = {key: value for key, value in event.items() if key != name or wrong is not None}
        changed = event | ({name: wrong} if wrong is not None else {})
        if self.random.random() < 0.5:  # by one who knows the checksums
            path.write_bytes(sealed([*map(read, lines[:place]), changed, *map(read, lines[place + 1 :])]))
            return
        lines[place] = json.dumps(changed).encode() + b"\n"
        path.write_bytes(b"".join(lines))

    def _whole(self) -> str:
        """Another folder, of the user's, lies where the run was; or a link to one."""
        moved = self.run.with_name(f"run {self.random.random()}")
        try:
            self.run.rename(moved)
        except OSError:  # a disk of its own
            return ""
        self.canaries.move(self.run, moved)
        if self.random.random() < 0.5:
            self.canaries.fill(self.run)
            return "the user's folder in its place"
        self._link_at(self.run)
        return "a link in its place"

    def _link_at(self, path: Path) -> None:
        target = self.beside / f"folder {self.random.random()}"
        self.canaries.fill(target)
        path.symlink_to(target)


def read(line: bytes) -> dict[str, Any]:
    """A line of a journal; empty where it is none."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def sealed(events: list[Any]) -> bytes:
    """Lines of a journal with right checksums, as one makes them who knows how; without, where there are none."""
    lines, check = [], 0
    for event in events:
        body = {key: value for key, value in event.items() if key != "check"} if isinstance(event, dict) else event
        line = json.dumps(body, separators=(",", ":")).encode()
        if find_spec("automl.trials.events") and isinstance(event, dict):
            from automl.trials.events import with_check

            line, check = with_check(line, check)
        lines.append(line.rstrip() + b"\n")
    return b"".join(lines)


def journal_lines(run: Path) -> list[bytes]:
    """Whole lines of the run's journal, wherever in the folder it lies."""
    found = sorted(path for path in run.rglob("journal*.jsonl") if path.is_file() and not path.is_symlink())
    lines = found[0].read_bytes().splitlines(keepends=True) if found else []
    return [line for line in lines if line.endswith(b"\n")]


def safe(before: list[bytes], damaged: list[bytes]) -> list[bytes]:
    """Lines of finished trials of which nothing is damaged: their start, their finish, and the journal's first line."""
    if not before or before[:1] != damaged[:1]:
        return []
    both = [line for line in damaged if line in set(before)]
    events = [(line, read(line)) for line in both]
    started = {event["trial"] for _, event in events if event.get("event") == "start"}
    lost = {read(line).get("trial") for line in set(before) - set(both)}  # a trial may have several lines
    ends = [(line, event["trial"]) for line, event in events if event.get("event") == "finish"]
    return [line for line, trial in ends if trial in started - lost]
