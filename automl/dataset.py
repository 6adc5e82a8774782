"""What comes in: a table and a target, checked, read and coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.columns.columns import Columns, Hurry, never
from automl.columns.table import Table
from automl.errors import DataError
from automl.parsing.parse import NumberFormat
from automl.tables.frame import as_frame, as_name, as_target, has_text_names, names_a_column, split_off
from automl.tables.rows import Rows, read_rows
from automl.tasks.costs import read_costs
from automl.tasks.metrics import make_metric
from automl.tasks.number_target import read_amounts
from automl.tasks.task import Task, TaskKind, is_skewed, read_target
from automl.validation.splits import Split, is_own, make_splits
from automl.wording import shown

MAX_NAMED = 5  # classes of one row that are named


@dataclass(frozen=True)
class Data:
    """A table and its target, ready to be learned from.

    Attributes
    ----------
    table : Table
    y : ndarray of shape (n_rows,)
        0..k-1 in classification.
    classes : ndarray or None
    columns : Columns
    named : bool
        Whether the columns have names (the input was a DataFrame with text names).
    target : str
        Name of the target.
    inferred : str
        What was taken for granted about the task.
    frame : DataFrame
        The columns that were read, as they were handed in, the target left out.
    target_format : NumberFormat or None
        How the numbers of a target of texts are written.
    """

    table: Table
    y: NDArray[Any]
    classes: NDArray[Any] | None
    columns: Columns
    named: bool
    target: str
    inferred: str
    frame: pd.DataFrame
    target_format: NumberFormat | None = None

    @classmethod
    def read(cls, X: Any, y: Any, task: str, column_types: Any = None, hurry: Hurry = never, slow: int = -1) -> Data:
        """Check and read what the user handed in.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Anything that `as_frame` reads.
        y : array-like of shape (n_rows,), or the name of a column of `X`
        task : {"auto", "classification", "binary", "multiclass", "regression"}
        column_types : mapping of name to kind, optional
            Kinds that the user knows better than `Columns.learn`.
        hurry, slow
            See `Columns.read`.

        Raises
        ------
        DataError
            If they cannot be learned from.
        """
        frame = as_frame(X)
        if names_a_column(y, X):
            frame, y = split_off(frame, y)
        target = as_target(y, len(frame))
        target, target_format, told = read_amounts(target, task)
        coded, classes, inferred = read_target(target, task)
        inferred = " ".join(filter(None, [inferred, told]))
        if isinstance(column_types, Mapping):
            column_types = {as_name(name): kind for name, kind in column_types.items()}
        columns, table = Columns.read(frame, column_types, hurry, slow)
        if len(columns.columns) < frame.shape[1]:
            frame = columns.select(frame)
        named, name = has_text_names(X), str(target.name or "y")
        return cls(table, coded, classes, columns, named, name, inferred, frame, target_format)

    def told(self, told: Mapping[str, Any]) -> Data:
        """The same data, and what is known of each row.

        Parameters
        ----------
        told : mapping
            `sample_weight`, `groups` and `time`, one value a row or None.
        """
        return replace(self, table=self.table.with_rows(read_rows(told, len(self.y))))

    @property
    def lone_rows(self) -> NDArray[np.int64]:
        """Rows that are the only one of their class."""
        if self.classes is None:
            return np.zeros(0, dtype=np.int64)
        used = self.table.about.used
        counting = self.y if used is None else self.y[used]
        lone = np.flatnonzero((np.bincount(counting, minlength=len(self.classes)) == 1)[counting])
        return lone if used is None else used[lone]

    def about_lone_rows(self, own: bool = False) -> list[str]:
        """What the user should know of them, in one sentence; `own` says whether the splits are the user's."""
        lone = self.lone_rows
        if self.classes is None or not len(lone):
            return []
        labels = [shown(label) for label in self.classes[self.y[lone[:MAX_NAMED]]].tolist()]
        fate = "which your cv either learns from or validates" if own else "which is learned from, but never validated"
        if len(lone) == 1:
            return [f"Class {labels[0]} has one row (row {lone[0]}), {fate}: no score tells how well it is predicted."]
        named = ", ".join([f"{label} (row {row})" for label, row in zip(labels, lone, strict=False)])
        more = ", ..." if len(lone) > MAX_NAMED else ""
        fate = fate.replace("which", "each of which", 1)
        return [f"{len(lone)} classes have one row, {fate}: {named}{more}; no score tells how well they are predicted."]

    @property
    def fingerprint(self) -> str:
        """Hash of names, kinds, values, target and what is known of the rows; a run goes on only with the same data."""
        kinds = [(column.name, column.kind) for column in self.columns.columns]
        digest = blake2b(repr([kinds, self.target]).encode(), digest_size=16)
        for name, array in [*self.table.arrays().items(), ("y", self.y)]:
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(array).data)
        if self.classes is not None:
            digest.update(repr(self.classes.tolist()).encode())
        return digest.hexdigest()


def split(cv: Any, data: Data, seed: int, duplicate_groups: NDArray[np.int64] | None = None) -> list[Split]:
    """The splits of a run; see `make_splits`. The only row of a class is in no validation part that we make.

    It is in every training part, where neither its group is validated nor what was before it.

    Raises
    ------
    ArgumentError, DataError
        If there are none, or fewer than two classes can be validated.
    """
    about, classes = data.table.about, data.classes
    n_classes = None if classes is None else len(classes)
    lone = data.lone_rows
    if is_own(cv) or not len(lone):
        return make_splits(cv, data.y, n_classes, seed, about.group, about.time, duplicate_groups, used=about.used)
    used = np.setdiff1d(np.arange(len(data.y)) if about.used is None else about.used, lone)
    if len(np.unique(data.y[used])) < 2:
        raise DataError("Fewer than two classes have the two rows that are needed at least; give more rows of each.")
    splits = make_splits(cv, data.y, n_classes, seed, about.group, about.time, duplicate_groups, used=used)
    return [(np.union1d(train, _learnable(lone, valid, about)), valid) for train, valid in splits]


def _learnable(lone: NDArray[np.int64], valid: NDArray[np.int64], about: Rows) -> NDArray[np.int64]:
    """Those of the rows that may be learned from where others are validated."""
    if about.group is not None:
        lone = lone[~np.isin(about.group[lone], about.group[valid])]
    if about.time is not None:
        lone = lone[about.time[lone] < about.time[valid].min()]
    return lone


def make_task(data: Data, metric: Any, costs: Any = None) -> Task:
    """What is asked of the data.

    Parameters
    ----------
    data : Data
    metric : str or callable
    costs : array-like of shape (n_classes, n_classes), optional
        Of wrong decisions.

    Raises
    ------
    ArgumentError
        If metric or costs do not suit the target.
    """
    classes = data.classes
    kind: TaskKind = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    columns = data.columns
    skewed = {"skewed_target"} if kind == "regression" and is_skewed(data.y) else set()
    meta_features = data.table.meta_features | skewed
    prices = read_costs(costs, classes)
    lone = data.y[data.lone_rows]
    score = make_metric(metric, kind, classes, prices, None if classes is None else np.setdiff1d(data.y, lone))
    return Task(kind, score, len(data.y), columns.used, columns.wide, classes, meta_features, prices)
