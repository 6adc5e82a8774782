"""The budget, on a clock of our own."""

from dataclasses import replace

import pytest

from automl.schedule.budget import Budget
from automl.testing.toys import record, toy_space
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Proposal


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def history_of(*losses, origin="random"):
    space = toy_space()
    history = History(space, 0)
    for place, loss in enumerate(losses):
        candidate = space.candidate("bowl", {"x": float(place) / 100})
        record(history, Proposal(candidate, origin), loss)
    return history


def test_the_clock_starts_when_it_is_told(clock):
    budget = Budget(10.0, started=97.0, clock=clock)
    assert (budget.elapsed(), budget.remaining()) == (3.0, 7.0)
    clock.now += 5
    assert (budget.elapsed(), budget.remaining()) == (8.0, 2.0)


@pytest.mark.parametrize(("seconds", "reserve"), [(300.0, 30.0), (60.0, 6.0), (10.0, 1.0), (3.0, 1.0), (1.0, 0.5)])
def test_a_tenth_is_set_aside_and_at_least_a_second(clock, seconds, reserve):
    searching = Budget(seconds, clock=clock).less_hand_over()
    assert searching.search_seconds == pytest.approx(seconds - reserve)
    assert searching.remaining() == pytest.approx(seconds)
    clock.now += seconds - reserve - 0.01
    assert searching.must_stop(history_of(0.5)) is None
    clock.now += 0.02
    assert searching.must_stop(history_of(0.5)) == "time_budget"


def test_the_whole_budget_is_not_changed_by_its_part(clock):
    budget = Budget(60.0, clock=clock)
    budget.less_hand_over()
    assert budget.search_left() == budget.remaining() == 60.0


def test_without_a_limit_nothing_stops(clock):
    budget = Budget(None, max_trials=3, clock=clock).less_hand_over()
    clock.now += 1e6
    assert budget.remaining() is None
    assert budget.search_left() is None
    assert budget.must_stop(history_of(*[0.5] * 10)) is None


def test_a_resumed_run_goes_on_with_what_is_left(clock):
    budget = Budget(60.0, clock=clock)
    clock.now += 1
    budget.resume(20.0)
    assert budget.elapsed() == 21.0
    assert budget.less_hand_over().search_left() == pytest.approx(33.0)


def test_a_run_whose_time_is_used_up_still_hands_over(clock):
    budget = Budget(60.0, clock=clock)
    budget.resume(1000.0)
    assert budget.remaining() == pytest.approx(6.0)
    assert budget.less_hand_over().must_stop(history_of()) == "time_budget"


def test_patience_counts_ended_trials_after_the_best(clock):
    budget = Budget(None, patience=3, clock=clock)
    assert budget.must_stop(history_of(0.5, 0.6, 0.7)) is None
    assert budget.must_stop(history_of(0.5, 0.6, 0.7, 0.8)) == "patience"
    assert budget.must_stop(history_of(0.5, 0.6, 0.7, 0.4)) is None
    assert budget.must_stop(history_of(0.5, 0.6, 0.7, None)) is None  # still running
    assert budget.must_stop(history_of(0.5, 0.6, 0.7, Failure("failed", "a toy"))) == "patience"


def test_patience_waits_for_a_first_candidate(clock):
    budget = Budget(None, patience=2, clock=clock)
    assert budget.must_stop(history_of(*[Failure("failed", "a toy")] * 5)) is None
    assert budget.must_stop(history_of(0.1, 0.2, 0.3, origin=DUMMY)) is None


def test_more_is_set_aside_for_a_slow_hand_over(clock):
    history = history_of()
    trial = record(history, Proposal(toy_space().candidate("bowl"), "random"), 0.1)
    searching = Budget(60.0, clock=clock).less_hand_over()
    searching.expect_hand_over(history, folds=5)
    quick = searching.search_seconds
    history.trials[0] = replace(trial, fit_seconds=40.0, model_bytes=10**9)
    searching.expect_hand_over(history, folds=5)
    assert searching.search_seconds < quick
    history.trials[0] = replace(trial, fit_seconds=4000.0)
    searching.expect_hand_over(history, folds=5)
    assert searching.search_seconds == pytest.approx(58.0)  # what does not fit is left out
