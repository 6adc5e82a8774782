"""Where to look for what was said of the data at the start."""

from __future__ import annotations

from typing import Any


class Warned:
    """Warnings that stand at the start."""

    name = "warnings"
    place = 20

    def text(self, result: Any) -> str | None:
        """One line."""
        if not result.warnings:
            return None
        many = len(result.warnings)
        which, them = ("warning", "it") if many == 1 else (f"{many} warnings", "them")
        return f"Mind: the {which} at the start; run.json has {them}, too."
