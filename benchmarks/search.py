"""What strategies are worth in whole fits: the same seconds of each, on real tables, scored on the test part.

    python benchmarks/search.py --budget 60 --seeds 0 1
    python benchmarks/search.py --report --budget 60
    python benchmarks/search.py --bounds

A row a fit is appended to `benchmarks/results/search.csv` as it ends; fits that are there already are skipped. Run it
on an otherwise idle machine. `--report` prints medians over seeds, of what is handed over and of the best single
candidate, on validation and on test; by how many percent their losses are above those of `auto`; and mean ranks.
`--bounds` counts the values of best candidates and ensemble members that are at a bound of their range, where that
could be wider (`search_bounds.py`).
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd
import support
from support import Key, Meta, Row, number, shown

FIELDS = [
    "label", "table", "search", "budget", "seed", "metric", "score", "single", "cv", "single_cv", "whole", "candidates",
    "wall", "share_in_jobs", "asking", "best", "members", "report", "commit", "error",
]  # fmt: skip
SEARCHES = ["auto", "portfolio", "random", "tpe", "gp", "evolutionary"]
TABLES = [
    "credit_g", "insurance", "phoneme", "titanic", "soybean", "elevators", "california_housing", "adult",
]  # fmt: skip
EXTRA = 5.0  # seconds of a fit beside its budget
MEASURES = {
    "score": "test", "single": "test, best single candidate", "cv": "validation",
    "single_cv": "validation, best single candidate",
}  # fmt: skip


def fit(row: Row, meta: Meta) -> Row:
    """One fit and its test scores; what goes wrong is in `error`."""
    from automl import AutoML

    metric, task = str(meta["metric"]), "regression" if meta["task"] == "regression" else "classification"
    row |= {"metric": metric, "commit": support.commit()}
    try:
        X, y = support.read_part(row["table"], "train", str(meta["target"]))
        test, truth = support.read_part(row["table"], "test", str(meta["target"]))
        model = AutoML(
            task=task, metric=metric, search=row["search"], time_budget=row["budget"], random_state=row["seed"],
            verbose=0,
        )  # fmt: skip
        started = time.monotonic()
        model.fit(X, y)
        row["wall"] = round(time.monotonic() - started, 2)
        board, told, weights = model.leaderboard(), model.search_report(), model.ensemble_weights_
        singles = board[board["rank"].notna() & (board["family"] != "ensemble")]
        texts = {trial.number: trial.candidate.text for trial in model.trials_}
        row |= {"cv": model.best_score_, "single_cv": singles["score"].iloc[0], "best": texts[singles["id"].iloc[0]]}
        row |= {"whole": len(singles), "candidates": int(told["candidates"].sum())}
        row["members"] = json.dumps({texts[number]: round(weight, 4) for number, weight in weights.items()})
        row["report"] = told.to_json(orient="records")
        row |= {"share_in_jobs": model.time_report_["share_in_jobs"], "asking": model.time_report_["propose"]}
        row["score"] = support.score(metric, truth, model, test)
        row["single"] = support.score(metric, truth, model.best_pipeline_, test)
    except Exception as error:  # a fit that fails is a result; the batch goes on
        row["error"] = support.reason(error)
    return row


def batch(names: list[str], options: argparse.Namespace) -> None:
    """All fits that the file lacks, each in a process of its own."""
    metas, rows = support.read_tables(), support.read_rows(options.results, FIELDS)
    done = {key(row) for row in rows if not row["error"]}
    asked = [
        {"label": options.label, "table": name, "search": search, "budget": options.budget, "seed": seed}
        for seed in options.seeds for name in names for search in options.searches
    ]  # fmt: skip
    left = [row for row in asked if key(row) not in done]
    print(f"{len(left)} fits, about {support.duration(len(left) * (options.budget + EXTRA))}.", flush=True)
    spawn = multiprocessing.get_context("spawn")
    for row in left:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            ended = pool.submit(fit, row, metas[row["table"]]).result()
        support.add_row(options.results, ended)
        told = ended.get("error") or f"{shown(ended['score'])} ({shown(number(ended['cv']))} on validation)"
        print(f"{row['table']} {row['search']} {row['seed']}: {told}", flush=True)


def key(row: Row) -> Key:
    """What names a fit."""
    return row["label"], row["table"], row["search"], float(row["budget"]), int(row["seed"])


# ---- the report


def report(rows: list[Row], markdown: bool) -> None:
    """Everything, table by table and over all."""
    frame = pd.DataFrame([row for row in support.latest(rows, key).values() if not row["error"]])
    if frame.empty:
        raise SystemExit("There are no such fits.")
    for name in (*MEASURES, "whole", "wall", "share_in_jobs"):
        frame[name] = frame[name].map(number)
    searches = [name for name in SEARCHES if name in set(frame["search"])]
    searches += [name for name in dict.fromkeys(frame["search"]) if name not in searches]
    lines = [_line(name, runs, searches) for name, runs in frame.groupby("table", sort=False)]
    print(
        "Test of what is handed over · validation of the best single candidate · whole candidates; medians of seeds\n"
    )
    support.show(pd.DataFrame(lines), markdown)
    print(f"\nMean rank over {len(lines)} tables (loss above that of auto)\n")
    support.show(pd.DataFrame([over_all(frame, search) for search in searches]), markdown)
    for row in rows:
        if row["error"]:
            print(f"* {row['table']} {row['search']} {row['seed']}: {row['error']}")


def _line(table: str, runs: pd.DataFrame, searches: list[str]) -> Row:
    line: Row = {"table": f"{table} ({runs['metric'].iloc[0]})"}
    for search in searches:
        mine = runs[runs["search"] == search][["score", "single_cv", "whole"]].median()
        line[search] = f"{shown(mine['score'])} · {shown(mine['single_cv'])} · {mine['whole']:.0f}"
    return line


def over_all(frame: pd.DataFrame, search: str) -> Row:
    """Mean rank of a search, and its losses in percent above those of `auto` with the standard error over tables."""
    line: Row = {"search": search}
    for name, title in MEASURES.items():
        losses = frame.assign(loss=[support.loss(row.metric, getattr(row, name)) for row in frame.itertuples()])
        table = losses.pivot_table(index=["table", "seed"], columns="search", values="loss").dropna()
        beside = "auto" if "auto" in table else table.columns[0]
        above = (100 * (table[search] / table[beside] - 1)).groupby("table").mean()
        error = above.std() / math.sqrt(len(above)) if len(above) > 1 else math.nan
        line[title] = f"{table.rank(axis=1)[search].mean():.2f} ({above.mean():+.2f} ± {error:.2f} %)"
    mine = frame[frame["search"] == search]
    line["share of cores in jobs"] = f"{statistics.median(mine['share_in_jobs']):.2f}"
    line["s"] = f"{mine['wall'].median():.1f}"
    return line


def _chosen(options: argparse.Namespace) -> list[Row]:
    rows = support.read_rows(options.results, FIELDS, write=False)
    return [row for row in rows if row["label"] == options.label and float(row["budget"]) == options.budget]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=TABLES, help="names, or all")
    parser.add_argument("--searches", nargs="+", default=SEARCHES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--budget", type=float, default=60, help="seconds of a fit")
    parser.add_argument("--label", default="now", help="names a state of the code; fits of one label are not repeated")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "search.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--bounds", action="store_true", help="count winning values at bounds of their ranges")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    if options.bounds:
        import search_bounds

        search_bounds.report(support.read_rows(options.results, FIELDS, write=False), not options.plain)
    elif options.report:
        report(_chosen(options), not options.plain)
    else:
        batch(support.checked(options.tables, support.read_tables()), options)


if __name__ == "__main__":
    main()
