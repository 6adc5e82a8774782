"""Gaps that only the new rows have: whatever the family and the column, as good as what imputation makes of them."""

import numpy as np
import pandas as pd
import pytest

from automl.columns.columns import Columns
from automl.estimators.staged import FitControl
from automl.evaluate.limits import contained
from automl.pipeline.build import Recipe, build, predict
from automl.pipeline.constants import FEW_GAPS
from automl.pipeline.levels import LevelCodes, LevelNumbers
from automl.pipeline.numbers import Numbers
from automl.pipeline.typical import few, typical_level, typical_values
from automl.pipeline.words import TextNumbers
from automl.space.reader import read_space

ROWS, LOST = 400, 0.15
SPACE = read_space()
FAMILIES = sorted(name for name, one in SPACE.models.items() if one.estimator.regression and name != "dummy")
FAST = ["lightgbm", "xgboost", "catboost", "decision_tree", "ridge"]
SHARE = {"gaussian_process": 1.0, "mlp": 0.5}  # of the iterations, so that models of many rounds are fast


def column(kind, rng):
    """A column of `2 * ROWS` cells, what it does to the target, and the cell that imputation would take."""
    place = rng.random(2 * ROWS)
    if kind == "number":
        return pd.Series(50 * place), 300 * place, 25.0
    if kind == "bent number":
        return pd.Series(50 * place), 300 * np.sin(3 * place), 25.0
    if kind == "date":
        days = np.floor(2000 * place)
        return pd.Series(pd.Timestamp("2015-01-01") + pd.to_timedelta(days, unit="D")), 300 * place, "2017-09-27"
    if kind == "duration":
        return pd.Series(pd.to_timedelta(np.floor(5000 * place), unit="min")), 300 * place, pd.Timedelta("2500min")
    if kind == "order":
        names = np.array(["very low", "low", "medium", "high", "very high"])
        return pd.Series(names[(5 * place).astype(int)]), 60 * np.floor(5 * place), "medium"
    if kind == "boolean":
        return pd.Series(place < 0.35, dtype=object), 300.0 * (place < 0.35), False
    levels = {"category": 8, "category of many levels": 30}[kind]
    level = np.minimum((levels * place**1.5).astype(int), levels - 1)
    effect = np.random.default_rng(5).normal(0, 100, levels)
    return pd.Series([f"L{one:02d}" for one in level]), effect[level], "L00"


KINDS = ["number", "bent number", "date", "duration", "order", "boolean", "category", "category of many levels"]


def errors(family, kind, options=""):
    """RMSE in rows of which the column was emptied, and where it was imputed instead."""
    rng = np.random.default_rng(1)
    cells, effect, typical = column(kind, rng)
    X = pd.DataFrame({"a": cells, "b": rng.normal(size=2 * ROWS)})
    y = effect + 40 * X["b"].to_numpy() + rng.normal(0, 10, 2 * ROWS)
    columns, table = Columns.read(X[:ROWS])
    space = SPACE.for_task("regression", ROWS, columns.used, meta_features=table.meta_features)
    control = FitControl(iterations=SHARE.get(family, 0.1))
    levels, many = len(table.levels), table.n_many
    recipe = Recipe(space, "regression", None, levels, "rmse", seed=0, control=control, n_many=many)
    with contained(1):
        model = build(space.parse(f"{family}(input{options})"), recipe).fit(table, y[:ROWS])
    later = X[ROWS:][rng.random(ROWS) < LOST].astype({"a": object})
    found = []
    for cell in (None, pd.Timestamp(typical) if kind == "date" else typical):
        filled = later.assign(a=pd.Series([cell] * len(later), index=later.index, dtype=object))
        if kind in ("date", "duration", "number", "bent number"):
            filled["a"] = filled["a"].astype(X["a"].dtype)
        found.append(np.sqrt(np.mean((predict(model, columns.encode(filled)) - y[later.index]) ** 2)))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAST)
def test_a_gap_that_training_had_none_of_is_no_worse_than_imputed(family, kind):
    gap, imputed = errors(family, kind)
    assert gap < 1.15 * imputed


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", sorted({*FAMILIES} - {*FAST}))
def test_of_the_other_families_too(family, kind):
    gap, imputed = errors(family, kind)
    assert gap < 1.15 * imputed


@pytest.mark.parametrize("many_levels", ["own", "target", "both", "count"])
@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "decision_tree", "ridge"])
def test_however_many_levels_are_encoded(family, many_levels):
    gap, imputed = errors(family, "category of many levels", f"(many_levels={many_levels!r})")
    assert gap < 1.15 * imputed


# ---- the parts


def test_few_gaps_are_none():
    assert [few(rows) for rows in (1, 49, 50, 400, 950, 10**6)] == [1, 1, 2, 9, 20, FEW_GAPS]
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(2_000, 3))
    numbers[:19, 0] = np.nan
    numbers[:20, 1] = np.nan
    learned = Numbers(True, "any", "median", True, True).fit([numbers], np.zeros((2_000, 1)))
    assert learned.gaps_learned_.tolist() == [False, True, False]
    out = np.zeros((1, 3))
    learned.write(np.full((1, 3), np.nan), out)
    assert np.isnan(out[0]).tolist() == [False, True, False]
    filled = Numbers(False, "any", "median", True, True).fit([numbers])
    assert filled.flagged_.tolist() == [1]
    np.testing.assert_allclose(filled.fills_, np.nanmedian(numbers, axis=0))


def test_a_typical_value_is_one_where_the_target_is_as_elsewhere():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (4_000, 3))
    goal = np.column_stack([x[:, 0] ** 2 + 0.01 * rng.normal(size=4_000)])
    found = typical_values(x, (goal - goal.mean()) / goal.std())
    assert abs(abs(found[0]) - 3**-0.5) < 0.15  # where x² is 1/3, within the middle half
    assert np.abs(found[1:]).max() < 0.1  # columns that say nothing: the middle
    np.testing.assert_allclose(typical_values(x, np.zeros((4_000, 0))), np.median(x, axis=0), atol=0.01)
    flags = (x[:, :1] > 0.3).astype(float)
    assert typical_values(flags, flags - flags.mean())[0] == 0.0
    assert typical_values(np.array([[np.nan], [3.0]]), np.ones((2, 1)))[0] == 3.0
    assert typical_values(np.full((2, 1), np.nan), np.ones((2, 1)))[0] == 0.0


def test_a_typical_level_is_none_of_chance():
    sizes = [300, 290, 280, 1, 9]
    codes, counts = np.repeat([0, 1, 2, 3, -1], sizes), np.array([*sizes[:4], 0])
    goal = np.repeat([1.0, -1.0, 0.1, 0.04, 0.0], sizes).reshape(-1, 1)
    assert typical_level(counts, codes, goal) == 2  # the nearest mean but one row's
    assert typical_level(counts, codes, np.zeros((880, 0))) == 0
    assert typical_level(np.zeros(2, int), np.full(5, -1), np.ones((5, 1))) == 0


@pytest.mark.parametrize("form", ["native", "ordinal", "onehot"])
def test_unknown_levels_are_typical_ones_unless_the_model_knows_them(form):
    codes = np.array([[0], [1], [3]] * 100, dtype=np.int32)  # level 2 is in other rows of the table
    goal = np.tile([[1.0], [0.1], [-1.0]], (100, 1))
    new = np.array([[2], [-1], [1]], dtype=np.int32)
    encoder = LevelCodes(form, 50, [], True).fit(codes, (4,), goal)
    out = np.zeros((3, encoder.width))
    encoder.write(new, out)
    assert (out == out[2]).all()
    if form != "onehot":
        knows = LevelCodes(form, 50, [], True, unknown=True).fit(codes, (4,), goal)
        out = np.zeros((3, 1))
        knows.write(new, out)
        np.testing.assert_array_equal(out[:, 0], [2, np.nan, 1])


def test_a_gap_is_no_rare_level():
    codes = np.array([[0]] * 60 + [[1]] * 40, dtype=np.int32)
    goal = np.r_[np.ones(60), -np.ones(40)].reshape(-1, 1)
    numbers = LevelNumbers("count", [0])
    numbers.fit_transform(codes, goal)
    found = numbers.transform(np.array([[-1], [0], [7]], dtype=np.int32))[:, 0]
    np.testing.assert_allclose(found, np.log1p([60, 60, 0]))


def test_a_text_without_a_known_word_is_a_gap_where_training_had_none():
    from automl.columns.texts import count_texts

    rng = np.random.default_rng(0)
    words = np.array(["red", "green", "blue", "fast", "slow"])
    texts = [" ".join(rng.choice(words, 3)) for _ in range(200)]
    goal = rng.normal(size=(200, 1))
    for lacking, gap in ((0, True), (20, False)):
        learned = TextNumbers("svd", "words", 3)
        learned.fit_transform((count_texts([""] * lacking + texts[lacking:]),), goal)
        found = learned.transform((count_texts(["", "red", "unheard of"]),))
        assert np.isnan(found).all(axis=1).tolist() == [gap, False, gap]
        assert np.isfinite(learned.transform((count_texts(texts),))).all()
