"""The same table as an object of another library, in any of its types that hold the very same cells."""

from __future__ import annotations

import warnings
from numbers import Integral, Number

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from automl.tables.frame import as_name

FORMS = ("polars", "pyarrow", "dicts", "array")
REFUSALS = (Exception, pl.exceptions.PanicException)  # of the libraries that the table is handed to
STORED = (pd.PeriodDtype, pd.IntervalDtype)  # kept as their storage, under an extension type
POLARS = [
    pl.Categorical(), pl.Int8, pl.Int128, pl.UInt64, pl.Float32, pl.Float64, pl.Decimal(38, 6), pl.Datetime("ms"),
    pl.Datetime("ns"), pl.Duration("ms"), pl.Date, pl.String, pl.Binary, pl.Object,
]  # fmt: skip
ARROW = [
    pa.large_string(), pa.string_view(), pa.large_binary(), pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.int64()), pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(38, 6),
    pa.decimal256(60, 10), pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("ns"),
    pa.time32("s"), pa.time64("ns"), pa.duration("ms"), pa.null(),
]  # fmt: skip


def as_object(frame, form, random):
    """The table as another object; None where that library cannot hold the very same cells."""
    named = frame.set_axis([as_name(name) for name in frame.columns], axis=1)
    if not named.columns.is_unique:
        return None  # of which dicts would keep one column a name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _MAKERS[form](named, random)
    except REFUSALS:
        return None


def as_targets(y):
    """The target as other objects that hold the very same cells."""
    cells = y.astype(object).tolist()
    yield cells
    yield y.to_numpy(dtype=object)
    for make, listed in ((pl.Series, pl.Series.to_list), (pa.array, pa.Array.to_pylist)):
        try:
            made = make(cells)
            if _alike(y, listed(made)):
                yield made
        except REFUSALS:
            continue


def _polars(named, random):
    made = pl.DataFrame([_polars_column(named.iloc[:, k], random) for k in range(named.shape[1])])
    if made.columns != list(named.columns):  # it renames a column without a name
        return None
    return random.choice([made, made, made.lazy()])


def _polars_column(values, random):
    """As polars reads it, or of another of its types; a column of objects where no type holds the cells."""
    name = str(values.name)
    try:
        made = pl.from_pandas(values.rename("x")).rename(name)
        if isinstance(values.dtype, STORED):
            return made
        if _alike(values, made.to_list()):
            return _cast(values, made, random.sample(POLARS, 3), pl.Series.to_list)
    except REFUSALS:
        pass
    return pl.Series(name, [None if _is_missing(cell) else cell for cell in values.astype(object)], dtype=pl.Object)


def _pyarrow(named, random):
    columns = [_arrow_column(named.iloc[:, k], random) for k in range(named.shape[1])]
    return None if any(made is None for made in columns) else pa.table(columns, names=list(named.columns))


def _arrow_column(values, random):
    """As pyarrow reads it, or of another of its types; None where that changes cells.

    It makes dates of the numbers beside dates.
    """
    whole = pa.Array.from_pandas(values)
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    cut = random.choice([len(whole), len(whole) // 2])
    made = pa.chunked_array([whole[:cut], whole[cut:]])
    if isinstance(values.dtype, STORED):
        return made
    kept = _alike(values, made.to_pylist())
    return _cast(values, made, random.sample(ARROW, 3), pa.ChunkedArray.to_pylist) if kept else None


def _cast(values, made, dtypes, listed):
    """Under the first of some types that keeps the cells, or as it is."""
    for dtype in dtypes:
        try:
            other = made.cast(dtype)
            if _alike(values, listed(other)):
                return other
        except REFUSALS:
            continue
    return made


def _dicts(named, random):
    made = named.to_dict("records")
    kept = all(_alike(named.iloc[:, k], [row[name] for row in made]) for k, name in enumerate(named.columns))
    return made if kept else None


def _array(named, random):
    made = named.to_numpy(dtype=object)
    if not all(_alike(named.iloc[:, k], made[:, k]) for k in range(named.shape[1])):
        return None
    missing = np.array([[_is_missing(cell) for cell in row] for row in made], dtype=bool).reshape(made.shape)
    return random.choice([made, made.tolist(), np.ma.MaskedArray(made, missing), np.asfortranarray(made)])


_MAKERS = {"polars": _polars, "pyarrow": _pyarrow, "dicts": _dicts, "array": _array}


# ---- the same cells


def _alike(values, cells):
    return all(map(_same_cell, values.astype(object), cells))


def _same_cell(one, other):
    if _is_missing(one) or _is_missing(other):
        return _is_missing(one) and _is_missing(other)
    if isinstance(one, (bool, np.bool_)) or isinstance(other, (bool, np.bool_)):
        return isinstance(one, (bool, np.bool_)) and isinstance(other, (bool, np.bool_)) and one == other
    if isinstance(one, Integral) is not isinstance(other, Integral) and isinstance(one, Number) and abs(one) > 2**53:
        return False  # whole numbers that floats cannot tell apart may be codes, floats are none
    return bool(one == other)


def _is_missing(cell):
    try:
        return bool(pd.isna(cell))
    except Exception:  # a signalling NaN, or cells that are arrays
        return False
