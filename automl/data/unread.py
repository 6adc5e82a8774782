"""Cells that cannot be read as what their column was in training: they count as missing, and the user must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl.data.cells import Cells, number_text
from automl.data.kinds import Column
from automl.data.views import Clock, Filled, Flag, Levels, Moments, Plain, Rest, Span, View, Words
from automl.data.wording import shown
from automl.errors import DataError

MOST_LOST = 1_000  # texts of the fit that are kept
MOST_SAID = 8  # columns of which something is said
CERTAIN = 20  # unread cells that are too many to be chance, however many rows there are
NEW_CELLS = 10  # without a known level, where training had rare levels that were one, too
_WHAT = {
    "number": "numbers",
    "boolean": "yes or no",
    "ordered": "levels of its order",
    "date": "dates",
    "duration": "spans of time",
}


def with_lost(column: Column, cells: Cells) -> Column:
    """The column, and which texts of the fit are none of its kind: of these nothing need be said again."""
    if column.kind not in _WHAT or (lost := _unread(column, cells)) is None:
        return column
    texts = cells.texts[np.unique(cells.codes[lost])]
    return replace(column, lost=frozenset(map(str, texts)) if len(texts) <= MOST_LOST else None)


def about_unread(columns: Sequence[Column], cells: Sequence[Cells]) -> list[str]:
    """One sentence for each column with cells that cannot be read.

    Raises
    ------
    DataError
        If they are most of a column.
    """
    found = [text for column, one in zip(columns, cells, strict=True) if column.views and (text := _about(column, one))]
    more = len(found) - MOST_SAID
    return found[:MOST_SAID] + ([f"Cells of {more:,} more columns cannot be read, either."] if more > 0 else [])


def _about(column: Column, cells: Cells) -> str:
    if column.kind == "category":
        return _about_levels(column, cells)
    if column.kind not in _WHAT or column.lost is None or (lost := _unread(column, cells)) is None:
        return ""
    counts = np.bincount(cells.codes[lost], minlength=len(cells.texts))
    counts[[str(text) in column.lost for text in cells.texts]] = 0
    count, present = int(counts.sum()), int(cells.counts[cells.known].sum())
    if not count:
        return ""
    what = f"Column {shown(column.name)}: {count:,} of {present:,} cells cannot be read as {_WHAT[column.kind]}"
    example = f"{shown(str(cells.texts[int(np.argmax(counts))]))} for example"
    if 1 < count > present / 2 and (count >= CERTAIN or present == cells.rows):
        raise DataError(f"{what}, {example}; write them as in training, or leave them empty.")
    return f"{what} and count as missing, {example}."


def _about_levels(column: Column, cells: Cells) -> str:
    """A category of which no level is known; a few new ones among others are an ordinary thing."""
    view = column.views[0]
    if not isinstance(view, Levels) or any(isinstance(other, Words) for other in column.views):
        return ""
    if lost := _without_digits(view, cells):
        return (
            f"Column {shown(column.name)}: codes such as {lost[0]} came as floats, which lost digits, and count as "
            "missing; hand them in as text, or as whole numbers (Int64 where some are missing)."
        )
    if cells.present < (NEW_CELLS if view.other else 2) or not {-1, len(view.levels)}.issuperset(view.codes(cells)):
        return ""
    example = shown(str(cells.texts[int(np.argmax(cells.counts))]))
    return (
        f"Column {shown(column.name)}: none of {cells.present:,} cells holds a level that training had; they count as "
        f"{'rare ones' if view.other else 'missing'}, {example} for example."
    )


def _without_digits(view: Levels, cells: Cells) -> list[str]:
    """Numbers that may be several of the codes, as floats keep 16 digits."""
    if cells.numbers is None or not any(len(level) > 15 for level in view.levels):
        return []
    may = {number_text(level) for level in view.levels if len(level) > 15}
    return [str(text) for text in cells.texts if text in may and text not in view.exact]


def _unread(column: Column, cells: Cells) -> NDArray[np.bool_] | None:
    """Rows that hold something, but nothing that any view can read; None where there are none."""
    first = column.views[0] if column.views else Words()
    told = (
        (cells.numbers is not None and isinstance(first, (Plain, Flag, Span)))
        or (cells.moments is not None and isinstance(first, (Moments, Clock)))
        or (cells.spans is not None and isinstance(first, Span))
    )
    if told or not cells.present or any(isinstance(view, (Filled, Words)) for view in column.views):
        return None
    lost = np.append(cells.known, False)[cells.codes]
    for view in column.views:
        lost &= _says_nothing(view, cells)
    return lost if lost.any() else None


def _says_nothing(view: View, cells: Cells) -> NDArray[np.bool_]:
    if isinstance(view, (Levels, Rest)):
        return np.asarray(view.codes(cells) < 0)
    if isinstance(view, Words):
        return np.zeros(cells.rows, dtype=bool)
    return np.isnan(view.dates(cells) if isinstance(view, Moments) else view.numbers(cells))
