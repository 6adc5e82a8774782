"""Kinds of column that the user knows better than their content tells."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from automl.columns.encodings import ENCODINGS
from automl.columns.encodings.base import Column, Encoding
from automl.columns.encodings.ordinal import Ordinal, in_order
from automl.columns.kinds import learn
from automl.errors import ArgumentError, DataError, InputTypeError
from automl.parsing.cells import Cells
from automl.wording import did_you_mean

DROPPED = "dropped"

Override = str | Sequence[Any] | Encoding
Overrides = Mapping[Any, Override]


def checked(overrides: Overrides | None, names: list[Hashable]) -> dict[Hashable, Override]:
    """The user's kinds, checked: names of columns, and kinds that there are.

    Raises
    ------
    DataError, ArgumentError, InputTypeError
        If a name or a kind is none.
    """
    if overrides is None:
        return {}
    if not isinstance(overrides, Mapping):
        raise InputTypeError(
            f"column_types must map names of columns to kinds, as in {{'zip': 'category'}}; got {overrides!r}."
        )
    there = set(names) if overrides else set()
    kinds = [*ENCODINGS.names, DROPPED]
    for name, kind in overrides.items():
        if name not in there:
            near = difflib.get_close_matches(str(name), [str(known) for known in names], n=1)
            known = ", ".join(repr(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are {known}."
            raise DataError(f"column_types: there is no column {name!r}; {hint}")
        if isinstance(kind, str):
            if kind not in kinds:
                raise ArgumentError(
                    f"column_types: column {name!r} must be one of {', '.join(map(repr, kinds))}, or a list of "
                    f"ordered levels; got {kind!r}.{did_you_mean(kind, kinds)}"
                )
        elif not (_is_encoding(kind) or (isinstance(kind, (list, tuple)) and len(kind) >= 2)):
            raise InputTypeError(
                f"column_types: column {name!r} must be a kind, a list of at least two ordered levels, or an encoding "
                f"(an object of a class that derives from automl.columns.encodings.Encoding); got {kind!r}."
            )
    return dict(overrides)


def _is_encoding(kind: object) -> bool:
    return isinstance(kind, Encoding) and isinstance(getattr(kind, "name", None), str)


def overridden(name: Hashable, cells: Cells, kind: Override) -> Column:
    """A column of the kind that the user says.

    Raises
    ------
    DataError
        If no cell can be read so.
    """
    if kind == DROPPED:
        return Column(name, DROPPED, note="is left out, as asked")
    if isinstance(kind, (str, Encoding)):
        encoding = ENCODINGS.make(kind) if isinstance(kind, str) else kind
        column, what = encoding.fit(name, cells), f"as {encoding.name}"
        if column is None and isinstance(encoding, Ordinal) and cells.present:
            column = _numbers_in_order(name, cells)
    else:
        column, what = in_order(name, [str(level).strip() for level in kind]), f"in the order {list(kind)}"
    floats = [] if column is None else [one for one in column.encodings if one.part in ("numbers", "dates")]
    if column is None or not cells.present or (floats and all(np.isnan(one.encoded(cells)).all() for one in floats)):
        shown = f"such as {cells.texts[0]!r}" if cells.present and len(cells.texts) else "all of them are missing"
        raise DataError(f"column_types: no cell of column {name!r} can be read {what} ({shown}); give another kind.")
    return column


def _numbers_in_order(name: Hashable, cells: Cells) -> Column:
    """Numbers and times of day, which have an order of their own."""
    column = learn(name, Cells(pd.Series(cells.spread(cells.texts, None), dtype=object)))
    if column.kind != "number":
        raise DataError(
            f"column_types: column {name!r} has no order that is known; give its levels from the lowest to the "
            f"highest, as in column_types={{{name!r}: ['low', 'high']}}."
        )
    return column
