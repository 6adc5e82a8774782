"""Kinds of column, and reading a table twice the same way."""

import io
import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.columns.columns import Columns
from automl.columns.encodings.base import Encoding
from automl.columns.encodings.categorical import Categorical
from automl.columns.table import side_by_side
from automl.errors import ArgumentError, DataError, DataWarning, InputTypeError
from automl.parsing.cells import Cells

ROWS = 24


def kind_of(values, **given):
    return Columns.learn(pd.DataFrame({"c": pd.Series(values, **given)})).columns[0].kind


def same(first, second):
    assert first.levels == second.levels
    arrays, others = first.arrays(), second.arrays()
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


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
            "size": [f"{number} km" for number in rng.integers(1, 20, ROWS)],
            "day": pd.Timestamp("2024-02-25") + pd.to_timedelta(rng.integers(0, 400, ROWS), unit="D"),
            "level": rng.choice(["low", "medium", "high"], ROWS),
            "stay": [f"{number} days" for number in rng.integers(1, 20, ROWS)],
            "said": [f"what customer {number} wrote of {number % 3}" for number in range(ROWS)],
        }
    )


# ---- kinds


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3] * 8, "number"),
        ([1.5, None, 2.5] * 8, "number"),
        (["1", "2.5", None] * 8, "number"),
        (["1,200", "3,400.5", "n/a"] * 8, "number"),
        (["4 BHK", "2 Bedroom", "3 BHK"] * 8, "number"),
        (["22:20", "07:05", "00:10"] * 8, "number"),
        ([True, False, True] * 8, "boolean"),
        ([True, None, False] * 8, "boolean"),
        (["yes", "no", "no"] * 8, "boolean"),
        (["T", "F", None] * 8, "boolean"),
        (["a", "a", None] * 8, "boolean"),  # whether it is filled
        (["a", "b", None] * 8, "category"),
        ([1, "a", 2.0] * 8, "category"),
        (["007", "013", "123"] * 8, "category"),  # codes, not numbers
        (["male", "female", "male"] * 8, "category"),
        (["3-1", "2-2", "0-4"] * 8, "category"),  # scores, not ranges
        (["low", "high", "medium"] * 8, "ordered"),
        (["Mon", "Tues", "Sun"] * 8, "ordered"),
        ([f"the name {i} of it" for i in range(60)], "text"),
        ([f"a name {i}" if i % 2 else None for i in range(160)], "text"),
        ([f"2024-01-{1 + i % 28:02}" for i in range(60)], "date"),
        ([20240100 + i for i in range(1, 25)], "date"),
        (list(pd.date_range("2024-01-01", periods=24)), "date"),
        (list(pd.date_range("2024-01-01", periods=24, tz="Europe/Berlin")), "date"),
        ([pd.Timestamp(2024, 1, 1 + i).date() for i in range(24)], "date"),
        (list(pd.timedelta_range("1h", periods=24)), "duration"),
        (["2h 50m", "19h", "30m"] * 8, "duration"),
        (["2 years", "3 months", "1 week"] * 8, "duration"),
        ([f"u{i}" for i in range(60)], "identifier"),
        ([f"{i * 7919:032x}" + "a1" for i in range(1, 60)], "identifier"),
        ([None] * 24, "empty"),
        ([" ", "", None] * 8, "empty"),
        ([7] * 24, "constant"),
        (["a"] * 24, "constant"),
        ([np.inf, 1.0, 1.0] * 8, "number"),  # what is missing may say something
        ([{"a": 1}, [2], b"bytes", 1 + 2j] * 6, "category"),
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
            "id": [f"u{i}" for i in range(120)],
            "row": range(1, 121),
            "empty": [None] * 120,
            "same": [1] * 120,
            "so": ["x"] * 120,
            "day": pd.date_range("2024-01-01", periods=120),
            "good": [i * i for i in range(120)],
            "again": [float(i * i) for i in range(120)],
        }
    )
    columns = Columns.learn(frame)
    assert columns.notes == [
        "Column 'id' holds numbered identifiers and is left out.",
        "Column 'row' numbers the rows and is left out.",
        "Column 'empty' is empty and left out.",
        "2 columns are constant and left out: same, so.",
        "Column 'again' is equal to 'good' and left out.",
    ]
    kinds = ["identifier", "identifier", "empty", "constant", "constant", "date", "number", "duplicate"]
    assert list(columns.frame()["kind"]) == kinds
    assert columns.used == 4 + 1


def test_long_lists_of_columns_are_shortened():
    frame = pd.DataFrame({f"c{place}": [1, 1, 1] for place in range(12)} | {"x": [1, 2, 3]})
    assert Columns.learn(frame).notes == ["12 columns are constant and left out: c0, c1, c2, c3, c4, c5, c6, c7, ...."]


def test_day_or_month_first_is_said_where_nothing_tells():
    frame = pd.DataFrame({"clear": ["24/03/2019", "01/02/2019"] * 4, "open": ["03/04/2019", "01/02/2019"] * 4})
    columns = Columns.learn(frame)
    assert columns.notes == ["Column 'open' dates such as 01/02/2019, month first, which is a guess."]
    dates = pd.to_datetime(columns.encode(frame).dates[0], unit="s")
    assert list(dates) == [pd.Timestamp("2019-03-24"), pd.Timestamp("2019-03-04")]


def test_a_row_number_is_better_than_nothing():
    assert Columns.learn(pd.DataFrame({"t": range(200)})).frame()["kind"][0] == "number"


def test_levels_with_one_row_are_one():
    values = ["often"] * 9 + ["b"] * 5 + ["a"] * 5 + ["once", "never"]
    frame = pd.DataFrame({"c": values})
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    assert table.levels == (4,)
    assert list(table.codes[[0, 10, 15, 19, 20], 0]) == [0, 2, 1, 3, 3]  # by frequency, ties by text
    assert columns.encode(pd.DataFrame({"c": ["new", None, " b "]})).codes[:, 0].tolist() == [3, -1, 2]
    assert columns.frame().loc[0, "note"] == "holds 5 levels; those with fewer than 2 rows are one"


def test_many_levels_with_parts_are_read_as_text_too():
    breeds = [f"{first} {second}" for first in ("Pug", "Boxer", "Collie", "Husky") for second in "abcdefghij"] * 3
    codes = [f"city_{place}" for place in range(40)] * 3
    columns = Columns.learn(pd.DataFrame({"breed": breeds, "city": codes}))
    table = columns.encode(pd.DataFrame({"breed": breeds, "city": codes}))
    assert (table.levels, table.n_texts) == ((40, 40), 1)
    assert table.numbers[0].tolist() == [5.0, 2.0, 0.2]  # "Pug a": characters, words, share of capitals and digits


def test_missing_texts_are_empty_and_say_so():
    values = [f"some words about {place}" if place % 2 else None for place in range(80)]
    frame = pd.DataFrame({"c": values})
    table = Columns.learn(frame).encode(frame)
    assert np.isnan(table.numbers[::2]).all()
    assert not np.isnan(table.numbers[1::2]).any()
    assert table.texts[0].words[[0]].nnz == 0


def test_units_of_one_kind_are_converted_and_others_are_a_category():
    frame = pd.DataFrame({"area": ["1200", "10 Sq. Yards", "2Acres"] * 4, "size": ["4 BHK", "2 Bedroom", "3 BHK"] * 4})
    table = Columns.learn(frame).encode(frame)
    assert table.numbers[:3].tolist() == [[1200.0, 4.0], [90.0, 2.0], [87120.0, 3.0]]
    assert table.levels == (2,)
    assert table.codes[:3, 0].tolist() == [0, 1, 0]


def test_numbers_beside_words_are_both():
    frame = pd.DataFrame({"c": ["1", ">4", "2", "never", "3", "4"] * 10})
    columns = Columns.learn(frame)
    table = columns.encode(frame)
    np.testing.assert_array_equal(table.numbers[:6, 0], [1, 5, 2, np.nan, 3, 4])
    assert table.codes[:6, 0].tolist() == [0, 0, 0, 1, 0, 0]


def test_codes_keep_their_leading_zeros():
    frame = pd.DataFrame({"zip": ["00501", "10001", "94103"] * 8})
    columns = Columns.learn(frame)
    same(columns.encode(pd.DataFrame({"zip": [501, 10001, 94103] * 8})), columns.encode(frame))


def test_ordered_categories_are_places():
    dtype = pd.CategoricalDtype(["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"c": pd.Series(["L", "S", None, "M"] * 3, dtype=dtype)})
    columns = Columns.learn(frame)
    assert columns.frame().loc[0, ["kind", "levels", "note"]].tolist() == ["ordered", 3, "S < M < L"]
    np.testing.assert_array_equal(columns.encode(frame).numbers[:4, 0], [3, 1, np.nan, 2])
    same(columns.encode(frame.astype(object)), columns.encode(frame))


# ---- kinds that the user gives


@pytest.mark.parametrize(
    ("values", "given", "kind"),
    [
        ([1, 2, 3] * 8, "category", "category"),
        ([1, 2, 3] * 8, "dropped", "dropped"),
        (["a", "b", "12"] * 8, "number", "number"),
        (["1", "0", "2"] * 8, "text", "text"),
        ([1_700_000_000, 1_600_000_000] * 8, "date", "date"),
        (["03/04/2019", "what", "ever"] * 8, "date", "date"),
        (["a", "b", "2h"] * 8, "duration", "duration"),
        (["y", "n", "perhaps"] * 8, "boolean", "boolean"),
        (["bad", "good", "fair"] * 8, "ordered", "ordered"),
        (["lo", "hi"] * 8, ["lo", "hi"], "ordered"),
        (range(200), "number", "number"),
        ([7] * 24, "number", "number"),
    ],
)
def test_kinds_of_the_user(values, given, kind):
    frame = pd.DataFrame({"c": values})
    columns = Columns.learn(frame, {"c": given})
    assert columns.columns[0].kind == kind
    assert len(columns.encode(frame)) == len(frame)


def test_seconds_milliseconds_and_days_are_dates():
    frame = pd.DataFrame({"s": [1_700_000_000, 1], "ms": [1_700_000_000_000, 1000], "d": [20231114, 19700101]})
    dates = Columns.learn(frame, dict.fromkeys(frame, "date")).encode(frame).dates
    assert dates.tolist() == [[1.7e9, 1.7e9, 1699920000.0], [1.0, 1.0, 0.0]]


@pytest.mark.parametrize(
    ("overrides", "error", "text"),
    [
        ({"colour": "category"}, DataError, "there is no column 'colour'; did you mean 'color'"),
        ({"zzz": "category"}, DataError, "there is no column 'zzz'; the columns are 'color', 'void'"),
        ({"color": "categry"}, ArgumentError, "got 'categry'. Did you mean 'category'"),
        ({"color": "date"}, DataError, "no cell of column 'color' can be read as date"),
        ({"color": "number"}, DataError, "no cell of column 'color' can be read as number"),
        ({"color": "ordered"}, DataError, "no order that is known"),
        ({"color": ["dark", "light"]}, DataError, "no cell of column 'color' can be read in the order"),
        ({"void": "ordered"}, DataError, "no cell of column 'void' can be read as ordered .all of them are missing"),
        ({"void": "text"}, DataError, "no cell of column 'void' can be read as text"),
        ({"color": 3}, InputTypeError, "must be a kind, a list"),
        (
            {"color": Encoding()},
            InputTypeError,
            "an object of a class that derives from automl.columns.encodings.Encoding",
        ),
        ("category", InputTypeError, "must map names of columns to kinds"),
    ],
)
def test_kinds_that_cannot_be_are_refused(overrides, error, text):
    frame = pd.DataFrame({"color": ["red", "blue", "red"], "void": [None] * 3})
    with pytest.raises(error, match=text):
        Columns.learn(frame, overrides)


@dataclass(frozen=True)
class Hexadecimal(Encoding):
    """Numbers such as 0x1f, in a unit."""

    name = "hexadecimal"

    unit: float = 1.0

    def encode(self, cells):
        read = [int(text, 16) if text.startswith("0x") else np.nan for text in cells.texts]
        return cells.spread(np.array(read, dtype=float) / self.unit, np.nan)


@dataclass(frozen=True)
class Initial(Categorical):
    """The first letter."""

    name = "initial"

    def labels(self, cells):
        return [text[0] for text in cells.texts]


def test_an_encoding_of_the_users_own_says_how_to_encode_only():
    texts = [f"0x{number:x}" for number in range(40)]
    frame = pd.DataFrame({"n": texts, "town": ["Rome", "Riga", "Bonn", "Bern"] * 10})
    columns, encoded = Columns.read(frame, {"n": Hexadecimal(unit=10.0), "town": Initial()})
    assert [(column.kind, column.n_levels) for column in columns.columns] == [("hexadecimal", None), ("initial", 2)]
    np.testing.assert_array_equal(encoded.numbers[:, 0], np.arange(40) / 10)
    assert encoded.codes[:4, 0].tolist() == [1, 1, 0, 0]
    same(columns.encode(frame), encoded)
    with pytest.warns(DataWarning, match="'n': 1 of 40 cells cannot be read as hexadecimal and count as missing, 'x'"):
        later = columns.encode(frame.assign(n=[*texts[:-1], "x"], town="Rotterdam"))
    assert np.isnan(later.numbers[-1, 0])
    assert set(later.codes[:, 0]) == {1}
    with pytest.raises(DataError, match="no cell of column 'town' can be read as hexadecimal"):
        Columns.learn(frame, {"town": Hexadecimal()})


class Short(Encoding):
    name = "short"

    def encode(self, cells):
        return np.zeros(len(cells.texts))


def test_an_encoding_gives_one_value_a_row():
    with pytest.raises(ArgumentError, match=r"'short' must give one value a row, .* of shape \(4,\); got \(2,\)"):
        Columns.learn(pd.DataFrame({"c": ["a", "b"] * 2}), {"c": Short()})


def test_an_encoding_proposes_itself_for_texts_that_it_reads():
    def proposed(texts):
        return Hexadecimal().propose("c", Cells(pd.Series(texts)))

    assert proposed([f"0x{number:x}" for number in range(40)] + ["unknown", None]).encodings == (Hexadecimal(),)
    assert proposed([f"0x{number:x}" for number in range(10)] + ["Oslo"]) is None
    assert proposed([1.0, 2.0]) is None


def test_columns_pickle():
    columns = Columns.learn(table())
    same(pickle.loads(pickle.dumps(columns)).encode(table()), columns.encode(table()))


def test_the_order_of_the_rows_does_not_matter():
    frame = table()
    columns, other = Columns.learn(frame), Columns.learn(frame.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(columns.frame(), other.frame())
    same(columns.encode(frame), other.encode(frame))


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
    yield "days as text", frame.assign(day=frame["day"].astype(str))
    yield "days as objects", frame.assign(day=frame["day"].dt.date)
    yield "days with a zone", frame.assign(day=frame["day"].dt.tz_localize("UTC"))
    yield "sloppy text", frame.assign(town="  " + frame["town"] + " ", level=frame["level"].str.upper())
    yield "spans of time", frame.assign(stay=pd.to_timedelta(frame["stay"]))
    yield "arrow", frame.convert_dtypes(dtype_backend="pyarrow")
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


# ---- many rows: the same as when all of them are looked at in one go


def test_columns_side_by_side_are_what_they_were_in_one_go(monkeypatch):
    rng = np.random.default_rng(0)
    columns = [rng.normal(size=23) * 10.0**power for power in (0, 40)]
    columns[0][3] = np.nan
    for chunk in (1, 5, 100):
        monkeypatch.setattr("automl.columns.table.CHUNK_ROWS", chunk)
        found = side_by_side(columns, 23, np.float64, 1e36)
        np.testing.assert_array_equal(found, np.clip(np.column_stack(columns), -1e36, 1e36))
    assert side_by_side([], 23, np.int32).shape == (23, 0)


def test_columns_that_differ_in_few_rows_are_no_duplicates():
    rows = 5_000
    base = (np.arange(rows) % 7).astype(float)
    nearly = base.copy()
    nearly[1_234] = 99  # not among the rows that are looked at first
    frame = pd.DataFrame({"a": base, "b": nearly, "c": base, "d": nearly, "e": base.astype(int), "f": base + 1})
    columns = Columns.learn(frame)
    notes = {column.name: column.note for column in columns.columns if column.kind == "duplicate"}
    assert notes == {name: f"is equal to {of!r} and left out" for name, of in (("c", "a"), ("d", "b"), ("e", "a"))}
    kept = Columns.learn(frame, {"c": "number"})
    assert [column.name for column in kept.columns if column.kind == "duplicate"] == ["d", "e"]


def test_numbers_are_read_without_a_copy_and_the_users_table_stays_as_it_is():
    frame = pd.DataFrame({"a": [1.0, np.inf, np.nan, -np.inf, 5.0], "b": [1e300, 2.0, 3.0, 4.0, -1e300]})
    before = frame.copy()
    table = Columns.read(frame)[1]
    np.testing.assert_array_equal(table.numbers[:, 0], [1, np.nan, np.nan, np.nan, 5])
    np.testing.assert_array_equal(table.numbers[:, 1], [1e36, 2, 3, 4, -1e36])
    pd.testing.assert_frame_equal(frame, before)
    assert Cells(before["b"]).numbers is not None
    assert np.shares_memory(Cells(before["b"]).numbers, before["b"].to_numpy())
