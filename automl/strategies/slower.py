"""Boosting that diverged or overshot, tried again at a lower rate."""

from __future__ import annotations

from automl.space.domain import Value
from automl.space.space import Space
from automl.strategies.constants import LEAST_LEARNED
from automl.strategies.siblings import RATE, Siblings, rate_of
from automl.trials.history import History
from automl.trials.trial import Proposal, Trial


class Slower:
    """What ended after a few steps is proposed again at half its learning rate, as long as that helps.

    With many classes, the second-order steps of boosting may overshoot: the validation loss turns after some ten
    rounds, far above what half the rate reaches in a thousand (krkopt's 18 classes: 1.3 at a rate of .1, .32 at .05).
    The product of rounds and rate tells such a fit from one that has learned all there is.
    """

    name = "slower"
    listed = False

    def __init__(self) -> None:
        self._siblings = Siblings(self.name, _overshot, _halved)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """The first such candidate whose slower sibling was not started yet; None when there is none."""
        return self._siblings.ask(history)


def _overshot(trial: Trial, history: History) -> bool:
    return not any(trial.ended_after) and (trial.rounds or 0) * rate_of(trial) < LEAST_LEARNED


def _halved(trial: Trial, space: Space) -> dict[str, Value]:
    return {RATE: rate_of(trial) / 2}
