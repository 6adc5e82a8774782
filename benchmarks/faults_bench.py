"""The place of one row of `faults.py`: its folders, the user's files, and processes that fit in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary import Canaries
from support import ROOT

TESTS = ROOT / "tests"
CHILD = Path(__file__).with_name("faults_child.py")
HANGS = 90.0  # seconds after which a process is killed
GOOD = 0.8  # accuracy that more than a constant has


@dataclass
class Ran:
    """A process that ended."""

    code: int
    said: str
    found: dict[str, Any]
    seconds: float


@dataclass
class Seen:
    """What a scene shows.

    Parameters
    ----------
    happened, lost, model : str
        Cells of the table.
    right : bool
        Whether it is what is promised; that no file of the user's was touched is looked at besides.
    """

    happened: str
    right: bool
    model: str = "none"
    lost: str = "nothing"


@dataclass
class Bench:
    """Folders for a scene; all but `folder` itself are still to be made."""

    folder: Path
    canaries: Canaries = field(default_factory=Canaries)

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def environment(self, **more: str) -> dict[str, str]:
        """This checkout's code, the tests' families; files of `first` on the path come before all."""
        paths = [str(self.folder / "first"), str(ROOT), str(TESTS), str(CHILD.parent)]
        own = {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(self.folder), "RUN_DIR": str(self.run)}
        return {**os.environ, **own, **more}

    def first(self, name: str, text: str) -> None:
        """A module that is found before any other of its name."""
        path = self.folder / "first" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def script(self, lines: str, **environment: str) -> Ran:
        """Lines of Python that find what `faults_child.py` has."""
        return self.wait([sys.executable, str(CHILD), "--script", lines], env=self.environment(**environment))

    def popen(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """The command line."""
        command = [sys.executable, "-m", "automl", *arguments]
        return subprocess.Popen(
            command, text=True, env=self.environment(), cwd=self.folder, stderr=subprocess.STDOUT,
            **{"stdout": subprocess.PIPE, **options},
        )  # fmt: skip

    def cli(self, *arguments: str) -> Ran:
        return self.wait([sys.executable, "-m", "automl", *arguments])

    def fit(self, *arguments: str) -> list[str]:
        """Arguments of a small fit by the command line."""
        return ["fit", str(self.csv()), "--target", "y", "--out", str(self.out), "--max-trials", "2", "--cv", "3",
                "--n-jobs", "1", "--include", "naive_bayes,decision_tree", *arguments]  # fmt: skip

    def csv(self) -> Path:
        """A table to learn from."""
        path = self.folder / "train.csv"
        rows = [f"{place % 17},{place % 5},{'yes' if place % 17 > 8 else 'no'}" for place in range(200)]
        path.write_text("\n".join(["a,b,y", *rows, ""]), encoding="utf-8")
        return path

    def wait(self, command: list[str], **options: Any) -> Ran:
        """A process until its end, with what it said last."""
        started = time.monotonic()
        options = {"env": self.environment(), "cwd": self.folder} | options
        with subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
        ) as process:
            return ended(process, started)

    def model_written(self, ran: Ran) -> Seen:
        """The model of the command line is there, and it said so by its exit code."""
        there = (self.out / "model.joblib").is_file()
        lines = [line for line in ran.said.splitlines() if line.strip()] or [""]
        said = "" if ran.code == 0 else f": {lines[-1][:160]}"
        return Seen(f"exit code {ran.code}{said}", there and ran.code == 0, "written" if there else "none")


def ended(process: subprocess.Popen[str], started: float) -> Ran:
    """Wait for it; one that hangs is killed."""
    try:
        said, _ = process.communicate(timeout=HANGS)
    except subprocess.TimeoutExpired:
        process.kill()
        said = (process.communicate()[0] or "") + "\nIt hangs."
    lines = (said or "").splitlines()
    found = [line for line in lines if line.startswith("{")]
    return Ran(process.returncode, said or "", json.loads(found[-1]) if found else {}, time.monotonic() - started)


def seen(ran: Ran, refused: bool | None = False, most: float | None = None, good: float = GOOD) -> Seen:
    """A fit as a row.

    Parameters
    ----------
    refused : bool or None
        Whether a sentence is right, a model is (False), or either (None).
    most : float, optional
        Seconds that `fit` may take.
    good : float
        Accuracy that the model must have, at least.
    """
    found = ran.found
    if "error" in found:
        happened = str(found["error"]).partition("; ")[0][:200]
        right = bool(found["ours"]) and refused is not False
        return Seen(happened, right, lost="nothing: refused" if right else "the run")
    if "score" not in found:
        lines = [line for line in ran.said.splitlines() if line.strip()] or ["no word"]
        return Seen(f"exit code {ran.code}: {lines[-1][:160]}", False)
    happened = f"(`stop_reason_` {found['reason']})"
    right = found["score"] >= good and not refused
    if most is not None:
        happened = f"`fit` took {found['wall']:.1f} s {happened}"
        right = right and found["wall"] <= most
    bad = [status for _, status, _ in found["trials"] if status != "ok"]
    lost = ", ".join(f"{bad.count(one)} trial ({one})" for one in sorted(set(bad))) or "nothing"
    return Seen(happened, right, f"accuracy {found['score']:.3f}", lost)


Scene = Callable[[Bench], Seen]
SCENES: dict[str, Scene] = {}


def scene(name: str) -> Callable[[Scene], Scene]:
    """A row of the table, in the order of definition."""

    def add(play: Scene) -> Scene:
        SCENES[name] = play
        return play

    return add
