import math

import pytest

from automl.space.reader import read_space
from automl.strategies.base import RunContext
from automl.strategies.make import make_strategy
from automl.strategies.manual import Manual
from automl.strategies.portfolio import Portfolio
from automl.testing.toys import toy_search, toy_space
from automl.trials.history import History


def tried(strategy, space=None):
    return [trial.candidate for trial in toy_search(strategy, 50, space=space).trials]


def test_textbook_settings_are_for_manual_search_alone():
    space = toy_space()
    assert tried(Manual()) == [space.parse("bowl(input, x=1.0)"), space.parse("plain(level(input))")]
    assert space.parse("bowl(input, x=1.0)") not in tried(Portfolio())


def test_the_users_list_is_all_that_is_tried_after_a_resume_too():
    first = [toy_space().parse(text) for text in ("plain(input)", "maze(level(input))")]
    history = toy_search(make_strategy("manual", first), 1)
    toy_search(make_strategy("manual", first), 50, history=history)
    assert [trial.candidate for trial in history.trials] == first


def test_what_cannot_fit_is_passed_over():
    context = RunContext(lambda candidate: math.inf if candidate.family == "knn" else 1.0)
    space = read_space().for_task("binary", 500, 5)
    left = tried(make_strategy("manual", (), context), space)
    assert [one for one in tried(Manual(), space) if one.family != "knn"] == left
    assert Manual().in_run(RunContext(lambda candidate: math.inf)).ask(History(space, 0), 0) is None


def test_where_no_setting_suits_the_families_have_their_defaults():
    space = read_space().only(["bernoulli_nb", "gaussian_process"]).for_task("binary", 500, 5)
    assert tried(Manual(), space) == [space.default("bernoulli_nb"), space.default("gaussian_process")]


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_the_list_can_be_tried_as_it_is_written(kind):
    space = read_space().for_task(kind, 1_000, 10)
    told = [one for one in space.portfolio if one.get("textbook") and kind in one.get("tasks", (kind,))]
    assert len(space.first_candidates(textbook=True)) == len(told) >= 9
    assert len({one.family for one in space.first_candidates(textbook=True)}) == len(told)
