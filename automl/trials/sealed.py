"""Files of a run that only this user, on this machine, can have written.

Reading a pickle runs code, and a run's folder may come from anybody. So each model, prediction and record of a fold
ends with a keyed hash (BLAKE2b, RFC 7693) of the run, its place in the folder and its content, and is read only where
that is right, which also finds what a power cut or a bad disk has left. The key lies where the user's programs keep
their state; a run's folder that is copied to another machine goes on there without its models, which are made again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from automl.errors import ArtifactError
from automl.trials.files import write_whole

KEY_BYTES = 32
DIGEST_BYTES = 32
SESSION = "AUTOML_SESSION_KEY"  # hands the key to worker processes
CHUNK = 2**20


def key_path(environment: Mapping[str, str]) -> Path:
    """Where the key lies: in the user's folder for state (XDG Base Directory Specification)."""
    state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "automl" / "key"


@cache
def session_key() -> bytes:
    """The user's key; one for this process and its workers alone where none can be kept, or others can read it."""
    if found := os.environ.get(SESSION):
        return bytes.fromhex(found)
    try:
        return _kept_key(key_path(os.environ))
    except (OSError, RuntimeError):  # no home, or one that is read-only
        return secrets.token_bytes(KEY_BYTES)


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        beside = path.with_name(f"key-{secrets.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # the first of several processes wins, and none reads half a key
            os.link(beside, path)
        beside.unlink()
    with path.open("rb") as file:
        known, key = os.fstat(file.fileno()), file.read()
    own = not hasattr(os, "geteuid") or (known.st_uid == os.geteuid() and not known.st_mode & 0o077)
    return key if own and len(key) == KEY_BYTES else secrets.token_bytes(KEY_BYTES)


class Sealed:
    """Reads and writes the files of one run.

    Parameters
    ----------
    root : Path
        The folder that places are told relative to.
    run : str
        What the run is known by.
    """

    def __init__(self, root: Path, run: str = "") -> None:
        self.root, self.run = root, run

    def write(self, path: Path, dump: Callable[[IO[bytes]], object]) -> None:
        """Let `dump` write to a file, and seal it."""

        def sealed(beside: Path) -> None:
            with beside.open("wb") as file:
                hashing = _Hashing(file, self._hash(path))
                dump(cast("IO[bytes]", hashing))
                file.write(hashing.hash.digest())

        write_whole(path, sealed, lasting=False)  # what a power cut leaves of it does not pass for it

    @contextmanager
    def opened(self, path: Path) -> Iterator[IO[bytes]]:
        """A file that `write` wrote in this run; what follows its content is the seal.

        Raises
        ------
        ArtifactError
            If it is missing, damaged, or another's.
        """
        with ExitStack() as stack:
            try:
                file = stack.enter_context(path.open("rb"))
                whole = self._is_whole(file, path)
            except OSError as error:
                raise ArtifactError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
            if not whole:
                raise ArtifactError(f"{str(path)!r} is damaged, or was not written by this user on this machine.")
            file.seek(0)
            yield file

    def _is_whole(self, file: IO[bytes], path: Path) -> bool:
        rest, digest = os.fstat(file.fileno()).st_size - DIGEST_BYTES, self._hash(path)
        while rest > 0 and (part := file.read(min(rest, CHUNK))):
            digest.update(part)
            rest -= len(part)
        return rest == 0 and hmac.compare_digest(file.read(), digest.digest())

    def _hash(self, path: Path) -> Any:
        digest = hashlib.blake2b(key=session_key(), digest_size=DIGEST_BYTES)
        digest.update(f"{self.run}\n{path.relative_to(self.root).as_posix()}\n".encode())
        return digest

    # ---- pickles and arrays

    def write_pickle(self, path: Path, content: object) -> None:
        """Pickle; several times as fast as joblib for forests, whose arrays are many and small."""
        self.write(path, lambda file: pickle.dump(content, file, protocol=pickle.HIGHEST_PROTOCOL))

    def read_pickle(self, path: Path) -> Any:
        """What a pickle holds; raises ArtifactError."""
        with self.opened(path) as file:
            return pickle.load(file)

    def write_array(self, path: Path, array: NDArray[Any]) -> None:
        """One array, of numbers."""
        self.write(path, lambda file: np.save(file, array, allow_pickle=False))

    def read_array(self, path: Path) -> NDArray[Any]:
        """An array, in memory; raises ArtifactError."""
        with self.opened(path) as file:
            array: NDArray[Any] = np.load(file, allow_pickle=False)
            return array

    def write_text(self, path: Path, text: str) -> None:
        """A text."""
        self.write(path, lambda file: file.write(text.encode()))

    def read_text(self, path: Path) -> str:
        """A text; raises ArtifactError."""
        with self.opened(path) as file:
            return file.read()[:-DIGEST_BYTES].decode()


class _Hashing:
    """A file that hashes what is written to it."""

    def __init__(self, file: IO[bytes], digest: Any) -> None:
        self.file, self.hash = file, digest

    def write(self, part: Any) -> int:
        self.hash.update(part)
        return self.file.write(part)
