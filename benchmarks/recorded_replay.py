"""Strategies on recorded tables: a search of minutes in seconds, as a surrogate says what candidates come to.

Every candidate in full, one worker or several side by side. The clock of a search is what its candidates would have
taken; the portfolio's share and predicted costs go by it, as in a run. Asking costs nothing here and is measured apart.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

import recorded_table
import support
from recorded_pool import outcome
from recorded_strategies import strategy_of
from recorded_surrogate import Answer, Surrogate
from support import Row

from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.portfolio_share import PortfolioShare
from automl.space.candidate import Candidate
from automl.space.seed import derive_seed
from automl.strategies.base import RunContext
from automl.trials.history import History
from automl.trials.trial import TOP, Failure, Job, Proposal, Rung, Trial

FIELDS = [
    "label", "table", "strategy", "seed", "seconds", "trials", "workers", "tried", "spent", "loss", "best", "usual",
    "asking", "ended", "curve", "recorded", "commit", "error",
]  # fmt: skip
Asked = tuple[str, str, int, float, int, int, Path]  # table, strategy, seed, seconds, trials, workers, folder
ATTEMPTS = 20  # questions for a candidate that is new, as in a run; then a random draw is taken


@dataclass
class Scene:
    """A table to search on."""

    problem: recorded_table.Problem
    surrogate: Surrogate
    best: float
    recorded: int


@lru_cache(maxsize=1)
def scene(name: str, folder: Path) -> Scene:
    """A table with its surrogate."""
    problem, rows = recorded_table.Problem(name), recorded_table.read(name, folder)
    surrogate = Surrogate(problem.space, rows)
    return Scene(problem, surrogate, surrogate.best(), len(surrogate.frame))


class Whole:
    """The schedule without rungs, as far as the portfolio's share asks for one."""

    def entry(self, candidate: Candidate, history: History) -> Rung:
        """The highest one."""
        return TOP


class Search:
    """A search by a surrogate.

    Parameters
    ----------
    scene : Scene
    text : str
        The strategy.
    seed : int
    seconds : float
        Recorded seconds after which no candidate is begun.
    trials : int
        Candidates, likewise.
    workers : int
        Candidates that run side by side: what is asked knows of the others that they run, not what comes of them.
    """

    def __init__(self, scene: Scene, text: str, seed: int, seconds: float, trials: int, workers: int = 1) -> None:
        self.scene, self.seconds, self.trials, self.workers = scene, seconds, trials, workers
        self.running: list[tuple[float, int, Trial, Answer]] = []  # until when, and what comes of it: a heap
        self.history, self.now, self.asking = History(scene.surrogate.space, seed), 0.0, 0.0
        problem = scene.problem
        budget = Budget(seconds, started=0.0, clock=lambda: self.now)
        cost = CostModel(problem.everything, problem.task, len(problem.splits), out_of_bag=problem.plain)
        share = PortfolioShare(budget, cost, Whole(), workers)  # type: ignore[arg-type]
        context = RunContext(share.price(self.history), portfolio_open=share, spent=cost.spent, left=budget.search_left)
        self.strategy = strategy_of(text, self.history.space, context)
        self.curve: list[tuple[int, float, float]] = []  # trials, seconds and loss of each new best

    def run(self) -> str:
        """Search, and say what ended it."""
        ended = ""
        while not ended:
            ended = self._start()
            if len(self.running) == self.workers:
                self._finish()
        while self.running:
            self._finish()
        return ended

    def _start(self) -> str:
        """Begin a candidate, or say why there is no other one."""
        if self.now >= self.seconds:
            return "seconds"
        if self.history.candidates >= self.trials:
            return "trials"
        started = time.process_time()
        proposal = self._ask()
        self.asking += time.process_time() - started
        if proposal is None:
            return "exhausted"
        answer = self.scene.surrogate(proposal.candidate)
        trial = self.history.start(Job(proposal), self.now)
        heapq.heappush(self.running, (self.now + answer.seconds, trial.number, trial, answer))
        return ""

    def _ask(self) -> Proposal | None:
        for attempt in range(ATTEMPTS):
            proposal = self.strategy.ask(self.history, derive_seed(self.history.seed, self.history.candidates, attempt))
            if proposal is None or not self.history.seen(proposal.candidate.key):
                return proposal
        candidate = self.history.space.sample(Random(derive_seed(self.history.seed, self.history.candidates, "draw")))
        return None if self.history.seen(candidate.key) else Proposal(candidate, "draw")

    def _finish(self) -> None:
        """The one that ends next."""
        self.now, _, trial, answer = heapq.heappop(self.running)
        failure = Failure("timeout", "Recorded ones like it did not end.", (), answer.seconds)
        result = failure if answer.loss is None else outcome(answer.loss, answer.seconds)
        self.history.finish(trial, result, self.now)
        if answer.loss is not None and (not self.curve or answer.loss < self.curve[-1][2]):
            self.curve.append((self.history.candidates - len(self.running), self.now, answer.loss))


def replay(task: Asked) -> Row:
    """The row of a search."""
    name, text, seed, seconds, trials, workers, folder = task
    row: Row = {"table": name, "strategy": text, "seed": seed, "seconds": seconds, "trials": trials, "workers": workers}
    try:
        found = scene(name, folder)
        search = Search(found, text, seed, seconds, trials, workers)
        ended = search.run()
        if not search.curve:
            raise ValueError("No candidate ended well.")
    except Exception as error:  # is a result; the others go on
        return row | {"error": support.reason(error)}
    curve = ";".join(f"{count}/{spent:.4g}/{loss:.6g}" for count, spent, loss in search.curve)
    row |= {"tried": search.history.candidates, "spent": round(search.now, 2), "asking": round(search.asking, 3)}
    row |= {"ended": ended, "curve": curve, "recorded": found.recorded, "loss": f"{search.curve[-1][2]:.6g}"}
    return row | {"best": f"{found.best:.6g}", "usual": f"{found.surrogate.usual:.6g}"}


def tasks(
    tables: Iterable[str],
    strategies: Iterable[str],
    seeds: int,
    limits: tuple[float, int, int],
    folder: Path,
) -> list[Asked]:
    """Searches of all tables, strategies and seeds; `limits` are seconds, trials and workers."""
    found = [(name, text, seed) for name in tables for text in strategies for seed in range(seeds)]
    return [(*one, *limits, folder) for one in found]
