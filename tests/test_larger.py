"""Boosting that was still learning when its fit ended is tried again with larger trees and steps."""

from dataclasses import replace

import pytest

from automl.space.reader import read_space
from automl.strategies.larger import Larger
from automl.testing.toys import outcome, record
from automl.trials.history import History
from automl.trials.trial import DUMMY, TOP, Proposal, Rung

SPACE = read_space()
LOOK = Rung(rows=1 / 9)
SIZES = {
    "lightgbm": "num_leaves",
    "xgboost": "max_depth",
    "catboost": "depth",
    "hist_gradient_boosting": "max_leaf_nodes",
}


def history_of(*entries, origin="portfolio", params=None):
    """A history of (family, rate, rounds, ended after, loss, rung), each the larger sibling of the one before it.

    Of siblings, family and rate are those that are proposed.
    """
    history = History(SPACE, 0)
    record(history, Proposal(SPACE.cheapest("dummy"), DUMMY), outcome(1.0))
    for place, (family, rate, rounds, ended, loss, rung) in enumerate(entries):
        proposal = Proposal(SPACE.candidate(family, {"learning_rate": rate, **(params or {})}), origin)
        if place:
            proposal = Larger().ask(history, 0)
        record(history, proposal, replace(outcome(loss), rounds=rounds), rung)
        if ended is not None:
            history.put(replace(history.trials[-1], ended_after=(ended,)))
    return history


@pytest.mark.parametrize("family", SIZES)
def test_what_the_clock_ended_is_proposed_with_larger_trees_at_twice_the_rate(family):
    history = history_of((family, 0.05, 100, 101, 0.6, TOP))
    proposal = Larger().ask(history, 0)
    assert (proposal.origin, proposal.parents) == ("larger", (1,))
    before, after = (dict(candidate.root.params) for candidate in (history.trials[1].candidate, proposal.candidate))
    size = SIZES[family]
    assert after == {**before, "learning_rate": 0.1, size: after[size]}
    assert after[size] > before[size]
    record(history, proposal, replace(outcome(0.5), rounds=300))
    assert Larger().ask(history, 0) is None


def test_what_reached_the_cap_is_proposed_too():
    assert Larger().ask(history_of(("lightgbm", 0.05, 9_990, None, 0.6, TOP)), 0) is not None
    assert Larger().ask(history_of(("hist_gradient_boosting", 0.05, 399, None, 0.6, TOP)), 0) is not None


def test_they_grow_as_long_as_that_helps():
    first = ("lightgbm", 0.05, 100, 100, 0.6, TOP)
    assert Larger().ask(history_of(first, ("lightgbm", 0.1, 90, 90, 0.5, TOP)), 0) is not None
    assert Larger().ask(history_of(first, ("lightgbm", 0.1, 90, 90, 0.7, TOP)), 0) is None
    assert Larger().ask(history_of(first, ("lightgbm", 0.1, 90, 90, 0.5, LOOK)), 0) is None


def test_what_is_at_an_end_of_its_range_grows_in_the_other():
    proposal = Larger().ask(history_of(("lightgbm", 0.2, 100, 100, 0.6, TOP)), 0)
    assert dict(proposal.candidate.root.params)["learning_rate"] == 0.2
    assert dict(proposal.candidate.root.params)["num_leaves"] > 31
    proposal = Larger().ask(history_of(("lightgbm", 0.02, 100, 100, 0.6, TOP), params={"num_leaves": 200}), 0)
    assert dict(proposal.candidate.root.params)["learning_rate"] == 0.04
    assert Larger().ask(history_of(("lightgbm", 0.18, 100, 100, 0.6, TOP), params={"num_leaves": 180}), 0) is None


def test_what_went_well_is_left_alone():
    assert Larger().ask(history_of(("lightgbm", 0.05, 120, None, 0.3, TOP)), 0) is None
    assert Larger().ask(history_of(("lightgbm", 0.05, 80, 120, 0.3, TOP)), 0) is None  # its curve had turned
    assert Larger().ask(history_of(("mlp", 0.05, 8, 8, 0.3, TOP)), 0) is None
    assert Larger().ask(history_of(("lightgbm", 0.05, 100, 100, 0.6, TOP), origin="slower"), 0) is None


def test_what_knows_its_training_rows_by_heart_is_left_alone():
    for learned, fires in ((0.5, True), (0.1, False)):  # of 1 for the dummy
        history = history_of(("lightgbm", 0.05, 100, 100, 0.6, TOP))
        trial = history.trials[1]
        history.put(replace(trial, measures=replace(trial.measures, train_loss=learned)))
        assert (Larger().ask(history, 0) is not None) is fires


def test_what_would_have_less_time_than_its_parent_is_not_proposed():
    history = history_of(("lightgbm", 0.05, 100, 100, 0.6, TOP))
    trial = history.trials[1]
    history.put(replace(trial, measures=replace(trial.measures, fit_seconds=3.0)))
    left = [2.0]
    larger = Larger(lambda: left[0])
    assert larger.ask(history, 0) is None
    left[0] = 4.0
    assert larger.ask(history, 0) is not None
