"""Fits tables of `../shared/datasets` by the command line, as a user would, and scores the test part.

    python benchmarks/tables.py --tables titanic soybean --seeds 0 1 2 --budget 60

One row a run is appended to `benchmarks/results/tables.csv` as it ends; runs that are there already are skipped. Run it
alone on an otherwise idle machine. `--report` prints medians beside HistGradientBoosting's defaults and the peers.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

ROOT = Path(__file__).resolve().parent.parent
DATASETS = Path(os.environ.get("AUTOML_DATASETS", ROOT.parent / "shared" / "datasets"))
PEERS = DATASETS.parent / "peers" / "results.csv"
RESULTS = ROOT / "benchmarks" / "results" / "tables.csv"
FIELDS = [
    "label", "table", "budget", "seed", "metric", "score", "single", "cv", "wall", "trials", "origins", "failures",
    "share_in_jobs", "report",
]  # fmt: skip


def run(name: str, meta: dict[str, object], budget: float, seed: int, label: str) -> dict[str, object]:
    """Fit, predict and score one table."""
    target = str(meta["target"])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        command = [sys.executable, "-m", "automl", "fit", str(DATASETS / name / "train.csv.gz"), "--target", target]
        command += ["--time-budget", str(budget), "--seed", str(seed), "--out", str(out)]
        started = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        wall = time.monotonic() - started
        from automl import AutoML

        model = AutoML.load(out)
        test = pd.read_csv(DATASETS / name / "test.csv.gz")
        truth = test.pop(target)
        scores = [score(str(meta["metric"]), truth, predictor, test) for predictor in (model, model.best_pipeline_)]
    board = model.leaderboard()
    return {
        "label": label, "table": name, "budget": budget, "seed": seed, "metric": meta["metric"],
        "score": scores[0], "single": scores[1], "cv": model.best_score_, "wall": round(wall, 2),
        "trials": int((board["status"] == "ok").sum()), "origins": json.dumps(board["origin"].value_counts().to_dict()),
        "failures": len(model.failures_), "share_in_jobs": model.time_report_["share_in_jobs"],
        "report": json.dumps(model.time_report_),
    }  # fmt: skip


def score(metric: str, truth: pd.Series, predictor: object, X: pd.DataFrame) -> float:
    """The metric of datasets.toml on the test part."""
    if metric == "rmse":
        return float(root_mean_squared_error(truth, predictor.predict(X)))
    shares = predictor.predict_proba(X)
    labels = truth.astype(predictor.classes_.dtype)
    if metric == "roc_auc":
        return float(roc_auc_score(labels == predictor.classes_[1], shares[:, 1]))
    return float(log_loss(labels, shares, labels=predictor.classes_))


def report(tables: dict[str, dict[str, object]], label: str) -> None:
    """Medians over seeds beside the defaults of HistGradientBoosting and the peers."""
    rows = [row for row in csv.DictReader(RESULTS.open()) if row["label"] == label]
    peers = pd.read_csv(PEERS) if PEERS.exists() else pd.DataFrame(columns=["dataset", "peer", "score"])
    for name in dict.fromkeys(row["table"] for row in rows):
        mine = [row for row in rows if row["table"] == name]
        median = statistics.median(float(row["score"]) for row in mine)
        others = peers[peers["dataset"] == name].set_index("peer")["score"].round(5).dropna().to_dict()
        walls = ", ".join(row["wall"] for row in mine)
        print(f"{name}: {median:.5g} ({len(mine)} seeds), hgb_default {tables[name]['hgb_default']}, {others}")
        print(f"    wall {walls} s; trials {', '.join(row['trials'] for row in mine)}; {mine[0]['origins']}")


def main() -> None:
    tables = tomllib.loads((DATASETS / "datasets.toml").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=list(tables))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--label", default="now", help="names a state of the code; runs of one label are not repeated")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        report(tables, options.label)
        return
    RESULTS.parent.mkdir(exist_ok=True)
    if not RESULTS.exists():
        RESULTS.write_text(",".join(FIELDS) + "\n", encoding="utf-8")
    done = {(r["label"], r["table"], float(r["budget"]), int(r["seed"])) for r in csv.DictReader(RESULTS.open())}
    for seed in options.seeds:
        for name in options.tables:
            if (options.label, name, options.budget, seed) in done:
                continue
            row = run(name, tables[name], options.budget, seed, options.label)
            with RESULTS.open("a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, FIELDS).writerow(row)
            print(f"{name} seed {seed}: {row['score']:.5g} in {row['wall']} s", flush=True)


if __name__ == "__main__":
    main()
