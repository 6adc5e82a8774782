"""How many columns there are of each kind."""

from __future__ import annotations

from collections import Counter
from typing import Any


class ColumnKinds:
    """What columns were taken for."""

    name = "columns"
    place = 10
    command = "columns"

    def text(self, result: Any) -> str:
        """One line."""
        counts = Counter(result.columns.frame()["kind"]).most_common()
        return "Columns: " + ", ".join(f"{count} {kind}" for kind, count in counts)
