"""Families that need more than their TOML says: optional libraries, adapters of our own, hard tables."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.svm import SVC, LinearSVC

from automl import AutoML
from automl.columns.columns import Columns
from automl.columns.table import Table
from automl.errors import ArgumentError
from automl.estimators.calibrated import Calibrated, with_pairs
from automl.estimators.density import FlooredNB, SteadyQDA
from automl.estimators.expand import Bins, Landmarks, ProductsRegressor
from automl.estimators.kernels import CHUNK, ProcessRegressor, RadialClassifier, RadialRegressor
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, missing_libraries, predict
from automl.space.reader import read_space

SPACE = read_space()
QUICK = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "cv": 2, "random_state": 0}


@pytest.fixture
def without_catboost(monkeypatch):
    """CatBoost as if it were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "catboost" else find(name))


def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60), "c": rng.choice(["x", "y", "z"], 60)})
    return X, (X["a"] + (X["c"] == "x") > 0.3).astype(int)


# ---- optional extras


def test_an_extra_that_is_not_installed_is_left_out_in_silence(without_catboost, capsys):
    assert missing_libraries(SPACE).keys() == {"catboost"}
    model = AutoML(**QUICK, try_first=["decision_tree(input)"], verbose=1).fit(*table())
    assert model.best_params_["family"] == "decision_tree"
    assert "catboost" not in capsys.readouterr().out


def test_an_extra_that_is_asked_for_says_what_to_install(without_catboost):
    with pytest.raises(ArgumentError, match=r"include: .*catboost.* pip install 'tabular-automl-search\[catboost\]'"):
        AutoML(**QUICK, include=["catboost", "ridge"], verbose=0).fit(*table())


def test_a_broken_library_is_told_and_refused_where_it_is_asked_for(monkeypatch, capsys):
    load = importlib.import_module

    def broken(name):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return load(name)

    monkeypatch.setattr("automl.pipeline.build.importlib.import_module", broken)
    with pytest.raises(ArgumentError, match=r"include: .*lightgbm.*libgomp.*pip install 'lightgbm'"):
        AutoML(**QUICK, include=["lightgbm"], verbose=0).fit(*table())
    AutoML(**QUICK, try_first=["decision_tree(input)"], verbose=1).fit(*table())
    assert "lightgbm is left out: its library is missing (OSError: libgomp.so.1" in capsys.readouterr().out


# ---- catboost


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_catboost_reads_categories_and_stops_early(kind):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": rng.normal(size=300), "town": rng.choice(list("abcdefgh"), 300)})
    frame.loc[::10, "town"] = None
    signal = frame["town"].isin(list("abc")).to_numpy() + 0.5 * frame["town"].isna().to_numpy()
    y = signal * 10.0 if kind == "regression" else np.array(["no", "some", "yes"])[(2 * signal).astype(int)]
    if kind == "binary":
        y = np.where(y == "some", "no", y)
    classes = None if kind == "regression" else np.unique(y)
    told = y.copy()
    if kind != "regression":
        told[::7] = classes[0]  # without an error, the loss would fall for ever
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    space = SPACE.for_task(kind, 200, 2)
    metric = "mae" if kind == "regression" else "log_loss"
    pipeline = build(space.parse("catboost(input, learning_rate=0.3)"), Recipe(space, kind, classes, 1, metric, seed=0))
    train, valid = np.arange(200), np.arange(200, 300)
    matrix = pipeline[:-1].fit_transform(table.take(train), told[train])
    unseen = pipeline[:-1].transform(table.take(valid))
    pipeline[-1].fit(matrix, told[train], eval_set=(unseen, told[valid]))
    model = getattr(pipeline[-1], "model", pipeline[-1])
    assert model.estimator.get_cat_feature_indices() == [1]
    assert 1000 > len(model.curve_) == model.estimator.tree_count_ >= model.rounds_
    shares = predict(pipeline, table.take(valid))
    found = shares if kind == "regression" else classes[shares.argmax(axis=1)]
    assert np.abs(found - y[valid]).max() < 1 if kind == "regression" else (found == y[valid]).all()


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_catboost_learns_the_mean_where_all_columns_are_constant(kind):
    y = np.tile([0, 0, 1], 20)
    table = Table(np.ones((60, 2)) * [1, np.nan], np.zeros((60, 1), dtype=np.int32), (1,))
    space = SPACE.for_task(kind, 60, 3)
    recipe = Recipe(
        space,
        kind,
        None if kind == "regression" else np.array([0, 1]),
        1,
        "rmse",
        seed=0,
        control=FitControl(rounds=60),
    )
    predicted = predict(build(space.parse("catboost(input)"), recipe).fit(table, y), table)
    assert np.ptp(predicted, axis=0).max() == 0
    np.testing.assert_allclose(predicted.T[-1], 1 / 3, atol=0.1)


# ---- kernels


def test_gamma_is_relative_to_scikit_learns_scale():
    rng = np.random.default_rng(0)
    X = 3 * rng.normal(size=(120, 7))
    y = (np.linalg.norm(X, axis=1) > 7.5).astype(int)
    np.testing.assert_array_equal(
        RadialClassifier(2.0).fit(X, y).decision_function(X), SVC(C=2.0, gamma="scale").fit(X, y).decision_function(X)
    )
    narrow, wide = (RadialRegressor(gamma=gamma).fit(X, X[:, 0]).predict(X[:5] + 0.5) for gamma in (10.0, 0.1))
    assert np.abs(wide - X[:5, 0] - 0.5).mean() < np.abs(narrow - X[:5, 0] - 0.5).mean()


def test_a_process_finds_the_noise_and_predicts_in_parts():
    rng = np.random.default_rng(0)
    X = rng.uniform(-3, 3, size=(80, 1))
    model = ProcessRegressor(kernel="rbf", steps=30).fit(X, np.sin(2 * X[:, 0]) + 0.2 * rng.normal(size=80))
    assert 0.02 < np.exp(model.model_.kernel_.theta[-1]) < 0.08  # variance of the noise is 0.04
    asked = np.linspace(-2.5, 2.5, CHUNK + 3)[:, None]
    predicted = model.predict(asked)
    assert np.abs(predicted - np.sin(2 * asked[:, 0])).max() < 0.3
    np.testing.assert_allclose(predicted[-3:], model.predict(asked[-3:]))


# ---- classes of one row, columns that say nothing


def test_a_class_of_one_row_breaks_no_family():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    X[:, 3] = X[:, 0]
    y = np.repeat([0, 1, 2], [15, 14, 1])
    more, labels = with_pairs(X, y)
    assert np.bincount(labels).tolist() == [15, 14, 2]
    np.testing.assert_array_equal(more[-1], X[-1])
    for model in (Calibrated(LinearSVC(), 0), Calibrated(RadialClassifier(), 0), SteadyQDA(1e-3)):
        shares = model.fit(X, y).predict_proba(X)
        assert shares.shape == (30, 3)
        assert np.isfinite(shares).all()


def test_qda_bends_the_border():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) * np.repeat([1.0, 4.0], 200)[:, None]
    y = np.repeat([0, 1], 200)
    assert (SteadyQDA(0.01).fit(X, y).predict(X) == y).mean() > 0.8
    assert SteadyQDA().fit(X, y).predict([[0.0, 0.0], [6.0, -6.0]]).tolist() == [0, 1]


def test_naive_bayes_of_constant_columns_gives_the_shares_of_the_classes():
    shares = FlooredNB().fit(np.ones((8, 2)), [0, 0, 0, 0, 0, 0, 1, 1]).predict_proba(np.ones((1, 2)))
    np.testing.assert_allclose(shares, [[0.75, 0.25]])


# ---- steps


def test_products_are_of_the_columns_that_matter_and_bounded():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 200))
    y = X[:, 5] + X[:, 70] + 2 * X[:, 5] * X[:, 70]
    step = ProductsRegressor(columns=2).fit(X, y)
    assert step.pairs_.tolist() == [[5, 5], [5, 70], [70, 70]]
    assert ProductsRegressor(columns=24).fit(X, y).transform(X).shape == (300, 200 + 24 * 25 // 2)
    few = step.transform(X)[:, [5, 70, 201]]
    assert LinearRegression().fit(few, y).score(few, y) > 0.999


def test_bins_are_bounded_and_leave_flags_alone():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(200, 150)), rng.random((200, 2)) < 0.5])
    made = Bins(n_bins=32).fit(X).transform(X)
    assert made.shape[1] <= 2 + 2000
    np.testing.assert_array_equal(made[:, :2], X[:, -2:])
    places = Bins(n_bins=5, encode="ordinal").fit(X).transform(X)
    assert set(np.round(places[:, 2:], 6).ravel()) == {-1.0, -0.5, 0.0, 0.5, 1.0}


def test_landmarks_let_a_linear_model_bend():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2
    Z = Landmarks(80, random_state=0).fit(X).transform(X)
    assert Z.shape == (400, 80)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-6)
    assert Ridge().fit(Z, y).score(Z, y) > 0.8 > Ridge().fit(X, y).score(X, y)
