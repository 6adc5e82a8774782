"""What runs inside a run of `faults.py`: a fit that does something to itself, or the lines of a scene.

::

    faults_child.py --run JSON         # a fit with a fault (`Fault`)
    faults_child.py --script LINES     # Python, which finds X, y, `fit`, `tell` and what else this module has

Both say in a last line of JSON what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

QUICK = ["naive_bayes", "decision_tree", "logistic_regression"]


# ---- a fit with a fault


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Fit, with the fault; returns what came of it."""
    X, y = table()
    told: list[str] = []
    acted: list[str] = []

    def act(progress: Any) -> None:
        if acted and given["inside"] == "fill_disk":  # what the run has freed, too
            fill_disk(given, again)
        if progress.trials >= given["after"] and not acted:
            acted.append("now")
            if given["inside"]:
                said = globals()[given["inside"]](given, again)
                told.extend([said] if said else [])
            if given["after"] == 2:
                time.sleep(0.5)  # the candidate that hangs runs now
            print("searching", flush=True)

    def again(**settings: Any) -> Any:
        from automl import AutoML

        return AutoML(**{**given["settings"], **settings}).fit(X, y)

    try:
        return described(again(callbacks=[act]), told)
    except Exception as error:
        return refused(error)


def table() -> tuple[Any, Any]:
    """The table of all runs."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return X, y


def described(model: Any, told: list[str] | None = None) -> dict[str, Any]:
    """What came of a fit."""
    trials = [[trial.candidate.family, trial.status, trial.error] for trial in model.trials_]
    X, y = table()
    try:
        score = float(model.score(X, y))
    except ValueError:  # of another table
        score = float("nan")
    notes = [*(told or []), *(note for note in model.time_report_["notes"] if "could not be written" in note)]
    return {"trials": trials, "score": score, "reason": model.stop_reason_, "notes": notes}


def refused(error: Exception) -> dict[str, Any]:
    """An error, and whether it is one that the library raises on purpose."""
    from automl.errors import AutoMLError

    ours = isinstance(error, AutoMLError) and "\n" not in str(error).strip()
    return {"error": f"{type(error).__name__}: {error}", "ours": ours, "trials": []}


def kill_workers(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    """SIGKILL to every worker, by another than their owner."""
    workers: list[psutil.Process] = []
    while not workers:
        time.sleep(0.1)
        workers = psutil.Process().children(recursive=True)[1:]  # the first is the server that forks them
    for worker in workers:
        worker.kill()


def kill_server(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    """SIGKILL to the server that forks the workers; they end with it."""
    for server in psutil.Process().children():
        server.kill()


def remove_folder(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    shutil.rmtree(given["settings"]["run_dir"])


def rename_folder(given: dict[str, Any], fit: Callable[..., Any]) -> None:
    run = Path(given["settings"]["run_dir"])
    run.rename(run.with_name("elsewhere"))


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


# ---- the lines of a scene


def fit(X: Any = None, y: Any = None, **settings: Any) -> Any:
    """A small fit in RUN_DIR (an environment variable)."""
    from automl import AutoML

    if X is None:
        X, y = table()
    own = {"include": QUICK, "max_trials": 3, "n_jobs": 1, "cv": 3, "random_state": 0, "verbose": 0,
           "run_dir": os.environ["RUN_DIR"]}  # fmt: skip
    return AutoML(**{**own, **settings}).fit(X, y)


def tell(model: Any, **more: Any) -> None:
    """Say what came of it, in the last line."""
    print(json.dumps({**described(model), **more}, default=float), flush=True)


def timed(**settings: Any) -> None:
    """Fit, and tell the seconds too."""
    started = time.monotonic()
    model = fit(**settings)
    wall = time.monotonic() - started
    tell(model, wall=wall)


def stop_after(trials: int, number: int = signal.SIGKILL) -> Any:
    """A callback that sends a signal to its own process."""
    return lambda progress: os.kill(os.getpid(), number) if progress.trials >= trials else None


def descriptors(most: int) -> None:
    """Lower the limit of open files."""
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Be a run, or a scene's process."""
    what, text = sys.argv[1:3]
    if what == "--run":
        print(json.dumps(run(json.loads(text))), flush=True)
        return
    try:
        exec(text, globals())  # in `__main__`, as a user's script
    except Exception as error:
        print(json.dumps(refused(error)), flush=True)


if __name__ == "__main__":
    main()
