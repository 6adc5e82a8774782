"""Classes of one row are learned from and never validated; those of two and three are dealt to different folds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import KFold

from automl import AutoML
from automl.dataset import Data, make_task, split
from automl.estimators.staged import FitControl
from automl.pipeline.build import Recipe, build, predict
from automl.space.reader import read_space
from automl.tasks.metrics import make_metric
from automl.tasks.task import looks_like_classes
from automl.validation.splits import make_splits

ROWS, LONE = 600, [17, 300]
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(ROWS, 3)), columns=list("abc"))
Y = np.where(X["a"] + 0.5 * RNG.normal(size=ROWS) > 0, "yes", "no").astype(object)
Y[LONE] = ["x", "z"]
QUICK = {
    "max_trials": 2,
    "include": ["naive_bayes", "decision_tree"],
    "executor": "inline",
    "n_jobs": 1,
    "random_state": 0,
}
OVR = make_scorer(roc_auc_score, multi_class="ovr", response_method="predict_proba")
SAID = (
    "2 classes have one row, each of which is learned from, but never validated: 'x' (row 17), 'z' (row 300); no score"
)


def test_a_class_of_one_row_is_learned_from(capsys):
    model = AutoML(**QUICK).fit(X, Y)
    assert model.warnings_[0].startswith(SAID)
    assert SAID in " ".join(capsys.readouterr().out.split())
    for train, valid in model.cv_splits_:
        assert set(LONE) <= set(train)
        assert not set(LONE) & set(valid)
    assert np.isnan(model.predict_oof()[LONE]).all()
    assert list(model.classes_) == ["no", "x", "yes", "z"]
    assert model.predict_proba(X).shape == (ROWS, 4)
    assert model.score(X, Y) > 0.8
    assert 17 not in set(model.label_suspects()["row"])


@pytest.mark.parametrize(
    "metric", ["roc_auc_ovr", "roc_auc_ovo_weighted", "average_precision", "log_loss", "balanced_accuracy", OVR]
)
def test_every_metric_scores_the_classes_that_are_validated(metric):
    data = Data.read(X, Y, "auto")
    score = make_task(data, metric).metric
    rows = np.setdiff1d(np.arange(ROWS), LONE)
    good = np.eye(4)[data.y] * 0.9 + 0.025
    even = np.full((ROWS, 4), 0.25)
    assert score.loss(data.y[rows], good[rows]) < score.loss(data.y[rows], even[rows])


def test_a_named_score_of_what_is_left_is_that_of_two_classes():
    coded = np.array([0, 2, 0, 2, 2])
    shares = np.array(
        [[0.5, 0.2, 0.2, 0.1], [0.3, 0.1, 0.5, 0.1], [0.3, 0.0, 0.6, 0.1], [0, 0, 1, 0], [0.1, 0.1, 0.7, 0.1]]
    )
    labels = np.array(["no", "x", "yes", "z"])
    score = make_metric("roc_auc_ovr", "multiclass", labels, validated=np.array([0, 2]))
    truth = roc_auc_score(coded == 2, shares[:, 2] / (shares[:, 0] + shares[:, 2]))
    assert -score.loss(coded, shares) == pytest.approx(truth)
    whole = make_metric("roc_auc_ovr", "multiclass", labels)
    with pytest.raises(ValueError, match="Number of classes"):
        whole.loss(coded, shares)


@pytest.mark.parametrize("cv", ["auto", "holdout", 2, 5])
@pytest.mark.parametrize("told", [{}, {"groups": np.arange(ROWS) // 10}, {"time": np.arange(ROWS)}])
def test_splits_keep_a_single_row_where_it_may_be(cv, told):
    data = Data.read(X, Y, "auto").told({"sample_weight": None, "groups": None, "time": None, **told})
    for train, valid in split(cv, data, 0):
        assert not set(LONE) & set(valid)
        for row in LONE:
            if "groups" in told:
                assert (row in train) == (row // 10 not in valid // 10)
            elif "time" in told:
                assert (row in train) == (row < valid.min())
            else:
                assert row in train


def test_splits_of_ones_own_are_taken_as_they_are():
    model = AutoML(**QUICK, cv=KFold(4)).fit(X, Y)
    assert sum(17 in valid for _, valid in model.cv_splits_) == 1
    assert "each of which your cv either learns from or validates: 'x' (row 17)" in model.warnings_[0]


def test_a_tiny_table_and_one_label():
    y = np.where(np.arange(40) == 17, "x", Y[:40]) if Y[17] != "x" else Y[:40]
    model = AutoML(**QUICK | {"verbose": 0}).fit(X[:40], y)
    said = "Class 'x' has one row (row 17), which is learned from, but never validated: no score tells how well it is"
    assert model.warnings_[0] == f"{said} predicted."
    assert all(17 in train and 17 not in valid for train, valid in model.cv_splits_)


@pytest.mark.parametrize("rows", [2, 3])
def test_few_rows_of_a_class_are_in_every_training_part_of_folds(rows):
    y = np.r_[np.zeros(300, int), np.ones(300 - rows, int), np.full(rows, 2)]
    splits = make_splits(5, y, 3, 0)
    assert all((y[train] == 2).sum() >= rows - 1 for train, _ in splits)
    assert sum((y[valid] == 2).sum() for _, valid in splits) == rows


def test_a_holdout_of_more_classes_than_rows():
    y = np.r_[np.repeat(np.arange(150), 2), np.repeat([150, 151], 150)]
    ((train, valid),) = make_splits("holdout", y, 152, 0)
    assert len(valid) == ROWS // 5
    assert len(np.union1d(train, valid)) == ROWS


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "catboost", "hist_gradient_boosting"])
def test_boosters_fit_a_training_part_of_two_of_several_classes(family):
    space = read_space().for_task("multiclass", ROWS, 3)
    pipeline = build(
        space.parse(f"{family}(input)"),
        Recipe(space, "multiclass", np.arange(4), 0, "log_loss", seed=0, control=FitControl(iterations=0.02)),
    )
    data = Data.read(X, Y, "auto")
    rows = np.setdiff1d(np.arange(ROWS), LONE)
    train, valid = data.table.take(rows[:400]), data.table.take(rows[400:])
    matrix = pipeline[:-1].fit_transform(train, data.y[rows[:400]])
    held = pipeline[:-1].transform(valid)
    model = clone(pipeline[-1]).fit(matrix, data.y[rows[:400]], eval_set=(held, data.y[rows[400:]]))
    pipeline.steps[-1] = ("model", model)
    shares = predict(pipeline, valid)
    assert shares.shape == (len(rows) - 400, 4)
    assert np.mean(shares.argmax(axis=1) == data.y[rows[400:]]) > 0.75


def test_whole_numbers_some_of_which_come_once_are_counts():
    counts = pd.Series(np.random.default_rng(1).poisson(3, ROWS))
    assert counts.value_counts().min() == 1
    assert counts.nunique() > 7
    assert not looks_like_classes(counts)
    assert looks_like_classes(pd.Series(np.r_[counts, counts]))  # none comes once
    assert looks_like_classes(pd.Series(np.unique(Y, return_inverse=True)[1]))  # few values
    assert looks_like_classes(counts[:30])  # few rows
    assert looks_like_classes(counts.astype(str))
