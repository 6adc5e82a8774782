"""Predictions of several models together: prepared once, and equal to the last bit to each model's own."""

import copy
import pickle
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.preprocessing import TargetEncoder

from automl import AutoML
from automl.columns.columns import Columns
from automl.columns.once import Once
from automl.ensemble import predictor
from automl.ensemble.combiners.base import mean
from automl.estimators import forests
from automl.estimators.boosting import lightgbm
from automl.pipeline import terms
from automl.pipeline.build import predict
from automl.pipeline.levels import LevelNumbers
from automl.pipeline.prepare import Preprocessor
from automl.pipeline.shared import predictions, unite
from automl.pipeline.terms import TfIdf

CANDIDATES = [
    "lightgbm(input(many_levels='both', text='both'), num_leaves=4)",
    "lightgbm(input(many_levels='both', text='both'), num_leaves=8)",
    "logistic_regression(standard(select_variance(input(text='score'))))",
    "sgd(standard(select_variance(input(text='score'))))",
    "random_forest(input, n_estimators=50)",
    "naive_bayes(union(input, truncated_svd(input(fill='most_frequent'), n_components=3)))",
    "lightgbm(stack(naive_bayes(input), input(many_levels='both', text='both')), num_leaves=4)",
]


class Alike:
    """All candidates count alike."""

    name = "alike"

    def fit(self, seen):
        return dict.fromkeys(range(len(seen.predictions[0])), 1.0)


def table(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    said = rng.choice(["good", "bad", "ugly", "quick", "slow", "old", "new"], (rows, 4))
    X = pd.DataFrame(
        {
            "number": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(size=rows)),
            "town": rng.choice([f"town {k}" for k in range(30)], rows),
            "said": [" ".join(words) + f" {k}" for k, words in enumerate(said)],
            "also": [" ".join(words[::-1]) + f" {k % 50} of {k}" for k, words in enumerate(said)],
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
        }
    )
    y = (X["number"].fillna(0) + (said == "good").sum(axis=1) + rng.normal(size=rows) > 0.6).map(
        {True: "a", False: "b"}
    )
    return X, y


@pytest.fixture(scope="module")
def model():
    X, y = table()
    how = {"max_trials": len(CANDIDATES), "try_first": CANDIDATES, "cv": 3, "ensemble": Alike()}
    return AutoML(**how, n_jobs=1, random_state=0, verbose=0, executor="inline").fit(X, y)


def pipelines(model):
    return [one for member in model.best_estimator_.members for one in member.models]


@pytest.mark.parametrize("rows", [1, 7, 400])
def test_the_ensemble_says_what_its_models_say_one_by_one(model, rows):
    X, _ = table(rows, seed=1)
    members = model.best_estimator_.members
    assert len(members) > 3
    alone = pickle.loads(pickle.dumps([pickle.dumps(one) for one in pipelines(model)]))
    weights = [member.weight / len(member.models) for member in members for _ in member.models]
    read = model.best_estimator_.columns.encode(X)
    one_by_one = mean((weight, predict(pickle.loads(one), read)) for weight, one in zip(weights, alone, strict=True))
    expected = one_by_one / one_by_one.sum(axis=1, keepdims=True)
    assert model.predict_proba(X).tobytes() == expected.tobytes()
    assert AutoML.predict_proba(copy.deepcopy(model), X).tobytes() == expected.tobytes()


def test_equal_preprocessors_and_the_steps_behind_them_are_one(model):
    fitted = pipelines(model)
    assert len({id(one[0]) for one in fitted if isinstance(one[0], Preprocessor)}) < len(fitted)
    texts = [member.candidate for member in model.best_estimator_.members]
    few, more = (
        next(k for k, text in enumerate(texts) if text.startswith("lightgbm(input") and leaves in text)
        for leaves in ("leaves=4", "leaves=8")
    )
    assert fitted[3 * few][0] is fitted[3 * more][0]  # the same fold of the two that differ in leaves
    assert fitted[3 * few][0] is not fitted[3 * few + 1][0]
    linear, other_linear = (next(one for one in fitted if name in str(one[-1])) for name in ("LogisticPath", "SGD"))
    assert [id(step) for step in linear[:-1]] == [id(step) for step in other_linear[:-1]]
    first, other = (one[0].texts_ for one in (fitted[3 * few], linear))
    assert first is not other
    assert first.tfidfs_[0] is other.tfidfs_[0]
    again = pipelines(pickle.loads(pickle.dumps(model)))
    assert again[3 * few][0] is again[3 * more][0]


def test_each_is_asked_once(model, monkeypatch):
    X, _ = table(5)
    asked = Counter()
    apply = Preprocessor.apply
    monkeypatch.setattr(Preprocessor, "apply", lambda self, rows: asked.update([id(self)]) or apply(self, rows))
    model.predict(X)
    assert len(asked) > 3
    assert set(asked.values()) == {1}


def test_what_was_not_united_is_predicted_all_the_same(model):
    X, _ = table(5)
    read = model.best_estimator_.columns.encode(X)
    alone = [pickle.loads(pickle.dumps(one)) for one in pipelines(model)]
    before = [part.tobytes() for part in predictions(alone, read)]
    unite(alone)
    assert [part.tobytes() for part in predictions(alone, read)] == before


def test_once_keeps_what_is_asked_for_again_and_no_more_bytes_than_it_may():
    made = []

    def make(size):
        made.append(size)
        return np.zeros(size, dtype=np.uint8)

    once = Once(Counter({(1,): 3, (2,): 2}), most_bytes=100)
    assert [len(once((1,), lambda: make(80))) for _ in range(3)] == [80] * 3
    assert made == [80]
    once((1,), lambda: make(80))  # more often than was said
    once((3,), lambda: make(10))
    assert made == [80, 80, 10]
    once = Once(Counter({(1,): 2, (2,): 2}), most_bytes=100)
    for key in ((1,), (2,), (1,), (2,)):
        once(key, lambda: make(60))
    assert made[3:] == [60, 60, 60]


# ---- quick ways


def test_few_terms_are_weighed_as_many_are(monkeypatch):
    X, _ = table()
    texts = Columns.learn(X).encode(X).texts
    new = Columns.learn(X).encode(table(20, seed=3)[0]).texts
    tfidfs = [TfIdf("both") for _ in texts]
    weights = [tfidf.fit_transform(text) for tfidf, text in zip(tfidfs, texts, strict=True)]
    quick = [tfidf.transform(text) for tfidf, text in zip(tfidfs, new, strict=True)]
    beside = terms.beside(quick)
    monkeypatch.setattr(terms, "FEW_NUMBERS", -1)
    scipys = [tfidf.transform(text) for tfidf, text in zip(tfidfs, new, strict=True)]
    assert weights[0].shape[1] == quick[0].shape[1]
    pairs = [*zip(quick, scipys, strict=True), (beside, csr_matrix(hstack(scipys, format="csr")))]
    for ours, theirs in pairs:
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(ours, part), getattr(theirs, part))
            assert getattr(ours, part).dtype == getattr(theirs, part).dtype


def test_means_of_levels_are_the_encoders_own():
    rng = np.random.default_rng(0)
    codes, goal = rng.integers(-1, 20, (300, 3)), rng.normal(size=(300, 2))
    levels = LevelNumbers("both", [0, 2])
    levels.fit_transform(codes, goal)
    new = np.arange(-1, 25)[:, None].repeat(3, axis=1)
    assert isinstance(levels.encoders_[0], TargetEncoder)
    theirs = np.hstack([encoder.transform(new[:, [0, 2]]) for encoder in levels.encoders_])
    assert levels.transform(new).tobytes() == theirs.tobytes()


@pytest.mark.parametrize("rows", [1, 300])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_forests_say_what_scikit_learn_says(rows, n_jobs):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 3, 300)
    kinds = [
        (RandomForestClassifier, "predict_proba"),
        (RandomForestClassifier, "predict"),
        (ExtraTreesRegressor, "predict"),
    ]
    for cls, method in kinds:
        forest = cls(n_estimators=7, random_state=0).fit(X, y)
        expected = getattr(forest, method)(X[:rows])
        forest.n_jobs = n_jobs
        np.testing.assert_allclose(forests.ask(forest, X[:rows], method), expected, rtol=1e-12 if rows > 200 else 0)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_lightgbm_is_asked_without_its_estimator(classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, classes or 10, 300)
    estimator = (LGBMClassifier if classes else LGBMRegressor)(n_estimators=9, n_jobs=1, verbose=-1).fit(X, y)
    method = "predict_proba" if classes else "predict"
    expected = getattr(estimator, method)(X, num_iteration=5, validate_features=False)
    assert (
        np.ascontiguousarray(lightgbm.predict(estimator, X, 5, method)).tobytes()
        == np.ascontiguousarray(expected).tobytes()
    )


@pytest.mark.parametrize("cores", [1, 2, 5])
def test_many_rows_are_predicted_in_parts_whatever_the_cores(model, monkeypatch, cores):
    X, _ = table(rows=1_003, seed=5)
    whole = model.predict_proba(X)
    parts = [model.predict_proba(X[a:b]) for a, b in ((0, 335), (335, 669), (669, 1_003))]
    sizes = []
    of = predictor.Averaged._of
    monkeypatch.setattr(predictor, "usable_cores", lambda: cores)
    monkeypatch.setattr(predictor, "PART_ROWS", 300)
    monkeypatch.setattr(predictor.Averaged, "_of", lambda self, part: sizes.append(len(part)) or of(self, part))
    found = model.predict_proba(X)
    assert sorted(sizes) == [334, 334, 335]
    np.testing.assert_array_equal(found, np.concatenate(parts))
    np.testing.assert_allclose(found, whole, rtol=1e-5)  # of matrices of floats of 32 bits
