"""What a fault costs: each is injected into a real run, and the table says what happened and what was lost.

::

    python benchmarks/faults.py            # a markdown table, about two minutes

A run is a process of its own (``faults.py --run``), as faults may end it; those that end it are followed by a second
run that goes on in the same folder. Faults of candidates are those of `tests/misbehaving.py`. Full and read-only disks
are small file systems in memory, which only root may mount: elsewhere their rows say so.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from support import ROOT, show

TESTS = ROOT / "tests"
SOUND = ("naive_bayes", "decision_tree", "logistic_regression")
FAMILY = """
name = "{name}"
summary = "A family that should not exist."
[estimator]
classification = "misbehaving.{cls}"
[accepts]
"""
GONE_SECONDS = 5.0  # after which no process of a run may be left
COLUMNS = ("fault", "what happened", "what was lost", "model", "seconds")


@dataclass
class Fault:
    """One row: what breaks, and how.

    Parameters
    ----------
    name : str
    family : str
        Class of `misbehaving` that is tried first; empty where it is not a candidate's fault.
    settings : dict
        Further arguments of `AutoML`.
    inside : str
        What the run does to itself after two trials: a function of this module.
    outside : tuple of signals
        What is sent to its main process while a third candidate hangs.
    disk : str
        What is done to a small disk before the run: "room" (nothing), "full", "read-only"; empty is an ordinary folder.
    """

    name: str
    family: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    inside: str = ""
    outside: tuple[int, ...] = ()
    disk: str = ""


FAULTS = (
    Fault("exception", "Raises"),
    Fault("NaN predictions", "PredictsNaN"),
    Fault("segfault", "Segfaults"),
    Fault("`os._exit`", "Leaves"),
    Fault("hang that ignores SIGTERM", "HangsDeaf", {"trial_timeout": 2.0}),
    Fault("memory bomb", "Eats", {"memory_limit": "1.2GB"}),
    Fault("worker killed from outside", "Hangs", {"trial_timeout": 20.0}, inside="kill_workers"),
    Fault("full disk: no room for a model", "Heavy", {"cv": 5}, disk="room"),
    Fault("full disk: no room at all, in mid-run", "Slow", {"max_trials": 30}, inside="fill_disk", disk="room"),
    Fault("full disk at the start", disk="full"),
    Fault("read-only `run_dir`", disk="read-only"),
    Fault("SIGINT", "Hangs", outside=(signal.SIGINT,)),
    Fault("SIGTERM", "Hangs", outside=(signal.SIGTERM,)),
    Fault("SIGTERM twice", "Hangs", outside=(signal.SIGTERM, signal.SIGTERM)),
    Fault("SIGKILL", "Hangs", outside=(signal.SIGKILL,)),
    Fault("clock a day ahead", "MovesTheClock", inside="clock_ahead"),
    Fault("second run on the `run_dir`", inside="second_run"),
)


# ---- inside the run


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Fit, with the fault; returns what came of it."""
    from sklearn.datasets import load_breast_cancer

    from automl import AutoML

    told: list[str] = []
    acted: list[str] = []

    def act(progress: Any) -> None:
        if acted and given["inside"] == "fill_disk":  # what the run has freed, too
            fill_disk(given, fit)
        if progress.trials >= given["after"] and not acted:
            acted.append("now")
            if given["inside"]:
                said = globals()[given["inside"]](given, fit)
                told.extend([said] if said else [])
            if given["after"] == 2:
                time.sleep(0.5)  # the candidate that hangs runs now
            print("searching", flush=True)

    def fit(**settings: Any) -> AutoML:
        return AutoML(**{**given["settings"], **settings}).fit(X, y)

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    try:
        model = fit(callbacks=[act])
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "trials": []}
    trials = [[trial.candidate.family, trial.status, trial.error] for trial in model.trials_]
    score = float(model.score(X, y))
    notes = [*told, *(note for note in model.time_report_["notes"] if "could not be written" in note)]
    return {"trials": trials, "score": score, "reason": model.stop_reason_, "notes": notes}


def kill_workers(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    """SIGKILL to every worker, by another than their owner."""
    workers: list[psutil.Process] = []
    while not workers:
        time.sleep(0.1)
        workers = psutil.Process().children(recursive=True)[1:]  # the first is the server that forks them
    for worker in workers:
        worker.kill()


def fill_disk(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    """Leave not a byte."""
    with (Path(given["settings"]["run_dir"]).parent / "filler").open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


def clock_ahead(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    """The main process' wall clock; the candidate sets its worker's back."""
    now = time.time
    time.time = lambda: now() + 86_400


def second_run(given: dict[str, Any], fit: Callable[..., Any]) -> str:
    """Try to use the same folder."""
    from automl.errors import RunDirError

    try:
        fit(executor="inline")
    except RunDirError as error:
        return f"the second was refused ({str(error).partition(' ')[0]} ... {str(error).rpartition('is ')[2]})"
    return "the second run was NOT refused"


# ---- around it


@contextmanager
def disk(kind: str, folder: Path) -> Any:
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


def start(given: dict[str, Any], temp: Path) -> subprocess.Popen[str]:
    """A run in a process of its own."""
    paths = os.pathsep.join([str(ROOT), str(TESTS), str(Path(__file__).parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temp)}
    command = [sys.executable, __file__, "--run", json.dumps(given)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def inject(fault: Fault, folder: Path) -> dict[str, str]:
    """One row of the table."""
    with disk(fault.disk, folder) as place:
        if place is None:
            happened = "(needs a small disk: root only)"
            return dict.fromkeys(COLUMNS, "") | {"fault": fault.name, "what happened": happened}
        given = arguments(fault, folder, place / "run")
        started = time.monotonic()
        with start(given, folder) as process:
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
        seconds = time.monotonic() - started
        _, left = psutil.wait_procs(children, timeout=GONE_SECONDS)
        left = [one for one in left if one.status() != psutil.STATUS_ZOMBIE]
        model = described(found)
        before = finished(place / "run")
        if found is None:  # the main process is gone: go on
            with start(
                {**given, "inside": "", "settings": {**given["settings"], "trial_timeout": 2.0}}, folder
            ) as second:
                found = json.loads(second.communicate(timeout=120)[0].splitlines()[-1])
            model = f"after going on: {described(found)}"
        happened = what_happened(fault, found, process.returncode)
        happened += f"; {len(left)} processes left" if left else ""
        lost = what_was_lost(found, before, finished(place / "run"))
    row = (fault.name, happened, lost, model, f"{seconds:.1f}")
    return dict(zip(COLUMNS, row, strict=True))


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
        "trial_timeout": 2.0 if len(fault.outside) == 2 or signal.SIGKILL in fault.outside else "auto",
        **fault.settings,
    }  # fmt: skip
    after = 2 if fault.outside else 0 if fault.inside == "kill_workers" else 1
    return {"settings": settings, "inside": fault.inside, "after": after}


def finished(run_dir: Path) -> list[int]:
    """Trials that the journal calls finished; every line of it must be JSON."""
    path = run_dir / "journal.jsonl"
    events = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    return [event["trial"] for event in events if event["event"] == "finish"]


def described(found: dict[str, Any] | None) -> str:
    """The model in a few words."""
    if found is None or "score" not in found:
        return "none"
    return f"accuracy {found['score']:.3f}"


def what_happened(fault: Fault, found: dict[str, Any], code: int) -> str:
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


def what_was_lost(found: dict[str, Any], before: list[int], after: list[int]) -> str:
    """Trials without a result, and finished ones that are not in the journal (there must be none)."""
    if set(before) - set(after) or len(after) != len(set(after)):
        return "FINISHED TRIALS"
    counts = Counter(status for _, status, _ in found["trials"] if status != "ok")
    if "error" in found:
        return "nothing: refused at once"
    return ", ".join(f"{n} trial ({status})" for status, n in counts.items()) or "nothing"


def table() -> list[dict[str, str]]:
    """One row a fault: fault, what happened, what was lost, model, seconds."""
    rows = []
    for fault in FAULTS:
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            rows.append(inject(fault, Path(folder)))
    return rows


def main() -> None:
    """Print the table, or be one of its runs."""
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(run(json.loads(sys.argv[2]))), flush=True)
        return
    show(pd.DataFrame(table()), markdown=True)


if __name__ == "__main__":
    main()
