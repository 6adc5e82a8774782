"""A warm process that forks one fit after the other, for `soak.py`: what it is told and tells are lines of JSON.

It has imported what a fit needs and used no OpenMP, so that a forked fit begins at once and is a process like any
other. Its children leave `begun`, `fitted` and `out.json` in their folder.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

PRELOAD = ("automl.evaluate.evaluator", "sklearn.linear_model", "sklearn.tree", "sklearn.naive_bayes")
FIRST_USER = 70_000  # the real user of a run whose processes are limited; the effective one stays
_CAPABILITIES = (1, 2, 21, 24)  # of root, which would overcome modes of files and limits of processes
_PR_CAPBSET_DROP, _CAPABILITY_VERSION = 24, 0x20080522


def make(table: dict[str, Any]) -> tuple[pd.DataFrame, pd.Series]:
    """A small table: numbers, a category, missing cells, and a target that they tell."""
    random = np.random.default_rng(table["seed"])
    rows, columns = table["rows"], table["columns"]
    numbers = random.normal(size=(rows, columns))
    X = pd.DataFrame(numbers.copy(), columns=[f"x{place}" for place in range(columns)])
    X["kind"] = random.choice(["red", "green", "blue"], rows)
    signal = numbers[:, 0] + (X["kind"] == "red") + random.normal(scale=0.5, size=rows)
    X.loc[random.random(rows) < 0.1, "x1"] = np.nan
    if table["task"] == "regression":
        return X, pd.Series(signal * 10, name="y")
    classes = 2 if table["task"] == "binary" else 3
    return X, pd.Series(pd.qcut(signal, classes, labels=["a", "b", "c"][:classes]).astype(str), name="y")


def drop_capabilities(user: int) -> None:
    """As root: count processes as another user's, and have neither root's way with limits nor with modes of files."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    os.setresuid(user, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    libc.capget(header, sets)
    for capability in _CAPABILITIES:
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        for place in range(3):
            sets[place] &= ~(1 << capability)
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def limit(kind: str, value: float) -> None:
    """Lower a soft limit; that on memory is in addition to what the process has."""
    if kind == "AS":
        value += psutil.Process().memory_info().vms
    if kind == "NPROC":
        uid = os.getuid()
        value += sum(p.info["num_threads"] for p in psutil.process_iter(["uids", "num_threads"])
                     if p.info["uids"] and p.info["uids"].real == uid)  # fmt: skip
    which = getattr(resource, f"RLIMIT_{kind}")
    resource.setrlimit(which, (int(value), resource.getrlimit(which)[1]))


def unlimit(kind: str) -> None:
    which = getattr(resource, f"RLIMIT_{kind}")
    resource.setrlimit(which, (resource.getrlimit(which)[1],) * 2)


def fitted(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Fit and predict; what went wrong is told in a sentence, and where."""
    from automl import AutoML
    from automl.errors import AutoMLError

    X, y = make(spec["table"])
    try:
        model = AutoML(**spec["settings"])
        (folder / "begun").touch()
        model.fit(X, y)
        (folder / "fitted").touch()
        predicted = model.predict(X)
        shares = model.predict_proba(X) if hasattr(model, "classes_") else predicted
    except BaseException as error:
        ours = isinstance(error, AutoMLError)
        where = [f for f in traceback.extract_tb(error.__traceback__) if f"{os.sep}automl{os.sep}" in f.filename]
        place = f"{Path(where[-1].filename).name}:{where[-1].name}" if where else ""
        traceback.print_exc()
        return {"error": type(error).__name__, "ours": ours, "message": str(error), "place": place}
    return {
        "finite": bool(np.isfinite(np.asarray(shares, dtype=float)).all()) and len(predicted) == len(X),
        "trials": [[trial.number, trial.status, trial.loss] for trial in model.trials_],
        "reason": model.stop_reason_, "candidates": model.n_trials_,
    }  # fmt: skip


def child(spec: dict[str, Any]) -> int:
    """The life of a forked fit, until its interpreter ends as any other; returns the exit status."""
    try:
        folder = Path(spec["folder"])
        os.setsid()
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        null = os.open(os.devnull, os.O_RDONLY)
        for fd, own in ((null, 0), (log, 1), (log, 2)):
            os.dup2(fd, own)
        os.environ.update(spec["environment"])
        tempfile.tempdir = None
        kind, value = spec["limit"] or ("", 0.0)
        if spec["user"]:
            drop_capabilities(spec["user"])
        if kind and kind != "memory_limit":
            limit(kind, value)
        told = fitted(spec, folder)
        if kind and kind != "memory_limit":
            unlimit(kind)
        (folder / "out.new").write_text(json.dumps(told), encoding="utf-8")
        (folder / "out.new").rename(folder / "out.json")
        return 0
    except BaseException:  # whatever it is, the log tells; the warm process must not go on twice
        traceback.print_exc()
    return 1


def main() -> None:
    """Fork a fit for each line; say its process and, when it is over, its status."""
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401

    from automl import AutoML  # noqa: F401
    from automl.execute import pool

    warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads that have nothing to do
    if hasattr(pool, "PRELOAD"):
        pool.PRELOAD = PRELOAD
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        spec = json.loads(line)
        pid = os.fork()
        if pid == 0:
            sys.exit(child(spec))
        print(json.dumps({"pid": pid}), flush=True)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"ended": pid, "status": status}), flush=True)


if __name__ == "__main__":
    main()
