"""No ensemble."""

from __future__ import annotations

from automl.ensemble.combiners.base import OutOfFold


class Single:
    """The best candidate alone.

    Parameters
    ----------
    why : str
        What this is for, as it stands among the decisions.
    """

    name = "single"
    steps = 0

    def __init__(self, why: str = "as asked") -> None:
        self.why = why

    def fit(self, seen: OutOfFold) -> dict[int, float]:
        """Nothing to choose."""
        return {}
