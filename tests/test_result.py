"""What a run leaves behind: enough for a report, without the run's folder, and small."""

import ast
import inspect
import pickle
import shutil
import textwrap
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from automl import AutoML

X, Y = load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    run_dir = tmp_path_factory.mktemp("run")
    limits = {"max_trials": 2, "include": ["naive_bayes", "lda"], "executor": "inline", "n_jobs": 1, "verbose": 0}
    fitted = AutoML(**limits, random_state=3, cv=3, run_dir=run_dir).fit(X, Y)
    shutil.rmtree(run_dir)
    return fitted


def test_it_is_pickled_with_the_model_and_needs_no_folder(model):
    result = pickle.loads(pickle.dumps(model)).result_
    assert (result.task, result.metric, result.stop_reason) == ("multiclass", "log_loss", "max_trials")
    assert result.columns.names == list(X.columns)
    assert set(result.space.models) == {"naive_bayes", "lda"}
    assert [trial.number for trial in result.trials] == [0, 1, 2]
    assert result.out_of_fold.shape == (len(X), 3)
    assert {key: result.settings[key] for key in ("cv", "random_state", "max_trials")} == {
        "cv": 3,
        "random_state": 3,
        "max_trials": 2,
    }
    assert {"scikit-learn", "numpy", "pandas"} <= set(result.versions)
    pd.testing.assert_frame_equal(result.leaderboard, model.leaderboard())
    np.testing.assert_array_equal(result.best_estimator.predict(X), model.predict(X))


def test_it_is_shown_in_one_line(model):
    made = f"an ensemble of {len(model.ensemble_weights_)}" if model.ensemble_weights_ else model.best_params_["family"]
    told = f"<Result of a multiclass task: {made}, log_loss {model.best_score_:.5g}, 2 candidates>"
    assert repr(model.result_) == told


def test_decisions_are_kept_with_their_reasons(model):
    decided = pickle.loads(pickle.dumps(model)).decisions_
    assert list(decided.columns) == ["what", "chosen", "why"]
    assert tuple(decided.iloc[0]) == ("validation", "3 folds", "as asked")
    assert list(decided["what"]).count("ensemble") == 1
    alone = decided.set_index("what").loc["ensemble", "chosen"] == "the best candidate alone"
    assert alone == (model.ensemble_weights_ == {})
    assert tuple(decided.iloc[-1]) == ("fitted on all rows", f"trial {model.result_.best.number}", "the best one is")


def test_it_does_not_change(model):
    with pytest.raises(FrozenInstanceError):
        model.result_.metric = "accuracy"
    board = model.leaderboard()
    board["family"] = "mine"
    assert "mine" not in set(model.result_.leaderboard["family"])


def test_it_is_small(model):
    models = len(pickle.dumps([model.best_estimator_, model.best_pipeline_]))
    assert len(pickle.dumps(model.result_)) - models < 100_000


def test_another_task_leaves_nothing_of_the_first_one(model):
    again = pickle.loads(pickle.dumps(model)).set_params(include=["ridge", "decision_tree"], run_dir=None)
    again.fit(X.to_numpy()[:, :3], X.iloc[:, 3])
    assert not hasattr(again, "classes_")
    assert not hasattr(again, "feature_names_in_")
    assert again.result_.task == "regression"


def test_fit_only_hands_over_to_a_run():
    function = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(AutoML.fit)))).body[0]
    assert function.end_lineno - function.body[1].lineno < 25
