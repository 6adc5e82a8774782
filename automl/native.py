"""What belongs to the whole process: native threads and warning filters, with several fits at once and after a fork.

threadpoolctl and `warnings.catch_warnings` put back what they found. Where two threads take turns in that, the first
one's change is what the second one puts back in the end, and it stays. And OpenBLAS is not made to have its number of
threads changed while another thread computes. So here the first to come changes, and the last to go puts back.

After a fork, GNU's OpenMP waits for threads that only the parent has. With one thread it starts none, so that a forked
process (a worker of a web server that has loaded the model before) has one.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

FEW_PROCESSES = 4096  # a limit of processes that threads may meet
LONGEST = 500  # characters of a warning that are recorded
_lock = threading.RLock()
_local = threading.local()

# ---- native threads


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Blas:
    """The threads of BLAS, which all threads of the process share."""

    def __init__(self) -> None:
        self.holders = 0
        self._before: list[tuple[Any, int]] = []

    @contextmanager
    def limited(self, threads: int) -> Iterator[None]:
        """At most that many, or what the first of several that overlap has asked for."""
        with _lock:
            if self.holders == 0:
                self._before = [(library, library.get_num_threads()) for library in _libraries("blas").lib_controllers]
                for library, _ in self._before:
                    _set(library, threads)
            self.holders += 1
        try:
            yield
        finally:
            with _lock:
                self.holders -= 1
                if self.holders == 0:
                    for library, before in self._before:
                        _set(library, before)


def _libraries(kind: str) -> Any:
    """Those of one kind: `threadpool_limits` puts back what it found of all kinds."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api=kind)


def _set(library: Any, threads: int) -> None:
    # from version 3.7 on, only the thread that changed it first may change OpenBLAS back; ours may be another
    getattr(library, "_real_set_num_threads", library.set_num_threads)(threads)


_blas = _Blas()


@contextmanager
def limited(threads: int, *, blas: bool = True) -> Iterator[None]:
    """Compute with that many native threads, and with one after a fork.

    OpenMP has a number for each thread that calls it, so that this one's is nobody else's.
    """
    threads = 1 if single_threaded() else threads
    with _blas.limited(threads) if blas else nullcontext(), _libraries("openmp").limit(limits=threads):
        yield


# ---- what one thread at a time may use

_locks: WeakKeyDictionary[Any, threading.Lock] = WeakKeyDictionary()  # in it, a lock would have to be pickled


@contextmanager
def alone_with(thing: Any) -> Iterator[None]:
    """No other thread that asks for the same thing has it meanwhile."""
    with _lock:
        lock = _locks.setdefault(thing, threading.Lock())
    with lock:
        yield


# ---- forks


class _Forks:
    happened = False
    sound = False  # of a process that starts no native threads before


def _note_fork() -> None:
    global _lock, _locks
    _lock, _locks = (
        threading.RLock(),
        WeakKeyDictionary(),
    )  # the parent's may have been held by a thread that is not here
    _Forks.happened = not _Forks.sound


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def forks_are_sound() -> None:
    """Say that this process uses no native threads before it forks, so that its children may."""
    _Forks.sound = True


def single_threaded() -> bool:
    """Use one thread of OpenMP from now on where more do not work; returns whether that is so.

    In a fork of a process that may have used more before: it has none of these threads, and waits for them. And where
    no further thread can be started: GNU's OpenMP ends the process then.
    """
    single = _Forks.happened or _no_more_threads()
    if single:
        _libraries("openmp").limit(limits=1)
        os.environ["OMP_NUM_THREADS"] = "1"  # for libraries that are loaded later: each brings an OpenMP of its own
    return single


def _no_more_threads() -> bool:
    """Whether a limit of processes (``ulimit -u``) has no room for a thread a core; asked where it is low."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    except (ImportError, AttributeError):  # Windows
        return False
    if limit == resource.RLIM_INFINITY or limit > FEW_PROCESSES:
        return False
    done = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range((os.cpu_count() or 1) - 1):
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:  # can't start new thread
        return True
    finally:
        done.set()
        for thread in started:
            thread.join()
    return False


# ---- warnings


class _Filters:
    """Warning filters while somebody has some of their own, and who is told of the warnings of which thread."""

    def __init__(self) -> None:
        self.holders = 0
        self._before: Any = None
        self._show: Any = None

    def __enter__(self) -> None:
        with _lock:
            if self.holders == 0:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                self._show = warnings.showwarning
                warnings.showwarning = self._tell
            self.holders += 1

    def __exit__(self, *_: object) -> None:
        with _lock:
            self.holders -= 1
            if self.holders == 0:
                self._before.__exit__(None, None, None)

    def _tell(self, message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        record: list[str] | None = getattr(_local, "record", None)
        if record is None:
            self._show(message, category, *place, **more)
        else:
            record.append(f"{category.__name__}: {str(message).splitlines()[0][:LONGEST]}")


_filters = _Filters()


@contextmanager
def ignored(message: str = "", category: type[Warning] = Warning, module: str = "") -> Iterator[None]:
    """Warnings whose message and module start so (regular expressions) are not told."""
    with _filters:
        with _lock:
            warnings.filterwarnings("ignore", message, category, module)
        yield


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every warning of this thread is put into the list, and told nowhere else."""
    before, _local.record = getattr(_local, "record", None), []
    try:
        with _filters:
            with _lock:
                warnings.simplefilter("always")
            yield _local.record
    finally:
        _local.record = before
