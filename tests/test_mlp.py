"""The networks of the family ``mlp``: gradients, what they learn, checkpoints, and tables that are hard on them."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from automl.estimators.constants import CHECKPOINTS
from automl.estimators.mlp import TabularMLPClassifier, TabularMLPRegressor
from automl.estimators.mlp_network import ACTIVATIONS, Network, Shape
from automl.estimators.mlp_training import Plan
from automl.estimators.staged import FitControl

QUICK = {"hidden_layer_sizes": (16, 16), "epochs": 10, "batch_size": 32, "random_state": 0}
RNG = np.random.default_rng(0)


def classes(rows=120, columns=4, seed=0):
    X = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    return X, (X[:, 0] + X[:, 1 % columns] > 0).astype(int)


def numbers(rows=120, columns=4, seed=0):
    X, _ = classes(rows, columns, seed)
    return X, 100.0 + 20 * np.sin(2 * X[:, 0]).astype(np.float64)


# ---- gradients


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("extras", [{}, {"front_scale": False}, {"embedded": (0, 2)}], ids=["plain", "bare", "waves"])
def test_gradients_are_those_of_finite_differences(activation, extras):
    net = Network(Shape(2, 3, (5, 4), 2, activation, **extras), np.float64)
    rng = np.random.default_rng(1)
    net.weights[:] = rng.normal(size=net.weights.size)
    x, weigh = rng.normal(size=(6, 3)), rng.normal(size=(2, 6, 2))
    masks = {size: rng.random((2, 6, size)) < 0.7 for size in (5, 4)}

    def drop(value):
        return masks[value.shape[2]].astype(value.dtype)

    def loss():
        return float((net.forward(x, drop)[0] * weigh).sum())

    net.backward(net.forward(x, drop)[1], weigh.copy())
    found, wanted = net.gradient.copy(), np.empty_like(net.gradient)
    for place in range(net.weights.size):
        here, step = net.weights[place], 1e-6
        net.weights[place] = here + step
        above = loss()
        net.weights[place] = here - step
        wanted[place] = (above - loss()) / (2 * step)
        net.weights[place] = here
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_finite_far_out(activation):
    value, slope = ACTIVATIONS[activation](np.array([-1e30, -200, -5, 0, 5, 200, 1e30], dtype=np.float32))
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


def test_mish_is_what_its_paper_says():
    z = np.linspace(-20, 30, 101)
    np.testing.assert_allclose(ACTIVATIONS["mish"](z)[0], z * np.tanh(np.log1p(np.exp(z))), rtol=1e-9, atol=1e-14)


# ---- what is learned


def test_learns_xor():
    X = np.random.default_rng(0).uniform(-1, 1, (600, 2)).astype(np.float32)
    y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    model = TabularMLPClassifier((32, 32), epochs=40, batch_size=64, random_state=0).fit(X[:400], y[:400])
    assert (model.predict(X[400:]) == y[400:]).mean() > 0.95
    assert list(model.classes_) == ["other", "same"]


@pytest.mark.parametrize("change", [{}, {"solver": "sgd"}, {"embedding": "pbld"}], ids=["adam", "sgd", "pbld"])
@pytest.mark.parametrize("schedule", CHECKPOINTS)
def test_learns_a_sine(schedule, change):
    x = np.random.default_rng(0).uniform(-2, 2, (600, 1)).astype(np.float32)
    y = 1e4 + 50 * np.sin(3 * x[:, 0])
    model = TabularMLPRegressor((32, 32), epochs=40, batch_size=32, schedule=schedule, random_state=0, **change)
    gap = model.fit(x[:400], y[:400]).predict(x[400:]) - y[400:]
    assert np.sqrt(np.mean(gap**2)) < 12


def test_predictions_stay_in_the_range_of_the_target():
    X, y = numbers()
    values = TabularMLPRegressor(**QUICK).fit(X, y).predict(50 * X)
    assert y.min() <= values.min() < values.max() <= y.max()


def test_balanced_weights_raise_the_rare_class():
    X, _ = classes(400)
    y = (X[:, 0] + RNG.normal(size=400) > 1.8).astype(int)
    shares = [
        TabularMLPClassifier(class_weight=w, **QUICK).fit(X, y).predict_proba(X)[:, 1] for w in (None, "balanced")
    ]
    assert shares[1].mean() > shares[0].mean() + 0.1


# ---- the staged protocol


@pytest.mark.parametrize("schedule", CHECKPOINTS)
def test_rounds_choose_a_checkpoint_and_a_refit_repeats_it(schedule):
    X, y = numbers()
    model = TabularMLPRegressor(schedule=schedule, dropout=0.1, **QUICK).fit(X, y, eval_set=numbers(seed=1))
    assert len(model.curve_) == 8
    seen = []
    for rounds in (1, 4, 8):
        model.rounds_ = rounds
        seen.append(model.predict(X))
        other, truth = numbers(seed=1)
        assert np.sqrt(np.mean((model.predict(other) - truth) ** 2)) == pytest.approx(model.curve_[rounds - 1])
        again = clone(model).set_params(control=FitControl(rounds=rounds)).fit(X, y)
        assert again.curve_ is None
        np.testing.assert_array_equal(again.predict(X), seen[-1])
    assert not np.allclose(seen[0], seen[1])
    assert not np.allclose(seen[1], seen[2])


def test_the_curve_is_log_loss_and_mean_absolute_error():
    (X, y), (other, truth) = classes(), classes(seed=1)
    model = TabularMLPClassifier(**QUICK).fit(X, y, eval_set=(other, truth))
    shares = model.predict_proba(other)[np.arange(len(truth)), truth]
    assert model.curve_[model.rounds_ - 1] == pytest.approx(-np.log(shares).mean())
    (X, y), (other, truth) = numbers(), numbers(seed=1)
    regressor = TabularMLPRegressor(curve="mae", **QUICK).fit(X, y, eval_set=(other, truth))
    assert regressor.curve_[regressor.rounds_ - 1] == pytest.approx(np.abs(regressor.predict(other) - truth).mean())


def test_validation_rows_of_an_unknown_class_are_left_out():
    (X, y), (other, truth) = classes(), classes(seed=1)
    plain = TabularMLPClassifier(**QUICK).fit(X, y, eval_set=(other[:60], truth[:60]))
    strange = np.concatenate([truth[:60], np.full(60, 2)])
    np.testing.assert_array_equal(
        TabularMLPClassifier(**QUICK).fit(X, y, eval_set=(other, strange)).curve_, plain.curve_
    )
    assert TabularMLPClassifier(**QUICK).fit(X, y, eval_set=(other[60:], strange[60:])).curve_ is None


def test_a_run_that_diverges_keeps_what_was_good():
    X, y = numbers()
    wild = {**QUICK, "learning_rate": 1e30, "schedule": "constant"}
    with np.errstate(all="ignore"):
        staged = TabularMLPRegressor(**wild).fit(X, y, eval_set=(X, y))
        plain = TabularMLPRegressor(**wild).fit(X, y)
    for model in (staged, plain):
        assert np.isfinite(model.predict(X)).all()
    assert len(staged.curve_) < 8
    assert np.isfinite(staged.curve_).all()


def test_the_fourth_cycle_is_spared_where_the_third_was_far_worse():
    X, _ = classes(300)
    y, truth = np.random.default_rng(1).integers(0, 2, (2, 300))  # nothing to learn but the rows by heart
    other = classes(300, seed=1)[0]
    settings = {"batch_size": 16, "epochs": 40, "dropout": 0, "weight_decay": 0, "n_nets": 1, "random_state": 0}
    model = TabularMLPClassifier(**settings).fit(X, y, eval_set=(other, truth))
    assert len(model.curve_) == len(model.checkpoints_) == 3
    assert model.rounds_ < 3
    again = clone(model).set_params(control=FitControl(rounds=model.rounds_)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert len(TabularMLPClassifier(schedule="constant", **settings).fit(X, y, eval_set=(other, truth)).curve_) == 8


def test_schedules_end_where_they_say():
    four, one = Plan(1, 1, 1.0), Plan(1, 1, 1.0, schedule="onecycle")
    assert [four.rate(t) for t in (0, 1 / 15, 3 / 15, 7 / 15, 1)] == pytest.approx([0] * 5, abs=1e-12)
    assert [one.rate(t) for t in (0, 0.3, 1)] == pytest.approx([0, 1, 0])
    assert [four.firmness(t) for t in (0, 0.5, 0.75, 1)] == pytest.approx([1, 1, 0.5, 0])


# ---- seeds, weights, pickles


@pytest.mark.parametrize(("cls", "data"), [(TabularMLPClassifier, classes), (TabularMLPRegressor, numbers)])
def test_the_seed_decides(cls, data):
    X, y = data()
    method = "predict" if cls is TabularMLPRegressor else "predict_proba"
    settings = {**QUICK, "dropout": 0.2, "embedding": "pbld"}
    first, same = (getattr(cls(**settings).fit(X, y), method)(X) for _ in range(2))
    other = getattr(cls(**{**settings, "random_state": 1}).fit(X, y), method)(X)
    np.testing.assert_array_equal(first, same)
    assert not np.allclose(first, other)


@pytest.mark.parametrize(("cls", "data"), [(TabularMLPClassifier, classes), (TabularMLPRegressor, numbers)])
def test_rows_of_weight_zero_have_no_effect(cls, data):
    X, y = data()
    weight = np.where(np.arange(len(X)) % 3 == 0, 0.0, 2.0)
    spoiled = np.where(weight[:, None] == 0, 1e6, X)
    heavy = cls(**QUICK).fit(spoiled, y, sample_weight=weight)
    few = cls(**QUICK).fit(X[weight > 0], y[weight > 0])
    np.testing.assert_array_equal(heavy.predict(X), few.predict(X))
    with pytest.raises(ValueError, match="at least one non-zero"):
        cls(**QUICK).fit(X, y, sample_weight=np.zeros(len(X)))


def test_weights_count():
    X, _ = classes(200)
    y = np.arange(200) % 2
    model = TabularMLPClassifier(**QUICK).fit(X, y, sample_weight=np.where(y == 1, 9.0, 1.0))
    assert model.predict_proba(X)[:, 1].mean() > 0.7


def test_pickles_are_small_and_the_same():
    X, y = numbers()
    model = TabularMLPRegressor(**QUICK).fit(X, y, eval_set=(X, y))
    text = pickle.dumps(model)
    weights = model.checkpoints_[0].size
    assert len(text) < 8 * 2 * weights + 4000
    np.testing.assert_array_equal(pickle.loads(text).predict(X), model.predict(X))
    assert len(pickle.dumps(clone(model).fit(X, y))) < 2 * weights + 4000


# ---- hard tables


@pytest.mark.parametrize("rows", [2, 3, 40])
@pytest.mark.parametrize("columns", [1, 5])
def test_few_rows_and_columns(rows, columns):
    X, _ = classes(rows, columns)
    X[:, -1] = 7
    y = np.arange(rows) % 2
    shares = TabularMLPClassifier(**{**QUICK, "batch_size": 256, "embedding": "pbld"}).fit(X, y).predict_proba(X)
    values = TabularMLPRegressor(**{**QUICK, "batch_size": 256}).fit(X, y).predict(X)
    assert np.isfinite(shares).all()
    assert np.isfinite(values).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_one_class_or_one_value_is_said():
    X, _ = classes()
    assert (TabularMLPRegressor(**QUICK).fit(X, np.full(len(X), 3.0)).predict(X) == 3).all()
    assert (TabularMLPClassifier(**QUICK).fit(X, np.full(len(X), 3)).predict_proba(X) == 1).all()


def test_extreme_inputs_give_finite_numbers():
    X, y = numbers()
    X[0] = 1e6
    model = TabularMLPRegressor(**QUICK).fit(X, y)
    assert np.isfinite(model.predict(np.array([[1e12, -1e12, 0, 1e12]], dtype=np.float32))).all()


def test_rows_one_by_one_are_predicted_as_together():
    X, y = classes(1500)
    model = TabularMLPClassifier(**{**QUICK, "epochs": 2}).fit(X, y)
    alone = np.concatenate([model.predict_proba(X[[row]]) for row in (0, 1023, 1024, 1499)])
    np.testing.assert_allclose(alone, model.predict_proba(X)[[0, 1023, 1024, 1499]], rtol=1e-4, atol=1e-6)
