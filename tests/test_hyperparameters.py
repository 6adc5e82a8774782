"""Each kind of hyperparameter: its value reaches the fitted object and changes what it predicts."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_friedman1

from automl.columns.columns import Columns
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, predict
from automl.pipeline.compose import LabelEncoded
from automl.pipeline.target import Transformed
from automl.space.reader import read_space

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # few epochs are wanted

ROWS = 240
SPACE = read_space().for_task("regression", ROWS, 10)
CLASSES = read_space().for_task("binary", ROWS, 10)


def at(path):
    """What stands at a dotted path in the fitted model."""

    def look(model, steps):
        for name in path.split("."):
            model = getattr(model, name)
        return model

    return look


def option(name):
    """A parameter of CatBoost, which keeps none as attributes."""
    return lambda model, steps: model.estimator.get_params()[name]


def shapes(model, steps):
    sizes = (model.shape_.columns, *model.shape_.hidden, model.shape_.outputs)
    return list(pairwise(sizes))


def step(name, path):
    return lambda model, steps: at(path)(steps[name], steps)


def depth(model, steps):
    return model.get_depth()


def trees(model, steps):
    return len(model.estimators_)


# kind of hyperparameter, candidate with a gap for the value, two values, where it is seen, what is seen there
TABLE = {
    # boosting
    "learning rate of lightgbm": (
        "lightgbm(input, learning_rate={})", 0.02, 0.2, at("estimator.learning_rate"), (0.02, 0.2)),
    "learning rate of xgboost": (
        "xgboost(input, learning_rate={})", 0.03, 0.3, at("estimator.learning_rate"), (0.03, 0.3)),
    "depth of xgboost": ("xgboost(input, max_depth={})", 2, 6, at("estimator.max_depth"), (2, 6)),
    "depth of lightgbm": ("lightgbm(input, max_depth={})", 3, 8, at("estimator.max_depth"), (3, 8)),
    "leaves of lightgbm": ("lightgbm(input, num_leaves={})", 4, 31, at("estimator.num_leaves"), (4, 31)),
    "regularisation of xgboost": ("xgboost(input, reg_lambda={})", 0.1, 5.0, at("estimator.reg_lambda"), (0.1, 5.0)),
    "share of rows of xgboost": ("xgboost(input, subsample={})", 0.5, 1.0, at("estimator.subsample"), (0.5, 1.0)),
    "depth of catboost": ("catboost(input, depth={})", 3, 6, option("depth"), (3, 6)),
    "learning rate of catboost": ("catboost(input, learning_rate={})", 0.03, 0.3, option("learning_rate"), (0.03, 0.3)),
    "regularisation of catboost": ("catboost(input, l2_leaf_reg={})", 0.01, 10.0, option("l2_leaf_reg"), (0.01, 10.0)),
    # kernels
    "price of errors": ("svm(input, C={})", 0.1, 10.0, at("model_.C"), (0.1, 10.0)),
    "tube": ("svm(input, epsilon={})", 0.01, 0.4, at("model_.epsilon"), (0.01, 0.4)),
    "smoothness of a process": ("gaussian_process(input, nu={})", 0.5, 2.5, at("model_.kernel.k1.k2.nu"), (0.5, 2.5)),
    "noise of a process": ("gaussian_process(input, alpha={})", 0.001, 0.3, at("model_.alpha"), (0.001, 0.3)),
    # networks
    "layers": (
        "mlp(input, epochs=8, hidden_layers={})", 1, 3, shapes,
        ([(10, 128), (128, 1)], [(10, 128), (128, 128), (128, 128), (128, 1)])),
    "units": (
        "mlp(input, epochs=8, hidden_layers=1, units_1={})", 16, 40, shapes,
        ([(10, 16), (16, 1)], [(10, 40), (40, 1)])),
    "units of the second layer": (
        "mlp(input, epochs=8, hidden_layers=2, units_2={})", 16, 40, shapes,
        ([(10, 128), (128, 16), (16, 1)], [(10, 128), (128, 40), (40, 1)])),
    "activation": ("mlp(input, epochs=8, activation={})", "relu", "tanh", at("activation"), ("relu", "tanh")),
    "number of networks": ("mlp(input, epochs=8, n_nets={})", 1, 3, at("shape_.nets"), (1, 3)),
    "learning rate of a network": (
        "mlp(input, epochs=8, learning_rate={})", 0.01, 0.1, at("learning_rate"), (0.01, 0.1)),
    "schedule of a network": (
        "mlp(input, epochs=8, schedule={})", "constant", "onecycle", at("schedule"), ("constant", "onecycle")),
    "epochs of a network": ("mlp(input, epochs={})", 8, 16, at("epochs"), (8, 16)),
    "batch size": ("mlp(input, epochs=8, batch_size={})", 32, 120, at("batch_size"), (32, 120)),
    "weight decay": ("mlp(input, epochs=8, weight_decay={})", 0.001, 1.0, at("weight_decay"), (0.001, 1.0)),
    "dropout": ("mlp(input, epochs=8, dropout={})", 0.0, 0.3, at("dropout"), (0.0, 0.3)),
    "front scale": ("mlp(input, epochs=8, front_scale={})", False, True, at("shape_.front_scale"), (False, True)),
    "embedding": (
        "mlp(input, epochs=8, embedding={})", "none", "pbld", at("shape_.embedded"), ((), tuple(range(10)))),
    "momentum": ("mlp(input, epochs=8, solver='sgd', momentum={})", 0.5, 0.95, at("momentum"), (0.5, 0.95)),
    "solver": ("mlp(input, epochs=8, solver={})", "adam", "sgd", at("solver"), ("adam", "sgd")),
    # linear models
    "learning rate of sgd": ("sgd(input, eta0={})", 0.0005, 0.02, at("eta0"), (0.0005, 0.02)),
    "schedule of sgd": (
        "sgd(input, learning_rate={})", "constant", "invscaling", at("learning_rate"),
        ("constant", "invscaling")),
    "epochs of sgd": ("sgd(input, learning_rate='constant', max_iter={})", 5, 6, at("n_iter_"), (5, 6)),
    "penalty of sgd": ("sgd(input, alpha=0.1, penalty={})", "l2", "l1", at("penalty"), ("l2", "l1")),
    "mix of penalties": (
        "sgd(input, alpha=0.1, penalty='elasticnet', l1_ratio={})", 0.1, 0.9, at("l1_ratio"), (0.1, 0.9)),
    "mix of penalties of the elastic net": (
        "elastic_net(input, l1_ratio={})", 0.1, 0.9, at("l1_ratio"), (0.1, 0.9)),
    # trees and neighbours
    "depth of a tree": ("decision_tree(input, max_depth={})", 2, 4, depth, (2, 4)),
    "depth of a forest": (
        "random_forest(input, n_estimators=50, max_depth={})", 4, 9, at("max_depth"), (4, 9)),
    "number of trees": ("extra_trees(input, n_estimators={})", 50, 70, trees, (50, 70)),
    "number of neighbours": ("knn(input, weights='uniform', n_neighbors={})", 1, 30, at("n_neighbors"), (1, 30)),
    # steps
    "clusters": ("ridge(kmeans(input, n_clusters={}))", 3, 12, step("kmeans", "clusters_.n_clusters"), (3, 12)),
    "components": (
        "ridge(truncated_svd(input, n_components={}))", 2, 6, step("truncated_svd", "_n_features_out"), (2, 6)),
    "share of columns": (
        "ridge(select_univariate(input, share={}))", 0.2, 0.6, step("select_univariate", "mask_.sum"), (2, 6)),
    "bins": ("ridge(binning(input, n_bins={}))", 3, 12, step("binning", "bins_.n_bins"), (3, 12)),
    "multiplied columns": ("ridge(polynomial(input, columns={}))", 2, 9, step("polynomial", "pairs_.__len__"), (3, 45)),
    "landmarks of a kernel": (
        "ridge(nystroem(input, n_components={}))", 10, 100, step("nystroem", "map_.n_components"), (10, 100)),
    "landmarks": ("ridge(quantile(input, n_quantiles={}))", 10, 100, step("quantile", "n_quantiles_"), (10, 100)),
}  # fmt: skip


def fitted(text, space=SPACE):
    X, y = make_friedman1(ROWS, n_features=10, random_state=0)
    labels = np.array(["no", "yes"])
    if space is CLASSES:
        y = labels[(y > np.median(y)).astype(int)]
    frame = pd.DataFrame(X, columns=list("abcdefghij"))
    table = Columns.learn(frame).encode(frame)
    classes = labels if space is CLASSES else None
    recipe = Recipe(space, space.kind, classes, n_categories=0, metric="rmse", seed=5, control=FitControl(rounds=40))
    pipeline = build(space.parse(text), recipe).fit(table, y)
    return pipeline, predict(pipeline, table)


def inside(pipeline):
    """The model under what the pipeline wraps it in."""
    model = pipeline.named_steps["model"]
    return model.model if isinstance(model, (LabelEncoded, Transformed)) else model


@pytest.mark.parametrize("name", TABLE)
def test_reaches_the_fitted_object_and_changes_predictions(name):
    text, low, high, look, expected = TABLE[name]
    texts = [text.format(repr(value)) for value in (low, high)]
    assert SPACE.parse(texts[0]).key != SPACE.parse(texts[1]).key
    (first, one), (second, other) = (fitted(text) for text in texts)
    seen = [look(inside(pipeline), pipeline.named_steps) for pipeline in (first, second)]
    seen = [value() if callable(value) else value for value in seen]
    assert tuple(seen) == expected
    assert not np.allclose(one, other, rtol=1e-6)


CLASSIFICATION = {
    "mix of penalties": ("logistic_regression(input, solver='saga', l1_ratio={})", 0.1, 0.9, "l1_ratio"),
    "class weights": ("logistic_regression(select_variance(input), class_weight={})", None, "balanced", "class_weight"),
    "label smoothing": ("mlp(input, epochs=8, label_smoothing={})", 0.0, 0.1, "label_smoothing"),
    "loss": ("sgd(input, loss={})", "log_loss", "modified_huber", "loss"),
    "criterion": ("random_forest(input, n_estimators=50, criterion={})", "gini", "entropy", "criterion"),
}


@pytest.mark.parametrize("name", CLASSIFICATION)
def test_reaches_classifiers(name):
    text, low, high, parameter = CLASSIFICATION[name]
    (first, one), (second, other) = (fitted(text.format(repr(value)), CLASSES) for value in (low, high))
    assert [inside(pipeline).get_params()[parameter] for pipeline in (first, second)] == [low, high]
    if name != "class weights":  # the classes are as large as each other
        assert not np.allclose(one, other, rtol=1e-6)


def test_a_default_may_go_by_rows():
    def rate(kind, rows):
        return dict(read_space().for_task(kind, rows, 10).default("catboost").root.params)["learning_rate"]

    assert rate("binary", 10_000) == pytest.approx(0.0158 * 50**0.247, rel=1e-4)
    assert rate("multiclass", 10_000) == rate("binary", 10_000)
    assert rate("regression", 10_000) == pytest.approx(0.0259 * 50**0.157, rel=1e-4)
    assert rate("binary", 50) == 0.02  # the least of its range
    assert rate("binary", 10**9) == 0.3
