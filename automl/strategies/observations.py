"""What strategies that think in points learn from: one point and one loss a candidate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from automl.space.constants import FAMILY
from automl.space.encoding import Encoding, Point
from automl.strategies.estimates import losses_at, main_rung
from automl.trials.history import History


@dataclass(frozen=True)
class Observation:
    """What is known of a candidate; `loss` is None while it runs, and the worst one seen where it failed."""

    number: int  # of its trial
    key: str
    point: Point
    loss: float | None
    ok: bool

    @property
    def family(self) -> int:
        """Place of its family among those of the space."""
        return int(self.point[FAMILY])


def observations(history: History, encoding: Encoding) -> list[Observation]:
    """All candidates that fit the template, of whatever origin, in order of their trials.

    Failures are told as the worst loss seen: what is hidden is proposed again and again. Trials that were cut say
    nothing of their candidates; nor do those whose rung cannot be compared yet.

    Parameters
    ----------
    history : History
    encoding : Encoding
        Of the history's space.
    """
    trials = [trial for trial in history.trials if encoding.encode(trial.candidate) is not None]
    losses = losses_at(trials, main_rung(trials))
    worst = max(losses.values(), default=0.0)
    found: dict[str, Observation] = {}
    for trial in trials:
        point = encoding.encode(trial.candidate)
        key = trial.candidate.key
        finite = trial.loss is not None and math.isfinite(trial.loss)
        if point is None or trial.status == "cut" or (finite and key not in losses):
            continue
        if trial.status == "running":
            found.setdefault(key, Observation(trial.number, key, point, None, ok=False))
            continue
        found[key] = Observation(trial.number, key, point, losses.get(key, worst), key in losses)
    return sorted(found.values(), key=lambda observation: observation.number)
