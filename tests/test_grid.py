"""Grids: what the user gives, mistakes in it, the lattice where nothing is given, and how far the budget reaches."""

import math
import re

import pytest

from automl import AutoML
from automl.errors import ArgumentError
from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.reach import reach
from automl.space.reader import read_space
from automl.strategies import STRATEGIES
from automl.strategies.base import RunContext
from automl.strategies.grid import GridSearch
from automl.strategies.make import make_strategy
from automl.testing.toys import toy_search, toy_space
from automl.trials.history import History

SPACE = read_space().for_task("binary", 5_000, 20)


def tried(grid, space=None):
    return [trial.candidate.text for trial in toy_search(grid, 500, space=space or toy_space()).trials]


def test_every_combination_once_the_last_one_changes_fastest():
    grid = GridSearch({"bowl.x": [-1, 2.5], "bowl.y": [0.0, 1.0, 2.0]})
    assert tried(grid) == [f"bowl(input, x={x}, y={y})" for x in (-1.0, 2.5) for y in (0.0, 1.0, 2.0)]


def test_each_family_has_its_own_and_what_is_inactive_makes_no_point():
    found = tried(GridSearch({"maze.way": ["left", "right"], "maze.drop": [0.1, 0.2], "plain.strength": [1.0]}))
    assert len(found) == 4
    assert [("maze" in text, "drop" in text) for text in found] == [
        (True, False), (True, True), (True, True), (False, False),
    ]  # fmt: skip


def test_preparation_and_steps_are_combined_too():
    found = tried(GridSearch({"family": ["bowl"], "scale": [None, "rank"], "rank.bins": [20, 50]}))
    assert found == ["bowl(input, x=0.0, y=0.0)"] + [
        f"bowl(rank(input, bins={bins}), x=0.0, y=0.0)" for bins in (20, 50)
    ]
    grid = GridSearch({"ridge.target": [None], "input.clip": [True, False]})
    assert len(tried(grid, read_space().for_task("regression", 5_000, 20))) == 2


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "grid: needs a dict of lists, as in GridSearch({'lightgbm.num_leaves': [15, 31, 63]}); got {}."),
        ([1], "grid: needs a dict of lists"),
        ({"lightgbm.num_leafs": [3]}, "'lightgbm.num_leafs'; one is written family.parameter. Did you mean 'lightgbm.num"),
        ({"lightbm.num_leaves": [3]}, "Did you mean 'lightgbm.num_leaves'?"),
        ({"num_leaves": [3]}, "grid: there is no parameter 'num_leaves'; one is written family.parameter."),
        ({"lightgbm.num_leaves": []}, "grid: 'lightgbm.num_leaves' needs a list of values, and at least one; got []."),
        ({"lightgbm.num_leaves": 31}, "grid: 'lightgbm.num_leaves' needs a list of values, and at least one; got 31."),
        ({"lightgbm.num_leaves": [31, 1]}, "grid: 'lightgbm.num_leaves' must be 2 to 200 (log); got 1."),
        ({"family": ["lightgb"]}, "got 'lightgb'. Did you mean 'lightgbm'?"),
        ({"scale": ["pca"]}, "grid: 'scale' must be of "),
        ({"knn.n_neighbors": [3], "pca.n_components": [0.9]}, "is tried nowhere: name 'pca' in 'reduce', too."),
        ({"family": ["knn"], "sgd.alpha": [0.1]}, "is tried nowhere: name 'sgd' in 'family', too."),
        (
            {f"lightgbm.{name}": [k / 200 for k in range(100, 180)] for name in ("colsample_bytree", "subsample")}
            | {"lightgbm.num_leaves": list(range(2, 190))},
            "points are more than the 1,000,000 that a grid may have",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(values, sentence):
    with pytest.raises(ArgumentError, match=re.escape(sentence)):
        GridSearch(values).check(SPACE)


def test_a_mistake_is_told_before_anything_is_evaluated():
    rows = [[float(k), float(k % 7)] for k in range(60)]
    with pytest.raises(ArgumentError, match="there is no parameter 'ridge.alfa'"):
        AutoML(search=GridSearch({"ridge.alfa": [1]}), max_trials=2, n_jobs=1, executor="inline", verbose=0).fit(
            rows, [k % 2 for k in range(60)]
        )


def test_without_values_the_first_two_parameters_of_each_family_the_cheapest_first():
    space, cost = toy_space(), {"plain": 1.0, "maze": 2.0, "bowl": 3.0, "sorter": 4.0}
    strategy = make_strategy("grid", (), RunContext(lambda candidate: cost[candidate.family]))
    history = toy_search(strategy, 500, space=space)
    families = [trial.candidate.family for trial in history.trials]
    assert families == sorted(families, key=cost.__getitem__)
    assert [families.count(name) for name in ("plain", "maze", "bowl", "sorter")] == [3, 15, 9, 2]


def test_what_cannot_fit_is_passed_over():
    grid = GridSearch({"bowl.x": [0.0, 1.0, 2.0]}).in_run(
        RunContext(lambda candidate: math.inf if "x=1.0" in candidate.text else 1.0)
    )
    assert [text[12:17] for text in tried(grid)] == ["x=0.0", "x=2.0"]


def test_a_grid_is_written_down_and_read_back():
    grid = GridSearch({"bowl.x": [0.0, 1.0]})
    text = STRATEGIES.text(grid)
    assert text == "grid(values={'bowl.x': [0.0, 1.0]})"
    assert tried(STRATEGIES.make(text)) == tried(grid)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, "grid: 40 candidates, about 20 s; all of them fit."),
        ({"time_budget": 8.0}, "grid: 40 candidates, about 20 s; time_budget reaches about 35% of them."),
        ({"time_budget": 80.0}, "grid: 40 candidates, about 20 s; all of them fit."),
        ({"max_trials": 30}, "grid: 40 candidates, about 20 s; max_trials ends it after 30."),
    ],
)
def test_it_says_how_far_the_budget_reaches(limits, told):
    class Priced(CostModel):
        def __init__(self):
            pass

        def nominal(self, candidate, rung=None):
            return 1.0 if "x=0.0" in candidate.text else 0.0

    grid = GridSearch({"bowl.x": [0.0], "maze.layers": [1]})
    points, some = grid.announce(toy_space())
    assert points == len(some) == 2
    assert reach("grid", 40, some, Priced(), Budget(**limits, clock=lambda: 0.0), 1) == told


def test_it_resumes_where_it_stopped_and_ends():
    grid, history = GridSearch({"bowl.x": [0.0, 1.0, 2.0]}), History(toy_space(), 0)
    toy_search(grid, 2, history=history)
    assert [trial.candidate.text[12:17] for trial in toy_search(GridSearch(grid.values), 5, history=history).trials] == [
        "x=0.0", "x=1.0", "x=2.0",
    ]  # fmt: skip
