"""The score that is told: corrected, with an interval, and the same again."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluator import evaluator_of, problem

from automl import AutoML
from automl.ensemble.constants import CHOICES, DRAWS, FEWEST_CHOICES
from automl.ensemble.draws import Draws
from automl.ensemble.expected import UNKNOWN, Expected
from automl.ensemble.optimism import Effort
from automl.ensemble.sample import Sample
from automl.errors import ArgumentError, InputTypeError
from automl.report.sections.expected import ExpectedScore

SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0}
QUICK = {"include": ["ridge", "decision_tree"], "max_trials": 3}


def table(rows=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 4))
    return X, X[:, 0] + 0.5 * rng.normal(size=rows)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, AutoML(**SMALL, **QUICK, run_dir=folder).fit(*table())


def told(model):
    return model.best_score_, model.best_score_interval_, model.validation_score_


# ---- what is told


def test_score_and_interval_stand_where_people_look(run):
    _, model = run
    low, high = model.best_score_interval_
    assert 0 < low < model.best_score_ < high
    assert model.validation_score_ == model.leaderboard()["score"].iloc[0] != model.best_score_
    first = model.leaderboard().iloc[0]
    assert (first["expected"], first["expected_low"], first["expected_high"]) == (model.best_score_, low, high)
    assert model.leaderboard()["expected"].notna().sum() == 1
    assert ExpectedScore().text(model.result_) == f"Expected rmse on new rows: {model.result_.expected}."
    assert model.result_.expected.draws == (DRAWS, CHOICES)
    assert "120 rows" in model.result_.expected.how


def test_saved_replayed_and_resumed_runs_tell_the_same(run):
    folder, model = run
    assert told(pickle.loads(pickle.dumps(model))) == told(model)
    assert told(AutoML.replay(folder, verbose=0).fit(*table())) == told(model)
    assert told(AutoML(**SMALL, **QUICK, run_dir=folder).fit(*table())) == told(model)


def test_no_clock_decides_where_trials_end_the_run(run):
    _, model = run
    assert told(AutoML(**SMALL, **QUICK, time_budget=600).fit(*table())) == told(model)


def test_what_was_chosen_by_noise_is_corrected():
    """Of columns that tell nothing, no model is better than another; the best of several seems so."""
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(150, 6)), np.arange(150) % 2
    texts = [
        f"decision_tree(input, max_depth={depth}, min_samples_leaf={leaf})" for depth in (2, 4) for leaf in (5, 20)
    ]
    texts += [f"knn(input, n_neighbors={k})" for k in (5, 15, 40)]
    limits = {"try_first": texts, "search": "manual", "include": ["decision_tree", "knn"]}
    model = AutoML(**SMALL, **limits).fit(X, y)
    assert model.validation_score_ > 0.55
    assert abs(model.best_score_ - 0.5) < 0.8 * (model.validation_score_ - 0.5)
    low, high = model.best_score_interval_
    assert low < 0.5 < high


# ---- tests of few rows


def test_a_test_of_few_rows_has_its_own_chance(run):
    _, model = run
    assert model.score_interval() == model.best_score_interval_
    widths = [high - low for low, high in map(model.score_interval, (10, 100, 10_000_000))]
    assert widths == sorted(widths, reverse=True)
    low, high = model.best_score_interval_
    assert widths[-1] == pytest.approx(high - low, rel=1e-3)


@pytest.mark.parametrize(("rows", "error"), [(0, ArgumentError), ("ten", InputTypeError), (2.5, InputTypeError)])
def test_a_test_has_rows(run, rows, error):
    with pytest.raises(error, match="n_rows must be a whole number above 0, or None; got"):
        run[1].score_interval(rows)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**6), st.sampled_from([0.0, 1.0, None]))
def test_no_interval_reaches_beyond_what_is_perfect(score, error, rows, best):
    expected = Expected(score, None, score, error=error, rows=50, best=best)
    low, high = expected.of_rows(rows)
    assert low <= score <= high
    assert best is None or (low >= 0 if best == 0 else high <= 1)


# ---- where chance cannot be told


@pytest.mark.parametrize(
    ("rows", "given", "why"),
    [
        (120, {"time": np.arange(120)}, "Folds that go forward in time"),
        (120, {"groups": np.arange(120) % 6}, "6 rows, or groups of rows that belong together, are too few"),
        (12, {}, "12 rows, or groups"),
    ],
)
def test_the_range_of_the_folds_stands_in_and_says_so(rows, given, why):
    model = AutoML(**SMALL, **QUICK).fit(*table(rows), **given)
    assert model.best_score_ == model.validation_score_
    low, high = model.best_score_interval_
    assert low < model.best_score_ < high
    assert model.score_interval(10) is None
    assert model.result_.expected.why.startswith(why)
    assert model.result_.expected.why.endswith("best_score_interval_ is the range of the folds' scores.")
    assert f"(folds: {low:.5g} to {high:.5g}). {why}" in model.result_.expected.sentence("rmse")


def test_whole_groups_are_drawn():
    X, y = table()
    groups = np.repeat(np.arange(30), 4)
    plain, grouped = AutoML(**SMALL, **QUICK).fit(X, y), AutoML(**SMALL, **QUICK).fit(X, y, groups=groups)
    assert grouped.result_.expected.draws == plain.result_.expected.draws == (DRAWS, CHOICES)
    assert grouped.result_.expected.error != plain.result_.expected.error


def spread_of_errors(estimator, X, y):
    return float(np.quantile(np.abs(y - estimator.predict(X)), 0.9))


def test_a_metric_of_the_users_own_has_an_interval_and_no_correction():
    model = AutoML(**SMALL, **QUICK, metric=spread_of_errors).fit(*table())
    assert model.result_.expected.draws[1] == 0
    low, high = model.best_score_interval_
    assert low < model.best_score_ < high


def fails_on_repeats(estimator, X, y):
    if len(set(y)) < len(y):
        raise RuntimeError("the same twice")
    return spread_of_errors(estimator, X, y)


def test_a_metric_that_fails_on_rows_drawn_anew():
    model = AutoML(**SMALL, **QUICK, metric=fails_on_repeats).fit(*table())
    assert model.best_score_ == model.validation_score_
    assert "too few rows" in model.result_.expected.why


def test_where_nothing_is_known():
    assert UNKNOWN.of_rows(10) is None
    assert UNKNOWN.sentence("rmse") == "Expected rmse on new rows: not known. The model was not scored."
    assert Expected.of_folds(0.5, [0.5], "No") == Expected(0.5, None, 0.5, "No.", "out-of-fold predictions")


# ---- draws


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.sampled_from([None, 3, 10]))
def test_a_draw_is_of_whole_groups_and_the_rest_is_what_it_leaves(number, size):
    sample = SimpleNamespace(
        places=[np.arange(0, 60, 2), np.arange(1, 60, 2), np.arange(10)], data=SimpleNamespace(seed=7)
    )
    belong = None if size is None else np.arange(60) // size
    draws = Draws(sample, belong)
    assert draws.units == 60 // (size or 1)
    drawn, rest = draws.places(number), draws.rest(number)
    for one, again in zip(drawn, Draws(sample, belong).places(number), strict=True):
        np.testing.assert_array_equal(one, again)
    counts = np.full(60, -1)
    for places, one, other in zip(sample.places, drawn, rest, strict=True):
        assert not set(one) & set(other)
        assert set(one) | set(other) == set(range(len(places)))
        often = np.bincount(one, minlength=len(places))
        known = counts[places]
        assert ((known == -1) | (known == often)).all()  # a row of two folds is drawn as often for both
        counts[places] = often
    if belong is not None:
        assert all(len(set(counts[belong == unit])) == 1 for unit in set(belong))


def test_rows_drawn_are_scored_as_they_are(tmp_path):
    data = evaluator_of(tmp_path, *problem(rows=90)).data
    sample = Sample(data, range(3))
    rng = np.random.default_rng(0)
    parts = [rng.dirichlet(np.ones(2), len(rows)) for rows in sample.rows]
    seen = sample.seen([parts], lambda: False, averages=True)
    draw = Draws(sample).places(0)
    drawn = sample.drawn(seen, draw, averages=True)
    expected = [
        data.task.metric.loss(data.y[places[one]], part[one])
        for places, part, one in zip(sample.places, parts, draw, strict=True)
    ]
    assert drawn.losses(list(drawn.predictions))[0] == pytest.approx(np.mean(expected))


# ---- how much is drawn


@pytest.mark.parametrize(
    ("effort", "took", "choices"),
    [
        (Effort(), 100.0, CHOICES),
        (Effort(10.0), 0.1, CHOICES),
        (Effort(1.0), 0.1, 10),
        (Effort(-1.0), 0.1, 0),
        (Effort(1.0, fixed=True), 0.1, 0),
        (Effort(60.0, fixed=True), 0.1, CHOICES),
        (Effort(None, known=(DRAWS, 7)), 100.0, 7),
    ],
)
def test_the_clock_and_a_recorded_run_say_how_often_is_chosen_anew(effort, took, choices):
    assert effort.choices(took) == choices
    assert effort.less(0.0) == effort
    assert FEWEST_CHOICES < CHOICES


def test_a_slow_metric_is_not_called_on_rows_drawn_anew():
    assert Effort(1.0, call_seconds=0.001).draws(40, 5) == 40
    assert Effort(1.0, call_seconds=0.01).draws(40, 5) == 20
    assert Effort(1.0, fixed=True, call_seconds=0.01).draws(40, 5) == 0
    assert Effort(1.0, call_seconds=np.inf).draws(40, 5) == 0
    assert Effort(None, call_seconds=9.0, known=(40, 0)).draws(40, 5) == 40


def test_a_small_share_of_the_budget_is_taken():
    assert Effort.of(50.0, 60.0, None, fixed=False).seconds == pytest.approx(1.2)
    assert Effort.of(1.0, 60.0, None, fixed=False).seconds == pytest.approx(0.5)
    assert Effort.of(50.0, 60.0, None, fixed=True) == Effort(25.0, fixed=True)
    assert Effort.of(None, None, None, fixed=True).seconds is None
    assert Effort.of(50.0, 60.0, (DRAWS, 3), fixed=False) == Effort(None, known=(DRAWS, 3))
