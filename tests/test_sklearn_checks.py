"""scikit-learn's own checks of an estimator; none is expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from automl import AutoMLClassifier, AutoMLRegressor

SETTINGS = {
    "executor": "inline",
    "n_jobs": 1,
    "max_trials": 2,
    "time_budget": 5,
    "verbose": 0,
    "random_state": 0,
}
CHEAP = {**SETTINGS, "include": ["decision_tree", "naive_bayes"]}  # milliseconds a fit


@parametrize_with_checks([AutoMLClassifier(**CHEAP), AutoMLRegressor(**CHEAP)])
def test_cheap_families(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([AutoMLClassifier(**SETTINGS), AutoMLRegressor(**SETTINGS)])
def test_all_families(estimator, check):
    check(estimator)
