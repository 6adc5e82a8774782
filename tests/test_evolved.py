"""Evolved features: planted expressions are found and named, chance is not, and what cannot be computed is a gap."""

import pickle
import random
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.columns.columns import Columns
from automl.estimators import evolved_terms as terms
from automl.estimators.evolved import EvolvedClassifier, EvolvedRegressor
from automl.estimators.evolved_values import computed, learn_means
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, predict
from automl.space.reader import read_space

SPACE = read_space()
NAMES = ["income", "size", "age", "opened", "closed", "city"]
NUMBERS, GROUP = (0, 1, 2), 5
ROWS = np.array(
    [
        [100.0, 2.0, 30.0, 5.0, 9.0, 0.0],
        [300.0, 0.0, -4.0, 5.0, 2.0, 0.0],
        [50.0, np.nan, 0.0, np.nan, 9.0, 1.0],
        [8.0, 4.0, 1e300, 5.0, 5.0, np.nan],
    ]
)


# ---- expressions


def test_what_cancels_is_gone():
    x, y = 0, 1
    assert terms.subtracted(terms.added(x, y), x) == y
    assert terms.added(x, x) == x
    assert terms.divided(terms.multiplied(x, y), x) == y
    assert terms.divided(x, x) is None
    assert terms.added(x, None) == x
    assert terms.smaller(x, x) == x
    assert terms.logarithm(terms.root(x)) == terms.logarithm(x)
    assert terms.averaged(terms.averaged(x, GROUP), GROUP) == terms.averaged(x, GROUP)
    assert terms.days_between(3, 3) is None


@pytest.mark.parametrize(
    ("term", "name"),
    [
        (terms.divided(terms.logarithm(0), 1), "log(income) / size"),
        (terms.divided(0, terms.multiplied(1, 2)), "income / (size × age)"),
        (terms.multiplied(terms.subtracted(0, 1), 2), "(income - size) × age"),
        (terms.added(terms.added(0, 1), 0), "2 × income + size"),
        (terms.relative(0, GROUP), "income / (mean(income) by city)"),
        (terms.subtracted(0, terms.averaged(0, GROUP)), "income - (mean(income) by city)"),
        (terms.larger(terms.root(0), 2), "max(sqrt(income), age)"),
        (terms.divided(0, terms.days_between(3, 4)), "income / days(closed - opened)"),
    ],
)
def test_names_are_read_by_people(term, name):
    assert terms.written(term, NAMES) == name


def values(term, rows=ROWS, learned=ROWS):
    means = {}
    learn_means(term, learned, means)
    return computed(term, rows, means)


def test_what_cannot_be_computed_is_a_gap():
    np.testing.assert_array_equal(values(terms.divided(0, 1)), [50, np.nan, np.nan, 2])
    np.testing.assert_array_equal(np.isnan(values(terms.logarithm(2))), [False, True, True, False])
    assert terms.multiplied(2, 2) == 2
    np.testing.assert_array_equal(np.isnan(values(terms.multiplied(2, 0))), [False, False, False, True])
    np.testing.assert_array_equal(values(terms.days_between(3, 4)), [4, -3, np.nan, 0])
    np.testing.assert_array_equal(values(terms.averaged(0, GROUP)), [200, 200, 50, np.nan])
    strange = np.array([[1.0, 1.0, 1.0, 0.0, 0.0, 7.0]])
    assert np.isnan(values(terms.averaged(0, GROUP), strange)).all()


def grown(children):
    pairs = st.tuples(children, children)
    two = [terms.added, terms.subtracted, terms.multiplied, terms.divided, terms.smaller, terms.larger]
    return st.one_of(
        st.builds(lambda make, pair: make(*pair), st.sampled_from(two), pairs),
        st.builds(lambda make, one: make(one), st.sampled_from([terms.logarithm, terms.root]), children),
        st.builds(lambda make, one: make(one, GROUP), st.sampled_from([terms.averaged, terms.relative]), children),
    )


@given(st.recursive(st.sampled_from(NUMBERS) | st.just(terms.days_between(3, 4)), grown, max_leaves=8))
def test_any_expression_is_numbers_or_gaps(term):
    if term is None:
        return
    assert not np.isinf(values(term)).any()
    assert set(terms.columns_of(term)) <= {*NUMBERS, 3, 4, GROUP}
    assert terms.size(term) >= len(terms.columns_of(term))
    assert terms.written(term, NAMES)
    assert terms.subtracted(term, term) is None


# ---- planted expressions


def planted(what, seed, rows):
    """A table of 9 numbers, 2 dates and 2 categories, what is planted, and the columns that it is made of.

    A level has some ten rows: of levels of many, a booster knows the mean target, and nothing is left to be told.
    """
    rng = np.random.default_rng(seed)
    city, kind = rng.integers(0, rows // 10, rows), rng.integers(0, 5, rows)
    opened = 18_000 + rng.uniform(0, 700, rows)
    columns = {
        "price": 50 * np.exp(rng.normal(0, 0.5, rows)),
        "weight": rng.uniform(1, 6, rows),
        **{f"noise{place}": rng.normal(size=rows) * 10.0**place for place in range(6)},
        "income": np.exp(rng.normal(3, 0.5, rows)) + 15 * rng.normal(size=rows // 10)[city],
        "opened": opened,
        "closed": opened + rng.gamma(2, 15, rows),
        "city": city.astype(float),
        "kind": kind.astype(float),
    }
    price, weight, income = columns["price"], columns["weight"], columns["income"]
    means = (np.bincount(city, income) / np.maximum(np.bincount(city), 1))[city]
    value, of = {
        "ratio": (price / weight, ("price", "weight")),
        "product": (price * weight, ("price", "weight")),
        "group mean": (means, ("income", "city")),
        "days": (columns["closed"] - opened, ("closed", "opened")),
    }[what]
    kinds = ["number"] * 9 + ["date"] * 2 + ["group"] * 2
    return np.column_stack(list(columns.values())), list(columns), kinds, value, of


def is_found(what, seed, binary, rows=1000):
    X, names, kinds, value, of = planted(what, seed, rows)
    rng = np.random.default_rng(seed + 1)
    y = np.clip((value - value.mean()) / value.std(), -3, 3) + 0.3 * rng.normal(size=len(X))
    step = EvolvedClassifier() if binary else EvolvedRegressor()
    made = step.fit_transform(X, y > np.median(y) if binary else y, kinds=kinds)
    for name, column in zip(step.get_feature_names_out(names), made.T, strict=True):
        known = ~np.isnan(column)
        ranks = [pd.Series(one[known]).rank() for one in (column, value)]
        like = max(abs(np.corrcoef(column[known], value[known])[0, 1]), abs(np.corrcoef(*ranks)[0, 1]))
        if like > 0.95 and all(word in name for word in of):
            return True
    return False


KINDS = ("ratio", "product", "group mean", "days")


@pytest.mark.parametrize(("what", "binary"), [("ratio", False), ("group mean", False), ("days", True)])
def test_what_is_planted_is_found_and_named(what, binary):
    assert is_found(what, 3, binary)


@pytest.mark.slow
@pytest.mark.parametrize("binary", [False, True], ids=["number", "classes"])
@pytest.mark.parametrize("what", KINDS)
def test_what_is_planted_is_found_for_nine_of_ten_seeds(what, binary):
    assert sum(is_found(what, seed, binary, 1500) for seed in range(10)) >= 9


def without_news(seed, rows=300):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 6))
    return X, X[:, 0] + (X[:, 1] > 0) + rng.normal(size=rows)


def test_chance_is_not_kept():
    assert EvolvedRegressor().fit(*without_news(0)).terms_ == []


@pytest.mark.slow
def test_chance_is_seldom_kept():
    assert sum(bool(EvolvedRegressor().fit(*without_news(seed, 1000)).terms_) for seed in range(40)) <= 4


# ---- the step


def test_the_same_rows_give_the_same_features_and_the_callers_chance_stays():
    X, names, kinds, value, _ = planted("ratio", 0, 300)
    random.seed(5)
    before = random.getstate()
    first, second = (EvolvedRegressor(generations=2).fit(X, value, kinds=kinds) for _ in range(2))
    assert random.getstate() == before
    assert first.terms_ == second.terms_ != []
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert len(first.get_feature_names_out(names)) == first.transform(X).shape[1]
    assert len(EvolvedRegressor(n_features=1, generations=1).fit(X, value).terms_) <= 1


@pytest.mark.parametrize("rows", [1, 5, 99])
def test_few_rows_are_left_as_they_are(rows):
    step = EvolvedRegressor().fit(np.random.default_rng(0).normal(size=(rows, 3)), np.arange(rows))
    assert step.terms_ == []
    assert step.transform(np.ones((2, 3))).shape == (2, 0)


@pytest.mark.parametrize(
    ("X", "kinds"),
    [
        (np.ones((200, 3)), None),
        (np.full((200, 3), np.nan), None),
        (np.arange(200.0).reshape(-1, 1), None),
        (np.column_stack([np.arange(200.0), np.ones(200)]), ["number", "group"]),
        (np.column_stack([np.arange(200.0), np.arange(200) % 3]), ["date", "group"]),
    ],
    ids=["constant", "missing", "one number", "one level", "no number"],
)
def test_where_nothing_can_be_bred_nothing_is(X, kinds):
    assert EvolvedClassifier().fit(X, np.arange(200) % 2, kinds=kinds).terms_ == []


def test_without_its_library_nothing_is_bred(monkeypatch):
    X, _, _, value, _ = planted("ratio", 0, 300)
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    assert EvolvedRegressor().fit(X, value).terms_ == []


def test_numbers_of_any_size_are_borne():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1e36, 1e-300, 1.0]
    made = EvolvedRegressor(generations=2).fit_transform(X, 1e149 * np.sign(X[:, 0] * X[:, 2]))
    assert not np.isinf(made).any()


@pytest.mark.parametrize("classes", [3, pytest.param(12, marks=pytest.mark.slow)])
def test_several_classes_are_told_by_a_ratio(classes):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(1, 9, (500, 4)), columns=["a", "b", "c", "d"])
    y = pd.qcut(X["c"] / X["b"], classes, labels=False)
    assert any({"b", "c"} <= set(name) for name in EvolvedClassifier(generations=1).fit(X, y).get_feature_names_out())


def test_dates_alone_are_enough():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.uniform(0, 500, 400), np.zeros(400)])
    X[:, 1] = X[:, 0] + rng.gamma(2, 9, 400)
    step = EvolvedRegressor().fit(X, X[:, 1] - X[:, 0], kinds=["date", "date"])
    assert any("days(to - from)" in name for name in step.get_feature_names_out(["from", "to"]))


# ---- in a pipeline


def frame(rows=200, seed=0):
    """A ratio by group is planted; numbers have gaps, categories too."""
    rng = np.random.default_rng(seed)
    price, size = rng.uniform(10, 900, rows), rng.uniform(1, 9, rows)
    found = pd.DataFrame({"price": price, "size": size, "age": rng.normal(40, 9, rows)})
    found["town"] = rng.choice(["Rome", "Oslo", "Bonn"], rows)
    found["colour"] = pd.Series(rng.choice(["red", "blue"], rows), dtype=object).where(rng.random(rows) > 0.2, None)
    found.loc[rng.random(rows) < 0.1, "age"] = np.nan
    return found, price / size


def pipeline(text, kind="regression", classes=None):
    space = SPACE.for_task(kind, 400, 6)
    candidate = space.parse(text.replace("evolved(input)", "evolved(input, generations=1)"))
    assert space.check(candidate) is None
    metric = "rmse" if kind == "regression" else "log_loss"
    return build(candidate, Recipe(space, kind, classes, 2, metric, 0, control=FitControl(rounds=20)))


WAYS = [
    "lightgbm(evolved(input))",
    pytest.param("ridge(evolved(input))", marks=pytest.mark.slow),
    "knn(evolved(select_variance(input)))",
    pytest.param("decision_tree(select_model(evolved(input)))", marks=pytest.mark.slow),
    "lightgbm(union(evolved(input), input))",
    "decision_tree(union(pca(input), evolved(input)))",
    "lightgbm(evolved(stack(ridge(input), input)))",
    pytest.param("ridge(stack(ridge(evolved(input)), input))", marks=pytest.mark.slow),
    "block_ridge(evolved(input))",
]


@pytest.mark.parametrize("text", WAYS)
def test_it_works_anywhere_and_before_any_family(text):
    X, y = frame()
    columns = Columns.learn(X)
    table = columns.encode(X)
    fitted = pipeline(text).fit(table, y)
    odd = X.head(4).copy()
    odd["town"] = ["Atlantis", None, "Rome", "Oslo"]
    odd["size"] = [0.0, np.nan, -3.0, 1e300]
    answers = predict(fitted, columns.encode(odd))
    assert np.isfinite(answers).all()
    np.testing.assert_array_equal(predict(pickle.loads(pickle.dumps(fitted)), columns.encode(odd)), answers)


def test_a_fitted_pipeline_lists_its_names():
    X, y = frame()
    fitted = pipeline("lightgbm(evolved(input))").fit(Columns.learn(X).encode(X), y)
    names = list(fitted[:-1].get_feature_names_out())
    assert names[:3] == ["price", "size", "age"]
    assert names[-2:] == ["town", "colour"]
    assert any("price" in name and "size" in name for name in names[3:])


def test_native_categories_stay_last_and_gaps_stay_gaps():
    X, y = frame()
    table = Columns.learn(X).encode(X)
    plain = pipeline("lightgbm(input)")[:-1].fit_transform(table, y)
    prepared = pipeline("lightgbm(evolved(input))")[:-1].fit(table, y)
    matrix = prepared.transform(table)
    more = matrix.shape[1] - plain.shape[1]
    assert more == len(prepared[0].parts[1].get_feature_names_out()) > 0
    np.testing.assert_array_equal(matrix[:, -2:], plain[:, -2:])
    np.testing.assert_array_equal(matrix[:, :3], plain[:, :3])


def test_groups_and_times_make_the_inner_folds(monkeypatch):
    from automl.tables.rows import Rows

    given = {}
    X, y = frame()
    table = Columns.learn(X).encode(X).with_rows(Rows(group=np.arange(200) // 4, time=np.arange(200)))
    monkeypatch.setattr("automl.estimators.evolved.inner", lambda *_, **known: given.update(known) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline("lightgbm(evolved(input))").fit(table, y)
    assert len(given["groups"]) == len(given["time"]) == 200


def test_classes_are_predicted():
    X, y = frame()
    table, labels = Columns.learn(X).encode(X), np.digitize(y, [20, 90])
    fitted = pipeline("logistic_regression(evolved(input))", "multiclass", np.arange(3)).fit(table, labels)
    assert predict(fitted, table).shape == (200, 3)
