"""The life of a worker process: open the evaluator, then evaluate one job after the other."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Unopened:
    """What a worker answers that could not open the evaluator."""

    why: str


def work(connection: Connection, evaluator_path: str, parent: int) -> None:
    """Answer jobs until the connection ends.

    Parameters
    ----------
    connection : Connection
        Gives jobs and when they were submitted, takes outcomes and the seconds that they took.
    evaluator_path : str
        The pickled evaluator; opened with the first job.
    parent : int
        Process that this one must not outlive.
    """
    _tie_to(parent)
    evaluator = None
    while True:
        try:
            job, submitted = connection.recv()
        except (EOFError, OSError):
            return
        if evaluator is None:
            try:
                with open(evaluator_path, "rb") as file:
                    evaluator = pickle.load(file)
            except Exception as error:  # files that are gone or damaged; whoever asks may write them anew
                connection.send((Unopened(f"{type(error).__name__}: {error}"), 0.0))
                return
        started = time.monotonic()
        result = evaluator.run(job.after(started - submitted))  # by the clock that processes of a machine share
        connection.send((result, time.monotonic() - started))


def _tie_to(parent: int) -> None:
    """Die with the parent, be the kernel's first choice when memory runs out, leave Ctrl-C to the main process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    if os.getppid() != parent:
        os._exit(1)
    with suppress(RuntimeError):  # no room for a thread
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    """Where the kernel does not tie processes together, look every second."""
    import psutil  # not before: the server forks workers that need none of it

    while os.getppid() == parent and psutil.pid_exists(parent):  # on Windows the parent's id stays when it is gone
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Start as a fresh interpreter (where fork is not to be had): ``worker FD PARENT EVALUATOR``."""
    fd, parent, evaluator_path = sys.argv[1:]
    connection: Any = Connection
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection as connection  # noqa: N813
    work(connection(int(fd)), evaluator_path, int(parent))


if __name__ == "__main__":
    main()
