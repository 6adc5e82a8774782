from collections import Counter
from random import Random

import pytest

from automl.strategies.auto import Auto
from automl.strategies.base import RunContext
from automl.strategies.mixture import InTurn, Mixture, credit, shares
from automl.strategies.portfolio import Portfolio
from automl.testing.toys import record, toy_history, toy_search, toy_space
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Proposal


class Named:
    """Draws at random until it has had `most` trials."""

    def __init__(self, name, most=10**6):
        self.name, self.most = name, most

    def ask(self, history, seed):
        if sum(trial.origin == self.name for trial in history.trials) >= self.most:
            return None
        return Proposal(history.space.sample(Random(f"{self.name} {seed}")), self.name)


def history_of(*results):
    """A history of (origin, result) pairs."""
    history, rng = History(toy_space(), 0), Random(0)
    for origin, result in results:
        record(history, Proposal(history.space.sample(rng, ["bowl"]), origin), result)
    return history


def no_seconds(history):
    return dict.fromkeys((trial.candidate.key for trial in history.trials), 0.0)


def origins(history):
    return Counter(trial.origin for trial in history.trials)


def drawn(history, count=1000):
    mixture = Mixture(Named("none", 0), [Named("one"), Named("two")])
    return Counter(mixture.ask(history, seed).origin for seed in range(count))


def test_credit_is_the_share_of_the_last_twenty_that_are_among_the_ten_best():
    history = history_of(*[("one", 0.1)] * 5, *[("one", 0.9)] * 15, *[("two", 0.2)] * 5, *[("two", 0.8)] * 2)
    assert credit(history, "one", no_seconds(history)) == pytest.approx(6 / 22)
    assert credit(history, "two", no_seconds(history)) == pytest.approx(6 / 9)
    assert credit(history, "three", no_seconds(history)) == 0.5


def test_credit_looks_at_the_last_candidates_only():
    history = history_of(*[("one", 0.1)] * 10, *[("one", 0.9)] * 20)
    assert credit(history, "one", no_seconds(history)) == pytest.approx(1 / 22)


def test_failures_count_but_neither_running_nor_cut_nor_the_dummy():
    failed, cut = Failure("failed", ""), Failure("cut", "")
    history = history_of((DUMMY, 0.01), ("one", 0.1), ("one", failed), ("one", None), ("one", cut))
    assert credit(history, "one", no_seconds(history)) == pytest.approx(2 / 4)


def test_every_strategy_keeps_a_fifth():
    assert shares([1.0, 0.0]) == pytest.approx([0.8, 0.2])
    assert shares([0.3, 0.3]) == pytest.approx([0.5, 0.5])
    assert sum(shares([0.1, 0.2, 0.9])) == pytest.approx(1.0)
    assert sum(shares([0.1] * 9)) == pytest.approx(1.0)


def test_what_works_is_asked_more_often():
    even = drawn(History(toy_space(), 0))
    assert 430 < even["one"] < 570
    history = history_of(*[("one", 0.1)] * 10, *[("two", 0.9)] * 20)
    assert 720 < drawn(history)["one"] < 830


def test_the_portfolio_goes_first_while_it_is_open():
    def open_(history):
        return origins(history)["portfolio"] < 3

    mixture = Mixture(Portfolio(), [Named("one"), Named("two")], open_)
    history = toy_search(mixture, 20)
    assert [trial.origin for trial in history.trials[:3]] == ["portfolio"] * 3
    assert origins(history)["portfolio"] == 3
    assert {trial.origin for trial in history.trials[3:]} == {"one", "two"}


def test_an_exhausted_strategy_leaves_its_turns_to_the_others():
    mixture = Mixture(Portfolio(), [Named("one", 3), Named("two", 4)])
    history = toy_search(mixture, 100)
    assert origins(history) == {"portfolio": 5, "one": 3, "two": 4}
    assert mixture.ask(history, 0) is None


def test_in_turn_asks_the_next_when_one_is_exhausted():
    history = toy_search(InTurn("both", [Named("one", 2), Named("two", 1)]), 10)
    assert [trial.origin for trial in history.trials] == ["one", "one", "two"]


def test_the_whole_search_is_the_same_every_time():
    def texts():
        strategy = Auto(RunContext(portfolio_open=lambda history: origins(history)["portfolio"] < 4))
        history = toy_search(strategy, 45, seed=3)
        return [(trial.origin, trial.candidate.text, trial.parents) for trial in history.trials]

    first = texts()
    assert texts() == first
    assert {origin for origin, _, _ in first} == {"portfolio", "tpe", "gp"}


def test_it_reads_trials_of_any_origin():
    history = toy_history(toy_space(), 30, origin="an earlier version")
    assert Auto().ask(history, 0).origin == "portfolio"
    assert Auto(RunContext(portfolio_open=lambda history: False)).ask(history, 0).origin in {"tpe", "gp"}
