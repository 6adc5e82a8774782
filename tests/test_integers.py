"""Columns of few whole numbers are numbers, and may be tried as categories."""

import pickle

import numpy as np
import pandas as pd
import pytest

from automl.columns.columns import Columns
from automl.columns.integers import few_integers
from automl.columns.table import Table
from automl.dataset import Data, make_task
from automl.estimators.staged import FitControl
from automl.evaluate.run_data import RunData
from automl.pipeline.build import Recipe, build
from automl.pipeline.prepare import Preprocessor
from automl.space.reader import read_space
from automl.validation.splits import make_splits

RNG = np.random.default_rng(0)
ROWS = 600


def frame(rows=ROWS, seed=0):
    """Pieces on two squares, an amount, a flag, a colour, and one named by the user."""
    rng = np.random.default_rng(seed)
    columns = {
        "square": rng.integers(0, 4, rows) * 10,
        "other": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 5, rows)),
        "amount": rng.normal(size=rows),
        "flag": rng.integers(0, 2, rows),
        "colour": rng.choice(["red", "green", "blue"], rows),
        "floor": rng.integers(0, 5, rows),
    }
    return pd.DataFrame(columns)


def test_few_whole_numbers_are_found_and_those_that_the_user_names_stay_numbers():
    columns = Columns.learn(frame(), {"floor": "number"})
    assert [few.place for few in columns.integers] == [0, 1]
    assert [sorted(few.values) for few in columns.integers] == [[0, 10, 20, 30], [0, 1, 2, 3, 4]]
    assert len(Columns.learn(frame()).integers) == 3
    assert "few_integers" in columns.encode(frame()).meta_features
    assert "few_integers" not in Columns.learn(frame()[["amount", "flag", "colour"]]).encode(frame()).meta_features


@pytest.mark.parametrize(
    "column",
    [
        np.arange(ROWS) % 2,
        np.arange(ROWS) % 40,
        np.arange(ROWS) % 4 + 0.5,
        np.where(np.arange(ROWS) % 4 == 0, 1e6, np.arange(ROWS) % 4),
        np.full(ROWS, np.nan),
        np.where(np.arange(ROWS) == ROWS - 1, 0.5, np.arange(ROWS) % 4),
        np.arange(20) % 4,
    ],
    ids=["two", "many", "fractions", "far apart", "empty", "one fraction", "few rows"],
)
def test_other_columns_are_amounts(column):
    assert few_integers(0, np.asarray(column, dtype=float)) is None


def test_the_most_frequent_is_the_first_level_and_what_is_new_the_last():
    few = few_integers(1, np.repeat([7.0, -3.0, 5.0, 9.0], [10, 60, 29, 1]))
    assert few.values == (-3.0, 5.0, 7.0)  # nothing is learned of a single 9
    numbers = np.column_stack([np.zeros(6), [-3, 5, 7, 9, 6.5, np.nan]])
    assert few.codes(numbers).tolist() == [0, 1, 2, 3, 3, -1]
    assert few.n_levels == 4


@pytest.mark.parametrize(("how", "columns", "native"), [("number", 6, 1), ("category", 6, 4), ("both", 9, 4)])
def test_they_are_where_they_are_wanted(how, columns, native):
    data = frame()
    table = Columns.learn(data).encode(data)
    space = read_space().for_task("binary", ROWS, 6, meta_features=table.meta_features)
    recipe = Recipe(space, "binary", np.arange(2), 1, "roc_auc", 0, control=FitControl(rounds=5), n_integers=3)
    pipeline = build(space.parse(f"lightgbm(input(integers={how!r}))"), recipe)
    assert pipeline[-1].model.categorical == native
    y = np.asarray(data["square"] == 20).astype(int)
    matrix = pipeline[:-1].fit_transform(table, y)
    assert matrix.shape == (ROWS, columns)
    later = Columns.learn(data).encode(frame(50, seed=1))
    shown = pickle.loads(pickle.dumps(pipeline.fit(table, y))).predict_proba(later)
    np.testing.assert_array_equal(shown, pipeline.predict_proba(later))
    assert shown.shape == (50, 2)


def test_one_hot_has_a_column_a_value():
    numbers = np.column_stack([np.arange(ROWS) % 3, RNG.normal(size=ROWS)]).astype(float)
    few = few_integers(0, numbers[:, 0])
    table = Table(numbers, np.zeros((ROWS, 0), np.int32), (), integers=(few,))
    assert Preprocessor(integers="both").fit_transform(table).shape == (ROWS, 2 + 4)
    assert Preprocessor(integers="category").fit_transform(table).shape == (ROWS, 1 + 4)
    np.testing.assert_array_equal(
        Preprocessor(integers="category").fit(table).transform(table.take(np.arange(6)))[:, 1:4].argmax(axis=1),
        np.arange(6) % 3,
    )


def test_workers_know_of_them(tmp_path):
    data = Data.read(frame().assign(y=np.arange(ROWS) % 2), "y", "classification")
    task = make_task(data, "auto")
    splits = make_splits(3, data.y, 2, 0)
    run = RunData(task, data.table, data.y, splits, 0, tmp_path)
    there = pickle.loads(pickle.dumps(run))
    assert there.table.integers == run.table.integers != ()
    assert there.training(0, 1.0)[0].integers == run.table.integers
