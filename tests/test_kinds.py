"""Kinds of the columns of real tables, where they are at hand; and that no content makes reading fail."""

import datetime as dt
import decimal
import os
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.columns.columns import Columns
from automl.errors import DataError
from automl.tables.frame import as_frame

TABLES = Path(os.environ.get("AUTOML_DATASETS", Path(__file__).parent.parent.parent / "shared" / "datasets"))

KINDS = {  # how many columns of each kind
    "adult": "6 number, 8 category",
    "bengaluru_houses": "4 number, 4 category",
    "bike_sharing": "1 date, 12 number",
    "bird_strikes": "8 category, 1 text, 6 number, 1 date",
    "california_housing": "8 number, 1 category",
    "caravan": "85 number",
    "cnae9": "589 number, 130 constant, 137 duplicate",
    "communities_crime": "2 category, 124 number",
    "covertype_20k": "52 number, 2 constant",
    "credit_default": "23 number",
    "credit_g": "10 number, 9 category, 1 boolean",
    "disaster_tweets": "1 category, 2 text",
    "elevators": "18 number",
    "flight_price": "5 category, 1 date, 3 number, 1 duration",
    "hotel_bookings": "9 category, 1 ordered, 19 number",
    "hr_job_change": "7 category, 5 number",
    "insurance": "3 number, 2 category, 1 boolean",
    "letter": "16 number",
    "phoneme": "5 number",
    "shelter_animals": "5 category, 1 date, 1 duration",
    "soybean": "1 ordered, 2 boolean, 1 number, 31 category",
    "titanic": "5 number, 1 text, 4 category",
    "travel_insurance": "6 category, 4 number",
    "us_births": "1 category, 3 number, 1 date, 1 ordered",
}
# what is easily read wrongly: column, kind, and what its note says
PARTICULAR = {
    "bengaluru_houses": [
        ("total_sqft", "number", "in sq ft"),
        ("size", "number", "'bhk', 'bedroom'"),
        ("location", "category", "also read as text"),
    ],
    "bike_sharing": [("dteday", "date", "month first")],
    "bird_strikes": [
        ("remarks", "text", ""),
        ("date", "date", "month first"),
        ("birds_struck", "number", "middle"),
        ("species", "category", "also read as text"),
    ],
    "california_housing": [("ocean_proximity", "category", "")],
    "communities_crime": [("communityname", "category", "also read as text")],
    "credit_g": [("employment", "number", "'unemployed'"), ("foreign_worker", "boolean", "")],
    "disaster_tweets": [("location", "text", ""), ("text", "text", ""), ("keyword", "category", "")],
    "flight_price": [
        ("Date_of_Journey", "date", "day first"),
        ("Arrival_Time", "number", "times of day"),
        ("Duration", "duration", "minutes"),
        ("Total_Stops", "number", "'stop'"),
        ("Route", "category", "also read as text"),
    ],
    "hotel_bookings": [
        ("agent", "number", ""),
        ("arrival_date_month", "ordered", "january"),
        ("country", "category", ""),
    ],
    "hr_job_change": [("experience", "number", ""), ("company_size", "number", "ranges"), ("city", "category", "")],
    "shelter_animals": [
        ("DateTime", "date", "2015/"),
        ("AgeuponOutcome", "duration", "days"),
        ("Breed", "category", "also read as text"),
    ],
    "soybean": [("date", "ordered", "april < may"), ("germination", "number", "")],
    "titanic": [
        ("Name", "text", ""),
        ("Ticket", "category", "also read as text"),
        ("Cabin", "category", "also read as text"),
    ],
    "us_births": [("date", "date", "1969"), ("wday", "ordered", "mon < tues")],
}


def train_part(name):
    path = TABLES / name / "train.csv.gz"
    if not path.exists():
        pytest.skip(f"no table {path}")
    target = tomllib.loads((TABLES / "datasets.toml").read_text())[name]["target"]
    return pd.read_csv(path, low_memory=False).drop(columns=target)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_kinds_of_real_tables(name):
    columns = Columns.learn(train_part(name))
    found = columns.frame().set_index("column")
    wanted = {kind: int(count) for count, kind in (part.split() for part in KINDS[name].split(", "))}
    assert Counter(found["kind"]) == Counter(wanted)
    for column, kind, note in PARTICULAR.get(name, []):
        assert found.loc[column, "kind"] == kind
        assert note in found.loc[column, "note"], column


@pytest.mark.parametrize("name", ["bengaluru_houses", "flight_price", "titanic"])
def test_real_tables_of_texts_read_as_before(name):
    """What numbers, dates and spans are does not depend on the other rows once it is learned."""
    frame = train_part(name)
    columns = Columns.learn(frame)
    whole, part = columns.encode(frame), columns.encode(frame.iloc[100:200].astype(object))
    np.testing.assert_array_equal(part.numbers, whole.numbers[100:200])
    np.testing.assert_array_equal(part.codes, whole.codes[100:200])
    np.testing.assert_array_equal(part.dates, whole.dates[100:200])


# ---- whatever the cells


class Sulking:
    """An object without a text."""

    def __str__(self):
        raise RuntimeError("no")


CELL = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.binary(max_size=5)
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none() | st.just(dt.UTC))
    | st.timedeltas()
    | st.sampled_from(["", " ", "?", "NA", "12", "1,5", "2019-03-24", "2h", "low", "yes", pd.NaT, pd.NA, Sulking()])
)


@settings(deadline=None, max_examples=150)
@given(st.lists(CELL, min_size=1, max_size=12), st.lists(CELL, min_size=1, max_size=6))
def test_no_cell_makes_reading_fail(first, second):
    frame = as_frame(pd.DataFrame({"c": pd.Series(first, dtype=object), "x": range(len(first))}), least_rows=1)
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    assert len(table) == len(frame)
    try:
        other, _ = columns.look(pd.DataFrame({"c": pd.Series(second, dtype=object), "x": 0}))
    except DataError:  # most of them are of another kind
        return
    assert other.levels == table.levels
    assert other.numbers.shape[1] == table.numbers.shape[1]
    for array in (table.numbers, table.dates, other.numbers, other.dates):
        assert not np.isinf(array).any()


DTYPES = [
    pd.Series([1, 2, None] * 4, dtype="Int64"),
    pd.Series([1.5, None, 2.5] * 4, dtype="float32"),
    pd.Series([True, None, False] * 4, dtype="boolean"),
    pd.Series(["a", "b", None] * 4, dtype="string"),
    pd.Series(["a", "b", None] * 4, dtype="category"),
    pd.Series([decimal.Decimal("1.50"), decimal.Decimal(3), None] * 4),
    pd.Series([b"a", b"b", None] * 4),
    pd.Series(pd.period_range("2024-01", periods=12, freq="M")),
    pd.Series(pd.interval_range(0, 12)),
    pd.Series(pd.arrays.SparseArray([0, 1, 2] * 4)),
    pd.Series(pd.date_range("2024-01-01", periods=12, tz="Asia/Tokyo")),
    pd.Series(pd.timedelta_range("1h", periods=12)),
    pd.Series([dt.time(10, minute) for minute in range(12)]),
]
KINDS_OF_DTYPES = [
    "number", "number", "boolean", "category", "category", "number", "category", "date", "number", "number", "date",
    "duration", "number",
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind"), list(zip(DTYPES, KINDS_OF_DTYPES, strict=True)), ids=lambda v: str(getattr(v, "dtype", v))
)
def test_every_dtype_is_read(values, kind):
    frame = pd.DataFrame({"c": values})
    columns = Columns.learn(frame)
    assert columns.columns[0].kind == kind
    table, again = columns.encode(frame), columns.encode(frame.astype(object))
    np.testing.assert_array_equal(table.numbers, again.numbers)
    np.testing.assert_array_equal(table.codes, again.codes)
    np.testing.assert_array_equal(table.dates, again.dates)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.array([1, 2, None] * 4, dtype="int64[pyarrow]"), "number"),
        (pd.array(["a", "b", None] * 4, dtype="string[pyarrow]"), "category"),
        (pd.array([True, False, None] * 4, dtype="bool[pyarrow]"), "boolean"),
        (pd.array([pd.Timestamp(2024, 1, day) for day in range(1, 13)], dtype="timestamp[us][pyarrow]"), "date"),
        (pd.array([dt.date(2024, 1, day) for day in range(1, 13)], dtype="date32[day][pyarrow]"), "date"),
        (pd.array([dt.timedelta(hours=h) for h in range(12)], dtype="duration[us][pyarrow]"), "duration"),
    ],
    ids=lambda value: str(getattr(value, "dtype", value)),
)
def test_every_arrow_dtype_is_read(values, kind):
    frame = pd.DataFrame({"c": values})
    columns = Columns.learn(frame)
    assert columns.columns[0].kind == kind
    assert len(columns.encode(frame)) == 12


def test_the_first_rows_do_not_decide_alone():
    """A thousand of them may look like dates, or differ; the others count too."""
    days = np.resize([20190101 + day for day in range(28)], 3_000)
    odd = days.copy()
    odd[2_500] = 7
    numbers = np.arange(3_000)
    twice = numbers.copy()
    twice[2_999] = 5
    frame = pd.DataFrame({"days": days, "odd": odd, "numbers": numbers, "twice": twice})
    kinds = {column.name: column.kind for column in Columns.learn(frame).columns}
    assert kinds == {"days": "date", "odd": "number", "numbers": "identifier", "twice": "number"}
