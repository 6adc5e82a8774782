"""One column of any dtype as one of the few that are read further.

These are NumPy's booleans, integers and floats, pandas' ``boolean``, text (pandas' own ``str``, or objects), dates,
durations, categories, and objects that mix text, numbers and booleans. A missing value is whatever pandas says it is.
"""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import DataError
from automl.parsing.cells import EXACT, LONGEST
from automl.wording import kind_of


def plain(values: pd.Series[Any], what: str) -> pd.Series[Any]:
    """The same values under a dtype of the few.

    Parameters
    ----------
    values : Series
    what : str
        What an error calls them: ``"y"``, ``"column 'a'"``.

    Raises
    ------
    DataError
        If a cell holds what is not one value (lists, tables, functions), or complex numbers.
    """
    dtype: Any = values.dtype
    if isinstance(dtype, np.dtype):
        return _of_numpy(values, dtype, what)
    if isinstance(dtype, pd.SparseDtype):
        return plain(pd.Series(np.asarray(values.array), index=values.index, name=values.name), what)
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(values, what)
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype == "str":
        return values
    if isinstance(dtype, pd.PeriodDtype):
        return _objects(values, what)
    kind = getattr(dtype, "kind", "O")
    if kind == "b":
        values = values.astype("boolean")
        return values if values.hasnans else values.astype(bool)
    if kind in "iuf":
        missing = bool(values.isna().any())
        if missing and kind in "iu" and beyond_floats(values):
            return values.astype(object).where(values.notna(), None)
        width = np.dtype(np.float64) if missing else dtype.numpy_dtype
        array = values.to_numpy(dtype=width, na_value=np.nan) if missing else values.to_numpy(dtype=width)
        return pd.Series(array, index=values.index, name=values.name)
    return _objects(values, what)


def beyond_floats(values: pd.Series[Any]) -> bool:
    """Whether floats would lose digits of whole numbers."""
    return bool(max(-int(values.min()), int(values.max())) > EXACT) if values.notna().any() else False


def is_plain(dtype: Any) -> bool:
    """Whether columns of this dtype need not be looked at."""
    if str(dtype) == "str" or isinstance(dtype, pd.DatetimeTZDtype):
        return True
    if not (isinstance(dtype, np.dtype) and dtype.isnative):
        return False
    return dtype.kind in "biuMm" or (dtype.kind == "f" and dtype.itemsize in (4, 8))


def _of_numpy(values: pd.Series[Any], dtype: np.dtype[Any], what: str) -> pd.Series[Any]:
    if dtype.kind == "c":
        raise DataError(f"Complex data not supported: {what} holds complex numbers; make real columns of them.")
    if dtype.kind == "O":
        return _objects(values, what)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):  # half and extended precision
        with np.errstate(over="ignore"):
            return values.astype(np.float32 if dtype.itemsize < 4 else np.float64)
    return values if dtype.isnative else values.astype(dtype.newbyteorder("="))


def _categories(values: pd.Series[Any], what: str) -> pd.Series[Any]:
    """A category keeps being one where its levels are text, numbers or booleans; dates become dates."""
    levels = plain(pd.Series(values.cat.categories), what)
    codes = values.cat.codes.to_numpy()
    if levels.is_unique and levels.notna().all() and levels.dtype.kind not in "mM":
        made = pd.Categorical.from_codes(codes, categories=pd.Index(levels), ordered=values.cat.ordered)
        return pd.Series(made, index=values.index, name=values.name)
    spread = levels.reindex(codes).array  # the code of a missing value, -1, is no place
    return plain(pd.Series(spread, index=values.index, name=values.name), what)


# ---- objects, told apart by the types of the cells

_DATES = (dt.date, np.datetime64)
_SPANS = (dt.timedelta, np.timedelta64)
_BYTES = (bytes, bytearray)
_FLAGS = (bool, np.bool_)
_NUMBERS = (numbers.Real, decimal.Decimal)


def _objects(values: pd.Series[Any], what: str) -> pd.Series[Any]:
    cells = np.empty(len(values), dtype=object)
    cells[:] = values.array  # cells that are arrays stay cells
    there = _present(cells)
    found = cells[there]
    types = set(map(type, found))
    _refuse(types, cells, there, what)
    cells[~there] = None
    if not types:
        made: Any = np.full(len(cells), np.nan)
    elif types <= {str}:
        made = cells
    elif _all(types, _FLAGS):
        made = pd.array(cells, dtype="boolean") if not there.all() else cells.astype(bool)
    elif _all(types, _NUMBERS) and not types & set(_FLAGS):
        made = _numbers(cells, there, types)
    elif _all(types, _DATES):
        made = _dates(cells, there)
    elif _all(types, _SPANS):
        made = pd.to_timedelta(cells, errors="coerce")
    elif types <= {pd.Period}:
        made = _dates(_each(_begin, cells, there), there)
    else:
        made = _each(_mixed, cells, there)
    column = pd.Series(made, index=values.index, name=values.name)
    exact = bool(types) and column.dtype == object and _all(types, numbers.Integral)  # pandas would make floats of them
    return column if exact else column.infer_objects()


def _present(cells: NDArray[Any]) -> NDArray[np.bool_]:
    try:
        return np.asarray(~pd.isna(cells))
    except decimal.InvalidOperation:  # a signalling NaN refuses every comparison
        return np.array(
            [not (isinstance(cell, decimal.Decimal) and cell.is_nan()) and cell is not None for cell in cells]
        )


def _each(function: Callable[[Any], Any], cells: NDArray[Any], there: NDArray[np.bool_]) -> NDArray[Any]:
    """The values of a function, None where missing."""
    made = np.full(len(cells), None, dtype=object)
    made[there] = [function(cell) for cell in cells[there]]
    return made


def _all(types: Iterable[type], bases: Any) -> bool:
    return all(issubclass(kind, bases) for kind in types)


def _refuse(types: set[type], cells: NDArray[Any], there: NDArray[np.bool_], what: str) -> None:
    """Refuse cells that are not one value, by the first such row."""
    complex_ = {kind for kind in types if issubclass(kind, numbers.Complex) and not issubclass(kind, numbers.Real)}
    nested = {kind for kind in types - complex_ if not _is_one_value(kind)}
    if not complex_ and not nested:
        return
    bad = complex_ or nested
    row = next(row for row, cell in enumerate(cells) if there[row] and type(cell) in bad)
    subject = what[0].upper() + what[1:] if len(what) > 1 else what
    if complex_:
        raise DataError(f"Complex data not supported: {what} holds a complex number in row {row}; make it real.")
    fix = "give one label or number a row" if what == "y" else "make columns of its parts, or leave it out"
    raise DataError(f"{subject} holds {kind_of(cells[row])} in row {row}, but a cell must be one value; {fix}.")


def _is_one_value(kind: type) -> bool:
    """Whether cells of a type can be read: it is neither a container nor a function, and has a text of its own."""
    if issubclass(kind, (str, *_BYTES, *_FLAGS, *_NUMBERS, *_DATES, *_SPANS)):
        return True
    has = dir(kind)  # unlike hasattr, without what its metaclass has: members of an Enum are no containers
    if any(name in has for name in ("__len__", "__iter__", "__array__", "__call__", "__next__")):
        return False
    return kind.__str__ is not object.__str__ or kind.__repr__ is not object.__repr__


def _numbers(cells: NDArray[Any], there: NDArray[np.bool_], types: set[type]) -> Any:
    if _all(types, numbers.Integral):
        low, high = min(cells[there]), max(cells[there])
        if there.all() and low >= -(2**63) and high < 2**63:
            return cells.astype(np.int64)
        if EXACT < max(-low, high) < LONGEST:  # all digits are kept
            return _each(int, cells, there)
    return _each(_float, cells, there).astype(np.float64)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number or a fraction beyond the largest float
        return float("inf") if value > 0 else float("-inf")


def _dates(cells: NDArray[Any], there: NDArray[np.bool_]) -> Any:
    """Dates of one time zone keep it; those of several are UTC."""
    zones = {getattr(cell, "tzinfo", None) for cell in cells[there]}
    return pd.to_datetime(pd.Series(cells), errors="coerce", utc=len(zones) > 1).array


def _begin(period: pd.Period) -> Any:
    """When a period begins; missing where that is too far away for a date."""
    try:
        return period.to_timestamp()
    except pd.errors.OutOfBoundsDatetime:
        return pd.NaT


def _mixed(cell: Any) -> Any:
    """A cell among others of other types: numbers, booleans and text stay what they are, all else is text."""
    if isinstance(cell, _BYTES):
        return bytes(cell).decode("utf-8", errors="replace")
    if isinstance(cell, (*_FLAGS, *_NUMBERS)):
        return bool(cell) if isinstance(cell, _FLAGS) else cell if isinstance(cell, numbers.Integral) else _float(cell)
    try:
        return str.__str__(cell) if isinstance(cell, str) else str(cell)
    except Exception:  # an object of the user's own whose text fails is no reason to stop
        return None
