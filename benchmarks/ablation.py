"""What each kind of preparation brings: fits with everything, and with one kind of column switched off at a time.

    python benchmarks/ablation.py --budget 30
    python benchmarks/ablation.py --report

Free text and dates are left out; numbers and spans of time that are written as text ("2100 sq ft", "12h 45m"), and
known orders, are taken for categories; categories of more than 100 levels are left out, or merely not read as text too,
or all but their 50 most frequent levels are one. What a column is, the fit with everything says (`columns_`). One row a
fit is appended to `benchmarks/results/ablation.csv` as it ends; fits that are there already are skipped. `--report`
prints the test score of each, and in brackets by how many percent the loss is above that with everything.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import support
from support import Key, Meta, Row, change, number, shown

FIELDS = [
    "label", "table", "budget", "seed", "without", "columns", "metric", "score", "cv", "wall", "trials", "kinds",
    "commit", "error",
]  # fmt: skip
TABLES = [
    "disaster_tweets", "bird_strikes", "shelter_animals", "flight_price", "bengaluru_houses", "us_births", "titanic",
    "bike_sharing",
]  # fmt: skip
MANY = 100  # levels of a category that are many
KEPT = 50  # most frequent levels that are told apart where there may be no more
EXTRA = 8.0  # seconds of a fit beside its budget
FITS = 4.0  # a table has about, beside the one with everything

EVERYTHING, LEVELS = "nothing", "levels"
# what is switched off -> (title, the kind that its columns are given instead)
VARIANTS: dict[str, tuple[str, str | None]] = {
    "text": ("without texts", "dropped"),
    "date": ("without dates", "dropped"),
    "written": ("numbers with units as categories", "category"),
    "ordered": ("orders as categories", "category"),
    "many": ("without many-level categories", "dropped"),
    "parts": ("many-level categories not as text", "category"),
    LEVELS: (f"{KEPT} levels a category", None),
}


def concerned(X: pd.DataFrame, kinds: dict[str, str]) -> dict[str, list[str]]:
    """Columns that each variant switches off, where there are any."""
    written = {name for name in X.columns if not pd.api.types.is_numeric_dtype(X[name])}
    many = [name for name, kind in kinds.items() if kind == "category" and X[name].nunique() > MANY]
    found = {kind: [name for name, is_ in kinds.items() if is_ == kind] for kind in ("text", "date", "ordered")}
    found["written"] = [name for name, kind in kinds.items() if kind in ("number", "duration") and name in written]
    found |= {"many": many, "parts": many, LEVELS: many}
    return {variant: found[variant] for variant in VARIANTS if found[variant]}


def with_few_levels(train: pd.DataFrame, other: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """A copy in which all but the most frequent levels of the training rows are one."""
    few = other.copy()
    for name in names:
        kept = train[name].value_counts().index[:KEPT]
        few[name] = other[name].where(other[name].isin(kept) | other[name].isna(), "(other)")
    return few


def run(row: Row, names: list[str], meta: Meta) -> Row:
    """One fit and its test score; what goes wrong is in `error`."""
    from automl import AutoML

    metric, variant = str(meta["metric"]), row["without"]
    row |= {"columns": json.dumps(names), "metric": metric, "commit": support.commit()}
    try:
        X, y = support.read_part(row["table"], "train", str(meta["target"]))
        test, truth = support.read_part(row["table"], "test", str(meta["target"]))
        types: dict[str, str] = {}
        if variant == LEVELS:
            X, test = with_few_levels(X, X, names), with_few_levels(X, test, names)
        elif variant != EVERYTHING:
            types = dict.fromkeys(names, str(VARIANTS[variant][1]))
        task = "regression" if meta["task"] == "regression" else "classification"
        model = AutoML(task=task, time_budget=row["budget"], random_state=row["seed"], verbose=0)
        started = time.monotonic()
        model.fit(X, y, column_types=types or None)
        row |= {"wall": round(time.monotonic() - started, 2), "cv": model.best_score_, "trials": model.n_trials_}
        row["kinds"] = json.dumps(dict(zip(model.columns_["column"], model.columns_["kind"], strict=True)))
        row["score"] = support.score(metric, truth, model, test)
    except Exception as error:  # a fit that fails is a result; the batch goes on
        row["error"] = support.reason(error)
    return row


# ---- the report


def report(rows: list[Row], tables: dict[str, Meta], label: str, budget: float, markdown: bool) -> None:
    """Test scores, the median over seeds, and how far the loss is above that with everything."""
    chosen = [
        row for row in support.latest(rows, key).values() if row["label"] == label and float(row["budget"]) == budget
    ]
    lines: list[dict[str, str]] = []
    for name in dict.fromkeys(row["table"] for row in chosen):
        metric = str(tables[name]["metric"])
        mine = [row for row in chosen if row["table"] == name]
        whole = median(row["score"] for row in mine if row["without"] == EVERYTHING)
        line = {"table": name, "metric": metric, "with everything": shown(whole)}
        for variant, (title, _) in VARIANTS.items():
            value = median(row["score"] for row in mine if row["without"] == variant)
            line[title] = "" if math.isnan(value) else f"{shown(value)} ({change(metric, value, whole):+.1f} %)"
        lines.append(line | {"hgb_default": shown(float(tables[name]["hgb_default"]))})
    frame = pd.DataFrame(lines)
    support.show(frame.loc[:, [bool(frame[column].any()) for column in frame]], markdown)
    print("\nIn brackets: the loss (1 - AUC, log loss, RMSE) above that with everything.")
    for row in chosen:
        if row["without"] != EVERYTHING and row["score"]:
            print(f"* {row['table']}, {VARIANTS[row['without']][0]}: {', '.join(json.loads(row['columns']))}")
        if row["error"]:
            print(f"* {row['table']} without {row['without']}, seed {row['seed']}: {row['error']}")


def median(cells: Iterable[str]) -> float:
    """Of the cells that hold a number; NaN without one."""
    values = [value for value in map(number, cells) if not math.isnan(value)]
    return statistics.median(values) if values else math.nan


# ---- the batch


def key(row: Row) -> Key:
    """What names a fit."""
    return row["label"], row["table"], float(row["budget"]), int(row["seed"]), row["without"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=TABLES, help="names, or all")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--budget", type=float, default=30, help="seconds of a fit")
    parser.add_argument("--label", default="now", help="names a state of the code; fits of one label are not repeated")
    parser.add_argument("--again", action="store_true", help="repeat what failed")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "ablation.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    tables = support.read_tables()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        report(rows, tables, options.label, options.budget, not options.plain)
        return
    done = support.latest(rows, key)
    names = support.checked(options.tables, tables)
    most = len(names) * len(options.seeds) * (1 + min(FITS, len(options.variants)))
    print(f"{most:.0f} fits in all, about {support.duration(most * (options.budget + EXTRA))}, less what is there.")

    def fitted(name: str, seed: int, variant: str, columns: list[str]) -> Row:
        start = {"label": options.label, "table": name, "budget": options.budget, "seed": seed, "without": variant}
        known = done.get(key(start))
        if known is not None and not (options.again and known["error"]):
            return known
        row = run(start, columns, tables[name])
        support.add_row(options.results, row)
        said = row["error"] if row.get("error") else shown(row["score"])
        print(f"{name} without {variant}, seed {seed}: {said}", flush=True)
        return row

    for name in names:
        for seed in options.seeds:
            whole = fitted(name, seed, EVERYTHING, [])
            if not whole.get("kinds"):
                continue
            X: Any = support.read_part(name, "train", str(tables[name]["target"]))[0]
            for variant, columns in concerned(X, json.loads(whole["kinds"])).items():
                if variant in options.variants:
                    fitted(name, seed, variant, columns)


if __name__ == "__main__":
    main()
