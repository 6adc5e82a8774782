"""What `contract.py report` prints: a Markdown table for each file of results, with medians and the worst."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Sequence

import pandas as pd
import support
from support import Row, change, number, shown


def _table(title: str, lines: Sequence[Row]) -> None:
    print(f"\n## {title}\n")
    if lines:
        support.show(pd.DataFrame(lines).fillna(""), markdown=True)
    else:
        print("No runs of this label.")


def _say(lines: Iterable[str]) -> None:
    print()
    for line in lines:
        print(f"* {line}")


def _errors(rows: Sequence[Row], fields: Sequence[str]) -> list[str]:
    return [f"Failed: {' '.join(str(row[field]) for field in fields)}: {row['error']}" for row in rows if row["error"]]


def _percent(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.1f} %"


def _budgets(rows: Sequence[Row]) -> list[float]:
    return sorted({float(row["budget"]) for row in rows})


# ---- overrun


def overrun(rows: Sequence[Row]) -> None:
    """Wall over budget by table; where the core seconds went."""
    good = [row for row in rows if not row["error"]]
    lines = []
    for name in dict.fromkeys(row["table"] for row in good):
        line: Row = {"table": name}
        for budget in _budgets(good):
            runs = [row for row in good if row["table"] == name and float(row["budget"]) == budget]
            if not runs:
                continue
            worst = max(runs, key=lambda row: number(row["wall"]))
            line |= {
                f"wall / {budget:g} s": f"{number(worst['wall']) / budget:.3f}",
                f"trials in {budget:g} s": shown(statistics.median(number(row["trials"]) for row in runs)),
                f"score at {budget:g} s": shown(statistics.median(number(row["score"]) for row in runs)),
                f"peak GB at {budget:g} s": shown(max(number(row["peak_pss_gb"]) for row in runs)),
            }
        lines.append(line)
    _table("Overrun", lines)
    said = []
    for budget in _budgets(good):
        runs = [row for row in good if float(row["budget"]) == budget]
        shares = [number(row["wall"]) / budget for row in runs]
        worst = max(runs, key=lambda row: number(row["wall"]))
        promised = sum(number(row["wall"]) <= max(1.02 * budget, budget + 1) for row in runs)
        said.append(
            f"{budget:g} s: wall / budget {statistics.median(shares):.3f} in the median, {max(shares):.3f} at worst "
            f"({worst['table']}, {number(worst['wall']) - budget:+.2f} s); as promised: {promised} of {len(runs)}."
        )
    _say([*said, *_errors(rows, ("table", "budget", "seed"))])
    _cores(good)


def _cores(rows: Sequence[Row]) -> None:
    lines = []
    for row in rows:
        cores = json.loads(row["cores"])
        total = sum(cores.values()) or 1.0
        shares = {f"{name}, %": f"{100 * seconds / total:.1f}" for name, seconds in cores.items()}
        head = {"table": row["table"], "budget": f"{float(row['budget']):g}"}
        lines.append({**head, **shares, "in jobs": _percent(number(row["share_in_jobs"]))})
    _table("Core seconds of the search", lines)
    said = []
    for budget in _budgets(rows):
        mine = [row for row in rows if float(row["budget"]) == budget]
        shares = [number(row["share_in_jobs"]) for row in mine]
        worst = min(mine, key=lambda row: number(row["share_in_jobs"]))
        text = f"{_percent(statistics.median(shares))} in the median, {_percent(min(shares))} at worst"
        said.append(f"{budget:g} s: share of the core time inside jobs {text} ({worst['table']}).")
    _say(said)


# ---- faults, resume, rows


def faults(rows: Sequence[Row]) -> None:
    """The fault table as it is."""
    fields = ("fault", "what happened", "what was lost", "model", "seconds")
    _table("Faults", [{field: row[field] for field in fields} for row in rows])


def resume(rows: Sequence[Row]) -> None:
    """One line a run that was killed and resumed."""
    good = [row for row in rows if not row["error"]]
    answers = {"True": "yes", "False": "no"}
    lines = [
        {
            "table": row["table"], "seed": row["seed"], "killed at, s": f"{number(row['killed_at']):.1f}",
            "of, s": f"{number(row['wall_whole']):.1f}", "resumed for, s": f"{number(row['wall_resumed']):.1f}",
            "finished before": row["finished_before"], "in flight": row["unfinished"],
            "kept": answers[row["kept"]], "seconds count": answers[row["counts"]],
            "same leaderboard": answers[row["same_board"]], "same predictions": answers[row["same_predictions"]],
        }
        for row in good
    ]  # fmt: skip
    _table("Resume", lines)
    questions = {
        "kept": "kept exactly the finished trials of the journal", "counts": "counted the seconds spent",
        "same_board": "ended with the leaderboard of the uninterrupted run",
        "same_predictions": "ended with its predictions",
    }  # fmt: skip
    said = [f"{sum(row[f] == 'True' for row in good)} of {len(rows)} {text}." for f, text in questions.items()]
    late = sum(row["late"] == "True" for row in good)
    _say([*said, f"{late} were killed after fit had returned.", *_errors(rows, ("table", "seed"))])


def rows(found: Sequence[Row]) -> None:
    """Score, memory and time by the number of rows."""
    good = sorted((row for row in found if not row["error"]), key=lambda row: number(row["rows"]))
    lines = [
        {
            "rows": f"{int(number(row['rows'])):,}", "budget, s": f"{float(row['budget']):g}", "seed": row["seed"],
            "wall / budget": f"{number(row['wall']) / float(row['budget']):.3f}", "trials": row["trials"],
            "in jobs": _percent(number(row["share_in_jobs"])), "peak RSS, GB": row["peak_rss_gb"],
            "pages once, GB": row["peak_pss_gb"], "metric": row["metric"], "score": shown(number(row["score"])),
            "hgb": shown(number(row["hgb"])), "hgb, s": row["hgb_seconds"],
            "loss beside hgb's": f"{change(row['metric'], number(row['score']), number(row['hgb'])):+.1f} %",
        }
        for row in good
    ]  # fmt: skip
    _table("Rows", lines)
    _say(_errors(found, ("rows", "budget", "seed")))


# ---- fidelity


def fidelity(found: Sequence[Row]) -> None:
    """Each schedule beside none."""
    good = [row for row in found if not row["error"]]
    schedules = list(dict.fromkeys(row["schedule"] for row in good))
    lines, pairs = [], []
    for table, budget in dict.fromkeys((row["table"], float(row["budget"])) for row in good):
        mine = [row for row in good if row["table"] == table and float(row["budget"]) == budget]
        line: Row = {"table": table, "budget": f"{budget:g}", "metric": mine[0]["metric"]}
        for schedule in schedules:
            runs = {row["seed"]: row for row in mine if row["schedule"] == schedule}
            base = {row["seed"]: row for row in mine if row["schedule"] == "none"}
            line[schedule] = _middle(number(row["score"]) for row in runs.values())
            both = [(base[seed], row) for seed, row in runs.items() if seed in base]
            line[f"{schedule}, s"] = _middle(reached(one, row) for one, row in both)
            line[f"{schedule}, candidates"] = _middle(number(row["candidates"]) for row in runs.values())
            pairs += [(schedule, one, row) for one, row in both if schedule != "none"]
        lines.append(line)
    _table("Schedules at an equal budget", lines)
    print("\nTest score; seconds to the final validation score of none (median of the seeds that reached it).")
    _say([*(_verdict(name, pairs) for name in schedules if name != "none"),
          *_errors(found, ("table", "schedule", "seed"))])  # fmt: skip


def _middle(values: Iterable[float]) -> str:
    present = [value for value in values if not math.isnan(value)]
    return shown(statistics.median(present)) if present else "never"


def reached(base: Row, row: Row) -> float:
    """Seconds until a run's best complete validation score was as good as the last one of `base`; NaN is never."""
    goal = json.loads(base["trajectory"])
    if not goal:
        return math.nan
    sign = -1.0 if row["metric"] in ("rmse", "log_loss") else 1.0
    steps = json.loads(row["trajectory"])
    return next((seconds for seconds, score in steps if sign * score >= sign * goal[-1][1] - 1e-12), math.nan)


def _verdict(schedule: str, pairs: Sequence[tuple[str, Row, Row]]) -> str:
    mine = [(base, row) for name, base, row in pairs if name == schedule]
    if not mine:
        return f"{schedule}: no run beside one of none."
    changes = [change(row["metric"], number(row["score"]), number(base["score"])) for base, row in mine]
    times = [reached(base, row) / max(0.01, reached(base, base)) for base, row in mine]
    quick = [share for share in times if not math.isnan(share)]
    text = f"in {statistics.median(quick):.2f} of its time in the median" if quick else "never"
    return (
        f"{schedule}: test loss beside that of none {statistics.median(changes):+.2f} % in the median, "
        f"{statistics.mean(changes):+.2f} % in the mean, {max(changes):+.2f} % at worst; better in "
        f"{sum(value < 0 for value in changes)} of {len(mine)} runs; its final validation score was reached by "
        f"{len(quick)} of {len(mine)}, {text}."
    )


PARTS: dict[str, Callable[[Sequence[Row]], None]] = {
    "overrun": overrun, "faults": faults, "resume": resume, "rows": rows, "fidelity": fidelity,
}  # fmt: skip
