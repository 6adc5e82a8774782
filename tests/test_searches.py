"""Each way to search, in a fit."""

import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from automl import AutoML
from automl.errors import ArgumentError, InputTypeError
from automl.strategies import Evolutionary, GridSearch, Manual, SobolSearch
from automl.trials.trial import DUMMY

SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "schedule": "none"}
QUICK = {**SMALL, "include": ["decision_tree", "naive_bayes", "knn"]}
X, Y = (part[::3] for part in load_breast_cancer(return_X_y=True, as_frame=True))
DEPTHS = GridSearch({"decision_tree.max_depth": [2, 3, 4], "decision_tree.criterion": ["gini", "entropy"]})


def searched(model):
    return [trial for trial in model.trials_ if trial.origin != DUMMY]


def texts(model):
    return [trial.candidate.text for trial in searched(model)]


def test_a_grid_tries_all_of_it_and_ends(capsys):
    model = AutoML(**{**QUICK, "verbose": 1}, search=DEPTHS, time_budget=60).fit(X, Y)
    assert model.stop_reason_ == "exhausted"
    assert [(dict(trial.candidate.root.params)["max_depth"], trial.origin) for trial in searched(model)] == [
        (depth, "grid") for depth in (2, 2, 3, 3, 4, 4)
    ]
    assert {trial.status for trial in searched(model)} == {"ok"}
    assert "grid: 6 candidates, about 0 s; all of them fit." in capsys.readouterr().out.replace("\n", " ")
    assert model.score(X, Y) > 0.9


def test_a_grid_without_values_goes_over_the_families():
    model = AutoML(**QUICK, search="grid", max_trials=40).fit(X, Y)
    assert model.stop_reason_ == "exhausted"
    families = [trial.candidate.family for trial in searched(model)]
    assert [families.count(name) for name in ("decision_tree", "naive_bayes", "knn")] == [9, 3, 6]


def test_a_grid_is_resumed_and_replayed(tmp_path):
    arguments = {**QUICK, "run_dir": tmp_path / "run", "search": DEPTHS}
    first = AutoML(**arguments, max_trials=2).fit(X, Y)
    assert first.stop_reason_ == "max_trials"
    more = AutoML(**arguments, max_trials=20).fit(X, Y)
    whole = AutoML(**QUICK, max_trials=20, search=DEPTHS).fit(X, Y)
    assert texts(more) == texts(whole)
    assert texts(more)[:2] == texts(first)
    assert more.stop_reason_ == "exhausted"
    with pytest.raises(ArgumentError, match="search was something that the journal does not keep; give it again"):
        AutoML.replay(tmp_path / "run")
    again = AutoML.replay(tmp_path / "run", search=DEPTHS, verbose=0).fit(X, Y)
    assert (again.predict(X) == more.predict(X)).all()


@pytest.mark.parametrize("search", ["sobol", SobolSearch()])
def test_sobol_points(search):
    model = AutoML(**QUICK, search=search, max_trials=6).fit(X, Y)
    assert [trial.candidate.family for trial in searched(model)] == list(model.result_.space.models) * 2
    assert {trial.origin for trial in searched(model)} == {"sobol"}


def test_evolution_and_the_ancestry_of_what_it_bred(tmp_path):
    arguments = {**SMALL, "include": ["decision_tree", "ridge"], "run_dir": tmp_path / "run"}
    table = load_diabetes(return_X_y=True)
    search = Evolutionary(startup=3)
    AutoML(**arguments, search=search, max_trials=6).fit(*table)
    model = AutoML(**arguments, search=search, max_trials=14).fit(*table)  # parents are in the journal
    assert {trial.origin for trial in searched(model)} == {"evolutionary"}
    children = [trial for trial in searched(model) if trial.parents]
    assert len(children) > 5
    by_number = {trial.number: trial for trial in model.trials_}
    assert all(by_number[parent].started <= child.started for child in children for parent in child.parents)
    youngest = children[-1]
    frame = model.lineage(youngest.number)
    assert frame["id"].iloc[0] == youngest.number
    assert frame["generation"].is_monotonic_decreasing
    assert set(frame[frame["generation"] == -1]["id"]) == set(youngest.parents)
    board = model.leaderboard().set_index("id")
    assert frame["score"].tolist() == board.loc[frame["id"], "score"].tolist()
    assert model.lineage()["id"].iloc[0] == model.result_.best.number
    assert model.lineage(board.index[1]).iloc[0]["pipeline"] == board["pipeline"].iloc[1]


@pytest.mark.parametrize("search", ["manual", Manual()])
def test_textbook_settings(search):
    model = AutoML(**QUICK, search=search, max_trials=20).fit(X, Y)
    assert model.stop_reason_ == "exhausted"
    assert [trial.candidate.family for trial in searched(model)] == ["naive_bayes", "knn", "decision_tree"]
    assert {trial.origin for trial in searched(model)} == {"manual"}


def test_a_list_of_ones_own_and_nothing_else(tmp_path):
    mine = ["knn(input, n_neighbors=7)", "decision_tree(input, max_depth=2)"]
    arguments = {**QUICK, "search": "manual", "try_first": mine, "run_dir": tmp_path / "run"}
    model = AutoML(**arguments, max_trials=1).fit(X, Y)
    assert [trial.candidate.family for trial in searched(model)] == ["knn"]
    model = AutoML(**arguments, max_trials=20).fit(X, Y)
    assert model.stop_reason_ == "exhausted"
    assert [(trial.candidate.family, trial.origin) for trial in searched(model)] == [
        ("knn", "user"), ("decision_tree", "user"),
    ]  # fmt: skip


def test_a_report_says_who_proposed_what():
    model = AutoML(**QUICK, max_trials=12, try_first=["knn(input, n_neighbors=7)"]).fit(X, Y)
    report = model.search_report().set_index("strategy")
    assert list(report.index[:2]) == ["user", "portfolio"]
    assert report["candidates"].sum() == model.n_trials_ == 12
    assert report["share"].sum() == pytest.approx(1.0)
    assert report["weight"].sum() == pytest.approx(1.0)
    assert report["among_best"].sum() == 10
    singles = model.leaderboard().query("family != 'ensemble' and origin != 'dummy'")
    assert report["best_score"].max() == pytest.approx(singles["score"].max())
    assert report.loc["user", "best_score"] == singles.query("origin == 'user'")["score"].item()


def test_trials_that_there_are_not_have_no_lineage():
    model = AutoML(**QUICK, max_trials=1).fit(X, Y)
    with pytest.raises(ArgumentError, match="trial must be an id of a candidate in the leaderboard, 0 to 1; got 7"):
        model.lineage(7)
    for wrong in (1.0, True, "1"):
        with pytest.raises(InputTypeError, match="trial must be a whole number, an id of the leaderboard; got "):
            model.lineage(wrong)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "grid: needs a dict of lists"),
        (
            {"knn.neighbours": [3]},
            r"there is no parameter 'knn.neighbours' for this task.* Did you mean 'knn.n_neighbors'",
        ),
        ({"lightgbm.num_leaves": [3]}, "'lightgbm' is none of what is searched"),
        ({"knn.n_neighbors": [0]}, "grid: 'knn.n_neighbors' must be 1 to .*; got 0"),
        ({"knn.n_neighbors": {3}}, "grid: 'knn.n_neighbors' needs a list of values"),
        ({"knn.n_neighbors": [object()]}, "search: values of grid must be a number, a text, None or a list of these"),
    ],
)
def test_a_mistake_in_a_grid_is_told_before_anything_is_evaluated(values, sentence, tmp_path):
    with pytest.raises(ArgumentError, match=sentence):
        AutoML(**QUICK, search=GridSearch(values), max_trials=2, run_dir=tmp_path / "run").fit(X, Y)
    journal = tmp_path / "run" / "journal.jsonl"
    assert not journal.exists() or journal.read_text() == ""
