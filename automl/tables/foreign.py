"""Tables and columns of other libraries (polars, pyarrow, whatever narwhals reads) as those of pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl.errors import DataError
from automl.parsing.cells import EXACT
from automl.wording import kind_of


def foreign(native: Any, what: str) -> pd.DataFrame | pd.Series[Any] | None:
    """The same table, or column, of pandas; None if it is of no library that narwhals reads.

    Parameters
    ----------
    native : object
        Lazy tables are collected.
    what : str
        What an error calls it.

    Raises
    ------
    DataError
        If its library cannot hand it over.
    """
    import narwhals as nw

    try:
        table = _wrapped(native)
        if isinstance(table, nw.LazyFrame):
            table = table.collect()
        if isinstance(table, nw.Series):
            return _column(table).rename(table.name or None)
        if not isinstance(table, nw.DataFrame):
            return None
        columns = {place: _column(table[:, place]) for place in range(table.shape[1])}
        return pd.DataFrame(columns, index=range(len(table))).set_axis(pd.Index(table.columns, dtype=object), axis=1)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")[:150]
        raise DataError(f"{what} ({kind_of(native)}) cannot be read: {reason}.") from error


def is_foreign_table(native: Any) -> bool:
    """Whether it is a table (not a column) of another library; nothing is collected."""
    import narwhals as nw

    return isinstance(_wrapped(native), (nw.DataFrame, nw.LazyFrame))


def _wrapped(native: Any) -> Any:
    """As narwhals sees it; unchanged if it does not know it."""
    import narwhals as nw

    if type(native).__name__ == "RecordBatch" and hasattr(native, "__arrow_c_stream__"):
        native = nw.from_arrow(native, backend="pyarrow")  # a Table in all but name
    return nw.from_native(native, pass_through=True, allow_series=True)


def _column(series: Any) -> pd.Series[Any]:
    """Without pandas' own reading of Arrow: that needs pyarrow, which users of polars need not have."""
    import narwhals as nw

    dtype = series.dtype
    native = series.to_native()
    if isinstance(dtype, nw.Unknown) and "pandas." in str(getattr(native, "type", getattr(native, "dtype", ""))):
        # periods and intervals of pandas, which would be listed as whole numbers and dicts; without their names, as
        # polars panics over some
        arrow = native.rename("").to_arrow() if hasattr(native, "to_arrow") else native
        return arrow.to_pandas()  # type: ignore[no-any-return]
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        if not hasattr(getattr(native, "type", None), "value_type"):
            return pd.Series(pd.Categorical(series.cast(nw.String).to_list()))
        # a dictionary of pyarrow, of values of any type
        flat = nw.from_native(native.cast(native.type.value_type), series_only=True)
        # whole numbers beside missing ones must not become floats: they are names of levels
        whole = flat.dtype.is_integer()
        values = flat.to_native().to_pandas(integer_object_nulls=True) if whole else _column(flat)
        ordered = native.type.ordered and native.num_chunks > 0
        levels = native.unify_dictionaries().chunk(0).dictionary.to_pylist() if ordered else None
        return pd.Series(pd.Categorical(values, categories=levels, ordered=ordered))
    if dtype.is_nested() or isinstance(dtype, (nw.Unknown, nw.Object, nw.Int128, nw.UInt128)):
        cells = np.empty(len(series), dtype=object)
        cells[:] = series.to_list()
        return pd.Series(cells)
    if dtype.is_integer() and series.is_null().any() and _beyond_floats(series):
        return pd.Series(series.to_list(), dtype=object)  # of which NumPy's floats would lose digits
    column = pd.Series(series.to_numpy())
    if isinstance(dtype, nw.Datetime) and dtype.time_zone:
        return column.dt.tz_localize("UTC").dt.tz_convert(dtype.time_zone)
    return column


def _beyond_floats(series: Any) -> bool:
    low, high = series.min(), series.max()
    return high is not None and max(-low, high) > EXACT
