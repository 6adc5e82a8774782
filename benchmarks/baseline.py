"""Twenty lines that a user might write instead: a random search over HistGradientBoosting with the same seconds.

    python benchmarks/baseline.py --budget 60
    python benchmarks/baseline.py --report --budget 60 --label NAME

Draws of scikit-learn's `ParameterSampler`, cross-validated (5 folds, both cores) until the seconds are over, the best
one fitted on all rows. A row a table in `results/baseline.csv` as it ends; tables that are there are skipped.
Run it on an otherwise idle machine. `--report` sets it beside the runs of `tables.py` with that label and budget.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import support
import tables
from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler, cross_val_score
from support import Key, Meta, Row, change, number, shown

FIELDS = ["table", "budget", "seed", "metric", "score", "cv", "draws", "wall", "commit", "error"]
SCORERS = {"rmse": "neg_root_mean_squared_error", "log_loss": "neg_log_loss"}
SPACE = {
    "learning_rate": loguniform(0.01, 0.3), "max_iter": randint(50, 500), "max_leaf_nodes": randint(8, 128),
    "min_samples_leaf": randint(2, 60), "l2_regularization": loguniform(1e-6, 10), "max_features": uniform(0.3, 0.7),
}  # fmt: skip


def search(X: pd.DataFrame, y: pd.Series, meta: Meta, budget: float, seed: int) -> tuple[Any, float, int]:
    """The best model, fitted on all rows; its cross-validated score; how many were drawn."""
    started, metric = time.monotonic(), str(meta["metric"])
    model = support.reference_model(X, str(meta["task"]))
    step = model.steps[-1][0]
    best, found, slowest, draws = -math.inf, model, 0.0, 0
    for params in ParameterSampler(SPACE, 100_000, random_state=seed):
        begun = time.monotonic()
        if draws and begun - started + 1.2 * slowest > budget:  # the fit on all rows is in it, too
            break
        drawn = clone(model).set_params(**{f"{step}__{name}": value for name, value in params.items()})
        value = float(np.mean(cross_val_score(drawn, X, y, cv=5, scoring=SCORERS.get(metric, metric), n_jobs=-1)))
        draws, slowest = draws + 1, max(slowest, time.monotonic() - begun)
        if value > best:
            best, found = value, drawn
    return found.fit(X, y), best, draws


def run(name: str, meta: Meta, budget: float, seed: int) -> Row:
    """One table; what goes wrong is in `error`."""
    row: Row = {"table": name, "budget": budget, "seed": seed, "metric": meta["metric"], "commit": support.commit()}
    try:
        X, y = support.read_part(name, "train", str(meta["target"]))
        test, truth = support.read_part(name, "test", str(meta["target"]))
        started = time.monotonic()
        model, row["cv"], row["draws"] = search(X, y, meta, budget, seed)
        row["wall"] = round(time.monotonic() - started, 2)
        row["score"] = support.score(str(meta["metric"]), truth, model, test)
    except Exception as error:  # a table that fails is a result; the batch goes on
        row["error"] = support.reason(error)
    return row


def key(row: Row) -> Key:
    """What names a run."""
    return row["table"], float(row["budget"]), int(row["seed"])


def report(rows: list[Row], ours: list[Row], metas: dict[str, Meta], markdown: bool) -> None:
    """Table by table, beside our own runs."""
    lines, won = [], 0
    for name, meta in metas.items():
        metric = str(meta["metric"])
        theirs, mine = (
            [number(row["score"]) for row in some if row["table"] == name and row["score"]] for some in (rows, ours)
        )
        if theirs and mine:
            middle, own = statistics.median(theirs), statistics.median(mine)
            gain = -change(metric, own, middle)
            won += gain > 0
            lines.append({"table": name, "metric": metric, "baseline": shown(middle), "ours": shown(own),
                          "% less loss": f"{gain:+.1f}"})  # fmt: skip
    if not lines:
        raise SystemExit("There is no table with runs of both.")
    support.show(pd.DataFrame(lines), markdown)
    print(f"\nBetter on {won} of {len(lines)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=["all"], help="names, or all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--budget", type=float, default=60, help="seconds of a search")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "baseline.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--label", default="now", help="of our runs in tables.csv, for the report")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    metas = support.read_tables()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        ours = support.read_rows(support.RESULTS / "tables.csv", tables.FIELDS, write=False)
        ours = [row for row in support.latest(ours, tables.key).values() if row["label"] == options.label]
        ours = [row for row in ours if float(row["budget"]) == options.budget]
        report([row for row in rows if float(row["budget"]) == options.budget], ours, metas, not options.plain)
        return
    done = {key(row) for row in rows if not row["error"]}
    for name in support.checked(options.tables, metas):
        for seed in options.seeds:
            if (name, options.budget, seed) not in done:
                row = run(name, metas[name], options.budget, seed)
                support.add_row(options.results, row)
                print(f"{name} {seed}: {row.get('error') or shown(row['score'])}", flush=True)


if __name__ == "__main__":
    main()
