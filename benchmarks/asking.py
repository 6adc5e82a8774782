"""How long the main process thinks: milliseconds of one question to a strategy, to a schedule, and after a trial.

    python benchmarks/asking.py [--trials 100 1000 10000] [--repeats 5]

A row a number of trials of a made-up history over the real search space; before each question, one more trial ends.
Schedules are asked whom to promote, where nobody's turn fits the time, and for the limits of a race.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from automl.loop import ArtifactPruner
from automl.schedule import SCHEDULES
from automl.schedule.base import ScheduleContext
from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.ladder import Ladder
from automl.schedule.portfolio_share import PortfolioShare
from automl.space.reader import read_space
from automl.strategies.base import RunContext
from automl.strategies.make import make_strategy
from automl.strategies.mixture import Mixture
from automl.strategies.portfolio import Portfolio
from automl.strategies.slower import Slower
from automl.testing.toys import outcome, record
from automl.trials.history import History
from automl.trials.trial import TOP, Failure, Proposal, Rung

ROWS, COLUMNS, FOLDS = 10_000, 20, 5
SPACE = read_space().for_task("binary", ROWS, COLUMNS)
STRATEGIES = ("random", "gp", "evolutionary", "tpe")
SCHEDULED = ("auto", "halving", "hyperband")


class Rows:
    """What a cost model asks of a task."""

    rows, columns, wide_columns, n_outputs = ROWS, COLUMNS, COLUMNS, 2


@dataclass(frozen=True)
class Quick:
    """A strategy that need not think, in whose place the mixture may draw."""

    name: str

    def ask(self, history: History, seed: int) -> Proposal:
        """The default of a family."""
        return Proposal(SPACE.default("lightgbm"), self.name)


class Run:
    """A history of so many trials, promoted by a schedule as they went, and what belongs to it.

    Parameters
    ----------
    schedule : str
    trials : int
    """

    def __init__(self, schedule: str, trials: int) -> None:
        self.random, self.history = Random(trials), History(SPACE, 0)
        budget = Budget(None, max_trials=30)
        cost = CostModel(SPACE, Rows(), FOLDS, measured=False)  # type: ignore[arg-type]
        context = ScheduleContext(Ladder.of(SPACE, ROWS, FOLDS), cost, "log_loss", budget, 2)
        self.policy = SCHEDULES.make(schedule).policy(context)
        share = PortfolioShare(budget, cost, self.policy, 2)
        self.context = RunContext(share.price(self.history), portfolio_open=share, spent=cost.spent)
        for entry in SPACE.first_candidates():
            self.end(Proposal(entry, "portfolio"), self.policy.entry(entry, self.history))
        while len(self.history.trials) < trials:
            promotion = self.policy.promotion(self.history, lambda *_: True) if self.random.random() < 0.3 else None
            if promotion is None:
                self.more()
            else:
                self.end(Proposal(promotion.trial.candidate, promotion.trial.origin), promotion.rung)

    def more(self) -> None:
        """One more candidate."""
        candidate = SPACE.sample(self.random)
        self.end(Proposal(candidate, self.random.choice(("tpe", "gp"))), self.policy.entry(candidate, self.history))

    def end(self, proposal: Proposal, rung: Rung) -> None:
        """A trial, which most often ends well."""
        loss = self.random.random()
        folds = [loss + self.random.gauss(0, 0.01) for _ in range(round(rung.folds * FOLDS))]
        ended = replace(outcome(*folds), rounds=self.random.randint(20, 2000))
        record(self.history, proposal, ended if self.random.random() < 0.9 else Failure("failed", ""), rung)

    def asked(self) -> None:
        """What a scheduler asks of the policy of a schedule, where there is nobody to promote."""
        self.policy.promotion(self.history, lambda *_: False)
        self.policy.race(SPACE.default("lightgbm"), TOP, self.history)

    def milliseconds(self, call: Callable[[], Any], repeats: int) -> float:
        """The least of several calls, with a trial more before each."""
        found = []
        for _ in range(repeats):
            self.more()
            started = time.perf_counter()
            call()
            found.append(time.perf_counter() - started)
        return 1000 * min(found)


def row(trials: int, repeats: int) -> list[float]:
    """All that is measured with so many trials."""
    runs = {name: Run(name, trials) for name in SCHEDULED}
    run, rivals = runs["auto"], (Quick("tpe"), Quick("gp"))
    context = run.context
    drawn = Mixture(Portfolio(context.cost), rivals, context.portfolio_open, context.spent)
    asked = [*(make_strategy(name, (), context) for name in STRATEGIES), Slower(), drawn]
    found = [run.milliseconds(partial(one.ask, run.history, trials), repeats) for one in asked]
    found += [one.milliseconds(one.asked, repeats) for one in runs.values()]
    pruner = ArtifactPruner(run.history, lambda keys: None)
    return [*found, run.milliseconds(lambda: pruner(run.history.trials[-1]), repeats)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    scheduled = (f"schedule {name}" for name in SCHEDULED)
    print("| trials |", " | ".join((*STRATEGIES, "slower", "mixture", *scheduled, "after a trial")), "|")
    for trials in given.trials:
        print(f"| {trials:,} |", " | ".join(f"{value:.2g}" for value in row(trials, given.repeats)), "|", flush=True)


if __name__ == "__main__":
    main()
