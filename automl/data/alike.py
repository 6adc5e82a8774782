"""Columns that models would see alike."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.data.cells import Cells
from automl.data.kinds import Column
from automl.data.views import Levels, Moments, Rest, Words

GLANCE_ROWS = 1_000  # evenly spread, in which two columns must be alike before they are compared


class Met:
    """Columns that were met, by what models would see of them; most differ in the few rows that are looked at first."""

    def __init__(self) -> None:
        self._glanced: dict[bytes, tuple[Column, Cells]] = {}
        self._known: dict[bytes, Hashable] = {}

    def equal(self, column: Column, cells: Cells) -> Hashable | None:
        """The name of an earlier column that is equal; None where there is none."""
        glance = _key(column, cells, max(1, cells.rows // GLANCE_ROWS))
        if (first := self._glanced.setdefault(glance, (column, cells)))[0] is column:
            return None
        self._known.setdefault(_key(*first), first[0].name)
        earlier = self._known.setdefault(_key(column, cells), column.name)
        return None if earlier == column.name else earlier


def _key(column: Column, cells: Cells, step: int = 1) -> bytes:
    """Equal for columns that models would see alike; texts are told by the numbers of distinct texts, and those.

    Every `step`-th row is looked at.
    """
    digest = blake2b(digest_size=16)
    for view in column.views:
        known: Any = getattr(view, "levels", ())
        if isinstance(view, (Levels, Rest)):
            array: NDArray[Any] = view.codes(cells)[::step]
        elif isinstance(view, Words):
            array, known = cells.codes[::step], cells.texts.tolist()
        else:
            values = view.dates(cells) if isinstance(view, Moments) else view.numbers(cells)
            array = 0.0 + values[::step]  # -0 is 0
        digest.update(array.dtype.str.encode())
        digest.update(np.ascontiguousarray(array).data)
        digest.update(repr(known).encode())
    return digest.digest()
