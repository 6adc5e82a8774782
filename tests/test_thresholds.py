import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, f1_score, make_scorer

from automl import AutoML
from automl.ensemble.thresholds import learn
from automl.tasks.costs import decide
from automl.tasks.metrics import make_metric


def rare(n, share=0.08, seed=0):
    """Rows of which the second class is rare and never the most probable one, with calibrated probabilities."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1, 1 / share, n), 0.001, 0.45)
    y = (rng.random(n) < p).astype(int)
    return y, np.column_stack([1 - p, p])


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1", "matthews_corrcoef", "jaccard"])
def test_a_rare_class_is_decided_for(name):
    y, shares = rare(3000)
    metric = make_metric(name, "binary", np.array([0, 1]))
    found = learn(metric, y, shares, None, 0)
    assert found.loss < found.before
    new, unseen = rare(3000, seed=1)
    before, after = metric.loss(new, unseen), metric.loss(new, unseen * found.factors)
    assert after < before - 0.1
    assert found.loss == pytest.approx(after, abs=0.05)  # what it says is no luck of the choice


def test_the_threshold_is_about_the_share_of_the_class_for_balanced_accuracy():
    y, shares = rare(20_000)
    found = learn(make_metric("balanced_accuracy", "binary", np.array([0, 1])), y, shares, None, 0)
    assert found.factors[0] / found.factors.sum() == pytest.approx(y.mean(), rel=0.4)
    assert found.told(np.array([0, 1])).startswith("1 from a probability of 0.0")


def test_several_classes_are_weighted_by_how_rare_they_are():
    rng = np.random.default_rng(0)
    y = rng.choice(3, size=3000, p=[0.9, 0.07, 0.03])
    logits = np.log([0.9, 0.07, 0.03]) + 1.2 * np.eye(3)[y] + rng.normal(0, 0.5, (3000, 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = learn(make_metric("balanced_accuracy", "multiclass", np.arange(3)), y, shares, None, 0)
    assert found.factors[0] < found.factors[1] < found.factors[2]
    assert found.told(np.array(["a", "b", "c"])).startswith("probabilities weighted by ")
    plain = balanced_accuracy_score(y, shares.argmax(axis=1))
    assert balanced_accuracy_score(y, decide(shares, found.costs)) > plain + 0.1


def test_accuracy_of_good_probabilities_is_left_as_it_is():
    y, shares = rare(3000)
    assert learn(make_metric("accuracy", "binary", np.array([0, 1])), y, shares, None, 0) is None


def test_noise_does_not_pay():
    rng = np.random.default_rng(0)
    found = 0
    for seed in range(20):
        y, p = rng.integers(0, 2, 300), rng.uniform(0.4, 0.6, 300)
        metric = make_metric("balanced_accuracy", "binary", np.array([0, 1]))
        found += learn(metric, y, np.column_stack([1 - p, p]), None, seed) is not None
    assert found <= 6  # one standard error is passed by chance in a sixth of all cases


def test_a_metric_that_takes_too_long_is_not_asked_often():
    calls = []

    def slow(truth, predicted):
        calls.append(len(truth))
        return f1_score(truth, predicted)

    y, shares = rare(500)
    metric = make_metric(make_scorer(slow), "binary", np.array([0, 1]))
    assert metric.decides
    assert learn(metric, y, shares, None, 0, seconds=0.0) is None
    assert len(calls) == 1


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "average_precision", "neg_brier_score"])
def test_metrics_of_probabilities_decide_nothing(name):
    assert not make_metric(name, "binary", np.array([0, 1])).decides


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 6), st.integers(2, 120), st.integers(0, 2**32 - 1))
def test_costs_decide_as_factors_do(k, n, seed):
    """Whatever classes are there, and however few rows."""
    rng = np.random.default_rng(seed)
    y, shares = rng.integers(0, k, n), rng.dirichlet(np.ones(k), n)
    found = learn(
        make_metric("balanced_accuracy", "binary" if k == 2 else "multiclass", np.arange(k)), y, shares, None, 0
    )
    if found is not None:
        assert np.isfinite(found.factors).all()
        assert (found.factors > 0).all()
        assert (decide(shares, found.costs) == (shares * found.factors).argmax(axis=1)).all()


def table(n, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    chance = 1 / (1 + np.exp(-(1.5 * X["a"] + X["b"] - 3.5)))
    return X, pd.Series(np.where(rng.random(n) < chance, "yes", "no"))


def test_a_fit_decides_for_what_the_metric_wants():
    X, y = table(800, 0)
    model = AutoML(metric="f1_macro", max_trials=2, n_jobs=1, verbose=0).fit(X, y)
    told = [str(decision) for decision in model.result_.decisions if decision.what == "labels"]
    assert len(told) == 1
    assert "'yes' from a probability of 0." in told[0]
    new, truth = table(2000, 1)
    plain = model.classes_[model.predict_proba(new).argmax(axis=1)]
    decided = f1_score(truth, model.predict(new), average="macro")
    assert decided > f1_score(truth, plain, average="macro") + 0.02
    assert model.best_score_ == pytest.approx(decided, abs=0.06)


def test_costs_of_the_user_decide_alone():
    X, y = table(300, 0)
    model = AutoML(metric="f1_macro", costs=[[0, 1], [20, 0]], max_trials=2, n_jobs=1, verbose=0).fit(X, y)
    assert not [decision for decision in model.result_.decisions if decision.what == "labels"]
    assert (model.predict(X) == "yes").mean() > 0.3
