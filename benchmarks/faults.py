"""What a fault costs: each is injected into a real run, and the table says what happened and what was lost.

::

    python benchmarks/faults.py --label mended             # all rows, about five minutes; a markdown table in the end
    python benchmarks/faults.py --only SIGHUP journal      # rows whose name holds one of these; nothing is written
    python benchmarks/faults.py --report --label mended    # the table of the rows that are there

Each row is added to `results/faults.csv` as it ends; rows of the same label and commit are not done again. A run is a
process of its own (`faults_child.py`), as faults may end it; those that end it are followed by a second run that goes
on in the same folder. Faults of candidates are those of `tests/misbehaving.py` (`faults_table.py`), the others scenes
of a few lines (`faults_folders.py`, `faults_ways.py`). In each, files of the user's lie beside the run, and in it where
that is the fault: the table says whether one was touched, and whether all of it was as promised. Full and read-only
disks are small file systems in memory, which only root may mount: elsewhere their rows say so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faults_folders  # noqa: F401  (its scenes)
import faults_ways  # noqa: F401  (its scenes)
import pandas as pd
import psutil
import support
from faults_bench import CHILD, GOOD, SCENES, Bench, Seen
from faults_child import fill_disk
from faults_table import FAULTS, Fault
from soak_damage import journal_lines, read
from support import RESULTS, Row, show

FILE = RESULTS / "faults.csv"
SOUND = ("naive_bayes", "decision_tree", "logistic_regression")
FAMILY = """
name = "{name}"
summary = "A family that should not exist."
[estimator]
classification = "misbehaving.{cls}"
[accepts]
"""
ENDING = {signal.SIGKILL, signal.SIGHUP}  # signals that may leave the hanging candidate to a second run
GONE_SECONDS = 5.0  # after which no process of a run may be left
COLUMNS = ("fault", "what happened", "what was lost", "model", "user's files", "as promised", "seconds")
FIELDS = ("label", *COLUMNS, "commit")
NAMES = (*(fault.name for fault in FAULTS), *SCENES)


@contextmanager
def disk(kind: str, folder: Path) -> Iterator[Path | None]:
    """A folder for the run, on a small disk where one is asked for; None where it cannot be mounted."""
    place = folder / "disk"
    place.mkdir()
    if not kind:
        yield place
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        if kind == "full":
            fill_disk({"settings": {"run_dir": str(place / "run")}}, print)
        if kind == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def start(given: dict[str, Any], bench: Bench) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    command = [sys.executable, str(CHILD), "--run", json.dumps(given)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=bench.environment())


def inject(fault: Fault, bench: Bench) -> Seen:
    """One fault of the table."""
    with disk(fault.disk, bench.folder) as place:
        if place is None:
            return Seen("(needs a small disk: root only)", True, "", "")
        given = arguments(fault, bench.folder, place / "run")
        with start(given, bench) as process:
            found: dict[str, Any] | None = None
            children: list[psutil.Process] = []
            assert process.stdout is not None
            for line in process.stdout:
                if line == "searching\n":
                    children = psutil.Process(process.pid).children(recursive=True)
                    for number in fault.outside:
                        os.kill(process.pid, number)
                elif line.startswith("{"):
                    found = json.loads(line)
        _, left = psutil.wait_procs(children, timeout=GONE_SECONDS)
        left = [one for one in left if one.status() != psutil.STATUS_ZOMBIE]
        model, before, killed = described(found), finished(place / "run"), found is None
        if found is None:  # the main process is gone: go on
            settings = {**given["settings"], "trial_timeout": 2.0}
            with start({**given, "inside": "", "settings": settings}, bench) as second:
                found = json.loads(second.communicate(timeout=120)[0].splitlines()[-1])
            model = f"after going on: {described(found)}"
        happened = what_happened(found, process.returncode) + (f"; {len(left)} processes left" if left else "")
        lost = what_was_lost(fault, found, before, finished(place / "run"))
    right = not left and lost != "FINISHED TRIALS" and ((not killed or fault.ends == "killed") and good(fault, found))
    return Seen(happened, right, model, lost)


def good(fault: Fault, found: dict[str, Any]) -> bool:
    """A model that has learned something, or the sentence that the fault deserves."""
    if "error" in found:
        return fault.ends == "refused" and bool(found["ours"])
    return float(found["score"]) > GOOD


def arguments(fault: Fault, folder: Path, run_dir: Path) -> dict[str, Any]:
    """What the run is given; the family that misbehaves comes first, or third where the fault comes from outside."""
    models = folder / "space" / "models"
    models.mkdir(parents=True)
    first = list(SOUND)
    if fault.family:
        (models / "broken.toml").write_text(FAMILY.format(name="broken", cls=fault.family), encoding="utf-8")
        first.insert(2 if fault.outside else 0, "broken")
    settings = {
        "search_space": str(folder / "space"), "include": first, "try_first": [f"{name}(input)" for name in first],
        "run_dir": str(run_dir), "max_trials": len(first), "n_jobs": 1, "cv": 3, "random_state": 0, "verbose": 0,
        "trial_timeout": 2.0 if len(fault.outside) == 2 or ENDING & set(fault.outside) else "auto",
        **fault.settings,
    }  # fmt: skip
    later = fault.outside or fault.inside in ("remove_folder", "rename_folder")  # a candidate that learns has ended
    after = 2 if later else 0 if fault.inside == "kill_workers" else 1
    return {"settings": settings, "inside": fault.inside, "after": after}


def finished(run_dir: Path) -> list[int]:
    """Trials that the journal calls finished."""
    events = [read(line) for line in journal_lines(run_dir)]
    return [event["trial"] for event in events if event.get("event") == "finish"]


def described(found: dict[str, Any] | None) -> str:
    """The model in a few words."""
    return "none" if found is None or "score" not in found else f"accuracy {found['score']:.3f}"


def what_happened(found: dict[str, Any], code: int) -> str:
    """In the words of the run: of the trial that broke, of the whole, or of the refusal."""
    if "error" in found:
        return str(found["error"]).partition("; ")[0]
    parts = [
        f"{status}: {error.partition('; ')[0][:120]}"
        for family, status, error in found["trials"]
        if family == "broken" and error
    ]
    if code < 0:
        parts = [f"the process died of {signal.Signals(-code).name}"]
    parts += found["notes"]
    return " ".join([*parts, f"(`stop_reason_` {found['reason']})"])


def what_was_lost(fault: Fault, found: dict[str, Any], before: list[int], after: list[int]) -> str:
    """Trials without a result, and finished ones that are not in the journal (there must be none)."""
    if set(before) - set(after) or len(after) != len(set(after)):
        return "FINISHED TRIALS"
    counts = Counter(status for _, status, _ in found["trials"] if status != "ok")
    if "error" in found:
        return "nothing: refused at once" if fault.ends == "refused" else "the run"
    return ", ".join(f"{n} trial ({status})" for status, n in counts.items()) or "nothing"


def row(name: str) -> Row:
    """A row of the table, in folders of its own."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder))
        bench.canaries.fill(bench.folder / "beside")
        started = time.monotonic()
        known = {fault.name: fault for fault in FAULTS}
        seen = inject(known[name], bench) if name in known else SCENES[name](bench)
        seconds, touched = time.monotonic() - started, bench.canaries.touched()
        files = f"TOUCHED: {', '.join(touched)}" if touched else "untouched"
        right = "yes" if seen.right and not touched else "NO"
        cells = (name, seen.happened, seen.lost, seen.model, files, right, f"{seconds:.1f}")
    return {key: " ".join(str(cell).split()) for key, cell in zip(COLUMNS, cells, strict=True)}


def table() -> Iterator[Row]:
    """All rows, one after the other."""
    return map(row, NAMES)


def main() -> None:
    """Do the rows that are not there yet, and print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--label", default="now")
    parser.add_argument("--only", nargs="*", help="parts of names of faults; nothing is written")
    parser.add_argument("--report", action="store_true", help="only print what is there")
    parser.add_argument("--file", type=Path, default=FILE, help="where the rows are (default: %(default)s)")
    options = parser.parse_args()
    if options.only:
        names = [name for name in NAMES if any(part in name for part in options.only)]
        show(pd.DataFrame(map(row, names)), markdown=True)
        return
    commit, rows = support.commit(), support.read_rows(options.file, FIELDS, write=not options.report)
    done = {found["fault"] for found in rows if (found["label"], found["commit"]) == (options.label, commit)}
    for name in [name for name in NAMES if name not in done and not options.report]:
        found = row(name)
        support.add_row(options.file, {"label": options.label, **found, "commit": commit})
        print(f"{found['seconds']:>6} s  {found['as promised']:3}  {name}", flush=True)
    rows = [found for found in support.read_rows(options.file, FIELDS, write=False) if found["label"] == options.label]
    latest = support.latest(rows, lambda found: (found["fault"],))
    shown = [latest[name,] for name in NAMES if (name,) in latest]
    show(pd.DataFrame(shown, columns=list(COLUMNS)), markdown=True)
    print(f"\n{sum(found['as promised'] == 'yes' for found in shown)} of {len(shown)} as promised.")


if __name__ == "__main__":
    main()
