"""Yes or no."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies
from automl.parsing.cells import Cells

FLAGS = {"true": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "on": 1.0, "1": 1.0} | dict.fromkeys(
    ("false", "no", "n", "f", "off", "0"), 0.0
)
_PAIRS = ({"yes", "no"}, {"true", "false"}, {"t", "f"}, {"y", "n"}, {"on", "off"})


@dataclass(frozen=True)
class Boolean(Encoding):
    """Booleans as 1 and 0, however they are written."""

    name = "boolean"
    precedence = 10.0
    typed = ("numbers",)
    what = "yes or no"

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of a dtype of booleans, or of two texts that are a pair."""
        if cells.is_boolean and not cells.is_categorical:
            return if_it_varies(Column(name, self.name, (self,)), cells)
        if not cells.is_text or len(cells.texts) != 2 or {text.lower() for text in cells.texts} not in _PAIRS:
            return None
        yes = next(text for text in cells.texts if FLAGS[text.lower()])
        return Column(name, self.name, (self,), f"{str(yes)!r} is 1")

    def encode(self, cells: Cells) -> Array:
        """1 or 0."""
        if cells.numbers is not None:
            return cells.numbers
        return cells.spread(np.array([FLAGS.get(text.lower(), np.nan) for text in cells.texts]), np.nan)
