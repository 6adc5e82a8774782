"""Ctrl-C, SIGTERM and SIGHUP while `fit` runs: the search ends in order, and what it found is handed over.

Python raises KeyboardInterrupt between any two instructions, also where a trial is half written down. So the signals
are taken down while `fit` runs, and raised where nothing can be torn: at a `checkpoint`, or anywhere in an
`interruptible` section. Only the main thread gets signals, and only handlers that are Python's own are replaced: a
caller's stay.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

DEFAULTS: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
HANGUP = getattr(signal, "SIGHUP", None)  # the terminal is gone; Windows has none
if HANGUP is not None:
    DEFAULTS[HANGUP] = signal.SIG_DFL  # under nohup it is ignored, and stays so


class _Watch:
    """What the signals of one `fit` (or of the command around it) have asked for."""

    def __init__(self) -> None:
        self.ready = False  # whether there is a model that an early end can hand over
        self.asked = self.interrupted_twice = False
        self.pending = False  # still to be raised
        self.open = False
        self.last: int | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Take down the first one; raise where there is no model yet, and the second time."""
        if number == HANGUP and self.last is not None:  # shell and kernel both tell of one hang-up: no insisting
            return
        self.last = number
        if self.asked and number == signal.SIGTERM:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        if self.asked or not self.ready:
            self.interrupted_twice = self.asked
            raise KeyboardInterrupt
        self.asked = True
        if self.open:
            raise KeyboardInterrupt
        self.pending = True


_watch: _Watch | None = None


def _mine() -> _Watch | None:
    """The watch, in the thread that gets the signals."""
    return _watch if threading.current_thread() is threading.main_thread() else None


@contextmanager
def in_order() -> Iterator[None]:
    """Handle the signals until the end of the ``with`` (or of the function that this decorates).

    Inside another one, that one goes on. Does nothing in threads other than the main one.
    """
    global _watch
    if _watch is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch()
    taken = [number for number, default in DEFAULTS.items() if signal.getsignal(number) == default]
    try:
        _watch = watch
        for number in taken:
            signal.signal(number, watch.on_signal)
        yield
    finally:
        for number in taken:
            if signal.getsignal(number) == watch.on_signal:  # else the caller has set one meanwhile
                signal.signal(number, DEFAULTS[number])
        _watch = None


def ready() -> None:
    """From now on there is a model: a first signal no longer raises at once."""
    if (watch := _mine()) is not None:
        watch.ready = True


def checkpoint() -> None:
    """Raise what is pending.

    Raises
    ------
    KeyboardInterrupt
        Once for a first signal.
    """
    if (watch := _mine()) is not None and watch.pending:
        watch.pending = False
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """A section that may be left at any point, such as the fit of a candidate: a signal is raised at once."""
    checkpoint()
    watch = _mine()
    if watch is None:
        yield
        return
    watch.open = True
    try:
        yield
    finally:
        watch.open = False


def exit_code() -> int:
    """What a process that a signal ended tells by its exit code: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    watch = _mine()
    return 128 + (signal.SIGINT if watch is None or watch.last is None else watch.last)


def asked() -> bool:
    """Whether a signal has asked for an end in order; any thread may ask."""
    return _watch is not None and _watch.asked


def interrupted_twice() -> bool:
    """Whether Ctrl-C came a second time: then nothing is handed over."""
    watch = _mine()
    return watch is not None and watch.interrupted_twice
