"""Over- and underfitting, on data where the truth is known."""

import numpy as np
import pytest

from automl import AutoMLClassifier
from automl.report.constants import SHARE
from automl.report.diagnosis import diagnose
from automl.space.candidate import Candidate
from automl.trials.measures import Measures
from automl.trials.trial import DUMMY, TOP, Trial

ROWS = 400


def diagnosed(X, y, *texts, **given):
    """Diagnosis of each candidate, by its text, and of the winner."""
    settings = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "cv": 5, "ensemble": False}
    model = AutoMLClassifier(max_trials=len(texts), try_first=list(texts), **{**settings, **given}).fit(X, y)
    board = model.leaderboard().set_index("pipeline")
    assert board["status"].eq("ok").all()
    return board["diagnosis"], board.index[0]


def test_an_unpruned_tree_overfits_noisy_labels():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, 4))
    y = (X[:, 0] + X[:, 1] > 0) ^ (rng.random(ROWS) < 0.25)
    tree = "decision_tree(input, max_depth=30)"
    found, winner = diagnosed(X, y, "logistic_regression(input)", tree, metric="log_loss")
    assert found[next(text for text in found.index if "decision_tree" in text)] == "overfits"
    assert winner.startswith("logistic_regression")
    assert found[winner] == "fits"
    assert found[next(text for text in found.index if "dummy" in text)] == "underfits"


@pytest.mark.parametrize("metric", ["roc_auc", "log_loss"])
def test_a_linear_model_underfits_xor(metric):
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(ROWS, 2))
    y = (X[:, 0] > 0) ^ (X[:, 1] > 0)
    booster = "lightgbm(input, learning_rate=0.2, colsample_bytree=1.0)"
    found, winner = diagnosed(X, y, "logistic_regression(input)", booster, metric=metric)
    assert winner.startswith("lightgbm")
    assert found[winner] == "fits"
    assert found["logistic_regression(input)"] == "underfits"


def trial(number, loss, train_loss, folds=(), origin="test", status="ok"):
    candidate = Candidate.parse(f"toy(input, place={number})")
    measures = Measures(loss, train_loss)
    return Trial(number, candidate, TOP, 0, origin, status=status, measures=measures, fold_losses=tuple(folds))


def test_small_differences_mean_nothing():
    best = trial(1, 0.30, 0.20, [0.2, 0.3, 0.4])
    near = trial(2, 0.32, 0.10, [0.2, 0.36, 0.4])  # worse by 0.02, in one fold of three
    far = trial(3, 0.40, 0.10, [0.3, 0.401, 0.5])  # worse by 0.1 in every fold
    poor = trial(4, 0.40, 0.31, [0.3, 0.401, 0.5])
    same = trial(5, 0.40, 0.20, [0.3, 0.401, 0.5])  # learned the training rows as well as the winner, not better
    named = diagnose([near, far, best, poor, same])
    assert named == {1: "fits", 2: "fits", 3: "overfits", 4: "underfits", 5: "fits"}


def test_a_single_fold_is_measured_by_the_way_from_the_dummy():
    dummy, best = trial(0, 1.0, 1.0, [1.0], DUMMY), trial(1, 0.5, 0.4, [0.5])
    step = 2 * SHARE * 0.5
    near, far = trial(2, 0.5 + 0.9 * step, 0.1, [0.5]), trial(3, 0.5 + 1.1 * step, 0.1, [0.5])
    assert diagnose([dummy, best, near, far]) == {0: "underfits", 1: "fits", 2: "fits", 3: "overfits"}
    assert diagnose([best, far]) == {1: "fits"}


def test_what_is_not_known_is_not_named():
    best = trial(1, 0.5, 0.4, [0.4, 0.6])
    blank, failed = trial(2, 0.9, None, [0.8, 1.0]), trial(3, None, None, [0.5], status="timeout")
    assert diagnose([best, blank, failed]) == {1: "fits"}
    assert diagnose([]) == {}
