"""Cheap evaluations: fewer rows, fewer iterations that are gone on with, fits that the clock or a race ends."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_evaluator import evaluator_of, job, problem, ran

from automl.estimators.curves import CurveWatch, expected
from automl.estimators.staged import FitControl, Pruned
from automl.pipeline.build import staged_model_of
from automl.trials.trial import TOP, Failure, Race, Rung
from automl.validation.splits import nested_order

FEW = Rung(iterations=1 / 3, folds=1 / 3)
SOME = Rung(rows=1 / 3, folds=1 / 3)


# ---- fewer rows


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 200), st.integers(1, 5), st.integers(0, 99), st.floats(0.05, 1.0))
def test_any_beginning_of_a_nested_order_is_a_fair_sample(rows, classes, seed, share):
    labels = np.sort(np.random.default_rng(seed).integers(0, classes, rows))
    order = nested_order(rows, seed, labels)
    assert sorted(order) == list(range(rows))
    count = max(2 * classes, round(share * rows))
    drawn = np.bincount(labels[order[:count]], minlength=classes)
    whole = np.bincount(labels, minlength=classes)
    assert (drawn >= np.minimum(whole, 2)).all()
    assert (np.abs(drawn - whole * count / rows) <= 2 + classes).all()


def test_with_time_the_latest_rows_come_first():
    time_of = np.array([3, 1, 2, 5, 4])
    assert list(time_of[nested_order(5, 0, None, time_of)]) == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_share_of_the_training_rows(tmp_path, kind):
    X, y = problem(kind)
    evaluator = evaluator_of(tmp_path, X, y)
    third, ninth = (set(evaluator.data.training_rows(0, share)) for share in (1 / 3, 1 / 9))
    assert ninth < third < set(evaluator.data.splits[0][0])
    assert len(third) == round(len(evaluator.data.splits[0][0]) / 3)
    outcome = ran(evaluator, "decision_tree(input)", rung=SOME)
    assert len(outcome.folds) == 1
    assert outcome.folds[0].train_loss is None
    whole = ran(evaluator, "decision_tree(input)")
    assert whole == ran(evaluator, "decision_tree(input)")
    assert whole.loss != outcome.loss
    assert len(whole.folds) == 3


def test_where_rows_are_left_out_fewer_are_predicted(tmp_path, monkeypatch):
    monkeypatch.setattr("automl.evaluate.run_data.LOOK_ROWS", 20)
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    outcome = ran(evaluator, "lightgbm(input)", rung=SOME)
    assert outcome.folds[0].measures.rows_predicted == 20
    assert ran(evaluator, "lightgbm(input)").folds[0].measures.rows_predicted == 50


# ---- fewer iterations, and on from there


def test_a_booster_goes_on_from_fewer_rounds(tmp_path):
    X, y = problem("regression")
    text = "lightgbm(input, learning_rate=0.02)"
    straight = evaluator_of(tmp_path / "straight", X, y)
    once = ran(straight, text)
    evaluator = evaluator_of(tmp_path / "steps", X, y)
    rung = Rung(iterations=0.05, folds=1 / 3)
    few = ran(evaluator, text, rung=rung)
    again = ran(evaluator, text)
    assert [fold.continued for fold in few.folds] == [False]
    assert [fold.continued for fold in again.folds] == [True, False, False]
    key = evaluator.space.parse(text).key
    lengths = [len(staged_model_of(evaluator.artifacts.model(key, one, 0)).curve_) for one in (rung, TOP)]
    assert lengths[0] < lengths[1]
    assert again.loss == pytest.approx(once.loss, rel=0.1)
    assert again.folds[1].loss == pytest.approx(once.folds[1].loss, rel=0.1)


@pytest.mark.parametrize("kind", ["binary", "regression"])
def test_a_network_goes_on_as_if_it_had_never_paused(tmp_path, kind):
    X, y = problem(kind)
    text = "mlp(input, epochs=16)"
    once = ran(evaluator_of(tmp_path / "straight", X, y), text)
    evaluator = evaluator_of(tmp_path / "steps", X, y)
    for rung in (Rung(iterations=1 / 9, folds=1 / 3), FEW):
        ran(evaluator, text, rung=rung)
    again = ran(evaluator, text)
    assert [fold.continued for fold in again.folds] == [True, False, False]
    assert (again.loss, again.fold_losses, again.rounds) == (once.loss, once.fold_losses, once.rounds)


def test_a_forest_of_fewer_trees(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    ran(evaluator, "extra_trees(input, n_estimators=90)", rung=FEW)
    forest = evaluator.artifacts.model(evaluator.space.parse("extra_trees(input, n_estimators=90)").key, FEW, 0)
    assert len(forest[-1].model.estimators_) == 30


# ---- the clock


@pytest.mark.parametrize("family", ["lightgbm", "mlp"])
def test_a_fit_ends_with_what_it_has_when_time_is_over(tmp_path, family):
    """And again at the same place where a replay asks for it."""
    X, y = problem()
    order = np.arange(len(y))
    text, one = f"{family}(input)", [(order[50:], order[:50])]
    late = ran(evaluator_of(tmp_path / "late", X, y, cv=one), text, seconds_left=-1.0)
    (end,) = (fold.ended_after for fold in late.folds)
    assert end == 1
    whole = ran(evaluator_of(tmp_path / "whole", X, y, cv=one), text)
    assert whole.folds[0].ended_after is None
    assert whole.rounds > 1
    again = ran(evaluator_of(tmp_path / "again", X, y, cv=one), text, ended_after=(end,))
    assert (again.loss, again.rounds, again.folds[0].ended_after) == (late.loss, late.rounds, end)


def test_time_is_shared_among_the_folds(tmp_path):
    X, y = problem("multiclass", rows=6000, columns=20)
    evaluator = evaluator_of(tmp_path, X, y)
    started = time.monotonic()
    outcome = ran(evaluator, "lightgbm(input, learning_rate=0.01, num_leaves=100)", seconds_limit=1.5)
    assert time.monotonic() - started < 3.0
    assert len(outcome.folds) == 3
    assert all(fold.ended_after for fold in outcome.folds)


# ---- curves and races


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 2.0), st.floats(0.01, 5.0), st.floats(0.05, 2.0), st.integers(16, 200), st.integers(1, 20))
def test_what_is_expected_of_a_power_law_is_never_worse_than_what_comes(end, height, power, now, longer):
    rounds = now * longer
    curve = [end + height * t**-power for t in range(1, rounds + 1)]
    assert expected(curve[:now], rounds) <= curve[-1] + 1e-9


def test_nothing_is_said_of_short_or_of_steepening_curves():
    assert expected([1.0] * 10, 100) == -math.inf
    assert expected([1.0 - 0.001 * t for t in range(100)], 1000) == -math.inf
    assert expected([0.5] * 40 + [0.6] * 40, 1000) == -math.inf


def test_a_watch_prunes_fits_that_will_not_fall_far_enough():
    watch = CurveWatch(1000, patience=1000, control=FitControl(loss_limit=0.3))
    with pytest.raises(Pruned, match=r"0\.3 is needed"):
        [watch.see(0.5 + t**-1.0) for t in range(1, 1000)]
    assert len(watch.curve) < 100
    patient = CurveWatch(1000, patience=1000, control=FitControl(loss_limit=0.55))
    assert not any(patient.see(0.5 + t**-1.0) for t in range(1, 1000))


def test_a_watch_ends_a_fit_whose_curve_has_turned_up():
    def rounds(lowest, patience):
        watch = CurveWatch(10_000, patience)
        return next(t for t in range(1, 10_000) if watch.see(abs(t - lowest))), watch

    assert rounds(40, 15)[0] == 55
    after, watch = rounds(2_000, 15)  # the longer, the flatter, the more patient
    assert after == 2_200
    assert watch.settled
    assert watch.ended_after is None  # it was not the clock
    assert CurveWatch(10_000, 15, curve=watch.curve).settled  # where a fit would go on
    assert rounds(1, 30)[0] == 31
    endless = CurveWatch(10_000, 30)  # a target without noise
    assert next(t for t in range(1, 10_000) if endless.see(math.exp(-0.01 * t))) < 1500
    falling = CurveWatch(10_000, 30)
    assert not any(falling.see(7 + 20 * t**-0.3) for t in range(1, 10_000))
    broken = CurveWatch(10_000, 15)
    assert next(t for t in range(1, 100) if broken.see(math.nan)) == 16  # a loss that is no number is no gain


def test_a_curve_is_not_foretold_for_all_the_rounds_that_there_may_be():
    slow = [0.5 + t**-0.5 for t in range(1, 1001)]
    short = CurveWatch(10_000, patience=1000, control=FitControl(loss_limit=0.51))
    with pytest.raises(Pruned, match=r"0\.51 is needed"):
        [short.see(value) for value in slow]


def test_a_curve_that_will_not_fall_far_enough_ends_the_evaluation(tmp_path):
    X, y = problem("regression", rows=600)
    evaluator = evaluator_of(tmp_path, X, y)
    text = "lightgbm(input, learning_rate=0.03)"
    result = evaluator.run(job(evaluator, text, race=Race((0.01, 0.01), curves=True, why="a toy")))
    assert isinstance(result, Failure)
    assert (result.kind, result.folds) == ("stopped", ())
    assert "In fold 1" in result.message
    assert result.seconds > 0
    unlike = Race((0.01, 0.01), curves=False, why="a toy")
    other = evaluator.run(job(evaluator, text, race=unlike))
    assert (other.kind, len(other.folds)) == ("stopped", 1)


def test_who_is_behind_after_a_fold_is_stopped(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    text = "naive_bayes(input)"
    whole = ran(evaluator_of(tmp_path / "whole", X, y), text)
    first, second = whole.fold_losses[0], sum(whole.fold_losses[:2]) / 2
    for limits, folds in (((first - 0.01, 9.0), 1), ((first + 0.01, second - 0.01), 2)):
        evaluator.artifacts.keep_only(set())
        result = evaluator.run(job(evaluator, text, race=Race(limits, why="clearly behind number 10")))
        assert (result.kind, len(result.folds)) == ("stopped", folds)
        assert result.message.endswith("clearly behind number 10.")
    evaluator.artifacts.keep_only(set())
    kept = evaluator.run(job(evaluator, text, race=Race((first + 0.01, second + 0.01), why="x")))
    assert kept.fold_losses == whole.fold_losses
