"""Arrays, lists of rows and lists of dicts as DataFrames; columns without names are x0, x1, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import DataError, InputTypeError
from automl.wording import kind_of, shown


def table_of_array(array: NDArray[Any]) -> pd.DataFrame:
    """A table of an array of two dimensions, or of a structured one.

    Raises
    ------
    DataError
        If it has other dimensions, or complex numbers.
    """
    if array.dtype.names and array.ndim == 1:
        return pd.DataFrame({name: _field(array[name], name) for name in array.dtype.names})
    if array.ndim != 2:
        fix = "; X.reshape(-1, 1) makes one column of it" if array.ndim == 1 else ""
        raise DataError(f"Reshape your data to rows and columns: X must have dim 2, but it has dim {array.ndim}{fix}.")
    if array.dtype.kind == "c":
        raise DataError("Complex data not supported: X holds complex numbers; make real columns of them.")
    names = pd.Index([f"x{place}" for place in range(array.shape[1])], dtype=object)
    return pd.DataFrame(cells_of(array), columns=names)


def _field(values: NDArray[Any], name: str) -> NDArray[Any]:
    if values.ndim != 1 or values.dtype.names:
        raise DataError(f"The field {shown(name)} of X holds several values a row; make a field of each.")
    return cells_of(values)


def cells_of(array: NDArray[Any]) -> NDArray[Any]:
    """An array of a dtype that pandas takes."""
    if isinstance(array, np.ma.MaskedArray):
        cells = np.array(array.data, dtype=object)
        cells[np.ma.getmaskarray(array)] = None
        return cells
    if array.dtype.kind in "USTV":
        return np.asarray(array, dtype=object)
    if array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8):
        with np.errstate(over="ignore"):
            return np.asarray(array, dtype=np.float32 if array.dtype.itemsize < 4 else np.float64)
    return np.asarray(array) if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def table_of_rows(rows: Sequence[Any]) -> pd.DataFrame:
    """A table of a list of rows, or of dicts."""
    if rows and all(isinstance(row, Mapping) for row in rows):
        return pd.DataFrame(list(map(dict, rows)), dtype=object)  # else gaps make floats of large whole numbers
    for place, row in enumerate(rows):
        if isinstance(row, (str, bytes, Mapping)) or not hasattr(row, "__len__") or getattr(row, "ndim", 1) == 0:
            raise DataError(f"Reshape your data to rows and columns: entry {place} of X is {kind_of(row)}, not a row.")
        if len(row) != len(rows[0]):
            raise DataError(f"Row {place} of X has {len(row)} values, but row 0 has {len(rows[0])}; give each as many.")
    frame = pd.DataFrame(list(map(list, rows)), dtype=object)
    return frame.set_axis(pd.Index([f"x{place}" for place in range(frame.shape[1])], dtype=object), axis=1)


def as_array(values: Any, what: str) -> NDArray[Any]:
    """An array of whatever says that it can be made one.

    Raises
    ------
    InputTypeError
        If it cannot, after all.
    """
    try:
        return np.asarray(values)
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")[:150]
        raise InputTypeError(f"{what} ({kind_of(values)}) cannot be made an array: {reason}.") from error
