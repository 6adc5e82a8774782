"""A fixed set of random tables (`fuzzing`), the command that throws new ones, and dtypes that are read alike."""

import datetime as dt
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import fuzz_many
import fuzzing
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import draw
from same_tables import FORMS, as_object
from threadpoolctl import threadpool_limits

from automl.columns.columns import Columns
from automl.tables import foreign
from automl.tables.frame import as_frame

SEED = "tests"
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("first", [0, pytest.param(20, marks=pytest.mark.slow)])
def test_whatever_the_table(first):
    with threadpool_limits(1):
        seen = [fuzzing.throw(SEED, number) for number in range(first, first + 20)]
    assert any(one.fitted for one in seen)
    assert any(one.refusal for one in seen)
    assert {form for one in seen for form in one.forms} == set(FORMS)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(40, 540, 100))
def test_hundreds_of_tables(first):
    found = [row for row in (fuzzing.told(SEED, number) for number in range(first, first + 100)) if "found" in row]
    assert not found, found[0]["trace"]


# ---- what is thrown


def drawn(numbers):
    tables = [draw(SEED, number)[:3] for number in numbers]
    return repr([(X.columns.tolist(), X.to_numpy(object).tolist(), y.tolist(), task) for X, y, task in tables])


def test_a_table_depends_on_its_seed_and_number_alone():
    numbers = [n for n in range(29, -1, -1) if " at 0x" not in drawn([n])]  # objects that are refused
    assert len(numbers) > 20
    code = (
        f"from random_tables import draw\nSEED = {SEED!r}\n{inspect.getsource(drawn)}\nprint(ascii(drawn({numbers})))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == ascii(drawn(numbers))
    assert drawn([1]) != drawn([2])


def test_only_the_very_same_cells_are_compared():
    """pyarrow makes dates of the numbers beside dates, and numbers of True beside numbers: no reader could tell."""
    day = dt.date(2020, 1, 1)
    for cells in ([day, 5, None], [day, dt.datetime(2020, 1, 1, 3), None], [2.5, True, None]):
        frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
        assert pa.Table.from_pandas(frame)["a"].to_pylist()[1] is not cells[1]
        assert as_object(frame, "pyarrow", Random(0)) is None
        assert as_object(frame, "dicts", Random(0)) == [{"a": cell} for cell in cells]
    days = pd.DataFrame({"a": pd.Series([day, None], dtype=object)})
    assert as_object(days, "pyarrow", Random(0))["a"].to_pylist() == [day, None]


def test_a_planted_difference_is_found(monkeypatch):
    column = foreign._column
    monkeypatch.setattr(foreign, "_column", lambda series: column(series).iloc[::-1].reset_index(drop=True))
    found = {row["found"] for row in (fuzzing.told(SEED, number) for number in range(12)) if "found" in row}
    assert found & {"AssertionError: polars: other numbers", "AssertionError: pyarrow: other numbers"}, found
    assert all(re.match("AssertionError: (polars|pyarrow): other ", text) for text in found), found


def test_a_planted_error_is_found_where_it_is_raised(monkeypatch):
    def broken(self, X):
        raise RuntimeError(f"no column '{X.shape}' of 17")

    monkeypatch.setattr(Columns, "align", broken)
    found = {row["found"] for row in (fuzzing.told(SEED, number) for number in range(6)) if "found" in row}
    assert found == {"RuntimeError in columns.look: no column '…' of #"}


# ---- the command


def test_the_command_throws_tables_and_says_what_became_of_them(capsys):
    assert fuzz_many.main(["2", "--seed", "1", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("seed 1\n2 tables of seed 1 in ")
    assert " 0 wrong." in said


ODD = """
import json, os, sys, time
seed, start, stop, step = map(int, sys.argv[1:])
for number in range(start, stop, step):
    if number == 5:
        os.abort()
    if number == 6:
        time.sleep(60)
    wrong = {"found": "ValueError: x", "trace": "first\\nlast"} if number in (3, 8) else {}
    row = {"fitted": True, "refusal": "", "failures": [], "forms": ["dicts"]} | wrong
    print("noise")
    print(json.dumps({"number": number} | (wrong or row)), flush=True)
"""


def test_the_command_groups_what_it_finds_and_goes_on(capsys, monkeypatch):
    """A table that ends its process, or hangs, is found as well, and costs no other."""
    monkeypatch.setattr(fuzz_many, "LIMIT", 1.0)
    assert fuzz_many.main(["10", "--seed", "4"], worker=[sys.executable, "-c", ODD]) == 1
    said = capsys.readouterr().out
    assert "10 tables of seed 4" in said
    assert "6 fitted, 0 refused in a sentence, 4 wrong" in said
    assert "2 × ValueError: x  (table 3)\n          again: scripts/check --fuzz 1 --seed 4 --start 3\n" in said
    assert "          last\n" in said
    assert "1 × its process ended with -6  (table 5)" in said
    assert "1 × longer than 1 s  (table 6)" in said


def test_the_command_ends_when_its_minutes_are_over(capsys):
    code = "import time; time.sleep(60)"
    assert fuzz_many.main(["9", "--seed", "4", "--minutes", "0.005"], worker=[sys.executable, "-c", code]) == 0
    assert "Ended early; --fuzz 9 --seed 4 --start 0 goes on." in capsys.readouterr().out


def test_the_command_says_where_no_table_can_be_thrown(capsys):
    assert fuzz_many.main(["9"], worker=[sys.executable, "-c", "1 / 0"]) == 2
    assert "no table could be thrown; see: " in capsys.readouterr().out


# ---- the same content under another dtype is read into the same arrays

SAME = {
    "whole": (
        st.integers(-(2**31), 2**31 - 1) | st.none(),
        ["Int64", "float64", "object", "Int32", "int64[pyarrow]", "string", str],
    ),
    "floats": (
        st.floats(allow_nan=False, allow_infinity=False, width=32) | st.none(),
        ["float64", "Float64", "object", "double[pyarrow]", "string", str],
    ),
    "flags": (st.booleans() | st.none(), ["boolean", "object", "bool[pyarrow]", "string", str]),
    "words": (
        st.sampled_from(["red", "green", "b l u e", "Ünï", "例", "x" * 100]) | st.none(),
        ["object", "category", "string", "string[pyarrow]", str],
    ),
    "dates": (
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)).map(lambda moment: moment.replace(microsecond=0))
        | st.none(),
        ["object", "datetime64[us]", "datetime64[ns]", "timestamp[us][pyarrow]", str],
    ),
}


def under(values, dtype):
    """The cells under a dtype; `str` writes each as text, as a file would."""
    objects = pd.Series(values, dtype=object)
    return objects.map(lambda cell: None if cell is None else str(cell)) if dtype is str else objects.astype(dtype)


@pytest.mark.parametrize("kind", SAME)
@settings(max_examples=25)
@given(st.data())
def test_dtypes_read_alike(kind, data):
    cells, dtypes = SAME[kind]
    values = data.draw(st.lists(cells, min_size=4, max_size=30))
    first, second = data.draw(st.sampled_from(dtypes)), data.draw(st.sampled_from(dtypes))
    tables = [as_frame(pd.DataFrame({"a": under(values, dtype), "b": range(len(values))})) for dtype in (first, second)]
    columns = Columns.learn(tables[0])
    expected = columns.encode(tables[0]).arrays()
    for name, array in columns.encode(tables[1]).arrays().items():
        np.testing.assert_array_equal(array, expected[name])
    pd.testing.assert_frame_equal(as_frame(tables[0]), tables[0])
