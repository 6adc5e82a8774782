"""Evaluates a pool of candidates on the tables of `../shared/datasets`: what a portfolio is learned from.

    python benchmarks/portfolio_pool.py --predictions ~/pool
    python benchmarks/portfolio.py --predictions ~/pool

The library's own evaluator on `train.csv.gz`, at most 10,000 rows, one thread: a hold-out from 3,000 rows on, three
folds below. Test parts are not read. The clock is the process's own, so that work beside it does not count, and a
candidate has 20 s of it. One row a (table, candidate) is appended to `benchmarks/results/portfolio_pool.csv` as it
ends, rows that are there are skipped; predictions of the validation rows go to `--predictions` and are not committed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import os
import tempfile
import tomllib
from pathlib import Path

import numpy as np
import outside
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
DATASETS = Path(os.environ.get("AUTOML_DATASETS", ROOT.parent / "shared" / "datasets"))
RESULTS = ROOT / "benchmarks" / "results" / "portfolio_pool.csv"
FIELDS = ["table", "candidate", "loss", "seconds", "rounds", "error"]
ROWS, HOLDOUT_FROM, SECONDS, SEED = 10_000, 3000, 20.0, 0
MOST_ROWS = {"gaussian_process": 1100, "svm": 4000}  # what their folds can take within the limit

# Beside the portfolio that there is: AutoGluon's CPU portfolio of December 2025 with rates about two to three times its
# own, settings of "Better by default" (Holzmüller et al. 2024), shapes of networks, and larger trees.
OTHERS = [
    "lightgbm(input, num_leaves=64, learning_rate=0.05, colsample_bytree=0.55, min_child_samples=28, extra_trees=True)",
    "lightgbm(input, num_leaves=39, learning_rate=0.05, colsample_bytree=0.46, min_child_samples=3, extra_trees=True)",
    "lightgbm(input, num_leaves=84, learning_rate=0.03, colsample_bytree=0.53, min_child_samples=3)",
    "lightgbm(input, num_leaves=8, learning_rate=0.03, colsample_bytree=0.42, min_child_samples=15, extra_trees=True)",
    "lightgbm(input, num_leaves=180, learning_rate=0.04, colsample_bytree=0.4, min_child_samples=12, extra_trees=True)",
    "lightgbm(input, num_leaves=16, learning_rate=0.08, colsample_bytree=0.58, min_child_samples=1)",
    "lightgbm(input, num_leaves=20, learning_rate=0.03, colsample_bytree=0.43, min_child_samples=2)",
    "lightgbm(input, num_leaves=128, learning_rate=0.1, colsample_bytree=0.6, min_child_samples=20)",
    "lightgbm(input, num_leaves=200, learning_rate=0.05, colsample_bytree=0.8, min_child_samples=5)",
    "lightgbm(input, num_leaves=31, learning_rate=0.02, colsample_bytree=0.5, subsample=0.8)",
    "lightgbm(input, num_leaves=8, learning_rate=0.05, colsample_bytree=0.5, subsample=0.8)",
    "xgboost(input, max_depth=9, learning_rate=0.05, min_child_weight=2.0, subsample=0.7)",
    "xgboost(input, max_depth=9, learning_rate=0.1, colsample_bytree=0.6)",
    "xgboost(input, max_depth=5, learning_rate=0.03, colsample_bytree=0.5, min_child_weight=5)",
    "xgboost(input, max_depth=3, learning_rate=0.1, colsample_bytree=0.5, subsample=0.7)",
    "catboost(input, learning_rate=0.05)",
    "catboost(input, depth=8, learning_rate=0.08)",
    "catboost(input, depth=4, learning_rate=0.1, subsample=0.7)",
    "hist_gradient_boosting(input)",
    "mlp(input, hidden_layers=3, units_1=109, units_2=109, units_3=109, activation='relu', learning_rate=0.02)",
    "mlp(input, hidden_layers=2, units_1=256, units_2=256, batch_size=256, dropout=0.3)",
    "mlp(input, embedding='pbld', batch_size=256, n_nets=1)",
    "mlp(input, hidden_layers=1, units_1=64, weight_decay=1.0, dropout=0.3)",
    "extra_trees(input, max_features=1.0, min_samples_leaf=1)",
    "random_forest(input, max_features=0.3, min_samples_leaf=5)",
    "svm(input, C=10.0)",
    "knn(standard(input), n_neighbors=30, weights='distance')",
    "logistic_regression(nystroem(input))",
    "logistic_regression(polynomial(input))",
    "ridge(nystroem(input))",
    "ridge(polynomial(input))",
    "logistic_regression(binning(input))",
    "ridge(binning(input))",
]  # fmt: skip


def sample(name: str, meta: dict[str, object]) -> pd.DataFrame:
    """Training rows of a table, at most `ROWS`; a class of fewer than three rows cannot stand in all folds."""
    frame = pd.read_csv(DATASETS / name / "train.csv.gz")
    if len(frame) > ROWS:
        frame = frame.sample(ROWS, random_state=SEED)
    if meta["task"] != "regression":
        counts = frame[str(meta["target"])].value_counts()
        frame = frame[frame[str(meta["target"])].isin(counts[counts >= 3].index)]
    return frame


def digest(text: str) -> str:
    """What a candidate's file of predictions is called."""
    return hashlib.md5(text.encode()).hexdigest()[:16]


def evaluate_table(name: str, meta: dict[str, object], done: set[tuple[str, str]], predictions: Path) -> None:
    """Evaluate what is still missing of a table."""
    from automl.dataset import Data, make_task
    from automl.errors import CandidateError
    from automl.evaluate.evaluator import Evaluator
    from automl.evaluate.run_data import RunData
    from automl.space.reader import read_space
    from automl.trials.trial import TOP, Failure
    from automl.validation.splits import make_splits

    kind = "regression" if meta["task"] == "regression" else "classification"
    data = Data.read(sample(name, meta), str(meta["target"]), kind)
    task = make_task(data, meta["metric"])
    cv = "holdout" if task.rows >= HOLDOUT_FROM else 3
    splits = make_splits(cv, data.y, task.n_classes, SEED)
    space = read_space().for_task(task.kind, len(splits[0][0]), task.columns)
    listed = [entry for entry in space.portfolio if not entry.get("textbook")]
    texts = [entry["candidate"] for entry in listed if task.kind in entry.get("tasks", (task.kind,))]
    with tempfile.TemporaryDirectory() as folder:
        evaluator = Evaluator(RunData(task, data.table, data.y, splits, SEED, Path(folder)), space)
        truth = predictions / f"{name}.npz"
        rows = [evaluator.data.validation_rows(fold, 1.0) for fold in range(len(splits))]
        np.savez(truth, y=np.concatenate([data.y[part] for part in rows]), kind=task.kind, metric=str(meta["metric"]))
        for text in dict.fromkeys([*texts, *OTHERS]):
            family = text.partition("(")[0]
            try:
                candidate = space.parse(text)
            except CandidateError:  # of another task, or the table lacks its columns
                continue
            if (name, text) in done or task.rows > MOST_ROWS.get(family, ROWS):
                continue
            outcome, seconds = outside.evaluated(evaluator, candidate, SECONDS)
            row: dict[str, object] = {"table": name, "candidate": text, "seconds": seconds}
            if isinstance(outcome, Failure):
                row["error"] = f"{outcome.kind}: {outcome.message}"
            else:
                row |= {"loss": f"{outcome.loss:.6g}", "rounds": outcome.rounds}
                parts = [evaluator.artifacts.prediction(candidate.key, TOP, fold) for fold in range(len(splits))]
                place = predictions / name / f"{digest(text)}.npy"
                place.parent.mkdir(exist_ok=True)
                np.save(place, np.concatenate(parts).astype(np.float32))
            with RESULTS.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, FIELDS).writerow(row)
            print(name, text, row.get("loss", row.get("error")), row["seconds"], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--tables", nargs="+")
    options = parser.parse_args()
    outside.by_process_clock()
    tables = tomllib.loads((DATASETS / "datasets.toml").read_text(encoding="utf-8"))
    options.predictions.mkdir(parents=True, exist_ok=True)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(FIELDS) + "\n", encoding="utf-8")
    done = {(row["table"], row["candidate"]) for row in csv.DictReader(RESULTS.open())}
    for name in options.tables or sorted(tables, key=lambda table: tables[table]["rows_train"]):
        evaluate_table(name, tables[name], done, options.predictions)


if __name__ == "__main__":
    main()
