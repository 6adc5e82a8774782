"""Rows whose label is in doubt."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from automl import AutoML
from automl.report.labels import COLUMNS, EQUAL, PREDICTED, Labels
from automl.report.sections.suspects import Suspects
from automl.validation.duplicates import Repeats

NONE = Repeats(None)
LETTERS = np.array(["a", "b", "c"])


def shares(rows):
    return np.array(rows, dtype=np.float64)


def test_a_label_that_its_prediction_contradicts_is_suspected():
    predicted = shares([[0.9, 0.1, 0.0]] * 5 + [[0.1, 0.9, 0.0]] * 5 + [[0.0, 0.2, 0.8]] * 5)
    y = np.repeat([0, 1, 2], 5)
    y[7] = 2
    found = Labels.of(y, LETTERS, predicted, NONE).suspects()
    assert list(found.columns) == COLUMNS
    assert found[["row", "label", "predicted", "probability", "reason"]].values.tolist() == [
        [7, "c", "b", 0.0, PREDICTED]
    ]
    assert found["deviations"].isna().all()


def test_what_is_less_sure_than_usual_is_no_suspicion():
    predicted = shares([[0.95, 0.05]] * 6 + [[0.05, 0.95]] * 6 + [[0.6, 0.4]])
    y = np.repeat([0, 1], [6, 7])
    assert Labels.of(y, LETTERS[:2], predicted, NONE).suspects().empty


def test_a_rare_class_has_its_own_threshold():
    """The rare class is seldom probable; where it leads, and is as probable as usual for it, it is suspected."""
    predicted = shares([[0.97, 0.03]] * 50 + [[0.45, 0.55]] * 4)
    y = np.repeat([0, 1], [51, 3])  # row 50 is labelled as the frequent class
    assert Labels.of(y, LETTERS[:2], predicted, NONE).suspects()["row"].tolist() == [50]


def test_the_most_doubtful_come_first_and_there_may_be_a_limit():
    predicted = shares([[0.9, 0.1]] * 10 + [[0.2, 0.8], [0.01, 0.99], [0.1, 0.9]] + [[0.3, 0.7]] * 10)
    y = np.repeat([0, 1], [13, 10])
    labels = Labels.of(y, LETTERS[:2], predicted, NONE)
    assert labels.suspects()["row"].tolist() == [11, 12, 10]
    assert labels.suspects(2)["row"].tolist() == [11, 12]


def test_a_constant_prediction_accuses_nobody():
    y = np.repeat([0, 1], [9, 3])
    assert Labels.of(y, LETTERS[:2], np.tile([0.75, 0.25], (12, 1)), NONE).suspects().empty
    by_fold = np.repeat([[0.76, 0.24], [0.74, 0.26]], 6, axis=0)
    assert Labels.of(y, LETTERS[:2], by_fold, NONE).suspects().empty


def test_rows_without_prediction_are_not_judged():
    predicted = np.full((6, 2), np.nan)
    predicted[:4] = [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]]
    assert Labels.of(np.array([0, 0, 1, 0, 1, 0]), LETTERS[:2], predicted, NONE).suspects()["row"].tolist() == [3]
    assert Labels.of(np.zeros(6, dtype=int), LETTERS[:2], np.full((6, 2), np.nan), NONE).suspects().empty
    assert Labels.of(np.arange(6) % 2, LETTERS[:2], np.full(6, np.nan), NONE).suspects().empty
    assert Labels.of(np.arange(6.0), None, np.full(6, np.nan), NONE).suspects().empty


def test_a_residual_far_out_is_suspected():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=500)
    y = truth + rng.normal(scale=0.1, size=500)
    y[[3, 400]] += [2.0, -1.0]
    found = Labels.of(y, None, truth, NONE).suspects()
    assert found["row"].tolist() == [3, 400]
    assert found["deviations"].tolist() == pytest.approx([20, 10], rel=0.3)
    assert found["predicted"].tolist() == truth[[3, 400]].tolist()


def test_spread_is_measured_among_rows_of_similar_prediction():
    rng = np.random.default_rng(0)
    predicted = np.exp(rng.uniform(0, 6, 2000))
    y = predicted * (1 + 0.05 * rng.normal(size=2000))
    y[np.argmin(predicted)] += 2  # much for a small value, nothing for a large one
    assert Labels.of(y, None, predicted, NONE).suspects()["row"].tolist() == [int(np.argmin(predicted))]


def test_copies_with_different_labels_are_suspected():
    y, groups = np.array([0, 1, 1, 1, 0, 0]), np.array([0, 0, 1, 1, 2, 3])
    predicted = shares([[0.5, 0.5]] * 2 + [[0.1, 0.9]] * 2 + [[0.9, 0.1]] * 2)
    found = Labels.of(y, LETTERS[:2], predicted, Repeats(groups, 2, 0.95, copies=True)).suspects()
    assert found[["row", "reason"]].values.tolist() == [[0, EQUAL], [1, EQUAL]]
    assert Labels.of(y, LETTERS[:2], predicted, Repeats(groups, 2, 0.5, copies=False)).suspects().empty


@pytest.mark.parametrize("classes", [2, 4])
def test_most_of_the_flipped_labels_are_found(classes):
    rng = np.random.default_rng(0)
    centres = 6 * np.eye(4)[:classes]
    y = rng.integers(0, classes, 1000)
    x = centres[y] + rng.normal(size=(1000, 4))
    wrong = rng.choice(1000, 50, replace=False)
    y[wrong] = (y[wrong] + rng.integers(1, classes, 50)) % classes
    predicted = cross_val_predict(LogisticRegression(), x, y, method="predict_proba")
    labels = Labels.of(y, np.arange(classes), predicted, NONE)
    found = labels.suspects()["row"]
    assert np.isin(found, wrong).mean() > 0.95
    assert np.isin(wrong, found).mean() > 0.75
    assert np.isin(np.argsort(-labels.doubts()[0])[:50], wrong).mean() > 0.95


def test_a_fitted_model_names_them_also_after_it_was_saved(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    x = pd.DataFrame(4 * y[:, None] + rng.normal(size=(300, 2)), columns=["a", "b"])
    names = np.array(["no", "yes"])[y]
    names[[5, 80]] = np.array(["yes", "no"])[y[[5, 80]]]
    settings = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0}
    model = AutoML(**settings, include=["naive_bayes"]).fit(x, names)
    found = AutoML.load(model.save(tmp_path / "model.joblib")).label_suspects()
    assert {5, 80} <= set(found["row"]) < set(range(300))
    assert found["label"].tolist() == names[found["row"]].tolist()
    assert found.equals(model.label_suspects())
    assert len(model.label_suspects(1)) == 1
    with pytest.raises(ValueError, match="n must be a whole number above 0"):
        model.label_suspects(0)


def test_a_regression_names_them_too():
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    y = 3 * x["a"] + 0.1 * rng.normal(size=300)
    y[17] += 30
    settings = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0}
    found = AutoML(**settings, include=["ridge"]).fit(x, y).label_suspects(1)
    assert found["row"].tolist() == [17]
    assert found["label"][0] == y[17]


@pytest.mark.parametrize(
    ("doubtful", "words"), [(0, None), (1, "1 row with a label"), (1200, "1,200 rows with a label")]
)
def test_the_report_counts_rows_in_words(doubtful, words):
    result = SimpleNamespace(labels=SimpleNamespace(suspects=lambda: range(doubtful)))
    told = Suspects().text(result)
    assert told is None if words is None else told.startswith(words)
