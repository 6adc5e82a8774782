"""A model opens where the script that made it is not: what predicts needs neither its metric nor its splitter."""

import copy
import os
import pickle
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold

from automl import AutoML, kept
from automl.errors import ArgumentError

ARGUMENTS = {"max_trials": 1, "include": ["ridge"], "executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0}
X = np.random.default_rng(0).normal(size=(60, 2))
Y = X[:, 0] + 0.1 * X[:, 1]

SCRIPT = """
import pickle, sys
from pathlib import Path
import joblib, numpy as np
from sklearn.metrics import make_scorer
from sklearn.model_selection import KFold
from automl import AutoML
import elsewhere
def wrong(truth, predicted):
    return float(np.mean(np.abs(truth - predicted)))
class Thirds:
    def split(self, X, y=None, groups=None):
        return KFold(3).split(X)
class Notebook:
    def __call__(self, estimator, X, y):
        return -wrong(y, estimator.predict(X))
X = np.random.default_rng(0).normal(size=(60, 2))
arguments = dict(max_trials=1, include=["ridge"], executor="inline", n_jobs=1, random_state=0, verbose=0)
told = {
    "lambda": dict(metric=make_scorer(lambda truth, predicted: -wrong(truth, predicted))),
    "function": dict(metric=make_scorer(wrong, greater_is_better=False), cv=Thirds()),
    "object": dict(metric=Notebook(), callbacks=[lambda progress: None], cv=KFold(3).split(X)),
    "module": dict(metric=elsewhere.scorer),
}
folder = Path(sys.argv[1])
for name, more in told.items():
    model = AutoML(**arguments, **more).fit(X, X[:, 0] + 0.1 * X[:, 1])
    model.save(folder / f"{name}.save")
    joblib.dump(model, folder / f"{name}.joblib")
    (folder / f"{name}.pickle").write_bytes(pickle.dumps(model))
    np.save(folder / f"{name}.npy", model.predict(X))
"""
MODULE = "def scorer(estimator, X, y):\n    return -float(abs(estimator.predict(X) - y).mean())\n"
READ = {"save": AutoML.load, "joblib": joblib.load, "pickle": lambda path: pickle.loads(path.read_bytes())}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with models that a script has left, whose functions are not to be had here."""
    folder, script = (tmp_path_factory.mktemp(name) for name in ("models", "script"))
    (script / "made.py").write_text(SCRIPT)
    (script / "elsewhere.py").write_text(MODULE)
    subprocess.run([sys.executable, script / "made.py", folder], check=True, timeout=120, env=dict(os.environ))
    return folder


@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("name", ["lambda", "function", "object", "module"])
def test_a_model_of_a_script_opens_elsewhere(saved, name, how):
    model = READ[how](saved / f"{name}.{how}")
    np.testing.assert_array_equal(model.predict(X), np.load(saved / f"{name}.npy"))
    assert model.score(X, Y) > 0.9
    assert len(model.leaderboard()) >= 1
    assert list(model.label_suspects(3).columns)[:2] == ["row", "label"]
    assert model.metric_ == {"lambda": "custom", "function": "custom", "object": "custom", "module": "scorer"}[name]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))  # and goes on


def test_what_travelled_by_value_fits_again(saved):
    model = AutoML.load(saved / "function.save")
    assert len(list(model.cv.split(X))) == 3
    again = clone(model).fit(X, Y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.best_score_ == pytest.approx(model.best_score_)


@pytest.mark.parametrize(("name", "argument"), [("module", "metric"), ("object", "cv")])
def test_what_was_lost_is_asked_for_only_where_a_fit_needs_it(saved, name, argument):
    model = AutoML.load(saved / f"{name}.save")
    assert "lost" in repr(getattr(model, argument))
    with pytest.raises(
        ArgumentError, match=rf"^{argument}: .* lost .*; give it anew with set_params\({argument}=...\)"
    ):
        model.fit(X, Y)
    model.set_params(metric="mae", cv=3).fit(X, Y)
    assert model.metric_ == "mae"


def with_a_lock():
    lock = threading.Lock()

    def scorer(estimator, X, y):
        with lock:
            return -float(np.abs(estimator.predict(X) - y).mean())

    return scorer


def test_what_cannot_be_kept_is_said_before_the_fit(capsys):
    model = AutoML(**ARGUMENTS | {"verbose": 1}, metric=with_a_lock()).fit(X, Y)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith(
        "metric cannot be saved with the model (TypeError: cannot pickle '_thread.lock' object), which"
    )
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ArgumentError, match="metric: scorer was lost when this model was saved or loaded"):
        again.fit(X, Y)
    with pytest.raises(ArgumentError, match=r"metric: scorer cannot be handed to worker processes .*executor='inline'"):
        model.set_params(executor="processes").fit(X, Y)


def test_arguments_that_are_data_stay_what_they_are():
    frame_like = (X, Y)
    plain = {"cv": frame_like, "try_first": [{"family": "ridge"}], "costs": [[0, 1], [2, 0]], "metric": "rmse"}
    assert all(value is plain[name] for name, value in kept.by_value(plain).items())
    model = copy.deepcopy(AutoML(cv=KFold(4), metric=make_scorer(lambda truth, predicted: 1.0), random_state=3))
    assert (model.cv.n_splits, model.random_state) == (4, 3)
    assert callable(model.metric)


def test_a_function_does_not_take_large_tables_along(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 100_000)
    table = np.zeros(1_000_000)
    packed = kept.by_value({"metric": lambda estimator, X, y: table.sum()})["metric"]
    assert isinstance(packed, kept.Lost)
    assert "refers to more than" in packed.reason
