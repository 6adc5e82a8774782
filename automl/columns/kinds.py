"""What a column is, told by its cells at fit: the encodings are asked one after the other."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache

from automl.columns.encodings import ENCODINGS
from automl.columns.encodings.base import Column, Encoding, left_out, of_one_value
from automl.parsing.cells import Cells


def learn(name: Hashable, cells: Cells) -> Column:
    """Tell what a column is: the encoding that reads it most narrowly is asked first."""
    if not cells.present:
        return left_out(name, "empty", "is empty and left out")
    if cells.is_text and len(cells.texts) == 1:
        return of_one_value(name, cells)
    return next(column for encoding in _ranked() if (column := encoding.propose(name, cells)) is not None)


@cache
def _ranked() -> list[Encoding]:
    return sorted(ENCODINGS.defaults, key=lambda encoding: encoding.precedence)
