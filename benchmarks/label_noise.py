"""Flips labels of `../shared/datasets` at random and asks `label_suspects` for them.

    python benchmarks/label_noise.py --tables phoneme adult letter --seeds 0 --budget 30

One row a run is appended to `benchmarks/results/label_noise.csv` as it ends; runs that are there already are skipped.
`flipped` is the share of labels that were exchanged for another class. Of the rows that are `suspects`, `precision` had
been flipped, which is `recall` of those that were; `precision_first` is that of as many rows as were flipped, ranked by
doubt, whether suspected or not.
"""

from __future__ import annotations

import argparse
import csv
import os
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

from automl import AutoMLClassifier

ROOT = Path(__file__).resolve().parent.parent
DATASETS = Path(os.environ.get("AUTOML_DATASETS", ROOT.parent / "shared" / "datasets"))
RESULTS = ROOT / "benchmarks" / "results" / "label_noise.csv"
FIELDS = [
    "table", "rows", "flipped", "seed", "budget", "trials", "metric", "cv", "suspects", "precision", "recall",
    "precision_first",
]  # fmt: skip
MOST_ROWS = 6_000


def run(name: str, target: str, flipped: float, seed: int, budget: float) -> dict[str, object]:
    """Flip, fit, and count what is found."""
    rng = np.random.default_rng(seed)
    table = pd.read_csv(DATASETS / name / "train.csv.gz")
    if len(table) > MOST_ROWS:
        table = table.iloc[rng.choice(len(table), MOST_ROWS, replace=False)].reset_index(drop=True)
    y = table.pop(target).to_numpy(copy=True)
    labels = np.unique(y)
    wrong = rng.choice(len(y), round(flipped * len(y)), replace=False)
    y[wrong] = [rng.choice(labels[labels != y[row]]) for row in wrong]
    model = AutoMLClassifier(time_budget=budget, n_jobs=1, random_state=seed, verbose=0).fit(table, y)
    is_wrong = np.isin(np.arange(len(y)), wrong)
    suspects = model.label_suspects()["row"].to_numpy()
    first = np.argsort(-model.result_.labels.doubts()[0], kind="stable")[: len(wrong)]
    return {
        "table": name, "rows": len(y), "flipped": flipped, "seed": seed, "budget": budget, "trials": model.n_trials_,
        "metric": model.metric_, "cv": round(model.best_score_, 5), "suspects": len(suspects),
        "precision": round(float(is_wrong[suspects].mean()), 4) if len(suspects) else None,
        "recall": round(float(is_wrong[suspects].sum() / max(1, len(wrong))), 4) if len(wrong) else None,
        "precision_first": round(float(is_wrong[first].mean()), 4) if len(wrong) else None,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=["phoneme", "adult", "letter"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument(
        "--flipped", nargs="+", type=float, default=[0.05], help="Shares; 0 says what is found falsely."
    )
    parser.add_argument("--budget", type=float, default=30.0)
    given = parser.parse_args()
    told = tomllib.loads((DATASETS / "datasets.toml").read_text(encoding="utf-8"))
    RESULTS.parent.mkdir(exist_ok=True)
    there = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame(columns=["table", "seed", "flipped", "budget"])
    done = set(map(tuple, there[["table", "seed", "flipped", "budget"]].to_numpy().tolist()))
    for name in given.tables:
        for flipped in given.flipped:
            for seed in given.seeds:
                if (name, seed, flipped, given.budget) in done:
                    continue
                row = run(name, told[name]["target"], flipped, seed, given.budget)
                print(row, flush=True)
                new = not RESULTS.exists()
                with RESULTS.open("a", encoding="utf-8", newline="") as file:
                    writer = csv.DictWriter(file, FIELDS)
                    if new:
                        writer.writeheader()
                    writer.writerow(row)


if __name__ == "__main__":
    main()
