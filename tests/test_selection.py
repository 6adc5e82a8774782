"""Combiners: greedy ensemble selection, none, and one of a user's own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_wine

from automl import AutoML
from automl.ensemble.combiners import Greedy
from automl.ensemble.combiners.base import OutOfFold
from automl.pipeline.build import predict
from automl.tasks.metrics import make_metric


def select(predictions, losses, steps=25, **how):
    return Greedy(steps).fit(OutOfFold(predictions, losses, **how))


def problem(seed, candidates=6, folds=2, rows=40):
    """Folds' targets and predictions of candidates that are right in different rows."""
    rng = np.random.default_rng(seed)
    truths = [rng.normal(size=rows) for _ in range(folds)]
    spread = rng.uniform(0.3, 2.0, candidates)
    return truths, [np.stack([y + s * rng.normal(size=rows) for s in spread]).astype(np.float32) for y in truths]


def mean_loss(truths, metric=None):
    metric = metric or make_metric("rmse", "regression", None)

    def losses(blends):
        return np.mean([metric.losses(y, blend) for y, blend in zip(truths, blends, strict=True)], axis=0)

    return losses


def blended(predictions, weights):
    return [np.sum([w * fold[place] for place, w in weights.items()], axis=0)[None] for fold in predictions]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 3), st.integers(1, 25))
def test_weights_sum_to_one_and_never_lose_to_the_best_single(seed, candidates, folds, steps):
    truths, predictions = problem(seed, candidates, folds)
    losses = mean_loss(truths)
    weights = select(predictions, losses, steps)
    assert sum(weights.values()) == pytest.approx(1.0)
    assert all(weight > 0 and 0 <= place < candidates for place, weight in weights.items())
    assert losses(blended(predictions, weights))[0] <= losses(predictions).min() + 1e-6


def test_different_mistakes_are_combined():
    truths, predictions = problem(0)
    losses = mean_loss(truths)
    weights = select(predictions, losses)
    assert len(weights) > 1
    assert losses(blended(predictions, weights))[0] < 0.95 * losses(predictions).min()


def test_the_best_alone_where_nothing_helps():
    y = np.linspace(0, 1, 30)
    predictions = [np.stack([y + 1, y, y + 1])]
    assert select(predictions, mean_loss([y])) == {1: 1.0}


def test_classes_are_averaged_too():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    predictions = [np.stack([rng.dirichlet(np.ones(3), 60) + np.eye(3)[y] * 0.4 for _ in range(4)])]
    predictions[0] /= predictions[0].sum(axis=2, keepdims=True)
    metric = make_metric("accuracy", "multiclass", np.arange(3))
    weights = select(predictions, mean_loss([y], metric))
    assert mean_loss([y], metric)(blended(predictions, weights))[0] <= mean_loss([y], metric)(predictions).min()


def test_a_candidate_without_a_score_is_never_chosen():
    truths, predictions = problem(0, candidates=3)
    for fold in predictions:
        fold[0] = np.nan
    assert 0 not in select(predictions, mean_loss(truths))


def test_nothing_to_choose_from():
    assert select([], mean_loss([])) == {}
    assert select([np.zeros((0, 5))], mean_loss([np.zeros(5)])) == {}


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_stops_when_out_of_time_with_what_it_has(steps):
    truths, predictions = problem(0)
    asked = []

    def out_of_time():
        asked.append(None)
        return len(asked) > steps

    weights = select(predictions, mean_loss(truths), out_of_time=out_of_time)
    assert len(asked) == steps + 1
    assert sum(weights.values()) == pytest.approx(1.0)
    if steps == 0:
        assert weights == {int(np.argmin(mean_loss(truths)(predictions))): 1.0}


@pytest.mark.parametrize(("other", "chosen"), [([1.0, 2.0], 1), ([1e200, 1e200], 0)])
def test_predictions_beyond_floats_of_32_bits_warn_of_nothing(other, chosen):
    """They are kept as infinite: chosen only where there is nothing else."""
    with np.errstate(over="ignore"):
        predictions = [np.array([[1e200, -1e200], other]).astype(np.float32)]
    assert select(predictions, lambda blends: (blends[0] - [1.0, 2.0]).sum(axis=1) ** 2) == {chosen: 1.0}


class Geometric:
    """The two best candidates alike, and means of logarithms of their probabilities."""

    name = "geometric"

    def fit(self, seen):
        _, _, classes = seen.predictions[0].shape
        assert classes == 3
        assert seen.losses([fold[:2] for fold in seen.predictions]).shape == (2,)
        return {0: 3.0, 1: 3.0}

    def predict(self, parts):
        shares = np.exp(sum(weight * np.log(np.clip(part, 1e-6, None)) for weight, part in parts))
        return shares / shares.sum(axis=1, keepdims=True)


SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "include": ["naive_bayes", "lda"]}


def test_one_that_predicts_in_its_own_way_is_at_work_and_replayed(tmp_path):
    X, y = load_wine(return_X_y=True)
    model = AutoML(**SMALL, max_trials=3, ensemble=Geometric(), run_dir=tmp_path / "run").fit(X, y)
    assert len(model.ensemble_weights_) > 1
    assert sum(model.ensemble_weights_.values()) == pytest.approx(1.0)
    weights, members = zip(*((one.weight, one.models) for one in model.best_estimator_.members), strict=True)
    table = model.result_.columns.encode(model._read(X))
    parts = [(w / len(fold), predict(one, table)) for w, fold in zip(weights, members, strict=True) for one in fold]
    np.testing.assert_allclose(model.predict_proba(X), Geometric().predict(parts))
    again = AutoML.replay(tmp_path / "run", ensemble=Geometric(), verbose=0).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))


class Broken(Geometric):
    name = "broken"

    def fit(self, seen):
        raise KeyError("no")


@pytest.mark.parametrize(("ensemble", "noted"), [(Broken(), True), (False, False), ("single", False)])
def test_without_an_ensemble_the_best_candidate_is_the_model(ensemble, noted):
    X, y = load_wine(return_X_y=True)
    model = AutoML(**SMALL, max_trials=3, ensemble=ensemble).fit(X, y)
    assert model.ensemble_weights_ == {}
    said = "No ensemble was made: broken or the metric failed on one (KeyError('no'))."
    assert (said in model.time_report_["notes"]) is noted
