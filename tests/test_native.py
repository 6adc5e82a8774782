"""What belongs to the whole process: with several fits at once, and after a fork."""

import subprocess
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from automl import AutoML
from automl.evaluate.limits import contained
from automl.native import ignored, limited, recorded, single_threaded


def blas():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    """Two threads of BLAS, also on a machine of one core; and what is the process' own stays as it was."""
    filters, shown = list(warnings.filters), warnings.showwarning
    with threadpool_limits(2, user_api="blas"):
        assert set(blas().values()) == {2}
        yield
        assert set(blas().values()) == {2}
    assert warnings.filters == filters
    assert warnings.showwarning is shown


def overlapping(first, second):
    """Enter one, enter the other in another thread, leave the first, then leave the other."""
    entered, left = threading.Event(), threading.Event()

    def other():
        with second:
            entered.set()
            left.wait(30)

    thread = threading.Thread(target=other)
    with first:
        thread.start()
        assert entered.wait(30)
    left.set()
    thread.join(30)


@pytest.mark.parametrize("context", [lambda: limited(1), lambda: contained(1), recorded, ignored])
def test_contexts_that_overlap_leave_nothing_behind(two_threads, context):
    overlapping(context(), context())


def test_blas_has_the_limit_as_long_as_somebody_asks_for_it(two_threads):
    with limited(1):
        with limited(1):
            assert set(blas().values()) == {1}
        assert set(blas().values()) == {1}
    with contained(1, blas=False):
        assert set(blas().values()) == {2}


def test_warnings_go_to_the_thread_that_they_are_of(two_threads):
    told = {}

    def warn(name):
        with contained(1) as messages:
            barrier.wait(30)
            for _ in range(20):
                warnings.warn(name, UserWarning, stacklevel=1)
            barrier.wait(30)
        told[name] = messages

    barrier = threading.Barrier(2)
    threads = [threading.Thread(target=warn, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == {"one": ["UserWarning: one"], "two": ["UserWarning: two"]}


def test_warnings_are_ignored_for_a_while(two_threads):
    with ignored("of no use", RuntimeWarning):
        warnings.warn("of no use at all", RuntimeWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="another"):
            warnings.warn("another", UserWarning, stacklevel=1)
    with pytest.raises(RuntimeWarning, match="of no use"):
        warnings.warn("of no use", RuntimeWarning, stacklevel=1)


def test_two_fits_in_two_threads(two_threads):
    rng = np.random.default_rng(0)
    X, models = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc")), []

    def fit():
        first = ["hist_gradient_boosting(input, learning_rate=0.3)", "ridge(input)"]
        quick = {"max_trials": 2, "include": ["ridge", "hist_gradient_boosting"], "executor": "inline"}
        model = AutoML(**quick, try_first=first, cv=2, n_jobs=1, verbose=0, random_state=0)
        models.append(model.fit(X, X["a"] + 0.1 * X["b"]))

    threads = [threading.Thread(target=fit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    first, second = (model.predict(X) for model in models)
    np.testing.assert_array_equal(first, second)


# ---- after a fork

START = """
import os, sys, time
os.environ["OMP_NUM_THREADS"] = "2"
import numpy as np, pandas as pd

def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if work() else 3)
        finally:
            os._exit(4)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (ended := os.waitpid(pid, os.WNOHANG))[0]:
            return os.waitstatus_to_exitcode(ended[1])
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return "hangs"

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(1000, 4)), columns=list("abcd"))
y = (X["a"] + X["b"] > 0).to_numpy().astype(int)
"""

MODELS = """
from automl.estimators.boosting import lightgbm, sklearn, xgboost
from sklearn.ensemble import HistGradientBoostingClassifier
from lightgbm import LGBMClassifier
from xgboost import XGBClassifier
made = {
    "sklearn": lambda: sklearn.Booster(HistGradientBoostingClassifier(max_iter=9), "max_iter", "binary", "auc"),
    "lightgbm": lambda: lightgbm.Booster(
        LGBMClassifier(n_estimators=9, n_jobs=2, verbose=-1), "n_estimators", "binary", "auc"
    ),
    "xgboost": lambda: xgboost.Booster(XGBClassifier(n_estimators=9, n_jobs=2), "n_estimators", "binary", "auc"),
}
X = X.to_numpy()
for name, make in made.items():
    model = make().fit(X, y)
    shares = model.predict_proba(X)
    again = lambda: np.allclose(model.predict_proba(X), shares, atol=1e-6)
    anew = lambda: np.allclose(make().fit(X, y).predict_proba(X), shares, atol=1e-3)
    print(name, in_child(again), in_child(anew), in_child(lambda: in_child(again) == 0))
"""

FIT = """
from automl import AutoML
family, executor = sys.argv[1:]
quick = dict(max_trials=1, include=[family], try_first=[f"{family}(input)"], cv=2, n_jobs=2, verbose=0, random_state=0)
model = AutoML(**quick, executor=executor).fit(X, y)
rows = pd.concat([X] * 10)
shares, alone = model.predict_proba(rows), model.best_pipeline_.predict_proba(X)
def same():
    mine = model.best_pipeline_.predict_proba(X)
    return np.allclose(model.predict_proba(rows), shares) and np.allclose(mine, alone)
def anew():
    return len(AutoML(**quick, executor=executor).fit(X, y).predict(X)) == len(X)
print(list(model.leaderboard()["status"]), in_child(same), in_child(anew))
"""


def run(*arguments):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_boosters_predict_and_fit_after_a_fork():
    """GNU's OpenMP waits for ever for the threads of the parent; so it did for these three."""
    assert run("-W", "ignore", "-c", START + MODELS) == [f"{name} 0 0 0" for name in ("sklearn", "lightgbm", "xgboost")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("executor", ["processes", "inline"])
@pytest.mark.parametrize(
    "family",
    ["hist_gradient_boosting", "lightgbm", "xgboost", "catboost", "random_forest", "knn", "mlp", "logistic_regression"],
)
def test_a_model_predicts_and_fits_in_a_forked_worker(family, executor):
    if family == "catboost":
        pytest.importorskip("catboost")
    assert run("-W", "ignore", "-c", START + FIT, family, executor) == ["['ok', 'ok'] 0 0"]


@pytest.mark.parametrize(("limit", "room", "single"), [(100, False, True), (100, True, False), (10**6, False, False)])
def test_one_thread_where_no_other_can_be_started(monkeypatch, limit, room, single):
    """GNU's OpenMP ends the process where it cannot start its threads."""
    resource = pytest.importorskip("resource")
    start = threading.Thread.start

    def start_where_there_is_room(thread):
        if thread.daemon and not room:
            raise RuntimeError("can't start new thread")
        start(thread)

    def ask():  # OpenMP has a number for each thread
        found.append(single_threaded())

    found = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limit, limit))
    monkeypatch.setattr(threading.Thread, "start", start_where_there_is_room)
    monkeypatch.setattr("automl.native.os.cpu_count", lambda: 4)
    thread = threading.Thread(target=ask, daemon=False)
    thread.start()
    thread.join()
    assert found == [single]
