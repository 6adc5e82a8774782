"""Forests that validate themselves: one fit, the same kind of score, and nothing that peeks."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from test_evaluator import DECLARED, Killed, evaluator_of, job, noise, problem, ran, refitted, trial_of

from automl import AutoMLClassifier
from automl.errors import ArtifactError
from automl.evaluate import out_of_bag as once_module
from automl.evaluate import refit as refit_module
from automl.evaluate.evaluator import Evaluator
from automl.evaluate.out_of_bag import out_of_bag, partitions
from automl.evaluate.run_data import RunData
from automl.pipeline.build import build, predict
from automl.schedule.cost import CostModel
from automl.space.facts import fitted_once, uses_target
from automl.trials.artifacts import Artifacts
from automl.validation.splits import make_splits

FOREST = "random_forest(input, n_estimators=50)"
RANDOM = "extra_trees(input, n_estimators=50, bootstrap=True)"


def texts(space):
    return {
        FOREST: True,
        RANDOM: True,
        "extra_trees(input)": False,
        "random_forest(input, bootstrap=False)": False,
        "random_forest(input, class_weight='balanced')": False,
        "random_forest(pca(union(input, input)))": True,
        "random_forest(select_univariate(input))": False,
        "random_forest(pca(union(input, select_model(input))))": False,
        "random_forest(stack(naive_bayes(input), input))": False,
        "lightgbm(input)": False,
    }


def test_which_candidates_are_fitted_once():
    space = DECLARED.for_task("binary", 1000, 10)
    found = {text: fitted_once(space.parse(text), space) for text in texts(space)}
    assert found == texts(space)


def test_a_leaf_may_learn_from_the_target():
    space = DECLARED.for_task("binary", 1000, 10, meta_features={"many_levels"})
    found = {how: uses_target(space.parse(f"random_forest(input(many_levels='{how}'))"), space)
             for how in ("own", "target", "both", "count")}  # fmt: skip
    assert found == {"own": False, "target": True, "both": True, "count": False}


def test_folds_of_all_rows_are_told_from_other_splits():
    y = np.arange(30) % 2
    folds = make_splits(5, y, 2, 0)
    assert partitions(folds, 30)
    assert not partitions(folds[:4], 30)
    assert not partitions([*folds[:4], folds[0]], 30)
    assert not partitions([(train[1:], valid) for train, valid in folds], 30)
    assert not partitions([(np.arange(20), np.arange(20, 30))], 30)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("text", [FOREST, RANDOM])
def test_predictions_are_scikit_learns(tmp_path, kind, text):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    pipeline = build(evaluator.space.parse(text), evaluator.data.recipe(evaluator.space, job(evaluator, text), "refit"))
    forest = pipeline[-1] if kind == "regression" else pipeline[-1].model
    forest.set_params(oob_score=True)
    pipeline.fit(evaluator.data.table, evaluator.data.y)
    found = out_of_bag(pipeline, pipeline[:-1].transform(evaluator.data.table))
    if kind == "regression":
        np.testing.assert_allclose(found, forest.oob_prediction_)
        return
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    np.testing.assert_allclose(found, forest.oob_decision_function_, atol=2 * pipeline[-1].floor_ * found.shape[1])


def test_without_its_one_model_no_fold_is_there(tmp_path):
    evaluator = evaluator_of(tmp_path, *problem())
    trial = trial_of(evaluator, FOREST, ran(evaluator, FOREST))
    assert evaluator.stored.ended_folds(trial) == [0, 1, 2]
    path = next((tmp_path / "artifacts").rglob("fold0.pkl"))
    path.write_bytes(path.read_bytes()[:100])
    assert evaluator.stored.ended_folds(trial) == []
    with pytest.raises(ArtifactError, match="lacks files"):
        evaluator.stored.models(replace(trial, status="cut"))
    assert ran(evaluator, FOREST).fold_losses == trial.fold_losses
    assert len(evaluator.stored.models(trial)) == 1


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_one_model_stands_for_all_folds(tmp_path, kind, monkeypatch):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, FOREST)
    trial = trial_of(evaluator, FOREST, outcome)
    parts = evaluator.stored.out_of_fold(trial)
    for fold, (_, valid) in enumerate(evaluator.data.splits):
        loss = evaluator.data.task.metric.loss(evaluator.data.y[valid], parts[fold])
        assert outcome.fold_losses[fold] == pytest.approx(loss, rel=1e-4)
    assert outcome.loss == pytest.approx(np.mean(outcome.fold_losses))
    assert outcome.train_loss < outcome.loss
    assert trial.folds == 3
    models = evaluator.stored.models(trial)
    assert len(models) == 1
    assert len(list((tmp_path / "artifacts").rglob("fold*.pkl"))) == 1
    assert trial.measures.model_bytes == next((tmp_path / "artifacts").rglob("fold0.pkl")).stat().st_size
    monkeypatch.setattr(refit_module, "build", None)  # the refit needs no fit
    again = refitted(evaluator, FOREST)
    np.testing.assert_array_equal(predict(again, evaluator.data.table), predict(models[0], evaluator.data.table))
    if kind == "multiclass":
        assert set(again.predict(evaluator.data.table)) == {"a", "b", "c"}


def test_the_score_is_near_that_of_folds(tmp_path):
    X, y = problem(rows=600)
    once = ran(evaluator_of(tmp_path / "once", X, y, cv=5), "random_forest(input)")
    evaluator = evaluator_of(tmp_path / "folds", X, y, cv=5)
    evaluator.out_of_bag_allowed = False
    folds = ran(evaluator, "random_forest(input)")
    assert len(evaluator.stored.models(trial_of(evaluator, "random_forest(input)", folds))) == 5
    assert once.fold_losses != folds.fold_losses
    assert once.loss == pytest.approx(folds.loss, abs=0.02)


def test_it_is_not_done_where_it_would_peek(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    data = evaluator.data
    part = RunData(data.task, data.table, data.y, data.splits[:1], 0, tmp_path)
    assert evaluator.out_of_bag_allowed
    assert not Evaluator(data, evaluator.space, plain=False).out_of_bag_allowed
    assert not Evaluator(part, evaluator.space).out_of_bag_allowed
    for text in (text for text, once in texts(evaluator.space).items() if not once and "forest" in text):
        ran(evaluator, text)
        assert len(evaluator.stored.models(trial_of(evaluator, text, ran(evaluator, text)))) == 3


@pytest.mark.parametrize("copies", [True, False])
def test_copies_of_rows_and_splits_of_ones_own_forbid_it(copies):
    X, y = problem(rows=90)
    y = np.random.default_rng(0).permutation(y)
    rows = np.repeat(np.arange(90), 2) if copies else np.arange(90)
    order = np.arange(90)
    cv = 3 if copies else [(order[:45], order[45:]), (order[45:], order[:45])]
    settings = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "ensemble": False}
    model = AutoMLClassifier(max_trials=1, try_first=[FOREST], cv=cv, **settings).fit(X[rows], y[rows])
    score = model.leaderboard().set_index("family")["score"]["random_forest"]
    assert score < 0.75  # a row whose copy is in the bag would be known
    assert model.trials_[1].measures.rows_predicted == len(rows)  # each row once, by the model of its fold


def test_nothing_is_learned_from_noise(tmp_path):
    outcome = ran(evaluator_of(tmp_path, *noise()), FOREST)
    assert 0.3 < -outcome.loss < 0.7


def test_a_class_of_one_row(tmp_path):
    X, y = problem("multiclass")
    y = np.where(np.arange(len(y)) == 7, "d", y)
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, FOREST)
    assert np.isfinite(outcome.loss)
    parts = evaluator.stored.out_of_fold(trial_of(evaluator, FOREST, outcome))
    fold, place = next((f, int(np.flatnonzero(v == 7)[0])) for f, (_, v) in enumerate(evaluator.data.splits) if 7 in v)
    assert 0 < parts[fold][place][3] < 0.01  # no tree that has not seen the row knows its class


def test_rows_that_every_tree_has_seen_get_the_mean(tmp_path):
    X, y = problem("regression")
    evaluator = evaluator_of(tmp_path, X, y)
    pipeline = build(
        evaluator.space.parse(FOREST), evaluator.data.recipe(evaluator.space, job(evaluator, FOREST), "refit")
    )
    pipeline[-1].set_params(n_estimators=1)
    pipeline.fit(evaluator.data.table, evaluator.data.y)
    found = out_of_bag(pipeline, pipeline[:-1].transform(evaluator.data.table))
    seen = np.isin(np.arange(len(y)), pipeline[-1].estimators_samples_[0])
    assert 0 < seen.sum() < len(y)
    np.testing.assert_allclose(found[seen], found[~seen].mean())
    np.testing.assert_allclose(found[~seen], predict(pipeline, evaluator.data.table)[~seen])


def test_an_interrupted_evaluation_starts_again(tmp_path, monkeypatch):
    X, y = problem()
    whole = ran(evaluator_of(tmp_path / "whole", X, y), FOREST)
    save_fold = Artifacts.save_fold

    def until_the_last(self, key, rung, result, model, prediction):
        if result.fold == 2:
            raise Killed
        return save_fold(self, key, rung, result, model, prediction)

    monkeypatch.setattr(Artifacts, "save_fold", until_the_last)
    evaluator = evaluator_of(tmp_path / "cut", X, y)
    with pytest.raises(Killed):
        evaluator.run(job(evaluator, FOREST))
    monkeypatch.undo()
    resumed = pickle.loads(pickle.dumps(evaluator_of(tmp_path / "cut", X, y)))
    outcome = ran(resumed, FOREST)
    assert (outcome.fold_losses, outcome.train_loss) == (whole.fold_losses, whole.train_loss)
    monkeypatch.setattr(once_module, "build", None)  # whole now: nothing is fitted again
    assert ran(evaluator_of(tmp_path / "cut", X, y), FOREST).fold_losses == whole.fold_losses


def test_it_is_predicted_to_cost_one_fit(tmp_path):
    evaluator = evaluator_of(tmp_path, *problem(), cv=5)
    space, task = evaluator.space, evaluator.data.task
    folds, once = (CostModel(space, task, 5, out_of_bag=allowed) for allowed in (False, True))
    forest, plain = space.parse(FOREST), space.parse("extra_trees(input)")
    assert 3 < folds.nominal(forest) / once.nominal(forest) <= 5
    assert folds.nominal(plain) == once.nominal(plain)


def test_the_winner_is_handed_over():
    X, y = problem()
    model = AutoMLClassifier(
        max_trials=1, try_first=[FOREST], executor="inline", n_jobs=1, verbose=0, random_state=0
    ).fit(X, y)
    assert np.mean(model.predict(X) == y) > 0.9
    np.testing.assert_array_equal(model.best_pipeline_.predict(X), model.predict(X))
    assert np.isfinite(model.predict_oof()).all()
    row = model.leaderboard().set_index("family").loc["random_forest"]
    assert (row["folds"], row["status"], row["diagnosis"]) == (5, "ok", "fits")
