"""Kinds of column that the user knows better than their content tells."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from automl.data.cells import Cells
from automl.data.dates import DateFormat, guess_dates
from automl.data.kinds import Column, in_order, of_levels, of_moments, of_places, of_spans, of_texts, words_of
from automl.data.orders import known_order
from automl.data.parse import guess_numbers
from automl.data.views import Flag, Levels, Moments, Plain, Rest, Span, Words
from automl.errors import ArgumentError, DataError, InputTypeError

WISHES = ("number", "boolean", "category", "ordered", "date", "duration", "text", "dropped")

Wishes = Mapping[Any, "str | Sequence[Any]"]


def checked(wishes: Wishes | None, names: list[Hashable]) -> dict[Hashable, str | Sequence[Any]]:
    """The user's kinds, checked: names of columns, and kinds that there are.

    Raises
    ------
    DataError, ArgumentError, InputTypeError
        If a name or a kind is none.
    """
    if wishes is None:
        return {}
    if not isinstance(wishes, Mapping):
        raise InputTypeError(
            f"column_types must map names of columns to kinds, as in {{'zip': 'category'}}; got {wishes!r}."
        )
    there = set(names) if wishes else set()
    for name, wish in wishes.items():
        if name not in there:
            near = difflib.get_close_matches(str(name), [str(known) for known in names], n=1)
            known = ", ".join(repr(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
            hint = f"did you mean {near[0]!r}?" if near else f"the columns are {known}."
            raise DataError(f"column_types: there is no column {name!r}; {hint}")
        if isinstance(wish, str):
            if wish not in WISHES:
                near = difflib.get_close_matches(wish, WISHES, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ArgumentError(
                    f"column_types: column {name!r} must be one of {', '.join(map(repr, WISHES))}, or a list of "
                    f"ordered levels; got {wish!r}.{hint}"
                )
        elif not isinstance(wish, (list, tuple)) or len(wish) < 2:
            raise InputTypeError(
                f"column_types: column {name!r} must be a kind, or a list of at least two ordered levels; got {wish!r}."
            )
    return dict(wishes)


def as_wished(name: Hashable, cells: Cells, wish: str | Sequence[Any]) -> Column:
    """A column of the kind that the user says.

    Raises
    ------
    DataError
        If no cell can be read so.
    """
    if not isinstance(wish, str):
        column = in_order(name, tuple(str(level).strip() for level in wish))
    elif wish == "dropped":
        return Column(name, "dropped", note="is left out, as asked")
    else:
        column = _wished(name, cells, wish)
    arrays = [view.numbers(cells) for view in column.views if not isinstance(view, (Levels, Rest, Moments, Words))]
    arrays += [view.dates(cells) for view in column.views if isinstance(view, Moments)]
    if not cells.present or (arrays and all(np.isnan(array).all() for array in arrays)):
        what = f"as {wish}" if isinstance(wish, str) else f"in the order {list(wish)}"
        shown = f"such as {cells.texts[0]!r}" if cells.present and len(cells.texts) else "all of them are missing"
        raise DataError(f"column_types: no cell of column {name!r} can be read {what} ({shown}); give another kind.")
    return column


def _wished(name: Hashable, cells: Cells, wish: str) -> Column:
    if wish == "number":
        guess = guess_numbers(cells) if cells.numbers is None and cells.present else None
        return Column(name, "number", (Plain(guess.format) if guess else Plain(),), guess.note if guess else "")
    if wish == "boolean":
        return Column(name, "boolean", (Flag(),))
    if wish == "category":
        return of_levels(name, cells)
    if wish == "text":
        return Column(name, "text", (Words(),))
    if wish == "duration":
        return of_spans(name, cells, Span(1.0).numbers(cells), as_it_is=cells.numbers is not None)
    if wish == "date":
        return _wished_date(name, cells)
    if cells.order:
        return in_order(name, cells.order)
    known = known_order(words_of(cells))
    if known is None and (column := of_texts(name, cells)).kind == "number":
        return column
    if known is None:
        raise DataError(
            f"column_types: column {name!r} has no order that is known; give its levels from the lowest to the "
            f"highest, as in column_types={{{name!r}: ['low', 'high']}}."
        )
    return of_places(name, cells, *known)


def _wished_date(name: Hashable, cells: Cells) -> Column:
    if cells.moments is not None:
        return of_moments(name, cells)
    if guess := guess_dates(cells):
        return Column(name, "date", (Moments(guess.format),), guess.note)
    plain = Plain().numbers(cells)
    largest = np.nanmax(np.abs(plain)) if not np.isnan(plain).all() else 0.0
    steps = ((1e17, 1e9, "nano"), (1e14, 1e6, "micro"), (1e11, 1e3, "milli"))
    unit, what = next(((unit, what) for least, unit, what in steps if largest > least), (1.0, ""))
    return Column(name, "date", (Moments(DateFormat(unix=unit)),), f"{what}seconds since 1970")
