"""What a schedule is, and the policy that it makes for a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.ladder import Ladder
from automl.schedule.promotion import Fits, Promotion
from automl.space.candidate import Candidate
from automl.trials.history import History
from automl.trials.trial import Race, Rung


class FidelityPolicy(Protocol):
    """How thoroughly candidates are evaluated; reads the history, never changes anything."""

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """Rung on which a new candidate starts."""

    def promotion(self, history: History, fits: Fits) -> Promotion | None:
        """The next candidate to evaluate more thoroughly, if one has earned it."""

    def race(self, candidate: Candidate, rung: Rung, history: History) -> Race | None:
        """What stops the evaluation of a candidate on the way."""


@dataclass(frozen=True)
class ScheduleContext:
    """What a run knows that a policy may go by; `metric` is its name."""

    ladder: Ladder
    cost: CostModel
    metric: str
    budget: Budget
    n_jobs: int


class Schedule(Protocol):
    """Says how thoroughly the candidates of a run are evaluated; its options are those of its constructor."""

    name: str

    def policy(self, run: ScheduleContext) -> FidelityPolicy:
        """The policy of a run."""
