"""Generated columns: what is planted is found and named, and new rows never break them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl import AutoMLRegressor
from automl.columns.columns import Columns
from automl.columns.table import Table
from automl.estimators.generated import GeneratedClassifier, GeneratedRegressor
from automl.estimators.generated.formulas import Arithmetic, GroupRank, GroupRatio, LevelMean
from automl.estimators.generated.levels import Levels, Training
from automl.estimators.generated.ranks import ranks
from automl.estimators.staged import FitControl
from automl.pipeline.beside import Formed
from automl.pipeline.build import Recipe, build, predict
from automl.space.reader import read_space

ROWS = 600
SPACE = read_space()


def example(seed, rows=ROWS):
    """Prices are those of a city; `level` is the logarithm of its middle, which no step may see."""
    rng = np.random.default_rng(seed)
    city, level = rng.integers(0, 6, rows), rng.permutation(6)
    return pd.DataFrame(
        {
            "income": rng.lognormal(3, 0.7, rows),
            "size": rng.integers(1, 8, rows),
            "age": rng.uniform(-30, 30, rows),
            "weight": rng.normal(size=rows),
            "price": rng.lognormal(level[city], 0.4),
            "city": np.array([f"city {k}" for k in range(6)])[city],
            "kind": rng.choice(["red", "green", "blue", "grey"], rows),
            "level": level[city],
        }
    )


def crossed(frame, seed):
    """Something that neither the city nor the kind tells."""
    cities, kinds = frame["city"].astype("category").cat.codes, frame["kind"].astype("category").cat.codes
    effect = np.random.default_rng(seed).permuted(np.tile([-1.5, -0.5, 0.5, 1.5], (6, 1)), axis=1)
    return pd.Series(effect[cities, kinds])


PLANTED = {  # kinds, what the target is, and names of which one must be there
    "ratio": ("arithmetic", lambda f, seed: np.log(f["income"] / f["size"]), {"income / size", "size / income"}),
    "product": ("arithmetic", lambda f, seed: f["age"] * f["weight"], {"age × weight"}),
    "difference": ("arithmetic", lambda f, seed: f["income"] - f["age"], {"income - age"}),
    "group": ("groups", lambda f, seed: np.log(f["price"]) - f["level"], {
        "price / mean(price) by city", "rank(price) by city",
    }),
    "cross": ("means", crossed, {"mean(target) by city × kind"}),
}  # fmt: skip


def fitted(frame, y, kind, text):
    """A pipeline of the space, fitted, and the table."""
    table = Columns.learn(frame).encode(frame)
    space = SPACE.for_task(kind, len(frame), 7, meta_features=table.meta_features)
    classes = None if kind == "regression" else np.unique(y)
    metric = "rmse" if kind == "regression" else "log_loss"
    recipe = Recipe(
        space, kind, classes, len(table.levels), metric, seed=1, n_many=table.n_many, control=FitControl(rounds=10)
    )
    return build(space.parse(text), recipe).fit(table, np.asarray(y)), table


@pytest.mark.parametrize(
    ("planted", "kind"), [*((name, "regression") for name in PLANTED), ("ratio", "binary"), ("cross", "binary")]
)
def test_what_is_planted_is_found_and_named(planted, kind):
    kinds, signal, names = PLANTED[planted]
    found = 0
    for seed in range(10):
        frame = example(seed)
        truth = signal(frame, seed)
        y = truth + np.random.default_rng(100 + seed).normal(0, 0.3 * truth.std(), ROWS)
        y = y > y.median() if kind == "binary" else y
        table = Columns.learn(frame.drop(columns="level")).encode(frame)
        X = np.column_stack([table.numbers, table.codes])
        step = (GeneratedClassifier if kind == "binary" else GeneratedRegressor)(kinds, categorical=2).fit(X, y)
        found += bool(names & set(step.get_feature_names_out([*table.called("numbers"), *table.called("codes")])))
    assert found >= 9


def test_noise_gives_few_columns_or_none():
    """No column at all for most tables of which nothing can be learned."""
    made = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = np.column_stack([rng.normal(size=(ROWS, 6)), rng.integers(0, 5, (ROWS, 2))])
        made.append(GeneratedRegressor("all", categorical=2).fit_transform(X, rng.normal(size=ROWS)).shape[1])
    assert np.median(made) <= 5


# ---- formulas


def training(X, goal):
    return Training.of(np.asarray(X, dtype=float), np.asarray(goal, dtype=float).reshape(-1, 1), False, ["target"])


def test_nothing_is_divided_by_zero_or_grows_beyond_bounds():
    X = np.array([[1.0, 0.0], [1e30, 1e-30], [np.nan, 1.0], [6.0, 3.0], [1e20, 1e20]])
    none = np.zeros(0, dtype=int)
    np.testing.assert_array_equal(Arithmetic("/", 0, 1).values(X, none), [np.nan, np.nan, np.nan, 2, 1])
    np.testing.assert_array_equal(Arithmetic("×", 0, 1).values(X, none), [0, 1, np.nan, 18, np.nan])
    assert Arithmetic("-", 0, 1).name(["income", "debt"]) == "income - debt"


def test_levels_are_the_same_for_new_rows_and_new_ones_are_told():
    X = np.array([[0, 1], [0, 2], [np.nan, 1], [0, 1], [5, 2.0]])
    levels = Levels(0, 1)
    codes = levels.fit(X)
    assert codes[0] == codes[3]
    assert len(set(codes)) == 4
    np.testing.assert_array_equal(levels.codes(X), codes)
    new = np.array([[5, 1], [7, 1], [0, np.nan], [np.nan, 2], [5, 2.0]])
    np.testing.assert_array_equal(levels.codes(new), [-1, -1, -1, -1, codes[4]])


def test_means_of_the_target_are_cross_fitted():
    """No row's own target is in its mean; new rows get the mean of all, new levels that of the whole table."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 4, (200, 1)), rng.normal(size=200)
    rows, levels = training(X, y), Levels(0)
    codes = levels.fit(rows.X)
    mean = LevelMean(levels, 0, "target", 10.0)
    values = mean.fit(rows, codes)
    changed = y.copy()
    changed[7] += 1000
    np.testing.assert_allclose(LevelMean(levels, 0, "target", 10.0).fit(training(X, changed), codes)[7], values[7])
    of_level = y[X[:, 0] == 2]
    expected = (of_level.sum() + 10 * y.mean()) / (len(of_level) + 10)
    np.testing.assert_allclose(mean.values(np.array([[2.0], [9.0]]), np.array([2, -1])), [expected, y.mean()])


def test_numbers_within_groups():
    X = np.array([[1.0, 0], [2, 0], [3, 0], [100, 1], [300, 1], [np.nan, 1]])
    rows, levels = training(X, np.zeros(6)), Levels(1)
    codes = levels.fit(rows.X)
    rank = GroupRank(0, levels, 1.0).fit(rows, codes)
    np.testing.assert_allclose(rank, [(0.5 + 0.5) / 4, 0.5, 0.75, (0.5 + 0.5) / 3, 2 / 3, np.nan])
    ratio = GroupRatio(0, levels, 1e-9)
    np.testing.assert_allclose(ratio.fit(rows, codes), [0.5, 1, 1.5, 0.5, 1.5, np.nan])
    assert np.isnan(ratio.values(np.array([[1.0, 7.0]]), np.array([-1]))).all()


def test_ranks_are_spearmans():
    from scipy.stats import spearmanr

    X = np.random.default_rng(0).integers(0, 9, (80, 2)).astype(float)
    made = ranks(X)
    np.testing.assert_allclose(made[:, 0] @ made[:, 1], spearmanr(X).statistic)
    assert (ranks(np.full((5, 1), np.nan)) == 0).all()


# ---- whatever comes


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_new_rows_never_give_an_error_or_infinity(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    rows, numbers, codes = data.draw(st.integers(2, 60)), data.draw(st.integers(0, 4)), data.draw(st.integers(0, 3))
    pool = np.array([0.0, 1, 2, -1, 1e36, -1e36, 1e-300, np.nan])
    values = np.where(
        rng.random((200, numbers)) < 0.5, rng.choice(pool, (200, numbers)), rng.normal(size=(200, numbers))
    )
    X = np.column_stack([values, rng.integers(-1, 5, (200, codes))]) if numbers + codes else np.zeros((200, 1))
    X[:, numbers:][X[:, numbers:] < 0] = np.nan
    classify = data.draw(st.booleans())
    y = rng.integers(0, 3, 200) if classify else np.nan_to_num(X[:, 0]) + rng.normal(size=200)
    kinds = data.draw(st.sampled_from(["all", "arithmetic", "groups", "means"]))
    step = (GeneratedClassifier if classify else GeneratedRegressor)(kinds, 12, categorical=codes)
    made = step.fit_transform(X[:rows], y[:rows])
    other = step.transform(X)
    assert made.shape == (rows, len(step.get_feature_names_out()))
    assert other.shape == (200, made.shape[1])
    assert made.shape[1] <= 12
    assert not np.isinf(np.vstack([made, other])).any()
    for missing, scale in ((True, "any"), (False, "any"), (False, "unit")):
        formed = Formed(missing, scale, "multiclass" if classify else "regression").fit(made, y[:rows])
        assert missing or np.isfinite(formed.transform(other)).all()


# ---- in pipelines


CANDIDATES = [
    "lightgbm(generated(input))",
    "catboost(generated(input, kinds='all'))",
    "ridge(generated(quantile(input), kinds='all'))",
    "knn(pca(generated(input)))",
    "mlp(union(generated(input, kinds='groups'), kmeans(input)))",
    "lightgbm(stack(ridge(generated(input)), generated(input, kinds='means')))",
]


@pytest.mark.parametrize("text", CANDIDATES)
def test_it_stands_before_every_kind_of_model(text):
    frame = example(0, 300)
    frame.loc[::3, "age"] = np.nan
    y = np.log(frame["income"] / frame["size"]) + 0.05 * frame.pop("level")
    pipeline, table = fitted(frame, y, "regression", text)
    odd = frame.head(4).astype({"city": object})
    odd.loc[0, "city"], odd.loc[1, "size"], odd.loc[2, "price"] = "nowhere", 0, np.nan
    assert np.isfinite(predict(pipeline, Columns.learn(frame).encode(odd))).all()
    assert np.isfinite(predict(pipeline, table)).all()
    again, _ = fitted(frame, y, "regression", text)
    np.testing.assert_array_equal(predict(again, table), predict(pipeline, table))
    matrix = pipeline[:-1].transform(table)
    names = list(pipeline[:-1].get_feature_names_out())
    assert len(names) == matrix.shape[1]
    if "pca" not in text and "means" not in text and "groups" not in text:
        assert {"income / size", "size / income"} & set(names)


def test_boosters_are_given_the_categories_last():
    frame = example(0, 200)
    y = np.log(frame["income"] / frame["size"]) + 0.05 * frame.pop("level")
    pipeline, _ = fitted(frame, y, "regression", "lightgbm(generated(input))")
    assert list(pipeline[:-1].get_feature_names_out())[-2:] == ["city", "kind"]
    assert pipeline[-1].categorical == 2


def test_a_linear_model_is_given_no_gaps_and_one_scale():
    frame = example(0, 300)
    y = np.log(frame["income"] / frame["size"]) + 0.05 * frame.pop("level")
    frame.loc[::9, "size"] = np.nan
    pipeline, table = fitted(frame, y, "regression", "ridge(generated(input))")
    matrix = pipeline[:-1].transform(table)
    assert np.isfinite(matrix).all()
    assert np.abs(matrix).max() <= 3.01
    names = list(pipeline[:-1].get_feature_names_out())
    assert "city = level 0" in names
    assert "size is missing" in names


def test_tables_without_two_columns_do_not_have_it():
    one = Table(np.arange(9.0)[:, None], np.zeros((9, 0), dtype=np.int32), ())
    two = Table(np.arange(9.0)[:, None], np.zeros((9, 1), dtype=np.int32), (1,))
    assert "generated" not in SPACE.for_task("binary", 90, 1, meta_features=one.meta_features).steps
    assert "generated" in SPACE.for_task("binary", 90, 2, meta_features=two.meta_features).steps


def test_a_fitted_model_lists_its_columns():
    frame = example(0, 300)
    y = np.log(frame["income"] / frame["size"]) + 0.05 * frame.pop("level")
    given = {"try_first": ["ridge(generated(input))"], "include": ["ridge"], "max_trials": 2, "cv": 2}
    here = {"executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0, "time_budget": 20}
    model = AutoMLRegressor(**given, **here, ensemble="single").fit(frame, y)
    names = set(model.best_pipeline_[:-1].get_feature_names_out())
    assert {"income", "city = level 0"} <= names
    assert {"income / size", "size / income"} & names
