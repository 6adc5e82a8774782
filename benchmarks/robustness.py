"""How much worse predictions become where the rows to predict are damaged.

    python benchmarks/robustness.py
    python benchmarks/robustness.py --report

Fits a table once, then scores its test part as it is, with 5 % and 20 % of its cells emptied at random, and with all
numeric cells moved by normal noise of 0.1 standard deviations of the training column (columns of 0 and 1 and of codes
that are numbers as well). Each damage is drawn with three seeds, the same for our model and for HistGradientBoosting
with its defaults on ordinal codes. One row a score is appended to `benchmarks/results/robustness.csv` as it ends; rows
that are there already are skipped, and a table is fitted only if one is missing.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import support
from support import Key, Meta, Row, change, number, shown

FIELDS = ["label", "table", "budget", "model", "damage", "seed", "metric", "score", "wall", "commit", "error"]
TABLES = ["adult", "credit_g", "titanic", "california_housing", "phoneme", "covertype_20k"]
DAMAGES = {"clean": "as it is", "empty_0.05": "5 % empty", "empty_0.2": "20 % empty", "noise_0.1": "noise 0.1 sd"}
SEEDS = (0, 1, 2)
OURS, REFERENCE = "ours", "hgb_default"
EXTRA = 20.0  # seconds of a table beside the budget: the reference, and 20 predictions of the test part


def damaged(X: pd.DataFrame, train: pd.DataFrame, damage: str, seed: int) -> pd.DataFrame:
    """A copy of the rows with cells emptied or moved."""
    kind, _, amount = damage.partition("_")
    generator = np.random.default_rng(seed)
    if kind == "empty":
        return X.mask(generator.random(X.shape) < float(amount))
    moved = X.copy()
    for name in X.select_dtypes("number").columns if kind == "noise" else ():
        step = float(amount) * float(train[name].std())
        moved[name] = X[name] + step * generator.standard_normal(len(X))
    return moved


def draws() -> Iterator[tuple[str, int]]:
    """Each damage with its seeds; the clean table has one."""
    for damage in DAMAGES:
        for seed in SEEDS if damage != "clean" else SEEDS[:1]:
            yield damage, seed


def fit(model: str, X: pd.DataFrame, y: pd.Series, meta: Meta, budget: float) -> Any:
    """Our model within the budget, or the reference."""
    if model == REFERENCE:
        return support.reference_model(X, str(meta["task"])).fit(X, y)
    from automl import AutoML

    task = "regression" if meta["task"] == "regression" else "classification"
    return AutoML(task=task, time_budget=budget, random_state=0, verbose=0).fit(X, y)


def run(start: Row, missing: list[tuple[str, int]], meta: Meta) -> Iterator[Row]:
    """Fit a table with one model; one row for each damage."""
    name, metric = str(start["table"]), str(meta["metric"])
    try:
        X, y = support.read_part(name, "train", str(meta["target"]))
        started = time.monotonic()
        predictor = fit(str(start["model"]), X, y, meta, float(start["budget"]))
        wall = round(time.monotonic() - started, 2)
        test, truth = support.read_part(name, "test", str(meta["target"]))
    except Exception as error:  # a table that fails is a result; the batch goes on
        yield from (start | {"damage": d, "seed": s, "metric": metric, "error": support.reason(error)}
                    for d, s in missing)  # fmt: skip
        return
    for damage, seed in missing:
        row = start | {"damage": damage, "seed": seed, "metric": metric, "wall": wall}
        try:
            row["score"] = support.score(metric, truth, predictor, damaged(test, X, damage, seed))
        except Exception as error:
            row["error"] = support.reason(error)
        yield row


# ---- the report


def report(rows: list[Row], label: str, budget: float, markdown: bool) -> None:
    """Mean scores, and by how many percent the loss grows beside the clean one."""
    chosen = [
        row for row in support.latest(rows, key).values() if (row["label"], float(row["budget"])) == (label, budget)
    ]
    lines: list[dict[str, str]] = []
    growth: dict[tuple[str, str], list[float]] = {}
    for table, model in dict.fromkeys((row["table"], row["model"]) for row in chosen):
        mine = [row for row in chosen if (row["table"], row["model"]) == (table, model)]
        metric = mine[0]["metric"]
        means = {damage: mean(row["score"] for row in mine if row["damage"] == damage) for damage in DAMAGES}
        line = {"table": table, "metric": metric, "model": model}
        for damage, title in DAMAGES.items():
            worse = change(metric, means[damage], means["clean"])
            line[title] = shown(means[damage])
            if damage != "clean" and not math.isnan(worse):
                line[title] += f" ({worse:+.1f} %)"
                growth.setdefault((model, damage), []).append(worse)
        lines.append(line)
    support.show(pd.DataFrame(lines), markdown)
    print("\nIn brackets: growth of the loss (1 - AUC, log loss, RMSE) beside the clean rows. Median over tables:")
    for model in dict.fromkeys(model for model, _ in growth):
        said = [
            f"{title} {statistics.median(growth[model, damage]):+.1f} %"
            for damage, title in DAMAGES.items()
            if (model, damage) in growth
        ]
        print(f"* {model}: {', '.join(said)}")
    for row in chosen:
        if row["error"]:
            print(f"* {row['table']}, {row['model']}, {row['damage']}, seed {row['seed']}: {row['error']}")


def mean(cells: Iterable[str]) -> float:
    """Of the cells that hold a number; NaN without one."""
    values = [value for value in map(number, cells) if not math.isnan(value)]
    return statistics.mean(values) if values else math.nan


# ---- the batch


def key(row: Row) -> Key:
    """What names a score."""
    return row["label"], row["table"], float(row["budget"]), row["model"], row["damage"], int(row["seed"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=TABLES, help="names, or all")
    parser.add_argument("--budget", type=float, default=60, help="seconds of a fit")
    parser.add_argument(
        "--label", default="now", help="names a state of the code; scores of one label are not repeated"
    )
    parser.add_argument("--again", action="store_true", help="repeat what failed")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "robustness.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    tables = support.read_tables()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        report(rows, options.label, options.budget, not options.plain)
        return
    done = {name for name, row in support.latest(rows, key).items() if not (options.again and row["error"])}
    wanted: list[tuple[Row, list[tuple[str, int]]]] = []
    for name in support.checked(options.tables, tables):
        for model in (OURS, REFERENCE):
            start: Row = {"label": options.label, "table": name, "budget": options.budget, "model": model}
            missing = [(d, s) for d, s in draws() if key(start | {"damage": d, "seed": s}) not in done]
            if missing:
                wanted.append((start, missing))
    fits = sum(start["model"] == OURS for start, _ in wanted)
    print(f"{fits} fits, about {support.duration(fits * options.budget + len(wanted) * EXTRA / 2)}.", flush=True)
    for start, missing in wanted:
        start["commit"] = support.commit()
        for row in run(start, missing, tables[start["table"]]):
            support.add_row(options.results, row)
            said = row["error"] if row.get("error") else shown(row["score"])
            print(f"{row['table']} {row['model']} {row['damage']} seed {row['seed']}: {said}", flush=True)


if __name__ == "__main__":
    main()
