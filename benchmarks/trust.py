"""How far the score that a fit tells can be trusted: beside the score of rows that it was not given, with its interval.

    python benchmarks/trust.py --budget 60 --splits 5
    python benchmarks/trust.py --budget 60 --rows 500 2000
    python benchmarks/trust.py --report

Training parts of the tables are split anew, 70 of 100 rows for the fit and the others for the test, once a split; with
`--rows`, so many for the fit and up to `MOST` others for the test, which then has little chance of its own. The fit is
the library's, with its defaults. Each fit is a row of `benchmarks/results/trust.csv`, appended as it ends; those that
are there are skipped.

`--report` prints by size of table and by metric: how often the test lay in the interval of 95 % for a test of that many
rows (93 to 97 % are wanted), and how many standard errors the told score is better than the test's (the mean, wanted
within .25, with its standard error over fits; and the root of the mean square, which is 1 where the errors are right):
for `best_score_`, and for `validation_score_`, which is not corrected, with an interval as wide; then by how many
percent of the test's loss either is off, in the median. Splits of one table are not independent; standard errors are
too small.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import support
from sklearn.model_selection import train_test_split
from small_tables import OWN, parts_of, read
from support import Key, Meta, Row

FIELDS = [
    "label", "table", "rows", "split", "budget", "fitted_rows", "test_rows", "metric", "validation", "expected", "low",
    "high", "test_low", "test_high", "test", "scored", "chosen", "how", "why", "trials", "members", "seconds",
    "commit", "error",
]  # fmt: skip
MOST = 10_000  # rows of a test
SIZES = {"up to 1,000 rows": 1_000, "up to 5,000": 5_000, "more": np.inf}
SURE = 1.96  # standard errors, half of an interval of 95 %
ALL = 0  # in place of a number of rows: 70 of 100


def cut(name: str, rows: int, split: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series, Meta]:
    """Rows to fit and to test on."""
    if rows == ALL:
        return parts_of(name, split)
    X, y, meta = read(name)
    labels = None if meta["task"] == "regression" else y
    if labels is not None:  # a class of one row cannot be on both sides
        known = y.map(y.value_counts()) > 1
        X, y = X[known], y[known]
        labels = y
    sizes = {"train_size": rows, "test_size": min(MOST, len(y) - rows)}
    parts = train_test_split(X, y, **sizes, random_state=split, stratify=labels)
    X_train, X_test, y_train, y_test = (part.reset_index(drop=True) for part in parts)
    return X_train, X_test, y_train, y_test, meta


def measure(name: str, rows: int, split: int, budget: float, n_jobs: int) -> Row:
    """What one fit tells, and what the test says."""
    from automl import AutoML

    X_train, X_test, y_train, y_test, meta = cut(name, rows, split)
    task = "regression" if meta["task"] == "regression" else "classification"
    settings: dict[str, Any] = {"task": task, "metric": meta["metric"], "time_budget": budget, "n_jobs": n_jobs}
    started = time.monotonic()
    model = AutoML(**settings, random_state=split, verbose=0).fit(X_train, y_train)
    seconds = time.monotonic() - started
    told = model.result_.expected
    ends = [*(model.best_score_interval_ or ("", "")), *(model.score_interval(len(X_test)) or ("", ""))]
    return {
        "fitted_rows": len(X_train), "test_rows": len(X_test), "metric": meta["metric"],
        "validation": model.validation_score_, "expected": model.best_score_,
        **dict(zip(("low", "high", "test_low", "test_high"), ends, strict=True)),
        "test": support.score(meta["metric"], y_test, model, X_test), "scored": told.draws[0], "chosen": told.draws[1],
        "how": told.how, "why": told.why, "trials": model.n_trials_, "members": max(1, len(model.ensemble_weights_)),
        "seconds": round(seconds, 2),
    }  # fmt: skip


# ---- the report


def judged(rows: list[Row]) -> pd.DataFrame:
    """By fit: what is off, in standard errors (positive is too good) and percent, and whether the test is covered."""
    frame = pd.DataFrame(rows)
    numbers = ["fitted_rows", "test_rows", "validation", "expected", "test_low", "test_high", "test"]
    frame[numbers] = frame[numbers].apply(pd.to_numeric)
    sign = np.where(frame["metric"] == "roc_auc", 1.0, -1.0)
    # one end may have been cut off at the perfect score
    ends = np.maximum(frame["test_high"] - frame["expected"], frame["expected"] - frame["test_low"])
    perfect = (frame["metric"] == "roc_auc").astype(float)
    for name in ("expected", "validation"):
        off = sign * (frame[name] - frame["test"])
        frame[f"{name}_z"] = off / (ends / SURE)
        frame[f"{name}_in"] = off.abs() <= ends
        frame[f"{name}_off"] = 100 * off / (perfect - frame["test"]).abs()
    return frame


def line(name: str, frame: pd.DataFrame) -> Row:
    """What the fits of a group come to."""
    known = frame[frame["expected_z"].notna()]
    found: Row = {"": name, "fits": len(frame), "without interval": len(frame) - len(known)}
    for which, title in (("expected", "corrected"), ("validation", "as validated")):
        z = known[f"{which}_z"]
        found[f"{title}: covered"] = f"{100 * known[f'{which}_in'].mean():.0f} %"
        found[f"{title}: bias"] = f"{z.mean():+.2f} ± {z.std() / max(1, len(z)) ** 0.5:.2f}"
        found[f"{title}: spread"] = f"{(z**2).mean() ** 0.5:.2f}"
        found[f"{title}: off"] = f"{known[f'{which}_off'].abs().median():.1f} %"
    return found


def report(rows: list[Row], label: str, budget: float, markdown: bool) -> None:
    """By size, by metric, and all."""
    rows = [row for row in rows if row["label"] == label and float(row["budget"]) == budget and not row["error"]]
    if not rows:
        raise SystemExit(f"There is no fit of the label {label!r} with a budget of {budget:g} s.")
    frame = judged(rows)
    least, lines = 0.0, []
    for name, most in SIZES.items():
        some = frame[(frame["fitted_rows"] > least) & (frame["fitted_rows"] <= most)]
        lines += [line(name, some)] if len(some) else []
        least = most
    lines += [line(str(metric), some) for metric, some in frame.groupby("metric")]
    support.show(pd.DataFrame([*lines, line("all", frame)]), markdown)
    for why, count in frame.loc[frame["why"] != "", "why"].value_counts().items():
        print(f"{count} without an interval of 95 %: {why}")


# ---- the batch


def key(row: Row) -> Key:
    """What names a row."""
    return row["label"], row["table"], int(row["rows"]), int(row["split"]), float(row["budget"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=["all"])
    parser.add_argument("--splits", type=int, default=5, help="of each table")
    parser.add_argument("--rows", nargs="+", type=int, default=[ALL], help="for the fit; 0 is 70 of 100")
    parser.add_argument("--budget", type=float, default=60, help="seconds of a fit")
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--label", default="now", help="names a state of the code; its rows are not made twice")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "trust.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        report(list(support.latest(rows, key).values()), options.label, options.budget, not options.plain)
        return
    done, tables = set(map(key, rows)), support.read_tables() | OWN
    for split in range(options.splits):
        for name in support.checked(options.tables, tables):
            for count in options.rows:
                start = {"label": options.label, "table": name, "rows": count, "split": split, "budget": options.budget}
                if key(start) in done:
                    continue
                try:
                    row = measure(name, count, split, options.budget, options.n_jobs)
                except Exception as error:  # is a result; the batch goes on
                    row = {"error": support.reason(error)}
                support.add_row(options.results, start | row | {"commit": support.commit()})
                print(
                    f"{name}, {count or 'all'} rows, split {split}: {row.get('why') or row.get('error') or 'ok'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
