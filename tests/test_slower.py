"""Boosting that overshot is tried again at a lower rate."""

from dataclasses import replace

import pytest

from automl.space.reader import read_space
from automl.strategies.slower import Slower
from automl.testing.toys import outcome, record
from automl.trials.history import History
from automl.trials.trial import TOP, Proposal, Rung

SPACE = read_space()
LOOK = Rung(rows=1 / 9)


def history_of(*entries):
    """A history of (family, rate, rounds, loss, rung), each the slower sibling of the one before it."""
    history = History(SPACE, 0)
    for place, (family, rate, rounds, loss, rung) in enumerate(entries):
        candidate = SPACE.candidate(family, {"learning_rate": rate})
        origin = "slower" if place else "portfolio"
        proposal = Proposal(candidate, origin, (place - 1,) if place else ())
        record(history, proposal, replace(outcome(loss), rounds=rounds), rung)
    return history


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "catboost"])
def test_what_ended_after_a_few_steps_is_proposed_at_half_the_rate(family):
    history = history_of((family, 0.2, 7, 1.3, TOP))
    proposal = Slower().ask(history, 0)
    assert (proposal.origin, proposal.parents) == ("slower", (0,))
    params = [dict(candidate.root.params) for candidate in (history.trials[0].candidate, proposal.candidate)]
    assert params[1] == {**params[0], "learning_rate": 0.1}
    record(history, proposal, replace(outcome(0.5), rounds=300))
    assert Slower().ask(history, 0) is None


def test_the_rate_is_halved_as_long_as_that_helps():
    assert Slower().ask(history_of(("lightgbm", 0.2, 7, 1.3, TOP), ("lightgbm", 0.1, 14, 1.2, TOP)), 0) is not None
    assert Slower().ask(history_of(("lightgbm", 0.2, 7, 1.3, TOP), ("lightgbm", 0.1, 14, 1.4, TOP)), 0) is None
    assert Slower().ask(history_of(("lightgbm", 0.2, 7, 1.3, TOP), ("lightgbm", 0.1, 14, 1.2, LOOK)), 0) is None


def test_what_went_well_is_left_alone():
    assert Slower().ask(history_of(("lightgbm", 0.1, 120, 0.3, TOP)), 0) is None
    assert Slower().ask(history_of(("mlp", 0.05, 3, 0.3, TOP)), 0) is None  # its rounds are checkpoints
    assert Slower().ask(history_of(("lightgbm", 0.015, 20, 0.3, TOP)), 0) is None  # half of it is outside the space
    history = history_of(("lightgbm", 0.2, 7, 1.3, TOP))
    history.put(replace(history.trials[0], ended_after=(7,)))  # by the clock
    assert Slower().ask(history, 0) is None
