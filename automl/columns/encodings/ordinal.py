"""Levels that have an order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from automl.columns.constants import ORDER_WORDS
from automl.columns.encodings.base import Array, Column, Encoding
from automl.columns.encodings.categorical import Categorical
from automl.parsing.cells import MISSING, Cells
from automl.parsing.orders import known_order


@dataclass(frozen=True)
class Ordinal(Encoding):
    """Ordered levels as their place in the order.

    Parameters
    ----------
    places : tuple of (str, float)
        Lower-case texts, and the place of each.
    """

    name = "ordered"
    precedence = 70.0
    what = "levels of its order"

    places: tuple[tuple[str, float], ...] = ()

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """A column of a dtype with an order, or of words that have one that is known."""
        if cells.order and len(cells.texts) > 1:
            return in_order(name, cells.order)
        return _known(name, cells, ORDER_WORDS) if cells.is_text else None

    def fit(self, name: Hashable, cells: Cells) -> Column | None:
        """Find the order of the words."""
        if self.places:
            return Column(name, self.name, (self,))
        return in_order(name, cells.order) if cells.order else _known(name, cells)

    def encode(self, cells: Cells) -> Array:
        """Place of each level, NaN for others."""
        known = dict(self.places)
        return cells.spread(np.array([known.get(text.lower(), np.nan) for text in cells.texts]), np.nan)

    @property
    def n_levels(self) -> int:
        """Number of places."""
        return len({place for _, place in self.places})


def in_order(name: Hashable, levels: Sequence[str]) -> Column:
    """A column of levels in a given order, the lowest first."""
    places = tuple((level.lower(), float(place)) for place, level in enumerate(levels, 1))
    return Column(name, Ordinal.name, (Ordinal(places),), _shown(levels))


def _known(name: Hashable, cells: Cells, most: float = np.inf) -> Column | None:
    """A column of at most so many words of a known order."""
    words = [word for text in cells.texts if (word := text.lower()) not in MISSING]
    if len(words) > most or (order := known_order(words)) is None:
        return None
    known, cycle = order
    ranked = sorted(set(words), key=lambda word: (known[word], word))
    encodings: tuple[Encoding, ...] = (
        Ordinal(tuple(known.items() if cycle else ((word, known[word]) for word in ranked))),
    )
    if cycle and (levels := Categorical().learned(cells)).levels:
        encodings += (levels,)  # December is followed by January: the order alone does not say all
    return Column(name, Ordinal.name, encodings, _shown(ranked))


def _shown(levels: Sequence[str]) -> str:
    return " < ".join(levels[:8]) + (" < ..." if len(levels) > 8 else "")
