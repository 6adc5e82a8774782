"""Columns that models would see alike."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b

import numpy as np

from automl.columns.constants import ALIKE_ROWS
from automl.columns.encodings.base import Column
from automl.parsing.cells import Cells


class Met:
    """Columns that were met, by what models would see of them; most differ in the few rows that are looked at first."""

    def __init__(self) -> None:
        self._glanced: dict[bytes, tuple[Column, Cells]] = {}
        self._known: dict[bytes, Hashable] = {}

    def equal(self, column: Column, cells: Cells) -> Hashable | None:
        """The name of an earlier column that is equal; None where there is none."""
        glance = _key(column, cells, max(1, cells.rows // ALIKE_ROWS))
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
    for encoding in column.encodings:
        array, meaning = encoding.glance(cells, step)
        digest.update(array.dtype.str.encode())
        digest.update(np.ascontiguousarray(array).data)
        digest.update(repr(meaning).encode())
    return digest.digest()
