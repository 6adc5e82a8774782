"""How the boosting libraries are spoken to."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from automl.estimators import boosting
from automl.estimators.boosting.lightgbm import predict
from automl.pipeline.build import Recipe
from automl.space.reader import read_space

lightgbm = pytest.importorskip("lightgbm")


@cache
def fitted(classes):
    """A model of many trees, and its rows."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = X[:, 0] * X[:, 1] if not classes else np.argsort(X[:, :classes], axis=1)[:, 0]
    cls = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    return cls(n_estimators=700, num_leaves=4, n_jobs=1, verbosity=-1).fit(X, y), X


@pytest.mark.parametrize("classes", [0, 2, 3])
@pytest.mark.parametrize("rows", [1, 99, 300])
def test_blocks_of_trees_say_what_lightgbm_says(classes, rows):
    model, X = fitted(classes)
    methods = ("predict_proba", "predict") if classes else ("predict",)
    for method in methods:
        whole = getattr(model, method)(X[:rows], num_iteration=650)
        blocks = predict(model, X[:rows], 650, method)
        np.testing.assert_allclose(blocks, whole, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_blocks_of_several_threads_do_not_mix(classes):
    model, X = fitted(classes)
    method = "predict_proba" if classes else "predict"
    parts = [X, X[::-1], X[:1], X[:150]]
    alone = [predict(model, part, 650, method) for part in parts]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda part: predict(model, part, 650, method), parts * 10)
        for place, found in enumerate(together):
            np.testing.assert_array_equal(found, alone[place % 4])


def test_a_library_is_one_file_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "toyboost.py").write_text(
        "from automl.estimators.boosting.sklearn import Booster as Other\nclass Booster(Other):\n    threads = None\n"
    )
    monkeypatch.setattr(boosting, "__path__", [*boosting.__path__, str(tmp_path)])
    cls = type("ToyRegressor", (HistGradientBoostingRegressor,), {"__module__": "toyboost.models"})
    space = read_space()
    component = space.component("hist_gradient_boosting")
    recipe = Recipe(space, "regression", None, 0, "rmse", seed=0)
    model = boosting.adapt(cls, {"max_iter": 3}, recipe, component, 0)
    assert type(model).__module__ == "automl.estimators.boosting.toyboost"
    X = np.random.default_rng(0).normal(size=(90, 2))
    assert len(model.fit(X[:60], X[:60, 0], (X[60:], X[60:, 0])).curve_) == 3
