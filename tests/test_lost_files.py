"""Files of a run that vanish or are damaged cost the trials that they belong to, never the model."""

import shutil
import tempfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from separate import events_of
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from test_evaluator import evaluator_of, problem, ran, trial_of

from automl import AutoML
from automl import run as run_module
from automl.ensemble import rescue
from automl.trials.trial import Rung

X, Y = load_iris(return_X_y=True, as_frame=True)
SMALL = {
    "include": ["naive_bayes", "decision_tree"], "executor": "inline", "n_jobs": 1, "cv": 3, "verbose": 0,
    "random_state": 0, "max_trials": 5,
}  # fmt: skip


def shape(path):
    if path.suffix == ".npy":
        np.save(path, np.zeros((3, 3), dtype=np.float32))


def some(path):
    if Random(path.name).random() < 0.5:
        path.write_bytes(Random(path.name).randbytes(50))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.write_bytes(content)


def of(suffix, damage):
    return lambda path: damage(path) if path.suffix == suffix else None


DAMAGE = {
    "all removed": Path.unlink,
    "predictions removed": of(".npy", Path.unlink),
    "models removed": of(".pkl", Path.unlink),
    "tales removed": of(".json", Path.unlink),
    "emptied": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "models of zeros": of(".pkl", flip),
    "predictions of another shape": shape,
    "noise": some,
    "other tales": of(".json", lambda path: path.write_text('{"fold": "x", "warnings": 3}')),
    "tales that are lists": of(".json", lambda path: path.write_text("[1]")),
}


def files(folder):
    return [path for path in sorted(folder.rglob("*")) if path.name.startswith(("fold", "refit")) and path.is_file()]


@pytest.mark.parametrize("damage", DAMAGE)
def test_between_two_starts(tmp_path, damage):
    """The trials run again under their numbers, and the model is the same; where not even that helps, there is one."""
    run = tmp_path / "run"
    first = AutoML(**SMALL, run_dir=run).fit(X, Y)
    assert files(run)
    for path in files(run):
        DAMAGE[damage](path)
    again = AutoML(**SMALL, run_dir=run, resume=True).fit(X, Y)
    assert again.stop_reason_ == "max_trials"
    assert [(t.number, t.status, t.loss) for t in again.trials_] == [
        (t.number, t.status, t.loss) for t in first.trials_
    ]
    assert again.score(X, Y) > 0.9
    if damage != "models of zeros":  # whose size is right: found only when they are loaded
        np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))
        assert again.best_score_ == first.best_score_
    started = [event["trial"] for event in events_of(run) if event["event"] == "start"]
    third = AutoML(**SMALL, run_dir=run, resume=True).fit(X, Y)  # the journal holds
    assert [event["trial"] for event in events_of(run) if event["event"] == "start"] == started
    assert third.score(X, Y) > 0.9


def losses(model):
    return [(trial.number, trial.status, trial.loss) for trial in model.trials_]


def test_a_fold_that_lacks_a_file_never_happened(tmp_path):
    evaluator = evaluator_of(tmp_path, *problem())
    trial = trial_of(evaluator, "decision_tree(input)", ran(evaluator, "decision_tree(input)"))
    assert evaluator.stored.ended_folds(trial) == [0, 1, 2]
    assert evaluator.stored.holds(trial)
    next(path for path in files(tmp_path) if path.name == "fold1.npy").unlink()
    assert evaluator.stored.ended_folds(trial) == [0, 2]
    assert not evaluator.stored.holds(trial)
    assert not evaluator.stored.holds(trial, read=False)
    again = ran(evaluator, "decision_tree(input)")
    assert evaluator.stored.holds(trial)
    assert again.fold_losses == trial.fold_losses


def test_folds_of_repeats_that_came_later_take_nothing_from_a_trial(tmp_path):
    X, y = problem()
    splits = [pair for seed in (0, 1) for pair in KFold(3, shuffle=True, random_state=seed).split(X)]
    evaluator = evaluator_of(tmp_path, X, y, cv=splits)
    evaluator.data.n_folds = 3  # the others are a repeat's
    trial = trial_of(evaluator, "decision_tree(input)", ran(evaluator, "decision_tree(input)"))
    assert len(trial.fold_losses) == 3
    ran(evaluator, "decision_tree(input)", rung=Rung(folds=2.0))
    assert evaluator.stored.ended_folds(trial) == [*range(6)]
    assert evaluator.stored.holds(trial)


def test_a_folder_that_cannot_be_looked_into_holds_nothing(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(13, "Permission denied")

    evaluator = evaluator_of(tmp_path, *problem())
    trial = trial_of(evaluator, "decision_tree(input)", ran(evaluator, "decision_tree(input)"))
    monkeypatch.setattr(Path, "glob", denied)
    assert evaluator.stored.ended_folds(trial) == []
    assert not evaluator.stored.holds(trial)
    evaluator.artifacts.keep_only(set())
    monkeypatch.undo()
    assert evaluator.stored.holds(trial)


def vanish(folder, how):
    if how == "removed":
        shutil.rmtree(folder)
    else:
        folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize(("how", "named"), [("removed", True), ("renamed", True), ("removed", False)])
def test_a_run_folder_that_is_gone_ends_the_search(tmp_path, monkeypatch, how, named):
    """The best candidate is fitted anew, and the folder is not made again."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    where = []

    def act(progress):
        folder = tmp_path / "run" if named else next(tmp_path.glob("automl-*"))
        if progress.trials == 3 and folder.exists():
            where.append(folder)
            vanish(folder, how)

    model = AutoML(**SMALL, run_dir=tmp_path / "run" if named else None, callbacks=[act]).fit(X, Y)
    assert model.stop_reason_ == "run_dir"
    assert model.n_trials_ < 5
    assert model.best_params_["family"] != "dummy"
    assert model.score(X, Y) > 0.9
    assert model.best_pipeline_.score(X, Y) > 0.9
    assert any("missing or damaged" in note for note in model.time_report_["notes"])
    assert not where[0].exists()
    if how == "renamed":
        again = AutoML(**SMALL, run_dir=where[0].with_name("elsewhere"), resume=True).fit(X, Y)
        assert again.stop_reason_ == "max_trials"


def lost_at_the_end(monkeypatch, folder, damage):
    finalize = run_module.finalize

    def losing(*arguments, **named):
        for path in files(folder):
            damage(path)
        return finalize(*arguments, **named)

    monkeypatch.setattr(run_module, "finalize", losing)


@pytest.mark.parametrize("timely", [True, False])
def test_files_that_are_lost_before_the_hand_over(tmp_path, monkeypatch, timely):
    lost_at_the_end(monkeypatch, tmp_path / "run", Path.unlink)
    if not timely:
        monkeypatch.setattr(rescue, "refit_seconds", lambda *_: 1e6)
        monkeypatch.setattr("automl.ensemble.refit.refit_seconds", lambda *_: 1e6)
    model = AutoML(**SMALL, time_budget=60, run_dir=tmp_path / "run").fit(X, Y)
    assert model.stop_reason_ == "max_trials"
    assert (model.best_params_["family"] == "dummy") != timely
    assert (model.score(X, Y) > 0.9) == timely
    (note,) = [note for note in model.time_report_["notes"] if "missing or damaged" in note]
    assert ("fitted on all rows" in note) == timely
    assert np.isnan(model.predict_oof()).all()
    assert len(model.leaderboard()) == 6


def test_files_that_are_lost_in_part_leave_the_rest(tmp_path, monkeypatch):
    first = AutoML(**SMALL, run_dir=tmp_path / "first").fit(X, Y)
    best = first.leaderboard().query("origin != 'ensemble'").iloc[0]
    key = next(trial.candidate.key for trial in first.trials_ if trial.number == best["id"])
    run = tmp_path / "run"
    lost_at_the_end(monkeypatch, run, lambda path: path.unlink() if key in str(path) else None)
    model = AutoML(**SMALL, run_dir=run).fit(X, Y)
    assert model.best_params_["family"] != "dummy"
    assert best["id"] not in model.ensemble_weights_
    assert model.score(X, Y) > 0.9
    assert np.isfinite(model.predict_oof()).all()


def test_files_that_are_lost_in_mid_run_are_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("automl.loop.MEND_SECONDS", 0.0)
    monkeypatch.setattr("automl.loop.MEND_SHARE", 1e9)
    whole = AutoML(**SMALL).fit(X, Y)
    acted = []

    def act(progress):
        if progress.trials == 3 and not acted:
            acted.extend(files(tmp_path / "run"))
            for path in acted:
                path.unlink()

    model = AutoML(**SMALL, run_dir=tmp_path / "run", callbacks=[act]).fit(X, Y)
    assert acted
    assert model.stop_reason_ == "max_trials"
    assert losses(model) == losses(whole)
    np.testing.assert_array_equal(model.predict_proba(X), whole.predict_proba(X))
