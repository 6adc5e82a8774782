"""Whatever was handed in as a table or a target, as a DataFrame and a Series; or one sentence on why it is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.validation import check_array

from automl.errors import DataError, InputTypeError


def with_validation(X: Any, y: Any, cv: Any) -> tuple[Any, Any, Any]:
    """Rows of ``cv=(X_valid, y_valid)`` put behind the others, and the split that this makes; else all unchanged."""
    if not (isinstance(cv, tuple) and len(cv) == 2 and (isinstance(cv[0], pd.DataFrame) or np.ndim(cv[0]) == 2)):
        return X, y, cv
    X_valid, y_valid = cv
    first, second = as_frame(X), as_frame(X_valid)
    if isinstance(y, str):
        first, y = split_off(first, y)
        second = second.drop(columns=y.name, errors="ignore")
    if set(first.columns) != set(second.columns):
        raise DataError("cv=(X_valid, y_valid): X_valid must have the columns of X.")
    start, stop = len(first), len(first) + len(second)
    name = getattr(y, "name", None) or "y"
    target = pd.concat([as_target(y, start), as_target(y_valid, stop - start)], ignore_index=True).rename(name)
    frame = pd.concat([first, second[first.columns]], ignore_index=True)
    return frame, target, [(np.arange(start), np.arange(start, stop))]


def as_frame(X: Any, least_rows: int = 2) -> pd.DataFrame:
    """The table as a DataFrame of at least that many rows.

    Raises
    ------
    DataError, InputTypeError
        If it is none that can be used; the messages of scikit-learn's own checks are kept.
    """
    if isinstance(X, pd.DataFrame):
        frame = X
        repeated = frame.columns[frame.columns.duplicated()].unique()
        if len(repeated):
            names = ", ".join(map(repr, repeated[:5]))
            raise DataError(f"X has several columns of the same name: {names}; rename them.")
        if len(frame) < least_rows or not frame.shape[1]:
            raise DataError(
                f"X is too small: {frame.shape[1]} feature(s) (shape={frame.shape}) while a minimum of 1 is required, "
                f"and {len(frame)} sample(s) while a minimum of {least_rows} is required."
            )
        for name, dtype in frame.dtypes.items():
            if getattr(dtype, "kind", "") == "c":
                raise DataError(f"Complex data not supported: column {name!r}.")
        return frame
    if issparse(X):
        raise InputTypeError(f"X is sparse ({type(X).__name__}), which is not supported; hand in X.toarray().")
    if isinstance(X, (str, bytes, dict)) or X is None:
        raise InputTypeError(f"X must be a DataFrame or an array of rows and columns, got {type(X).__name__}.")
    if getattr(getattr(X, "dtype", None), "kind", "") == "c":
        raise DataError("Complex data not supported: X holds complex numbers.")
    try:
        array = check_array(X, dtype=None, ensure_all_finite=False, ensure_min_samples=least_rows, estimator="AutoML")
    except (TypeError, ValueError) as error:
        refusal = InputTypeError if isinstance(error, TypeError) else DataError
        raise refusal(" ".join(str(error).split())) from error
    return pd.DataFrame(array, columns=pd.Index([f"x{place}" for place in range(array.shape[1])], dtype=object))


def split_off(frame: pd.DataFrame, name: Any) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """The table without a column, and that column.

    Raises
    ------
    DataError
        If there is no such column, or no other one.
    """
    if name not in frame.columns:
        import difflib

        near = difflib.get_close_matches(str(name), [str(column) for column in frame.columns], n=1)
        known = ", ".join(repr(column) for column in frame.columns[:20])
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"There is no column {name!r} to predict.{hint} The columns are {known}.")
    if frame.shape[1] < 2:
        raise DataError(f"Beside the target {name!r} the table has no column to learn from.")
    return frame.drop(columns=name), frame[name]


def as_target(y: Any, rows: int) -> pd.Series[Any]:
    """The target as a Series without missing values.

    Raises
    ------
    DataError
        If it is missing, has the wrong length, or holds NaN or infinity.
    """
    if y is None:
        raise DataError("requires y to be passed, but the target y is None")
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise DataError(f"y has {y.shape[1]} columns; one target at a time: fit once for each column.")
        y = y.iloc[:, 0]
    if not isinstance(y, pd.Series):
        # a list of labels of several types must not become one of texts
        array = np.asarray(y) if hasattr(y, "dtype") or not isinstance(y, Sequence) else np.array(y, dtype=object)
        if array.ndim == 2 and array.shape[1] == 1:
            import warnings

            from sklearn.exceptions import DataConversionWarning

            text = "A column-vector y was passed when a 1d array was expected."
            warnings.warn(text, DataConversionWarning, stacklevel=4)
            array = array[:, 0]
        if array.ndim != 1:
            raise DataError(f"y must hold one value a row, got an array of shape {array.shape}.")
        y = pd.Series(array)
    y = y.infer_objects()  # numbers among objects are numbers
    if getattr(y.dtype, "kind", "") == "c":
        raise DataError("Complex data not supported: y holds complex numbers.")
    if len(y) != rows:
        raise DataError(f"X has {rows} rows, but y has {len(y)}: they must be of the same length.")
    y = y.reset_index(drop=True)
    lost = np.flatnonzero(y.isna().to_numpy())
    if len(lost):
        raise DataError(f"Input y contains NaN in {len(lost)} rows (the first is row {lost[0]}); drop those rows.")
    if y.dtype.kind == "f" and not np.isfinite(y.to_numpy()).all():
        place = int(np.flatnonzero(~np.isfinite(y.to_numpy()))[0])
        raise DataError(f"Input y contains infinity or a value too large for dtype('float64'), first in row {place}.")
    target: pd.Series[Any] = y
    return target
