"""What a validation curve shows: that a fit has come to its end, or will not become good enough."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

from automl.estimators.constants import GAIN, HORIZON, HORIZON_FACTOR, LONG_PATIENCE, LOOK_EVERY, LOOK_FIRST
from automl.estimators.staged import WHOLE, FitControl, Pruned


def expected(curve: Sequence[float], rounds: int) -> float:
    """What a validation curve may fall to at best by its last round, if it goes on as it does.

    From a quarter to half of the rounds so far, and from there to now, the rounds double. Where the second gain is the
    smaller one, gains are taken to shrink no further: each doubling up to the last round brings as much again. Curves
    of boosting and of networks shrink faster (a power law, as in Domhan, Springenberg and Hutter 2015, "Speeding up
    automatic hyperparameter optimization ... by extrapolation of learning curves"), so this is hopeful. While gains
    still grow nothing can be said.

    Parameters
    ----------
    curve : sequence of float
        Loss after each round so far, lower is better.
    rounds : int
        Rounds in all.

    Returns
    -------
    float
        The lowest loss to be expected; minus infinity where nothing can be said.
    """
    now = len(curve)
    if now < LOOK_FIRST:
        return -math.inf
    before, half, last = (min(curve[:end]) for end in (now // 4, now // 2, now))
    earlier, latest = before - half, half - last
    if latest > earlier or earlier <= 0:
        return -math.inf
    return last - latest * math.log2(max(1.0, rounds / now))


class CurveWatch:
    """Ends a fit whose curve has turned up or is not expected to fall to the limit, or whose time is over.

    Parameters
    ----------
    rounds : int
        The most that the fit may have.
    patience : int
        Rounds without gain after which it ends, or a tenth of the rounds up to the best where that is more.
    control : FitControl
        With the limit and the deadline.
    curve : iterable of float
        What there is already, where a fit goes on.
    """

    def __init__(self, rounds: int, patience: int, control: FitControl = WHOLE, curve: Iterable[float] = ()) -> None:
        self.rounds, self.patience, self.control = rounds, patience, control
        self.ended_after: int | None = None
        self.curve: list[float] = []
        self._rounds = 0  # without a curve
        self._best = 0  # place of the last gain
        for value in curve:
            self._note(float(value))

    @property
    def settled(self) -> bool:
        """Whether the curve had turned up."""
        return len(self.curve) - (self._best + 1) >= max(self.patience, round(LONG_PATIENCE * (self._best + 1)))

    def see(self, value: float) -> bool:
        """Take note of the loss after one more round; whether the fit has come to its end.

        Raises
        ------
        Pruned
            If the limit is out of reach.
        """
        self._note(float(value))
        limit, most = self.control.loss_limit, self.control.max_rounds
        look = limit is not None and len(self.curve) % LOOK_EVERY == 0
        if look and (best := expected(self.curve, self._horizon())) > limit:  # type: ignore[operator]
            raise Pruned(
                f"after {len(self.curve)} rounds the validation curve is at {min(self.curve):.5g} and "
                f"not expected to fall below {best:.5g}, but {limit:.5g} is needed."
            )
        if not self._late() and (most is None or len(self.curve) < most):
            return self.settled
        self.ended_after = len(self.curve)
        return True

    def tick(self) -> bool:
        """Take note of one more round of a fit without a curve; whether its time is over."""
        self._rounds += 1
        most = self.control.max_rounds
        if self._rounds < self.rounds and (self._late() or (most is not None and self._rounds >= most)):
            self.ended_after = self._rounds
        return self.ended_after is not None

    def _late(self) -> bool:
        return self.control.deadline is not None and time.monotonic() > self.control.deadline

    def _note(self, value: float) -> None:
        self.curve.append(value)
        lowest = self.curve[self._best]
        if value < lowest - GAIN * max(0.0, self.curve[0] - lowest):
            self._best = len(self.curve) - 1

    def _horizon(self) -> int:
        """Rounds up to which the curve is foretold: hardly any fit has all that it may."""
        return min(self.rounds, max(HORIZON, HORIZON_FACTOR * len(self.curve)))
