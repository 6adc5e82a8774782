"""Rows of `faults.py` on limits, output, libraries, slow things, and callers with threads and forks of their own."""

from __future__ import annotations

import signal
import sys
import time

from faults_bench import Bench, Seen, ended, scene, seen

LITTLE = "X, y = table(); X = X.iloc[:, :6]"
ALL = "schedule='none'"  # no candidate is stopped early, so that there are all folds of all of them
IN_SERVER = "import os, sys, time\nserver = any('execute.server' in word for word in sys.orig_argv)\n"

# ---- limits


@scene("256 descriptors, `cv=5`, 60 candidates")
def few_descriptors(bench: Bench) -> Seen:
    lines = f"{LITTLE}; descriptors(256); tell(fit(X, y, cv=5, max_trials=60, include=['decision_tree'], {ALL}))"
    return seen(bench.script(lines))


@scene("1,024 descriptors, `cv=20`, 55 candidates")
def many_folds(bench: Bench) -> Seen:
    lines = f"{LITTLE}; descriptors(1024); tell(fit(X, y, cv=20, max_trials=55, include=['decision_tree'], {ALL}))"
    return seen(bench.script(lines))


@scene("a fork that fails once, `run_dir=None`")
def a_fork_fails(bench: Bench) -> Seen:
    failing = (
        "if server:\n    real, told = os.fork, os.environ['RUN_DIR'] + '.failed'\n"
        "    def fork():\n        if os.path.exists(told):\n            return real()\n"
        "        open(told, 'w').close()\n        raise BlockingIOError(11, 'Resource temporarily unavailable')\n"
        "    os.fork = fork\n"
    )
    bench.first("sitecustomize.py", IN_SERVER + failing)
    return seen(bench.script("tell(fit(run_dir=None))"))


# ---- output


def _out(bench: Bench, before: str, after: str) -> Seen:
    """The command line in a shell, its output somewhere; its own exit code counts."""
    words = " ".join(f"'{word}'" for word in [sys.executable, "-m", "automl", *bench.fit()])
    command = f"{before}{words} {after}; exit ${{PIPESTATUS[0]}}"
    return bench.model_written(bench.wait(["bash", "-c", command]))


@scene("standard output is `/dev/full`")
def a_full_device(bench: Bench) -> Seen:
    return _out(bench, "", "> /dev/full")


@scene("standard output is closed")
def output_closed(bench: Bench) -> Seen:
    return _out(bench, "", ">&-")


@scene("standard output and error are closed")
def both_closed(bench: Bench) -> Seen:
    return _out(bench, "", ">&- 2>&-")


@scene("`automl fit ... | head -1`")
def a_pipe_that_ends(bench: Bench) -> Seen:
    return _out(bench, "", "| head -1")


@scene("a terminal that is not UTF-8")
def not_utf_8(bench: Bench) -> Seen:
    return _out(bench, "export LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0; ", "2>&1")


@scene("`verbose=1` in Python, standard output is `/dev/full`")
def verbose_on_a_full_device(bench: Bench) -> Seen:
    lines = (
        "out, sys.stdout = sys.stdout, open('/dev/full', 'w', buffering=1); model = fit(verbose=1); sys.stdout = out"
    )
    return seen(bench.script(f"{lines}; tell(model)"))


@scene("SIGHUP to the command line")
def the_terminal_goes(bench: Bench) -> Seen:
    started = time.monotonic()
    with bench.popen(*bench.fit("--max-trials", "200")) as process:
        while not bench.out.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(4.0)  # there is a model by now
        process.send_signal(signal.SIGHUP)
        return bench.model_written(ended(process, started))


# ---- libraries


@scene("XGBoost raises an error of its own when it is imported")
def a_broken_library(bench: Bench) -> Seen:
    bench.first("xgboost/__init__.py", "class XGBoostError(ValueError):\n    pass\nraise XGBoostError('no OpenMP')\n")
    return seen(bench.script("tell(fit(include=None, exclude=['mlp', 'catboost'], max_trials=4))"))


@scene("`PYTHONOPTIMIZE=2`")
def without_docstrings(bench: Bench) -> Seen:
    return seen(bench.script("tell(fit(include=None, exclude=['mlp', 'catboost'], max_trials=4))", PYTHONOPTIMIZE="2"))


# ---- late


@scene("a metric that takes 20 s a call, 6 s")
def a_slow_metric(bench: Bench) -> Seen:
    lines = "def slow(estimator, X, y):\n    time.sleep(20)\n    return 1.0\n"
    # where no score is to be had in time, the constant is a model
    return seen(bench.script(lines + "timed(metric=slow, max_trials=None, time_budget=6)"), most=7.0, good=0.0)


@scene("workers take 15 s to start, 10 s")
def slow_workers(bench: Bench) -> Seen:
    bench.first("sitecustomize.py", IN_SERVER + "if server:\n    time.sleep(15)\n")
    return seen(bench.script("timed(max_trials=None, time_budget=10)"), most=11.0)


@scene("80 rows × 20,000 columns, 8 s")
def a_wide_table(bench: Bench) -> Seen:
    lines = (
        "import numpy as np, pandas as pd\nX = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 20_000)))\n"
        "X.columns = [f'c{place}' for place in range(20_000)]\ny = (X['c0'] > 0).astype(int)\n"
        "started = time.monotonic(); model = fit(X, y, include=None, max_trials=None, time_budget=8, n_jobs=-1)\n"
        "tell(model, wall=time.monotonic() - started, score=model.score(X, y))"
    )
    return seen(bench.script(lines), most=9.0, good=0.0)


# ---- callers


@scene("two fits in two threads")
def two_threads(bench: Bench) -> Seen:
    lines = (
        "import threading, warnings\nfrom threadpoolctl import threadpool_info\nimport sklearn.ensemble\n"
        "def state():\n    pools = [[pool['filepath'], pool['num_threads']] for pool in threadpool_info()]\n"
        "    return pools, warnings.filters[:]\n"
        "fit(run_dir=None, max_trials=1); before, models = state(), []\n"
        "def one(): models.append(fit(run_dir=None))\n"
        "threads = [threading.Thread(target=one) for _ in range(2)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
        "tell(models[1], same=state() == before)"
    )
    ran = bench.script(lines)
    found, same = seen(ran), ran.found.get("same", False)
    return Seen(f"threads and filters {'as before' if same else 'CHANGED'} {found.happened}", found.right and same,
                found.model, found.lost)  # fmt: skip


@scene("`predict` in a forked child")
def predict_in_a_child(bench: Bench) -> Seen:
    lines = (
        "import signal\nmodel = fit(include=['hist_gradient_boosting'], max_trials=1, executor='inline')\n"
        "X, y = table(); model.predict(X); pid = os.fork()\n"
        "if pid == 0:\n    signal.alarm(20); model.predict(X); os._exit(0)\n"
        "status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]); tell(model, status=status)"
    )
    ran = bench.script(lines)
    found, status = seen(ran), ran.found.get("status")
    said = "it answers" if status == 0 else "it HANGS" if status == -14 else f"it ends with status {status}"
    return Seen(f"{said} {found.happened}", found.right and status == 0, found.model, found.lost)


@scene("a metric of `__main__`; the model is saved, and loaded elsewhere")
def a_metric_of_main(bench: Bench) -> Seen:
    path = bench.folder / "saved.joblib"
    lines = (
        "from sklearn.metrics import accuracy_score, make_scorer\n"
        "def mine(truth, told): return accuracy_score(truth, told)\n"
        f"model = fit(metric=make_scorer(mine)); model.save({str(path)!r}); tell(model)"
    )
    first = bench.script(lines)
    if "error" in first.found or "score" not in first.found:
        return seen(first)
    again = f"from automl import AutoML\nX, y = table()\nmodel = AutoML.load({str(path)!r}); tell(model)"
    plain = [sys.executable, "-c", f"from faults_child import *\n{again}"]
    return seen(bench.wait(plain))


@scene("a class of one row")
def a_lone_row(bench: Bench) -> Seen:
    lines = "X, y = table(); y = y.map({0: 'no', 1: 'yes'}); y.iloc[7] = 'once'; model = fit(X, y)"
    return seen(bench.script(f"{lines}; tell(model, score=model.score(X, y))"))


@scene("shuffled labels, two candidates")
def nothing_to_learn(bench: Bench) -> Seen:
    lines = "X, y = table(); y = y.sample(frac=1, random_state=1).reset_index(drop=True); tell(fit(X, y, max_trials=2))"
    return seen(bench.script(lines), good=0.0)
