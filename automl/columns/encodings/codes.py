"""Codes of digits, which name something and count nothing."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import LEAST_ROWS
from automl.columns.encodings.base import Column, if_it_varies
from automl.columns.encodings.categorical import Categorical
from automl.columns.encodings.numeric import Numeric
from automl.columns.identifiers import row_numbers
from automl.parsing.cells import Cells
from automl.parsing.codes import beyond_floats
from automl.parsing.parse import NumberFormat


@dataclass(frozen=True)
class Codes(Categorical):
    """Categories of texts of digits: with leading zeros, or with more digits than floats keep.

    Parameters
    ----------
    levels, other
        See `Categorical`.
    digits : int
        That each has, leading zeros included; 0 where they differ.
    """

    name = "code"
    listed = False
    precedence = 20.0

    digits: int = 0

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """Texts such as 00501, which would lose zeros as numbers, or whole numbers beyond 2^53."""
        if not cells.is_text:
            return None
        if digits := _leading_zeros(cells.texts):
            if left := row_numbers(name, np.array([float(text) for text in cells.texts]), cells.rows):
                return left
            return replace(replace(self, digits=digits).fit(name, cells), note=f"codes of {digits} digits")
        return self._beyond(name, cells) if beyond_floats(cells) else None

    def _beyond(self, name: Hashable, cells: Cells) -> Column:
        """Categories by their digits; numbers, too, where floats tell them apart."""
        texts = cells.texts[cells.known]
        floats = np.array([float(text) for text in texts])
        number = Numeric(NumberFormat(low=float(floats.min()), high=float(floats.max())))
        if cells.counts.max() < LEAST_ROWS:
            return row_numbers(name, floats, cells.rows) or if_it_varies(Column(name, number.name, (number,)), cells)
        column = self.fit(name, cells)
        if column.kind != Categorical.name:
            return column
        apart = len(np.unique(floats)) == len(texts)
        note = "; ".join(filter(None, ["codes of more digits than floats keep", column.note]))
        return replace(column, encodings=(*column.encodings, *([number] if apart else [])), note=note)

    def fit(self, name: Hashable, cells: Cells) -> Column:
        """Learn the levels of what reports call a category."""
        column = super().fit(name, cells)
        return replace(column, kind=Categorical.name) if column.kind == self.name else column

    def labels(self, cells: Cells) -> list[str]:
        """Texts with the zeros that spreadsheets leave out."""
        found = super().labels(cells)
        return [text.zfill(self.digits) if text.isdigit() else text for text in found] if self.digits else found


def _leading_zeros(texts: NDArray[Any]) -> int:
    """Digits of a code such as 00501, which would lose them as a number; 0 where the texts are none."""
    digits = len(texts[0])
    if digits < 3 or not any(text[0] == "0" for text in texts):
        return 0
    return digits if all(len(text) == digits and text.isdigit() for text in texts) else 0
