"""Turns proposals and promotions into jobs: no candidate twice, none that does not fit, limits on each."""

from __future__ import annotations

import math
import time
from random import Random
from typing import Protocol

from automl.schedule.base import FidelityPolicy
from automl.schedule.budget import Budget
from automl.schedule.constants import (
    ALONE_SHARE,
    ATTEMPTS,
    CHEAPEST,
    LIMIT_SHARE,
    LONGEST_SHARE,
    MANY_ROWS,
    TIMED_SHARE,
    TOO_LONG,
)
from automl.schedule.cost import CostModel, speedup
from automl.schedule.opening import Opening
from automl.space.candidate import Candidate
from automl.space.seed import derive_seed
from automl.trials.history import History
from automl.trials.trial import DUMMY, Job, Proposal, Rung

OURS = ("sklearn.", "automl.")  # libraries that the main process has loaded


class Asks(Protocol):
    """The part of a strategy that schedulers call."""

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Next proposal; None means exhausted."""


class Scheduler:
    """Says what runs next: what an interruption left, then promotions, then new candidates.

    Parameters
    ----------
    budget : Budget
    cost : CostModel
    policy : FidelityPolicy
        How thoroughly candidates are evaluated.
    n_jobs : int
    trial_timeout : float or None
        Seconds of a trial; None is "auto".
    bytes_limit : int or None
        Memory of all jobs together.
    score_seconds : float
        That a score of a fold takes beside the fit.
    """

    def __init__(
        self,
        budget: Budget,
        cost: CostModel,
        policy: FidelityPolicy,
        n_jobs: int,
        trial_timeout: float | None = None,
        bytes_limit: int | None = None,
        *,
        score_seconds: float = 0.0,
    ) -> None:
        self.score_seconds = score_seconds
        self.budget, self.cost, self.policy, self.n_jobs = budget, cost, policy, n_jobs
        self.trial_timeout, self.bytes_limit = trial_timeout, bytes_limit
        self.opens = Opening(budget, cost)
        self.exhausted = False
        self.ask_seconds = 0.0
        self._last_ask = 0.0
        self._barren: tuple[int, int] | None = None  # what the history looked like when nothing fitted

    def next(self, history: History, strategy: Asks) -> Job | None:
        """The next job; None when there is none to start now. Nothing that is given is changed."""
        if history.unfinished:
            trial = history.unfinished[0]
            proposal = Proposal(trial.candidate, trial.origin, trial.parents)
            return self._job(proposal, trial.rung, history, trial=trial.number)
        promotion = self.policy.promotion(history, lambda candidate, rung: self._fits(candidate, rung, history))
        if promotion is not None:
            trial = promotion.trial
            proposal = Proposal(trial.candidate, trial.origin, trial.parents)
            return self._job(proposal, promotion.rung, history, promotion.why)
        return self._new(history, strategy)

    def _new(self, history: History, strategy: Asks) -> Job | None:
        """A candidate that was not tried before."""
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
        return self._job(proposal, self.policy.entry(proposal.candidate, history), history)

    def _ask(self, history: History, strategy: Asks) -> Proposal | None:
        too_long = 0
        for attempt in range(ATTEMPTS):
            proposal = strategy.ask(history, derive_seed(history.seed, history.candidates, attempt))
            if proposal is None:
                self.exhausted = True
                return None
            if history.seen(proposal.candidate.key):
                continue
            if self._enters(proposal.candidate, history):
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
            if not history.seen(candidate.key) and self._enters(candidate, history):
                return Proposal(candidate, "random")
        return None

    # ---- what fits, and how much of the machine it gets

    def _enters(self, candidate: Candidate, history: History) -> bool:
        return self._fits(candidate, self.policy.entry(candidate, history), history)

    def _fits(self, candidate: Candidate, rung: Rung, history: History) -> bool:
        left = self.budget.search_left()
        if not self.cost.measured:
            return True
        if self.bytes_limit is not None and self.cost.predict_bytes(candidate, history, rung) > self.bytes_limit:
            return False
        if left is None:
            return True
        return self._in_time(candidate, rung, history, self._threads(candidate, rung, history))

    def _in_time(self, candidate: Candidate, rung: Rung, history: History, threads: int) -> bool:
        left = self.budget.search_left()
        seconds = self.cost.predict(candidate, history, rung) / speedup(threads)
        timed = history.space.component(candidate.family).fidelity.timed
        return left is None or (TIMED_SHARE if timed else 1.0) * seconds <= left

    def _threads(self, candidate: Candidate, rung: Rung, history: History) -> int:
        """Native threads of a job: all for what would take long alone, or needs more than its part of the memory.

        Jobs side by side use cores better than threads of one, as long as there are many to run; and a job of all
        threads waits for those that run, while cores idle.
        """
        total = self.budget.search_seconds
        if history.space.component(candidate.family).estimator.threads is None:
            return 1
        if not self.cost.measured or total is None:
            return self.n_jobs if rung.rows * self.cost.rows >= MANY_ROWS else 1
        if self.cost.predict(candidate, history, rung) > ALONE_SHARE * total and not (
            history.running() and self._in_time(candidate, rung, history, 1)
        ):
            return self.n_jobs
        if self.opens(candidate, history):
            return self.n_jobs
        part = math.inf if self.bytes_limit is None else self.bytes_limit / self.n_jobs
        return self.n_jobs if self.cost.predict_bytes(candidate, history, rung) > part else 1

    def _job(self, proposal: Proposal, rung: Rung, history: History, why: str = "", trial: int | None = None) -> Job:
        threads = self._threads(proposal.candidate, rung, history)
        part = None if self.bytes_limit is None else self.bytes_limit * threads // self.n_jobs
        return Job(
            proposal,
            rung,
            threads=threads,
            seconds_limit=self._seconds_limit(proposal.candidate, rung, history),
            seconds_left=self.budget.search_ends_after(),
            bytes_limit=part,
            trial=trial,
            race=self.policy.race(proposal.candidate, rung, history),
            why=why,
            expected=self._expected(proposal.candidate, rung, history),
        )

    def _expected(self, candidate: Candidate, rung: Rung, history: History) -> float | None:
        """Seconds of a job that the main process may run where workers are late: it needs no library but scikit-learn.

        Others are for workers: their libraries take as long to load here.
        """
        path = history.space.component(candidate.family).estimator.path(history.space.kind or "") or ""
        if not path.startswith(OURS):
            return None
        scoring = 2 * self.cost.folds * self.score_seconds  # validation and training rows
        return self.cost.predict(candidate, history, rung) + scoring

    def _seconds_limit(self, candidate: Candidate, rung: Rung, history: History) -> float | None:
        """The trial's own limit; the end of the search cuts it anyway."""
        total = self.budget.search_seconds
        if self.trial_timeout is not None or total is None or self.budget.max_trials is not None:
            return self.trial_timeout
        first = next((trial for trial in history.trials if trial.complete and trial.origin != DUMMY), None)
        if first is None:
            return LONGEST_SHARE * total if self.opens(candidate, history) else None
        timed = history.space.component(candidate.family).fidelity.timed and rung.whole
        predicted = math.inf if timed else self.cost.predict(candidate, history, rung)  # the former end with a model
        expected = min(LONGEST_SHARE * total, 2 * predicted)
        return max(LIMIT_SHARE * total, 2 * first.work_seconds, expected)
