"""Files of a run: fold models, their predictions, and prepared arrays that candidates share.

Everything is written beside its place and renamed, so that a reader never meets half a file; a fold's small JSON
comes last and says that the fold is whole.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from automl.trials.trial import FoldResult, Rung

CACHE_BYTES = 2 * 2**30  # of prepared arrays on disk


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file under another name, then put it in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{uuid4().hex}{path.suffix}")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def write_pickle(path: Path, content: object) -> None:
    """Pickle to a file; several times as fast as joblib for forests, whose arrays are many and small."""

    def write(beside: Path) -> None:
        with beside.open("wb") as file:
            pickle.dump(content, file, protocol=pickle.HIGHEST_PROTOCOL)

    write_whole(path, write)


def read_pickle(path: Path) -> Any:
    """Read a file of this run."""
    with path.open("rb") as file:
        return pickle.load(file)


class Artifacts:
    """What workers leave in `run_dir` and hand-over takes from it.

    Parameters
    ----------
    run_dir : Path
    """

    def __init__(self, run_dir: Path) -> None:
        self.root = run_dir / "artifacts"

    def _folder(self, key: str, rung: Rung) -> Path:
        return self.root / key / f"rows{rung.rows:g}-iterations{rung.iterations:g}"

    # ---- folds

    def save_fold(self, key: str, rung: Rung, result: FoldResult, model: Any, prediction: NDArray[Any]) -> FoldResult:
        """Keep a fold, `model` None where it has none of its own; returns the result with the size of its model."""
        if model is not None:
            path, started = self._folder(key, rung) / f"fold{result.fold}.pkl", time.perf_counter()
            write_pickle(path, model)
            seconds = time.perf_counter() - started
            result = replace(result, model_bytes=path.stat().st_size, write_seconds=seconds)
        self.rewrite_fold(key, rung, result, prediction)
        return result

    def rewrite_fold(self, key: str, rung: Rung, result: FoldResult, prediction: NDArray[Any]) -> None:
        """Replace what is told of a fold; its model stays."""
        path = self._folder(key, rung) / f"fold{result.fold}.npy"
        write_whole(path, lambda beside: np.save(beside, prediction.astype(np.float32)))
        text = json.dumps(asdict(result))
        write_whole(path.with_suffix(".json"), lambda beside: beside.write_text(text, encoding="utf-8"))

    def folds(self, key: str, rung: Rung) -> dict[int, FoldResult]:
        """Folds of a candidate that are whole."""
        found: dict[int, FoldResult] = {}
        for path in sorted(self._folder(key, rung).glob("fold*.json")):
            fields = json.loads(path.read_text(encoding="utf-8"))
            result = FoldResult(**{**fields, "warnings": tuple(fields["warnings"])})
            found[result.fold] = result
        return found

    def model(self, key: str, rung: Rung, fold: int) -> Any:
        """Fitted pipeline of a fold."""
        return read_pickle(self._folder(key, rung) / f"fold{fold}.pkl")

    def fewer_iterations(self, key: str, rung: Rung, fold: int) -> Any | None:
        """The model of a fold from the rung of most iterations below this one, of the same rows; None without one."""
        found: dict[float, Path] = {}
        for path in (self.root / key).glob(f"rows{rung.rows:g}-iterations*/fold{fold}.json"):
            share = float(path.parent.name.rpartition("iterations")[2])
            if share < rung.iterations:
                found[share] = path
        return read_pickle(found[max(found)].with_suffix(".pkl")) if found else None

    def prediction(self, key: str, rung: Rung, fold: int) -> NDArray[np.float32]:
        """Predictions of a fold's validation rows, memory-mapped."""
        array: NDArray[np.float32] = np.load(self._folder(key, rung) / f"fold{fold}.npy", mmap_mode="r")
        return array

    def drop(self, key: str) -> None:
        """Forget a candidate's models and predictions."""
        shutil.rmtree(self.root / key, ignore_errors=True)

    def keep_only(self, keys: set[str]) -> None:
        """Forget every candidate but these."""
        if self.root.exists():
            for folder in self.root.iterdir():
                if folder.name not in keys:
                    self.drop(folder.name)

    # ---- refit on all rows

    def save_refit(self, key: str, model: Any) -> None:
        """Keep the pipeline that was fitted on all rows."""
        write_pickle(self.root / key / "refit.pkl", model)

    def refit(self, key: str) -> Any | None:
        """The pipeline fitted on all rows, or None."""
        path = self.root / key / "refit.pkl"
        return read_pickle(path) if path.exists() else None


class LeafCache:
    """Prepared arrays on disk, one file for each (leaf, form, rows): the `Cache` of tables within a run.

    Workers that need the same array at once both make it; the last one's file stays, and both are the same. Beyond
    `CACHE_BYTES` the files that were not read for longest go.
    """

    def __init__(self, run_dir: Path) -> None:
        self.root = run_dir / "prepared"

    def _path(self, leaf: Any, *tokens: str) -> Path:
        text = "|".join((repr(sorted(leaf.get_params().items())), *tokens))
        return self.root / f"{blake2b(text.encode(), digest_size=12).hexdigest()}.npy"

    def prepared(self, leaf: Any, table: Any, y: NDArray[Any] | None = None) -> tuple[Any, NDArray[Any]]:
        """The leaf fitted on a table, and its matrix of the same rows."""
        path = self._path(leaf, table.token)
        fitted_path = path.with_suffix(".pkl")
        with suppress(FileNotFoundError):  # never made, or gone for want of room
            fitted, matrix = read_pickle(fitted_path), _mapped(path)
            return fitted, matrix
        matrix = leaf.learn(table, y)
        self._write(path, matrix)
        write_pickle(fitted_path, leaf)
        return leaf, matrix

    def transformed(self, leaf: Any, table: Any) -> NDArray[Any]:
        """What a fitted leaf makes of other rows."""
        path = self._path(leaf, leaf.token_, table.token)
        with suppress(FileNotFoundError):
            return _mapped(path)
        matrix: NDArray[Any] = leaf.apply(table)
        self._write(path, matrix)
        return matrix

    def _write(self, path: Path, matrix: NDArray[Any]) -> None:
        self._make_room(matrix.nbytes)
        write_whole(path, lambda beside: np.save(beside, matrix))

    def _make_room(self, wanted: int) -> None:
        if not self.root.exists():
            return
        found = []
        for entry in os.scandir(self.root):
            with suppress(FileNotFoundError):  # another worker makes room, too
                found.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
        surplus = sum(size for _, size, _ in found) + wanted - CACHE_BYTES
        for _, size, path in sorted(found):
            if surplus <= 0:
                break
            Path(path).unlink(missing_ok=True)  # whoever has it mapped keeps it
            surplus -= size


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r")
    with suppress(FileNotFoundError):
        os.utime(path)
    return array
