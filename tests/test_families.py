"""Families that need more than their TOML says: optional libraries, adapters of our own, hard tables."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from automl import AutoML
from automl.data.columns import Columns
from automl.errors import ArgumentError
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
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    space = SPACE.for_task(kind, 200, 2)
    metric = "mae" if kind == "regression" else "log_loss"
    pipeline = build(space.parse("catboost(input)"), Recipe(space, kind, classes, 1, metric, seed=0))
    train, valid = np.arange(200), np.arange(200, 300)
    matrix = pipeline[:-1].fit_transform(table.take(train), y[train])
    unseen = pipeline[:-1].transform(table.take(valid))
    pipeline[-1].fit(matrix, y[train], eval_set=(unseen, y[valid]))
    model = getattr(pipeline[-1], "model", pipeline[-1])
    assert model.estimator.get_cat_feature_indices() == [1]
    assert len(model.curve_) == model.estimator.tree_count_ >= model.rounds_
    assert model.curve_[model.rounds_ - 1] == model.curve_.min()
    shares = predict(pipeline, table.take(valid))
    found = shares if kind == "regression" else classes[shares.argmax(axis=1)]
    assert np.abs(found - y[valid]).max() < 1 if kind == "regression" else (found == y[valid]).all()
    model.rounds_ = 1
    assert not np.allclose(predict(pipeline, table.take(valid)), shares)
