"""A run of several processes is reproducible from its journal."""

import numpy as np
import pandas as pd
import pytest
from separate import MEASURED, QUICK, events_of, signed
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import make_scorer, mean_absolute_error

from automl import AutoML
from automl.errors import ArgumentError, RunDirError

X, Y = load_diabetes(return_X_y=True, as_frame=True)
TINY = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "include": ["decision_tree", "ridge"]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, AutoML(**TINY, max_trials=3, run_dir=folder).fit(X, Y)


def boards(*models):
    return [model.leaderboard().drop(columns=MEASURED) for model in models]


@pytest.mark.alone
@pytest.mark.parametrize("schedule", ["auto", pytest.param("hyperband", marks=pytest.mark.slow)])
def test_a_replay_ends_as_the_run_did(tmp_path, schedule):
    """Whatever the order in which trials of two processes ended, and where the clock ended fits."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    folder = tmp_path / "run"
    arguments = {"time_budget": 6, "n_jobs": 2, "include": [*QUICK, "mlp"], "schedule": schedule, "verbose": 0}
    model = AutoML(**arguments, run_dir=folder).fit(X, y)
    before = (folder / "journal.jsonl").read_bytes()
    again = AutoML.replay(folder, n_jobs=1, executor="inline", verbose=0).fit(X, y)
    pd.testing.assert_frame_equal(*boards(model, again), check_exact=True)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.stop_reason_ == "replayed"
    assert (folder / "journal.jsonl").read_bytes() == before
    assert [(t.candidate, t.rung, t.why) for t in again.trials_] == [
        (t.candidate, t.rung, t.why) for t in model.trials_
    ]


@pytest.mark.alone
@pytest.mark.slow
def test_fits_that_the_clock_ended_end_there_again(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15_000, 20))
    y = X[:, 0] * X[:, 1] + X[:, 2:].sum(axis=1) + 0.1 * rng.normal(size=15_000)
    slow = "lightgbm(input, learning_rate=0.01, num_leaves=200, min_child_samples=1)"
    arguments = {"include": ["lightgbm"], "try_first": [slow], "n_jobs": 1, "verbose": 0, "time_budget": 4}
    model = AutoML(**arguments, run_dir=tmp_path / "run").fit(X, y)
    assert any(any(trial.ended_after) for trial in model.trials_ if trial.status == "ok")
    again = AutoML.replay(tmp_path / "run", verbose=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_a_model_of_a_few_folds_is_made_again(tmp_path):
    """Where no candidate was evaluated in full, the model is one that ran out of time after some folds."""
    model = AutoML(**TINY, max_trials=2, trial_timeout=1e-4, run_dir=tmp_path / "run").fit(X, Y)
    assert [(trial.status, trial.folds) for trial in model.trials_[1:]] == [("timeout", 1)] * 2
    again = AutoML.replay(tmp_path / "run", verbose=0).fit(X, Y)
    pd.testing.assert_frame_equal(*boards(model, again), check_exact=True)
    assert len(np.unique(model.predict(X))) > 1
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_a_replay_may_be_replayed_and_kept(run, tmp_path):
    folder, model = run
    AutoML.replay(folder).set_params(run_dir=tmp_path / "again", verbose=0).fit(X, Y)
    third = AutoML.replay(tmp_path / "again").fit(X, Y)
    pd.testing.assert_frame_equal(*boards(model, third), check_exact=True)


def test_other_data_is_refused(run):
    folder, _ = run
    with pytest.raises(RunDirError, match="another data") as caught:
        AutoML.replay(folder).fit(X, Y + 1)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("name", ["random_state", "cv", "max_trials", "include"])
def test_what_is_the_runs_own_cannot_be_changed(run, name):
    with pytest.raises(ArgumentError, match=f"{name} is the recorded run's own"):
        AutoML.replay(run[0], **{name: 3})


def test_there_must_be_a_run(tmp_path):
    with pytest.raises(RunDirError, match="holds no run to replay"):
        AutoML.replay(tmp_path)


def test_what_no_journal_can_hold_is_given_again(tmp_path):
    metric = make_scorer(mean_absolute_error, greater_is_better=False)
    model = AutoML(**TINY, max_trials=2, metric=metric, run_dir=tmp_path / "run").fit(X, Y)
    with pytest.raises(ArgumentError, match=r"metric was something .*metric=\.\.\."):
        AutoML.replay(tmp_path / "run")
    again = AutoML.replay(tmp_path / "run", metric=metric).fit(X, Y)
    pd.testing.assert_frame_equal(*boards(model, again), check_exact=True)


def test_a_replay_says_where_it_came_out_otherwise(run, tmp_path):
    folder, _ = run
    other = tmp_path / "other"
    other.mkdir()
    events = events_of(folder)
    next(event for event in events if event["event"] == "finish" and event["trial"] == 2)["measures"]["loss"] += 1.0
    (other / "journal.jsonl").write_bytes(signed(events))
    again = AutoML.replay(other).fit(X, Y)
    assert any("Trials 2 came out otherwise" in note for note in again.time_report_["notes"])
