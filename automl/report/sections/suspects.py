"""Labels that may be wrong."""

from __future__ import annotations

from typing import Any

from automl.wording import counted


class Suspects:
    """How many labels are contradicted."""

    name = "suspects"
    place = 40
    command = "suspects"

    def text(self, result: Any) -> str | None:
        """One line."""
        doubtful = len(result.labels.suspects())
        return f"{counted(doubtful, 'row')} with a label that may be wrong" if doubtful else None
