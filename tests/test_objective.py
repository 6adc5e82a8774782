"""What a search minimises, for optimisers of others."""

import gc
import os
import tempfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from automl import AutoML
from automl.errors import ArgumentError, DataError
from automl.native import ignored
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.testing.toys import toy_space
from automl.trials.run_dir import PREFIX

SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0}
QUICK = {**SMALL, "include": ["decision_tree", "naive_bayes", "knn"]}
X, Y = (part[::3] for part in load_breast_cancer(return_X_y=True, as_frame=True))


def minimised(objective, evaluations=8):
    from hyperopt import Trials, fmin, tpe

    trials = Trials()
    with ignored(category=DeprecationWarning, module=r"hyperopt\."):
        best = fmin(
            objective,
            objective.space.to_hyperopt(),
            algo=tpe.suggest,
            max_evals=evaluations,
            trials=trials,
            rstate=np.random.default_rng(0),
            show_progressbar=False,
        )
    return best, trials


def test_hyperopt_itself_searches_and_scores_are_those_of_a_fit():
    with AutoML(**QUICK).objective(X, Y) as objective:
        best, trials = minimised(objective)
        results = trials.results
        assert objective.candidate(best).text == trials.best_trial["result"]["candidate"]
    assert {result["status"] for result in results} == {"ok"}
    assert len({result["candidate"].partition("(")[0] for result in results}) > 1
    texts = list(dict.fromkeys(result["candidate"] for result in results))
    model = AutoML(**QUICK, search="manual", schedule="none", try_first=texts, max_trials=50).fit(X, Y)
    found = {trial.candidate.text: trial.loss for trial in model.trials_ if trial.origin == "user"}
    assert found == {result["candidate"]: result["loss"] for result in results}
    board = model.leaderboard().query("origin == 'user'")
    assert sorted(board["score"]) == pytest.approx(sorted({one["candidate"]: one["score"] for one in results}.values()))


def test_a_candidate_is_evaluated_alike_every_time_whatever_it_is_given_as():
    with AutoML(**SMALL, metric="mae").objective(*load_diabetes(return_X_y=True)) as objective:
        text = objective.space.parse("knn(input, n_neighbors=9)").text
        given = [
            "knn(input, n_neighbors=9)",
            {"family": "knn", "params": {"n_neighbors": 9}},
            objective.space.parse(text),
        ]
        results = [objective(one) for one in given]
        point = Encoding(objective.space).encode(objective.space.parse(text))
        results.append(objective({key: np.float64(value) for key, value in point.items()}))
    assert results == [results[0]] * 4
    assert results[0]["candidate"] == text
    assert results[0]["loss"] == results[0]["score"] > 0  # the metric is an error


def test_a_candidate_that_fails_is_told_as_hyperopt_wants_it(monkeypatch):
    from sklearn.tree import DecisionTreeClassifier

    def broken(*_, **__):
        raise RuntimeError("a broken tree")

    with AutoML(**QUICK).objective(X, Y) as objective:
        monkeypatch.setattr(DecisionTreeClassifier, "fit", broken)
        result = objective("decision_tree(input)")
        assert objective("naive_bayes(input)")["status"] == "ok"
    assert result["status"] == "fail"
    assert result["error"] == "RuntimeError: a broken tree"
    assert "loss" not in result


def test_its_files_go_with_it():
    def folders():
        return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith(PREFIX)}

    before = folders()
    objective = AutoML(**QUICK).objective(X, Y)
    (folder,) = folders() - before
    objective("knn(input)")
    key = objective.candidate("knn(input)").key
    assert not list(Path(tempfile.gettempdir(), folder).rglob(f"*{key}*"))  # its models are for nobody
    del objective
    gc.collect()  # something may refer to it in a circle
    assert folders() == before
    with AutoML(**QUICK).objective(X, Y) as objective:
        pass
    objective.close()
    assert folders() == before
    with pytest.raises(ArgumentError, match="The objective is closed"):
        objective("knn(input)")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("lightgbm(input)", "candidate: .*'lightgbm'"),
        ("knn(input, n_neighbors=0)", "candidate: knn: n_neighbors must be 1 to"),
        ({"family": "knn", "values": {}}, "candidate: a dict needs 'family' and may have 'params'"),
        ({"family": 17}, "candidate: this is no point of space.to_hyperopt.. .IndexError"),
        ({"scale": 0}, "candidate: this is no point of space.to_hyperopt.. .KeyError: 'family'"),
        ({"family": 0, "knn.weights": "many"}, "candidate: this is no point of space.to_hyperopt"),
        (3, "candidate: "),
    ],
)
def test_what_is_no_candidate_is_refused_in_a_sentence(given, sentence):
    with (
        AutoML(**{**QUICK, "include": ["knn"]}).objective(X, Y) as objective,
        pytest.raises(ArgumentError, match=sentence),
    ):
        objective(given)


def test_bad_input_is_refused_as_by_fit():
    with pytest.raises(DataError, match="no column 'price'"):
        AutoML(**QUICK).objective(X, "price")
    with pytest.raises(ArgumentError, match="there is no family 'lightgb'"):
        AutoML(**{**QUICK, "include": ["lightgb"]}).objective(X, Y)


# ---- the space


@pytest.mark.parametrize(
    ("space", "count"), [(toy_space(), 100), (read_space().for_task("binary", 5_000, 20), 30)], ids=["toy", "whole"]
)
def test_draws_of_hyperopt_are_candidates_drawn_alike(space, count):
    from hyperopt.pyll.stochastic import sample

    expression, encoding, rng = space.to_hyperopt(), Encoding(space), np.random.default_rng(0)
    drawn = []
    for _ in range(count):
        with ignored(category=DeprecationWarning, module=r"hyperopt\."):
            nested = sample(expression, rng)
        point = {key: value for part in nested.values() for key, value in part.items()}
        drawn.append(encoding.decode(point))
        assert drawn[-1] in space
    assert len({one.family for one in drawn}) > 0.6 * len(space.models)
    ours = [space.sample(Random(seed)) for seed in range(count)]
    sizes = [np.mean([one.size for one in candidates]) for candidates in (drawn, ours)]
    assert sizes[0] == pytest.approx(sizes[1], abs=0.3)
