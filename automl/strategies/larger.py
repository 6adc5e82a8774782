"""Boosting that was still learning when its fit ended, tried again with larger trees and steps."""

from __future__ import annotations

import math
from collections.abc import Callable

from automl.space.domain import Value
from automl.space.space import Space
from automl.strategies.base import no_limit
from automl.strategies.constants import GROWTH, LEARNED_BY_HEART, STILL_FALLING
from automl.strategies.siblings import RATE, Siblings, boosting_of, rate_of
from automl.trials.history import History
from automl.trials.ranking import behind_training
from automl.trials.trial import DUMMY, Proposal, Trial


class Larger:
    """What the clock or the cap of rounds ended while its curve fell is proposed again, as long as that helps.

    The sibling has twice the learning rate and larger trees (FLAML lets configurations grow, too; Wang et al. 2021), so
    that the same seconds lead farther: connect_4, 50,667 rows and 3 s, a LightGBM of 31 leaves and a rate of .05 has a
    log loss of .530, one of 105 and .1 of .417. Where training rows are known by heart, larger trees do not help.

    Parameters
    ----------
    left : callable, optional
        Seconds that the search still has, None without a limit: with fewer than its parent had, a sibling is no better.
    """

    name = "larger"
    listed = False

    def __init__(self, left: Callable[[], float | None] = no_limit) -> None:
        self.left = left
        self._siblings = Siblings(self.name, _too_small, _grown, left)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """The first such candidate whose larger sibling was not started yet; None when there is none."""
        return self._siblings.ask(history)


def _too_small(trial: Trial, history: History) -> bool:
    component = boosting_of(trial, history.space)
    if component is None or component.fidelity.size is None or trial.origin == "slower":
        return False
    cap = component.estimator.fixed.get(component.fidelity.iterations or "")
    ends = [end for end in trial.ended_after if end is not None]
    most = max(ends, default=cap if isinstance(cap, int) else None)
    if most is None or (trial.rounds or 0) < STILL_FALLING * most:
        return False
    dummy = next((one for one in history.trials if one.origin == DUMMY), trial)
    return (behind_training(trial, dummy) or 0.0) < LEARNED_BY_HEART


def _grown(trial: Trial, space: Space) -> dict[str, Value]:
    """What grows, and as far as it may; not what is nearly at the end of its range."""
    component, values = space.component(trial.candidate.family), dict(trial.candidate.root.params)
    found: dict[str, Value] = {}
    most = float(component.param(RATE).domain.from_unit(1.0))
    if rate_of(trial) < most / math.sqrt(2):
        found[RATE] = min(2 * rate_of(trial), most)
    size = component.fidelity.size or ""
    if size in values:
        domain = component.param(size).domain
        before = domain.to_unit(values[size])
        if before < 1 - GROWTH / 2:
            found[size] = domain.from_unit(min(1.0, before + GROWTH))
    return found
