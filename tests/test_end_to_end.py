"""A raw table in, a model and a leaderboard out."""

import pickle
import subprocess
import sys
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit

from automl import AutoML, AutoMLClassifier, AutoMLRegressor
from automl.dataset import Data, make_task
from automl.schedule.constants import FEW_CANDIDATES
from automl.testing.components import example, target

COLUMNS = [
    "rank", "id", "family", "pipeline", "score", "score_std", "score_train", "expected", "expected_low",
    "expected_high", "diagnosis", "folds", "rung",
    "fit_seconds", "predict_ms_per_row", "size_kb", "origin", "status", "error",
]  # fmt: skip
SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0}
SLOW = pytest.mark.slow


def frame_and_target(kind="binary", rows=150):
    frame = example(rows)
    return frame, pd.Series(target(frame, kind), name="y")


def loss_of(model, table, name):
    """Loss of a model, and of the constant that is best on its training rows, in the run's metric."""
    data = Data.read(table.train, name, model.task_ if model.task_ != "auto" else "auto")
    metric = make_task(data, model.metric).metric
    truth = table.test[name].to_numpy()
    if model.task_ == "regression":
        return metric.loss(truth, model.predict(table.test)), metric.loss(truth, np.full(len(truth), data.y.mean()))
    coded = np.searchsorted(model.classes_, truth)
    shares = np.bincount(data.y) / len(data.y)
    constant = np.tile(shares, (len(truth), 1))
    return metric.loss(coded, model.predict_proba(table.test)), metric.loss(coded, constant)


def check_leaderboard(model):
    board = model.leaderboard()
    assert list(board.columns) == COLUMNS
    ranked = board[board["rank"].notna()]
    assert list(ranked["rank"]) == list(range(1, len(ranked) + 1))
    assert list(board.index[: len(ranked)]) == list(range(len(ranked)))  # the ranked ones come first
    assert ranked["score"].notna().all()
    assert (ranked["status"] == "ok").all()
    assert "dummy" in set(board["family"])
    best, worst = ranked["score"].iloc[0], ranked["score"].iloc[-1]
    assert model.validation_score_ == pytest.approx(best)
    low, high = model.best_score_interval_
    assert low < model.best_score_ < high
    assert board["expected"].notna().sum() == 1
    assert best != worst
    return board


# ---- real tables


@pytest.mark.alone
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("titanic", 5),
        pytest.param("titanic", 15, marks=SLOW),
        pytest.param("soybean", 15, marks=SLOW),
        pytest.param("insurance", 15, marks=SLOW),
    ],
)
def test_a_table_within_its_budget(dataset, name, seconds, tmp_path):
    table = dataset(name)
    started = time.monotonic()
    model = AutoML(time_budget=seconds, n_jobs=2, verbose=0, random_state=0).fit(table.train, table.target)
    assert time.monotonic() - started < seconds + 1
    assert model.stop_reason_ == "time_budget"
    board = check_leaderboard(model)
    assert "portfolio" in set(board["origin"])
    # where few candidates fit, the portfolio goes on: how many do, the machine says
    if (board["status"] == "ok").sum() > 1.5 * FEW_CANDIDATES:
        assert {"tpe", "gp"} <= set(board["origin"])
    loss, constant = loss_of(model, table, table.target)
    assert loss < constant
    # the raw test file: the target is still in it, columns stand elsewhere
    raw = table.test[table.test.columns[::-1]]
    predictions = model.predict(raw)
    assert len(predictions) == len(raw)
    np.testing.assert_array_equal(model.predict(table.test.drop(columns=table.target)), predictions)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(raw), predictions)
    pd.testing.assert_frame_equal(copy.leaderboard(), board)
    np.testing.assert_array_equal(AutoML.load(model.save(tmp_path / "model")).predict(raw), predictions)
    assert len(model.best_pipeline_.predict(raw)) == len(raw)


@pytest.mark.alone
@SLOW
def test_three_seconds_give_a_model(dataset):
    table = dataset("titanic")
    started = time.monotonic()
    model = AutoML(time_budget=3, n_jobs=2, verbose=0, random_state=0).fit(table.train, table.target)
    assert time.monotonic() - started < 4
    assert len(model.predict(table.test)) == len(table.test)
    assert model.leaderboard()["status"].iloc[0] == "ok"


# ---- what may be asked


def test_candidates_of_the_users(tmp_path):
    """They run first, in their order; a metric of the user's own reaches the workers."""
    X, y = frame_and_target()

    def share_of_hits(estimator, X, y):
        return float(np.mean(estimator.predict(X) == y))

    mine = ["decision_tree(input, max_depth=2)", {"family": "naive_bayes", "params": {}}]
    model = AutoML(
        max_trials=4, n_jobs=1, verbose=0, random_state=0, try_first=mine, metric=share_of_hits,
        include=["decision_tree", "naive_bayes", "logistic_regression"],
    ).fit(X, y)  # fmt: skip
    board = model.leaderboard().set_index("id").sort_index()
    assert list(board["origin"])[:3] == ["dummy", "user", "user"]
    assert list(board["family"])[1:3] == ["decision_tree", "naive_bayes"]
    assert board["pipeline"][1] == "decision_tree(input, max_depth=2)"
    assert board["rank"].notna().all()
    assert (model.metric_, model.n_trials_, model.stop_reason_) == ("share_of_hits", 4, "max_trials")
    assert board.loc[1, "score"] == pytest.approx(-model.trials_[1].loss)
    assert 0.5 < model.best_score_ <= 1


X30, Y30 = frame_and_target(rows=30)


@pytest.mark.parametrize(
    ("cv", "folds"),
    [
        (3, 3),
        (KFold(4), 4),
        (ShuffleSplit(2, test_size=0.3, random_state=0), 2),
        ([(np.arange(20), np.arange(20, 30))], 1),
        ((X30.assign(more=1)[["more", *X30.columns[::-1]]].drop(columns="more"), Y30), 1),
    ],
    ids=["number", "splitter", "shuffled", "pairs", "validation data"],
)
def test_ways_to_split(cv, folds):
    model = AutoML(**SMALL, max_trials=1, include=["decision_tree"], cv=cv).fit(X30, Y30)
    assert set(model.leaderboard()["folds"]) == {folds}
    assert len(model.cv_splits_) == folds
    out_of_fold = model.predict_oof()
    validated = np.unique(np.concatenate([valid for _, valid in model.cv_splits_]))
    assert np.isfinite(out_of_fold[validated]).all()
    assert np.isnan(np.delete(out_of_fold, validated, axis=0)).all()


def test_groups_go_by_pairs():
    groups = np.arange(30) // 5
    pairs = list(GroupKFold(3).split(X30, Y30, groups))
    model = AutoML(**SMALL, max_trials=1, include=["decision_tree"], cv=pairs).fit(X30, Y30)
    for train, valid in model.cv_splits_:
        assert not set(groups[train]) & set(groups[valid])


@pytest.mark.parametrize(
    ("cls", "kind", "labels"),
    [
        (AutoML, "binary", ["a", "b"]),
        (AutoMLClassifier, "multiclass", ["a", "b", "c"]),
        (AutoMLRegressor, "regression", None),
    ],
)
def test_what_a_fitted_model_tells(cls, kind, labels):
    X, y = frame_and_target(kind)
    model = cls(**SMALL, max_trials=3, include=["decision_tree", "ridge", "naive_bayes"]).fit(X, y)
    board = check_leaderboard(model)
    assert len(board) == len(model.trials_) + bool(model.ensemble_weights_)
    assert model.task_ == kind
    assert list(model.feature_names_in_) == list(X.columns)
    assert list(model.columns_["column"]) == list(X.columns)
    assert model.failures_ == []
    assert sum(model.ensemble_weights_.values()) == pytest.approx(1.0 if model.ensemble_weights_ else 0.0)
    assert model.best_params_["family"] in {"decision_tree", "ridge", "naive_bayes"}
    assert {"read", "search", "hand_over"} <= set(model.time_report_["wall"])
    shape = (len(X),) if labels is None else (len(X), len(labels))
    assert model.predict_oof().shape == shape
    if labels is None:
        assert not hasattr(model, "classes_")
        assert not hasattr(model, "predict_proba")
    else:
        assert list(model.classes_) == labels
        shares = model.predict_proba(X)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0)
        np.testing.assert_array_equal(model.classes_[shares.argmax(axis=1)], model.predict(X))
    assert model.score(X, y) > 0.5


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([0, 1] * 15, "int64", "binary"),
        ([0.0, 1.0] * 15, "float64", "binary"),
        ([True, False] * 15, "bool", "binary"),
        (["x", "y", "z"] * 10, "category", "multiclass"),
        (["x", "y"] * 15, "string", "binary"),
        ([0, 1, 2] * 10, "Int64", "multiclass"),
        (np.linspace(0, 1, 30), "object", "regression"),
        (np.linspace(0, 1, 30), "Float64", "regression"),
        (range(30), "int64", "regression"),
    ],
)
def test_kinds_of_target(values, dtype, kind):
    y = pd.Series(values, dtype=dtype)
    arguments = {**SMALL, "max_trials": 1, "include": ["decision_tree"], "cv": 2}
    model = AutoML(**arguments).fit(X30, y)
    assert model.task_ == kind
    assert set(model.predict(X30)) <= set(y) or kind == "regression"
    listed = AutoML(**arguments).fit(X30, list(values))
    assert listed.task_ == kind
    np.testing.assert_array_equal(listed.predict(X30), model.predict(X30))


def test_fitting_again_forgets_the_first_time():
    X, y = frame_and_target("regression")
    model = AutoML(**SMALL, max_trials=1, include=["decision_tree"])
    model.fit(*frame_and_target("binary")).fit(X, y)
    assert not hasattr(model, "classes_")
    assert model.task_ == "regression"
    assert model.fit(X.to_numpy(), y).predict(X.to_numpy()).shape == (len(X),)
    assert not hasattr(model, "feature_names_in_")


def test_ctrl_c_hands_over_what_there_is():
    def stop(progress):
        if progress.trials == 2:
            raise KeyboardInterrupt

    X, y = frame_and_target()
    model = AutoML(**SMALL, max_trials=50, include=["decision_tree"], callbacks=[stop]).fit(X, y)
    assert model.stop_reason_ == "interrupted"
    assert model.n_trials_ == 2
    assert len(model.predict(X)) == len(X)


def test_patience_and_exhaustion():
    X, y = frame_and_target()
    model = AutoML(**SMALL, max_trials=50, include=["naive_bayes"], patience=2).fit(X, y)
    assert model.stop_reason_ == "patience"
    model = AutoML(**SMALL, time_budget=20, include=["decision_tree", "naive_bayes"], search="portfolio").fit(X, y)
    assert model.stop_reason_ == "exhausted"


# ---- handing over

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("hyperopt", "deap") or name.startswith(("automl.strategies", "automl.loop")):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Blocker())
import joblib
import numpy as np
models, X, expected = joblib.load(sys.argv[1])
for model, prediction in zip(models, expected, strict=True):
    np.testing.assert_array_equal(model.predict(X), prediction)
    assert not {"hyperopt", "deap", "automl.strategies", "automl.estimator"} & set(sys.modules)
print("predicted")
"""


@pytest.mark.parametrize("kind", [pytest.param("multiclass", marks=SLOW), "regression"])
def test_models_need_no_search(tmp_path, kind):
    """What is handed over unpickles and predicts where the search's libraries are missing."""
    X, y = frame_and_target(kind)
    model = AutoML(**SMALL, max_trials=2, cv=2, include=["decision_tree", "lightgbm"]).fit(X, y)
    models = [model.best_estimator_, model.best_pipeline_]
    path = tmp_path / "models.joblib"
    joblib.dump((models, X, [one.predict(X) for one in models]), path)
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "predicted\n", done.stderr


def test_tables_of_every_kind_are_learned_from():
    rng = np.random.default_rng(0)
    rows = 120
    y = rng.integers(0, 2, rows)
    X = pd.DataFrame(
        {
            "row": range(rows),
            "size": [f"{number:,} sq ft" for number in rng.integers(500, 2000, rows)],
            "day": [f"{day}/03/2019" for day in rng.integers(1, 28, rows)],
            "stay": [f"{hours}h {minutes}m" for hours, minutes in rng.integers(1, 59, (rows, 2))],
            "level": rng.choice(["low", "medium", "high"], rows),
            "code": rng.integers(1, 5, rows),
            "said": [f"a {'good' if good else 'bad'} stay, wrote guest {guest}" for guest, good in enumerate(y)],
        }
    )
    model = AutoML(**SMALL, max_trials=2, include=["logistic_regression", "decision_tree"])
    model.fit(X, y, column_types={"code": "category"})
    kinds = ["identifier", "number", "date", "duration", "ordered", "category", "text"]
    assert list(model.columns_["kind"]) == kinds
    assert model.best_score_ > 0.9
    assert model.predict(X.drop(columns="row").assign(row=None).iloc[:3]).shape == (3,)
