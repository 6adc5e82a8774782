"""Processes of a soak's runs, who owns them, and the small disk that some get."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import support

CHILD = Path(__file__).with_name("soak_child.py")
TOKEN = "AUTOML_SOAK"  # in the environment of all processes of a run


class Warm:
    """The process that forks the fits (`soak_child.py`)."""

    def __init__(self) -> None:
        environment = support.environment() | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self._told()

    def _told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def start(self, spec: dict[str, Any]) -> int:
        """Process of the fit."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(spec) + "\n")
        self.process.stdin.flush()
        return int(self._told()["pid"])

    def status(self) -> int:
        """How the fit ended; waits for it."""
        return int(self._told()["status"])

    def close(self) -> None:
        """End it."""
        self.process.communicate()


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def targets(pid: int, target: str) -> list[int]:
    """Processes of a fit: "main", its "server", a "worker" of that, or "all"."""
    with suppress(psutil.Error):
        main = psutil.Process(pid)
        servers = main.children()
        workers = [worker for server in servers for worker in server.children()]
        found = {"main": [main], "server": servers[:1], "worker": workers[:1], "all": [*workers, *servers, main]}
        return [process.pid for process in found[target]]
    return []


def owned(token: str) -> list[psutil.Process]:
    """Processes that were started by the runs of a scene, whoever is their parent now."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(TOKEN) == token and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


@contextmanager
def small_disk(kind: str, run: Path) -> Iterator[None]:
    """The run folder as a disk of 3 MB, where that is asked for and may be mounted."""
    mounted = False
    if kind == "small disk" and shutil.which("mount"):
        run.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(run)]
        mounted = not subprocess.run(mount, capture_output=True, check=False).returncode
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(run)], check=True)
