"""What steps make of a table's own columns, beside their input: it is shared, and stands for itself once saved."""

import pickle

import numpy as np
import pandas as pd
import pytest

from automl.columns.columns import Columns
from automl.estimators.evolved import EvolvedRegressor
from automl.estimators.generated import GeneratedRegressor
from automl.estimators.staged import FitControl
from automl.pipeline.beside import AsRead, Formed, Made
from automl.pipeline.build import Recipe, build, predict
from automl.pipeline.shared import predictions, unite
from automl.space.reader import read_space
from automl.trials.artifacts import LeafCache

SPACE = read_space().for_task("regression", 200, 4, meta_features=("several",))
STEPS = {"evolved(input, generations=1)": EvolvedRegressor, "generated(input)": GeneratedRegressor}
OTHER = {
    "evolved(input, generations=1)": "evolved(input, generations=2)",
    "generated(input)": "generated(input, columns=3)",
}
EACH = pytest.mark.parametrize("step", STEPS)


def example():
    """A ratio is planted, and the table has a date and a gap."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"price": rng.uniform(10, 900, 200), "size": rng.uniform(1, 9, 200)})
    frame["town"] = rng.choice(["Rome", "Oslo", "Bonn"], 200)
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 200), unit="D")
    target = (frame["price"] / frame["size"]).to_numpy()
    frame.loc[7, "price"] = np.nan
    return Columns.learn(frame).encode(frame), target


def pipeline(text):
    return build(SPACE.parse(text), Recipe(SPACE, "regression", None, 1, "rmse", 0, control=FitControl(rounds=20)))


@EACH
def test_candidates_share_what_was_made(step, tmp_path, monkeypatch):
    table, y = example()
    table = table.take(np.arange(len(y)), "all", LeafCache(tmp_path))
    first = pipeline(f"lightgbm({step}, num_leaves=4)")[:-1].fit(table, y)
    matrix, others = first.transform(table), table.take(np.arange(50), "some", table.cache)
    made = first.transform(others)
    for name in ("fit", "fit_transform", "transform"):
        monkeypatch.setattr(STEPS[step], name, None)
    second = pipeline(f"lightgbm({step}, num_leaves=8)")[:-1]
    np.testing.assert_array_equal(second.fit_transform(table, y), matrix)
    np.testing.assert_array_equal(second.transform(others), made)
    assert second.get_feature_names_out().tolist() == first.get_feature_names_out().tolist()
    other = pipeline(f"lightgbm({OTHER[step]})")[:-1]
    with pytest.raises(TypeError):  # other parameters make other columns
        other.fit(table, y)


@EACH
def test_several_models_together_predict_as_alone(step):
    table, y = example()
    texts = [f"lightgbm({step}, num_leaves=4)", f"lightgbm({step}, num_leaves=8)", "lightgbm(input)"]
    fitted = [pipeline(text).fit(table, y) for text in texts]
    alone = [predict(one, table) for one in fitted]
    unite(fitted)
    first, second = (one[0].parts for one in fitted[:2])
    assert first[1][0] is second[1][0]
    assert first[0][0] is second[0][0] is fitted[2][0]
    for found, expected in zip(predictions(fitted, table), alone, strict=True):
        np.testing.assert_array_equal(found, expected)
    saved = pickle.loads(pickle.dumps(fitted))
    for found, expected in zip(predictions(saved, table), alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_table_as_read_is_numbers_days_and_levels():
    table, _ = example()
    read = AsRead().fit(table)
    assert read.get_feature_names_out().tolist() == ["price", "size", "day", "town"]
    assert read.kinds_ == ["number", "number", "date", "group"]
    matrix = read.transform(table)
    np.testing.assert_array_equal(matrix[:, 2], table.dates[:, 0] / 86_400)
    assert np.isnan(matrix[7, 0])


def test_no_columns_at_all_are_borne():
    made = Formed(False, "unit", "regression").fit(np.zeros((5, 0)), np.arange(5.0))
    assert made.transform(np.zeros((3, 0))).shape == (3, 0)


def test_what_was_not_fitted_says_so():
    assert not Made(EvolvedRegressor(), None, True, "any", "regression").__sklearn_is_fitted__()
