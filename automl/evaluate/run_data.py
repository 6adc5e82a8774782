"""What the candidates of one run are fitted on and scored by: the table, its target and its splits."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.columns.table import Table
from automl.estimators.staged import FitControl
from automl.evaluate.constants import LOOK_ROWS
from automl.evaluate.scores import Scores
from automl.pipeline.build import Recipe, predict
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.tasks.task import Task
from automl.trials.artifacts import LeafCache
from automl.trials.files import write_whole
from automl.trials.trial import Job, Rung
from automl.validation.splits import Split, nested_order

Array = NDArray[Any]


class RunData:
    """Task, rows and splits of a run; pickled, it leaves the arrays in `run_dir` and maps them from there.

    Parameters
    ----------
    task : Task
    table : Table
        All rows.
    y : ndarray of shape (n_rows,)
        Coded target.
    splits : list of (train, validation) row numbers
        Those of the repeats after those of the cross-validation itself.
    seed : int
        The run's seed.
    run_dir : Path
        Where prepared and shared arrays lie.
    repeats : int
        Cross-validations that the splits are of.

    Attributes
    ----------
    n_folds : int
        Of one cross-validation.
    forward : bool
        Whether every fold is validated on later rows than it is trained on.
    pooled : bool
        Whether all rows are scored together, because some fold lacks a class that the metric needs.
    """

    def __init__(
        self, task: Task, table: Table, y: Array, splits: list[Split], seed: int, run_dir: Path, *, repeats: int = 1
    ) -> None:
        self.task, self.table, self.y = task, table, y
        self.splits, self.seed, self.run_dir = splits, seed, run_dir
        run_dir.mkdir(parents=True, exist_ok=True)  # from now on, one that is gone is not made anew
        self.cache = LeafCache(run_dir)
        self.n_folds = len(splits) // repeats
        first = splits[: self.n_folds]
        validated = 1 if task.classes is None else len(np.unique(y[np.concatenate([valid for _, valid in first])]))
        lacking = [len(np.unique(y[valid])) < validated for _, valid in first]
        time = table.about.time
        self.forward = time is not None and all(time[train].max() < time[valid].min() for train, valid in first)
        # decided once a run: every row of the leaderboard is scored the same way
        self.pooled = task.metric.needs_all_classes and any(lacking)

    # ---- travelling to workers

    def __getstate__(self) -> dict[str, Any]:
        folder = self.run_dir / "table"
        arrays = {**self.table.arrays(), "y": self.y}
        for name, array in arrays.items():
            if not (folder / f"{name}.npy").exists():
                write_whole(folder / f"{name}.npy", partial(np.save, arr=array), lasting=False)
        return {**self.__dict__, "table": (self.table.levels, self.table.integers, self.table.names), "y": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        folder = state["run_dir"] / "table"
        arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        self.__dict__.update(state)
        self.table = Table.from_arrays(arrays, *state["table"])
        self.y = arrays["y"]

    # ---- rows

    def folds(self, rung: Rung) -> range:
        """Numbers of the folds of a rung."""
        return range(max(1, round(rung.folds * self.n_folds)))

    def all_rows(self) -> Table:
        """The table, its prepared arrays shared among candidates."""
        return self.table.take(np.arange(len(self.y)), "all", self.cache)

    def training_rows(self, fold: int, share: float) -> Array:
        """Numbers of a share of a fold's training rows; a smaller one lies within a larger one."""
        train = self.splits[fold][0]
        return train if share >= 1 else self._some(train, round(share * len(train)), fold)

    def validation_rows(self, fold: int, share: float) -> Array:
        """Numbers of the rows that a fold is scored on: where training rows are left out, not more than tell enough."""
        valid = self.splits[fold][1]
        enough = max(LOOK_ROWS, round(share * len(valid)))
        return valid if share >= 1 or len(valid) <= enough else self._some(valid, enough, fold)

    def _some(self, rows: Array, count: int, fold: int) -> Array:
        """Classes keep their shares; of rows in time, the latest ones are kept."""
        labels, time = None if self.task.classes is None else self.y, self.table.about.time
        labels, time = (None if known is None else known[rows] for known in (labels, time))
        order = nested_order(len(rows), derive_seed(self.seed, "rows", fold), labels, time)
        return np.sort(rows[order[: max(1, count)]])

    def training(self, fold: int, share: float) -> tuple[Table, Array]:
        """A share of a fold's training rows, and their target."""
        return self._part("train", self.training_rows(fold, share), fold, share)

    def validation(self, fold: int, share: float) -> tuple[Table, Array]:
        """The rows that a fold is scored on where a share of it is trained on, and their target."""
        return self._part("valid", self.validation_rows(fold, share), fold, share)

    def _part(self, part: str, rows: Array, fold: int, share: float) -> tuple[Table, Array]:
        name = f"{part}{fold}" if share >= 1 else f"{part}{fold}of{share:g}"
        return self.table.take(rows, name, self.cache), self.y[rows]

    # ---- fits and their scores

    def recipe(self, space: Space, job: Job, part: int | str, rounds: int | None = None) -> Recipe:
        """What a job's candidate is built with for a fold, or another part of the rows: classes are coded."""
        task, seed = self.task, derive_seed(self.seed, job.candidate.key, part)
        classes = None if task.classes is None else np.arange(len(task.classes))
        n_categories, many = len(self.table.levels), self.table.n_many
        return Recipe(
            space,
            task.kind,
            classes,
            n_categories,
            task.metric.name,
            seed,
            job.threads,
            FitControl(rounds=rounds),
            many,
            task.costs,
            len(self.table.integers),
        )

    @property
    def scores(self) -> Scores:
        """How predictions of this run's rows are scored."""
        return Scores(self.task.metric, self.y, self.table.about, self.splits, self.pooled)

    def fold_loss(self, fold: int, prediction: Array, rung: Rung) -> float | None:
        """Loss of a fold at a rung."""
        if rung.rows >= 1:
            return self.scores.fold(fold, prediction)
        return self.scores.finite(self.scores.of(self.validation_rows(fold, rung.rows), prediction))

    def train_loss(self, pipeline: Pipeline, fold: int) -> float | None:
        """On some of the fold's training rows; None where it has no value."""
        rows = self.scores.sample(fold, self.seed, classify=self.task.classes is not None)
        prediction = predict(pipeline, self.table.take(rows, f"sample{fold}", self.cache))
        return self.scores.training(rows, prediction)
