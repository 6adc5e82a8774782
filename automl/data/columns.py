"""Kinds of column, told apart by content at fit and frozen; and the arrays that a table becomes.

Reading a table twice gives the same arrays whatever the dtypes, the order of the columns or unknown categories.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.data.table import Table
from automl.errors import DataError

Kind = Literal["number", "boolean", "category", "presence", "dropped"]

MAX_LEVELS = 50  # levels of a category that are told apart; rarer ones are one level
DISTINCT_SHARE = 0.5  # strings with more distinct values than this share of the rows are text or identifiers
_DATE_SAMPLE = 100
_FLAGS = {"true": 1, "false": 0}


@dataclass(frozen=True)
class Column:
    """One column as it is read: `levels` are a category's, `other` says that rarer ones are grouped behind them."""

    name: Hashable
    kind: Kind
    levels: tuple[str, ...] = ()
    other: bool = False
    note: str = ""  # why a column is dropped or reduced


class Columns:
    """The columns of a table, learned once from all rows (no target is looked at).

    Parameters
    ----------
    columns : sequence of Column
        In the order of the table that was learned from.
    """

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> Columns:
        """Tell the kinds apart."""
        return cls([_learn(name, frame.iloc[:, place]) for place, name in enumerate(frame.columns)])

    @property
    def names(self) -> list[Hashable]:
        """Names in the order of the table."""
        return [column.name for column in self.columns]

    @property
    def notes(self) -> list[str]:
        """What the user should know: one sentence a column that is not used as it is."""
        return [f"Column {column.name!r} {column.note}." for column in self.columns if column.note]

    def frame(self) -> pd.DataFrame:
        """One row a column: its name, kind, number of levels, and what the user should know."""
        rows = [(c.name, c.kind, len(c.levels) + c.other or None, c.note) for c in self.columns]
        return pd.DataFrame(rows, columns=["column", "kind", "levels", "note"]).astype({"levels": "Int64"})

    @property
    def used(self) -> int:
        """Number of columns that models see."""
        return max(1, sum(column.kind != "dropped" for column in self.columns))

    @property
    def wide(self) -> int:
        """Number of columns when every category is one-hot encoded."""
        return self.used + sum(len(column.levels) + column.other - 1 for column in self.columns if column.levels)

    def align(self, X: Any) -> pd.DataFrame:
        """The columns of `X` in the order of fit: DataFrames by name (extra columns are ignored), arrays by place.

        Raises
        ------
        DataError
            If columns are missing.
        """
        if not isinstance(X, pd.DataFrame):
            return pd.DataFrame(X, columns=pd.Index(self.names, dtype=object))
        if list(X.columns) == self.names:
            return X
        missing = [name for name in self.names if name not in X.columns]
        if missing:
            shown = ", ".join(map(repr, missing[:5])) + (", ..." if len(missing) > 5 else "")
            raise DataError(f"X lacks {len(missing)} of the columns seen in fit: {shown}. Add them (empty is fine).")
        return X[self.names]

    def encode(self, X: Any) -> Table:
        """Read a table into arrays.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
        """
        frame = self.align(X)
        numbers: list[NDArray[np.float64]] = []
        codes: list[NDArray[np.int32]] = []
        levels: list[int] = []
        for place, column in enumerate(self.columns):
            values = frame.iloc[:, place]
            if column.kind in ("number", "boolean"):
                numbers.append(_numbers(values))
            elif column.kind == "presence":
                numbers.append(np.asarray(values.notna(), dtype=np.float64))
            elif column.kind == "category":
                codes.append(_codes(values, column))
                levels.append(len(column.levels) + column.other)
        if not numbers and not codes:  # nothing to learn from: every model becomes a constant
            numbers.append(np.zeros(len(frame)))
        return Table(
            np.column_stack(numbers) if numbers else np.empty((len(frame), 0)),
            np.column_stack(codes) if codes else np.empty((len(frame), 0), dtype=np.int32),
            tuple(levels),
        )


def _numbers(values: pd.Series[Any]) -> NDArray[np.float64]:
    if values.dtype == object or not pd.api.types.is_numeric_dtype(values):
        values = pd.to_numeric(values.map(_flag), errors="coerce")
    array = values.to_numpy(dtype=np.float64, na_value=np.nan)
    # infinities are missing: most models refuse them
    return np.where(np.isfinite(array), array, np.nan)


def _flag(value: Any) -> Any:
    """A boolean that came as text, as a number; everything else unchanged."""
    return _FLAGS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values as strings that do not depend on the dtype: 1, 1.0, '1' and '1.0' are the same."""

    def text(value: Any) -> str:
        shown = str(value)
        return shown[:-2] if shown.endswith(".0") and shown[:-2].removeprefix("-").isdigit() else shown

    return values.map(text, na_action="ignore")


def _codes(values: pd.Series[Any], column: Column) -> NDArray[np.int32]:
    place = {level: code for code, level in enumerate(column.levels)}
    rare = len(column.levels) if column.other else -1
    distinct, inverse = np.unique(_texts(values).astype(object).fillna("").to_numpy(dtype=object), return_inverse=True)
    lookup = np.array([place.get(level, rare) for level in distinct], dtype=np.int32)
    codes = lookup[inverse]
    codes[values.isna().to_numpy()] = -1
    return codes


def _learn(name: Hashable, values: pd.Series[Any]) -> Column:
    present = values.dropna()
    if present.empty:
        return Column(name, "dropped", note="is empty and left out")
    if pd.api.types.is_bool_dtype(present.dtype) or (present.dtype == object and _all_flags(present)):
        kind: Kind = "boolean"
    elif pd.api.types.is_datetime64_any_dtype(values.dtype) or pd.api.types.is_timedelta64_dtype(values.dtype):
        return Column(name, "dropped", note="holds dates and is left out")
    elif pd.api.types.is_numeric_dtype(values.dtype):
        kind = "number"
    elif isinstance(values.dtype, pd.CategoricalDtype):
        return _category(name, present)
    elif pd.to_numeric(present, errors="coerce").notna().all():
        kind = "number"
    else:
        return _strings(name, values, present)
    if np.unique(_numbers(values)).size < 2:
        return Column(name, "dropped", note="is constant and left out")
    return Column(name, kind)


def _all_flags(present: pd.Series[Any]) -> bool:
    return all(isinstance(value, (bool, np.bool_)) for value in present)


def _strings(name: Hashable, values: pd.Series[Any], present: pd.Series[Any]) -> Column:
    texts = _texts(present)
    distinct = texts.nunique()
    what = "dates" if _are_dates(texts) else None
    if what is None and distinct > max(MAX_LEVELS, DISTINCT_SHARE * len(texts)):
        what = "text or identifiers (nearly all values differ)"
    if what is None:
        return _category(name, present)
    if len(present) < 0.99 * len(values):
        return Column(name, "presence", note=f"holds {what}; only whether it is filled is used")
    return Column(name, "dropped", note=f"holds {what} and is left out")


def _category(name: Hashable, present: pd.Series[Any]) -> Column:
    counts = _texts(present).astype(object).value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) < 2:
        filled = "is constant and left out"
        return Column(name, "dropped", note=filled)
    levels = tuple(sorted(str(level) for level, _ in ordered[:MAX_LEVELS]))
    more = len(ordered) - MAX_LEVELS
    note = f"has {len(ordered)} categories; the {more} rarest are one" if more > 0 else ""
    return Column(name, "category", levels, more > 0, note)


def _are_dates(texts: pd.Series[Any]) -> bool:
    sample = texts.drop_duplicates().head(_DATE_SAMPLE)
    if not sample.str.contains(r"\d{1,4}[-/.: ]\d{1,2}", regex=True).mean() > 0.9:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas warns of formats that it has to guess
        return bool(pd.to_datetime(sample, errors="coerce", format="mixed").notna().mean() > 0.9)
