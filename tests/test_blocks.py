"""Linear models with a penalty for each kind of column, and derivatives of the validation loss by the penalties."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression, Ridge

from automl.columns.table import Table
from automl.columns.texts import count_texts
from automl.estimators import newton
from automl.estimators.blocks import BLOCKS, DATES, FLAGS, LEVELS, NUMBERS, TEXT, BlockLogistic, BlockRidge
from automl.estimators.fitting import fit
from automl.pipeline.build import Recipe, build, innermost, predict
from automl.pipeline.prepare import Preprocessor
from automl.space.reader import read_space

KINDS = ("regression", "binary", "multiclass")
STEP = 1e-3  # of the logarithm, for differences


def rows(kind, seed=0, count=240, columns=20):
    """A matrix of four kinds of column, a target with noise, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, columns)) * (rng.random((count, columns)) < 0.6) + 0.3
    z = X @ np.random.default_rng(9).normal(size=columns) + 2 * rng.normal(size=count)
    y = z if kind == "regression" else np.digitize(z, [0.5] if kind == "binary" else [-1.0, 2.0])
    return X, y, 0.1 + rng.random(count)


def blocks(columns=20):
    return np.resize(np.repeat([NUMBERS, FLAGS, LEVELS, DATES], 5), columns)


def model(kind, **penalties):
    return BlockRidge(**penalties) if kind == "regression" else BlockLogistic(**penalties)


def check_slopes(kind, given, X, y, **fitted):
    """Slopes beside differences of the validation loss."""
    found = model(kind, **given).fit(X, y, **fitted).slopes_
    for name in found:
        ends = [given.get(name, 1.0) * np.exp(sign * STEP) for sign in (1, -1)]
        up, down = (model(kind, **{**given, name: end}).fit(X, y, **fitted).smooth_loss_ for end in ends)
        largest = max(map(abs, found.values()))
        np.testing.assert_allclose(found[name], (up - down) / (2 * STEP), rtol=1e-3, atol=1e-4 * largest)
    assert largest > 1e-4
    return found


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
def test_slopes_are_the_differences_of_the_loss(kind, weighted, sparse):
    X, y, weight = rows(kind)
    X_valid, y_valid, eval_weight = rows(kind, seed=1, count=100)
    if sparse:
        X, X_valid = csr_matrix(X), csr_matrix(X_valid)
    weights = {"sample_weight": weight, "eval_weight": eval_weight} if weighted else {}
    given = {"penalty_numbers": 0.3, "penalty_levels": 20.0}
    fitted = {"eval_set": (X_valid, y_valid), "blocks": blocks(), **weights}
    assert set(check_slopes(kind, given, X, y, **fitted)) == {f"penalty_{BLOCKS[place]}" for place in (0, 1, 2, 4)}


@pytest.mark.parametrize("kind", KINDS)
def test_many_columns_are_not_factored(kind, monkeypatch):
    X, y, _ = rows(kind, count=60, columns=90)
    valid = rows(kind, seed=1, count=50, columns=90)[:2]
    exact = model(kind).fit(X, y, eval_set=valid, blocks=blocks(90))
    monkeypatch.setattr(newton, "MOST_FACTORED", 10)
    other = model(kind).fit(X, y, eval_set=valid, blocks=blocks(90))
    np.testing.assert_allclose(other.coef_, exact.coef_, rtol=1e-3, atol=1e-4)
    check_slopes(kind, {}, X, y, eval_set=valid, blocks=blocks(90))
    check_slopes(kind, {}, csr_matrix(X), y, eval_set=valid, blocks=blocks(90))


def test_with_equal_penalties_they_are_those_of_scikit_learn():
    X, y, weight = rows("regression")
    equal = {f"penalty_{name}": 3.0 for name in BLOCKS}
    ours = BlockRidge(**equal).fit(X, y, sample_weight=weight, blocks=blocks())
    theirs = Ridge(alpha=3.0).fit(X, y, sample_weight=weight / weight.mean())
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    for kind in KINDS[1:]:
        X, y, weight = rows(kind)
        ours = BlockLogistic(**equal).fit(X, y, sample_weight=weight)
        theirs = LogisticRegression(C=1 / 3, tol=1e-8, max_iter=1000).fit(X, y, sample_weight=weight / weight.mean())
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
        assert (ours.predict(X) == theirs.predict(X)).all()


def test_a_penalty_is_of_its_own_columns():
    X, y, _ = rows("regression")
    scale = np.where(blocks() == LEVELS, 10.0, 1.0)  # a column ten times as small has a penalty 100 times as large
    ours = BlockRidge(penalty_levels=100.0).fit(X, y, blocks=blocks())
    np.testing.assert_allclose(ours.predict(X), Ridge(alpha=1.0).fit(X / scale, y).predict(X / scale), rtol=1e-6)
    alike = BlockRidge(penalty_numbers=7.0, penalty_levels=0.1).fit(X, y)  # nothing is known of the columns
    np.testing.assert_allclose(alike.predict(X), Ridge(alpha=7.0).fit(X, y).predict(X), rtol=1e-6)


def test_without_validation_rows_there_are_no_slopes():
    X, y, _ = rows("binary")
    fitted = BlockLogistic().fit(X, y, eval_set=(X, y), blocks=blocks())
    assert fitted.smooth_loss_ is not None
    fitted.fit(X, y, blocks=blocks())
    assert (fitted.smooth_loss_, fitted.slopes_) == (None, {})


@pytest.mark.parametrize("y", [np.zeros(40), np.r_[1.0, np.zeros(39)]], ids=["constant", "one row"])
def test_targets_without_news(y):
    X = np.column_stack([rows("regression")[0][:40], np.ones(40)])
    assert np.isfinite(BlockRidge().fit(X, y, eval_set=(X, y)).predict(X)).all()
    fitted = BlockLogistic().fit(X, y.astype(int), eval_set=(X, y.astype(int)))
    assert fitted.predict_proba(X).shape == (40, len(np.unique(y)))
    assert np.isfinite(list(fitted.slopes_.values())).all()


# ---- which columns are of which kind


def everything(rows=120):
    """Two numbers, one with gaps; categories of 3 and 40 levels; a date and a text; a target of the levels."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(rows, 2))
    numbers[rng.random(rows) < 0.2, 1] = np.nan
    codes = np.column_stack([rng.integers(0, 3, rows), rng.integers(0, 40, rows)]).astype(np.int32)
    dates = rng.uniform(0, 1e9, (rows, 1))
    texts = [" ".join(rng.choice(["red", "green", "blue", "fast", "slow"], 4)) for _ in range(rows)]
    y = (numbers[:, 0] + (codes[:, 0] == 1) + 0.5 * rng.normal(size=rows) > 0.3).astype(int)
    return Table(numbers, codes, (3, 40), dates, (count_texts(texts),)), y


def test_the_preprocessor_knows_the_kind_of_each_column():
    table, y = everything()
    for options in ({}, {"many_levels": "target"}, {"text": "both"}, {"text": "none", "cycles": False}):
        made = Preprocessor(task="binary", **options)
        matrix = made.fit_transform(table, y)
        assert len(made.blocks_) == matrix.shape[1]
        found = set(made.blocks_.tolist())
        assert found == {NUMBERS, FLAGS, LEVELS, DATES} | ({TEXT} if options.get("text") != "none" else set())
        assert (made.blocks_ == NUMBERS).sum() == table.numbers.shape[1]
        assert np.isin(matrix[:, made.blocks_ == FLAGS], (0, 1)).all()


def test_a_models_fit_is_told_the_kinds():
    space = read_space().for_task("binary", 100, 8, meta_features=("missing", "category", "text", "date"))
    table, y = everything()
    recipe = Recipe(space, "binary", np.unique(y), len(table.levels), "log_loss", 0)

    def fitted(text):
        pipeline = fit(build(space.parse(text), recipe), table, y)
        assert np.isfinite(predict(pipeline, table)).all()
        return innermost(pipeline[-1]).coef_

    plain, strong = fitted("block_logistic(input)"), fitted("block_logistic(input, penalty_levels=10000.0)")
    kinds = Preprocessor(task="binary").fit(table, y).blocks_
    assert np.abs(strong[kinds == LEVELS]).max() < 0.1 * np.abs(plain[kinds == LEVELS]).max()
    assert np.abs(strong[kinds == NUMBERS]).max() > 0.5 * np.abs(plain[kinds == NUMBERS]).max()
    through = "block_logistic(standard(input), penalty_levels={})"  # behind a step all columns are numbers
    np.testing.assert_allclose(fitted(through.format(1.0)), fitted(through.format(10000.0)))
