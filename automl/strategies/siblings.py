"""What strategies share that try a boosting again with another setting, as its fit has shown what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from automl.space.candidate import Candidate, Node
from automl.space.component import Component
from automl.space.domain import Value
from automl.space.space import Space
from automl.strategies.base import no_limit
from automl.trials.derived import Derived
from automl.trials.history import History
from automl.trials.ranking import behind
from automl.trials.trial import DUMMY, Proposal, Trial

RATE = "learning_rate"

Wants = Callable[[Trial, History], bool]
Values = Callable[[Trial, Space], dict[str, Value]]


class Siblings:
    """Proposes siblings of boosters, as long as each is better than the one before.

    Parameters
    ----------
    origin : str
        Of the proposals.
    wants : callable
        Whether a boosting that ended should have a sibling.
    values : callable
        The parameters that are other in the sibling.
    left : callable, optional
        Seconds that the search still has, None without a limit: a sibling needs those that were spent on its parent.
    """

    def __init__(self, origin: str, wants: Wants, values: Values, left: Callable[[], float | None] = no_limit) -> None:
        self.origin, self.values, self.left = origin, values, left
        self._wanting: Derived[set[int]] = Derived(set, partial(_note, wants))

    def ask(self, history: History) -> Proposal | None:
        """The first sibling that was not started yet; None when there is none."""
        wanting = self._wanting.of(history)
        for trial in (history.trials[number] for number in sorted(wanting)):
            if not self._helps(trial, history):
                continue
            sibling = _with(trial.candidate, self.values(trial, history.space))
            if history.space.check(sibling) is not None or history.seen(sibling.key):
                wanting.remove(trial.number)  # so it stays
            elif (left := self.left()) is None or trial.work_seconds <= left:
                return Proposal(sibling, self.origin, (trial.number,))
        return None

    def _helps(self, trial: Trial, history: History) -> bool:
        """Whether a sibling was better than the one that it came from."""
        if trial.origin != self.origin:
            return True
        parent = history.trials[trial.parents[0]]
        return trial.rung == parent.rung and (behind(trial, parent) or 0.0) < 0


def boosting_of(trial: Trial, space: Space) -> Component | None:
    """The family of a boosting that ended well and has a learning rate; None for all else."""
    if trial.status != "ok" or trial.origin == DUMMY or trial.rounds is None:
        return None
    component = space.component(trial.candidate.family)
    rated = dict(trial.candidate.root.params).get(RATE) is not None
    return component if component.adapter == "boosting" and rated else None


def rate_of(trial: Trial) -> float:
    """Its learning rate."""
    return float(dict(trial.candidate.root.params)[RATE])  # type: ignore[arg-type]


def _note(wants: Wants, numbers: set[int], trial: Trial, history: History) -> None:
    wanted = boosting_of(trial, history.space) is not None and wants(trial, history)
    (numbers.add if wanted else numbers.discard)(trial.number)


def _with(candidate: Candidate, values: dict[str, Value]) -> Candidate:
    root = candidate.root
    return Candidate(Node(root.component, tuple({**dict(root.params), **values}.items()), root.inputs))
