"""Which candidates are recorded: a mixture that a stop at any time leaves whole, as far as it goes.

The portfolio and the textbook settings first. Then of ten candidates six are drawn from the declared distributions,
two are trees grown at random, so that `union` and `stack` are there, and two are bred by genetic programming from the
best so far of each family: strategies dwell among good candidates, of which random draws hold few.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from recorded_table import SEED, Row
from support import number

from automl.errors import CandidateError
from automl.space.candidate import Candidate
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies.gp import GP
from automl.strategies.gp_trees import Grammar, Model, tree_to_candidate
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.trial import Failure, FoldResult, Job, Outcome, Proposal, Trial

TURNS = ("random", "grown", "random", "random", "bred", "random", "grown", "random", "random", "bred")
ATTEMPTS = 50  # draws for a candidate that is new


class Pool:
    """What is recorded next; it follows from the seed and from what is there.

    Parameters
    ----------
    space : Space
    rows : iterable of dict
        What is recorded. Candidates that are no longer of the space are left out.
    """

    def __init__(self, space: Space, rows: Iterable[Row] = ()) -> None:
        self.space, self.history = space, History(space, SEED)
        self._grammar, self._breeder = Grammar(space), GP()
        self._first = [*space.first_candidates(), *space.first_candidates(textbook=True)]
        for row in rows:
            try:
                candidate = space.parse(row["candidate"])
            except CandidateError:
                continue
            self.end(self.start(Proposal(candidate, row["origin"])), row)

    def next(self) -> Trial | None:
        """A candidate that was not started before, as a trial that runs now; None where nothing new is found."""
        for attempt in range(ATTEMPTS):
            if not self.history.seen((proposal := self._proposal(attempt)).candidate.key):
                return self.start(proposal)
        return None

    def _proposal(self, attempt: int) -> Proposal:
        if (entry := next((one for one in self._first if not self.history.seen(one.key)), None)) is not None:
            return Proposal(entry, "portfolio")
        turn = self.history.candidates
        origin, seed = TURNS[turn % len(TURNS)], derive_seed(SEED, turn, attempt)
        if origin == "bred":
            return Proposal(self._breeder.ask(self.history, seed).candidate, origin)
        draw = self.space.sample if origin == "random" else self._grown
        return Proposal(draw(Random(seed)), origin)

    def _grown(self, rng: Random) -> Candidate:
        """A tree that is no instance of the template, as a few draws give one."""
        trees = (tree_to_candidate(self._grammar.grow(Model, rng), self._grammar) for _ in range(ATTEMPTS))
        fitting = [candidate for candidate in trees if candidate in self.space]
        return next((one for one in fitting if joined(one)), fitting[0])

    # ---- the history of what is recorded

    def start(self, proposal: Proposal) -> Trial:
        """A trial that runs."""
        return self.history.start(Job(proposal), 0.0)

    def end(self, trial: Trial, row: Row) -> None:
        """What has come of it."""
        self.history.finish(trial, ended(row), number(row["seconds"]))


def joined(candidate: Candidate) -> bool:
    """Whether it has a union or a stack."""
    return any(len(node.inputs) > 1 for node in candidate.root.walk())


def ended(row: Row) -> Outcome | Failure:
    """What a row says, as an executor would have told it."""
    seconds = number(row["seconds"])
    if row["status"] != "ok":
        return Failure("timeout" if row["status"] == "cut" else row["status"], row.get("error") or "", (), seconds)
    return outcome(number(row["loss"]), seconds)


def outcome(loss: float, seconds: float) -> Outcome:
    """An evaluation that went well, told as that of one fold."""
    fold = FoldResult(0, Measures(loss, fit_seconds=seconds, rows_predicted=1))
    return Outcome((fold,), Measures(loss), (loss,))
