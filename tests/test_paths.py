"""Linear models that find their penalty themselves."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from test_evaluator import evaluator_of, problem, ran, refitted, trial_of

from automl.estimators.constants import LOGISTIC_TOLERANCE
from automl.estimators.paths import ElasticNetPath, LogisticPath, RidgePath
from automl.estimators.staged import FitControl
from automl.evaluate.rounds import best_round
from automl.pipeline.build import predict, staged_model_of


def linear(rows=80, columns=10, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    return X, X[:, 0] - 2 * X[:, 1] + rng.normal(size=rows)


def halves(rows=80, columns=10):
    X, y = linear(rows, columns)
    cut = rows // 2
    return X[:cut], y[:cut], (X[cut:], y[cut:])


@pytest.mark.parametrize("columns", [5, 60])  # fewer than rows, and more
@pytest.mark.parametrize("weighed", [False, True])
def test_every_point_of_the_ridge_path_is_scikit_learns(columns, weighed):
    X, y, held = halves(columns=columns)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y)) if weighed else None
    path = RidgePath(strongest=100.0, weakest=0.1, points=4).fit(X, y, held, sample_weight=weight)
    for point, alpha in enumerate([100.0, 10.0, 1.0, 0.1], start=1):
        other = Ridge(alpha=alpha).fit(X, y, sample_weight=None if weight is None else weight / weight.mean())
        path.rounds_ = point
        assert path.penalty_ == pytest.approx(alpha)
        np.testing.assert_allclose(path.predict(held[0]), other.predict(held[0]), rtol=1e-6)
        rmse = np.sqrt(np.mean((other.predict(held[0]) - held[1]) ** 2))
        assert path.curve_[point - 1] == pytest.approx(rmse)


@pytest.mark.parametrize("selection", ["cyclic", "random"])
@pytest.mark.parametrize("columns", [5, 60])
def test_every_point_of_the_elastic_net_is_scikit_learns(columns, selection):
    X, y, held = halves(columns=columns)
    settings = {"l1_ratio": 0.3, "max_iter": 5000, "selection": selection, "random_state": 0}
    path = ElasticNetPath(strongest=30.0, weakest=0.03, points=6, **settings).fit(X, y, held)
    for point in path.path_:
        path.rounds_ = point
        other = ElasticNet(alpha=path.penalty_, **settings).fit(X, y)
        np.testing.assert_allclose(path.predict(held[0]), other.predict(held[0]), atol=0.1)  # of values of about 2
    np.testing.assert_array_equal(path.path_[1][0], 0.0)  # the strongest drops every column
    assert len(path.path_) == len(path.curve_)


@pytest.mark.parametrize("classes", [2, 3])
def test_every_point_of_the_logistic_path_is_scikit_learns(classes):
    X, y, (X_held, y_held) = halves(rows=200)
    cuts = [0.0] if classes == 2 else [-1.0, 1.0]
    path = LogisticPath().fit(X, np.digitize(y, cuts), (X_held, np.digitize(y_held, cuts)))
    for point in path.path_:
        path.rounds_ = point
        other = LogisticRegression(C=1 / path.penalty_, tol=LOGISTIC_TOLERANCE).fit(X, np.digitize(y, cuts))
        shares = path.predict_proba(X_held)
        # neither is solved to the end, and they start from different places
        np.testing.assert_allclose(shares, other.predict_proba(X_held), atol=0.06)
        loss = -np.mean(np.log(shares[np.arange(len(X_held)), np.digitize(y_held, cuts)]))
        assert path.curve_[point - 1] == pytest.approx(loss)


def test_weaker_penalties_are_not_tried_after_two_points_without_gain():
    X, y, (X_held, y_held) = halves(rows=60, columns=25)
    path = LogisticPath().fit(X, (y > 0).astype(int), (X_held, (y_held > 0).astype(int)))
    assert len(path.curve_) == path.rounds_ + 2 < path.points


@pytest.mark.parametrize("make", [RidgePath, ElasticNetPath, LogisticPath])
def test_without_validation_rows_one_point_is_fitted(make):
    X, y = linear()
    y = (y > 0).astype(int) if make is LogisticPath else y
    usual = make().fit(X, y)
    assert usual.curve_ is None
    assert 0.3 < usual.penalty_ / make.usual < 3
    model = make(control=FitControl(rounds=3)).fit(X, y)
    assert (model.rounds_, list(model.path_)) == (3, [3])
    assert make(control=FitControl(rounds=1000)).fit(X, y).rounds_ == make().points
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_a_point_of_few_steps_goes_on_from_those_before():
    X, y, held = halves(rows=400, columns=20)
    labels, labels_held = (y > 0).astype(int), (held[1] > 0).astype(int)
    settings = {"solver": "saga", "l1_ratio": 0.5, "random_state": 0}
    path = LogisticPath(**settings).fit(X, labels, (X, labels))
    path.rounds_ = 6
    again = LogisticPath(control=FitControl(rounds=6), **settings).fit(X, labels)
    np.testing.assert_allclose(again.predict_proba(held[0]), path.predict_proba(held[0]))
    assert np.mean(again.predict(held[0]) == labels_held) > 0.8


def test_mae_has_a_curve_of_its_own():
    X, y, held = halves()
    path = RidgePath(metric="mae").fit(X, y, held)
    assert path.curve_[path.rounds_ - 1] == pytest.approx(np.mean(np.abs(path.predict(held[0]) - held[1])))


def test_validation_rows_are_weighed():
    X, y, held = halves()
    few = np.where(np.arange(len(held[1])) < 5, 1.0, 0.0)
    path = RidgePath().fit(X, y, held, eval_weight=few)
    other = RidgePath().fit(X, y, (held[0][:5], held[1][:5]))
    np.testing.assert_allclose(path.curve_, other.curve_)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("regression", "ridge(input)"),
        ("regression", "elastic_net(input)"),
        ("binary", "logistic_regression(input)"),
        ("multiclass", "logistic_regression(input, class_weight='balanced')"),
    ],
)
def test_one_penalty_for_all_folds_and_the_refit(tmp_path, kind, text):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, text)
    trial = trial_of(evaluator, text, outcome)
    models = evaluator.stored.models(trial)
    paths = [staged_model_of(model) for model in models]
    assert outcome.rounds == best_round([path.curve_ for path in paths])
    for fold, (_, valid) in enumerate(evaluator.data.splits):
        assert paths[fold].rounds_ == min(outcome.rounds, len(paths[fold].curve_))
        again = predict(models[fold], evaluator.data.table.take(valid))
        np.testing.assert_allclose(evaluator.stored.out_of_fold(trial)[fold], again, rtol=1e-5)
    assert outcome.train_loss is not None
    last = refitted(evaluator, text, rounds=outcome.rounds)[-1]
    assert getattr(last, "model", last).rounds_ == outcome.rounds


def test_a_path_inside_a_stack_knows_nothing_of_the_rounds_outside(tmp_path):
    X, y = problem("regression")
    evaluator = evaluator_of(tmp_path, X, y)
    text = "lightgbm(stack(ridge(input), input), learning_rate=0.2)"
    stack = refitted(evaluator, text, rounds=20).named_steps["stack"]
    assert stack.fitted_[-1].penalty_ == pytest.approx(1.0, rel=0.5)


def test_it_beats_the_usual_penalty_where_that_is_wrong(tmp_path):
    """80 columns of which two matter, 100 rows: the usual penalty is far too weak."""
    X, y = linear(rows=100, columns=80)
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, "ridge(input)")
    usual = []
    for train, valid in evaluator.data.splits:
        usual.append(np.sqrt(np.mean((Ridge().fit(X[train], y[train]).predict(X[valid]) - y[valid]) ** 2)))
    assert outcome.loss < 0.9 * np.mean(usual)
