"""When a validation curve shows that a fit will not become good enough."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

FIRST = 16  # rounds that are looked at before anything is said
EVERY = 8  # rounds between looks


class HopelessError(Exception):
    """A fit was ended because its validation curve is not expected to fall far enough."""


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
    if now < FIRST:
        return -math.inf
    before, half, last = (min(curve[:end]) for end in (now // 4, now // 2, now))
    earlier, latest = before - half, half - last
    if latest > earlier or earlier <= 0:
        return -math.inf
    return last - latest * math.log2(max(1.0, rounds / now))


class CurveWatch:
    """Ends a fit whose curve is not expected to fall to a limit, or whose time is over.

    Parameters
    ----------
    rounds : int
        Of the whole fit.
    limit : float or None
    ends : float or None
        Reading of `time.monotonic`.
    most : int or None
        Rounds after which time is taken to be over.
    curve : iterable of float
        What there is already, where a fit goes on.
    """

    def __init__(
        self,
        rounds: int,
        limit: float | None = None,
        ends: float | None = None,
        most: int | None = None,
        curve: Iterable[float] = (),
    ) -> None:
        self.rounds, self.limit, self.ends, self.most = rounds, limit, ends, most
        self.ended_after: int | None = None
        self.curve = [float(value) for value in curve]

    def see(self, value: float) -> bool:
        """Take note of the loss after one more round; whether time is over.

        Raises
        ------
        HopelessError
            If the limit is out of reach.
        """
        self.curve.append(float(value))
        look = self.limit is not None and len(self.curve) % EVERY == 0
        if look and (best := expected(self.curve, self.rounds)) > self.limit:  # type: ignore[operator]
            raise HopelessError(
                f"after {len(self.curve)} of {self.rounds} rounds the validation curve is at {min(self.curve):.5g} and "
                f"not expected to fall below {best:.5g}, but {self.limit:.5g} is needed."
            )
        late = self.ends is not None and time.monotonic() > self.ends
        if not late and (self.most is None or len(self.curve) < self.most):
            return False
        self.ended_after = len(self.curve)
        return True
