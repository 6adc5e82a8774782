"""After a hold-out, what is handed over has learned from all rows."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from automl import AutoML
from automl.ensemble import refit as refit_module
from automl.pipeline.build import innermost

KNN = [f"knn(input, n_neighbors={number})" for number in (3, 9, 30)]
TINY = {"include": ["knn"], "try_first": KNN, "max_trials": 3, "cv": "holdout", "random_state": 0, "verbose": 0}


def rows_learned(estimator):
    """Of each model of each member."""
    models = [model for member in estimator.members for model in member.models]
    return [innermost(model[-1]).n_samples_fit_ for model in models]


@pytest.mark.parametrize(
    ("load", "jobs", "executor"),
    [
        (load_wine, 1, "inline"),
        (load_diabetes, 1, "inline"),
        (load_wine, 2, "processes"),
        pytest.param(load_diabetes, 2, "processes", marks=pytest.mark.slow),
    ],
)
def test_every_member_is_fitted_on_all_rows(tmp_path, load, jobs, executor):
    X, y = load(return_X_y=True)
    model = AutoML(**TINY, n_jobs=jobs, executor=executor, run_dir=tmp_path / "run").fit(X, y)
    members = model.best_estimator_.members
    assert rows_learned(model.best_estimator_) == [len(X)] * len(members)
    held_out = np.isfinite(np.asarray(model.predict_oof(), dtype=float).reshape(len(X), -1)[:, 0])
    assert 0 < held_out.sum() < len(X)  # scores are still those of rows that were not learned from
    again = AutoML.replay(tmp_path / "run", executor="inline", verbose=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_without_time_the_members_are_what_they_were(monkeypatch, tmp_path):
    X, y = load_diabetes(return_X_y=True)
    monkeypatch.setattr(refit_module, "refit_seconds", lambda *_: 1e6)
    model = AutoML(**TINY, executor="inline", time_budget=60, run_dir=tmp_path / "run").fit(X, y)
    assert set(rows_learned(model.best_estimator_)) == {len(X) - len(X) // 5}
    notes = " ".join(model.time_report_["notes"])
    assert "best_pipeline_ was not refitted on all rows" in notes
    again = AutoML.replay(tmp_path / "run", executor="inline", verbose=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_diabetes])
def test_a_fit_on_all_rows_that_would_be_late_has_fewer_rounds(monkeypatch, tmp_path, load):
    X, y = load(return_X_y=True)
    monkeypatch.setattr(refit_module, "plan", lambda seconds, *_: [(1, 0.8)] * len(seconds))
    booster = {**TINY, "include": ["lightgbm"], "try_first": ["lightgbm(input)"], "max_trials": 1}
    model = AutoML(**booster, executor="inline", run_dir=tmp_path / "run").fit(X, y)
    rounds = model.trials_[1].rounds
    fitted = [innermost(one[-1]) for member in model.best_estimator_.members for one in member.models]
    assert [one.rounds_ for one in fitted] == [round(0.8 * rounds)]
    assert json.loads((tmp_path / "run/journal.jsonl").read_text().splitlines()[-1])["refitted"] == {"1": [0.8, None]}
    monkeypatch.undo()
    again = AutoML.replay(tmp_path / "run", verbose=0).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_a_fit_on_all_rows_that_fails_leaves_the_hold_outs_model(monkeypatch):
    X, y = load_wine(return_X_y=True)
    monkeypatch.setattr("automl.evaluate.refit.Refit.fit", lambda *_: 1 / 0)
    model = AutoML(**TINY, executor="inline").fit(X, y)
    assert model.score(X, y) > 0.6
    assert set(rows_learned(model.best_estimator_)) == {len(X) - len(X) // 5}
    assert "ZeroDivisionError" in " ".join(model.time_report_["notes"])


def test_folds_keep_their_models():
    X, y = load_wine(return_X_y=True)
    model = AutoML(**{**TINY, "cv": 3}, executor="inline").fit(X, y)
    assert max(rows_learned(model.best_estimator_)) < len(X)
    assert innermost(model.best_pipeline_[-1]).n_samples_fit_ == len(X)
