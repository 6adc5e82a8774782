"""Dates whose parts are columns of their own are found, read, told, and kept apart where the user says so."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl import AutoML
from automl.columns.columns import Columns
from automl.columns.date_parts import find_dates
from automl.parsing.cells import Cells

RNG = np.random.default_rng(0)
DAYS = pd.Series(pd.to_datetime("2019-01-01") + pd.to_timedelta(RNG.integers(0, 900 * 24, 300), unit="h"))
SECONDS = (DAYS - pd.Timestamp("1970-01-01")).dt.total_seconds()


def parts(year="year", month="month", day="day", hour="hour", **others):
    given = {year: DAYS.dt.year, month: DAYS.dt.month, day: DAYS.dt.day, hour: DAYS.dt.hour}
    return pd.DataFrame({name: values for name, values in given.items() if name} | others)


def found(frame, apart=(), known=()):
    dates, notes = find_dates({name: Cells(frame[name]) for name in frame}, apart, known)
    return [one.names for one in dates], notes


def test_a_date_is_read_beside_its_parts():
    frame = parts(speed=RNG.normal(size=300))
    columns, table = Columns.read(frame)
    np.testing.assert_array_equal(table.dates[:, 0], SECONDS)
    assert table.numbers.shape[1] == 5
    (note,) = columns.notes
    assert note.startswith("Columns 'year', 'month', 'day', 'hour' are read as one date, too (a kind in column_types")
    told = columns.frame().set_index("column")["note"]
    assert told["hour"] == "read as one date, too: year, month, day, hour"
    assert told["speed"] == ""
    again = columns.encode(frame.sample(frac=1, random_state=1)[["speed", "hour", "day", "month", "year"]])
    assert set(again.dates[:, 0]) == set(table.dates[:, 0])
    assert Columns.learn(frame, {"month": "category"}).dates == ()


@pytest.mark.parametrize(
    ("names", "dates"),
    [
        ({"year": "YrSold", "month": "MoSold", "day": "", "hour": ""}, [["YrSold", "MoSold"]]),
        ({"year": "arrival_date_year", "month": "arrival_date_month", "day": "arrival_date_day_of_month", "hour": ""},
         [["arrival_date_year", "arrival_date_month", "arrival_date_day_of_month"]]),
        ({"year": "", "month": "Month", "day": "DayofMonth", "hour": "hr"}, [["Month", "DayofMonth", "hr"]]),
        ({"year": "PickupYear", "month": "pickup month", "day": "pickup-day", "hour": "Pickup Hour"},
         [["PickupYear", "pickup month", "pickup-day", "Pickup Hour"]]),
        ({"year": "year_built", "month": "month_sold", "day": "day", "hour": "hour"}, []),  # of different things
        ({"year": "", "month": "", "day": "day", "hour": "hour"}, []),
        ({"year": "year", "month": "", "day": "day_of_week", "hour": "hour"}, []),
        ({"year": "year", "month": "", "day": "day", "hour": "hour"}, []),  # the month is lacking
    ],
)  # fmt: skip
def test_names_say_what_belongs_together(names, dates):
    assert found(parts(**names))[0] == dates


def short(month):
    return pd.Timestamp(2000, month, 1).strftime("%b")


def loud(month):
    return pd.Timestamp(2000, month, 1).strftime("%B").upper()


@pytest.mark.parametrize("spell", [str, "{:02d}".format, "{}.0".format, short, loud])
def test_months_are_numbers_or_names_however_written(spell):
    frame = parts().assign(month=DAYS.dt.month.map(spell))
    _, table = Columns.read(frame)
    np.testing.assert_array_equal(table.dates[:, 0], SECONDS)


def test_what_is_no_part_of_a_date_is_none():
    assert found(parts().assign(month=DAYS.dt.month + 1))[0] == []  # a month 13
    assert found(parts().assign(day=RNG.normal(size=300)))[0] == [["year", "month"]]
    assert found(parts(), known=[SECONDS.to_numpy()]) == ([], [])  # in one column already
    assert found(parts(), apart=["day"]) == ([], [])


def test_looking_for_dates_takes_no_time():
    rows = RNG.normal(size=(300_000, 5))
    many = pd.DataFrame(rows, columns=[f"{name}_min" for name in "abcde"]).assign(day=rows[:, 0], year=2020, hour=0.5)
    started = time.process_time()
    assert Columns.learn(many).dates == ()
    assert time.process_time() - started < 2.0  # 1.5 s a column of these were their texts written


def test_parts_that_make_no_date_are_told():
    frame = parts().assign(month=2, day=RNG.integers(1, 32, 300)).drop(columns="hour")
    frame.loc[::2, "month"] = 1
    dates, notes = found(frame)
    assert dates == []
    assert "'day' are not read as one date: in " in notes[0]
    assert "rows they make none (such as 31 February)." in notes[0]


def test_new_rows_may_hold_anything():
    columns = Columns.learn(parts())
    rows = pd.DataFrame(
        {"year": [2020, 2020, 2020, None], "month": [2, 13, 2, 1], "day": [29, 1, 30, 1], "hour": [0] * 4}
    )
    dates = columns.encode(rows).dates[:, 0]
    np.testing.assert_array_equal(np.isnan(dates), [False, True, True, True])
    assert dates[0] == pd.Timestamp("2020-02-29").timestamp()


@given(st.lists(st.datetimes(min_value=pd.Timestamp("1900-01-01"), max_value=pd.Timestamp("2100-01-01")), min_size=2))
def test_every_date_comes_out_as_it_went_in(moments):
    days = pd.Series(pd.to_datetime(moments)).dt.floor("min")
    named = {part: getattr(days.dt, part) for part in ("year", "month", "day", "hour", "minute")}
    frame = pd.DataFrame(named)
    if frame.nunique().min() < 2:  # a part that never changes is left out
        return
    dates, _ = find_dates({name: Cells(frame[name]) for name in frame}, (), ())
    seconds = (days - pd.Timestamp("1970-01-01")).dt.total_seconds()
    np.testing.assert_array_equal(dates[0].dates({name: Cells(frame[name]) for name in frame}), seconds)


def test_a_model_learns_from_the_date():
    y = np.where(SECONDS.median() < SECONDS, "late", "early")  # one split of the date; of its parts, several
    tree = {"include": ["decision_tree"], "try_first": ["decision_tree(input, max_depth=2, min_samples_leaf=1)"]}
    asked = {**tree, "max_trials": 1, "executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0, "cv": 3}
    with_it = AutoML(**asked, metric="accuracy").fit(parts(), y)
    without = AutoML(**asked, metric="accuracy").fit(parts(), y, column_types={"year": "number"})
    assert with_it.best_score_ > 0.98 > without.best_score_
    assert with_it.predict(parts().head(5)).tolist() == y[:5].tolist()
