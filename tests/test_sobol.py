import math

import pytest

from automl.space.constants import SLOT_NONE
from automl.space.domain import Float
from automl.strategies.base import RunContext
from automl.strategies.make import make_strategy
from automl.strategies.sobol import SobolSearch
from automl.testing.toys import model, param, space_of, toy_search, toy_space


def mine(history):
    return [trial.candidate for trial in history.trials if trial.origin == "sobol"]


@pytest.mark.parametrize("seed", [0, 1])
def test_families_come_in_turn_and_each_leaves_no_gap(seed):
    space = toy_space("regression")
    found = mine(toy_search(SobolSearch(), 48, space=space, seed=seed))
    assert [candidate.family for candidate in found] == list(space.models) * 16
    places = [(dict(candidate.root.params)["x"] + 5) / 10 for candidate in found if candidate.family == "bowl"]
    assert sorted(int(16 * place) for place in places) == list(range(16))  # what is drawn alone leaves a third empty
    scaled = sum("level(" in candidate.text or "rank(" in candidate.text for candidate in found)
    assert scaled / 48 == pytest.approx(1 - SLOT_NONE, abs=0.1)


def test_seeds_scramble_it():
    space = toy_space("regression")
    one, other = ({c.key for c in mine(toy_search(SobolSearch(), 9, space=space, seed=seed))} for seed in (0, 1))
    assert not one & other


def test_what_others_tried_takes_no_point_of_it():
    first = [toy_space().parse(text) for text in ("bowl(input)", "plain(input)", "maze(level(input))")]
    after = mine(toy_search(make_strategy("sobol", first), 23))
    assert after == mine(toy_search(SobolSearch(), 20))


def test_a_run_that_goes_on_finds_its_place():
    history = toy_search(SobolSearch(), 30)
    assert [SobolSearch().ask(history, seed) for seed in range(3)] == [SobolSearch().ask(history, 9)] * 3
    whole = mine(toy_search(SobolSearch(), 40))
    assert mine(toy_search(SobolSearch(), 10, history=history)) == whole


def test_families_that_never_fit_do_not_stop_it():
    """Points that were passed over once are left: else their number would grow until nothing else is looked at."""
    context = RunContext(lambda candidate: 1.0 if candidate.family == "maze" else math.inf)
    history = toy_search(SobolSearch().in_run(context), 300, attempts=1)
    found = mine(history)
    assert {candidate.family for candidate in found} == {"maze"}
    assert len({candidate.key for candidate in found}) == 300
    assert SobolSearch().in_run(context).ask(history, 0).candidate not in found


def test_a_small_space_that_was_tried_throughout_ends_no_search():
    history = toy_search(
        SobolSearch(), 60, space=toy_space().only(["sorter"], ["rank", "squeeze", "loose"]), attempts=1
    )
    assert len(history.trials) == 60
    assert history.candidates == 4  # two criteria, with and without `level`


def test_a_family_without_parameters_is_no_trouble():
    space = space_of(model("bare"), model("only", param("x", Float(0.0, 1.0), 0.5)))
    found = mine(toy_search(SobolSearch(), 20, space=space))
    assert [one.family for one in found] == ["bare", *["only"] * 19]
    assert len({one.key for one in found}) == 20
