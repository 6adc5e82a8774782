"""Evaluates named settings of a family on tables of `../shared/datasets`: which should be the family's default?

    nice python benchmarks/defaults.py --families lightgbm xgboost
    python benchmarks/defaults.py --report

The library's own evaluator, 3 folds of `train.csv.gz` (at most 5000 rows; small tables three times), one thread. One
row a (family, setting, table) is appended to `benchmarks/results/defaults.csv` as it ends; rows that are there already
are skipped. A parameter that a setting does not name has the library's own default (or the value that our TOML fixes),
so that a row stays true when our defaults change. `--report` prints each setting's mean rank, its median loss beside
the best setting of each table, and its seconds.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import tempfile
import time
import tomllib
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
DATASETS = Path(os.environ.get("AUTOML_DATASETS", ROOT.parent / "shared" / "datasets"))
RESULTS = ROOT / "benchmarks" / "results" / "defaults.csv"
FIELDS = ["family", "setting", "table", "metric", "loss", "seconds", "rounds", "candidate", "error"]
TABLES = [
    "credit_g", "titanic", "insurance", "soybean", "phoneme", "hr_job_change", "california_housing", "elevators",
    "adult", "bike_sharing", "covertype_20k",
]  # fmt: skip
CLASSES_ONLY = ("logistic_regression", "lda", "qda", "bernoulli_nb")
ROWS = 5000
SMALL, REPEATS = 1500, 3  # tables of so few rows are split three times, and the mean is kept: their folds are noisy
SEED = 0

# family -> setting -> candidate, or one for classes and one for numbers. "ours" is what the TOML file said before the
# comparison. The others are defaults of AutoGluon, pytabkit ("Better by default"), mljar-supervised, TabArena,
# auto-sklearn and of the libraries themselves; AutoGluon's "prep" entries and nets have no counterpart here.
Texts = str | tuple[str, str]
CATBOOST_QUICK = "leaf_estimation_iterations=1, max_ctr_complexity=2"
CATBOOST_PYTABKIT = (
    "depth=7, learning_rate=0.08, l2_leaf_reg=1e-5, subsample=0.9, random_strength=0.8, one_hot_max_size=15",
    "depth=9, learning_rate=0.09, l2_leaf_reg=1e-5, subsample=0.9, random_strength=0, one_hot_max_size=20",
)
SETTINGS: dict[str, dict[str, Texts]] = {
    "lightgbm": {
        "ours": "num_leaves=31, learning_rate=0.05, min_child_samples=20, colsample_bytree=0.9, reg_lambda=0.001",
        "autogluon": "num_leaves=31, learning_rate=0.05, min_child_samples=20",
        "autogluon_extra_trees": "num_leaves=31, learning_rate=0.05, min_child_samples=20, extra_trees=True",
        "pytabkit": (
            "num_leaves=50, learning_rate=0.04, min_child_samples=40, min_child_weight=1e-7, subsample=0.75",
            "num_leaves=100, learning_rate=0.05, min_child_samples=3, min_child_weight=1e-7, subsample=0.7",
        ),
        "mljar": "num_leaves=63, learning_rate=0.05, min_child_samples=10, subsample=0.9, colsample_bytree=0.9",
        "small_leaves": "num_leaves=16, learning_rate=0.05, min_child_samples=20, subsample=0.9, colsample_bytree=0.7",
        "sampled": "num_leaves=31, learning_rate=0.05, min_child_samples=20, subsample=0.9, colsample_bytree=0.7",
        "fewer_leaves": "num_leaves=24, learning_rate=0.06, min_child_samples=20, subsample=0.9, colsample_bytree=0.7",
    },
    "xgboost": {
        "ours": "max_depth=6, learning_rate=0.1, subsample=0.8, colsample_bytree=0.9",
        "autogluon": "max_depth=6, learning_rate=0.1",
        "pytabkit": (
            "max_depth=6, learning_rate=0.08, min_child_weight=5e-6, reg_lambda=0, subsample=.65, colsample_bylevel=.9",
            "max_depth=9, learning_rate=0.05, min_child_weight=2.0, reg_lambda=0.0, subsample=0.7",
        ),
        "mljar": "max_depth=6, learning_rate=0.075",
        "shallow": "max_depth=4, learning_rate=0.08, colsample_bytree=0.7, subsample=0.8",
        "sampled": "max_depth=6, learning_rate=0.1, colsample_bytree=0.7, subsample=0.8",
        "shallower": "max_depth=5, learning_rate=0.1, colsample_bytree=0.7, subsample=0.8",
    },
    "catboost": {
        "ours": "depth=6, learning_rate=0.1, l2_leaf_reg=3.0, subsample=0.8, one_hot_max_size=10, " + CATBOOST_QUICK,
        "autogluon": "depth=6, learning_rate=0.05, bootstrap_type='MVS'",
        "pytabkit": (
            CATBOOST_PYTABKIT[0] + ", leaf_estimation_iterations=1",
            CATBOOST_PYTABKIT[1] + ", leaf_estimation_iterations=20",
        ),
        "like_pytabkit": "depth=6, learning_rate=0.1, l2_leaf_reg=0.01, subsample=0.9, random_strength=0.8, "
        "one_hot_max_size=15, " + CATBOOST_QUICK,
        "shallow": "depth=4, learning_rate=0.15, l2_leaf_reg=3.0, subsample=0.8, one_hot_max_size=10, "
        + CATBOOST_QUICK,
    },
    "extra_trees": {
        "ours": "n_estimators=100, max_features=0.6, min_samples_leaf=2",
        "autogluon": (
            "n_estimators=300, max_features='sqrt', max_leaf_nodes=15000",
            "n_estimators=300, max_features=1.0, max_leaf_nodes=15000",
        ),
        "autogluon_learned": (
            "n_estimators=100, max_features=0.75, max_leaf_nodes=18000, criterion='entropy'",
            "n_estimators=100, max_features=0.75, max_leaf_nodes=18000",
        ),
        "mljar": "n_estimators=100, max_features=0.6, min_samples_split=30",
        "sklearn": ("n_estimators=100, max_features='sqrt'", "n_estimators=100, max_features=1.0"),
        "all_columns": "n_estimators=100, max_features=1.0, min_samples_leaf=2",
    },
    "random_forest": {
        "ours": "n_estimators=100, max_features=0.5, min_samples_leaf=2",
        "autogluon": (
            "n_estimators=300, max_features='sqrt', max_leaf_nodes=15000",
            "n_estimators=300, max_features=1.0, max_leaf_nodes=15000",
        ),
        "autogluon_learned": (
            "n_estimators=100, max_features=0.75, max_leaf_nodes=20000, criterion='entropy'",
            "n_estimators=100, max_features=0.75, max_leaf_nodes=20000",
        ),
        "mljar": "n_estimators=100, max_features=0.6, min_samples_split=30",
        "sklearn": ("n_estimators=100, max_features='sqrt'", "n_estimators=100, max_features=1.0"),
        "small_leaves": "n_estimators=100, max_features=0.3, min_samples_leaf=2",
    },
    "hist_gradient_boosting": {
        "ours": "max_leaf_nodes=31, learning_rate=0.08, min_samples_leaf=20, l2_regularization=0.001",
        "sklearn": "max_leaf_nodes=31, learning_rate=0.1, min_samples_leaf=20",
        "like_mljar": "max_leaf_nodes=63, learning_rate=0.05, min_samples_leaf=10",
        "small_leaves": "max_leaf_nodes=16, learning_rate=0.08, min_samples_leaf=20, max_features=0.7",
        "half_columns": "max_leaf_nodes=31, learning_rate=0.08, min_samples_leaf=20, max_features=0.5",
    },
    "logistic_regression": {
        "plain": "logistic_regression(input)",
        "ranks": "logistic_regression(quantile(input, n_quantiles=200, output_distribution='normal'))",
    },
    "ridge": {
        "plain": "ridge(input)",
        "ranks": "ridge(quantile(input, n_quantiles=200, output_distribution='normal'))",
    },
    "svm": {
        "sklearn": ("C=1.0, gamma=1.0", "C=1.0, gamma=1.0, epsilon=0.1"),
        "more": ("C=10.0, gamma=1.0", "C=10.0, gamma=1.0, epsilon=0.1"),
        "wide": ("C=10.0, gamma=0.3", "C=10.0, gamma=0.3, epsilon=0.1"),
        "wide_thin": ("C=1.0, gamma=0.3", "C=10.0, gamma=0.3, epsilon=0.03"),
        "auto_sklearn": ("C=1.0, gamma=2.0", "C=1.0, gamma=2.0, epsilon=0.1"),
    },
    "gaussian_process": {
        "matern": "kernel='matern', nu=1.5, length_scale=1.0, steps=10",
        "smooth": "kernel='matern', nu=2.5, length_scale=1.0, steps=10",
        "rough": "kernel='matern', nu=0.5, length_scale=1.0, steps=10",
        "rbf": "kernel='rbf', length_scale=1.0, steps=10",
        "long": "kernel='matern', nu=1.5, length_scale=3.0, steps=10",
    },
    "lda": {f"shrinkage_{s:g}": f"shrinkage={s}" for s in (0.001, 0.01, 0.03, 0.1)},
    "qda": {f"reg_{s:g}": f"reg_param={s}" for s in (0.01, 0.1, 0.3, 0.6)},
    "bernoulli_nb": {
        "sklearn": "alpha=1.0",
        "less": "alpha=0.1",
        "more": "alpha=10.0",
        "cut": "alpha=1.0, binarize=0.5",
    },
    "knn": {
        "tabarena": "n_neighbors=20, weights='distance', p=2",
        "auto_sklearn": "n_neighbors=1, weights='uniform', p=2",
        "sklearn": "n_neighbors=5, weights='uniform', p=2",
        "autogluon": "n_neighbors=5, weights='distance', p=2",
        "near": "n_neighbors=20, weights='distance', p=1",
        "more": "n_neighbors=40, weights='distance', p=1",
    },
}


def candidate_text(family: str, texts: Texts, kind: str) -> str:
    """The setting as a candidate's text, for this kind of task."""
    text = texts if isinstance(texts, str) else texts[kind == "regression"]
    return text if "(" in text else f"{family}(input, {text})"


def evaluate(family: str, texts: Texts, name: str, meta: dict[str, object]) -> dict[str, object]:
    """One setting on one table."""
    from automl.dataset import Data, make_task
    from automl.evaluate.evaluator import Evaluator
    from automl.evaluate.run_data import RunData
    from automl.space.candidate import Candidate
    from automl.space.reader import read_space
    from automl.trials.trial import Failure, Job, Proposal
    from automl.validation.splits import make_splits

    folder, _, most = name.partition("@")
    rows = int(most or ROWS)
    frame = pd.read_csv(DATASETS / folder / "train.csv.gz")
    if len(frame) > rows:
        frame = frame.sample(rows, random_state=SEED)
        counts = frame[str(meta["target"])].value_counts()
        if meta["task"] != "regression":  # a class of one row cannot stand in all folds
            frame = frame[frame[str(meta["target"])].isin(counts[counts >= 3].index)]
    data = Data.read(frame, str(meta["target"]), "regression" if meta["task"] == "regression" else "classification")
    task = make_task(data, meta["metric"])
    space = read_space().for_task(task.kind, 2 * task.rows // 3, task.columns)
    candidate = Candidate.parse(candidate_text(family, texts, task.kind))
    seeds = range(SEED, SEED + (REPEATS if task.rows <= SMALL else 1))
    row: dict[str, object] = {"table": name, "metric": meta["metric"], "candidate": candidate.text}
    losses: list[float] = []
    started = time.process_time()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            splits = make_splits(3, data.y, task.n_classes, seed)
            evaluator = Evaluator(RunData(task, data.table, data.y, splits, seed, Path(folder)), space)
            outcome = evaluator.run(Job(Proposal(candidate, "benchmark")))
        row["seconds"] = round((time.process_time() - started) / len(seeds), 2)
        if isinstance(outcome, Failure):
            return {**row, "error": outcome.message}
        losses.append(1 + outcome.loss if meta["metric"] == "roc_auc" else outcome.loss)  # 1 - AUC: its best is 0
    return {**row, "loss": f"{statistics.mean(losses):.6g}", "rounds": outcome.rounds}


def suits(family: str, meta: dict[str, object]) -> bool:
    """Whether the family is for the table's kind of task."""
    regression = meta["task"] == "regression"
    if family == "gaussian_process" and int(str(meta["rows_train"])) > 1100:
        return False
    return family not in CLASSES_ONLY if regression else family != "ridge"


def report(families: list[str]) -> None:
    """For each setting: mean rank, median of loss / best loss - 1, and median seconds beside the quickest setting."""
    frame = pd.read_csv(RESULTS)
    for family in families:
        part = frame[(frame["family"] == family) & frame["setting"].isin(list(SETTINGS[family]))]
        losses = part.pivot_table(index="table", columns="setting", values="loss").dropna()
        seconds = part.pivot_table(index="table", columns="setting", values="seconds").loc[losses.index]
        if losses.empty:
            continue
        above = losses.div(losses.min(axis=1), axis=0) - 1
        slower = seconds.div(seconds.min(axis=1), axis=0)
        shown = pd.DataFrame(
            {
                "mean rank": losses.rank(axis=1).mean().round(2),
                "median loss above best, %": (100 * above.median()).round(2),
                "mean loss above best, %": (100 * above.mean()).round(2),
                "times the quickest": slower.median().round(2),
            }
        ).sort_values("mean rank")
        print(f"\n{family} ({len(losses)} tables)\n{shown.to_string()}")
        wins = losses.idxmin(axis=1).value_counts().to_dict()
        print(f"    first on tables: {wins}; median seconds {statistics.median(seconds.median()):.2f}")


def main() -> None:
    tables = tomllib.loads((DATASETS / "datasets.toml").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", nargs="+", default=list(SETTINGS), choices=list(SETTINGS))
    parser.add_argument("--tables", nargs="+", default=TABLES, help="NAME, or NAME@15000 for that many rows")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        report(options.families)
        return
    results: Path = options.results
    results.parent.mkdir(exist_ok=True)
    if not results.exists():
        results.write_text(",".join(FIELDS) + "\n", encoding="utf-8")
    done = {(row["family"], row["setting"], row["table"]) for row in csv.DictReader(results.open())}
    for family in options.families:
        for name in options.tables:
            meta = tables[name.partition("@")[0]]
            for setting, texts in SETTINGS[family].items() if suits(family, meta) else ():
                if (family, setting, name) in done:
                    continue
                row = {"family": family, "setting": setting, **evaluate(family, texts, name, meta)}
                with results.open("a", encoding="utf-8", newline="") as file:
                    csv.DictWriter(file, FIELDS).writerow(row)
                print(
                    f"{family} {setting} {name}: {row.get('loss', row.get('error'))} in {row['seconds']} s", flush=True
                )


if __name__ == "__main__":
    main()
