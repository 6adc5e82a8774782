"""Whatever was handed in as a table or a target, as a DataFrame and a Series; or one sentence on why it is none."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse

from automl.errors import DataError, InputTypeError
from automl.tables.arrays import as_array, cells_of, table_of_array, table_of_rows
from automl.tables.constants import MAX_LABELS, SPARSE_SHARE
from automl.tables.foreign import foreign, is_foreign_table
from automl.tables.plain import is_plain, plain
from automl.wording import counted, kind_of, listed, shown, size


def as_frame(X: Any, least_rows: int = 2) -> pd.DataFrame:
    """The table as a DataFrame of plain columns (`automl.tables.plain`) with texts as names and rows 0, 1, 2, ...

    Parameters
    ----------
    X : table
        DataFrame of pandas; array (also masked or structured) or list of rows; list of dicts; SciPy sparse matrix;
        DataFrame of polars, Table of pyarrow or whatever narwhals reads. Columns without names are x0, x1, ...
    least_rows : int
        Rows that there must be.

    Raises
    ------
    DataError, InputTypeError
        If it is none that can be used.
    """
    frame = _frame(X)
    if not frame.shape[1] and len(frame):
        raise DataError(
            f"X has 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required; give more columns."
        )
    if len(frame) < least_rows:
        raise DataError(
            f"X has {len(frame)} sample(s) (shape={frame.shape}) while a minimum of {least_rows} is required; "
            "give more rows."
        )
    names = frame.columns.tolist()
    if set(map(type, names)) != {str}:
        names = [as_name(name) for name in names]
    seen = pd.Index(names, dtype=object)
    if not seen.is_unique:
        repeated = listed(list(seen[seen.duplicated()].unique()))
        raise DataError(f"X has several columns of the same name: {repeated}; rename them (names are read as text).")
    if not all(is_plain(dtype) for dtype in set(frame.dtypes)):
        columns = {k: plain(frame.iloc[:, k], f"column {shown(name)}") for k, name in enumerate(names)}
        frame = pd.DataFrame(columns, copy=False)
    return frame.set_axis(seen, axis=1).set_axis(pd.RangeIndex(len(frame)), axis=0)


def as_name(name: Any) -> str:
    """A column's name as text: 0 is "0", and the levels of a MultiIndex are joined: ("cost", "mean") is "cost_mean"."""
    if isinstance(name, str):
        return str.__str__(name)
    if isinstance(name, tuple):
        return "_".join(filter(None, map(as_name, name)))
    if isinstance(name, bytes):
        return name.decode("utf-8", errors="replace")
    return "nan" if name is None or name is pd.NA else str(name)  # pandas makes NaN of None where it can


def carries_names(X: Any) -> bool:
    """Whether the columns of a table have names, by which they are found again; else they are known by their place."""
    if isinstance(X, np.ndarray):
        return bool(X.dtype.names)
    if isinstance(X, (list, tuple)):
        return isinstance(X[0], Mapping)
    return isinstance(X, pd.DataFrame) or (not issparse(X) and is_foreign_table(X))


def has_text_names(X: Any) -> bool:
    """Whether all columns have names, and all names are texts, as scikit-learn's `feature_names_in_` must be."""
    if isinstance(X, pd.DataFrame):
        return all(isinstance(name, str) for name in X.columns)
    if isinstance(X, (list, tuple)) and carries_names(X):
        return all(isinstance(name, str) for row in X for name in row)
    return carries_names(X)


def refuse_too_large(X: Any, memory_limit: int) -> None:
    """Refuse a table whose cells do not fit into the memory as numbers of eight bytes, before it is read.

    Raises
    ------
    DataError
        Of a sparse table, only a share (`SPARSE_SHARE`) of the memory may be taken.
    """
    shape = getattr(X, "shape", None)
    if not (isinstance(shape, tuple) and len(shape) == 2 and all(isinstance(n, (int, np.integer)) for n in shape)):
        return
    rows, columns = map(int, shape)
    sparse = issparse(X) or (isinstance(X, pd.DataFrame) and any(isinstance(t, pd.SparseDtype) for t in X.dtypes))
    share = SPARSE_SHARE if sparse else 1.0
    if 8 * rows * columns > share * memory_limit:
        limit = f"{share:.0%} of memory_limit, {size(share * memory_limit)}" if sparse else size(memory_limit)
        raise DataError(
            f"X has {rows} rows and {columns} columns, which take {size(8 * rows * columns)} as numbers, more than "
            f"{limit if sparse else f'memory_limit, {limit}'}; keep fewer rows or columns, or raise memory_limit."
        )


# ---- tables


def _frame(X: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    if issparse(X):
        return table_of_array(X.toarray())
    if isinstance(X, (str, bytes, Path)):
        raise InputTypeError(f"X must be a DataFrame or an array, not {kind_of(X)}; read the file first.")
    if isinstance(X, Iterator):
        raise InputTypeError(f"X must be a DataFrame or an array, not {kind_of(X)} (read only once); hand in list(X).")
    if isinstance(X, Mapping):
        raise InputTypeError(
            f"X must be a DataFrame or an array of rows and columns, not {kind_of(X)}; hand in pd.DataFrame(X)."
        )
    if isinstance(X, pd.Series):
        raise DataError("X is one column (a Series) where a table must be; hand in X.to_frame().")
    if isinstance(X, np.ndarray):
        return table_of_array(X)
    if isinstance(X, (list, tuple)):
        return table_of_rows(X)
    if X is not None and not isinstance(X, (Set, range, float, int)):
        table = foreign(X, "X")
        if isinstance(table, pd.DataFrame):
            return table
        if table is not None:
            raise DataError("X is one column (a Series) where a table must be; hand in a table of that column.")
        if hasattr(X, "__array__"):
            return table_of_array(as_array(X, "X"))
    raise InputTypeError(f"X must be a DataFrame or an array of rows and columns, not {kind_of(X)}.")


# ---- the target


def split_off(frame: pd.DataFrame, name: Any) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """The table without a column, and that column.

    Raises
    ------
    DataError
        If there is no such column, or no other one.
    """
    name = as_name(name)
    if name not in frame.columns:
        import difflib

        near = difflib.get_close_matches(name, list(frame.columns), n=1)
        hint = f" (did you mean {shown(near[0])}?)" if near else ""
        known = listed(list(frame.columns))
        raise DataError(f"There is no column {shown(name)} to predict{hint}; the columns are {known}.")
    if frame.shape[1] < 2:
        raise DataError(f"Beside the target {shown(name)} the table has no column to learn from; add some.")
    return frame.drop(columns=name), frame[name]


def names_a_column(y: Any, X: Any) -> bool:
    """Whether a target (or the like) is given as the name of a column; None is none, whatever they are called."""
    if y is None or isinstance(y, str):
        return y is not None
    return isinstance(X, pd.DataFrame) and isinstance(y, Hashable) and y in X.columns


def as_target(y: Any, rows: int) -> pd.Series[Any]:
    """The target as a Series of a plain dtype without missing values.

    Raises
    ------
    DataError, InputTypeError
        If it is missing, has the wrong length, or holds NaN or infinity.
    """
    if y is None:
        raise DataError("fit requires y to be passed, but the target y is None.")
    target = _series(y)
    if len(target) != rows:
        raise DataError(f"X has {rows} rows, but y has {len(target)}: they must be of the same length, row by row.")
    target = plain(target.reset_index(drop=True), "y")
    lost = np.flatnonzero(target.isna().to_numpy())
    if len(lost):
        raise DataError(
            f"Input y contains NaN in {counted(len(lost), 'row')} (the first is row {lost[0]}); drop these"
            f"{_or_word(target)}."
        )
    if target.dtype.kind == "f" and not np.isfinite(target.to_numpy()).all():
        row = int(np.flatnonzero(~np.isfinite(target.to_numpy()))[0])
        raise DataError(
            f"Input y contains infinity or a value too large for dtype('float64'), first in row {row}; drop it."
        )
    return target


def _or_word(target: pd.Series[Any]) -> str:
    """What may have become of a label such as NA, where labels are few words."""
    labels = target.dropna().unique()
    if not 0 < len(labels) <= MAX_LABELS or not all(isinstance(label, str) for label in labels):
        return ""
    return (
        ", or, if they held a label such as 'NA' or 'None' that pandas took for missing, read them with "
        "pd.read_csv(..., keep_default_na=False)"
    )


def _series(y: Any) -> pd.Series[Any]:
    if isinstance(y, (str, bytes, Mapping, Set, Iterator)):
        raise InputTypeError(f"y must hold one value a row, in a list or an array, not {kind_of(y)}.")
    if isinstance(y, (pd.Index, pd.api.extensions.ExtensionArray)):
        y = pd.Series(y)
    elif issparse(y):
        raise InputTypeError(f"y is sparse ({type(y).__name__}); hand in y.toarray().ravel().")
    elif isinstance(y, Sequence):
        y = _of_list(y)
    elif not isinstance(y, (pd.Series, pd.DataFrame, np.ndarray)):
        native = foreign(y, "y")
        y = as_array(y, "y") if native is None else native
    if isinstance(y, pd.DataFrame):
        if y.shape[1] != 1:
            raise DataError(f"y has {y.shape[1]} columns; one target at a time: fit once for each column.")
        return y.iloc[:, 0]
    return y if isinstance(y, pd.Series) else _of_vector(y)


def _of_list(y: Sequence[Any]) -> Any:
    """Cells as they are: a list of labels of several types must not become one of texts."""
    if len(y) and all(isinstance(cell, (list, tuple, np.ndarray)) and len(np.shape(cell)) == 1 for cell in y[:100]):
        with suppress(ValueError):  # rows of several lengths are refused as cells
            return np.array(y, dtype=object)
    cells = np.empty(len(y), dtype=object)
    cells[:] = list(y)
    return pd.Series(cells)


def _of_vector(array: NDArray[Any]) -> pd.Series[Any]:
    if array.ndim == 0:
        raise InputTypeError(f"y must hold one value a row, in a list or an array, not {kind_of(array.item())}.")
    if array.ndim == 2 and array.shape[1] == 1:
        from sklearn.exceptions import DataConversionWarning

        text = "A column-vector y was passed when a 1d array was expected."
        warnings.warn(text, DataConversionWarning, stacklevel=5)
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.names:
        raise DataError(f"y must hold one value a row, got an array of shape {array.shape}; fit once for each target.")
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: y holds complex numbers; fit their parts one by one.")
    return pd.Series(cells_of(array))


# ---- rows to validate on


def with_validation(X: Any, y: Any, cv: Any) -> tuple[Any, Any, Any]:
    """Rows of ``cv=(X_valid, y_valid)`` put behind the others, and the split that this makes; else all unchanged."""
    if not (isinstance(cv, tuple) and len(cv) == 2 and _is_table(cv[0])):
        return X, y, cv
    X_valid, y_valid = cv
    first, second = as_frame(X), _of_valid(as_frame, X_valid, 1)
    if names_a_column(y, X):
        first, y = split_off(first, y)
        second = second.drop(columns=y.name, errors="ignore")
    differing = [name for name in [*first.columns, *second.columns] if (name in first) != (name in second)]
    if differing:
        raise DataError(
            f"cv=(X_valid, y_valid): X_valid must have the columns of X; one of them lacks {listed(differing)}."
        )
    start, stop = len(first), len(first) + len(second)
    name = getattr(y, "name", None) or "y"
    targets = [as_target(y, start), _of_valid(as_target, y_valid, stop - start)]
    target = pd.concat(targets, ignore_index=True).rename(name)
    frame = pd.concat([first, second[first.columns]], ignore_index=True)
    return frame, target, [(np.arange(start), np.arange(start, stop))]


def _of_valid(read: Callable[..., Any], *given: Any) -> Any:
    """Read X_valid or y_valid; an error says that it is of these."""
    try:
        return read(*given)
    except (DataError, InputTypeError) as error:
        raise type(error)(f"cv=(X_valid, y_valid): {error}") from error


def _is_table(X: Any) -> bool:
    return len(getattr(X, "shape", ())) == 2 or (isinstance(X, list) and bool(X) and hasattr(X[0], "__len__"))
