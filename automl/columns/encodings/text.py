"""Free text."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import LEAST_ROWS
from automl.columns.encodings.base import Array, Column, Encoding, Part, left_out
from automl.columns.texts import count_texts
from automl.parsing.cells import Cells
from automl.parsing.text_kinds import is_free_text, random_id

_LOUD = re.compile(r"[A-Z0-9]")


@dataclass(frozen=True)
class Text(Encoding):
    """Free text: counts of its words and pieces of words, and three numbers that say what it looks like."""

    name = "text"
    precedence = 80.0
    part = "texts"
    n_columns = 10

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of texts that mostly differ; identifiers that say nothing are left out."""
        if not cells.is_text:
            return None
        texts, counts = cells.texts, cells.counts
        if reason := random_id(texts, counts):
            return left_out(name, "identifier", f"holds {reason} and is left out")
        if is_free_text(texts, counts):
            return Column(name, self.name, (self,), f"{len(texts):,} texts")
        if counts.max() < LEAST_ROWS:
            return Column(name, self.name, (self,), "names that all differ")
        return None

    def arrays(self, cells: Cells) -> list[tuple[Part, Any]]:
        """Characters, words, and share of capitals and digits; and the counts."""
        looks: list[tuple[Part, Any]] = [("numbers", row) for row in self._looks(cells)]
        counts = count_texts([str(text) for text in cells.spread(cells.texts, "")])
        return [*looks, (self.part, counts)]

    def _looks(self, cells: Cells) -> list[Array]:
        found = np.full((3, len(cells.texts)), np.nan)
        for place, text in enumerate(cells.texts):
            loud = len(_LOUD.findall(text)) if text.isascii() else sum(c.isupper() or c.isdigit() for c in text)
            found[:, place] = len(text), len(text.split()), loud / len(text)
        return [cells.spread(row, np.nan) for row in found]

    def says_nothing(self, cells: Cells) -> NDArray[np.bool_]:
        """No row that is filled."""
        return ~cells.filled

    def reads_all(self, cells: Cells) -> bool:
        """Always."""
        return True

    def glance(self, cells: Cells, step: int) -> tuple[Array, Any]:
        """Numbers of the distinct texts, and these."""
        return cells.codes[::step], cells.texts.tolist()
