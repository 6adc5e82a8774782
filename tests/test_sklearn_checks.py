"""scikit-learn's own checks of an estimator; the equivalence of weights and repeats is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from automl import AutoMLClassifier, AutoMLRegressor

SETTINGS = {
    "executor": "inline",
    "n_jobs": 1,
    "max_trials": 2,
    "cv": 2,
    "time_budget": 5,
    "verbose": 0,
    "random_state": 0,
}
CHEAP = {**SETTINGS, "include": ["decision_tree", "naive_bayes"], "max_trials": 1}  # milliseconds a fit
TREE = {**CHEAP, "max_trials": 2}  # one tree drawn at random may score less than the checks want


def failing(estimator):
    """Weights of whole numbers are not quite rows repeated: the least rows of a leaf, medians and the floor under
    probabilities count rows, as in scikit-learn's own trees of that setting."""
    kinds = ("dense", "sparse")
    return {
        f"check_sample_weight_equivalence_on_{kind}_data": "leaves, medians and floors count rows" for kind in kinds
    }


@parametrize_with_checks([AutoMLClassifier(**CHEAP), AutoMLRegressor(**TREE)], expected_failed_checks=failing)
def test_cheap_families(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([AutoMLClassifier(**SETTINGS), AutoMLRegressor(**SETTINGS)], expected_failed_checks=failing)
def test_all_families(estimator, check):
    check(estimator)
