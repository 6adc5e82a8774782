"""Fits in processes of their own, for the tests of resuming, replaying and determinism."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from automl.trials.events import with_check

MEASURED = ["fit_seconds", "predict_ms_per_row", "size_kb"]
QUICK = ["decision_tree", "naive_bayes", "knn", "logistic_regression", "lightgbm"]

SCRIPT = """
import json, sys, time
from pathlib import Path
import numpy as np
from automl import AutoML
from sklearn.datasets import load_diabetes, load_wine
from automl.testing.components import example, target
out, spec = sys.argv[1], json.loads(sys.argv[2])
if spec["table"] == "messy":
    X = example(150)
    y = target(X, "multiclass")
else:
    X, y = (load_wine if spec["table"] == "wine" else load_diabetes)(return_X_y=True, as_frame=True)
model = AutoML(verbose=0, random_state=3, **spec["arguments"])
Path(out + ".begun").touch()
started = time.monotonic()
model.fit(X, y)
wall = time.monotonic() - started
model.leaderboard().to_pickle(out + ".board")
np.save(out + ".npy", model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X))
print(json.dumps({"wall": wall, "reason": model.stop_reason_, "trials": len(model.trials_)}))
"""


def start(out, table, arguments, hash_seed="0"):
    """A process that fits "wine", "diabetes" or "messy", and leaves leaderboard and predictions beside `out`."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    spec = json.dumps({"table": table, "arguments": arguments})
    Path(f"{out}.begun").unlink(missing_ok=True)
    command = [sys.executable, "-c", SCRIPT, str(out), spec]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def told(process, seconds=120):
    """What the process says in the end."""
    return json.loads(process.communicate(timeout=seconds)[0])


def await_begin(out, process, seconds=60):
    until = time.monotonic() + seconds
    while not Path(f"{out}.begun").exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)


def lines_of(folder):
    """Whole lines of a journal."""
    path = Path(folder) / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [line for line in lines if line.endswith(b"\n")]


def events_of(folder):
    return [json.loads(line) for line in lines_of(folder)]


def signed(events):
    """Lines of a journal that tells these events, with the checksums that belong to them."""
    check, lines = 0, []
    for event in events:
        body = json.dumps({name: value for name, value in event.items() if name != "check"}, separators=(",", ":"))
        line, check = with_check(body.encode(), check)
        lines.append(line)
    return b"".join(lines)


def assert_same(first, second):
    """Leaderboards (all columns but the measured ones) and predictions of two runs are equal to the last digit."""
    boards = [pd.read_pickle(f"{out}.board").drop(columns=MEASURED) for out in (first, second)]
    pd.testing.assert_frame_equal(*boards, check_exact=True)
    np.testing.assert_array_equal(*[np.load(f"{out}.npy") for out in (first, second)])
