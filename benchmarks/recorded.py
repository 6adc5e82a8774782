"""What strategies are worth: searches on tables of which thousands of candidates are known, each in seconds.

::

    python benchmarks/recorded.py record --count 2000 --jobs 2        # hours; may be stopped, and goes on
    python benchmarks/recorded.py surrogate                           # how true the surrogates are
    python benchmarks/recorded.py replay --seeds 30                   # all strategies
    python benchmarks/recorded.py replay --strategies auto "tpe(startup=10)" "auto without gp" random:lightgbm:4
    python benchmarks/recorded.py replay --dimensions mlp --label dimensions         # it has 16
    python benchmarks/recorded.py report
    python benchmarks/recorded.py plot

`record` evaluates candidates (`recorded_pool.py`: portfolio, random draws, trees, children of the best) as `fit` would,
on one thread each, and keeps validation loss, losses of the folds, loss on the test part, and seconds of the process in
`results/recorded/TABLE.csv.gz`. Boosters and networks end by the clock, others are cut where they take longer than
`--limit`. `surrogate` says how forests rank candidates that they have not seen (`recorded_surrogate.py`), `replay` runs
strategies on these forests (`recorded_replay.py`), one row a search in `results/strategies.csv`; `report` and `plot`
say what came of it (`recorded_report.py`). Rows that are there are not made again.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import recorded_table
import support

FILE = support.RESULTS / "strategies.csv"
PLOT = support.ROOT / "docs" / "strategies.svg"


def record(options: argparse.Namespace) -> None:
    """Record candidates, table after table."""
    import recorded_runs

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name in options.tables or recorded_table.TABLES:
            recorded_runs.record(name, options.count, options.limit, options.jobs, options.folder)
    except KeyboardInterrupt:
        print("Stopped; the same command goes on.")


def surrogate(options: argparse.Namespace) -> None:
    """Print how forests rank candidates that they have not seen."""
    from recorded_surrogate import Surrogate, truth

    for name in _tables(options):
        found = Surrogate(recorded_table.Problem(name).space, recorded_table.read(name, options.folder))
        ended = found.frame["loss"].notna().sum()
        print(f"\n{name}: {len(found.frame)} candidates, {ended} ended, {found.frame['seconds'].sum():.0f} s\n")
        support.show(pd.DataFrame(truth(found.held_out())), not options.plain)


def replay(options: argparse.Namespace) -> None:
    """Run the searches that the file lacks."""
    import recorded_replay
    import recorded_strategies
    from recorded_replay import FIELDS

    from automl.errors import ArgumentError
    from automl.space.reader import read_space
    from automl.strategies import STRATEGIES
    from automl.strategies.base import NO_CONTEXT

    texts = options.strategies or [*STRATEGIES.names, *recorded_strategies.ABLATIONS]
    if options.dimensions:
        texts = recorded_strategies.dimensions(options.dimensions)
    try:
        for text in texts:
            recorded_strategies.strategy_of(text, read_space(), NO_CONTEXT)
    except ArgumentError as error:
        raise SystemExit(str(error)) from error
    rows = support.read_rows(options.results, FIELDS)
    done = {_key(row) for row in rows if not row["error"]}
    limits = options.seconds, options.trials, options.workers
    asked = recorded_replay.tasks(_tables(options), texts, options.seeds, limits, options.folder)
    left = [task for task in asked if (options.label, *map(str, task[:3]), *task[3:6]) not in done]
    commit = support.commit()
    for row in _map(recorded_replay.replay, left, options.jobs):
        support.add_row(options.results, {"label": options.label, **row, "commit": commit})
        told = row.get("error") or f"{row['loss']} after {row['tried']} trials and {row['spent']} s"
        print(f"{row['table']} {row['strategy']} {row['seed']}: {told}", flush=True)


def _map(work: Any, tasks: Sequence[Any], jobs: int) -> Any:
    """What comes of the tasks, in their order."""
    if jobs == 1:
        yield from map(work, tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, tasks, chunksize=5)


def _key(row: support.Row) -> support.Key:
    whole = row["label"], row["table"], row["strategy"], str(row["seed"])
    return (*whole, float(row["seconds"]), int(row["trials"]), int(row["workers"]))


def report(options: argparse.Namespace) -> None:
    """Print what came of the searches."""
    import recorded_report

    recorded_report.report(_searches(options), not options.plain)


def plot(options: argparse.Namespace) -> None:
    """Draw their curves."""
    import recorded_report

    recorded_report.plot(_searches(options), options.plot)
    print(options.plot)


def _searches(options: argparse.Namespace) -> pd.DataFrame:
    import recorded_report
    from recorded_replay import FIELDS

    rows = support.latest(support.read_rows(options.results, FIELDS, write=False), _key).values()
    wanted = [row for row in rows if not options.strategies or row["strategy"] in options.strategies]
    wanted = [row for row in wanted if not options.tables or row["table"] in options.tables]
    return recorded_report.read(wanted, options.label, (options.seconds, options.trials, options.workers))


def _tables(options: argparse.Namespace) -> list[str]:
    found = recorded_table.recorded(options.tables or recorded_table.TABLES, options.folder)
    if not found:
        raise SystemExit(f"Nothing is recorded in {options.folder}; run `recorded.py record` first.")
    return found


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("what", choices=["record", "surrogate", "replay", "report", "plot"])
    made.add_argument("--tables", nargs="+", help=f"of {', '.join(recorded_table.TABLES)}, or others of datasets.toml")
    made.add_argument("--count", type=int, default=2000, help="candidates of a table that are to be recorded")
    made.add_argument("--limit", type=float, default=5.0, help="seconds of the process that a recorded candidate has")
    made.add_argument("--jobs", type=int, default=1, help="processes side by side")
    made.add_argument("--strategies", nargs="+", help="names with options, ablations, random:FAMILY:N, grid:FAMILY:N")
    made.add_argument("--dimensions", metavar="FAMILY", help="random against grid, 2, 4, 8, 16 parameters of it")
    made.add_argument("--seeds", type=int, default=30, help="of each strategy on each table")
    made.add_argument("--seconds", type=float, default=120, help="recorded ones of a search")
    made.add_argument("--trials", type=int, default=200, help="of a search")
    made.add_argument("--workers", type=int, default=1, help="candidates of a search that run side by side")
    made.add_argument("--label", default="now", help="names a state of the code; its rows are not made twice")
    made.add_argument("--folder", type=Path, default=recorded_table.FOLDER, help="of what is recorded")
    made.add_argument("--results", type=Path, default=FILE)
    made.add_argument("--plot", type=Path, default=PLOT)
    made.add_argument("--plain", action="store_true", help="without the bars of markdown")
    return made


def main(given: Sequence[str] | None = None) -> None:
    options = parser().parse_args(given)
    {"record": record, "surrogate": surrogate, "replay": replay, "report": report, "plot": plot}[options.what](options)


if __name__ == "__main__":
    main()
