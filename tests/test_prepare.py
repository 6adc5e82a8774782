"""The preprocessor: every kind of column, in every form, with every value of its parameters."""

import pickle
from itertools import product
from random import Random

import numpy as np
import pytest
from sklearn.base import clone

from automl.columns.integers import FewIntegers
from automl.columns.table import Table
from automl.columns.texts import count_texts
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, predict
from automl.pipeline.dates import DAY, DateParts
from automl.pipeline.levels import LevelNumbers
from automl.pipeline.numbers import Numbers
from automl.pipeline.prepare import Preprocessor
from automl.pipeline.target import Transformed
from automl.pipeline.words import TextNumbers
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.strategies.gp_trees import Grammar, candidate_to_tree, tree_to_candidate
from automl.trials.artifacts import LeafCache

ROWS = 80
META_FEATURES = frozenset(
    {"category", "many_levels", "few_integers", "text", "date", "missing", "heavy_tails", "several", "skewed_target"}
)
RNG = np.random.default_rng(0)
FORMS = [("multiclass", *form) for form in product(("native", "ordinal", "onehot"), (True, False), ("any", "unit"))]
FORMS += [
    (kind, *form) for kind in ("binary", "regression") for form in (("native", True, "any"), ("onehot", False, "unit"))
]


def table(rows=ROWS, seed=0):
    """Three numbers (one with gaps and a heavy tail, one whole); categories of 3 and 40 levels; a date and a text."""
    rng = np.random.default_rng(seed)
    numbers = np.column_stack([rng.normal(size=rows), np.exp(4 * rng.normal(size=rows))])
    numbers[rng.random(rows) < 0.2, 1] = np.nan
    codes = np.column_stack([rng.integers(0, 3, rows), rng.integers(-1, 40, rows)]).astype(np.int32)
    dates = np.where(rng.random(rows) < 0.1, np.nan, rng.uniform(0, 1e9, rows)).reshape(-1, 1)
    words = np.array(["red", "green", "blue", "fast", "slow", ""])
    texts = [" ".join(rng.choice(words, 4)) for _ in range(rows)]
    numbers = np.column_stack([numbers, rng.integers(0, 5, rows)])
    return Table(numbers, codes, (3, 40), dates, (count_texts(texts),), integers=(FewIntegers(2, (0.0, 3.0, 1.0)),))


def goal(kind, rows=ROWS):
    y = np.arange(rows) % {"binary": 2, "multiclass": 3, "regression": 50}[kind]
    return y.astype(float) ** 3 if kind == "regression" else y


def space(kind):
    return read_space().for_task(kind, ROWS, 6, meta_features=META_FEATURES)


def test_a_table_says_what_is_to_be_prepared():
    assert table().meta_features == META_FEATURES - {"skewed_target"}
    assert Table(RNG.normal(size=(50, 1)), np.zeros((50, 0), np.int32), ()).meta_features == frozenset()


@pytest.mark.parametrize(("kind", "categories", "missing", "scale"), FORMS)
def test_every_value_in_every_form(kind, categories, missing, scale):
    declared, data, other, rng = space(kind).preprocessor, table(), table(20, seed=1), Random(3)
    settings = [{}] + [{p.name: value} for p in declared.params for value in p.domain.options]
    settings += [{p.name: p.domain.from_unit(rng.random()) for p in declared.params}]
    for values in settings:
        active = dict(declared.complete(values, strict=False))
        one = Preprocessor(categories, missing, scale, kind, seed=1).set_params(**active)
        matrix = one.fit_transform(data, goal(kind))
        assert matrix.shape[0] == ROWS
        assert missing or np.isfinite(matrix).all(), values
        if not values:
            np.testing.assert_array_equal(clone(one).fit_transform(data, goal(kind)), matrix)
        shown = one.transform(other)
        assert shown.shape == (20, matrix.shape[1])
        np.testing.assert_allclose(pickle.loads(pickle.dumps(one)).transform(other), shown)
        single = one.transform(other.take(np.array([4])))
        np.testing.assert_allclose(single[0], shown[4], rtol=1e-5, atol=1e-6)


def test_native_codes_come_last_and_are_counted():
    for many, count in (("own", 2), ("target", 1), ("both", 2), ("count", 2)):
        recipe = Recipe(
            space("binary"), "binary", np.arange(2), 2, "roc_auc", seed=0, control=FitControl(rounds=5), n_many=1
        )
        candidate = recipe.space.parse(f"lightgbm(input(many_levels={many!r}))")
        pipeline = build(candidate, recipe)
        assert pipeline.named_steps["model"].model.categorical == count
        matrix = pipeline[:-1].fit_transform(table(), goal("binary"))
        codes = matrix[:, -count:]
        np.testing.assert_array_equal(np.nan_to_num(codes), np.round(np.nan_to_num(codes)))
        assert np.isfinite(predict(pipeline.fit(table(), goal("binary")), table(10, seed=2))).all()


def test_rare_levels_are_one():
    data = table()
    few = Preprocessor("ordinal", missing=False, scale="any", max_levels=10).fit_transform(data, goal("binary"))
    assert few[:, -1].max() == 10
    assert len(np.unique(few[:, -1])) <= 12


def test_means_of_the_target_are_cross_fitted():
    """A level of one row must not tell that row's target."""
    codes = np.arange(200, dtype=np.int32).reshape(-1, 1)
    y = RNG.normal(size=200)
    encoder = LevelNumbers("target", [0])
    assert abs(np.corrcoef(encoder.fit_transform(codes, y.reshape(-1, 1))[:, 0], y)[0, 1]) < 0.3


def test_scores_of_texts_are_cross_fitted():
    texts = (count_texts([f"word{row} and" for row in range(200)] * 1),)
    y = RNG.normal(size=(200, 1))
    score = TextNumbers("score", "both", 5).fit_transform(texts, y)[:, -1]
    assert abs(np.corrcoef(score, y[:, 0])[0, 1]) < 0.3


@pytest.mark.parametrize("how", ["svd", "score", "both"])
def test_texts_that_share_no_word_say_nothing(how):
    texts, y = (count_texts([f"{row}" for row in range(40)]),), np.arange(40.0).reshape(-1, 1) % 2
    numbers = TextNumbers(how, "words", 10)
    found = numbers.fit_transform(texts, y)
    assert np.isfinite(found).all()
    assert numbers.transform(texts).shape == found.shape


def test_texts_are_learned():
    y = RNG.integers(0, 2, 300)
    texts = [f"{'good' if label else 'bad'} {RNG.integers(100)} thing" for label in y]
    numbers = TextNumbers("both", "words", 5)
    numbers.fit_transform((count_texts(texts),), y.reshape(-1, 1).astype(float))
    score = numbers.transform((count_texts(["good thing", "bad thing", ""]),))[:, -1]
    assert score[0] > 0.8
    assert score[1] < 0.2


@pytest.mark.parametrize(
    ("text", "weekday", "day_of_year"), [("2024-02-29", 3, 60), ("1969-12-31", 2, 365), ("2000-01-01", 5, 1)]
)
def test_parts_of_a_date(text, weekday, day_of_year):
    seconds = np.array([[np.datetime64(text).astype(float) * DAY + 3600 * 13 + 60 * 7]])
    year, month, day = map(int, text.split("-"))
    found = np.array(DateParts(cycles=True)._parts(seconds[:, 0]))[:, 0]
    np.testing.assert_allclose(found[1:7], [year, month, day, weekday, 13, 7])
    np.testing.assert_allclose(found[7], np.sin(2 * np.pi * (day_of_year - 1) / 365.25))


def test_dates_without_news_give_no_columns():
    """The same minute of every day: hour, minute and their cycles say nothing."""
    seconds = np.arange(100.0).reshape(-1, 1) * DAY
    assert DateParts(cycles=False).fit_transform(seconds).shape == (100, 4)
    assert DateParts(cycles=False).fit_transform(np.full((5, 1), np.nan)).shape == (5, 0)


@pytest.mark.parametrize("how", ["plain", "log", "quantile"])
@pytest.mark.parametrize("low", [0.0, 3.0])
def test_a_transformed_target_comes_back(how, low):
    """A model that answers what it was given gives the target back, whatever happens between."""

    class Echo:
        def fit(self, X, y, eval_set=None):
            self.y, self.valid = y, eval_set
            return self

        def predict(self, X):
            return self.y[X[:, 0].astype(int)]

    y = low + np.concatenate([np.zeros(5), np.exp(RNG.normal(size=45))])
    rows = np.arange(50.0).reshape(-1, 1)
    model = Transformed(Echo(), how, unit=True).fit(rows, y, eval_set=(rows[:9], y[:9]))
    np.testing.assert_allclose(model.predict(rows), y, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(model.model.valid[1], model.model.y[:9])
    assert abs(model.model.y.mean()) < 1e-9


def test_the_target_is_a_parameter_of_every_regression_where_it_is_skewed():
    skewed, plain = space("regression"), read_space().for_task("regression", ROWS, 6)
    for name in skewed.models:
        assert ("target" in {p.name for p in skewed.models[name].params}) == (name != "dummy")
        assert "target" not in {p.name for p in plain.models[name].params}
    recipe = Recipe(skewed, "regression", None, 2, "rmse", seed=0, control=FitControl(rounds=5), n_many=1)
    for name in ("lightgbm", "random_forest", "elastic_net"):
        model = build(skewed.parse(f"{name}(input, target='log')"), recipe).fit(table(), goal("regression"))
        assert model.named_steps["model"].how == "log"
        assert np.isfinite(predict(model, table(10, seed=5))).all()


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_strategies_know_the_leaf(kind):
    """Trees and points hold the preprocessor's parameters and give the same candidate back; both change them."""
    sized, rng = space(kind), Random(0)
    grammar = Grammar(sized)
    leaves, encoding = set(), Encoding(sized)
    for _ in range(60):
        candidate = sized.sample(rng)
        assert sized.check(candidate) is None
        assert sized.parse(candidate.text) == candidate
        assert tree_to_candidate(candidate_to_tree(candidate, grammar), grammar) == candidate
        assert encoding.decode(encoding.encode(candidate)) == candidate
        leaves.add(next(node.text for node in candidate.root.walk() if node.component == "input"))
    assert len(leaves) > 40


def test_prepared_arrays_are_shared_and_make_room(tmp_path, monkeypatch):
    made = []
    learn = Preprocessor.learn
    monkeypatch.setattr(Preprocessor, "learn", lambda self, *args: (made.append(1), learn(self, *args))[1])
    cache = LeafCache(tmp_path)
    data = table().take(np.arange(ROWS), "train0", cache)
    first = Preprocessor().fit_transform(data, goal("binary"))
    again = Preprocessor()
    np.testing.assert_array_equal(again.fit_transform(data, goal("binary")), first)
    assert len(made) == 1
    monkeypatch.setattr(cache, "most", 3 * first.nbytes)
    for components in (10, 30, 80) * 2:
        Preprocessor(text_components=components, text_unit="words").fit_transform(data, goal("binary"))
    assert sum(path.stat().st_size for path in (tmp_path / "prepared").glob("*.npy")) <= 3 * first.nbytes
    np.testing.assert_array_equal(Preprocessor().fit_transform(data, goal("binary")), first)


def test_the_dummy_prepares_nothing_dear():
    sized = space("multiclass")
    assert "text='none'" in sized.cheapest("dummy").text
    assert "many_levels='own'" in sized.cheapest("dummy").text
    assert sized.short(sized.default("dummy")) == "dummy(input)"
    assert sized.only(exclude=["dummy"]).short(sized.default("dummy")) == "dummy(input)"


@pytest.mark.parametrize("clip", [True, False])
def test_numbers_far_from_all_that_was_learned_stay_finite(clip):
    def numbers(*cells):
        return Table(np.array(cells, dtype=float).reshape(-1, 1), np.zeros((len(cells), 0), np.int32), ())

    one = Preprocessor(scale="unit", clip=clip)
    one.fit(numbers(1e-308, 2e-308, 3e-308, 4e-308))
    made = one.transform(numbers(1e36, -1e36))
    assert np.isfinite(np.square(made)).all()
    np.testing.assert_array_equal(np.sign(made[:, 0]), [1, -1])


# ---- the same as when the whole matrix was made in one go


def whole(one, data):
    """The matrix of a fitted preprocessor, made plainly: numbers, where there were gaps, codes or a column a level."""
    blocks = [data.numbers, one.dates_.transform(data.dates), one.numbers_of_levels_.transform(data.codes)]
    numbers = np.column_stack(blocks)
    lost, learned = np.isnan(numbers), one.numbers_
    numbers = np.where(lost & ~learned.gaps_learned_ if one.missing else lost, learned.fills_, numbers)
    if one.scale == "unit":
        numbers = (numbers - learned.medians_) / learned.spreads_
        numbers = numbers / np.sqrt(1 + np.square(numbers / 3))
    parts = [numbers, lost[:, learned.flagged_]]
    for place, levels in enumerate(data.levels):
        code = one.codes_.known_[place][np.minimum(data.codes[:, place], one.max_levels) + 1]
        if one.categories != "onehot":
            parts.append(np.where(code < 0, np.nan if one.missing else -1.0, code))
        elif levels == 2:
            parts.append(code == 1)
        else:
            shown = [code == level for level in range(min(levels, one.max_levels + 1))]
            parts += [*shown, code < 0] if one.codes_.lost_[place] else shown
    return np.column_stack(parts).astype(np.float32 if one.scale == "unit" else float)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@pytest.mark.parametrize(("categories", "missing", "scale"), [form[1:] for form in FORMS[:12]])
def test_rows_prepared_in_chunks_are_what_they_were_in_one_go(monkeypatch, chunk, categories, missing, scale):
    monkeypatch.setattr("automl.pipeline.prepare.CHUNK_ROWS", chunk)
    given = table()
    codes = np.column_stack([given.codes, np.arange(ROWS) % 2]).astype(np.int32)
    data = Table(given.numbers, codes, (3, 40, 2), given.dates)
    for levels in (5, 50):
        one = Preprocessor(categories, missing, scale, "regression", max_levels=levels, many_levels="count")
        matrix = one.fit_transform(data, goal("regression"))
        np.testing.assert_array_equal(matrix, whole(one, data))
        assert matrix.dtype == (np.float32 if scale == "unit" else np.float64)


def test_medians_and_quartiles_of_many_rows_are_those_of_a_sample(monkeypatch):
    monkeypatch.setattr("automl.pipeline.numbers.SAMPLE_ROWS", 5_000)
    rng = np.random.default_rng(0)
    numbers = np.column_stack([rng.normal(5, 2, 50_000), np.zeros(50_000), np.exp(rng.normal(size=50_000))])
    numbers[17, 1], numbers[18:38, 0] = 8.0, np.nan  # rare: a sample misses them
    found = Numbers(False, "unit", "median", True, True).fit([numbers[:, :2], numbers[:, 2:]])
    np.testing.assert_allclose(found.medians_, np.nanmedian(numbers, axis=0), atol=0.1)
    low, high = np.nanquantile(numbers[:, [0, 2]], [0.25, 0.75], axis=0)
    np.testing.assert_allclose(found.spreads_[[0, 2]], (high - low) / 1.349, rtol=0.05)
    assert found.spreads_[1] == 4.0  # half of the whole range, not of the sample's
    assert found.flagged_.tolist() == [0]
    again = Numbers(False, "unit", "median", True, True).fit([numbers])
    np.testing.assert_array_equal(again.medians_, found.medians_)


def test_a_value_missing_for_the_first_time_is_of_the_most_frequent_level_where_there_is_no_target():
    codes = np.array([[0], [1], [2]], dtype=np.int32)
    one = Preprocessor("onehot", scale="unit").fit(Table(np.empty((3, 0)), codes, (3,)))
    later = one.transform(Table(np.empty((2, 0)), np.array([[-1], [7]], dtype=np.int32), (3,)))
    assert later.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_large_one_hot_matrices_are_of_single_precision(monkeypatch):
    data, one = table(), Preprocessor("onehot", missing=False, scale="any", task="binary")
    double = one.fit_transform(data, goal("binary"))
    monkeypatch.setattr("automl.pipeline.prepare.MANY_CELLS", double.size - 1)
    single = clone(one).fit(data, goal("binary"))
    assert double.dtype == np.float64
    assert single.transform(data).dtype == np.float32
    np.testing.assert_array_equal(single.transform(data), one.transform(data).astype(np.float32))
    assert single.transform(data.take(np.arange(3))).dtype == np.float32  # of few rows too, once it is fitted
    assert Preprocessor("native", True, "any").fit_transform(data, goal("binary")).dtype == np.float64
