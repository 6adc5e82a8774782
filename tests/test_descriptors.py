"""Open files are few, whatever the number of trials and folds."""

import os

import numpy as np
import pytest
from sklearn.datasets import load_iris

from automl import AutoML
from automl.ensemble.combiners import Greedy
from automl.execute import pool
from automl.trials import artifacts
from automl.trials.artifacts import LeafCache

resource = pytest.importorskip("resource")
X, Y = load_iris(return_X_y=True, as_frame=True)
QUICK = {"include": ["naive_bayes", "decision_tree"], "verbose": 0, "random_state": 0}


def open_files():
    return len(os.listdir("/dev/fd"))


def test_predictions_are_read_not_held(monkeypatch):
    held, select = [], Greedy.fit

    def counting(*arguments, **named):
        held.append(open_files())
        return select(*arguments, **named)

    monkeypatch.setattr(Greedy, "fit", counting)
    before = open_files()
    model = AutoML(**QUICK, cv=20, max_trials=6, executor="inline", n_jobs=1, schedule="none").fit(X, Y)
    assert sum(trial.folds for trial in model.trials_ if trial.status == "ok") >= 60
    assert held[0] - before < 15
    assert open_files() - before < 15


def test_a_low_limit_suffices(monkeypatch):
    monkeypatch.setattr(pool, "PRELOAD", ("automl.evaluate.evaluator", "sklearn.naive_bayes", "sklearn.tree"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(64, open_files() + 40), limits[1]))
    try:
        model = AutoML(**QUICK, cv=10, max_trials=6, n_jobs=2).fit(X, Y)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert model.score(X, Y) > 0.9
    assert model.stop_reason_ == "max_trials"


def test_small_prepared_arrays_hold_no_file(tmp_path, monkeypatch):
    path = tmp_path / "array.npy"
    np.save(path, np.arange(1000.0))
    before = open_files()
    small = artifacts._mapped(path)
    assert open_files() == before
    monkeypatch.setattr(artifacts, "MAPPED_BYTES", 1000)
    large = artifacts._mapped(path)
    assert isinstance(large, np.memmap)
    assert not isinstance(small, np.memmap)
    np.testing.assert_array_equal(small, large)


@pytest.mark.parametrize("content", [b"", b"noise", b"\x93NUMPY"])
def test_damaged_prepared_arrays_are_made_again(tmp_path, content):
    from test_prepare import ROWS, table

    data = table().take(np.arange(ROWS), "train0", LeafCache(tmp_path))

    class Leaf:
        token_ = "fitted"

        def get_params(self):
            return {}

        def learn(self, table, y):
            return np.ones((len(table), 2))

        apply = lambda self, table: np.ones((len(table), 2))  # noqa: E731

    cache = LeafCache(tmp_path)
    first = cache.transformed(Leaf(), data)
    (path,) = cache.root.glob("*.npy")
    path.write_bytes(content)
    np.testing.assert_array_equal(cache.transformed(Leaf(), data), first)
