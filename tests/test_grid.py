"""Grids: what the user gives, mistakes in it, the lattice where nothing is given, and how far the budget reaches."""

import math
import re
from itertools import product

import numpy as np
import pytest

from automl.errors import ArgumentError
from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.reach import reach
from automl.space.reader import read_space
from automl.strategies import STRATEGIES
from automl.strategies.base import RunContext
from automl.strategies.constants import GRID_MOST, GRID_PASSED, GRID_PRICED
from automl.strategies.grid import GridSearch
from automl.strategies.make import make_strategy
from automl.testing.toys import toy_search, toy_space
from automl.trials.history import History

SPACE = read_space().for_task("binary", 5_000, 20)


def tried(grid, space=None):
    return [trial.candidate.text for trial in toy_search(grid, 500, space=space or toy_space()).trials]


# ---- what the user gives


def test_every_combination_once_the_last_one_changes_fastest():
    grid = GridSearch({"bowl.x": [-1, 2.5], "bowl.y": [0.0, 1.0, 2.0]})
    assert tried(grid) == [f"bowl(input, x={x}, y={y})" for x in (-1.0, 2.5) for y in (0.0, 1.0, 2.0)]


def test_each_family_has_its_own_and_what_is_inactive_makes_no_point():
    found = tried(GridSearch({"maze.way": ["left", "right"], "maze.drop": [0.1, 0.2], "plain.strength": [1.0]}))
    assert [("maze" in text, "drop" in text) for text in found] == [
        (True, False), (True, True), (True, True), (False, False),
    ]  # fmt: skip


def test_preparation_and_steps_are_combined_too():
    found = tried(GridSearch({"family": ["bowl"], "scale": [None, "rank"], "rank.bins": [20, 50]}))
    assert found == ["bowl(input, x=0.0, y=0.0)"] + [
        f"bowl(rank(input, bins={bins}), x=0.0, y=0.0)" for bins in (20, 50)
    ]
    space = read_space().for_task("regression", 5_000, 20, meta_features=("heavy_tails",))
    clipped = tried(GridSearch({"family": ["ridge", "knn"], "input.clip": [True, False]}), space)
    assert [(text.partition("(")[0], "clip=True" in text) for text in clipped] == [
        ("ridge", True), ("ridge", False), ("knn", True), ("knn", False),
    ]  # fmt: skip


def test_steps_alone_are_tried_with_every_family():
    assert len(tried(GridSearch({"scale": ["level", None]}))) == 2 * len(toy_space().models)


def test_arrays_ranges_and_repeated_values():
    grid = GridSearch({"maze.leaves": range(2, 4), "bowl.x": np.linspace(0, 1, 3), "bowl.y": (np.float64(1.0), 1)})
    assert grid.values == {"maze.leaves": [2, 3], "bowl.x": [0.0, 0.5, 1.0], "bowl.y": [1.0, 1]}
    assert len(tried(grid)) == grid.announce(toy_space())[0] == 5
    options = GridSearch({"maze.way": [True, 1, 1.0]})  # 1.0 is the option 1, and True is another
    assert [text.partition(", ")[2][:8] for text in tried(options)] == ["way=True", "way=1, r"]


def test_what_is_told_beforehand_is_what_is_tried():
    space = toy_space()
    for values in ({"scale": ["rank", None], "rank.bins": [20, 50]}, None):
        points, some = GridSearch(values).announce(space)
        found = tried(GridSearch(values))
        assert points == len(found)
        assert {one.text for one in some} == set(found)


def test_a_large_grid_is_told_of_and_begun_without_being_made():
    one, two = list(range(2, 502)), [k / 1000 for k in range(1, 1001)]
    grid = GridSearch({"maze.leaves": one, "maze.rate": two, "maze.layers": [1, 2]})
    points, some = grid.announce(toy_space())
    assert points == GRID_MOST
    assert len({one.key for one in some}) == len(some) == GRID_PRICED
    leaves = [dict(one.root.params)["leaves"] for one in some]
    assert leaves == sorted(leaves)
    assert leaves[-1] > 490
    history = toy_search(grid, 5)
    values = [
        tuple(map(dict(trial.candidate.root.params).get, ("leaves", "rate", "layers"))) for trial in history.trials
    ]
    assert values == list(product(one[:1], two[:3], (1, 2)))[:5]


def test_it_resumes_where_it_stopped_and_ends():
    grid, history = GridSearch({"bowl.x": [0.0, 1.0, 2.0]}), History(toy_space(), 0)
    toy_search(grid, 2, history=history)
    toy_search(GridSearch(grid.values), 5, history=history)
    assert [trial.candidate.text[12:17] for trial in history.trials] == ["x=0.0", "x=1.0", "x=2.0"]


def test_a_grid_is_written_down_and_read_back():
    grid = GridSearch({"bowl.x": [0.0, 1.0]})
    text = STRATEGIES.text(grid)
    assert text == "grid(values={'bowl.x': [0.0, 1.0]})"
    assert tried(STRATEGIES.make(text)) == tried(grid)
    assert STRATEGIES.text(GridSearch()) == "grid"


# ---- mistakes


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "grid: needs a dict of lists, as in GridSearch({'lightgbm.num_leaves': [15, 31, 63]}); got {}."),
        ([1], "grid: needs a dict of lists"),
        ("lightgbm", "grid: needs a dict of lists"),
        (
            {"lightgbm.num_leafs": [3]},
            "no parameter 'lightgbm.num_leafs' for this task; one is written family.parameter. Did you mean 'lightgbm",
        ),
        (
            {"lightbm.num_leaves": [3]},
            "grid: 'lightbm.num_leaves': 'lightbm' is none of what is searched. Did you mean 'lightgbm'?",
        ),
        (
            {"num_leaves": [3]},
            "grid: there is no parameter 'num_leaves' for this task; one is written family.parameter.",
        ),
        ({3: [3]}, "grid: there is no parameter '3' for this task"),
        ({"input.terms": [3]}, "grid: there is no parameter 'input.terms' for this task"),
        ({"lightgbm.num_leaves": []}, "grid: 'lightgbm.num_leaves' needs a list of values, and at least one; got []."),
        ({"lightgbm.num_leaves": 31}, "grid: 'lightgbm.num_leaves' needs a list of values, and at least one; got 31."),
        ({"lightgbm.num_leaves": "31"}, "needs a list of values, and at least one; got '31'."),
        ({"lightgbm.num_leaves": [31, 1]}, "grid: 'lightgbm.num_leaves' must be 2 to 200 (log); got 1."),
        ({"lightgbm.num_leaves": [[31]]}, "grid: 'lightgbm.num_leaves' must be 2 to 200 (log); got [31]."),
        (
            {"lightgbm.learning_rate": [float("nan")]},
            "grid: 'lightgbm.learning_rate' must be 0.01 to 0.2 (log); got nan.",
        ),
        ({"knn.weights": ["uniforms"]}, "grid: 'knn.weights' must be one of 'uniform', 'distance'; got 'uniforms'."),
        ({"family": ["lightgb"]}, "got 'lightgb'. Did you mean 'lightgbm'?"),
        ({"family": "lightgbm"}, "grid: 'family' needs a list of values"),
        ({"scale": ["pca"]}, "grid: 'scale' must be of "),
        ({"knn.n_neighbors": [3], "pca.n_components": [0.9]}, "is tried nowhere: name 'pca' in 'reduce', too."),
        ({"family": ["knn"], "sgd.alpha": [1e-3]}, "grid: 'sgd.alpha' is tried nowhere: name 'sgd' in 'family', too."),
        (
            {f"lightgbm.{name}": [k / 200 for k in range(140, 200)] for name in ("colsample_bytree", "subsample")}
            | {"lightgbm.num_leaves": list(range(2, 190)), "lightgbm.max_depth": [3, 4]},
            "grid: 1,353,600 points are more than the 1,000,000 that a grid may have; give fewer values, or use",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(values, sentence):
    with pytest.raises(ArgumentError, match=re.escape(sentence)):
        GridSearch(values).check(SPACE)


def test_what_is_left_out_of_the_search_is_named():
    with pytest.raises(ArgumentError, match=r"'knn' is none of what is searched\. That is ridge, sgd, input, "):
        GridSearch({"knn.n_neighbors": [3]}).check(read_space().only(["ridge", "sgd"]).for_task("regression", 500, 5))


def test_a_step_that_no_slot_takes_is_for_whole_candidates():
    with pytest.raises(ArgumentError, match="no grid has the step 'loose'; write whole candidates in try_first"):
        GridSearch({"loose.degree": [2]}).check(toy_space())


# ---- what the run knows


def test_without_values_the_first_two_parameters_of_each_family_the_cheapest_first():
    cost = {"plain": 1.0, "maze": 2.0, "bowl": 3.0, "sorter": 4.0}
    strategy = make_strategy("grid", (), RunContext(lambda candidate: cost[candidate.family]))
    families = [trial.candidate.family for trial in toy_search(strategy, 500).trials]
    assert families == sorted(families, key=cost.__getitem__)
    assert [families.count(name) for name in cost] == [3, 15, 9, 2]


def test_the_lattice_of_the_whole_space_is_small():
    points, _ = GridSearch().announce(SPACE)
    assert len(SPACE.models) < points < 10 * len(SPACE.models)


def test_what_cannot_fit_is_passed_over():
    grid = GridSearch({"bowl.x": [0.0, 1.0, 2.0]}).in_run(
        RunContext(lambda candidate: math.inf if "x=1.0" in candidate.text else 1.0)
    )
    assert [text[12:17] for text in tried(grid)] == ["x=0.0", "x=2.0"]


@pytest.mark.parametrize("values", [None, {"maze.leaves": list(range(2, 502)), "maze.layers": [1, 2, 3]}])
def test_where_nothing_fits_it_ends_soon(values):
    asked = []
    grid = GridSearch(values).in_run(RunContext(lambda candidate: asked.append(candidate) or math.inf))
    assert grid.ask(History(toy_space(), 0), 0) is None
    assert 0 < len(asked) <= GRID_PASSED


class Priced(CostModel):
    def __init__(self):
        pass

    def nominal(self, candidate, rung=None):
        return 1.0 if "x=0.0" in candidate.text else 0.0


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, "grid: 40 candidates, about 20 s; all of them fit."),
        ({"time_budget": 8.0}, r"grid: 40 candidates, about 20 s; time_budget reaches about \d\d% of them."),
        ({"time_budget": 80.0}, "grid: 40 candidates, about 20 s; all of them fit."),
        ({"max_trials": 30}, "grid: 40 candidates, about 20 s; max_trials ends it after 30."),
    ],
)
def test_it_says_how_far_the_budget_reaches(limits, told):
    points, some = GridSearch({"bowl.x": [0.0], "maze.layers": [1]}).announce(toy_space())
    assert points == len(some) == 2
    assert re.fullmatch(told, reach("grid", 40, some, Priced(), Budget(**limits, clock=lambda: 0.0), 1))
