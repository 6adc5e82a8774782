"""What the model is, and what it costs."""

from __future__ import annotations

from typing import Any

from automl.output import wrapped


class Model:
    """What is handed over: models, seconds of training, bytes, milliseconds a row."""

    name = "model"
    place = 5

    def text(self, result: Any) -> str | None:
        """One line."""
        return None if result.cost is None else wrapped(f"Handed over: {result.cost}")
