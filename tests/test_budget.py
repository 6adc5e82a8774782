"""The budget, on a clock of our own."""

import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from automl.loop import HandOverReserve
from automl.schedule.budget import Budget
from automl.schedule.portfolio_share import PortfolioShare
from automl.schedule.reserve import Reserve
from automl.schedule.stopping import OutOfPatience, TimeIsUp
from automl.strategies.portfolio import Portfolio
from automl.testing.toys import record, toy_search, toy_space
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.trial import DUMMY, TOP, Failure, Proposal


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
    searching = Budget(seconds, clock=clock)
    assert searching.search_seconds == pytest.approx(seconds - reserve)
    assert searching.remaining() == pytest.approx(seconds)
    clock.now += seconds - reserve - 0.01
    assert searching.must_stop(history_of(0.5)) is None
    clock.now += 0.02
    assert searching.must_stop(history_of(0.5)) == "time_budget"


def test_without_a_limit_nothing_stops(clock):
    budget = Budget(None, max_trials=3, clock=clock)
    clock.now += 1e6
    assert budget.remaining() is None
    assert budget.search_left() is None
    assert budget.must_stop(history_of(*[0.5] * 10)) is None


def test_a_resumed_run_goes_on_with_what_is_left(clock):
    budget = Budget(60.0, clock=clock)
    clock.now += 1
    budget.resume(20.0)
    assert budget.elapsed() == 21.0
    assert budget.search_left() == pytest.approx(33.0)


def test_a_run_whose_time_is_used_up_still_hands_over(clock):
    budget = Budget(60.0, clock=clock)
    budget.resume(1000.0)
    assert budget.remaining() == pytest.approx(6.0)
    assert budget.must_stop(history_of()) == "time_budget"


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


def test_stop_rules_are_asked_one_after_the_other(clock):
    budget = Budget(60.0, patience=3, clock=clock)
    stale = history_of(0.5, 0.6, 0.7, 0.8)
    assert budget.must_stop(stale) == "patience"
    clock.now += 55
    assert budget.must_stop(stale) == "time_budget"
    left = [1.0, 0.0, None]
    rule = TimeIsUp(lambda: left.pop(0))
    assert [rule(stale), rule(stale), rule(stale)] == [None, "time_budget", None]
    assert [OutOfPatience(patience)(stale) for patience in (3, 4)] == ["patience", None]


# ---- what is kept for the hand-over


def test_more_is_set_aside_for_a_slow_hand_over():
    history = history_of()
    assert Reserve.expected(60.0, history, 5) == Reserve.at_first(60.0) == Reserve(6.0, 12.0)
    trial = record(history, Proposal(toy_space().candidate("bowl"), "random"), 0.1)
    quick = Reserve.expected(60.0, history, 5)
    history.put(replace(trial, measures=Measures(0.1, fit_seconds=40.0, model_bytes=10**9)))
    assert Reserve.expected(60.0, history, 5).seconds > quick.seconds
    assert Reserve.expected(None, history, 5) == Reserve()
    history.put(replace(trial, measures=Measures(0.1, fit_seconds=4000.0)))
    assert Reserve.expected(60.0, history, 5) == Reserve(2.0, 2.0)  # what does not fit is left out


def test_after_a_hold_out_time_is_kept_for_the_members():
    history = history_of()
    for place, seconds in enumerate((8.0, 6.0, 200.0)):
        candidate = toy_space().candidate("bowl", {"x": place / 10})
        trial = record(history, Proposal(candidate, "random"), 0.1 + place)
        history.put(replace(trial, measures=Measures(0.1, fit_seconds=seconds)))
    side_by_side = Reserve.expected(100.0, history, 1, n_jobs=2)
    assert side_by_side.seconds == pytest.approx(0.5 + 1.2 * (8 + 6) / 2, abs=0.1)  # 200 s do not fit at all
    assert side_by_side.most == pytest.approx(30.0)
    assert Reserve.expected(100.0, history, 1).seconds == pytest.approx(0.5 + 1.2 * (8 + 6), abs=0.1)
    history.put(replace(history.trials[0], measures=Measures(0.1, fit_seconds=24.0)))  # fits just so
    assert Reserve.expected(100.0, history, 1).seconds == pytest.approx(30.0)
    for trial in history.trials[:2]:
        history.put(replace(trial, measures=Measures(0.1, fit_seconds=4000.0)))
    assert Reserve.expected(100.0, history, 1).seconds < 4.0


def test_the_loop_tells_the_budget_what_to_keep_as_trials_end(clock):
    history, budget = history_of(), Budget(100.0, clock=clock)
    keep = HandOverReserve(history, budget, folds=1, n_jobs=1)
    assert budget.reserve == Reserve.at_first(100.0, 1)
    trial = record(history, Proposal(toy_space().candidate("bowl"), "random"), 0.1)
    history.put(replace(trial, measures=Measures(0.1, fit_seconds=15.0)))
    keep(None)  # while waiting, nothing is new
    assert budget.search_seconds == pytest.approx(90.0)
    keep(history.trials[0])
    assert budget.search_seconds == pytest.approx(100 - 0.5 - 1.2 * 15, abs=0.1)
    assert budget.remaining() == 100.0


def test_models_that_are_slow_to_write_are_reckoned_with():
    history = history_of()
    trial = record(history, Proposal(toy_space().candidate("bowl"), "random"), 0.1)
    history.put(replace(trial, measures=Measures(0.1, model_bytes=10**6, write_seconds=1.0)))
    keeps = [Reserve.expected(60.0, history, 1, saving=saving).seconds for saving in (False, True)]
    assert keeps[1] == pytest.approx(0.5 + 5.0, abs=0.2)
    assert keeps[0] < 3.0
    assert Budget(60.0, saving=True).handling_seconds(1e6, 3.0) == pytest.approx(3.0, abs=0.1)
    assert Budget(60.0).handling_seconds(1e6, 3.0) < 0.1


# ---- the portfolio


def portfolio_history(count, seconds):
    history, space = History(toy_space(), 0), toy_space()
    for place in range(count):
        candidate = space.candidate("bowl", {"x": place / 100})
        trial = record(history, Proposal(candidate, "portfolio"), place / 100)
        history.put(replace(trial, measures=replace(trial.measures, fit_seconds=seconds)))
    return history


def share_of(budget):
    return PortfolioShare(budget, SimpleNamespace(predict=lambda *_: 1.0, measured=True), None, n_jobs=1)


def test_the_portfolio_has_a_third_of_the_search(clock):
    share = share_of(Budget(100.0, clock=clock))
    clock.now += 40
    assert share(portfolio_history(58, 0.5))
    assert not share(portfolio_history(62, 0.5))


def test_entries_that_cannot_be_tried_have_no_price(clock):
    """Too long or too large, one would be proposed again and again, and those behind it never."""
    sizes = {"bowl": 5, "plain": 1, "maze": 1, "sorter": 1}
    cost = SimpleNamespace(
        predict=lambda candidate, *_: 1000.0 if candidate.family == "maze" else 2.0,
        predict_bytes=lambda candidate, *_: sizes[candidate.family],
        measured=True,
    )
    policy, history = SimpleNamespace(entry=lambda *_: TOP), History(toy_space(), 0)
    price = PortfolioShare(Budget(100.0, clock=clock), cost, policy, 1, bytes_limit=3).price(history)
    prices = [price(candidate) for candidate in history.space.first_candidates()]
    assert prices == [2.0, math.inf, math.inf, 2.0, 2.0]
    tried = [trial.candidate.family for trial in toy_search(Portfolio(price), 9, history=history).trials]
    assert tried == ["plain", "sorter", "plain"]


def test_the_portfolio_goes_on_where_few_candidates_fit(clock):
    share = share_of(Budget(100.0, clock=clock))
    clock.now += 45  # half of the search, in which 14 would make 28 in all
    assert share(portfolio_history(14, 3.0))
    assert not share(portfolio_history(16, 3.0))
    few = share_of(Budget(None, max_trials=30, clock=clock))
    assert not few(portfolio_history(10, 3.0))
