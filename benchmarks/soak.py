"""A thousand small fits under random kills, limits and damage: what must hold holds in each of them.

::

    python benchmarks/soak.py --label mended                # 1,000 runs on two cores, half an hour
    python benchmarks/soak.py --runs 50 --label try         # the first fifty
    python benchmarks/soak.py --only 123 --keep             # one of them again, told in full; its folder stays
    python benchmarks/soak.py --report --label mended       # what failed, by kind

A run is drawn from its seed and number (`soak_plan.py`): a small table, arguments of `AutoML`, and one to three starts
on one run folder. In a start a signal may be sent to the main process, the server of workers, a worker or all of them,
the folder may vanish, or descriptors, memory, processes, sizes of files or the disk are limited; between two of them
the folder is damaged (`soak_damage.py`). After each (`soak_run.py`):

* every file of the user's is what it was: beside the folder, in it before it was given, behind links in it;
* there is a model that predicts finite values, or one sentence, within the budget and 30 s;
* five seconds later no process and no temporary folder is left;
* finished trials are still in the journal, but for those whose lines were damaged; no altered score is believed, no
  planted pickle is read.

Each run adds a row to `results/soak.csv` as it ends; those that are there already are not done again. Limits of
processes and small disks need root, and count for nothing elsewhere.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import support
from soak_plan import draw
from soak_run import Scene, Warm, play
from support import RESULTS, Row

FILE = RESULTS / "soak.csv"
FIELDS = ("label", "seed", "number", "plan", "outcomes", "failures", "detail", "seconds", "commit")
SHOWN = 8  # numbers of runs that are named for a kind of failure


def one(seed: int, number: int, warm: Warm, keep: bool = False) -> tuple[Row, Scene]:
    """A run and its row."""
    plan, started = draw(seed, number), time.monotonic()
    scene = play(plan, warm, keep)
    row = {
        "seed": seed, "number": number, "plan": str(plan), "outcomes": "; ".join(scene.outcomes),
        "failures": "; ".join(dict.fromkeys(scene.failures)), "detail": " | ".join(scene.detail).replace("\n", " "),
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip
    return row, scene


def batch(label: str, seed: int, numbers: list[int], jobs: int, file: Path = FILE) -> None:
    """Do the runs that the file lacks, several at a time."""
    rows = support.read_rows(file, FIELDS)
    done = {(row["label"], row["seed"], row["number"]) for row in rows}
    left = iter([number for number in numbers if (label, str(seed), str(number)) not in done])
    lock, commit = threading.Lock(), support.commit()

    def take() -> Iterator[int]:
        while True:
            with lock:
                number = next(left, None)
            if number is None:
                return
            yield number

    def work() -> None:
        warm = Warm()
        try:
            for number in take():
                row, _ = one(seed, number, warm)
                with lock:
                    support.add_row(file, {"label": label, **row, "commit": commit})
                    print(number, row["outcomes"], f"FAILED: {row['failures']}" if row["failures"] else "", flush=True)
        finally:
            warm.close()

    threads = [threading.Thread(target=work) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def grouped(rows: list[Row]) -> dict[str, list[int]]:
    """Numbers of the runs with each kind of failure, the most frequent kind first."""
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for kind in filter(None, row["failures"].split("; ")):
            found[kind].append(int(row["number"]))
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def report(label: str, seed: int, file: Path = FILE) -> None:
    """Print what failed, by kind."""
    own = [row for row in support.read_rows(file, FIELDS, write=False) if row["label"] == label]
    rows = list(support.latest((r for r in own if r["seed"] == str(seed)), lambda r: (r["number"],)).values())
    failed = sum(bool(row["failures"]) for row in rows)
    starts = sum(row["outcomes"].count(";") + 1 for row in rows)
    spent = sum(support.number(row["seconds"]) for row in rows)
    print(f"\n{label}: {len(rows)} runs ({starts} starts, {support.duration(spent)} in all), {failed} failed.")
    for kind, numbers in grouped(rows).items():
        print(f"{len(numbers):5d}  {kind}: {', '.join(map(str, numbers[:SHOWN]))}")


def main() -> None:
    """Run, or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--label", default="now")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of runs; nothing is written")
    parser.add_argument("--keep", action="store_true", help="with --only: do not remove the run's folder")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--file", type=Path, default=FILE, help="where the rows are (default: %(default)s)")
    options = parser.parse_args()
    if options.only:
        warm = Warm()
        for number in options.only:
            row, scene = one(options.seed, number, warm, options.keep)
            print("\n".join(f"{name}: {value}" for name, value in row.items()))
            if options.keep:
                print(f"folder: {scene.folder}")
        warm.close()
        return
    if not options.report:
        batch(options.label, options.seed, list(range(options.runs)), options.jobs, options.file)
    report(options.label, options.seed, options.file)


if __name__ == "__main__":
    main()
