"""What was skipped, and why."""

from __future__ import annotations

from typing import Any

from automl.output import wrapped


class Notes:
    """What the user should know of how the run went."""

    name = "notes"
    place = 30

    def text(self, result: Any) -> str:
        """A sentence or two each."""
        return "\n".join(wrapped(note) for note in result.time_report["notes"])
