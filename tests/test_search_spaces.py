"""The packaged search space: every file says what is true, and everything in it runs for what it claims."""

import importlib
import inspect
import os
import pickle
import re
from random import Random

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_limits

from automl.columns.table import Table
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, import_class, predict
from automl.space.candidate import LEAF, Candidate
from automl.space.domain import Choice, Int
from automl.space.reader import read_space

SPACE = read_space()
KINDS = ("binary", "multiclass", "regression")
COMPONENTS = [*SPACE.models.values(), *SPACE.steps.values()]
ROWS = 90
DRAWS = 2

FAMILIES = [
    pytest.param(name, kind, id=f"{name}-{kind}")
    for name, component in SPACE.models.items()
    for kind in KINDS
    if component.estimator.path(kind)
]
STEPS = [
    pytest.param(name, kind, id=f"{name}-{kind}")
    for name, component in SPACE.steps.items()
    for kind in KINDS
    if component.estimator.path(kind)
]
CHANGING = [step for step in STEPS if not SPACE.steps[step.values[0]].beside]  # what stands beside may be nothing
EACH = pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.name)

# a model that has not arrived when its epochs end is a bad candidate, not a broken one
UNFINISHED = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """On tables as small as these, native threads cost more than they do."""
    with threadpool_limits(1):
        yield


def table(rows=ROWS, seed=0):
    """Numbers (one all but constant, one mostly missing) and two categories, with gaps."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, 5)) * [1, 100, 0.01, 1, 1] + [0, 1000, 0, 0, 0]
    numbers[:, 3] = rng.random(rows) < 0.1
    numbers[rng.random((rows, 5)) < [0.1, 0, 0, 0, 0.7]] = np.nan
    codes = np.column_stack([rng.integers(-1, 4, rows), rng.integers(0, 2, rows)]).astype(np.int32)
    return Table(numbers, codes, (4, 2))


def target(data, kind):
    signal = np.nan_to_num(data.numbers[:, 0]) + (data.numbers[:, 1] - 1000) / 100 + data.codes[:, 1]
    if kind == "regression":
        return 1e4 + 1e3 * signal
    cuts = [0.5] if kind == "binary" else [0.0, 1.0]
    return np.array(["a", "b", "c"])[np.digitize(signal, cuts)]


def recipe(space, kind, y):
    classes = None if kind == "regression" else np.unique(y)
    metric = "rmse" if kind == "regression" else "log_loss"
    return Recipe(space, kind, classes, n_categories=2, metric=metric, seed=7, threads=1, control=FitControl(rounds=20))


def check_fits(candidate, space, kind):
    data = table()
    y = target(data, kind)
    predictions = predict(build(candidate, recipe(space, kind, y)).fit(data, y), data)
    assert np.isfinite(predictions).all()
    assert len(predictions) == len(data)


def check_runs(candidate, space, kind):
    """Fit, predict other rows, survive a pickle, and do the same a second time."""
    data, other = table(), table(40, seed=1)
    y = target(data, kind)
    fitted = build(candidate, recipe(space, kind, y)).fit(data, y)
    predictions = predict(fitted, other)
    assert np.isfinite(predictions).all()
    assert predictions.shape == ((40,) if kind == "regression" else (40, len(np.unique(y))))
    if kind != "regression":
        np.testing.assert_allclose(predictions.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(predict(pickle.loads(pickle.dumps(fitted)), other), predictions)
    again = build(candidate, recipe(space, kind, y)).fit(data, y)
    np.testing.assert_array_equal(predict(again, other), predictions)
    return predictions


# ---- what the files say


def test_the_families_and_steps_are_these():
    assert set(SPACE.models) == {
        *("bernoulli_nb", "catboost", "decision_tree", "dummy", "elastic_net", "extra_trees", "gaussian_process"),
        *("hist_gradient_boosting", "knn", "lda", "lightgbm", "qda", "svm", "block_logistic", "block_ridge"),
        *("linear_svm", "logistic_regression", "mlp", "naive_bayes", "random_forest", "ridge", "sgd", "xgboost"),
    }
    assert {step.name for step in SPACE.slot("scale")} == {"binning", "standard", "robust", "quantile"}
    assert {step.name for step in SPACE.slot("reduce")} == {
        *("generated", "kmeans", "nystroem", "pca", "polynomial"),
        *("select_model", "select_univariate", "select_variance", "truncated_svd"),
    }


@EACH
def test_summaries_and_reasons_are_one_sentence(component):
    assert re.fullmatch(r"\S[^.]{10,140}\.", component.summary.replace("scikit-learn's own", "Scikit-learn's own"))
    for param in component.params:
        assert re.fullmatch(r"[A-Z][^.]{20,160}\.", param.why.replace(".5", "")), f"{param.name}: {param.why}"


@EACH
def test_defaults_and_cheap_values_are_of_the_domain(component):
    for param in component.params:
        assert param.default in param.domain
        assert param.cheap is None or param.cheap in param.domain
        assert param.domain.from_unit(param.domain.to_unit(param.default)) == param.default


@EACH
def test_both_classes_have_the_arguments(component):
    reference = component.estimator
    for kind in KINDS:
        if (path := reference.path(kind)) is None:
            continue
        cls = import_class(path)
        label = "regression" if kind == "regression" else "classification"
        wanted = {param.name for param in component.params if param.task in (None, label)}
        wanted -= {"target"}  # of target.toml: the wrapper around the model, not the model, has it
        wanted |= set(reference.fixed) | ({reference.seed, reference.threads} - {None})
        if component.adapter == "mlp":
            wanted -= {"hidden_layers", "units_1", "units_2", "units_3", "units_4"}
        known = {name for base in cls.__mro__ for name in inspect.signature(base.__init__).parameters}
        if path.startswith("lightgbm"):  # takes any keyword, and says nothing where it knows none of that name
            from lightgbm.basic import _ConfigAliases

            known |= _ConfigAliases._get_all_param_aliases().keys()
        assert wanted <= known
        assert "random_state" not in known or reference.seed == "random_state" or component.name == "dummy"


@EACH
def test_models_and_steps_have_what_they_need(component):
    for kind in KINDS:
        if (path := component.estimator.path(kind)) is None:
            continue
        cls = import_class(path)
        if component.kind == "step":
            assert hasattr(cls, "transform")
        elif kind != "regression" and component.adapter != "calibrated":
            assert hasattr(cls, "predict_proba")
    if component.adapter:
        assert hasattr(importlib.import_module(f"automl.estimators.{component.adapter}"), "adapt")
    assert component.cost.seconds > 0
    if component.stackable:
        assert component.adapter != "boosting", "a stack has no validation rows to stop at"


def test_every_tree_family_searches_its_depth():
    for name in ("decision_tree", "random_forest", "extra_trees", "lightgbm", "xgboost", "hist_gradient_boosting"):
        assert isinstance(SPACE.models[name].param("max_depth").domain, Int)
    assert isinstance(SPACE.models["catboost"].param("depth").domain, Int)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("rows", "columns"), [(8, 1), (300, 30), (60_000, 3000)])
def test_for_task_caps_ranges_and_leaves_out_what_does_not_fit(kind, rows, columns):
    space = SPACE.for_task(kind, rows, columns)
    label = "regression" if kind == "regression" else "classification"
    for component in [*space.models.values(), *space.steps.values()]:
        assert component.estimator.path(kind)
        assert (component.cost.max_rows or rows) >= rows
        assert (component.cost.max_columns or columns) >= columns
        for param in component.params:
            assert param.task in (None, label)
            assert param.default in param.domain
            assert param.cheap is None or param.cheap in param.domain
            if param.at_most:
                size = rows if param.at_most == "rows" else columns
                assert param.domain.high <= max(size, param.domain.low + 1)
    for name in space.models:
        assert space.default(name) in space
    rng = Random(0)
    assert all(space.sample(rng) in space for _ in range(100))
    assert ("knn" in space.models) == (rows <= 50_000 and columns <= 100)
    assert ("ridge" in space.models) == (kind == "regression")


def test_inactive_parameters_are_left_out():
    text = SPACE.for_task("binary", 1000, 10).default("mlp").text
    assert "units_3" in text
    assert "units_4" not in text
    assert "momentum" not in text


# ---- the portfolio


@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_of_the_portfolio_is_a_candidate(kind):
    space = SPACE.for_task(kind, 1000, 20)
    first = space.first_candidates()
    needy = ("input(", "target=", "generated(")  # of texts, of many levels, of a skewed target, of several columns
    listed = [entry for entry in SPACE.portfolio if not entry["textbook"]]
    plain = [entry for entry in listed if not any(word in entry["candidate"] for word in needy)]
    assert len(first) == sum(kind in entry["tasks"] for entry in plain)
    assert 12 <= len(first) <= 30
    assert first[0].family == ("ridge" if kind == "regression" else "logistic_regression")
    assert len({candidate.family for candidate in first}) >= 7


def test_every_entry_of_the_portfolio_has_a_reason():
    for entry in SPACE.portfolio:
        assert re.fullmatch(r"[A-Z].{20,160}\.", entry["why"])


@UNFINISHED
@pytest.mark.parametrize("kind", KINDS)
def test_every_entry_of_the_portfolio_runs(kind):
    space = SPACE.for_task(kind, ROWS, 7)
    first = space.first_candidates()
    assert len(first) >= 10
    for candidate in first:
        check_fits(candidate, space, kind)


# ---- families


@UNFINISHED
@pytest.mark.parametrize(("name", "kind"), FAMILIES)
def test_a_family_runs_with_its_defaults(name, kind):
    space = SPACE.for_task(kind, ROWS, 7)
    predictions = check_runs(space.default(name), space, kind)
    if name != "dummy":
        assert np.ptp(predictions, axis=0).max() > 0


@UNFINISHED
@pytest.mark.parametrize(("name", "kind"), FAMILIES)
def test_a_family_runs_with_drawn_parameters(name, kind):
    space = SPACE.for_task(kind, ROWS, 7)
    rng = Random(1)
    for _ in range(DRAWS):
        candidate = Candidate(space._draw(space.models[name], rng, LEAF))
        assert candidate in space
        check_fits(candidate, space, kind)


@UNFINISHED
@pytest.mark.parametrize(("name", "kind"), FAMILIES)
def test_a_family_runs_at_its_cheapest(name, kind):
    space = SPACE.for_task(kind, ROWS, 7)
    component = space.models[name]
    cheap = {p.name: p.cheap for p in component.params if p.cheap is not None}
    candidate = Candidate(space.node(name, cheap, LEAF, strict=False))
    assert candidate in space
    check_fits(candidate, space, kind)


# ---- steps


@pytest.mark.parametrize(("name", "kind"), STEPS)
def test_a_step_runs_below_a_model(name, kind):
    space = SPACE.for_task(kind, ROWS, 7, meta_features=("several",))
    model = "ridge" if kind == "regression" else "naive_bayes"
    for family in (model, "decision_tree"):
        check_runs(space.parse(f"{family}({name}(input))"), space, kind)


def construct(name, kind, **params):
    component = SPACE.for_task(kind, ROWS, 12).steps[name]
    values = {**component.estimator.fixed, **dict(component.complete(params))}
    if component.estimator.seed:
        values[component.estimator.seed] = 0
    return import_class(component.estimator.path(kind))(**values)


def matrix(rows=ROWS, columns=12):
    """Columns of very different use and spread; some constant."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, columns)) * np.linspace(0.1, 3, columns)
    X[:, 1::5] = 1.0
    X[:, 2::7] = rng.random((rows, len(range(2, columns, 7)))) < 0.005
    return X


@pytest.mark.parametrize(("name", "kind"), CHANGING)
def test_a_step_changes_the_data_whatever_is_drawn(name, kind):
    X = matrix()
    y = np.digitize(X[:, 0], [0]) if kind != "regression" else X[:, 0] - X[:, 3]
    component = SPACE.for_task(kind, *X.shape).steps[name]
    rng = Random(0)
    for _ in range(4):
        params = {p.name: p.domain.from_unit(rng.random()) for p in component.params}
        step = construct(name, kind, **dict(component.complete(params, strict=False)))
        made = step.fit_transform(X, y)
        assert np.isfinite(made).all()
        assert made.shape[0] == len(X)
        assert made.shape[1] >= 1
        assert made.shape != X.shape or not np.allclose(made, X)
        np.testing.assert_allclose(step.transform(X), made, atol=1e-6)
        again = clone(step).fit(X, y)
        np.testing.assert_array_equal(again.transform(X[:5]), step.transform(X[:5]))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(step)).transform(X[:5]), step.transform(X[:5]))
        assert len(step.get_feature_names_out()) == made.shape[1]


HARD = {
    "one column": np.arange(20.0)[:, None],
    "two columns": np.arange(40.0).reshape(20, 2) ** 1.5,
    "three rows": np.random.default_rng(0).normal(size=(3, 6)),
    "more columns than rows": np.random.default_rng(0).normal(size=(10, 40)),
    "equal rows": np.repeat([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]], 10, axis=0),
    "all constant": np.ones((20, 4)),
    "single precision": np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32),
}
GROWING = ["binning", "nystroem", "polynomial"]
OURS = [*GROWING, "robust", "truncated_svd", "kmeans", "select_variance", "select_univariate", "select_model"]


@pytest.mark.parametrize("X", HARD.values(), ids=HARD.keys())
@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("name", OURS)
def test_our_transformers_cope_with_hard_tables(name, kind, X):
    y = np.arange(len(X)) % 2 if kind == "binary" else np.arange(len(X)) / 3
    settings = [{}]
    settings += [{"statistic": "mutual_info", "share": 0.9}] if name == "select_univariate" and len(X) > 4 else []
    settings += [{"n_clusters": 64}] if name == "kmeans" else []
    settings += [{"n_bins": 32, "strategy": "uniform", "encode": "ordinal"}] if name == "binning" else []
    settings += [{"columns": 2, "squares": False}] if name == "polynomial" else []
    settings += [{"n_components": 12, "kernel": "laplacian"}] if name == "nystroem" else []
    settings += [{"n_components": 12}] if name == "truncated_svd" else []
    for params in settings:
        made = construct(name, kind, **params).fit(X, y).transform(X)
        assert np.isfinite(made).all()
        assert made.shape[0] == len(X)
        assert made.shape[1] >= 1
        if name not in ("robust", "kmeans", "select_variance", *GROWING):
            assert made.shape[1] < max(2, X.shape[1])


def test_the_selections_keep_the_useful_columns():
    X, y = load_iris(return_X_y=True)
    noise = np.random.default_rng(0).normal(size=(len(X), 4))
    both = np.column_stack([noise, X])
    for name in ("select_univariate", "select_model"):
        for params in [{}, {"statistic": "mutual_info"}][: 1 + (name == "select_univariate")]:
            kept = construct(name, "multiclass", **params).fit(both, y).get_support(indices=True)
            assert set(kept) <= {4, 5, 6, 7}
            kept = construct(name, "regression", **params).fit(both, X[:, 2] + X[:, 3]).get_support(indices=True)
            assert {6, 7} <= set(kept)


def test_missing_values_stay_where_a_step_accepts_them():
    X = matrix()
    X[::3, 0] = np.nan
    y = np.digitize(X[:, 3], [0])
    accepting = [step.name for step in SPACE.steps.values() if step.accepts.missing and not step.beside]
    assert set(accepting) == {"standard", "robust", "quantile", "select_variance", "select_model"}
    for name in accepting:
        made = construct(name, "binary").fit(X, y).transform(X)
        assert np.isnan(made).any() or made.shape[1] < X.shape[1]


def test_scaled_output_is_scaled():
    X = matrix() * 1000 + 5000
    y = np.zeros(len(X))
    for step in SPACE.steps.values():
        if step.gives == "unit":
            made = construct(step.name, "regression").fit(X, y).transform(X)
            assert np.abs(made).max() < 20


def test_weights_favour_the_default():
    for component in COMPONENTS:
        for param in component.params:
            if isinstance(param.domain, Choice) and param.domain.weights:
                shares = dict(zip(param.domain.options, param.domain.shares, strict=True))
                assert shares[param.default] == max(shares.values())


def test_no_python_lies_in_the_folder():
    from automl.space.reader import packaged_folder

    names = [name for _, _, files in os.walk(packaged_folder()) for name in files]
    assert {os.path.splitext(name)[1] for name in names} == {".toml", ".json", ".md"}
