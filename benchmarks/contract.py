"""What `AutoML` promises of its budget, measured: every run a fresh process, every finished run a row of a file.

    python benchmarks/contract.py overrun --tables all --budgets 10 60 --label NAME
    python benchmarks/contract.py faults --label NAME
    python benchmarks/contract.py resume --label NAME
    python benchmarks/contract.py rows --rows 1000 10000 100000 1000000 --label NAME
    python benchmarks/contract.py fidelity --schedules none halving hyperband auto --label NAME
    python benchmarks/contract.py report --label NAME

`overrun`: wall seconds over the budget, and how busy the cores were. `faults`: what broke, and what was lost.
`resume`: runs killed once at a random moment and started again, beside uninterrupted ones. `rows`: score, memory and
overrun by the number of rows. `fidelity`: schedules at an equal budget. Runs that `benchmarks/results/` holds under the
label are skipped (`--again` repeats those that failed). Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

import contract_report
import contract_runs
import support
from support import Key, Row

MEASURED = ["metric", "wall", "score", "validation", "trials", "complete", "candidates", "failures", "stop_reason",
            "share_in_jobs", "cores", "phases", "peak_rss_gb", "peak_pss_gb"]  # fmt: skip
LAST = ["commit", "error"]
FIELDS = {
    "overrun": ["label", "table", "budget", "seed", *MEASURED, *LAST],
    "faults": ["label", "fault", "what happened", "what was lost", "model", "seconds", *LAST],
    "resume": ["label", "table", "seed", "trials", "killed_at", "wall_whole", "wall_resumed", "late", "finished_before",
               "unfinished", "kept", "spent_before", "went_on_at", "counts", "same_board", "same_predictions",
               "score_whole", "score_resumed", "stop_reason", *LAST],
    "rows": ["label", "rows", "budget", "seed", *MEASURED, "hgb", "hgb_seconds", *LAST],
    "fidelity": ["label", "table", "schedule", "budget", "seed", *MEASURED, "trajectory", *LAST],
}  # fmt: skip
KEYS = {
    "overrun": ["table", "budget", "seed"], "faults": ["fault"], "resume": ["table", "seed"],
    "rows": ["rows", "budget", "seed"], "fidelity": ["table", "schedule", "budget", "seed"],
}  # fmt: skip
FILES = {name: support.RESULTS / f"contract_{name}.csv" for name in FIELDS} | {
    "fidelity": support.RESULTS / "fidelity.csv"
}
LARGE = ("adult", "letter", "hotel_bookings", "bird_strikes", "us_births", "covertype_20k", "california_housing",
         "shelter_animals")  # fmt: skip
KILLED = ("titanic", "insurance", "credit_g", "soybean")
TRIALS = 15  # of a run that is killed and resumed
MILLION_BUDGET, ROWS_BUDGET = 300.0, 60.0
MEMORY = "8GB"
EXTRA = 120.0  # seconds of a run beside twice its budget, before it counts as hanging


def key_of(name: str) -> Callable[[Row], Key]:
    """What names a run of a file."""
    return lambda row: tuple(str(_plain(row[field])) for field in ["label", *KEYS[name]])


def _plain(value: Any) -> Any:
    return float(value) if str(value).replace(".", "", 1).isdigit() else value


def batch(name: str, options: argparse.Namespace, wanted: Iterable[Row], run: Callable[[Row], Row]) -> None:
    """Do what the file does not hold, and add each row at once."""
    rows = support.read_rows(FILES[name], FIELDS[name])
    key = key_of(name)
    done = {found for found, row in support.latest(rows, key).items() if not (options.again and row["error"])}
    left = [one for one in wanted if key({"label": options.label, **one}) not in done]
    print(f"{name}: {len(left)} runs.", flush=True)
    for one in left:
        row = {"label": options.label, **one, "commit": support.commit(), **run(one)}
        support.add_row(FILES[name], {field: row.get(field, "") for field in FIELDS[name]})
        said = row.get("error") or ", ".join(f"{field} {row[field]}" for field in ("wall", "score") if field in row)
        print(" ".join(str(one[field]) for field in KEYS[name]), said or "done", flush=True)


def overrun(options: argparse.Namespace) -> None:
    """Wall seconds from call to return, over the budget."""
    names = support.checked(options.tables or ["all"], support.read_tables())
    wanted = [
        {"table": name, "budget": budget, "seed": seed}
        for seed in options.seeds or [0] for budget in options.budgets or [10.0, 60.0] for name in names
    ]  # fmt: skip

    def run(one: Row) -> Row:
        return contract_runs.measured({**one, "arguments": {"time_budget": one["budget"]}}, 2 * one["budget"] + EXTRA)

    batch("overrun", options, wanted, run)


def faults(options: argparse.Namespace) -> None:
    """The rows of `faults.table()`, kept."""
    from faults import table

    support.read_rows(FILES["faults"], FIELDS["faults"])
    commit = support.commit()
    for row in table():
        support.add_row(FILES["faults"], {"label": options.label, "commit": commit, **_known(row, FIELDS["faults"])})


def _known(row: Row, fields: list[str]) -> Row:
    return {name: value for name, value in row.items() if name in fields}


def resume(options: argparse.Namespace) -> None:
    """Runs of one job at a time with a number of trials, killed once and started again."""
    names = support.checked(options.tables or KILLED, support.read_tables())
    wanted = [{"table": name, "seed": seed} for seed in options.seeds or range(5) for name in names]
    arguments = {"n_jobs": 1, "max_trials": options.trials}
    batch("resume", options, wanted, lambda one: contract_runs.resumed(one["table"], one["seed"], arguments, 900.0))


def rows(options: argparse.Namespace) -> None:
    """Score, memory and overrun by the number of rows."""
    wanted = [
        {"rows": n, "budget": budget, "seed": seed}
        for seed in options.seeds or [0] for n in options.rows
        for budget in options.budgets or [MILLION_BUDGET if n >= 10**6 else ROWS_BUDGET]
    ]  # fmt: skip

    def run(one: Row) -> Row:
        arguments = {"time_budget": one["budget"], "memory_limit": options.memory_limit}
        spec = {**one, "arguments": arguments, "reference": True}
        return contract_runs.measured(spec, 2 * one["budget"] + EXTRA + one["rows"] / 1e3)

    batch("rows", options, wanted, run)


def fidelity(options: argparse.Namespace) -> None:
    """Schedules at an equal budget; a table's schedules run one after the other."""
    from automl import AutoML

    scheduled = "schedule" in AutoML._get_param_names()
    if not scheduled and set(options.schedules) - {"none"}:
        raise SystemExit("AutoML of this checkout has no argument schedule; give --schedules none.")
    names = support.checked(options.tables or LARGE, support.read_tables())
    wanted = [
        {"table": name, "schedule": schedule, "budget": budget, "seed": seed}
        for budget in options.budgets or [20.0] for seed in options.seeds or [0, 1] for name in names
        for schedule in options.schedules
    ]  # fmt: skip

    def run(one: Row) -> Row:
        arguments = {"time_budget": one["budget"], **({"schedule": one["schedule"]} if scheduled else {})}
        spec = {**one, "arguments": arguments, "trajectory": True}
        return contract_runs.measured(spec, 2 * one["budget"] + EXTRA)

    batch("fidelity", options, wanted, run)


def report(options: argparse.Namespace) -> None:
    """Everything that the files hold of a label, as Markdown."""
    for name in options.parts:
        found = support.read_rows(FILES[name], FIELDS[name], write=False)
        mine = [row for row in support.latest(found, key_of(name)).values() if row["label"] == options.label]
        contract_report.PARTS[name](mine)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="command")
    for function in (overrun, faults, resume, rows, fidelity, report):
        command = commands.add_parser(function.__name__, help=(function.__doc__ or "").rstrip("."))
        command.set_defaults(run=function)
        command.add_argument("--label", default="now", help="names a state of the code")
        if function is report:
            command.add_argument("--parts", nargs="+", choices=list(FIELDS), default=list(FIELDS))
            continue
        command.add_argument("--again", action="store_true", help="repeat the runs that failed")
        if function is faults:
            continue
        command.add_argument("--seeds", nargs="+", type=int)
        if function is not rows:
            command.add_argument("--tables", nargs="+", help="names, or all")
        if function is not resume:
            command.add_argument("--budgets", "--budget", nargs="+", type=float, help="seconds of a fit")
        if function is resume:
            command.add_argument("--trials", type=int, default=TRIALS)
        if function is rows:
            command.add_argument("--rows", nargs="+", type=int, default=[10**3, 10**4, 10**5, 10**6])
            command.add_argument("--memory-limit", default=MEMORY)
        if function is fidelity:
            command.add_argument("--schedules", nargs="+", default=["none", "halving", "hyperband", "auto"])
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
