"""Fits tables of `../shared/datasets` by the command line, as a user would, and scores the test part.

    python benchmarks/tables.py --tables all --seeds auto --budget 60 --label NAME
    python benchmarks/tables.py --report --label NAME --markdown

One row a run is appended to `benchmarks/results/tables.csv` as it ends; runs that are there already are skipped, failed
ones too (`--again` repeats those). A run that fails is a row with an error. `wall` is the command line's time from
start to end; predicting and scoring come after it, and the test part is read for them alone. Run it on an otherwise
idle machine. `--report` prints the median over seeds beside HistGradientBoosting and the peers.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import support
from support import Key, Meta, Row, change, loss, number, shown

FIELDS = [
    "label", "table", "budget", "seed", "metric", "score", "single", "cv", "wall", "trials", "origins", "failures",
    "share_in_jobs", "report", "predict_s", "commit", "error", "peak_mb",
]  # fmt: skip
SMALL, SEEDS = 2_000, (0, 1, 2)  # tables of fewer training rows are fitted with several seeds: their scores are noisy
EXTRA = 8.0  # seconds of a run beside its budget: loading the model, predicting, scoring
HANGS = 4.0  # a fit is killed after so many times its budget, and a minute


def run(name: str, meta: Meta, budget: float, seed: int) -> Row:
    """Fit, predict and score one table; what goes wrong is in `error`."""
    row: Row = {"table": name, "budget": budget, "seed": seed, "metric": meta["metric"], "commit": support.commit()}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model"
        train = str(support.DATASETS / name / "train.csv.gz")
        command = [sys.executable, "-m", "automl", "fit", train, "--target", str(meta["target"]), "--out", str(out)]
        command += ["--time-budget", str(budget), "--seed", str(seed)]
        started = time.monotonic()
        try:
            with support.Peak() as peak:
                done = subprocess.run(
                    command, cwd=support.ROOT, capture_output=True, text=True, errors="replace",
                    stdin=subprocess.DEVNULL, timeout=HANGS * budget + 60, env=support.environment(),
                )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            return row | {"wall": round(time.monotonic() - started, 2), "error": f"fit hangs: {error.timeout:.0f} s"}
        row |= {"wall": round(time.monotonic() - started, 2), "peak_mb": round(peak.megabytes)}
        if done.returncode:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            return row | {"error": f"fit ends with exit code {done.returncode}: {last}"[:500]}
        try:
            fill(row, out, name, meta)
        except Exception as error:  # a table that fails is a result; the batch goes on
            row["error"] = support.reason(error)
    return row


def fill(row: Row, out: Path, name: str, meta: Meta) -> None:
    """What the fitted model says of its run, and what it is worth on the test part."""
    from automl import AutoML

    model = AutoML.load(out)
    board = model.leaderboard()
    row |= {
        "cv": model.best_score_, "trials": int((board["status"] == "ok").sum()), "failures": len(model.failures_),
        "origins": json.dumps(board["origin"].value_counts().to_dict()), "report": json.dumps(model.time_report_),
        "share_in_jobs": model.time_report_["share_in_jobs"],
    }  # fmt: skip
    test, truth = support.read_part(name, "test", str(meta["target"]))
    started = time.monotonic()
    row["score"] = support.score(str(meta["metric"]), truth, model, test)
    row["predict_s"] = round(time.monotonic() - started, 3)
    row["single"] = support.score(str(meta["metric"]), truth, model.best_pipeline_, test)


# ---- the report


def best_of_peers() -> dict[str, dict[str, float]]:
    """Score of each peer on each table: the median over seeds of its best preset there (which flatters the peer)."""
    if not support.PEERS.exists():
        return {}
    frame = pd.read_csv(support.PEERS).dropna(subset=["score"])
    frame["preset"] = frame["preset"].fillna("")
    found: dict[str, dict[str, float]] = {}
    for (table, label, _, metric), runs in frame.groupby(["dataset", "peer", "preset", "metric"]):
        peer, value = label.partition("+")[0], float(runs["score"].median())
        scores = found.setdefault(table, {})
        if peer not in scores or loss(metric, value) < loss(metric, scores[peer]):
            scores[peer] = value
    return found


def summary(name: str, runs: list[Row], meta: Meta, peers: dict[str, float]) -> Row:
    """One table: medians, and where they stand."""
    metric = str(meta["metric"])
    good = [run for run in runs if not math.isnan(number(run["score"]))]
    ours = statistics.median(number(run["score"]) for run in good) if good else math.nan
    mine = loss(metric, ours)
    losses = {peer: loss(metric, value) for peer, value in peers.items()}
    best = min(losses, key=losses.__getitem__) if losses else None
    singles = [number(run["single"]) for run in good if run["single"]]
    return {
        "table": name, "metric": metric, "seeds": len(good), "ours": ours,
        "single": statistics.median(singles) if singles else math.nan,
        "hgb_default": float(meta.get("hgb_default", math.nan)), "hgb_tfidf": float(meta.get("hgb_tfidf", math.nan)),
        "rank": 1 + sum(other < mine for other in losses.values()) if good and losses else None,
        "of": 1 + len(losses), "behind": change(metric, ours, peers[best]) if good and best else math.nan,
        "wall": max((number(run["wall"]) for run in runs if run["wall"]), default=math.nan),
        "trials": statistics.median(number(run["trials"]) for run in good) if good else math.nan,
        "failed_trials": sum(int(run["failures"] or 0) for run in runs),
        "failed_runs": sum(bool(run.get("error")) or math.isnan(number(run["score"])) for run in runs),
    }  # fmt: skip


def verdicts(found: list[Row]) -> list[str]:
    """What holds over all tables, a sentence each."""
    lines = []
    done = [row for row in found if not math.isnan(row["ours"])]
    for reference in ("hgb_default", "hgb_tfidf"):
        against = [row for row in done if not math.isnan(row[reference])]
        lost = [row["table"] for row in against if change(row["metric"], row["ours"], row[reference]) >= 0]
        text = f"Better than {reference} on {len(against) - len(lost)} of {len(against)} tables"
        lines.append(text + (f" (not on {', '.join(lost)})." if lost else "."))
    ranked = [row for row in done if row["rank"] is not None]
    if ranked:
        field = statistics.mean(row["of"] for row in ranked)
        first = [row["table"] for row in ranked if row["rank"] == 1]
        behind = [row["behind"] for row in ranked]
        worst = max(ranked, key=lambda row: row["behind"])
        mean_rank = statistics.mean(row["rank"] for row in ranked)
        lines.append(f"Mean rank {mean_rank:.2f} among {field:.1f} on average, us included.")
        lines.append(f"First on {len(first)} of {len(ranked)} tables{': ' + ', '.join(first) if first else ''}.")
        figures = f"median {statistics.median(behind):+.1f} %, mean {statistics.mean(behind):+.1f} %"
        figures += f", at worst {worst['behind']:+.1f} % ({worst['table']})"
        lines.append(f"Loss beside the best peer's: {figures}. The loss of ROC AUC is 1 - AUC.")
    failed = [row["table"] for row in found if row["failed_runs"]]
    count = sum(row["failed_runs"] for row in found)
    lines.append(f"Runs that failed: {count}{' on ' + ', '.join(failed) if failed else ''}.")
    return lines


def report(rows: list[Row], tables: dict[str, Meta], label: str, budget: float, markdown: bool) -> None:
    """Medians over seeds beside HistGradientBoosting and the peers, and what they come to."""
    chosen = [
        row for row in support.latest(rows, key).values() if row["label"] == label and float(row["budget"]) == budget
    ]
    if not chosen:
        present = sorted({f"{row['label']} ({float(row['budget']):g} s)" for row in rows})
        raise SystemExit(f"No run has label {label!r} and a budget of {budget:g} s; there are {', '.join(present)}.")
    peers = best_of_peers()
    names = [name for name in tables if any(row["table"] == name for row in chosen)]
    found = [
        summary(name, [row for row in chosen if row["table"] == name], tables[name], peers.get(name, {}))
        for name in names
    ]
    everyone = sorted({peer for name in names for peer in peers.get(name, {})})
    lines = [
        {
            "table": row["table"], "metric": row["metric"], "seeds": row["seeds"], "ours": shown(row["ours"]),
            "single": shown(row["single"]), "hgb": shown(row["hgb_default"]), "hgb tf-idf": shown(row["hgb_tfidf"]),
            **{peer: shown(peers.get(row["table"], {}).get(peer, math.nan)) for peer in everyone},
            "rank": f"{row['rank']} of {row['of']}" if row["rank"] else "",
            "to best peer": "" if math.isnan(row["behind"]) else f"{row['behind']:+.1f} %",
            "wall, s": "" if math.isnan(row["wall"]) else f"{row['wall']:.0f}", "trials": shown(row["trials"]),
            "failed trials": row["failed_trials"], "failed runs": row["failed_runs"],
        }
        for row in found
    ]  # fmt: skip
    support.show(pd.DataFrame(lines), markdown)
    print()
    for line in verdicts(found):
        print(f"* {line}" if markdown else line)
    for row in chosen:
        if row.get("error"):
            print(f"{'* ' if markdown else ''}{row['table']} seed {row['seed']}: {row['error']}")


# ---- the batch


def key(row: Row) -> Key:
    """What names a run."""
    return row["label"], row["table"], float(row["budget"]), int(row["seed"])


def seeds_of(wanted: list[str], meta: Meta) -> list[int]:
    """Numbers as they are; "auto" by the size of the table."""
    found: list[int] = []
    for text in wanted:
        if text == "auto":
            found += SEEDS if int(meta["rows_train"]) < SMALL else SEEDS[:1]
        else:
            found.append(int(text))
    return list(dict.fromkeys(found))


def seed(text: str) -> str:
    """A seed, or "auto"."""
    if text != "auto" and not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be whole numbers or auto; got {text!r}")
    return text


def batch(names: list[str], seeds: list[str], budget: float, label: str, results: Path, again: bool = False) -> None:
    """Fit the tables with these seeds; what a label has already is skipped."""
    tables, rows = support.read_tables(), support.read_rows(results, FIELDS)
    done = {one for one, row in support.latest(rows, key).items() if not (again and row["error"])}
    wanted = [(name, s) for name in support.checked(names, tables) for s in seeds_of(seeds, tables[name])]
    wanted = [one for one in wanted if (label, one[0], budget, one[1]) not in done]
    wanted.sort(key=lambda one: one[1])  # a seed of all tables before the next
    print(f"{len(wanted)} runs, about {support.duration(len(wanted) * (budget + EXTRA))}.", flush=True)
    for name, s in wanted:
        row = {"label": label, **run(name, tables[name], budget, s)}
        support.add_row(results, row)
        said = row["error"] if row.get("error") else shown(row["score"])
        print(f"{name} seed {s}: {said} in {row['wall']} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=["all"], help="names, or all (the default)")
    parser.add_argument("--seeds", nargs="+", type=seed, default=["0"], help=f"auto: 0 1 2 below {SMALL} training rows")
    parser.add_argument("--budget", type=float, default=60, help="seconds of a fit")
    parser.add_argument("--label", default="now", help="names a state of the code; runs of one label are not repeated")
    parser.add_argument("--again", action="store_true", help="repeat the runs that failed")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "tables.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    if options.report:
        rows = support.read_rows(options.results, FIELDS, write=False)
        report(rows, support.read_tables(), options.label, options.budget, options.markdown)
    else:
        batch(options.tables, options.seeds, options.budget, options.label, options.results, options.again)


if __name__ == "__main__":
    main()
