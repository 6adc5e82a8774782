"""Cells that cannot be read as what their column was in training: they count as missing, and the user must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import CERTAIN_CELLS, MOST_LOST, MOST_SAID, NEW_CELLS
from automl.columns.encodings.base import Column
from automl.columns.encodings.categorical import Categorical
from automl.errors import DataError
from automl.parsing.cells import Cells, number_text
from automl.wording import shown


def with_lost(column: Column, cells: Cells) -> Column:
    """The column, and which texts of the fit are none of its kind: of these nothing need be said again."""
    if not column.encodings or isinstance(column.encodings[0], Categorical) or (lost := _unread(column, cells)) is None:
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
    found = [
        text for column, one in zip(columns, cells, strict=True) if column.encodings and (text := _about(column, one))
    ]
    more = len(found) - MOST_SAID
    return found[:MOST_SAID] + ([f"Cells of {more:,} more columns cannot be read, either."] if more > 0 else [])


def _about(column: Column, cells: Cells) -> str:
    first = column.encodings[0]
    if isinstance(first, Categorical):
        read_as_text = any(encoding.part == "texts" for encoding in column.encodings)
        return "" if read_as_text else _about_levels(column, first, cells)
    if column.lost is None or (lost := _unread(column, cells)) is None:
        return ""
    counts = np.bincount(cells.codes[lost], minlength=len(cells.texts))
    counts[[str(text) in column.lost for text in cells.texts]] = 0
    count, present = int(counts.sum()), int(cells.counts[cells.known].sum())
    if not count:
        return ""
    what = f"Column {shown(column.name)}: {count:,} of {present:,} cells cannot be read as {first.what or first.name}"
    example = f"{shown(str(cells.texts[int(np.argmax(counts))]))} for example"
    if 1 < count > present / 2 and (count >= CERTAIN_CELLS or present == cells.rows):
        raise DataError(f"{what}, {example}; write them as in training, or leave them empty.")
    return f"{what} and count as missing, {example}."


def _about_levels(column: Column, category: Categorical, cells: Cells) -> str:
    """A category of which no level is known; a few new ones among others are an ordinary thing."""
    if lost := _without_digits(category, cells):
        return (
            f"Column {shown(column.name)}: codes such as {lost[0]} came as floats, which lost digits, and count as "
            "missing; hand them in as text, or as whole numbers (Int64 where some are missing)."
        )
    unseen = {-1, len(category.levels)}
    if cells.present < (NEW_CELLS if category.other else 2) or not unseen.issuperset(category.encoded(cells)):
        return ""
    example = shown(str(cells.texts[int(np.argmax(cells.counts))]))
    return (
        f"Column {shown(column.name)}: none of {cells.present:,} cells holds a level that training had; they count as "
        f"{'rare ones' if category.other else 'missing'}, {example} for example."
    )


def _without_digits(category: Categorical, cells: Cells) -> list[str]:
    """Numbers that may be several of the codes, as floats keep 16 digits."""
    if cells.numbers is None or not any(len(level) > 15 for level in category.levels):
        return []
    may = {number_text(level) for level in category.levels if len(level) > 15}
    exact = category.exact
    return [str(text) for text in cells.texts if text in may and text not in exact]


def _unread(column: Column, cells: Cells) -> NDArray[np.bool_] | None:
    """Rows that hold something, but nothing that any encoding can read; None where there are none."""
    if not cells.present or any(encoding.reads_all(cells) for encoding in column.encodings):
        return None
    lost = cells.rows_known
    for encoding in column.encodings:
        lost &= encoding.says_nothing(cells)
    return lost if lost.any() else None
