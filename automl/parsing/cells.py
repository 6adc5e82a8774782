"""The cells of one column, whatever its dtype: as numbers, moments or spans where it says so, and as distinct texts."""

from __future__ import annotations

import datetime as dt
import decimal
import numbers
import re
from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_QUOTES = ("=", "'")
_SPREADSHEET = re.compile(r"""="([^"]*)"|'([-+(]?[\d.,]*\d[\d.,)]*)""")  # ="14" and '14, which are to stay as written
# what pandas takes for missing in a file is missing in a DataFrame too: both read the same
NA_TEXTS = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "NaT", "None", "n/a", "nan", "null",
})  # fmt: skip
MISSING = frozenset({  # lower-case words that mean "not known" among numbers, dates and spans of time
    "na", "n/a", "nan", "none", "null", "nil", "-", "--", "---", "?", "??", ".", "..", "*", "unknown", "missing",
    "undefined", "unspecified", "#n/a", "#div/0!", "#value!", "#ref!", "tbd", "tba", "not available",
    "not applicable", "not known", "no data",
})  # fmt: skip
EXACT = 2**53  # whole numbers beyond it lose digits as floats
LONGEST = 10**40  # what names something is shorter
_NUMERIC = {"integer", "floating", "mixed-integer-float", "decimal"}


class Cells:
    """One column; each form is made when first asked for, so that a column is read once.

    Parameters
    ----------
    values : Series
    """

    def __init__(self, values: pd.Series[Any]) -> None:
        self.values = values
        self.rows = len(values)
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for each key: the kind of a column is found by reading it."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @cached_property
    def _inferred(self) -> str:
        """What the objects are; the dtype's own word where it holds none."""
        if self.values.dtype != object:
            return ""
        return str(pd.api.types.infer_dtype(self.values, skipna=True))

    @cached_property
    def is_boolean(self) -> bool:
        """Whether every present cell is True or False."""
        return self._inferred == "boolean" or bool(pd.api.types.is_bool_dtype(self.values.dtype))

    @cached_property
    def is_categorical(self) -> bool:
        """Whether pandas was told that these are categories."""
        return isinstance(self.values.dtype, pd.CategoricalDtype)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Levels in order, where pandas was told one."""
        dtype = self.values.dtype
        if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered:
            return tuple(dict.fromkeys(map(text_of, dtype.categories)))
        return ()

    @cached_property
    def is_exact(self) -> bool:
        """Whether these are whole numbers of which floats would lose digits: codes, which are read as texts."""
        values, dtype = self.values, self.values.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "iu":
            array = values.to_numpy()
            return bool(len(array)) and max(-int(array.min()), int(array.max())) > EXACT
        if self._inferred != "integer":
            return False
        return EXACT < max(abs(int(value)) for value in values if isinstance(value, numbers.Integral)) < LONGEST

    @cached_property
    def numbers(self) -> Floats | None:
        """Floats, NaN where missing or infinite; None where the dtype is none of numbers, or floats lose digits."""
        values, dtype = self.values, self.values.dtype
        if self.is_exact or not (self.is_boolean or self._inferred in _NUMERIC or pd.api.types.is_numeric_dtype(dtype)):
            return None
        try:
            array: Floats = np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError, ArithmeticError):  # whole numbers or decimals beyond what a float holds
            array = np.array([_float(value) for value in values.astype(object)], dtype=np.float64)
        # infinities are missing: most models refuse them
        endless = np.isinf(array)
        return np.where(endless, np.nan, array) if endless.any() else array

    @cached_property
    def moments(self) -> Floats | None:
        """Seconds since 1970 (UTC) of a column of dates; None where the dtype is none."""
        if not pd.api.types.is_datetime64_any_dtype(self.values.dtype):
            return None
        return seconds(pd.DatetimeIndex(pd.to_datetime(self.values, utc=True)))

    @cached_property
    def spans(self) -> Floats | None:
        """Seconds of a column of time differences; None where the dtype is none."""
        if not (pd.api.types.is_timedelta64_dtype(self.values.dtype) or str(self.values.dtype).startswith("duration[")):
            return None
        found = pd.TimedeltaIndex(pd.to_timedelta(self.values)).total_seconds()
        return np.asarray(found, dtype=np.float64)

    @cached_property
    def _coded(self) -> tuple[NDArray[np.int64], NDArray[Any]]:
        values = self.values
        if self.numbers is not None and not self.is_boolean:
            place, distinct = pd.factorize(self.numbers)
            return _merged(place, [number_text(value) for value in distinct])
        if values.dtype == object and self._inferred != "string":  # 1 and True are equal, their texts are not
            place, distinct = pd.factorize(np.array([text_of(value) for value in values], dtype=object))
            return _merged(place, list(distinct))
        place, index = pd.factorize(values)
        return _merged(place, [text_of(value) for value in index])

    @property
    def codes(self) -> NDArray[np.int64]:
        """Place of each cell's text in `texts`, -1 where missing."""
        return self._coded[0]

    @property
    def texts(self) -> NDArray[Any]:
        """Distinct texts, trimmed and sorted."""
        return self._coded[1]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each distinct text."""
        codes = self.codes
        return np.bincount(codes[codes >= 0], minlength=len(self.texts))

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Whether each distinct text is no word for "missing"."""
        return np.array([text.lower() not in MISSING for text in self.texts], dtype=bool)

    @property
    def rows_known(self) -> NDArray[np.bool_]:
        """Rows that hold something else than a word for "missing"."""
        return self.spread(self.known, False)

    @cached_property
    def present(self) -> int:
        """Cells that are not missing."""
        return int(np.count_nonzero(self.filled))

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Rows that hold something."""
        for floats in (self.numbers, self.moments, self.spans):
            if floats is not None:
                return ~np.isnan(floats)
        return self.codes >= 0

    @property
    def is_text(self) -> bool:
        """Whether its texts alone say what the column is, not its dtype."""
        typed = self.is_categorical or self.is_boolean
        return not typed and self.numbers is None and self.moments is None and self.spans is None

    def spread(self, found: NDArray[Any], missing: Any) -> NDArray[Any]:
        """What was found for each distinct text, for each row."""
        return np.append(found, np.asarray(missing, dtype=found.dtype))[self.codes]  # -1 takes the last one


def seconds(index: pd.DatetimeIndex) -> Floats:
    """Seconds since 1970, NaN where missing."""
    found = index.as_unit("us").asi8 / 1e6
    found[np.asarray(index.isna())] = np.nan
    return np.asarray(found, dtype=np.float64)


def number_text(value: Any) -> str:
    """A number as text that does not depend on its dtype: 1 and 1.0 are the same."""
    number = _float(value)
    if not np.isfinite(number):
        return ""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def text_of(value: Any) -> str:
    """Any cell as trimmed text, empty where it is missing."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in _QUOTES and (found := _SPREADSHEET.fullmatch(text)):
            text = (found[1] or found[2] or "").strip()
        if text[-2:] == ".0" and text[:-2].removeprefix("-").isdigit():  # 1, 1.0, "1" and "1.0" are the same
            text = text[:-2]
        return "" if text in NA_TEXTS else text
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (bytes, bytearray)):
        return text_of(bytes(value).decode("utf-8", errors="replace"))
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, (numbers.Real, decimal.Decimal)):
        return number_text(value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return text_of(pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds():.6f} s"
    try:
        return text_of(str(value))
    except Exception:  # an object of the user's own whose text fails is no reason to stop
        return ""


def _float(value: Any) -> float:
    """A number as float, NaN where it is none or too large."""
    try:
        return float(value)
    except (TypeError, ValueError, ArithmeticError):
        return np.nan


def _merged(place: Any, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Codes of sorted texts: texts that became equal are one, empty ones are missing."""
    levels = sorted(set(texts) - {""})
    rank = {text: code for code, text in enumerate(levels)}
    lookup = np.array([*(rank.get(text, -1) for text in texts), -1], dtype=np.int64)
    distinct = np.empty(len(levels), dtype=object)
    distinct[:] = levels
    return lookup[np.asarray(place, dtype=np.int64)], distinct
