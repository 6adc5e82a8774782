"""What a strategy is."""

from __future__ import annotations

from typing import Protocol

from automl.trials.history import History
from automl.trials.trial import Proposal


class Strategy(Protocol):
    """Proposes candidates of `history.space`.

    `ask` is a pure function of its arguments and of what the constructor was given: it never changes any state, so a
    strategy can be thrown away and made again from the journal at any moment (after Vizier's Designer and NePS).
    It sees every trial of the history, of whatever origin, running ones included.
    """

    name: str

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next proposal; None means exhausted for good, never "not now"."""
