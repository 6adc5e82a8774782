"""Rows to predict that write their cells in another way than those of the fit: read, or said."""

import warnings

import numpy as np
import pandas as pd
import pytest

from automl import AutoML
from automl.columns.columns import Columns
from automl.errors import DataError, DataWarning
from automl.tables.frame import as_frame

ROWS = 200
RNG = np.random.default_rng(0)
TRAIN = pd.DataFrame(
    {
        "number": RNG.normal(500, 100, ROWS).round(2),
        "share": RNG.random(ROWS).round(3),
        "mass": [f"{mass} kg" for mass in RNG.integers(1, 90, ROWS)],
        "price": [f"${price:,}.50" for price in RNG.integers(1_000, 99_999, ROWS)],
        "comma": [f"{value:.1f}".replace(".", ",") for value in RNG.normal(50, 10, ROWS)],
        "day": pd.date_range("2020-01-01", periods=ROWS).astype(str),
        "flag": RNG.choice(["yes", "no"], ROWS),
        "level": RNG.choice(["low", "medium", "high"], ROWS),
        "stay": [f"{hours} h {hours % 60} min" for hours in RNG.integers(1, 9, ROWS)],
        "town": RNG.choice(["Rome", "Oslo", "Bonn"], ROWS),
        "noisy": ["call" if place % 40 == 0 else f"{place}.5" for place in range(ROWS)],
    }
)
COLUMNS = Columns.learn(as_frame(TRAIN))
KINDS = {column.name: column.kind for column in COLUMNS.columns}


def read(name, cells, columns=COLUMNS, train=TRAIN):
    """What is made of the cells of one column, and what is said."""
    frame = train.iloc[: len(cells)].copy()
    frame[name] = pd.Series(list(cells), dtype=getattr(cells, "dtype", object))
    table, said = columns.look(as_frame(frame, least_rows=1))
    numbers = [column.name for column in columns.columns if column.kind not in ("category", "date")]
    return (table.dates[:, 0] if name == "day" else table.numbers[:, numbers.index(name)]).tolist(), said


OTHERWISE = {
    "decimal comma": ("number", ["552,78", "717,32"], [552.78, 717.32]),
    "and thousands": ("number", ["1.552,78", "717,32"], [1552.78, 717.32]),
    "three digits, told by another cell": ("number", ["0,125", "552,780"], [0.125, 552.78]),
    "three digits, told by the fit": ("number", ["552,780", "417,320"], [552.78, 417.32]),
    "thousands marks": ("number", ["1,552.78", "717"], [1552.78, 717]),
    "currency": ("number", ["$552.78", "$717.32"], [552.78, 717.32]),
    "currency and comma": ("number", ["552,78 €", "717,32 €"], [552.78, 717.32]),
    "a unit": ("number", ["552.78 km", "717.32 km"], [552.78, 717.32]),
    "factors": ("number", ["0.5k", "0.7k"], [500, 700]),
    "percent of shares": ("share", ["50%", "7%"], [0.5, 0.07]),
    "percent of others": ("number", ["50%", "70%"], [50, 70]),
    "spaces": ("number", ["1\u202f552.78", "1\u00a0717"], [1552.78, 1717]),
    "apostrophes": ("number", ["1'552.78", "1’717"], [1552.78, 1717]),
    "signs": ("number", ["552.78-", "−717", "(3)"], [-552.78, -717, -3]),
    "spreadsheets": ("number", ['="552.78"', "'717"], [552.78, 717]),
    "wide digits": ("number", ["５５２.７８", "７１７．５", "１，５５２"], [552.78, 717.5, 1552]),
    "missing words": ("number", ["n/a", "-", "5"], [np.nan, np.nan, 5]),
    "other units": ("mass", ["10 lb", "2 t", "500 g"], [4.5359237, 2000, 0.5]),
    "no unit": ("mass", [10.0, 20.0], [10, 20]),
    "comma for a price": ("price", ["1.234,50 $", "2.000,00 $"], [1234.5, 2000]),
    "point for a comma": ("comma", ["15.4", "60.8"], [15.4, 60.8]),
    "floats for a comma": ("comma", [15.4, 60.8], [15.4, 60.8]),
    "dates": ("day", ["2020/01/05", "2020/01/06"], [1578182400, 1578268800]),
    "dates in words": ("day", ["5 Jan 2020", "6 Jan 2020"], [1578182400, 1578268800]),
    "capitals": ("flag", ["YES", "False"], [1, 0]),
    "spans": ("stay", ["PT2H", "90 minutes"], [120, 90]),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_written_in_another_way(name):
    column, cells, expected = OTHERWISE[name]
    values, said = read(column, cells)
    np.testing.assert_allclose(values, expected)
    assert said == []


UNREAD = {
    "words": ("number", ["abc", "def"], "numbers", "'abc'"),
    "dates for numbers": ("number", pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"])), "numbers", "'2020-01-01"),
    "several currencies": ("number", ["5 €", "7 $"], "numbers", "'5 €'"),
    "another dimension": ("mass", ["5 m", "7 m"], "numbers", "'5 m'"),
    "another currency": ("price", ["5 €", "7 €"], "numbers", "'5 €'"),
    "no dates": ("day", ["soon", "soon"], "dates", "'soon'"),
    "doubtful dates": ("day", ["5/1/2020", "6/1/2020"], "dates", "'5/1/2020'"),
    "another language": ("flag", ["ja", "nein"], "yes or no", "'ja'"),
    "an order in another language": ("level", ["hoch", "tief"], "levels of its order", "'hoch'"),
    "no spans": ("stay", ["long", "short"], "spans of time", "'long'"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_most_cells_that_cannot_be_read_are_refused(name):
    column, cells, what, example = UNREAD[name]
    with pytest.raises(DataError, match=f"^Column '{column}': 2 of 2 cells cannot be read as {what}, ") as caught:
        read(column, cells)
    assert example in str(caught.value)


@pytest.mark.parametrize("name", UNREAD)
def test_a_few_are_said(name):
    column, cells, what, example = UNREAD[name]
    cells = [*map(str, TRAIN[column].iloc[:5]), str(next(iter(cells))), None]
    values, said = read(column, cells)
    assert np.isnan(values[5:]).all()
    assert not np.isnan(values[:5]).any()
    assert len(said) == 1
    assert said[0].startswith(f"Column '{column}': 1 of 6 cells cannot be read as {what} and count as missing, ")
    assert example.rstrip("'") in said[0]


def test_one_row_is_predicted_and_said():
    assert len(read("number", ["abc"])[1]) == 1


def test_words_of_the_fit_are_said_no_more():
    assert KINDS["noisy"] == "number"
    values, said = read("noisy", ["call", "call", "3"])
    np.testing.assert_array_equal(values, [np.nan, np.nan, 3])
    assert said == []
    assert len(read("noisy", ["call", "ask", "3", "4"])[1]) == 1
    assert COLUMNS.look(as_frame(TRAIN))[1] == []


def test_levels_none_of_which_is_known():
    frame = TRAIN.iloc[:3].assign(town=["Wien", "Wien", "Graz"])
    said = COLUMNS.look(as_frame(frame))[1]
    assert said == [
        "Column 'town': none of 3 cells holds a level that training had; they count as missing, 'Wien' for example."
    ]
    assert COLUMNS.look(as_frame(frame.assign(town=["Wien", "Rome", "Graz"])))[1] == []


def test_many_columns_are_said_in_few_sentences():
    train = pd.DataFrame(RNG.normal(size=(30, 20))).add_prefix("c")
    frame = train.astype(object)
    frame.iloc[0] = "x"
    said = Columns.learn(as_frame(train)).look(as_frame(frame))[1]
    assert len(said) == 9
    assert said[-1] == "Cells of 12 more columns cannot be read, either."


def test_a_model_warns():
    """As in LightGBM's issue 3626: decimal commas in the rows to predict made every prediction the same."""
    x = RNG.normal(500, 100, ROWS).round(2)
    table = pd.DataFrame({"x": x, "z": RNG.normal(size=ROWS)})
    quick = {"max_trials": 2, "executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0}
    model = AutoML(**quick, include=["ridge", "decision_tree"]).fit(table, 3 * x)
    expected = model.predict(table)
    commas = table.assign(x=[f"{value:.2f}".replace(".", ",") for value in x])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict(commas), expected)
        model.predict(table.assign(x=np.where(x > 500, np.nan, x)))
    some = table.astype({"x": object})
    some.loc[3, "x"] = "lots"
    with pytest.warns(DataWarning, match=r"Column 'x': 1 of 200 cells .* 'lots'"):
        predicted = model.predict(some)
    np.testing.assert_array_equal(np.delete(predicted, 3), np.delete(expected, 3))
    with pytest.raises(DataError, match="Column 'x': 200 of 200 cells cannot be read as numbers"):
        model.predict(table.assign(x="lots"))


def test_rows_to_predict_later_are_looked_at_in_fit():
    table = pd.DataFrame({"x": RNG.normal(size=60), "z": RNG.normal(size=60)})
    later = table.astype(object)
    quick = {"max_trials": 1, "executor": "inline", "n_jobs": 1, "verbose": 0, "include": ["naive_bayes"]}
    later.loc[3, "x"] = "lots"
    model = AutoML(**quick).fit(table, np.arange(60) % 2, X_test=later)
    assert any(text.startswith("X_test: Column 'x': 1 of 60 cells") for text in model.warnings_)
    with pytest.raises(DataError, match="X_test: Column 'x': 60 of 60 cells"):
        AutoML(**quick).fit(table, np.arange(60) % 2, X_test=later.assign(x="lots"))
