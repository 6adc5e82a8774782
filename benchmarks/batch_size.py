"""How batch size trades seconds for quality in the family `mlp`, all else at the family's defaults.

    nice python benchmarks/batch_size.py
    python benchmarks/batch_size.py --report

One row a (table, batch size) is appended to `benchmarks/results/batch_size.csv` as it ends: processor seconds of a fit
on one thread, and mean and spread over five seeds of the loss (log loss or RMSE) on a fifth of `train.csv.gz` that is
held out. The checkpoint is chosen on the same rows, as the search does with a fold. Rows that are there already are
skipped. `--report` prints the table of `docs/architecture.md`.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from automl.columns.columns import Columns
from automl.pipeline.build import Recipe, build
from automl.pipeline.prepare import Preprocessor
from automl.space.reader import read_space

ROOT = Path(__file__).resolve().parent.parent
DATASETS = Path(os.environ.get("AUTOML_DATASETS", ROOT.parent / "shared" / "datasets"))
RESULTS = ROOT / "benchmarks" / "results" / "batch_size.csv"
FIELDS = ["table", "batch_size", "rows", "columns", "seconds", "metric", "loss", "spread"]
TABLES = {"phoneme": "Class", "insurance": "charges", "california_housing": "median_house_value"}
SIZES = (32, 64, 128, 256, 512, 1024)
SEEDS = 5
ROWS = 3000
Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def parts(name: str) -> tuple[str, Parts]:
    """Kind of task, and matrix and target of the training and the held-out rows, as the preprocessor gives them."""
    frame = pd.read_csv(DATASETS / name / "train.csv.gz")
    frame = frame.sample(min(len(frame), ROWS), random_state=0).reset_index(drop=True)
    y = frame.pop(TABLES[name]).to_numpy()
    kind = "binary" if len(np.unique(y)) == 2 else "regression"
    rows = np.arange(len(y))
    train, held = train_test_split(rows, test_size=0.2, random_state=0, stratify=y if kind == "binary" else None)
    table, preprocessor = Columns.learn(frame).encode(frame), Preprocessor("onehot", False, "unit")
    return kind, (
        preprocessor.fit_transform(table.take(train)),
        y[train],
        preprocessor.transform(table.take(held)),
        y[held],
    )


def measure(name: str, size: int) -> dict[str, object]:
    """Five fits of one table with one batch size."""
    kind, (X, y, X_held, y_held) = parts(name)
    space = read_space().for_task(kind, ROWS, X.shape[1])  # a batch may be larger than the table
    candidate = space.parse(f"mlp(input, batch_size={size})")
    metric = "rmse" if kind == "regression" else "log_loss"
    losses, seconds = [], []
    for seed in range(SEEDS):
        classes = None if kind == "regression" else np.unique(y)
        model = build(candidate, Recipe(space, kind, classes, n_categories=0, metric=metric, seed=seed))[-1]
        started = time.process_time()
        model.fit(X, y, eval_set=(X_held, y_held))
        seconds.append(time.process_time() - started)
        losses.append(float(min(getattr(model, "model", model).curve_)))
    return {
        "table": name, "batch_size": size, "rows": len(X), "columns": X.shape[1],
        "seconds": round(statistics.mean(seconds), 3), "metric": metric,
        "loss": f"{statistics.mean(losses):.6g}", "spread": f"{statistics.stdev(losses):.3g}",
    }  # fmt: skip


def done() -> list[dict[str, str]]:
    """Rows that are there."""
    return list(csv.DictReader(RESULTS.open())) if RESULTS.exists() else []


def report() -> None:
    """Print seconds and loss ± spread, a row a batch size."""
    rows = {(row["table"], int(row["batch_size"])): row for row in done()}
    print("| batch | " + " | ".join(TABLES) + " |\n| ---: |" + " --- |" * len(TABLES))
    for size in SIZES:
        cells = [rows.get((name, size)) for name in TABLES]
        texts = [f"{c['loss']} ± {c['spread']}, {c['seconds']} s" if c else "" for c in cells]
        print(f"| {size} | " + " | ".join(texts) + " |")


def main() -> None:
    """Measure what is missing, or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true")
    if parser.parse_args().report:
        return report()
    there = {(row["table"], int(row["batch_size"])) for row in done()}
    for name in TABLES:
        for size in SIZES:
            if (name, size) in there:
                continue
            with threadpool_limits(1):
                row = measure(name, size)
            fresh = not RESULTS.exists()
            with RESULTS.open("a", newline="") as file:
                writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
                if fresh:
                    writer.writeheader()
                writer.writerow(row)
            print(row, flush=True)
    return None


if __name__ == "__main__":
    main()
