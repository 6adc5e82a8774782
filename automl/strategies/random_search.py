"""Random search: every proposal is a fresh draw from the space."""

from __future__ import annotations

from random import Random

from automl.trials.history import History
from automl.trials.trial import Proposal


class RandomSearch:
    """Draws candidates from the declared distributions, whatever came of earlier ones.

    The baseline that every other strategy has to beat (Bergstra and Bengio, "Random Search for
    Hyper-Parameter Optimization", JMLR 2012).
    """

    name = "random"

    def ask(self, history: History, seed: int) -> Proposal:
        """Draw a candidate of the template; never exhausted."""
        return Proposal(history.space.sample(Random(seed)), self.name)
