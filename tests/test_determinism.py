"""The same again, in another process; and the caller's process as it was."""

import subprocess
import sys

import pytest
from separate import QUICK, assert_same, start, told

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("table", "arguments", "executors"),
    [
        ("messy", {"max_trials": 6, "include": QUICK}, ("inline", "processes")),
        pytest.param("wine", {"max_trials": 6, "include": QUICK}, ("inline", "processes"), marks=SLOW),
        pytest.param("messy", {"max_trials": 20}, ("processes", "processes"), marks=SLOW),
        pytest.param("diabetes", {"max_trials": 20}, ("processes", "processes"), marks=SLOW),
    ],
    ids=str,
)
def test_another_process_gives_the_same(tmp_path, table, arguments, executors):
    """Sets and dicts are ordered otherwise there, and the two runs share the cores, so seconds differ as well."""
    runs = [
        start(tmp_path / seed, table, {**arguments, "n_jobs": 1, "executor": executor}, hash_seed=seed)
        for seed, executor in zip("12", executors, strict=True)
    ]
    assert [told(run, 600)["reason"] for run in runs] == ["max_trials"] * 2
    assert_same(tmp_path / "1", tmp_path / "2")


STATE = """
import gc, logging, os, random, signal, sys, threading, warnings
import numpy as np, pandas as pd, psutil, sklearn
from sklearn.datasets import load_wine
from threadpoolctl import threadpool_info
from automl import AutoML

X, y = load_wine(return_X_y=True, as_frame=True)
arguments = dict(verbose=0, random_state=0, n_jobs=2, include={families})
executors = sys.argv[1].split(",")
if sys.argv[2] == "warm":  # lazily imported libraries are in, and what importing them does is done
    AutoML(max_trials=5, executor=executors[0], **arguments).fit(X, y)

random.seed(5)
np.random.seed(6)
warnings.filterwarnings("ignore", message="mine")
logging.getLogger().setLevel(logging.ERROR)
os.environ["OMP_NUM_THREADS"] = "2"
os.environ["MINE"] = "yes"
np.seterr(over="ignore", invalid="warn")
signal.signal(signal.SIGUSR1, lambda *_: None)


def pools():
    return {{(pool["filepath"], pool["internal_api"]): pool["num_threads"] for pool in threadpool_info()}}


def state():
    return {{
        "random": random.getstate(), "numpy random": repr(np.random.get_state()), "filters": list(warnings.filters),
        "showwarning": warnings.showwarning, "handlers": list(logging.getLogger().handlers),
        "level": logging.getLogger().level, "disabled": logging.root.manager.disable, "environment": dict(os.environ),
        "errors": np.geterr(), "folder": os.getcwd(), "path": list(sys.path), "excepthook": sys.excepthook,
        "signals": {{one: signal.getsignal(one) for one in signal.valid_signals()}},
        "wakeup": signal.set_wakeup_fd(-1), "stdout": sys.stdout, "stderr": sys.stderr,
        "threads": {{thread for thread in threading.enumerate()}},
        "children": len(psutil.Process().children(recursive=True)), "recursion": sys.getrecursionlimit(),
        "sklearn": sklearn.get_config(), "pandas": pd.get_option("display.max_rows"), "gc": gc.isenabled(),
        "switch": sys.getswitchinterval(), "print": repr(np.get_printoptions()),
    }}


before, before_pools = state(), pools()
for executor in executors:
    model = AutoML(max_trials=5, executor=executor, **arguments).fit(X, y)
    model.predict(X), model.leaderboard()
    after, after_pools = state(), pools()
    other = [name for name in before if before[name] != after[name]]
    other += [str(pool) for pool, threads in before_pools.items() if after_pools[pool] != threads]
    print(len(model.trials_), other)
"""


@pytest.mark.parametrize(
    ("executors", "when"),
    [
        ("processes,inline", "cold"),
        pytest.param("inline", "cold", marks=SLOW),
        pytest.param("inline", "warm", marks=SLOW),
        pytest.param("processes", "warm", marks=SLOW),
    ],
)
def test_the_callers_process_is_as_before(executors, when):
    code = STATE.format(families=QUICK)
    done = subprocess.run([sys.executable, "-c", code, executors, when], capture_output=True, text=True, check=False)
    assert done.stdout == "6 []\n" * len(executors.split(",")), done.stderr
    assert done.stderr == ""
