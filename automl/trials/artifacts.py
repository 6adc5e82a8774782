"""Files of a run: fold models, their predictions, and prepared arrays that candidates share.

Everything is written beside its place and renamed, so that a reader never meets half a file; a fold's small JSON
comes last and says that the fold is whole. Files are sealed (`automl.trials.sealed`): one that is damaged, or that
another has put there, is as if it were missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from automl.errors import ArtifactError
from automl.trials.disk import allowance, writing
from automl.trials.files import found_in, remove_tree, write_whole
from automl.trials.sealed import Sealed
from automl.trials.trial import FoldResult, Rung

CACHE_BYTES = 2 * 2**30  # of prepared arrays on disk, or a share of it where that is less
MAPPED_BYTES = 2**20  # prepared arrays from this size on are mapped: each takes a descriptor for as long as it is used
PREPARED = "prepared"


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file could not be read.

    Raises
    ------
    ArtifactError
        In place of whatever a damaged file, or one that needs a library that is gone, makes its reader raise.
    """
    try:
        yield
    except (ArtifactError, MemoryError):
        raise
    except Exception as error:
        raise ArtifactError(f"{path} is missing or damaged ({type(error).__name__}: {error}).") from error


class Artifacts:
    """What workers leave in `run_dir` and hand-over takes from it.

    Where the disk is full, prepared arrays make way; where that does not help, `DiskError` costs the trial.

    Parameters
    ----------
    run_dir : Path
        The folder of the run's files.
    run : str
        What the run is known by.
    """

    def __init__(self, run_dir: Path, run: str = "") -> None:
        self.run_dir = run_dir
        self.root = run_dir / "artifacts"
        self.sealed = Sealed(self.root, run)

    def _folder(self, key: str, rung: Rung) -> Path:
        return self.root / key / f"rows{rung.rows:g}-iterations{rung.iterations:g}"

    # ---- folds

    def save_fold(self, key: str, rung: Rung, result: FoldResult, model: Any, prediction: NDArray[Any]) -> FoldResult:
        """Keep a fold, `model` None where it has none of its own; returns the result with the size of its model."""
        if model is not None:
            path, started = self._folder(key, rung) / f"fold{result.fold}.pkl", time.perf_counter()
            self._write("A model", lambda: self.sealed.write_pickle(path, model))
            seconds = time.perf_counter() - started
            result = replace(result, model_bytes=path.stat().st_size, write_seconds=seconds)
        self.rewrite_fold(key, rung, result, prediction)
        return result

    def _write(self, what: str, write: Callable[[], object]) -> None:
        with writing(what, self.run_dir):
            os.stat(self.run_dir)  # one that is gone or was renamed is not made anew
            try:
                write()
            except OSError:
                remove_tree(self.run_dir / PREPARED)  # of less use than a model
                write()

    def rewrite_fold(self, key: str, rung: Rung, result: FoldResult, prediction: NDArray[Any]) -> None:
        """Replace what is told of a fold; its model stays."""
        path = self._folder(key, rung) / f"fold{result.fold}.npy"
        text = msgspec.json.encode(result).decode()

        def write() -> None:
            self.sealed.write_array(path, prediction.astype(np.float32))
            self.sealed.write_text(path.with_suffix(".json"), text)

        self._write("Predictions", write)

    def folds(self, key: str, rung: Rung) -> dict[int, FoldResult]:
        """Folds of a candidate that are whole: those that lack a file, or tell nonsense, never happened."""
        found: dict[int, FoldResult] = {}
        for path in found_in(self._folder(key, rung), "fold*.json"):
            with suppress(OSError, ArtifactError, msgspec.MsgspecError):
                result = msgspec.json.decode(self.sealed.read_text(path), type=FoldResult)
                model = path.with_suffix(".pkl").stat().st_size if result.model_bytes else 0
                if (
                    path.stem == f"fold{result.fold}"
                    and model == result.model_bytes
                    and path.with_suffix(".npy").stat().st_size
                ):
                    found[result.fold] = result
        if 0 not in found:  # which has the one model of folds that are predicted out of bag
            found = {fold: result for fold, result in found.items() if not result.out_of_bag}
        return dict(sorted(found.items()))

    def model(self, key: str, rung: Rung, fold: int) -> Any:
        """Fitted pipeline of a fold.

        Raises
        ------
        ArtifactError
            If its file is missing or damaged; so do the other methods that read.
        """
        path = self._folder(key, rung) / f"fold{fold}.pkl"
        with _reading(path):
            return self.sealed.read_pickle(path)

    def fewer_iterations(self, key: str, rung: Rung, fold: int) -> Any | None:
        """The model of a fold from the rung of most iterations below this one, of the same rows; None without one."""
        found: dict[float, Path] = {}
        for path in found_in(self.root / key, f"rows{rung.rows:g}-iterations*/fold{fold}.json"):
            share = float(path.parent.name.rpartition("iterations")[2])
            if share < rung.iterations:
                found[share] = path
        for share in sorted(found, reverse=True):
            with suppress(ArtifactError), _reading(found[share]):
                return self.sealed.read_pickle(found[share].with_suffix(".pkl"))
        return None

    def prediction(
        self, key: str, rung: Rung, fold: int, rows: NDArray[Any] | None = None, of: int | None = None
    ) -> NDArray[np.float32]:
        """Predictions of a fold's validation rows, in memory: no descriptor stays open.

        Parameters
        ----------
        rows : ndarray, optional
            Places of the rows that are wanted; all where not given.
        of : int, optional
            Rows that there must be.
        """
        path = self._folder(key, rung) / f"fold{fold}.npy"
        with _reading(path):
            found = self.sealed.read_array(path)
            if found.dtype != np.float32 or found.ndim not in (1, 2) or of not in (None, len(found)):
                raise ValueError(f"{found.dtype} of shape {found.shape}")
            return found if rows is None else found[rows]

    def drop(self, key: str) -> None:
        """Forget a candidate's models and predictions."""
        remove_tree(self.root / key)

    def keep_only(self, keys: set[str]) -> None:
        """Forget every candidate but these."""
        for folder in found_in(self.root, "*"):
            if folder.name not in keys:
                self.drop(folder.name)

    # ---- refit on all rows

    def save_refit(self, key: str, model: Any) -> None:
        """Keep the pipeline that was fitted on all rows."""
        self._write("The model of all rows", lambda: self.sealed.write_pickle(self.root / key / "refit.pkl", model))

    def refit(self, key: str) -> Any | None:
        """The pipeline fitted on all rows, or None."""
        path = self.root / key / "refit.pkl"
        with suppress(ArtifactError), _reading(path):
            return self.sealed.read_pickle(path)
        return None


class LeafCache:
    """Prepared arrays on disk, one file for each (leaf, form, rows): the `Cache` of tables within a run.

    Workers that need the same array at once both make it; the last one's file stays, and both are the same. Beyond
    `CACHE_BYTES`, or a share of the disk, the files that were not read for longest go. What cannot be written is not
    kept: the trial goes on with the array that it has.
    """

    def __init__(self, run_dir: Path) -> None:
        self.root = run_dir / PREPARED
        self.sealed = Sealed(self.root)
        self.most = allowance(run_dir, CACHE_BYTES)

    def _path(self, leaf: Any, *tokens: str) -> Path:
        text = "|".join((repr(sorted(leaf.get_params().items())), *tokens))
        return self.root / f"{blake2b(text.encode(), digest_size=12).hexdigest()}.npy"

    def prepared(self, leaf: Any, table: Any, y: NDArray[Any] | None = None) -> tuple[Any, NDArray[Any]]:
        """The leaf fitted on a table, and its matrix of the same rows."""
        path = self._path(leaf, table.token)
        fitted_path = path.with_suffix(".pkl")
        with suppress(ArtifactError), _reading(fitted_path):  # never made, gone for want of room, or damaged
            fitted, matrix = self.sealed.read_pickle(fitted_path), _mapped(path)
            if len(matrix) == len(table):
                return fitted, matrix
        matrix = leaf.learn(table, y)
        if self._write(path, matrix):
            with suppress(OSError):
                self.sealed.write_pickle(fitted_path, leaf)
        return leaf, matrix

    def transformed(self, leaf: Any, table: Any) -> NDArray[Any]:
        """What a fitted leaf makes of other rows."""
        path = self._path(leaf, leaf.token_, table.token)
        with suppress(ArtifactError), _reading(path):
            matrix: NDArray[Any] = _mapped(path)
            if len(matrix) == len(table):
                return matrix
        matrix = leaf.apply(table)
        self._write(path, matrix)
        return matrix

    def _write(self, path: Path, matrix: NDArray[Any]) -> bool:
        """Whether the matrix is on disk now."""
        if matrix.nbytes > self.most:
            return False
        try:
            os.stat(self.root.parent)  # as in `Artifacts`
            self._make_room(matrix.nbytes)
            write_whole(path, lambda beside: np.save(beside, matrix), lasting=False)
            _used_now(path)
        except OSError:  # full, or on Windows in use
            return False
        return True

    def _make_room(self, wanted: int) -> None:
        if not self.root.exists():
            return
        found = []
        for entry in os.scandir(self.root):
            with suppress(FileNotFoundError):  # another worker makes room, too
                found.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
        surplus = sum(size for _, size, _ in found) + wanted - self.most
        for _, size, path in sorted(found):
            if surplus <= 0:
                break
            Path(path).unlink(missing_ok=True)  # whoever has it mapped keeps it
            surplus -= size


def _mapped(path: Path) -> NDArray[Any]:
    mode: Any = "r" if path.stat().st_size >= MAPPED_BYTES else None
    array: NDArray[Any] = np.load(path, mmap_mode=mode)
    _used_now(path)
    return array


def _used_now(path: Path) -> None:
    """By the monotonic clock, which all processes of a machine share and nobody sets."""
    with suppress(OSError):
        now = time.monotonic()
        os.utime(path, (now, now))
