"""Tools of scikit-learn that ask what an estimator is, on plain `AutoML`."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import load_diabetes
from sklearn.inspection import PartialDependenceDisplay
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay
from sklearn.model_selection import cross_val_score

from automl import AutoML, AutoMLClassifier, AutoMLRegressor
from automl.cli import main

QUICK = {"include": ["naive_bayes", "ridge"], "max_trials": 1, "executor": "inline", "n_jobs": 1, "verbose": 0}
ROWS = 80
rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS)})
LABELS = np.where(TABLE["a"] + rng.normal(scale=0.5, size=ROWS) > 0, "yes", "no")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A model that the command line wrote."""
    folder = tmp_path_factory.mktemp("model")
    TABLE.assign(y=LABELS).to_csv(folder / "table.csv", index=False)
    limits = ["--include", "naive_bayes", "--max-trials", "1", "--executor", "inline", "--seed", "0", "-q"]
    assert main(["fit", f"{folder}/table.csv", "-t", "y", "--out", f"{folder}/model", *limits]) == 0
    return AutoML.load(folder / "model")


def kind(model):
    assert model._estimator_type == model.__sklearn_tags__().estimator_type
    return {(True, False): "classifier", (False, True): "regressor", (False, False): None}[
        is_classifier(model), is_regressor(model)
    ]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (AutoML(), None),
        (AutoML(task="binary"), "classifier"),
        (AutoML(task="multiclass"), "classifier"),
        (AutoML(task="regression"), "regressor"),
        (AutoML(task="nonsense"), None),
        (AutoMLClassifier(), "classifier"),
        (AutoMLRegressor(), "regressor"),
    ],
)
def test_the_task_says_what_it_is(model, expected):
    assert kind(model) == expected


def test_fit_says_what_it_is(loaded):
    assert kind(loaded) == "classifier"
    assert kind(clone(loaded)) is None
    X, y = load_diabetes(return_X_y=True)
    assert kind(AutoML(**QUICK).fit(X[:60], y[:60])) == "regressor"


def test_scores_of_cross_validation():
    model = AutoML(**{**QUICK, "include": ["naive_bayes"]}, random_state=0)
    scores = cross_val_score(model, TABLE, LABELS == "yes", scoring="roc_auc", cv=2)
    assert (scores > 0.7).all()


def test_displays(loaded, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    import matplotlib.pyplot as plt

    matrix = ConfusionMatrixDisplay.from_estimator(loaded, TABLE, LABELS).confusion_matrix
    assert matrix.sum() == ROWS
    assert RocCurveDisplay.from_estimator(loaded, TABLE, LABELS, pos_label="yes").roc_auc > 0.8
    CalibrationDisplay.from_estimator(loaded, TABLE, LABELS, pos_label="yes")
    PartialDependenceDisplay.from_estimator(loaded, TABLE, ["a"], grid_resolution=5)
    plt.close("all")
