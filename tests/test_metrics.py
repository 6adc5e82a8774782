"""Our metrics against scikit-learn's, and every way to name one."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as skm

from automl.errors import ArgumentError, InputTypeError
from automl.tasks.metrics import make_metric

ROWS = 200


def classes_of(kind):
    return {"binary": np.array(["no", "yes"]), "multiclass": np.array(["a", "b", "c", "d"]), "regression": None}[kind]


def problem(kind, seed=0):
    """Coded target and predictions, with ties and certain mistakes."""
    rng = np.random.default_rng(seed)
    if kind == "regression":
        y = rng.normal(size=ROWS)
        return y, y + rng.normal(size=ROWS)
    k = len(classes_of(kind))
    y = rng.integers(0, k, ROWS)
    p = rng.dirichlet(np.ones(k), ROWS).round(2) + np.eye(k)[y] * 0.2
    p[:5] = np.eye(k)[(y[:5] + 1) % k]
    return y, p / p.sum(axis=1, keepdims=True)


def recall_at(y, scores, least):
    """From scikit-learn's curve; its last point, of no row taken, has precision 1 and recall 0."""
    precision, recall, _ = skm.precision_recall_curve(y, scores)
    return recall[precision >= least].max()


OURS = {
    ("roc_auc", "binary"): lambda y, p: skm.roc_auc_score(y, p[:, 1]),
    ("log_loss", "binary"): lambda y, p: skm.log_loss(
        y, np.clip(p, 1e-6, None) / np.clip(p, 1e-6, None).sum(1)[:, None]
    ),
    ("log_loss", "multiclass"): lambda y, p: skm.log_loss(
        y, np.clip(p, 1e-6, None) / np.clip(p, 1e-6, None).sum(1)[:, None]
    ),
    ("accuracy", "binary"): lambda y, p: skm.accuracy_score(y, p.argmax(1)),
    ("accuracy", "multiclass"): lambda y, p: skm.accuracy_score(y, p.argmax(1)),
    ("balanced_accuracy", "multiclass"): lambda y, p: skm.balanced_accuracy_score(y, p.argmax(1)),
    ("f1", "binary"): lambda y, p: skm.f1_score(y, p.argmax(1)),
    ("f1_macro", "binary"): lambda y, p: skm.f1_score(y, p.argmax(1), average="macro"),
    ("f1_macro", "multiclass"): lambda y, p: skm.f1_score(y, p.argmax(1), average="macro"),
    ("matthews_corrcoef", "binary"): lambda y, p: skm.matthews_corrcoef(y, p.argmax(1)),
    ("mcc", "multiclass"): lambda y, p: skm.matthews_corrcoef(y, p.argmax(1)),
    ("average_precision", "binary"): lambda y, p: skm.average_precision_score(y, p[:, 1]),
    ("average_precision", "multiclass"): lambda y, p: skm.average_precision_score(y, p),
    ("recall_at_precision", "binary"): lambda y, p: recall_at(y, p[:, 1], 0.9),
    ("recall_at_precision_0.75", "binary"): lambda y, p: recall_at(y, p[:, 1], 0.75),
    ("rmse", "regression"): skm.root_mean_squared_error,
    ("mae", "regression"): skm.mean_absolute_error,
    ("r2", "regression"): skm.r2_score,
}


@pytest.mark.parametrize(("name", "kind"), OURS, ids=lambda part: part)
def test_ours_are_scikit_learns(name, kind):
    metric = make_metric(name, kind, classes_of(kind))
    for seed in range(3):
        y, p = problem(kind, seed)
        expected = OURS[name, kind](y, p)
        assert metric.function(y, p) == pytest.approx(expected)
        assert metric.score(metric.loss(y, p)) == pytest.approx(expected)


@pytest.mark.parametrize(("name", "kind"), OURS, ids=lambda part: part)
def test_several_predictions_at_once(name, kind):
    metric = make_metric(name, kind, classes_of(kind))
    y, p = problem(kind)
    several = [p, problem(kind, 1)[1], (p + problem(kind, 2)[1]) / 2]
    views = np.array([q if metric.view is None else metric.view(y, q) for q in several])
    np.testing.assert_allclose(metric.losses(y, views), [metric.loss(y, q) for q in several], rtol=1e-4)


WEIGHTED = [
    *OURS,
    ("f1_macro", "multiclass"),
    ("neg_brier_score", "binary"),
    ("neg_median_absolute_error", "regression"),
]


@pytest.mark.parametrize(("name", "kind"), WEIGHTED, ids=lambda part: part)
def test_a_weight_of_three_is_a_row_thrice(name, kind):
    metric = make_metric(name, kind, classes_of(kind))
    assert metric.weighted
    y, p = problem(kind)
    weight = np.random.default_rng(1).integers(0, 4, ROWS)
    repeated = np.repeat(np.arange(ROWS), weight)
    loss = metric.loss(y, p, weight.astype(float))
    assert loss == pytest.approx(metric.loss(y[repeated], p[repeated]))
    assert loss != pytest.approx(metric.loss(y, p), abs=1e-6)
    views = np.array([q if metric.view is None else metric.view(y, q) for q in (p, p[::-1])])
    weighted = [metric.loss(y, q, weight) for q in (p, p[::-1])]
    np.testing.assert_allclose(metric.losses(y, views, weight), weighted, rtol=1e-4)


def test_a_scorer_that_takes_no_weights_counts_rows():
    y, p = problem("regression")
    for scorer in ("neg_max_error", lambda estimator, X, y: -np.max(np.abs(y - estimator.predict(X)))):
        metric = make_metric(scorer, "regression", None)
        assert not metric.weighted
        assert metric.loss(y, p, np.linspace(0, 1, ROWS)) == metric.loss(y, p)


def test_a_callable_gets_the_weights_that_it_takes():
    def heaviest(estimator, X, y, sample_weight=None):
        return sample_weight.max()

    metric = make_metric(heaviest, "regression", None)
    y, p = problem("regression")
    assert metric.loss(y, p, np.linspace(0, 7, ROWS)) == -7.0


@pytest.mark.parametrize(("name", "score"), [("f1", skm.f1_score), ("precision", skm.precision_score)])
def test_the_second_label_in_sorted_order_is_positive(name, score):
    y, p = problem("binary")
    labels = classes_of("binary")
    expected = score(labels[y], labels[p.argmax(1)], pos_label="yes")
    assert -make_metric(name, "binary", labels).loss(y, p) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["average_precision", "recall_at_precision"])
def test_without_positives_there_is_no_score(name):
    metric = make_metric(name, "binary", classes_of("binary"))
    assert metric.needs_all_classes
    assert np.isnan(metric.loss(np.zeros(4, dtype=int), np.full((4, 2), 0.5)))


@pytest.mark.parametrize("name", ["f1", "f1_macro", "matthews_corrcoef", "balanced_accuracy", "accuracy"])
@pytest.mark.parametrize("truth", [[0, 0, 0], [1, 1, 1], [0, 1, 0]])
@pytest.mark.parametrize("found", [[0, 0, 0], [1, 1, 1], [1, 0, 0]])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_classes_that_lack_are_scored_as_scikit_learn_does(name, truth, found):
    y, p = np.array(truth), np.eye(2)[found]
    average = {"average": "macro"} if name == "f1_macro" else {}
    scorer = getattr(skm, name if name == "matthews_corrcoef" else f"{name.removesuffix('_macro')}_score")
    expected = scorer(y, p.argmax(1), **average)
    assert make_metric(name, "binary", np.array([0, 1])).function(y, p) == pytest.approx(expected)


def test_no_threshold_is_precise_enough():
    y, scores = np.array([0, 1, 0, 1]), np.array([0.9, 0.8, 0.7, 0.6])
    metric = make_metric("recall_at_precision", "binary", classes_of("binary"))
    assert metric.loss(y, np.column_stack([1 - scores, scores])) == 0.0


@pytest.mark.parametrize(("kind", "name"), [("binary", "roc_auc"), ("multiclass", "log_loss"), ("regression", "rmse")])
def test_defaults(kind, name):
    assert make_metric("auto", kind, classes_of(kind)).name == name


@pytest.mark.parametrize(
    ("given", "kind", "name", "sign"),
    [
        ("neg_log_loss", "binary", "log_loss", -1),
        ("neg_root_mean_squared_error", "regression", "rmse", -1),
        ("neg_mean_absolute_error", "regression", "mae", -1),
        ("neg_mean_squared_error", "regression", "mean_squared_error", -1),
        ("neg_brier_score", "binary", "brier_score", -1),
        ("f1_macro", "multiclass", "f1_macro", 1),
        ("average_precision", "binary", "average_precision", 1),
        ("roc_auc_ovr", "multiclass", "roc_auc_ovr", 1),
        ("explained_variance", "regression", "explained_variance", 1),
    ],
)
def test_names_of_scikit_learns_scorers(given, kind, name, sign):
    metric = make_metric(given, kind, classes_of(kind))
    assert (metric.name, metric.sign) == (name, sign)
    y, p = problem(kind)
    y, p = y[5:], p[5:]  # without certain mistakes, which our log loss charges less for
    score = skm.get_scorer(given)(Predicted(p, kind), np.zeros((len(y), 1)), y)
    assert metric.loss(y, p) == pytest.approx(-score)
    assert metric.score(metric.loss(y, p)) == pytest.approx(sign * score)


class Predicted:
    """What a scorer needs of a fitted model."""

    def __init__(self, p, kind):
        self.p, self.classes_ = p, None if kind == "regression" else np.arange(p.shape[1])

    def __sklearn_tags__(self):
        from automl.tasks.scorers import StandInClassifier, StandInRegressor

        stand_in = StandInRegressor(self.p) if self.classes_ is None else StandInClassifier(self.p, self.classes_)
        return stand_in.__sklearn_tags__()

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.p if self.classes_ is None else self.p.argmax(1)

    def predict_proba(self, X):
        return self.p


def test_a_callable_sees_the_users_labels():
    def share_of_b(estimator, X, y):
        assert set(y) <= {"a", "b", "c", "d"}
        assert list(estimator.classes_) == ["a", "b", "c", "d"]
        assert X.shape == (ROWS, 1)
        return np.mean(estimator.predict(X) == "b")

    metric = make_metric(share_of_b, "multiclass", classes_of("multiclass"))
    y, p = problem("multiclass")
    assert (metric.name, metric.sign) == ("share_of_b", 1)
    assert metric.score(metric.loss(y, p)) == np.mean(p.argmax(1) == 1)


def test_a_scorer_object_keeps_its_sign():
    scorer = skm.make_scorer(skm.max_error, greater_is_better=False)
    metric = make_metric(scorer, "regression", None)
    y, p = problem("regression")
    assert metric.loss(y, p) == pytest.approx(skm.max_error(y, p))
    assert metric.score(metric.loss(y, p)) == pytest.approx(skm.max_error(y, p))


@pytest.mark.parametrize("name", ["log_loss", "accuracy", "balanced_accuracy", "f1_macro"])
def test_a_fold_may_lack_a_class(name):
    y, p = problem("multiclass")
    held = y != 3
    metric = make_metric(name, "multiclass", classes_of("multiclass"))
    assert not metric.needs_all_classes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of classes that are predicted only
        assert np.isfinite(metric.loss(y[held], p[held]))
    if name == "log_loss":
        clipped = np.clip(p[held], 1e-6, None)
        clipped /= clipped.sum(axis=1, keepdims=True)
        assert metric.loss(y[held], p[held]) == pytest.approx(skm.log_loss(y[held], clipped, labels=[0, 1, 2, 3]))


def test_an_area_needs_every_class():
    metric = make_metric("roc_auc", "binary", classes_of("binary"))
    assert metric.needs_all_classes
    assert np.isnan(metric.loss(np.zeros(3, dtype=int), np.full((3, 2), 0.5)))


@pytest.mark.parametrize(
    ("metric", "kind", "error", "words"),
    [
        ("roc_auk", "binary", ArgumentError, "Did you mean 'roc_auc'"),
        ("rmse", "binary", ArgumentError, "does not suit a binary task; take one of roc_auc"),
        ("roc_auc", "multiclass", ArgumentError, "does not suit a multiclass task"),
        ("accuracy", "regression", ArgumentError, "does not suit a regression task; take one of rmse, mae, r2"),
        ("recall_at_precision", "multiclass", ArgumentError, "does not suit a multiclass task"),
        ("recall_at_precision_x", "binary", ArgumentError, "precision must be above 0 and at most 1"),
        ("recall_at_precision_1.5", "binary", ArgumentError, "precision must be above 0 and at most 1"),
        ("nothing like it", "binary", ArgumentError, "neither ours nor scikit-learn's"),
        (3, "binary", InputTypeError, "metric must be a name or a callable"),
        (None, "binary", InputTypeError, "metric must be"),
    ],
)
def test_refusals(metric, kind, error, words):
    with pytest.raises(error, match=words):
        make_metric(metric, kind, classes_of(kind))
