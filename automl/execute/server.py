"""A warm process that has imported the libraries and forks workers: a fresh one answers within some 15 ms.

It is started as an interpreter of its own (never by fork of the user's process, whose OpenMP threads would be lost,
and without importing the user's ``__main__``). It has used no OpenMP itself, so its forks are sound. Each byte that
arrives on the control socket carries one end of a socket pair: a worker is forked for it and its pid is sent back;
when a worker ends, its exit status is sent. When the control socket or the parent process ends, so does everything.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import socket
import struct
import sys
import time
import warnings
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NoReturn

from automl.execute.worker import work
from automl.native import forks_are_sound
from automl.trials.run_dir import remove_temporary

MESSAGE = struct.Struct("<cii")  # kind (b"s" started, b"e" ended, b"f" could not be forked), pid, status or errno
TICK = 0.5  # seconds between looks at the parent
PARTING = 5.0  # seconds for a parent whose socket has closed to be gone


class Server:
    """The loop of the server process."""

    def __init__(self, control: socket.socket, parent: int, evaluator_path: str, preload: list[str]) -> None:
        self.control = control
        self.parent = parent
        self.evaluator_path = evaluator_path
        self.preload = preload
        self.children: set[int] = set()
        self.bell, ringer = socket.socketpair()  # a child's end wakes `select`
        self.bell.setblocking(False)
        ringer.setblocking(False)
        signal.set_wakeup_fd(ringer.detach())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Import the libraries once, then fork on demand."""
        for module in self.preload:
            if os.getppid() != self.parent:  # a slow disk may take longer than the main process lived
                return
            try:
                importlib.import_module(module)
            except (Exception, SystemExit) as error:  # the main process has left out its families, and said so
                print(f"{module}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)  # in the workers' log
        while os.getppid() == self.parent:
            ready = wait([self.control, self.bell], TICK)  # unlike `select`, with descriptors of any number
            if self.control in ready and not self._answer():
                return
            self._reap()

    def _answer(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self.control, 1, 1)
        if not data:
            return False
        server = os.getpid()
        try:
            if not fds:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            pid = os.fork()
        except (OSError, MemoryError) as error:  # of too many processes, say: those that run go on
            for fd in fds:
                os.close(fd)
            self.control.sendall(MESSAGE.pack(b"f", 0, getattr(error, "errno", None) or errno.ENOMEM))
            return True
        if pid == 0:
            self._become_worker(fds[0], server)
        os.close(fds[0])
        self.children.add(pid)
        self.control.sendall(MESSAGE.pack(b"s", pid, 0))
        return True

    def _become_worker(self, fd: int, server: int) -> NoReturn:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.control.close()
            work(Connection(fd), self.evaluator_path, server)
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.bell.recv(4096)
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.children.discard(pid)
            self.control.sendall(MESSAGE.pack(b"e", pid, os.waitstatus_to_exitcode(status)))

    def end(self) -> None:
        """Kill every worker; where the main process is gone, remove a run's temporary folder, which it cannot any more.

        While that lives, the folder is its own, whatever has ended the server.
        """
        for pid in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        until = time.monotonic() + PARTING
        while os.getppid() == self.parent and time.monotonic() < until:  # its socket closes a little before it is gone
            time.sleep(0.01)
        if os.getppid() != self.parent:
            remove_temporary(Path(self.evaluator_path).parent)


def main() -> None:
    """``server FD PARENT EVALUATOR MODULE...``."""
    fd, parent, evaluator_path, *preload = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork beside OpenBLAS' idle threads
    forks_are_sound()
    server = Server(socket.socket(fileno=int(fd)), int(parent), evaluator_path, preload)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent is gone
            server.serve()
    finally:
        server.end()


if __name__ == "__main__":
    main()
