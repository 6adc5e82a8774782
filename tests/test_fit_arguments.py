"""What `fit` takes beside X and y: weights, groups and times of rows, and what follows from them."""

import pickle

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as skm
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from automl import AutoML
from automl.dataset import Data, make_task, split
from automl.errors import ArgumentError, DataError, InputTypeError, RunDirError
from automl.estimators.calibrated import Calibrated
from automl.estimators.fitting import fit
from automl.estimators.staged import FitControl
from automl.evaluate.evaluator import Evaluator
from automl.evaluate.limits import contained
from automl.evaluate.run_data import RunData
from automl.pipeline.build import Recipe, build, predict, staged_model_of, weightless
from automl.pipeline.compose import LabelEncoded, Stack
from automl.pipeline.prepare import Preprocessor
from automl.space.reader import read_space
from automl.tables.rows import Rows, read_rows, take_out
from automl.tasks.costs import decide, read_costs
from automl.tasks.metrics import make_metric
from automl.trials.trial import Job, Outcome, Proposal, RefitJob, Refitted

ROWS = 120
SPACE = read_space()
QUICK = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "max_trials": 2}
CHEAP = {**QUICK, "include": ["decision_tree", "naive_bayes"]}


def problem(kind="binary", rows=ROWS):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    signal = X["a"] + X["b"] * X["c"] + 0.3 * rng.normal(size=rows)
    if kind == "regression":
        return X, signal.to_numpy()
    cuts = [0.0] if kind == "binary" else [-0.7, 0.7]
    return X, np.array(["no", "so", "yes"])[np.digitize(signal, cuts)]


def told(sample_weight=None, groups=None, time=None):
    return {"sample_weight": sample_weight, "groups": groups, "time": time}


# ---- reading


def test_named_columns_become_what_is_known_of_the_rows():
    X = pd.DataFrame({"x": [1, 2, 3], "w": [1.0, 2.0, 3.0], "g": ["a", "b", "a"], "t": ["3", "2", "10"]})
    table, given = take_out(X, "x", "w", "g", "t")
    assert list(table.columns) == ["x", "t"]
    rows = read_rows(given, 3)
    assert rows.weight.tolist() == [0.5, 1.0, 1.5]
    assert rows.group.tolist() == [0, 1, 0]
    assert rows.time.tolist() == [1, 0, 2]
    assert not rows.plain
    assert rows.take(np.array([2])).time.tolist() == [2]


def test_arrays_and_series_are_taken_as_they_lie():
    rows = read_rows(told([2, 2, 2], pd.Series(["a", "b", "a"], index=[7, 8, 9]), np.array([3.0, 1.0, 1.0])), 3)
    assert rows.weight is None  # all count alike
    assert rows.group.tolist() == [0, 1, 0]
    assert rows.time.tolist() == [1, 0, 0]
    assert read_rows(told(), 3) == Rows()


def test_columns_of_another_library():
    pl = pytest.importorskip("polars")
    X = pl.DataFrame({"x": [1, 2, 3], "w": [1.0, 2.0, 3.0]})
    table, given = take_out(X, [0, 1, 0], "w", pl.Series(["a", "b", "a"]), None)
    assert list(table.columns) == ["x"]
    rows = read_rows(given, 3)
    assert (rows.weight.tolist(), rows.group.tolist()) == ([0.5, 1.0, 1.5], [0, 1, 0])


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["2024-03-01", "2023-12-31", "2024-02-29"], [2, 0, 1]),
        (["31/12/2023", "01/02/2024", "15/01/2024"], [0, 2, 1]),  # the day stands first
        (["2024-03-01T10:00", "2024-03-01", "2024-03-01T09:59:59"], [2, 0, 1]),
        (pd.to_datetime(["2024-03-01", "2023-01-01", "2024-03-01"], utc=True), [1, 0, 1]),
        (pd.to_datetime(["2024-03-01", "2023-01-01"]).date, [1, 0]),
        (pd.PeriodIndex(["2024-03", "2023-01"], freq="M"), [1, 0]),
        (pd.Categorical(["b", "a"]).rename_categories(["2020", "2019"]), [0, 1]),
        (pd.to_timedelta(["2h", "90min"]), [1, 0]),
        ([3, 1.5, np.int64(2)], [2, 0, 1]),
        ([True, False], [1, 0]),
    ],
    ids=str,
)
def test_times_are_ordered(values, order):
    if isinstance(values, pd.Categorical):
        values, order = pd.Categorical(["2020", "2019"]), [1, 0]
    assert read_rows(told(time=values), len(order)).time.tolist() == order


REFUSED = {
    "short": (told([1, 2]), DataError, "sample_weight has 2 values, but there are 3 rows"),
    "flat": (told(np.ones((3, 2))), DataError, r"sample_weight must hold one value a row, got the shape \(3, 2\)"),
    "negative": (told([1, -2, 3]), DataError, "sample_weight must be numbers from 0 up: row 1 has -2"),
    "infinite": (told([1, 2, np.inf]), DataError, "row 2 has"),
    "text": (told(["1", "2", "much"]), DataError, "row 2 has 'much'"),
    "NaN": (told([1, np.nan, 3]), DataError, "sample_weight is missing in 1 row .the first is row 1"),
    "zero": (told([0, 0, 0]), DataError, "weights of all rows .* are zero"),
    "group missing": (told(None, ["a", None, None]), DataError, "groups is missing in 2 rows .the first is row 1"),
    "group of lists": (told(None, [[1], [2], [3]]), DataError, "groups must hold one value a row"),
    "group of sets": (told(None, [{1}, {2}, {3}]), InputTypeError, "groups must hold labels"),
    "groups long": (told(None, [1, 2, 3, 4]), DataError, "groups has 4 values"),
    "NaT": (told(None, None, pd.to_datetime(["2020", None, "2021"])), DataError, "time is missing in 1 row"),
    "mixed": (
        told(None, None, [1, "2020-01-01", 3]),
        DataError,
        "mixes values .* 1 in row 0 and '2020-01-01' in row 1",
    ),
    "no date": (told(None, None, ["2020-01-01", "soon", "2020-01-02"]), DataError, "time: row 1 has 'soon'"),
    "no order": (told(None, None, [{1}, {2}, {3}]), InputTypeError, "time must be numbers or dates"),
    "complex": (told(None, None, np.array([1j, 2, 3])), InputTypeError, "time must be numbers or dates"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    given, error, words = REFUSED[name]
    with pytest.raises(error, match=words) as caught:
        read_rows(given, 3)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("X", "given", "words"),
    [
        (problem()[0], {"groups": "aa"}, "groups: X has no column 'aa' .did you mean 'a'"),
        (problem()[0].to_numpy(), {"time": "a"}, "time='a' names a column, but X has no names"),
        (problem()[0], {"sample_weight": "d"}, "sample_weight: the column 'd' is the target"),
    ],
    ids=["unknown", "array", "target"],
)
def test_names_that_cannot_be(X, given, words):
    with pytest.raises(DataError, match=words):
        AutoML(**CHEAP).fit(X, "d" if isinstance(X, pd.DataFrame) else np.arange(ROWS) % 2, **given)


# ---- weights in models


def pipeline_of(family, kind, y):
    classes = None if kind == "regression" else np.unique(y)
    space = SPACE.for_task(kind, ROWS, 4)
    return build(space.default(family), Recipe(space, kind, classes, 0, "auto", seed=0, control=FitControl(rounds=15)))


FAMILIES = [
    (name, kind)
    for kind in ("binary", "multiclass", "regression")
    for name, component in SPACE.models.items()
    if component.estimator.path(kind)
]


@pytest.mark.parametrize(("family", "kind"), FAMILIES)
def test_every_family_heeds_weights_or_is_named(family, kind):
    """Weights that turn the answer round: they change the predictions of each family but those that are named."""
    X, y = problem(kind)
    table = Data.read(X, y, "auto").table
    weight = np.where(y == (np.median(y) if kind == "regression" else "no"), 30.0, 0.1)
    if kind == "regression":
        weight = np.where(y > np.median(y), 30.0, 0.1)
    weighted = table.with_rows(read_rows(told(weight), ROWS))
    with contained(1):
        plain = predict(fit(pipeline_of(family, kind, y), table, y), table)
        heavy = predict(fit(pipeline_of(family, kind, y), weighted, y), weighted)
    assert np.allclose(plain, heavy) == (family in weightless(SPACE, kind))
    if not np.allclose(plain, heavy):
        assert (heavy if kind == "regression" else heavy[:, 0]).mean() > (
            plain if kind == "regression" else plain[:, 0]
        ).mean()


def test_families_without_weights():
    for kind in ("binary", "regression"):
        without = set(weightless(SPACE, kind))
        assert "knn" in without
        assert not without & {"lightgbm", "xgboost", "catboost", "random_forest", "ridge", "logistic_regression"}


def evaluator_of(folder, X, y, given, cv=3, metric="auto"):
    data = Data.read(X, y, "auto").told(given)
    task = make_task(data, metric)
    space = SPACE.for_task(task.kind, ROWS // 2, task.columns)
    return Evaluator(RunData(task, data.table, data.y, split(cv, data, 0), 0, folder), space)


def ran(evaluator, text, **given):
    outcome = evaluator.run(Job(Proposal(evaluator.space.parse(text), "test"), **given))
    assert isinstance(outcome, Outcome), outcome
    return outcome


@pytest.mark.parametrize("kind", ["binary", "regression"])
@pytest.mark.parametrize("family", ["lightgbm", "logistic_regression", "ridge", "xgboost", "linear_svm"])
def test_a_row_of_weight_zero_is_as_if_absent(tmp_path, family, kind):
    if SPACE.component(family).estimator.path(kind) is None:
        return
    X, y = problem(kind)
    weight = np.random.default_rng(0).integers(0, 4, ROWS).astype(float)
    kept = np.flatnonzero(weight)
    with_zeros = evaluator_of(tmp_path / "zeros", X, y, told(weight))
    without = evaluator_of(tmp_path / "without", X.iloc[kept], y[kept], told(weight[kept]))
    text = f"{family}(input)"
    first, second = ran(with_zeros, text), ran(without, text)
    assert first.fold_losses == second.fold_losses
    fitted = []
    for evaluator, outcome in ((with_zeros, first), (without, second)):
        candidate = evaluator.space.parse(text)
        assert isinstance(evaluator.run(RefitJob(Proposal(candidate, "test"), rounds=outcome.rounds)), Refitted)
        fitted.append(evaluator.artifacts.refit(candidate.key))
    table = without.data.table
    np.testing.assert_array_equal(predict(fitted[0], table), predict(fitted[1], table))


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "hist_gradient_boosting"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_the_curve_of_early_stopping_is_weighted(tmp_path, family, kind):
    X, y = problem(kind)
    y = np.random.default_rng(1).permutation(y)  # nothing to learn: probabilities stay far from 0
    weight = np.random.default_rng(0).integers(1, 9, ROWS).astype(float)
    metric = "rmse" if kind == "regression" else "log_loss"
    evaluator = evaluator_of(tmp_path, X, y, told(weight), metric=metric)
    text = f"{family}(input)"
    outcome = ran(evaluator, text)
    stored = evaluator.artifacts.model(evaluator.space.parse(text).key, Job(Proposal(None, "")).rung, 0)
    booster = staged_model_of(stored)
    curve = booster.curve_[outcome.folds[0].rounds - 1]
    curve = 2 * curve if family == "hist_gradient_boosting" and kind == "regression" else curve  # half squared error
    curve = curve**0.5 if family == "hist_gradient_boosting" and kind == "regression" else curve
    assert outcome.fold_losses[0] == pytest.approx(curve, rel=0.01)


def test_scores_are_weighted(tmp_path):
    X, y = problem()
    weight = np.random.default_rng(0).integers(1, 9, ROWS)
    evaluator = evaluator_of(tmp_path, X, y, told(weight), metric="accuracy")
    outcome = ran(evaluator, "decision_tree(input)")
    key = evaluator.space.parse("decision_tree(input)").key
    for fold, (_, valid) in enumerate(evaluator.data.splits):
        shares = evaluator.artifacts.prediction(key, Job(Proposal(None, "")).rung, fold)
        expected = skm.accuracy_score(evaluator.data.y[valid], shares.argmax(1), sample_weight=weight[valid])
        assert outcome.fold_losses[fold] == pytest.approx(-expected)


def test_a_pickled_evaluator_knows_the_rows(tmp_path):
    X, y = problem()
    given = told(np.arange(1, ROWS + 1), np.arange(ROWS) // 6, np.arange(ROWS))
    evaluator = evaluator_of(tmp_path, X, y, given)
    again = pickle.loads(cloudpickle.dumps(evaluator))
    for part in ("weight", "group", "time"):
        np.testing.assert_array_equal(getattr(again.data.table.about, part), getattr(evaluator.data.table.about, part))


def test_only_ratios_of_weights_matter(tmp_path):
    X, y = problem()
    weight = np.random.default_rng(0).integers(1, 9, ROWS)
    losses = [
        ran(evaluator_of(tmp_path / str(scale), X, y, told(weight * scale)), "lightgbm(input)").fold_losses
        for scale in (1, 2**-20)
    ]
    assert losses[0] == losses[1]


# ---- groups and times inside a candidate


def memory_of_groups():
    """Groups that can be recognised, of which each has a label of its own that nothing else tells."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 5)
    X = pd.DataFrame({"place": groups + 0.01 * rng.normal(size=200)})
    return X, rng.integers(0, 2, 40)[groups], groups


def test_the_inner_folds_of_a_stack_hold_out_whole_groups():
    X, y, groups = memory_of_groups()
    table = Data.read(X, y, "binary").table
    inner = Pipeline([("input", Preprocessor()), ("model", LabelEncoded(KNeighborsClassifier(1), np.array([0, 1])))])
    stack = Stack(inner, Pipeline([("input", Preprocessor())]), 0, False, 0)
    seen = stack.fit_transform(table, y)[:, -1]
    apart = stack.fit_transform(table.with_rows(read_rows(told(groups=groups), 200)), y)[:, -1]
    assert skm.roc_auc_score(y, seen) > 0.95
    assert skm.roc_auc_score(y, apart) < 0.75


def test_calibration_holds_out_whole_groups():
    X, y, groups = memory_of_groups()
    X = X.to_numpy()
    sure, unsure = (
        np.abs(Calibrated(KNeighborsClassifier(1), 0).fit(X, y, groups=given).predict_proba(X)[:, 1] - 0.5).mean()
        for given in (None, groups)
    )
    assert sure > 0.4
    assert unsure < 0.2


# ---- whole fits


@pytest.fixture(scope="module")
def described():
    X, y = problem()
    rng = np.random.default_rng(1)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.permutation(ROWS), unit="D")
    return X.assign(w=rng.integers(0, 5, ROWS), g=rng.integers(0, 15, ROWS), t=days.astype(str)), y


def test_a_fit_with_weights(described):
    X, y = described
    model = AutoML(metric="accuracy", **CHEAP).fit(X, y, sample_weight="w")
    assert "w" not in model.feature_names_in_
    counting = np.flatnonzero(X["w"])
    assert sorted(np.concatenate([valid for _, valid in model.cv_splits_])) == counting.tolist()
    shares = model.predict_oof()
    assert np.isnan(shares[X["w"] == 0]).all()
    labels = model.classes_[np.nan_to_num(shares).argmax(1)]
    folds = [
        skm.accuracy_score(y[valid], labels[valid], sample_weight=X["w"].to_numpy()[valid])
        for _, valid in model.cv_splits_
    ]
    assert model.validation_score_ == pytest.approx(np.mean(folds))
    assert model.predict(X.drop(columns="w")).shape == (ROWS,)
    weighted = skm.accuracy_score(y, model.predict(X), sample_weight=X["w"])
    assert model.score(X, y, sample_weight=X["w"]) == weighted


def test_a_fit_with_groups(described, capsys):
    X, y = described
    model = AutoML(**{**CHEAP, "verbose": 1}).fit(X, y, groups="g")
    assert "g" not in model.feature_names_in_
    assert "Splits: 5, of whole groups (15 groups)." in capsys.readouterr().out
    groups = X["g"].to_numpy()
    for train, valid in model.cv_splits_:
        assert not set(groups[train]) & set(groups[valid])


def test_a_fit_forward_in_time(described, capsys):
    X, y = described
    model = AutoML(**{**CHEAP, "verbose": 1}).fit(X, y, time="t")
    assert "t" in model.feature_names_in_
    assert "each validated on later rows than it is trained on" in capsys.readouterr().out
    times = pd.to_datetime(X["t"])
    for train, valid in model.cv_splits_:
        assert times[train].max() < times[valid].min()
    first = times.rank().to_numpy() <= ROWS / 6
    assert np.isnan(model.predict_oof()[first]).all()
    assert np.isfinite(model.predict_oof()[~first]).all()
    # the models of early folds have seen little, and nothing of late
    assert all(len(member.models) == 1 for member in model.best_estimator_.members)
    best = next(m for m in model.best_estimator_.members if m.candidate == model.trials_[_best(model)].candidate.text)
    assert best.models[0].predict_proba is not None
    np.testing.assert_array_equal(
        model.best_pipeline_.predict_proba(X), predict(best.models[0], model.best_pipeline_[0].transform(X))
    )


def _best(model):
    return int(model.leaderboard().query("rank > 0 and family != 'ensemble'")["id"].iloc[0])


def test_a_splitter_of_ones_own_wins(described, capsys):
    X, y = described
    model = AutoML(cv=KFold(2), **{**CHEAP, "verbose": 1}).fit(X, y, groups="g")
    assert len(model.cv_splits_) == 2
    assert "Splits: 2, of your own." in capsys.readouterr().out


def test_the_families_and_metrics_without_weights_are_named(described, capsys):
    X, y = described
    settings = {**CHEAP, "verbose": 1, "include": ["knn", "naive_bayes"]}

    def hits(estimator, X, y):
        return np.mean(estimator.predict(X) == y)

    AutoML(metric=hits, **settings).fit(X, y, sample_weight="w")
    printed = capsys.readouterr().out
    assert "These families take no weights and are fitted without: knn." in printed
    assert "The metric hits takes no weights; each row counts as one." in printed
    assert f"{(X['w'] == 0).sum()} rows of weight 0 are left out." in printed


def test_a_run_goes_on_only_with_the_same_weights(described, tmp_path):
    X, y = described
    settings = {**CHEAP, "run_dir": tmp_path / "run", "max_trials": 1}
    AutoML(**settings).fit(X, y, sample_weight="w")
    AutoML(**settings).fit(X, y, sample_weight="w")
    with pytest.raises(RunDirError, match="another data"):
        AutoML(**settings).fit(X.assign(w=X["w"] + 1), y, sample_weight="w")


def test_with_validation_rows(described):
    X, y = described
    model = AutoML(cv=(X[80:], y[80:]), **CHEAP).fit(X[:80], y[:80], sample_weight="w")
    valid = model.cv_splits_[0][1]
    assert valid.tolist() == [row for row in range(80, ROWS) if X["w"][row] > 0]


# ---- costs


def test_the_cheapest_decision():
    shares = np.array([[0.9, 0.1], [0.97, 0.03], [0.2, 0.8]])
    costs = read_costs([[0, 1], [20, 0]], np.array(["no", "yes"]))
    assert decide(shares, None).tolist() == [0, 0, 1]
    assert decide(shares, costs).tolist() == [1, 0, 1]  # 20 x 0.1 > 1 x 0.9, 20 x 0.03 < 1 x 0.97
    metric = make_metric("auto", "binary", np.array(["no", "yes"]), costs)
    assert (metric.name, metric.sign) == ("cost", -1)
    y = np.array([0, 1, 1])
    assert metric.loss(y, shares) == pytest.approx((1 + 20 + 0) / 3)
    assert metric.loss(y, shares, np.array([1.0, 0.0, 3.0])) == pytest.approx(1 / 4)


@pytest.mark.parametrize("saved", [False, True])
def test_a_fit_with_costs(saved, tmp_path):
    X, y = problem("multiclass")
    costs = [[0, 1, 1], [1, 0, 1], [50, 50, 0]]  # to miss a "yes" is dear
    model = AutoML(costs=costs, **CHEAP).fit(X, y)
    model = AutoML.load(model.save(tmp_path / "model.joblib")) if saved else model
    assert model.metric_ == "cost"
    cheapest = model.classes_[(model.predict_proba(X) @ np.array(costs)).argmin(axis=1)]
    np.testing.assert_array_equal(model.predict(X), cheapest)
    np.testing.assert_array_equal(model.best_estimator_.predict(X), cheapest)
    shares = model.best_pipeline_.predict_proba(X)
    np.testing.assert_array_equal(model.best_pipeline_.predict(X), model.classes_[(shares @ costs).argmin(axis=1)])
    assert (model.predict(X) == "yes").sum() > (model.predict_proba(X).argmax(axis=1) == 2).sum()
    shares, place = model.predict_oof(), np.searchsorted(model.classes_, y)
    paid = np.array(costs)[place, (shares @ costs).argmin(axis=1)]
    assert model.validation_score_ == pytest.approx(np.mean([paid[valid].mean() for _, valid in model.cv_splits_]))


def test_another_metric_ranks_and_costs_decide():
    X, y = problem()
    model = AutoML(metric="accuracy", costs=[[0, 1], [20, 0]], **CHEAP).fit(X, y)
    plain = AutoML(metric="accuracy", **CHEAP).fit(X, y)
    assert (model.metric_, model.best_score_) == ("accuracy", plain.best_score_)
    np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert (model.predict(X) != plain.predict(X)).any()


COSTS = {
    "shape": ([[0, 1, 2], [1, 0, 2]], ArgumentError, r"2 rows .* 2 columns .* 'no', 'so'; got the shape \(2, 3\)"),
    "flat": ([1, 20], ArgumentError, "costs must have 2 rows"),
    "ragged": ([[0, 1], [1]], InputTypeError, "costs must be rows of as many numbers"),
    "text": ("0,1;20,0", InputTypeError, "costs must be rows of as many numbers"),
    "negative": ([[0, -1], [1, 0]], ArgumentError, "that of 'so' where 'no' is true is -1"),
    "NaN": ([[0, np.nan], [1, 0]], ArgumentError, "that of 'so' where 'no' is true is nan"),
    "diagonal": ([[0, 1], [1, 3]], ArgumentError, "on the diagonal, must be 0: that of 'so' is 3"),
    "free": ([[0, 0], [0, 0]], ArgumentError, "costs are all 0"),
}


@pytest.mark.parametrize("name", COSTS)
def test_costs_that_cannot_be(name):
    costs, error, words = COSTS[name]
    with pytest.raises(error, match=words):
        AutoML(costs=costs, **CHEAP).fit(*problem())


def test_costs_are_of_classes():
    with pytest.raises(ArgumentError, match="this is a regression"):
        AutoML(costs=[[0, 1], [2, 0]], **CHEAP).fit(*problem("regression"))
    with pytest.raises(ArgumentError, match="metric 'cost' needs the costs"):
        AutoML(metric="cost", **CHEAP).fit(*problem())


def test_a_run_goes_on_only_with_the_same_costs(tmp_path):
    settings = {**CHEAP, "run_dir": tmp_path / "run", "max_trials": 1}
    AutoML(costs=[[0, 1], [2, 0]], **settings).fit(*problem())
    with pytest.raises(RunDirError, match="costs"):
        AutoML(costs=[[0, 1], [3, 0]], **settings).fit(*problem())


def test_several_targets_are_refused():
    X, _ = problem()
    for y in (np.zeros((ROWS, 2)), pd.DataFrame(np.zeros((ROWS, 2)))):
        with pytest.raises(DataError, match=r"one target at a time|one value a row"):
            AutoML(**CHEAP).fit(X, y)
