"""The task: what is asked of the table."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import ArgumentError, DataError
from automl.tasks.constants import COUNT_ROWS, LARGEST_TARGET, MAX_WHOLE_CLASSES, SKEWED, SURE_WHOLE_CLASSES
from automl.tasks.metrics import Metric
from automl.wording import shown

TaskKind = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class Task:
    """Kind, metric and size of what is asked; `classes` are the sorted labels, None in regression."""

    kind: TaskKind
    metric: Metric
    rows: int
    columns: int
    wide_columns: int  # with a column for each level of a category
    classes: NDArray[Any] | None
    meta_features: frozenset[str] = frozenset()  # hyperparameters that need others are not searched
    costs: NDArray[Any] | None = None  # of deciding for a class (column) where another (row) is true

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None in regression."""
        return None if self.classes is None else len(self.classes)

    @property
    def n_outputs(self) -> int:
        """Columns of a prediction: the number of classes, or 1."""
        return 1 if self.classes is None else len(self.classes)


def is_skewed(y: NDArray[np.float64]) -> bool:
    """Whether a regression's target has a long upper tail and no negative values."""
    if not len(y) or y.min() < 0 or not y.std():
        return False
    return bool(np.mean(((y - y.mean()) / y.std()) ** 3) > SKEWED)


def looks_like_classes(y: pd.Series[Any]) -> bool:
    """Whether a target holds classes: text, booleans, categories, or whole numbers of few values."""
    if not pd.api.types.is_numeric_dtype(y.dtype) or pd.api.types.is_bool_dtype(y.dtype):
        return True
    rows = y.value_counts()
    values = rows.index.to_numpy()
    if len(values) > min(MAX_WHOLE_CLASSES, max(2, len(y) / 2)) or np.any(np.mod(values, 1) != 0):
        return False
    return not (len(y) >= COUNT_ROWS and len(values) > SURE_WHOLE_CLASSES and bool(rows.min() == 1))


def read_target(y: pd.Series[Any], task: str) -> tuple[NDArray[Any], NDArray[Any] | None, str]:
    """Code the target.

    Parameters
    ----------
    y : Series
        Without missing values.
    task : {"auto", "classification", "binary", "multiclass", "regression"}

    Returns
    -------
    coded : ndarray of shape (n_rows,)
        0..k-1 in classification, float64 in regression.
    classes : ndarray or None
        Sorted labels.
    inferred : str
        What was inferred and how to overrule it; empty where `task` said it.
    """
    inferred = ""
    if pd.api.types.is_datetime64_any_dtype(y.dtype) or pd.api.types.is_timedelta64_dtype(y.dtype):
        raise DataError("The target holds dates or durations; hand in a number, such as days since the first.")
    classify = task in ("classification", "binary", "multiclass")
    if task == "auto":
        classify = looks_like_classes(y)
        other = "regression" if classify else "classification"
        what = f"classification ({y.nunique()} classes)" if classify else "regression"
        inferred = f"Task: {what}, read from the target; task={other!r} overrules."
    elif not classify and task != "regression":
        known = "auto, classification, binary, multiclass or regression"
        raise ArgumentError(f"task must be {known}, got {task!r}.")
    if not classify:
        return _as_numbers(y), None, inferred
    values = np.asarray(y)
    if values.dtype.kind == "f" and task != "auto" and np.any(np.floor(values) != values):
        raise DataError("Unknown label type: the target holds fractions, which are no classes; take task='regression'.")
    classes, coded = _labels(values)
    if len(classes) < 2:
        label = shown(classes[0].item() if hasattr(classes[0], "item") else classes[0])
        raise DataError(
            f"The target has only one class ({label}), so that nothing is to be told apart; take another column."
        )
    if task == "binary" and len(classes) != 2:
        raise DataError(f"task='binary' needs two classes, the target has {len(classes)}; take 'multiclass'.")
    return coded.astype(np.int64), classes, inferred


def _labels(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sorted labels, and the place of each value among them."""
    if values.dtype == object:
        kinds = {_name_of_type(kind) for kind in set(map(type, values))}
        if len(kinds) > 1:
            raise DataError(f"The target mixes labels of types {', '.join(sorted(kinds))}; convert them to one type.")
    classes, coded = np.unique(values, return_inverse=True)
    if classes.dtype == object and all(isinstance(label, str) and label[-1:] != "\0" for label in classes):
        classes = classes.astype(str)  # of a fixed width, which would cut off a NUL at the end
    return classes, coded


def _name_of_type(kind: type) -> str:
    """Whole numbers and fractions are of one type: they can be told apart and sorted."""
    return "number" if issubclass(kind, Real) and not issubclass(kind, bool) else kind.__name__


def no_number(y: pd.Series[Any], row: int) -> DataError:
    """The error of a target of a regression that is no number in a row."""
    return DataError(
        f"A regression needs numbers as target, but row {row} holds {shown(y.iloc[row])}; "
        "take another column, or task='classification'."
    )


def _as_numbers(y: pd.Series[Any]) -> NDArray[np.float64]:
    """The target of a regression; text that reads as numbers will do, as it comes from files."""
    given = pd.Series(np.asarray(y))
    values = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise no_number(given, int(wrong[0]))
    large = np.flatnonzero(np.abs(values) > LARGEST_TARGET)
    if len(large):
        raise DataError(
            f"The target is {values[large[0]]:.4g} in row {large[0]}, too large for errors to be squared; "
            "give it in larger units, or its logarithm."
        )
    return values
