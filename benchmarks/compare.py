"""Us beside other libraries, table by table and by size: runs of `tables.py` at several budgets, against the peers'.

    python benchmarks/compare.py --tables all --seeds 0 --budget 10 60 300 --label NAME
    python benchmarks/compare.py --report --budget 10 60 300 --label NAME --markdown

Runs are kept where `tables.py` keeps them, one row each as it ends, and skipped where they are there already. The peers
had 60 s whatever our budget. "autogluon better of two" is the better of its two presets on each table, which nobody
knows beforehand. A scaled gap is (loss - best loss) / (median loss - best loss) over all that ran on the table, at most
1: 0 is the best of all, 1 is no better than the middle of the field.
"""

from __future__ import annotations

import argparse
import math
import statistics
from pathlib import Path

import pandas as pd
import support
import tables
from support import Meta, Row, loss, number, shown

US, BETTER = "us", "autogluon better of two"
LARGE = 10_000  # training rows from which a table is a large one
NAMES = {"autogluon": "autogluon best", "autogluon+medium_quality": "autogluon medium"}


def peers() -> dict[str, dict[str, Row]]:
    """By table and peer, the medians over seeds of loss, seconds of predicting and memory."""
    frame = pd.read_csv(support.PEERS).dropna(subset=["score"])
    frame["loss"] = [loss(metric, value) for metric, value in zip(frame["metric"], frame["score"], strict=True)]
    found: dict[str, dict[str, Row]] = {}
    for (table, peer), runs in frame.groupby(["dataset", "peer"]):
        middle = runs[["loss", "predict_s", "peak_memory_mb"]].median()
        found.setdefault(table, {})[NAMES.get(peer, peer)] = middle.to_dict()
    for rows in found.values():
        presets = [rows[name] for name in NAMES.values() if name in rows]
        if presets:
            rows[BETTER] = min(presets, key=lambda row: row["loss"])
    return found


def ours(rows: list[Row], meta: Meta) -> Row | None:
    """The medians over seeds of one table's runs at one budget; None where all failed."""
    good = [row for row in rows if not math.isnan(number(row["score"]))]
    if not good:
        return None
    metric = str(meta["metric"])
    return {
        "loss": loss(metric, statistics.median(number(row["score"]) for row in good)),
        "score": statistics.median(number(row["score"]) for row in good),
        "predict_s": statistics.median(number(row["predict_s"]) for row in good),
        "peak_memory_mb": statistics.median(number(row["peak_mb"]) for row in good),
        "overrun": max(number(row["wall"]) / number(row["budget"]) for row in good),
    }


def gap(mine: float, others: list[float]) -> float:
    """Scaled gap of a loss to the best one."""
    best, middle = min([mine, *others]), statistics.median([mine, *others])
    return min(1.0, (mine - best) / (middle - best)) if middle > best else float(mine > best)


def compared(name: str, meta: Meta, mine: Row | None, others: dict[str, Row]) -> Row:
    """One table: the rank among all that ran on it, and whom we beat."""
    losses = {peer: row["loss"] for peer, row in others.items()}
    field = [value for peer, value in losses.items() if peer != BETTER]
    own = mine["loss"] if mine else math.inf
    return {
        "table": name, "rows": int(meta["rows_train"]), "metric": meta["metric"],
        "ours": mine["score"] if mine else math.nan,
        "rank": 1 + sum(value < own for value in field), "of": 1 + len(field), "gap": gap(own, field) if mine else 1.0,
        "won": {peer: own < value for peer, value in losses.items()},
        "behind": {peer: 100 * (own / value - 1) for peer, value in losses.items()} if mine else {},
        "overrun": mine["overrun"] if mine else math.nan, "predict_s": mine["predict_s"] if mine else math.nan,
        "medium_predict_s": others.get(NAMES["autogluon+medium_quality"], {}).get("predict_s", math.nan),
        "peak_mb": mine["peak_memory_mb"] if mine else math.nan,
    }  # fmt: skip


def summary(found: list[Row], title: str) -> list[str]:
    """What holds over some tables, a sentence each."""
    if not found:
        return []
    rank, field, gaps = (statistics.mean(row[name] for row in found) for name in ("rank", "of", "gap"))
    first = sum(row["rank"] == 1 for row in found)
    means = f"mean rank {rank:.2f} of {field:.1f}, mean scaled gap {gaps:.3f}"
    lines = [f"{title} ({len(found)} tables): {means}, first on {first}."]
    everyone = sorted({peer for row in found for peer in row["won"]})
    for peer in everyone:
        met = [row for row in found if peer in row["won"]]
        lost = sorted((row for row in met if not row["won"][peer]), key=lambda row: -row["behind"].get(peer, math.inf))
        named = ", ".join(f"{row['table']} ({row['behind'].get(peer, math.inf):+.1f} %)" for row in lost)
        text = f"better than {peer} on {len(met) - len(lost)} of {len(met)}"
        lines.append(f"  {text}; not on {named}." if lost else f"  {text}.")
    return lines


def middle(found: list[Row], name: str) -> float:
    """Median of what is known."""
    values = [row[name] for row in found if not math.isnan(row[name])]
    return statistics.median(values) if values else math.nan


def report(rows: list[Row], metas: dict[str, Meta], label: str, budget: float, markdown: bool) -> None:
    """One budget: table by table, then all, large and small ones."""
    chosen = [
        row
        for row in support.latest(rows, tables.key).values()
        if row["label"] == label and float(row["budget"]) == budget
    ]
    names = [name for name in metas if any(row["table"] == name for row in chosen)]
    if not names:
        raise SystemExit(f"No run has label {label!r} and a budget of {budget:g} s.")
    others = peers()
    found = [
        compared(
            name, metas[name], ours([row for row in chosen if row["table"] == name], metas[name]), others.get(name, {})
        )
        for name in names
    ]
    print(f"{'## ' if markdown else ''}{label}, {budget:g} s\n")
    lines = [
        {
            "table": row["table"], "rows": row["rows"], "metric": row["metric"], "ours": shown(row["ours"]),
            "rank": f"{row['rank']} of {row['of']}", "scaled gap": f"{row['gap']:.2f}",
            f"to {BETTER}": f"{row['behind'].get(BETTER, math.nan):+.1f} %",
            "seconds / budget": f"{row['overrun']:.3f}",
            "predicting, s": shown(row["predict_s"]), "peak, MB": shown(row["peak_mb"]),
        }
        for row in found
    ]  # fmt: skip
    support.show(pd.DataFrame(lines), markdown)
    print()
    parts = {
        "All": found,
        f"From {LARGE:,} rows": [row for row in found if row["rows"] >= LARGE],
        f"Below {LARGE:,} rows": [row for row in found if row["rows"] < LARGE],
    }
    for title, part in parts.items():
        print("\n".join(f"{'* ' if markdown else ''}{line}" for line in summary(part, title)))
    medians = {name: shown(middle(found, name)) for name in ("predict_s", "medium_predict_s", "peak_mb")}
    worst = max((row["overrun"] for row in found if row["behind"]), default=math.nan)
    predicting = f"{medians['predict_s']} s (autogluon medium {medians['medium_predict_s']} s)"
    text = f"Most seconds / budget {worst:.3f}; medians: predicting the test part {predicting}"
    print(f"{'* ' if markdown else ''}{text}, peak memory {medians['peak_mb']} MB.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=["all"], help="names, or all (the default)")
    parser.add_argument("--seeds", nargs="+", type=tables.seed, default=["0"], help="numbers, or auto")
    parser.add_argument("--budget", nargs="+", type=float, default=[60.0], help="seconds of a fit, one or several")
    parser.add_argument("--label", default="now", help="names a state of the code; runs of one label are not repeated")
    parser.add_argument("--again", action="store_true", help="repeat the runs that failed")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "tables.csv")
    parser.add_argument("--report", action="store_true", help="only say what the runs that are there come to")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    metas = support.read_tables()
    for budget in [] if options.report else options.budget:
        tables.batch(options.tables, options.seeds, budget, options.label, options.results, again=options.again)
    rows = support.read_rows(options.results, tables.FIELDS, write=False)
    for budget in options.budget:
        report(rows, metas, options.label, budget, options.markdown)


if __name__ == "__main__":
    main()
