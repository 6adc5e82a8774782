"""Kinds of column, and reading a table twice the same way."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.data.columns import MAX_LEVELS, Columns
from automl.errors import DataError

ROWS = 24


def kind_of(values, **given):
    return Columns.learn(pd.DataFrame({"c": pd.Series(values, **given)})).columns[0].kind


def same(first, second):
    np.testing.assert_array_equal(first.numbers, second.numbers)
    np.testing.assert_array_equal(first.codes, second.codes)
    assert first.levels == second.levels


def table():
    """Every kind of column that is read."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 100, ROWS),
            "share": rng.normal(size=ROWS),
            "gaps": np.where(rng.random(ROWS) < 0.3, np.nan, rng.normal(size=ROWS)),
            "flag": rng.random(ROWS) < 0.5,
            "town": rng.choice(["Rome", "Oslo", "Bonn"], ROWS),
            "grade": rng.choice(["1", "2", "x"], ROWS),
        }
    )


# ---- kinds


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3] * 8, "number"),
        ([1.5, None, 2.5] * 8, "number"),
        (["1", "2.5", None] * 8, "number"),
        ([True, False, True] * 8, "boolean"),
        ([True, None, False] * 8, "boolean"),
        (["a", "b", None] * 8, "category"),
        (["yes", "no", "no"] * 8, "category"),
        ([1, "a", 2.0] * 8, "category"),
        ([f"name {i}" for i in range(60)], "dropped"),
        ([f"name {i}" if i % 2 else None for i in range(160)], "presence"),
        ([f"2024-01-{1 + i % 28:02}" for i in range(60)], "dropped"),
        (list(pd.date_range("2024-01-01", periods=24)), "dropped"),
        (list(pd.timedelta_range("1h", periods=24)), "dropped"),
        ([None] * 24, "dropped"),
        ([7] * 24, "dropped"),
        (["a"] * 24, "dropped"),
        ([np.inf, 1.0, 1.0] * 8, "number"),  # what is missing may say something
    ],
)
def test_kinds_are_told_by_content(values, kind):
    assert kind_of(values) == kind


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("Int64", "number"),
        ("Float32", "number"),
        ("int8", "number"),
        ("category", "category"),
        ("string", "number"),
        ("object", "number"),
    ],
)
def test_kinds_of_dtypes(dtype, kind):
    assert kind_of([1, 2, 3] * 8, dtype=dtype) == kind


def test_nullable_booleans():
    assert kind_of([True, None, False] * 8, dtype="boolean") == "boolean"


def test_every_column_that_is_not_used_is_explained():
    frame = pd.DataFrame(
        {
            "id": [f"u{i}" for i in range(60)],
            "empty": [None] * 60,
            "same": [1] * 60,
            "day": pd.date_range("2024-01-01", periods=60),
            "good": range(60),
        }
    )
    columns = Columns.learn(frame)
    assert [note.split()[1] for note in columns.notes] == ["'id'", "'empty'", "'same'", "'day'"]
    assert columns.used == 1
    assert list(columns.frame()["kind"]) == ["dropped", "dropped", "dropped", "dropped", "number"]


def test_rare_levels_are_one():
    values = [f"level {i}" for i in range(MAX_LEVELS + 5) for _ in range(6 - (i >= MAX_LEVELS) * 3)]
    frame = pd.DataFrame({"c": values})
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    assert table.levels == (MAX_LEVELS + 1,)
    rare = frame["c"].isin([f"level {i}" for i in range(MAX_LEVELS, MAX_LEVELS + 5)])
    assert set(table.codes[rare.to_numpy(), 0]) == {MAX_LEVELS}
    assert columns.encode(pd.DataFrame({"c": ["never seen"]})).codes[0, 0] == MAX_LEVELS


def test_a_table_of_nothing_is_a_constant():
    frame = pd.DataFrame({"id": [f"u{i}" for i in range(60)]})
    assert Columns.learn(frame).encode(frame).shape == (60, 1)


# ---- reading again


def drifted(frame):
    """The same content under other dtypes."""
    yield "object", frame.astype(object)
    yield "nullable", frame.convert_dtypes()
    yield "categorical", frame.astype({"town": "category", "grade": "category"})
    yield "categories of numbers", frame.astype({"whole": "category"})
    yield "text", frame.astype(object).where(frame.notna(), None).map(lambda v: v if v is None else str(v))
    yield "single precision", frame.astype({"whole": "float32"})
    yield "flag as number", frame.assign(flag=frame["flag"].astype(int))
    yield "flag as float", frame.assign(flag=frame["flag"].astype(float))
    yield "lower-case text", frame.assign(flag=frame["flag"].map({True: "true", False: "false"}))


@pytest.mark.parametrize("name", [name for name, _ in drifted(table())])
def test_dtypes_do_not_matter(name):
    frame = table()
    columns = Columns.learn(frame)
    same(columns.encode(dict(drifted(frame))[name]), columns.encode(frame))


def test_one_row_reads_as_among_all():
    frame = table()
    columns = Columns.learn(frame)
    whole = columns.encode(frame)
    for row in range(3):
        single = columns.encode(frame.iloc[[row]])
        np.testing.assert_array_equal(single.numbers[0], whole.numbers[row])
        np.testing.assert_array_equal(single.codes[0], whole.codes[row])


def test_order_extra_columns_and_index_do_not_matter():
    frame = table()
    columns = Columns.learn(frame)
    other = frame[frame.columns[::-1]].assign(extra="ignored").set_index(pd.Index(range(100, 100 + ROWS)))
    same(columns.encode(other), columns.encode(frame))


def test_arrays_are_read_by_place():
    frame = table()
    columns = Columns.learn(frame)
    same(columns.encode(frame.to_numpy(dtype=object)), columns.encode(frame))


def test_missing_columns_are_named():
    columns = Columns.learn(table())
    with pytest.raises(DataError, match=r"lacks 2 of the columns seen in fit: 'share', 'town'"):
        columns.encode(table().drop(columns=["town", "share"]))


def test_unseen_categories_and_infinities_are_missing():
    frame = table()
    columns = Columns.learn(frame)
    other = frame.astype({"share": float}).iloc[:2].assign(town=["Paris", None], share=[np.inf, -np.inf])
    read = columns.encode(other)
    place = [column.name for column in columns.columns if column.kind == "category"].index("town")
    assert list(read.codes[:, place]) == [-1, -1]
    assert np.isnan(read.numbers[:, 1]).all()


def test_text_in_a_column_of_numbers_is_missing():
    frame = table()
    columns = Columns.learn(frame)
    read = columns.encode(frame.astype({"share": object}).iloc[:2].assign(share=["n/a", "2.5"]))
    np.testing.assert_array_equal(read.numbers[:, 1], [np.nan, 2.5])


def test_levels_are_frozen():
    """A table in which a category's levels are fewer gets the same codes."""
    frame = table()
    columns = Columns.learn(frame)
    part = frame["town"] == "Oslo"
    np.testing.assert_array_equal(columns.encode(frame[part]).codes, columns.encode(frame).codes[part.to_numpy()])


# ---- whatever the table

TEXTS = st.sampled_from(["a", "b", "Ünï", "x y", "c,d", 'say "q"', "1", "2", "-", "None of it"])
CELLS = {
    "numbers": st.floats(-1e9, 1e9, allow_nan=False, width=32) | st.none(),
    "counts": st.integers(-(2**40), 2**40),
    "flags": st.booleans(),
    "flags with gaps": st.booleans() | st.none(),
    "texts": TEXTS | st.none(),
    "texts and numbers": TEXTS | st.integers(0, 3) | st.sampled_from([0.5, 2.0]) | st.booleans(),
}


@st.composite
def tables(draw):
    rows = draw(st.integers(2, 12))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    columns = {
        f"{kind} {place}": draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)) for place, kind in enumerate(kinds)
    }
    return pd.DataFrame(columns)


@settings(deadline=None, max_examples=25)
@given(tables(), st.randoms(use_true_random=False))
def test_shuffled_columns_read_the_same(frame, random):
    columns = Columns.learn(frame)
    names = list(frame.columns)
    random.shuffle(names)
    same(columns.encode(frame[names]), columns.encode(frame))


@settings(deadline=None, max_examples=50)
@given(tables())
def test_csv_and_back_reads_the_same(frame):
    columns = Columns.learn(frame)
    back = pd.read_csv(io.StringIO(frame.to_csv(index=False)))
    same(columns.encode(back), columns.encode(frame))


@settings(deadline=None, max_examples=25)
@given(tables(), st.data())
def test_part_of_the_rows_reads_the_same(frame, data):
    columns = Columns.learn(frame)
    rows = data.draw(st.lists(st.integers(0, len(frame) - 1), min_size=1, max_size=10))
    whole, part = columns.encode(frame), columns.encode(frame.iloc[rows])
    np.testing.assert_array_equal(part.numbers, whole.numbers[rows])
    np.testing.assert_array_equal(part.codes, whole.codes[rows])
