"""How good a candidate is: folds, early stopping, failures, and nothing that peeks."""

import pickle
import warnings
from dataclasses import replace

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score

from automl.dataset import Data, make_task
from automl.estimators import curves
from automl.evaluate import cross_validation
from automl.evaluate.evaluator import Evaluator
from automl.evaluate.rounds import best_round
from automl.evaluate.run_data import RunData
from automl.pipeline.build import innermost, predict, staged_model_of
from automl.space.component import Accepts, Component, EstimatorRef
from automl.space.reader import read_space
from automl.trials.trial import TOP, Extent, Failure, Job, Outcome, Proposal, RefitJob, Refitted, Trial
from automl.validation.splits import make_splits

ROWS = 150
DECLARED = read_space()
BOOSTERS = ["catboost", "lightgbm", "xgboost", "hist_gradient_boosting"]


def problem(kind="binary", rows=ROWS, columns=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, columns))
    signal = X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=rows)
    if kind == "regression":
        return X, signal
    cuts = [0.0] if kind == "binary" else [-0.7, 0.7]
    return X, np.array(["a", "b", "c"])[np.digitize(signal, cuts)]


def model(name):
    """A component made of a class of `misbehaving`."""
    path = f"misbehaving.{name}"
    return Component(name.lower(), "model", "A toy.", EstimatorRef(path, path), Accepts())


def evaluator_of(folder, X, y, *, metric="auto", cv=3, seed=0, extra=()):
    data = Data.read(X, y, "auto")
    task = make_task(data, metric)
    space = DECLARED.for_task(task.kind, 2 * task.rows // 3, task.columns)
    models = {**space.models, **{c.name: c for c in extra if c.kind == "model"}}
    steps = {**space.steps, **{c.name: c for c in extra if c.kind == "step"}}
    space = replace(space, models=models, steps=steps)
    splits = make_splits(cv, data.y, task.n_classes, seed)
    return Evaluator(RunData(task, data.table, data.y, splits, seed, folder), space)


def job(evaluator, text, **given):
    return Job(Proposal(evaluator.space.parse(text), "test"), **given)


def ran(evaluator, text, **given):
    result = evaluator.run(job(evaluator, text, **given))
    assert isinstance(result, Outcome), result
    return result


def refitted(evaluator, text, rounds=None, **given):
    candidate = evaluator.space.parse(text)
    result = evaluator.run(RefitJob(Proposal(candidate, "test"), rounds=rounds, **given))
    assert isinstance(result, Refitted), result
    return evaluator.artifacts.refit(candidate.key)


def trial_of(evaluator, text, outcome):
    candidate = evaluator.space.parse(text)
    return Trial(1, candidate, TOP, 0, "test", started=0.0).ended(outcome, 1.0)


# ---- scores


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_the_score_is_that_of_scikit_learns_folds(tmp_path, kind):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, "decision_tree(input, max_depth=2)")
    trial = trial_of(evaluator, "decision_tree(input, max_depth=2)", outcome)
    models, predictions = evaluator.stored.models(trial), evaluator.stored.out_of_fold(trial)
    for fold, (train, valid) in enumerate(evaluator.data.splits):
        assert not set(train) & set(valid)
        again = predict(models[fold], evaluator.data.table.take(valid))
        np.testing.assert_allclose(predictions[fold], again, rtol=1e-6)
        assert outcome.fold_losses[fold] == pytest.approx(
            evaluator.data.task.metric.loss(evaluator.data.y[valid], again)
        )
    assert outcome.loss == pytest.approx(np.mean(outcome.fold_losses))
    assert evaluator.data.scores.whole(predictions)[0] == pytest.approx(outcome.loss, rel=1e-5)
    assert outcome.train_loss < outcome.loss


def test_the_seed_decides(tmp_path):
    X, y = problem()
    text = "extra_trees(input)"
    first, same, other = (
        ran(evaluator_of(tmp_path / name, X, y, cv=[(np.arange(100), np.arange(100, 150))], seed=seed), text)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first.loss == same.loss != other.loss


def test_a_pickled_evaluator_gives_the_same(tmp_path):
    X, y = problem("multiclass")
    here = evaluator_of(tmp_path / "here", X, y)
    there = evaluator_of(tmp_path / "there", X, y)
    outcome = ran(pickle.loads(cloudpickle.dumps(there)), "lightgbm(input)")
    assert outcome.fold_losses == ran(here, "lightgbm(input)").fold_losses


def test_a_class_that_a_training_part_lacks(tmp_path):
    X, y = problem("multiclass")
    order = np.argsort(y, kind="stable")
    splits = [(order[30:], order[:30]), (order[:-30], order[-30:])]
    y = np.where(np.arange(ROWS) == order[-1], "d", y)  # one row of its own
    evaluator = evaluator_of(tmp_path, X, y, cv=splits)
    for text in ("logistic_regression(input)", "lightgbm(input)", "xgboost(input)", "linear_svm(input)"):
        result = evaluator.run(job(evaluator, text))
        if isinstance(result, Outcome):
            assert np.isfinite(result.loss)
        else:
            assert "single training row" in result.message  # calibration says that it cannot


def test_rows_are_pooled_where_a_fold_lacks_a_class(tmp_path):
    X, y = problem()
    order = np.argsort(y, kind="stable")  # the first fold predicts rows of one class
    splits = [(order[20:], order[:20]), (order[:-80], order[-80:])]
    evaluator = evaluator_of(tmp_path, X, y, metric="roc_auc", cv=splits)
    outcome = ran(evaluator, "logistic_regression(input)")
    trial = trial_of(evaluator, "logistic_regression(input)", outcome)
    assert evaluator.data.pooled
    assert outcome.fold_losses == ()
    truths = np.concatenate([evaluator.data.y[valid] for _, valid in evaluator.data.splits])
    shares = np.concatenate(evaluator.stored.out_of_fold(trial))[:, 1]
    assert -outcome.loss == pytest.approx(roc_auc_score(truths, shares))


def test_a_partial_trial_of_a_pooled_run_has_no_made_up_mean(tmp_path, monkeypatch):
    X, y = problem()
    order = np.argsort(y, kind="stable")
    splits = [(order[20:], order[:20]), (order[::2], order[1::2]), (order[10:-10], order[[0, 1, -2, -1]])]
    evaluator = evaluator_of(tmp_path, X, y, metric="roc_auc", cv=splits)
    fit_fold = cross_validation.fit_fold
    monkeypatch.setattr(
        cross_validation, "fit_fold", lambda job, fold, *more: fit_fold(job, fold, *more) if fold < 2 else 1 / 0
    )
    result = evaluator.run(job(evaluator, "naive_bayes(input)"))
    assert isinstance(result, Failure)
    assert result.folds[0].loss is None
    trial = trial_of(evaluator, "naive_bayes(input)", result)
    assert trial.folds == len(result.folds) == 2
    assert trial.fold_losses == (result.folds[1].loss,)
    stored = evaluator.finished_folds(job(evaluator, "naive_bayes(input)"))
    assert [fold.loss for fold in stored] == [fold.loss for fold in result.folds]


def test_scorers_that_need_every_class_are_pooled(tmp_path):
    X, y = problem("multiclass")
    order = np.argsort(y, kind="stable")
    splits = [
        (np.setdiff1d(order, order[:20]), order[:20]),
        (np.setdiff1d(order, order[20:120:2]), order[20:120:2]),
    ]
    evaluator = evaluator_of(tmp_path, X, y, metric="roc_auc_ovr", cv=splits)
    assert evaluator.data.pooled
    assert ran(evaluator, "logistic_regression(input)").fold_losses == ()


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_a_rare_class_is_in_the_sample_of_training_rows(tmp_path, metric):
    """5 rows of 5,000; 2,000 of the training rows are looked at."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5000, 2)), (np.arange(5000) % 1000 == 0).astype(int)
    outcome = ran(evaluator_of(tmp_path, X, y, metric=metric, cv=5), "naive_bayes(input)")
    assert outcome.train_loss is not None
    assert all(fold.train_loss is not None for fold in outcome.folds)


def test_a_training_score_without_value_is_none(tmp_path):
    X, y = problem("multiclass")
    order = np.argsort(y, kind="stable")
    y = np.where(np.isin(np.arange(ROWS), order[-2:]), "d", y)  # two rows of their own, which are not learned from
    valid = np.union1d(order[::3], order[-2:])
    evaluator = evaluator_of(tmp_path, X, y, metric="roc_auc_ovr", cv=[(np.setdiff1d(order, valid), valid)])
    assert not evaluator.data.pooled
    outcome = ran(evaluator, "naive_bayes(input)")
    assert np.isfinite(outcome.loss)
    assert outcome.train_loss is None


# ---- early stopping


def test_the_best_round_is_that_of_the_mean_curve():
    assert best_round([np.array([3.0, 1.0, 2.0])]) == 2
    assert best_round([np.array([3.0, 1.0, 2.0, 5.0]), np.array([3.0, 2.9, 0.0, 0.0])]) == 3
    # a curve that stopped goes on with its last value
    assert best_round([np.array([3.0, 1.0]), np.array([3.0, 3.0, 3.0, 1.0])]) == 4


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("family", BOOSTERS)
def test_one_number_of_rounds_for_all_folds(tmp_path, family, kind):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    text = f"{family}(input, learning_rate=0.1)"
    outcome = ran(evaluator, text)
    trial = trial_of(evaluator, text, outcome)
    models, predictions = evaluator.stored.models(trial), evaluator.stored.out_of_fold(trial)
    curves = [staged_model_of(model).curve_ for model in models]
    assert outcome.rounds == best_round(curves)
    for fold, (_, valid) in enumerate(evaluator.data.splits):
        wanted = min(outcome.rounds, len(curves[fold]))
        assert (staged_model_of(models[fold]).rounds_, outcome.folds[fold].rounds) == (wanted, wanted)
        np.testing.assert_allclose(
            predictions[fold], predict(models[fold], evaluator.data.table.take(valid)), rtol=1e-5
        )
        loss = evaluator.data.task.metric.loss(evaluator.data.y[valid], predictions[fold])
        assert outcome.fold_losses[fold] == pytest.approx(loss, rel=1e-4)
        own = int(np.argmin(curves[fold])) + 1
        assert curves[fold][own - 1] <= curves[fold][wanted - 1]  # the fold's own choice would have been a peek


# ---- interrupted


class Killed(BaseException):
    pass


@pytest.mark.parametrize("family", ["decision_tree", "lightgbm"])
def test_folds_of_an_interrupted_evaluation_are_taken_from_disk(tmp_path, monkeypatch, family):
    X, y = problem()
    text = f"{family}(input)"
    whole = ran(evaluator_of(tmp_path / "whole", X, y), text)
    fit_fold = cross_validation.fit_fold
    fitted = []

    def until_the_last(job, fold, *more):
        if fold == 2:
            raise Killed
        return fit_fold(job, fold, *more)

    def recorded(job, fold, *more):
        fitted.append(fold)
        return fit_fold(job, fold, *more)

    monkeypatch.setattr(cross_validation, "fit_fold", until_the_last)
    evaluator = evaluator_of(tmp_path / "cut", X, y)
    with pytest.raises(Killed):
        evaluator.run(job(evaluator, text))
    assert [fold.fold for fold in evaluator.finished_folds(job(evaluator, text))] == [0, 1]
    monkeypatch.setattr(cross_validation, "fit_fold", recorded)
    resumed = ran(evaluator_of(tmp_path / "cut", X, y), text)
    assert fitted == [2]
    assert resumed.fold_losses == pytest.approx(whole.fold_losses, rel=1e-6)
    assert (resumed.rounds, resumed.train_loss) == (whole.rounds, pytest.approx(whole.train_loss))


def test_seconds_are_looked_at_between_folds(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, extra=[model("Slow")])
    result = evaluator.run(job(evaluator, "slow(input)", seconds_limit=0.35))
    assert isinstance(result, Failure)
    assert (result.kind, len(result.folds)) == ("timeout", 2)


# ---- failures are data


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("Raises", "failed", "RuntimeError: it cannot be done xxx"),
        ("RunsOutOfMemory", "memory", "MemoryError: no more"),
        ("PredictsNaN", "failed", "NaN"),
    ],
)
def test_failures_are_data(tmp_path, name, kind, words):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, extra=[model(name)])
    result = evaluator.run(job(evaluator, f"{name.lower()}(input)"))
    assert isinstance(result, Failure)
    assert result.kind == kind
    assert words in result.message
    assert len(result.message) < 400
    assert "\n" not in result.message


def test_a_metric_that_is_no_number_is_a_failure(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, metric=lambda estimator, X, y: float("nan"))
    result = evaluator.run(job(evaluator, "naive_bayes(input)"))
    assert isinstance(result, Failure)
    assert "no finite number" in result.message


def test_warnings_are_kept_and_go_nowhere_else(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, extra=[model("Warns")])
    filters = list(warnings.filters)
    with warnings.catch_warnings(record=True) as heard:
        outcome = ran(evaluator, "warns(input)")
    assert not heard
    assert warnings.filters == filters
    assert trial_of(evaluator, "warns(input)", outcome).warnings == ("UserWarning: this is odd",)


# ---- all rows


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_refit_speaks_the_users_labels(tmp_path, kind):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    pipeline = refitted(evaluator, "lightgbm(input)", rounds=150)
    predicted = pipeline.predict(evaluator.data.table)
    if kind == "multiclass":
        assert set(predicted) <= {"a", "b", "c"}
        assert np.mean(predicted == y) > 0.8
    else:
        assert np.corrcoef(predicted, y)[0, 1] > 0.8
    last = pipeline.named_steps["model"]
    assert (last.model if kind == "multiclass" else last).rounds_ == 150


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "hist_gradient_boosting"])
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_refit_of_fewer_rounds_goes_in_longer_steps(tmp_path, kind, family):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    text = f"{family}(input, learning_rate=0.1)"
    model = innermost(refitted(evaluator, text, rounds=100, extent=Extent(0.8), loss_limit=1e9).named_steps["model"])
    assert model.rounds_ == 80
    assert model.estimator.get_params()["learning_rate"] == pytest.approx(0.125)


def test_a_refit_of_fewer_rounds_that_diverged_is_not_taken(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    job = RefitJob(
        Proposal(evaluator.space.parse("lightgbm(input)"), "test"), rounds=50, extent=Extent(0.8), loss_limit=-9.0
    )
    result = evaluator.run(job)
    assert isinstance(result, Failure)
    assert "at a higher learning rate, its loss on rows that it has seen is" in result.message


@pytest.mark.parametrize("family", ["catboost", "lightgbm", "xgboost"])
@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_refit_ends_by_the_clock_and_does_so_again(tmp_path, kind, family, monkeypatch):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    asked = RefitJob(Proposal(evaluator.space.parse(f"{family}(input)"), "test"), rounds=100, seconds_left=60.0)
    monkeypatch.setattr(curves.CurveWatch, "_late", lambda watch: watch._rounds == 90)
    result = evaluator.run(asked)
    assert result.extent == Extent(1.0, ended_after=90)
    first = evaluator.artifacts.refit(asked.candidate.key).predict(evaluator.data.table)
    monkeypatch.undo()
    again = evaluator.run(replace(asked, seconds_left=None, extent=result.extent))
    assert again.extent == result.extent
    np.testing.assert_array_equal(evaluator.artifacts.refit(asked.candidate.key).predict(evaluator.data.table), first)
    monkeypatch.setattr(curves.CurveWatch, "_late", lambda watch: watch._rounds == 60)
    failed = evaluator.run(asked)
    assert failed.message == "Pruned: time ended it after 60 of 100 rounds"


def test_a_refit_that_the_clock_ends_is_taken_where_the_curve_is_flat(tmp_path, monkeypatch):
    X, y = problem("regression")
    evaluator = evaluator_of(tmp_path, X, y)
    proposal = Proposal(evaluator.space.parse("lightgbm(input, learning_rate=0.05)"), "test")
    rounds = evaluator.run(Job(proposal)).rounds
    assert rounds > 20
    for made, taken in ((round(0.9 * rounds), True), (2, False)):
        monkeypatch.setattr(curves.CurveWatch, "_late", lambda watch, made=made: watch._rounds == made)
        result = evaluator.run(RefitJob(proposal, rounds=rounds, seconds_left=60.0))
        assert isinstance(result, Refitted) is taken


# ---- nothing peeks

NOISE = [
    "logistic_regression(select_univariate(input, share=0.1))",
    "logistic_regression(select_univariate(input, share=0.1, statistic='mutual_info'))",
    "logistic_regression(select_model(input, importance=0.5))",
    "logistic_regression(stack(naive_bayes(input), input))",
    "logistic_regression(stack(logistic_regression(select_univariate(input, share=0.1)), input))",
    "logistic_regression(union(select_univariate(input, share=0.1), input))",
]


def noise(rows=120, columns=200):
    rng = np.random.default_rng(1)
    return rng.normal(size=(rows, columns)), rng.permutation(np.arange(rows) % 2)


def test_the_noise_would_show_a_leak():
    X, y = noise()
    means = np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))
    peeked = X[:, np.argsort(-means)[:20]]
    assert cross_val_score(LogisticRegression(), peeked, y, cv=3, scoring="roc_auc").mean() > 0.8


@pytest.mark.parametrize("text", NOISE)
def test_nothing_is_learned_from_noise(tmp_path, text):
    X, y = noise()
    outcome = ran(evaluator_of(tmp_path, X, y), text)
    assert 0.3 < -outcome.loss < 0.7


def test_steps_see_training_rows_only(tmp_path):
    X, y = problem()
    told = tmp_path / "told"
    where = EstimatorRef("misbehaving.Spy", "misbehaving.Spy", fixed={"path": str(told)})
    spy = Component("spy", "step", "A toy.", where, Accepts(), slot=None)
    evaluator = evaluator_of(tmp_path, X, y, extra=[spy])
    ran(evaluator, "naive_bayes(spy(input))")
    lines = told.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("fit")] == ["fit 100 100"] * 3


def test_prepared_arrays_are_those_of_the_fold(tmp_path):
    """What candidates share was learned from the fold's training rows, not from all."""
    X, y = problem()
    X[:, 0] = np.where(np.arange(ROWS) < 50, 1000.0, X[:, 0])  # the first fold's validation rows
    splits = [(np.arange(50, ROWS), np.arange(50)), (np.arange(100), np.arange(100, ROWS))]
    evaluator = evaluator_of(tmp_path, X, y, cv=splits)
    for text in ("ridge(input)", "logistic_regression(input)"):
        if text.partition("(")[0] in evaluator.space.models:
            outcome = ran(evaluator, text)
            models = evaluator.stored.models(trial_of(evaluator, text, outcome))
            medians = [model.named_steps["input"].medians_[0] for model in models]
            assert medians[0] == pytest.approx(np.median(X[50:, 0]))
            assert medians[1] == pytest.approx(np.median(X[:100, 0]))
