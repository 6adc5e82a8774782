"""What comes in: a table and a target, checked, read and coded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.columns import Columns
from automl.data.frame import as_frame, as_name, as_target, has_text_names, names_a_column, split_off
from automl.data.metrics import make_metric
from automl.data.table import Table
from automl.data.task import Task, TaskKind, is_skewed, read_target


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
        The table as it was handed in, the target left out.
    """

    table: Table
    y: NDArray[Any]
    classes: NDArray[Any] | None
    columns: Columns
    named: bool
    target: str
    inferred: str
    frame: pd.DataFrame

    @classmethod
    def read(cls, X: Any, y: Any, task: str, column_types: Any = None) -> Data:
        """Check and read what the user handed in.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Anything that `as_frame` reads.
        y : array-like of shape (n_rows,), or the name of a column of `X`
        task : {"auto", "classification", "binary", "multiclass", "regression"}
        column_types : mapping of name to kind, optional
            Kinds that the user knows better than `Columns.learn`.

        Raises
        ------
        DataError
            If they cannot be learned from.
        """
        frame = as_frame(X)
        if names_a_column(y, X):
            frame, y = split_off(frame, y)
        target = as_target(y, len(frame))
        coded, classes, inferred = read_target(target, task)
        if isinstance(column_types, Mapping):
            column_types = {as_name(name): kind for name, kind in column_types.items()}
        columns = Columns.learn(frame, column_types)
        named, name = has_text_names(X), str(target.name or "y")
        return cls(columns.encode(frame), coded, classes, columns, named, name, inferred, frame)

    @property
    def fingerprint(self) -> str:
        """Hash of names, kinds, values and target; a run goes on only with the same data."""
        kinds = [(column.name, column.kind) for column in self.columns.columns]
        digest = blake2b(repr([kinds, self.target]).encode(), digest_size=16)
        for array in (*self.table.arrays().values(), self.y):
            digest.update(np.ascontiguousarray(array).data)
        if self.classes is not None:
            digest.update(repr(self.classes.tolist()).encode())
        return digest.hexdigest()


def make_task(data: Data, metric: Any) -> Task:
    """What is asked of the data.

    Raises
    ------
    ArgumentError
        If the metric does not suit the target.
    """
    classes = data.classes
    kind: TaskKind = "regression" if classes is None else "binary" if len(classes) == 2 else "multiclass"
    columns = data.columns
    skewed = {"skewed_target"} if kind == "regression" and is_skewed(data.y) else set()
    traits = data.table.traits | skewed
    return Task(kind, make_metric(metric, kind, classes), len(data.y), columns.used, columns.wide, classes, traits)
