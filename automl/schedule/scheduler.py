"""Turns proposals into jobs: no candidate twice, none that does not fit, limits on each. Knows the top rung only."""

from __future__ import annotations

import time
from random import Random
from typing import Protocol

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.space.candidate import Candidate
from automl.space.seed import derive_seed
from automl.trials.history import History
from automl.trials.trial import DUMMY, Job, Proposal

ATTEMPTS = 20  # asks of the strategy before the scheduler draws for itself
TOO_LONG = 3  # proposals that do not fit the time left before it draws for itself
CHEAPEST = 5  # families among which it then draws
MANY_ROWS = 50_000  # from here on a job gets all threads
LIMIT_SHARE = 0.25  # of the search time: the longest that a trial may take once there is a model,
LONGEST_SHARE = 0.6  # or twice what was expected of it, up to this share


class Asks(Protocol):
    """The part of a strategy that schedulers call."""

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next proposal; None means exhausted."""


class TopRung:
    """Evaluates every candidate in full.

    Parameters
    ----------
    budget : Budget
        The search's part.
    cost : CostModel
    n_jobs : int
    trial_timeout : float or None
        Seconds of a trial; None is "auto".
    bytes_limit : int or None
        Memory of all jobs together.
    """

    def __init__(
        self,
        budget: Budget,
        cost: CostModel,
        n_jobs: int,
        trial_timeout: float | None = None,
        bytes_limit: int | None = None,
    ) -> None:
        self.budget, self.cost, self.n_jobs = budget, cost, n_jobs
        self.trial_timeout = trial_timeout
        self.bytes_limit = None if bytes_limit is None else bytes_limit * self.threads // n_jobs
        self.exhausted = False
        self.ask_seconds = 0.0
        self._last_ask = 0.0
        self._barren: tuple[int, int] | None = None  # what the history looked like when nothing fitted

    def next(self, history: History, strategy: Asks) -> Job | None:
        """The next job; None when there is none to start now."""
        self.budget.expect_hand_over(history, self.cost.folds)
        if history.unfinished:
            trial = history.unfinished[0]
            return self._job(Proposal(trial.candidate, trial.origin, trial.parents), history, trial.number)
        if self.budget.max_trials is not None and history.candidates >= self.budget.max_trials:
            return None
        seen_now = (len(history.trials), len(history.running()))
        if self.exhausted or self._barren == seen_now:
            return None
        left = self.budget.search_left()
        if left is not None and left < 2 * self._last_ask:
            return None  # thinking would take what is left
        before = time.perf_counter()
        proposal = self._ask(history, strategy) or self._draw(history)
        self._last_ask = time.perf_counter() - before
        self.ask_seconds += self._last_ask
        if proposal is None:
            self._barren = seen_now
            return None
        return self._job(proposal, history)

    def _ask(self, history: History, strategy: Asks) -> Proposal | None:
        too_long = 0
        for attempt in range(ATTEMPTS):
            proposal = strategy.ask(history, derive_seed(history.seed, history.candidates, attempt))
            if proposal is None:
                self.exhausted = True
                return None
            if history.seen(proposal.candidate.key):
                continue
            if self._fits(proposal.candidate, history):
                return proposal
            too_long += 1
            if too_long >= TOO_LONG:
                return None
        return None

    def _draw(self, history: History) -> Proposal | None:
        """One of the cheapest families at random, where the strategy had nothing new that fits."""
        if self.exhausted:
            return None
        space = history.space
        by_cost = sorted(space.models, key=lambda name: (self.cost.nominal(space.default(name)), name))
        for attempt in range(ATTEMPTS):
            rng = Random(derive_seed(history.seed, history.candidates, "cheap", attempt))
            candidate = space.sample(rng, by_cost[:CHEAPEST])
            if not history.seen(candidate.key) and self._fits(candidate, history):
                return Proposal(candidate, "random")
        return None

    def _fits(self, candidate: Candidate, history: History) -> bool:
        left = self.budget.search_left()
        if left is None or not self.cost.measured:
            return True
        return self.cost.predict(candidate, history) / self._speedup <= left

    @property
    def threads(self) -> int:
        """Native threads of a job."""
        return self.n_jobs if self.cost.rows >= MANY_ROWS else 1

    @property
    def _speedup(self) -> float:
        return 1 + 0.7 * (self.threads - 1)

    def _job(self, proposal: Proposal, history: History, trial: int | None = None) -> Job:
        return Job(
            proposal,
            threads=self.threads,
            seconds_limit=self._seconds_limit(proposal.candidate, history),
            search_seconds=self.budget.search_left(),
            bytes_limit=self.bytes_limit,
            trial=trial,
        )

    def _seconds_limit(self, candidate: Candidate, history: History) -> float | None:
        """The trial's own limit; the end of the search cuts it anyway."""
        total = self.budget.search_seconds
        if self.trial_timeout is not None or total is None or self.budget.max_trials is not None:
            return self.trial_timeout
        first = next((trial for trial in history.trials if trial.complete and trial.origin != DUMMY), None)
        if first is None:
            return None
        expected = min(LONGEST_SHARE * total, 2 * self.cost.predict(candidate, history))
        return max(LIMIT_SHARE * total, 2 * first.work_seconds, expected)
