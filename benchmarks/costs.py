"""Seconds that fits take beside the priors of `[cost]`: every family's defaults on every table, two jobs at a time.

    python benchmarks/costs.py measure --tables all    # adds to results/costs.csv, about ten minutes
    python benchmarks/costs.py report                  # how far the priors are off, and what would fit best

A prior is a line: so much a fit, a row and a cell (times iterations, and classes where they count). Trials that failed
or that the clock ended say nothing and are left out of the report. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import support
from numpy.typing import NDArray
from scipy.optimize import minimize

from automl import AutoML
from automl.problem import Problem
from automl.schedule.cost import CostModel
from automl.space.component import Component, Cost
from automl.space.reader import read_space
from automl.trials.trial import Trial

FILE = support.RESULTS / "costs.csv"
FIELDS = ["table", "family", "fits", "rows", "cells", "seconds", "status", "ended", "commit"]
UNITS = {  # what the columns of these names count
    "fits": {"start": 1.0},
    "rows": {"row_seconds": 1.0},
    "cells": {"seconds": 1.0},
}
TIMEOUT = 10.0  # seconds of a trial


class Priced:
    """A space in which one term of every component's cost is 1, and the others are 0."""

    def __init__(self, space: Any, prices: dict[str, float]) -> None:
        self.space = space
        self.prices = {"seconds": 0.0, "row_seconds": 0.0, "start": 0.0, **prices}

    def component(self, name: str) -> Component:
        component: Component = self.space.component(name)
        return replace(component, cost=replace(component.cost, **self.prices))


def counted(model: CostModel, trial: Trial) -> dict[str, float]:
    """Fits, rows and cells of a trial."""
    space, found = model.space, {}
    for name, prices in UNITS.items():
        model.space = Priced(space, prices)  # type: ignore[assignment]
        found[name] = model.nominal(trial.candidate, trial.rung)
    model.space = space
    return found


def measure(name: str) -> None:
    """Fit every family's defaults on a table, and add the rows."""
    models: list[CostModel] = []
    plan = Problem.plan

    def watched(self: Problem, *arguments: Any) -> Any:
        made = plan(self, *arguments)
        models.append(made[1].cost)
        return made

    Problem.plan = watched  # type: ignore[method-assign]
    X, y = support.read_part(name, "train", support.read_tables()[name]["target"])
    settings: dict[str, Any] = {"verbose": 0, "random_state": 0, "n_jobs": 2}
    AutoML(**settings, max_trials=1, executor="inline", try_first=["decision_tree(input)"]).fit(X, y)
    first = [f"{family}(input)" for family in sorted(models[0].space.models) if family != "dummy"]
    limits = {"max_trials": len(first), "trial_timeout": TIMEOUT, "schedule": "none"}
    trials = AutoML(**settings, **limits, try_first=first).fit(X, y).trials_
    for trial in trials[1:]:
        row = {"table": name, "family": trial.candidate.family, **counted(models[-1], trial)}
        row |= {"seconds": trial.work_seconds, "status": trial.status, "ended": int(any(trial.ended_after))}
        support.add_row(FILE, row | {"commit": support.commit()})


# ---- what the priors come to


def predicted(prices: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return counts @ prices


def fitted(counts: NDArray[np.float64], seconds: NDArray[np.float64], start: NDArray[np.float64]) -> Any:
    """Prices of a fit, a row and a cell with the least errors by ratio."""

    def error(logs: NDArray[np.float64]) -> float:
        return float(np.sum(np.abs(np.log(predicted(np.exp(logs), counts) / seconds)) ** 1.5))

    starts = [np.log([per_fit, per_row, start[2]]) for per_fit in (1e-3, 1e-2, 1e-1) for per_row in (1e-8, 1e-6, 1e-5)]
    found = [
        minimize(error, point, method="Nelder-Mead", options={"maxfev": 5000, "maxiter": 5000}) for point in starts
    ]
    return np.exp(min(found, key=lambda one: float(one.fun)).x)


def report() -> None:
    """A line a family: predicted over measured (median), its usual and worst factor, and the prior that fits best."""
    rows = [
        row for row in support.read_rows(FILE, FIELDS, write=False) if row["status"] == "ok" and row["ended"] != "1"
    ]
    space = read_space()
    for family in sorted({row["family"] for row in rows}):
        mine = [row for row in rows if row["family"] == family]
        counts = np.array([[float(row[name]) for name in UNITS] for row in mine])
        seconds = np.array([float(row["seconds"]) for row in mine])
        cost: Cost = space.component(family).cost
        prices = np.array([cost.start, cost.row_seconds, cost.seconds])
        factors = np.log2(predicted(prices, counts) / seconds)
        best = fitted(counts, seconds, prices)
        print(
            f"{family:<23} {len(mine):>2} tables: predicted / measured {2 ** np.median(factors):4.1f}, usually off by "
            f"{2 ** np.median(np.abs(factors)):4.1f}, at worst {2 ** np.abs(factors).max():4.1f}; best "
            f"start = {best[0]:.2g}, row_seconds = {best[1]:.2g}, seconds = {best[2]:.2g}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["measure", "report"])
    parser.add_argument("--tables", nargs="+", default=["all"])
    parser.add_argument("--here", action="store_true", help="in this process (else one for each table)")
    options = parser.parse_args()
    if options.what == "report":
        return report()
    support.read_rows(FILE, FIELDS)
    for name in support.checked(options.tables, support.read_tables()):
        if options.here:
            measure(name)
        else:
            command = [sys.executable, __file__, "measure", "--here", "--tables", name]
            subprocess.run(command, check=False, env=support.environment())
            print(name, flush=True)
    return None


if __name__ == "__main__":
    main()
