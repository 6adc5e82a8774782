"""What is known of each row beside its columns and its target: how much it counts, where it belongs, when it was."""

from __future__ import annotations

import datetime as dt
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import DataError, InputTypeError
from automl.native import ignored
from automl.tables.foreign import foreign
from automl.tables.frame import as_frame, carries_names, names_a_column
from automl.wording import counted, shown

Array = NDArray[Any]

PREFIX = "row_"  # of the names of the arrays, beside those of a table


@dataclass(frozen=True)
class Rows:
    """What is known of each row; None is what was not told.

    Attributes
    ----------
    weight : ndarray of float64, shape (n_rows,), or None
        How much a row counts, 1 on the average; 0 is as if the row were absent.
    group : ndarray of int64, shape (n_rows,), or None
        Rows of one number belong together.
    time : ndarray of int64, shape (n_rows,), or None
        Place in the order of time; the same number is the same time.
    """

    weight: Array | None = None
    group: Array | None = None
    time: Array | None = None

    def take(self, rows: Array) -> Rows:
        """Some of the rows."""
        return Rows(*(None if part is None else part[rows] for part in (self.weight, self.group, self.time)))

    @property
    def used(self) -> Array | None:
        """Numbers of the rows that count, or None where all do."""
        return None if self.weight is None or (self.weight > 0).all() else np.flatnonzero(self.weight > 0)

    @property
    def plain(self) -> bool:
        """Whether any row may be on any side of a split."""
        return self.group is None and self.time is None

    def weights(self, rows: Array) -> Array | None:
        """How much some rows count, or None where all count alike."""
        return None if self.weight is None else self.weight[rows]

    # ---- as plain arrays, beside those of a table

    def arrays(self) -> dict[str, Array]:
        """What is known, by name; `from_arrays` reads it."""
        named = {PREFIX + field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array for name, array in named.items() if array is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Rows:
        """What `arrays` were of."""
        return cls(**{field.name: arrays.get(PREFIX + field.name) for field in fields(cls)})


# ---- from what the user hands in


def take_out(X: Any, y: Any, sample_weight: Any, groups: Any, time: Any) -> tuple[Any, dict[str, Any]]:
    """Replace names of columns by the columns; those of weights and groups leave the table, that of times stays.

    Parameters
    ----------
    X : DataFrame or array-like
    y : the target, or its name
    sample_weight, groups, time : array-like, the name of a column of `X`, or None

    Returns
    -------
    X : as it was, or a DataFrame without the columns
    told : dict
        What was handed in or stood in the columns, by argument.

    Raises
    ------
    DataError
        If there is no such column, or it is the target.
    """
    told = {"sample_weight": sample_weight, "groups": groups, "time": time}
    named = {argument: value for argument, value in told.items() if names_a_column(value, X)}
    if named and not isinstance(X, pd.DataFrame):
        frame, (argument, name) = as_frame(X), next(iter(named.items()))
        if not carries_names(X):
            raise DataError(f"{argument}={shown(name)} names a column, but X has no names; hand in one value a row.")
        X = frame
    for argument, name in named.items():
        if name not in X.columns:
            import difflib

            near = difflib.get_close_matches(str(name), [str(column) for column in X.columns], n=1)
            hint = f"did you mean {shown(near[0])}?" if near else "name one of X, or hand in one value a row"
            raise DataError(f"{argument}: X has no column {shown(name)} ({hint}).")
        if names_a_column(y, X) and y == name:
            raise DataError(f"{argument}: the column {shown(name)} is the target; name another.")
        told[argument] = X[name]
    gone = [name for argument, name in named.items() if argument != "time"]
    return X.drop(columns=gone) if gone else X, told


def read_rows(told: Mapping[str, Any], rows: int) -> Rows:
    """Check and code what is told of each row.

    Parameters
    ----------
    told : mapping
        `sample_weight`, `groups` and `time`, each array-like of shape (n_rows,) or None.
    rows : int
        How many there must be.

    Raises
    ------
    DataError, InputTypeError
        Saying which argument, and which row, cannot be used.
    """
    given = {name: _series(name, values, rows) for name, values in told.items() if values is not None}
    return Rows(
        _weights(given["sample_weight"]) if "sample_weight" in given else None,
        _codes(given["groups"]) if "groups" in given else None,
        _order(given["time"]) if "time" in given else None,
    )


def _series(name: str, values: Any, rows: int) -> pd.Series[Any]:
    if not isinstance(values, (pd.Series, pd.Index, pd.DataFrame, np.ndarray, Sequence)):
        native = foreign(values, name)
        values = values if native is None else native
    if isinstance(values, pd.DataFrame) and values.shape[1] == 1:
        values = values.iloc[:, 0]
    if not isinstance(values, (pd.Series, pd.Index)):
        # a list of several types must not become one of texts
        array = values if hasattr(values, "dtype") else np.array(values, dtype=object)
        if array.ndim != 1:
            raise DataError(f"{name} must hold one value a row, got the shape {array.shape}.")
        values = pd.Series(array).infer_objects()
    if len(values) != rows:
        raise DataError(f"{name} has {len(values)} values, but there are {rows} rows: they must be as many.")
    series = pd.Series(values).reset_index(drop=True)
    lost = np.flatnonzero(series.isna().to_numpy())
    if len(lost):
        raise DataError(
            f"{name} is missing in {counted(len(lost), 'row')} (the first is row {lost[0]}); fill them or drop them."
        )
    return series


def _weights(series: pd.Series[Any]) -> Array | None:
    """Weights of mean 1 among the rows that count, so that no model's own constants depend on their scale."""
    weight = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~np.isfinite(weight) | (weight < 0))
    if len(wrong):
        place = int(wrong[0])
        raise DataError(f"sample_weight must be numbers from 0 up: row {place} has {_shown(series, place)}.")
    if not weight.any():
        raise DataError("sample_weight: the weights of all rows (the first is row 0) are zero; one must be above.")
    if (weight == weight[0]).all():
        return None  # all count alike
    return np.asarray(weight / weight[weight > 0].mean())


def _codes(series: pd.Series[Any]) -> Array:
    try:
        return pd.factorize(series)[0].astype(np.int64)
    except TypeError as error:  # lists and the like
        raise InputTypeError(f"groups must hold labels, numbers or texts: {error}.") from error


def _order(series: pd.Series[Any]) -> Array:
    """Ranks of times; text is read as numbers or as dates."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if not (pd.api.types.is_object_dtype(series.dtype) or pd.api.types.is_string_dtype(series.dtype)):
        if getattr(series.dtype, "kind", "") == "c":
            raise InputTypeError("time must be numbers or dates, got complex numbers.")
        return pd.factorize(series, sort=True)[0].astype(np.int64)
    kinds = {_kind(value): place for place, value in reversed(list(enumerate(series)))}
    if len(kinds) > 1:
        places = sorted(kinds.values())
        such = " and ".join(f"{_shown(series, place)} in row {place}" for place in places[:2])
        raise DataError(f"time mixes values that cannot be ordered, such as {such}; make them all dates or numbers.")
    kind = next(iter(kinds))
    if kind == "other":
        raise InputTypeError(f"time must be numbers or dates, got {_shown(series, 0)} in row 0.")
    if kind == "text":
        series = _dates(series)
    elif kind == "date":
        series = _as_dates(series)
    return pd.factorize(series, sort=True)[0].astype(np.int64)


def _shown(series: pd.Series[Any], place: int) -> str:
    value: Any = series.iloc[place]
    return shown(value.item() if isinstance(value, np.generic) else value)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, numbers.Real):
        return "number"
    return "date" if isinstance(value, (dt.date, np.datetime64)) else "other"


def _as_dates(series: pd.Series[Any]) -> pd.Series[Any]:
    try:
        return pd.to_datetime(series, utc=True)
    except (ValueError, TypeError) as error:
        raise DataError(f"time holds dates that cannot be ordered: {error}.") from error


def _dates(series: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers, or dates of one format, written as text."""
    numbers_ = pd.to_numeric(series, errors="coerce")
    if numbers_.notna().all():
        return numbers_

    found = pd.Series(pd.NaT, index=series.index)
    with ignored():  # pandas warns of formats that it has to guess
        for day_first in (False, True):  # the first that fits all rows
            read = pd.to_datetime(series, errors="coerce", dayfirst=day_first, utc=True)
            if read.notna().sum() > found.notna().sum():
                found = read
        if found.isna().any():
            mixed = pd.to_datetime(series, errors="coerce", format="ISO8601", utc=True)
            found = mixed if mixed.notna().all() else found
    lost = np.flatnonzero(found.isna().to_numpy())
    if len(lost):
        place = int(lost[0])
        raise DataError(f"time: row {place} has {series.iloc[place]!r}, which is no date of the others' format.")
    return found
