"""What is printed: text and nothing else, and given up where it cannot be written.

No line is worth a fit: the disk under standard output may be full, the reader of a pipe or the terminal gone, the
stream of a notebook closed, the encoding too narrow. And names of columns, labels and files come from anywhere: what
a terminal would obey is shown as an escape.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

WIDTH = 100
# C0 (but line feed and tab), DEL, C1; line and paragraph separators, directions of writing, lone surrogates
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BREAKS = re.compile("[\t\n]")


def plain(text: str) -> str:
    r"""The text with escapes such as ``\x1b`` in place of control characters; lines and tabs stay."""
    return _OBEYED.sub(_escape, text)


def cell(text: object) -> str:
    """The same for a cell of a table, which is one line."""
    return _BREAKS.sub(_escape, plain(str(text)))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def in_a_line(error: BaseException) -> str:
    """Kind and first line of an error."""
    return " ".join(f"{type(error).__name__}: {error}".split("\n")[0].split())[:200]


def say(text: str = "", *, error: bool = False) -> None:
    """Print a text to standard output, or standard error, if that is possible."""
    stream: Any = sys.stderr if error else sys.stdout
    stream = stream if isinstance(stream, Lenient) or stream is None else Lenient(stream)
    print(plain(text), file=stream, flush=True)


def say_note(text: str) -> None:
    """Print a sentence or two in lines of at most 100 characters."""
    say(wrapped(text))


def wrapped(text: str) -> str:
    """A sentence or two in lines of at most 100 characters."""
    return textwrap.fill(plain(text), WIDTH, subsequent_indent="  ")


class Lenient:
    """A stream of text whose writing never fails: what cannot be encoded is replaced, what cannot be written is lost.

    Attributes
    ----------
    trouble : Exception or None
        Why nothing more is written.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.trouble: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        if not isinstance(text, str):  # click finds out so whether a stream takes bytes
            raise TypeError(f"write() needs text, got {type(text).__name__}")
        if self.trouble is None:
            try:
                self._write(text)
            except Exception as error:  # a notebook's stream may raise anything
                self.trouble = error
        return len(text)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            self._stream.write(text.encode(error.encoding, "replace").decode(error.encoding))

    def flush(self) -> None:
        """Write what waits."""
        if self.trouble is None:
            try:
                self._stream.flush()
            except Exception as error:
                self.trouble = error

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        try:
            return self.trouble is None and bool(self._stream.isatty())
        except Exception:  # closed, or no such method
            return False

    def drain(self) -> None:
        """Let what waits in vain go nowhere, so that Python does not try again, and complain, at its end."""
        with suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def lenient(*, own: bool) -> Iterator[Lenient | None]:
    """Let nothing that is printed fail, whoever prints it, until the end of the ``with``; gives standard output.

    Parameters
    ----------
    own : bool
        Whether the process is ours, so that its descriptors may be changed.
    """
    if own:
        hold_descriptors()
    before = sys.stdout, sys.stderr
    out, err = (None if stream is None else Lenient(stream) for stream in before)
    sys.stdout, sys.stderr = out, err
    try:
        yield out
    finally:
        for stream in (out, err):
            if stream is not None:
                stream.flush()
            if stream is not None and stream.trouble is not None and own:
                stream.drain()
        if out is not None and out.trouble is not None and not isinstance(out.trouble, BrokenPipeError):
            say(f"automl: standard output cannot be written ({_why(out.trouble)}); the rest is not shown.", error=True)
        sys.stdout, sys.stderr = before


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).rstrip(".")


def hold_descriptors() -> None:
    """Open what is closed of the three standard descriptors, lest files or sockets get their numbers.

    A native library that prints would write into a file of ours, and a child process would not inherit it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
