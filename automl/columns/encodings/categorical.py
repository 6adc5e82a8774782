"""Categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import LEAST_ROWS, MAX_LEVELS, TEXT_LEVELS
from automl.columns.encodings.base import Array, Column, Encoding, if_it_varies, left_out
from automl.columns.encodings.text import Text
from automl.parsing.cells import Cells, number_text
from automl.parsing.text_kinds import has_parts


@dataclass(frozen=True)
class Categorical(Encoding):
    """Places of levels, the most frequent first.

    Parameters
    ----------
    levels : tuple of str
    other : bool
        Whether rare and unseen ones are a further level; else unseen ones are missing.
    """

    name = "category"
    precedence = 90.0
    part = "codes"

    levels: tuple[str, ...] = ()
    other: bool = False

    def labels(self, cells: Cells) -> list[str]:
        """The level of each distinct text."""
        if cells.numbers is None or not self.levels:
            return list(cells.texts)
        exact = self.exact
        return [exact.get(text, text) for text in cells.texts]

    def propose(self, name: Hashable, cells: Cells) -> Column | None:
        """What no other encoding knows; of many levels that have parts, also the text."""
        column = self.fit(name, cells)
        texts = cells.texts
        if not cells.is_text or column.kind != self.name or len(texts) <= TEXT_LEVELS:
            return column
        mostly_rare = len(texts) > 0.5 * cells.counts.sum()
        if not (mostly_rare or has_parts(texts)):
            return column
        note = "; ".join(filter(None, [column.note, "also read as text"]))
        return replace(column, encodings=(*column.encodings, Text()), note=note)

    def fit(self, name: Hashable, cells: Cells) -> Column:
        """Learn the levels."""
        if not len(cells.texts):
            return left_out(name, "empty", "is empty and left out")
        learned = self.learned(cells)
        if not learned.levels:
            return left_out(name, "identifier", "holds levels that all differ and is left out")
        note = ""
        if learned.other:
            rest = f"those with fewer than {LEAST_ROWS} rows"
            if len(learned.levels) == MAX_LEVELS:
                rest = f"all but the {MAX_LEVELS:,} most frequent"
            note = f"holds {len(cells.texts):,} levels; {rest} are one"
        return if_it_varies(Column(name, self.name, (learned,), note), cells)

    def learned(self, cells: Cells) -> Categorical:
        """The same, with the levels of these cells."""
        levels, other = frequent(self.labels(cells), cells.counts)
        return replace(self, levels=levels, other=other)

    def encode(self, cells: Cells) -> Array:
        """Place of each level."""
        place = {level: code for code, level in enumerate(self.levels)}
        rare = len(self.levels) if self.other else -1
        found = np.array([place.get(label, rare) for label in self.labels(cells)], dtype=np.int32)
        return np.asarray(cells.spread(found, -1), dtype=np.int32)

    def says_nothing(self, cells: Cells) -> NDArray[np.bool_]:
        """Rows without a level."""
        return np.asarray(self.encoded(cells) < 0)

    def varies(self, cells: Cells) -> bool:
        """Whether there are two levels."""
        return len(set(self.labels(cells))) > 1

    def glance(self, cells: Cells, step: int) -> tuple[Array, Any]:
        """Codes and their levels."""
        return self.encoded(cells)[::step], self.levels

    @property
    def n_levels(self) -> int:
        """Number of levels, that of all others included."""
        return len(self.levels) + self.other

    @property
    def exact(self) -> dict[str, str]:
        """Codes of more digits than floats keep, by the float that is made of one, and of no other."""
        long = [level for level in self.levels if len(level) > 15 and level.removeprefix("-").isdigit()]
        count = Counter(map(number_text, long))
        return {text: level for level in long if count[text := number_text(level)] == 1}


def frequent(labels: Sequence[str], counts: NDArray[np.int64]) -> tuple[tuple[str, ...], bool]:
    """Levels that are told apart, the most frequent first (ties by text), and whether others are one level more."""
    rows: dict[str, int] = {}
    for label, count in zip(labels, counts, strict=True):
        rows[label] = rows.get(label, 0) + int(count)
    ranked = sorted(rows, key=lambda label: (-rows[label], label))
    kept = tuple(label for label in ranked[:MAX_LEVELS] if rows[label] >= LEAST_ROWS)
    return kept, len(kept) < len(ranked)
