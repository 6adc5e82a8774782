"""Worker processes by way of the fork server, or as fresh interpreters where fork is not to be had."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO, Any

import psutil

from automl.execute.constants import ATTEMPTS, PAUSE_SECONDS, START_SECONDS
from automl.execute.server import MESSAGE
from automl.trials.disk import writing
from automl.trials.sealed import SESSION, session_key

# imported by the server before it forks: what candidates need; not CatBoost, whose 0.6 s would delay every first job
PRELOAD = (
    "automl.evaluate.evaluator", "sklearn.linear_model", "sklearn.ensemble", "lightgbm", "xgboost",
    "automl.estimators.boosting", "automl.estimators.transformers", "automl.estimators.selectors",
    "sklearn.preprocessing", "sklearn.calibration", "sklearn.neighbors", "automl.estimators.mlp",
    "sklearn.decomposition", "sklearn.tree",
)  # fmt: skip


# macOS has fork, but its own libraries may crash in the child
CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "darwin"
LOOK_SECONDS = 0.1  # between looks at whether a worker is still wanted
WINDOWS = sys.platform == "win32"


class ForkError(OSError):
    """The server of workers could not fork."""


class Worker:
    """One process that evaluates one job at a time; `pid` is None until the server has told it."""

    def __init__(
        self,
        connection: Connection,
        pid: int | None,
        process: subprocess.Popen[bytes] | None,
        server: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self.connection = connection
        self.pid = pid
        self._process = process
        self._server = server

    @property
    def orphaned(self) -> bool:
        """Whether the server that forked it has ended, which ends its workers."""
        return self._server is not None and self._server.poll() is not None

    def sigkill(self) -> None:
        """Send SIGKILL, which no process can ignore; `kill` cleans up after it."""
        if self._process is not None:
            self._process.kill()  # on Windows, too
        elif self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End it now."""
        self.sigkill()
        self.connection.close()
        if self._process is not None:
            self._process.wait()

    def resident_bytes(self) -> int:
        """Memory that the process holds; 0 when it is gone."""
        if self.pid is None:
            return 0
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0


class Pool:
    """Starts workers and tells how they ended.

    Parameters
    ----------
    evaluator_path : Path
        The pickled evaluator.
    log_path : Path
        Where workers' output and the tracebacks of their crashes go.
    fork : bool
        Whether workers are forked by a warm server; else each is a fresh interpreter.
    """

    def __init__(self, evaluator_path: Path, log_path: Path, *, fork: bool = True) -> None:
        self._evaluator_path = evaluator_path
        with writing("The workers' log", log_path.parent):
            self._log: IO[bytes] = log_path.open("ab")
        self._fork = fork
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._exits: dict[int, int] = {}
        self._unclaimed = 0  # workers that were asked for, and given up before they came
        self.notes: list[str] = []  # for the user
        if fork:
            with contextlib.suppress(OSError):  # the first worker tries again
                self._start_server()

    def _launch(self, code: str, arguments: list[str], fd: int) -> subprocess.Popen[bytes]:
        """An interpreter of its own that inherits a descriptor (a handle on Windows), away from Ctrl-C."""
        apart: dict[str, Any] = {"pass_fds": [fd], "start_new_session": True}
        if WINDOWS:
            os.set_handle_inheritable(fd, True)  # type: ignore[attr-defined, unused-ignore]
            apart = {"close_fds": False, "creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined, unused-ignore]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            SESSION: session_key().hex(),
            "OMP_NUM_THREADS": "1",  # a job says how many threads it has; libraries loaded late must not take all
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-c", code, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env=environment,
            **apart,  # Ctrl-C in the terminal is the main process' to handle
        )

    def _start_server(self) -> None:
        control, theirs = socket.socketpair()
        with theirs:
            arguments = [str(theirs.fileno()), str(os.getpid()), str(self._evaluator_path), *PRELOAD]
            try:
                code = "from automl.execute.server import main; main()"
                self._server = self._launch(code, arguments, theirs.fileno())
            except BaseException:
                control.close()
                raise
        self._control = control
        self._control.settimeout(30)

    def start(self, give_up: Callable[[], bool] = lambda: False, *, alone: bool = True) -> Worker | None:
        """A new worker; it answers as soon as the server has forked it.

        A server that still imports its libraries, which takes a slow disk many seconds, is waited for until `give_up`
        says to; then there is None. Where the server ends again and again, or cannot fork though this worker would be
        `alone`, workers are fresh interpreters from then on.

        Raises
        ------
        OSError
            If there is no room for another process, or for its descriptors.
        """
        if not self._fork:
            return self._fresh()
        try:
            return self._forked(give_up)
        except (OSError, EOFError) as error:
            if give_up():
                return None
            if not alone:  # others would end with the server
                raise
            self._stop_server()
            self._fork = False
            worker = self._fresh()
            self.notes.append(f"Workers could not be forked ({error}): each is an interpreter of its own.")
            return worker

    def _fresh(self) -> Worker:
        connection, theirs = Pipe()
        with theirs:
            code = "from automl.execute.worker import main; main()"
            arguments = [str(theirs.fileno()), str(os.getpid()), str(self._evaluator_path)]
            try:
                process = self._launch(code, arguments, theirs.fileno())
            except BaseException:
                connection.close()
                raise
            return Worker(connection, process.pid, process)

    def _forked(self, give_up: Callable[[], bool]) -> Worker | None:
        connection, theirs = Pipe()
        with theirs:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    if self._control is None:
                        self._start_server()
                    assert self._control is not None
                    socket.send_fds(self._control, [b"w"], [theirs.fileno()])
                    if (pid := self._await_pid(give_up)) is not None:
                        return Worker(connection, pid, None, self._server)
                    connection.close()  # the worker that comes too late ends at once
                    return None
                except (OSError, EOFError) as error:
                    if not isinstance(error, ForkError):  # the server was killed from outside, or cannot be started
                        self._stop_server()
                    if attempt == ATTEMPTS or give_up():
                        connection.close()
                        raise
                    time.sleep(attempt * PAUSE_SECONDS)  # a limit of processes may have room again
        raise AssertionError("not reached")

    def _await_pid(self, give_up: Callable[[], bool]) -> int | None:
        assert self._control is not None
        until = time.monotonic() + START_SECONDS
        while True:
            if not wait([self._control], LOOK_SECONDS):
                if give_up():
                    self._unclaimed += 1
                    return None
                if time.monotonic() >= until:
                    raise TimeoutError("the server of workers does not answer")
            elif (pid := self._take()) is not None:
                return pid

    def _take(self) -> int | None:
        """Read what the server says: the pid of a worker that is waited for, else None."""
        kind, pid, status = self._read()
        if kind == b"e":
            self._exits[pid] = status
        elif not self._unclaimed:
            return pid
        else:
            self._unclaimed -= 1
        return None

    def _read(self) -> tuple[bytes, int, int]:
        assert self._control is not None
        data = b""
        while len(data) < MESSAGE.size:
            part = self._control.recv(MESSAGE.size - len(data))
            if not part:
                raise EOFError("the server of workers ended")
            data += part
        kind, pid, status = MESSAGE.unpack(data)
        if kind == b"f":
            raise ForkError(status, os.strerror(status))
        return kind, pid, status

    def exit_status(self, worker: Worker) -> int | None:
        """How a dead worker ended (negative: by that signal); None where it is not known."""
        if worker._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return worker._process.wait(timeout=1.0)
            return None
        if worker.pid is None or self._control is None:
            return None
        self._control.settimeout(1.0)
        try:
            while worker.pid not in self._exits:
                self._take()
        except (OSError, EOFError):
            return None
        finally:
            self._control.settimeout(30)
        return self._exits.pop(worker.pid)

    def _stop_server(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            self._server.kill()  # its workers are tied to it
            with contextlib.suppress(subprocess.TimeoutExpired):  # one that waits for a disk ends when that answers
                self._server.wait(timeout=1.0)
            self._server = None
        self._unclaimed = 0

    def close(self) -> None:
        """End the server; workers end with it."""
        self._stop_server()
        self._log.close()
