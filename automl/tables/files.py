"""Files as they come: pipes are read once, archives are unpacked, and what is too large is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from automl.errors import DataError
from automl.tables.constants import CHUNK_BYTES, TEXT_SHARE
from automl.wording import size

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
FAULTS = (OSError, EOFError, zlib.error, lzma.LZMAError)  # that a file which cannot be read comes to light by
# what a file begins with tells more than its name, and a pipe has none
_OPENERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
    b"PK\x03\x04": zipfile.ZipFile,
    b"PK\x05\x06": zipfile.ZipFile,  # with nothing in it
}


@contextmanager
def at_rest(path: Path, memory_limit: int | None = None) -> Iterator[Path]:
    """The file itself where it is a plain one, else a temporary one with what comes out of it.

    Parameters
    ----------
    path : Path
        A file that may be compressed, or a pipe.
    memory_limit : int, optional
        Bytes, of which the text may be a quarter.

    Raises
    ------
    DataError
        If it is larger, or an archive that does not hold one file.
    OSError, EOFError, zlib.error, lzma.LZMAError
        If it cannot be read.
    """
    most = None if memory_limit is None else int(TEXT_SHARE * memory_limit)
    name, plain = str(path), stat.S_ISREG(path.stat().st_mode)
    with ExitStack() as stack:

        def copied(content: IO[bytes]) -> Path:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="automl-table-"))
            return _copied(content, Path(folder) / "table", name, most)

        if not plain:
            with path.open("rb") as pipe:
                path = copied(pipe)
        with path.open("rb") as file:
            head = file.read(6)
        opener = next((opener for sign, opener in _OPENERS.items() if head.startswith(sign)), None)
        if opener is not None:
            with _unpacked(path, opener, name) as content:
                path = copied(content)
        elif most is not None and path.stat().st_size > most:
            raise _too_large(name, most)
        elif path.suffix.lower() in COMPRESSED:  # it is not, but pandas would believe the name
            with path.open("rb") as content:
                path = copied(content)
        yield path


@contextmanager
def kept(path: Path) -> Iterator[Path]:
    """A file that can be read twice: of a pipe a copy, which refusals call by the pipe's name."""
    if not path.is_fifo():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="automl-table-") as folder:
        with path.open("rb") as pipe:
            copy = _copied(pipe, Path(folder) / path.name, str(path), None)
        with named(copy, path):
            yield copy


@contextmanager
def named(copy: Path, path: Path) -> Iterator[None]:
    """Let refusals call a copy by the name of the file that it is of."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(repr(str(copy)), repr(str(path)))) from error.__cause__


@contextmanager
def _unpacked(path: Path, opener: Callable[..., Any], name: str) -> Iterator[IO[bytes]]:
    """What a compressed file holds; of an archive, the one file in it."""
    if opener is not zipfile.ZipFile:
        with opener(path, "rb") as content:
            yield content
        return
    try:
        with zipfile.ZipFile(path) as archive:
            found = (each for each in archive.infolist() if not each.is_dir())
            inside = [each for each in found if not each.filename.startswith("__MACOSX/")]
            if len(inside) != 1:
                raise DataError(f"{name!r} holds {len(inside) or 'no'} files; unpack it and name the table among them.")
            with archive.open(inside[0]) as content:
                yield content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:  # the last where it needs a password
        raise DataError(f"{name!r} cannot be unpacked: {str(error).rstrip('.')}.") from error


def _copied(content: IO[bytes], to: Path, name: str, most: int | None) -> Path:
    written = 0
    with to.open("wb") as file:
        while chunk := content.read(CHUNK_BYTES):
            written += len(chunk)
            if most is not None and written > most:
                raise _too_large(name, most)
            file.write(chunk)
    return to


def _too_large(name: str, most: int) -> DataError:
    return DataError(
        f"{name!r} holds more than {size(most)} (unpacked, where it is compressed), a quarter of the memory limit; "
        "keep fewer rows or columns, or raise the limit."
    )
