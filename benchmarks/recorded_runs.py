"""Workers that evaluate candidates of recorded tables: processes that are killed where a candidate does not end."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path

import outside
import psutil
import recorded_table
import support
from recorded_table import Row

PATIENCE = 2.0  # times the limit, of the process, before it is killed: a single fit may take longer than all may
LOOK_SECONDS = 0.5  # between two looks at the clocks


def serve(pipe: Connection, limit: float, folder: Path) -> None:
    """What a worker does: candidates come as (table, text), rows go back; it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
    outside.by_process_clock()
    bench: recorded_table.Bench | None = None
    with suppress(EOFError):
        while True:
            name, text = pipe.recv()
            if bench is None or bench.problem.name != name:
                bench = recorded_table.Bench(recorded_table.Problem(name), folder / name)
                _ = bench.problem.test
            pipe.send(None)  # ready: what is counted begins now
            pipe.send(bench.row(text, limit))


class Worker:
    """A process, and what it does just now.

    Parameters
    ----------
    limit : float
        Seconds of the process that a candidate has.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.text, self._since, self.started = "", 0.0, False
        self._open()

    def _open(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.folder = tempfile.TemporaryDirectory()
        self.process = context.Process(target=serve, args=(other, self.limit, Path(self.folder.name)), daemon=True)
        self.process.start()
        other.close()

    def give(self, name: str, text: str) -> None:
        """Let it evaluate a candidate."""
        self.text, self.started = text, False
        self.pipe.send((name, text))

    def answer(self) -> Row | None:
        """The row of its candidate, where it has ended, or was ended here; else None."""
        try:
            while self.pipe.poll():
                if (row := self.pipe.recv()) is not None:
                    return dict(row)
                self.started, self._since = True, self._seconds()
        except (EOFError, OSError):
            return self._anew("crashed", f"The process ended with exit code {self._exit()}.")
        if self.started and self._seconds() - self._since > PATIENCE * self.limit:
            return self._anew("cut", f"Took longer than {PATIENCE * self.limit:g} s within a fit.")
        return None

    def _seconds(self) -> float:
        with suppress(psutil.Error):
            times = psutil.Process(self.process.pid).cpu_times()
            return float(times.user + times.system)
        return self._since

    def _exit(self) -> int | None:
        self.process.join(5)
        return self.process.exitcode

    def _anew(self, status: str, error: str) -> Row:
        seconds = round(max(0.0, self._seconds() - self._since), 3)
        row = {"candidate": self.text, "status": status, "seconds": seconds, "clock": 0, "error": error}
        self.close()
        self._open()
        return row

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.folder.cleanup()


def record(name: str, count: int, limit: float, jobs: int, folder: Path = recorded_table.FOLDER) -> int:
    """Record candidates of a table until there are `count`; returns how many there are.

    An interruption is raised after what has ended is packed.
    """
    from recorded_pool import Pool

    rows = recorded_table.begin(name, folder)
    pool, done, file = Pool(recorded_table.Problem(name).space, rows), len(rows), recorded_table.fresh(name, folder)
    workers, commit = [Worker(limit) for _ in range(jobs)], support.commit()
    busy: dict[Worker, object] = {}
    try:
        while True:
            for worker in workers:
                if worker not in busy and done + len(busy) < count and (trial := pool.next()) is not None:
                    busy[worker] = trial
                    worker.give(name, trial.candidate.text)
            if not busy:
                return done
            wait([worker.pipe for worker in busy], LOOK_SECONDS)
            for worker, trial in list(busy.items()):
                if (row := worker.answer()) is not None:
                    row |= {"origin": trial.origin, "commit": commit}
                    support.add_row(file, row)
                    pool.end(busy.pop(worker), row)
                    done += 1
                    told = row.get("loss") or f"{row['status']}: {row['error']}"
                    print(name, done, row["origin"], told, row["seconds"], "s", row["candidate"][:80], flush=True)
    finally:
        for worker in workers:
            worker.close()
        recorded_table.pack(name, folder)
