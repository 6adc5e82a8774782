"""What new rows are expected to be scored by the model that is handed over, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from automl.ensemble.constants import SURE


@dataclass(frozen=True)
class Expected:
    """A score in the metric's own unit and sign, with a 95 % interval.

    Attributes
    ----------
    score : float or None
        Of unlimited new rows of the same kind; None where nothing is known.
    interval : (float, float) or None
        That this score lies in with 95 %, the lower end first; where `why` says so, only what folds were scored.
    validated : float or None
        Of the out-of-fold predictions, as it stands on the leaderboard: what was chosen by it is part of it.
    why : str
        Why there is no interval of 95 %, a sentence; empty where there is one.
    how : str
        What the score and the interval were made of.
    error : float
        Standard error of the score, as far as chance in which rows were validated makes it.
    spread : float
        How many times as wide the interval is for what chance in the training rows makes.
    rows : int
        That were validated.
    best : float or None
        Score of perfect predictions, beyond which no interval reaches; None where that is not known.
    draws : (int, int)
        In which rows were drawn anew, and in which of these the model was chosen anew.
    """

    score: float | None
    interval: tuple[float, float] | None
    validated: float | None
    why: str = ""
    how: str = ""
    error: float = 0.0
    spread: float = 1.0
    rows: int = 0
    best: float | None = None
    draws: tuple[int, int] = (0, 0)

    @classmethod
    def of_folds(
        cls, score: float | None, folds: Sequence[float], why: str, draws: tuple[int, int] = (0, 0)
    ) -> Expected:
        """Where chance cannot be told: the uncorrected score, and the range of the folds' scores."""
        several = len(folds) > 1
        told = f"{why}: best_score_interval_ is the range of the folds' scores." if several else f"{why}."
        interval = (min(folds), max(folds)) if several else None
        return cls(score, interval, score, told, "out-of-fold predictions", draws=draws)

    def of_rows(self, rows: float = math.inf) -> tuple[float, float] | None:
        """The interval of the score of so many new rows, which have their own chance; None where it cannot be told."""
        if self.score is None or self.why:
            return None
        width = SURE * self.error * math.sqrt(self.spread**2 + self.rows / rows)
        low, high = self.score - width, self.score + width
        if self.best is None:
            return low, high
        return (max(low, self.best), high) if self.score >= self.best else (low, min(high, self.best))

    def sentence(self, metric: str) -> str:
        """For people to read."""
        return f"Expected {metric} on new rows: {self}." + (f" {self.why}" if self.why else "")

    def __str__(self) -> str:
        if self.score is None:
            return "not known"
        if self.interval is None:
            return f"{self.score:.5g}"
        low, high = self.interval
        return f"{self.score:.5g} ({'folds' if self.why else '95 %'}: {low:.5g} to {high:.5g})"


UNKNOWN = Expected(None, None, None, "The model was not scored.")
