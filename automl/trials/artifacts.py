"""What evaluations leave behind: fold models, their predictions, and prepared arrays that candidates share.

A fold's small record comes last and says that the fold is whole.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from automl.errors import ArtifactError
from automl.trials.constants import CACHE_BYTES, MAPPED_BYTES
from automl.trials.disk import allowance
from automl.trials.files import write_whole
from automl.trials.measures import nested
from automl.trials.sealed import Sealed
from automl.trials.store import PREPARED, Store, reading
from automl.trials.trial import FoldResult, Rung


class Artifacts:
    """What workers leave in a store and hand-over takes from it.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @staticmethod
    def _folder(key: str, rung: Rung) -> str:
        return f"{key}/rows{rung.rows:g}-iterations{rung.iterations:g}"

    # ---- folds

    def save_fold(self, key: str, rung: Rung, result: FoldResult, model: Any, prediction: NDArray[Any]) -> FoldResult:
        """Keep a fold, `model` None where it has none of its own; returns the result with the size of its model."""
        if model is not None:
            started = time.perf_counter()
            size = self.store.put(f"{self._folder(key, rung)}/fold{result.fold}.pkl", model, "A model")
            written = replace(result.measures, model_bytes=size, write_seconds=time.perf_counter() - started)
            result = replace(result, measures=written)
        self.rewrite_fold(key, rung, result, prediction)
        return result

    def rewrite_fold(self, key: str, rung: Rung, result: FoldResult, prediction: NDArray[Any]) -> None:
        """Replace what is told of a fold; its model stays."""
        place = f"{self._folder(key, rung)}/fold{result.fold}"
        self.store.put(f"{place}.npy", prediction.astype(np.float32), "Predictions")
        self.store.put(f"{place}.json", msgspec.json.encode(result).decode(), "Predictions")

    def folds(self, key: str, rung: Rung) -> dict[int, FoldResult]:
        """Folds of a candidate that are whole: those that lack a part, or tell nonsense, never happened."""
        found: dict[int, FoldResult] = {}
        for record in self.store.keys(f"{self._folder(key, rung)}/fold*.json"):
            place = record.removesuffix(".json")
            with suppress(ArtifactError, msgspec.MsgspecError):
                result = msgspec.convert(nested(msgspec.json.decode(self.store.get(record), type=dict)), FoldResult)
                written = result.measures.model_bytes
                model = self.store.size(f"{place}.pkl") if written else 0
                own = place.endswith(f"/fold{result.fold}")
                if own and model == written and self.store.size(f"{place}.npy"):
                    found[result.fold] = result
        if 0 not in found:  # which has the one model of folds that are predicted out of bag
            found = {fold: result for fold, result in found.items() if not result.out_of_bag}
        return dict(sorted(found.items()))

    def model(self, key: str, rung: Rung, fold: int) -> Any:
        """Fitted pipeline of a fold.

        Raises
        ------
        ArtifactError
            If it is missing or damaged; so do the other methods that read.
        """
        return self.store.get(f"{self._folder(key, rung)}/fold{fold}.pkl")

    def fewer_iterations(self, key: str, rung: Rung, fold: int) -> Any | None:
        """The model of a fold from the rung of most iterations below this one, of the same rows; None without one."""
        found: dict[float, str] = {}
        for record in self.store.keys(f"{key}/rows{rung.rows:g}-iterations*/fold{fold}.json"):
            share = float(record.split("/")[-2].rpartition("iterations")[2])
            if share < rung.iterations:
                found[share] = record.removesuffix(".json")
        for share in sorted(found, reverse=True):
            with suppress(ArtifactError):
                return self.store.get(f"{found[share]}.pkl")
        return None

    def prediction(
        self, key: str, rung: Rung, fold: int, rows: NDArray[Any] | None = None, of: int | None = None
    ) -> NDArray[np.float32]:
        """Predictions of a fold's validation rows.

        Parameters
        ----------
        rows : ndarray, optional
            Places of the rows that are wanted; all where not given.
        of : int, optional
            Rows that there must be.
        """
        place = f"{self._folder(key, rung)}/fold{fold}.npy"
        found: NDArray[np.float32] = self.store.get(place)
        with reading(place):
            if found.dtype != np.float32 or found.ndim not in (1, 2) or of not in (None, len(found)):
                raise ValueError(f"{found.dtype} of shape {found.shape}")
            return found if rows is None else found[rows]

    def drop(self, key: str) -> None:
        """Forget a candidate's models and predictions."""
        self.store.drop(key)

    def keep_only(self, keys: set[str]) -> None:
        """Forget every candidate but these."""
        for key in self.store.keys("*"):
            if key not in keys:
                self.drop(key)

    # ---- refit on all rows

    def save_refit(self, key: str, model: Any) -> None:
        """Keep the pipeline that was fitted on all rows."""
        self.store.put(f"{key}/refit.pkl", model, "The model of all rows")

    def refit(self, key: str) -> Any | None:
        """The pipeline fitted on all rows, or None."""
        with suppress(ArtifactError):
            return self.store.get(f"{key}/refit.pkl")
        return None


class LeafCache:
    """Prepared arrays on disk, one file for each (leaf of a pipeline, rows): the `Cache` of tables within a run.

    Workers that need the same array at once both make it; the last one's file stays, and both are the same. Beyond
    `CACHE_BYTES`, or a share of the disk, the files that were not read for longest go. What cannot be written is not
    kept: the trial goes on with the array that it has.
    """

    def __init__(self, run_dir: Path) -> None:
        self.root = run_dir / PREPARED
        self.sealed = Sealed(self.root)
        self.most = allowance(run_dir, CACHE_BYTES)

    def _path(self, preprocessor: Any, *tokens: str) -> Path:
        text = "|".join((repr(sorted(preprocessor.get_params().items())), *tokens))
        return self.root / f"{blake2b(text.encode(), digest_size=12).hexdigest()}.npy"

    def prepared(self, preprocessor: Any, table: Any, y: NDArray[Any] | None = None) -> tuple[Any, NDArray[Any]]:
        """The preprocessor fitted on a table, and its matrix of the same rows."""
        path = self._path(preprocessor, table.token)
        fitted_path = path.with_suffix(".pkl")
        with suppress(ArtifactError), reading(fitted_path):  # never made, gone for want of room, or damaged
            fitted, matrix = self.sealed.read_pickle(fitted_path), _mapped(path)
            if len(matrix) == len(table):
                return fitted, matrix
        matrix = preprocessor.learn(table, y)
        if self._write(path, matrix):
            with suppress(OSError):
                self.sealed.write_pickle(fitted_path, preprocessor)
        return preprocessor, matrix

    def transformed(self, preprocessor: Any, table: Any) -> NDArray[Any]:
        """What a fitted preprocessor makes of other rows."""
        path = self._path(preprocessor, preprocessor.token_, table.token)
        with suppress(ArtifactError), reading(path):
            matrix: NDArray[Any] = _mapped(path)
            if len(matrix) == len(table):
                return matrix
        matrix = preprocessor.apply(table)
        self._write(path, matrix)
        return matrix

    def _write(self, path: Path, matrix: NDArray[Any]) -> bool:
        """Whether the matrix is on disk now."""
        if matrix.nbytes > self.most:
            return False
        try:
            os.stat(self.root.parent)  # as in `FolderStore`
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
