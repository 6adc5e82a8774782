"""Any table object: the same content under another object, dtype, name or index is the same table."""

import datetime as dt
import decimal
import fractions
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from automl import AutoML
from automl.columns.columns import Columns
from automl.errors import DataError
from automl.tables.arrays import table_of_rows
from automl.tables.frame import as_frame, as_target, refuse_too_large

ROWS = 24
QUICK = {
    "max_trials": 1,
    "executor": "inline",
    "n_jobs": 1,
    "verbose": 0,
    "random_state": 0,
    "include": ["decision_tree"],
    "try_first": ["decision_tree(input)"],
}


def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "whole": rng.integers(0, 100, ROWS),
            "gaps": np.where(rng.random(ROWS) < 0.3, np.nan, rng.normal(size=ROWS)),
            "flag": rng.random(ROWS) < 0.5,
            "town": rng.choice(["Rome", "Oslo", "Bonn"], ROWS),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, ROWS), unit="D"),
        }
    )


LABELS = np.where(table()["flag"], "yes", "no")


class Sulking:
    """An object without a text."""

    def __str__(self):
        raise RuntimeError("no")


def records(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


# the same table as other objects; `None` names mean that the columns are known by their place
OBJECTS = {
    "pandas": lambda frame: frame,
    "objects": lambda frame: frame.astype(object),
    "nullable": lambda frame: frame.convert_dtypes(),
    "Arrow-backed": lambda frame: frame.convert_dtypes(dtype_backend="pyarrow"),
    "shuffled columns": lambda frame: frame[frame.columns[::-1]],
    "repeated index": lambda frame: frame.set_index(pd.Index([7] * ROWS)),
    "index of two levels": lambda frame: frame.set_index([frame["town"], frame["whole"]]),
    "polars": pl.from_pandas,
    "polars, lazy": lambda frame: pl.from_pandas(frame).lazy(),
    "pyarrow": pa.Table.from_pandas,
    "record batch": lambda frame: pa.RecordBatch.from_pandas(frame),
    "list of dicts": records,
    "list of rows": lambda frame: [list(row.values()) for row in records(frame)],
    "array of objects": lambda frame: frame.to_numpy(dtype=object),
    "structured array": lambda frame: frame.to_records(index=False),
}


@pytest.fixture(scope="module")
def fitted():
    return AutoML(**QUICK).fit(table(), LABELS)


@pytest.mark.parametrize("name", OBJECTS)
def test_predict_takes_any_object(fitted, name):
    expected = fitted.predict_proba(table())
    np.testing.assert_array_equal(fitted.predict_proba(OBJECTS[name](table())), expected)


@pytest.mark.parametrize("name", OBJECTS)
def test_fit_takes_any_object(fitted, name):
    model = AutoML(**QUICK).fit(OBJECTS[name](table()), LABELS)
    np.testing.assert_array_equal(model.predict(OBJECTS[name](table())), fitted.predict(table()))
    by_name = name not in ("list of rows", "array of objects")
    assert hasattr(model, "feature_names_in_") is by_name
    if by_name:
        np.testing.assert_array_equal(model.predict_proba(table()), fitted.predict_proba(table()))


@pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
def test_periods_and_intervals_stay_what_they_are(name):
    """Arrow stores them as whole numbers and dicts, and says beside them what they are."""
    months = pd.array([pd.Period("2024-01"), pd.NaT, pd.Period("2024-03")])
    frame = pd.DataFrame({"month": months, "range": pd.cut([1, 2, 3], [0, 1, 5]).astype("interval[int64, right]")})
    read = as_frame(OBJECTS[name](frame.rename(columns={"month": "mo\0nth"})))
    read = read.rename(columns={"mo\0nth": "month"})
    assert read["month"].tolist()[::2] == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-03-01")]
    assert read["month"].isna().tolist() == [False, True, False]
    assert read["range"].tolist() == ["(0, 1]", "(1, 5]", "(1, 5]"]


@pytest.mark.parametrize("ordered", [False, True])
def test_levels_that_are_large_whole_numbers_stay_whole(ordered):
    levels = [2**62, None, 3, 2**62 + 1, 3]
    frame = pd.DataFrame({"a": pd.Categorical(levels, ordered=ordered)})
    assert as_frame(pa.Table.from_pandas(frame))["a"].dtype == as_frame(frame)["a"].dtype
    assert as_frame(pa.Table.from_pandas(frame))["a"].astype(object).tolist()[3] == 2**62 + 1


@pytest.mark.parametrize("gap", [{}, {"a": None}])
def test_large_whole_numbers_of_dicts_stay_whole_beside_gaps(gap):
    table = table_of_rows([{"a": 2**62 + 1}, gap, {"a": 2**53 + 1}])
    assert table["a"].tolist()[::2] == [2**62 + 1, 2**53 + 1]
    assert table["a"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array, sparse.dok_matrix])
def test_sparse_tables_are_filled_out(make):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(ROWS, 3)) * (rng.random((ROWS, 3)) < 0.5)
    frame = as_frame(make(dense))
    assert list(frame.columns) == ["x0", "x1", "x2"]
    np.testing.assert_array_equal(frame, dense)
    model = AutoML(**QUICK).fit(make(dense), LABELS)
    np.testing.assert_array_equal(model.predict(dense), model.predict(make(dense)))


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (pd.array([1, None, 3], dtype="Int64"), "float64", [1, None, 3]),
        (pd.array([1, 2, 2**62 + 1], dtype="Int64"), "int64", [1, 2, 2**62 + 1]),
        (pd.array([True, False, True], dtype="boolean"), "bool", [True, False, True]),
        (pd.array([True, None, True], dtype="boolean"), "boolean", [True, None, True]),
        (pd.array(["a", None, "b"], dtype="string"), None, ["a", None, "b"]),
        (pd.Series([1, None, 3], dtype="int64[pyarrow]"), "float64", [1, None, 3]),
        (pd.Series(["a", None, "b"], dtype="string[pyarrow]"), None, ["a", None, "b"]),
        (pd.Series([1, 2, None], dtype=pd.ArrowDtype(pa.decimal128(5, 1))), "float64", [1, 2, None]),
        (pd.Series([dt.date(2024, 1, 2), None], dtype=pd.ArrowDtype(pa.date32())), "datetime64", ["2024-01-02", None]),
        ([decimal.Decimal("1.5"), None, decimal.Decimal("NaN")], "float64", [1.5, None, None]),
        ([decimal.Decimal("sNaN"), decimal.Decimal(2)], "float64", [None, 2]),
        ([fractions.Fraction(1, 2), 1, 2.5], "float64", [0.5, 1, 2.5]),
        ([2**70, 1, -(10**400)], "float64", [2.0**70, 1, -np.inf]),
        ([2**53 + 1, 0], "int64", [2**53 + 1, 0]),
        ([dt.date(2024, 1, 2), dt.datetime(2024, 1, 3), None], "datetime64", ["2024-01-02", "2024-01-03", None]),
        ([dt.date(1, 1, 1), dt.date(9999, 12, 31)], "datetime64", ["0001-01-01", "9999-12-31"]),
        ([dt.timedelta(hours=1), np.timedelta64(2, "h")], "timedelta64", ["1h", "2h"]),
        (pd.period_range("2024-01", periods=2, freq="M"), "datetime64", ["2024-01-01", "2024-02-01"]),
        ([pd.Period("2024"), pd.Period("2024-02-01"), None], "datetime64", ["2024-01-01", "2024-02-01", None]),
        ([b"a", bytearray(b"b"), "c", b"\xff"], None, ["a", "b", "c", "\ufffd"]),
        ([np.str_("a"), "b"], None, ["a", "b"]),
        (pd.arrays.SparseArray([0, 0, 1]), "int64", [0, 0, 1]),
        (np.array([1, 2], dtype=">i4"), "int32", [1, 2]),
        (np.array([1.5, 2], dtype=np.float16), "float32", [1.5, 2]),
        (np.array([1.5, 2], dtype=np.longdouble), "float64", [1.5, 2]),
        (pd.Categorical(["b", None, "a"]), "category", ["b", None, "a"]),
        (pd.Categorical([2, None, 1]), "category", [2, None, 1]),
        (pd.Categorical(pd.to_datetime(["2024-01-02", None])), "datetime64", ["2024-01-02", None]),
        ([Sulking(), "a"], None, [None, "a"]),
        (pd.interval_range(0, 2), None, ["(0, 1]", "(1, 2]"]),
        ([True, 1, "a", 2.5, None], "object", [True, 1, "a", 2.5, None]),
        ([None, pd.NA, np.nan, pd.NaT], "float64", [None] * 4),
    ],
)
def test_dtypes_become_plain(values, dtype, expected):
    read = as_frame(pd.DataFrame({"a": values}))["a"]
    assert str(read.dtype).startswith(dtype or ("str" if pd.__version__ >= "3" else "object"))
    assert list(read.isna()) == [value is None for value in expected]
    kind = type(read.dropna().iloc[0]) if str(dtype).startswith(("date", "time")) else lambda value: value
    assert [value for value in read if not pd.isna(value)] == [kind(v) for v in expected if v is not None]


def test_an_order_is_kept():
    sizes = pd.Categorical(["S", "L", None], categories=["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"a": sizes})
    for given in (frame, pa.Table.from_pandas(frame)):
        read = as_frame(given)["a"]
        assert read.cat.ordered
        assert list(read.cat.categories) == ["S", "M", "L"]


def test_a_time_zone_is_kept():
    moments = pd.Series(pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"))
    for same in (moments, moments.astype(object), pl.from_pandas(moments)):
        frame = as_frame(pl.DataFrame({"a": same}) if isinstance(same, pl.Series) else pd.DataFrame({"a": same}))
        assert frame["a"].tolist() == moments.tolist()
    mixed = [*moments[:2], moments[2].tz_convert("Asia/Tokyo")]
    assert as_frame(pd.DataFrame({"a": mixed}))["a"].tolist() == moments.dt.tz_convert("UTC").tolist()


@pytest.mark.parametrize("values", [["b", None, "a"], [2, None, 1], [dt.datetime(2024, 1, 2), None], [2.5, 1.0]])
def test_categories_of_arrow_are_those_of_pandas(values):
    frame = pd.DataFrame({"a": pd.Categorical(pd.Series(values))})
    pd.testing.assert_frame_equal(as_frame(pa.Table.from_pandas(frame)), as_frame(frame), check_categorical=False)


def test_masked_arrays_have_gaps():
    frame = as_frame(np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]]))
    np.testing.assert_array_equal(frame, [[1, np.nan], [3, 4]])


def test_names_are_text():
    names = [0, np.int64(1), 2.5, None, ("a", "", 1), b"c", np.str_("d"), pd.Timestamp("2024-01-01"), ""]
    frame = pd.DataFrame(np.zeros((3, len(names))), columns=pd.Index(names, dtype=object, tupleize_cols=False))
    assert list(as_frame(frame).columns) == ["0", "1", "2.5", "nan", "a_1", "c", "d", "2024-01-01 00:00:00", ""]


def test_levels_of_names_are_joined():
    columns = pd.MultiIndex.from_tuples([("price", "mean"), ("price", "max"), ("id", "")])
    frame = pd.DataFrame(np.arange(3 * ROWS).reshape(ROWS, 3) % 7, columns=columns)
    assert list(as_frame(frame).columns) == ["price_mean", "price_max", "id"]
    model = AutoML(**QUICK, task="regression").fit(frame, ("price", "mean"))
    assert list(model.columns_["column"]) == ["price_max", "id"]
    assert len(model.predict(frame)) == ROWS


def test_numbers_may_name_a_column():
    frame = table().set_axis(range(5), axis=1)
    model = AutoML(**QUICK).fit(frame, 3)
    assert set(model.classes_) == {"Rome", "Oslo", "Bonn"}
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_array_equal(
        model.predict(frame), model.predict(pl.from_pandas(frame.set_axis(list("01234"), axis=1)))
    )


def test_no_argument_is_no_name():
    """A column called None is not what `sample_weight=None` names."""
    frame = pd.DataFrame({None: list("ab") * 12, "a": range(ROWS)})
    assert list(AutoML(**QUICK).fit(frame, LABELS).columns_["column"]) == ["nan", "a"]


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("model", ["best_estimator_", "best_pipeline_"])
def test_what_is_handed_over_takes_any_object(fitted, model, name):
    expected = getattr(fitted, model).predict_proba(table())
    np.testing.assert_array_equal(getattr(fitted, model).predict_proba(OBJECTS[name](table())), expected)


WHOLE = np.arange(ROWS) % 3
TARGETS = {
    "array": WHOLE,
    "list": WHOLE.tolist(),
    "tuple": tuple(WHOLE.tolist()),
    "Series": pd.Series(WHOLE, index=range(ROWS, 0, -1)),
    "Index": pd.Index(WHOLE),
    "nullable": pd.array(WHOLE, dtype="Int64"),
    "Arrow-backed": pd.Series(WHOLE, dtype="int64[pyarrow]"),
    "one column": pd.DataFrame({"target": WHOLE}),
    "polars": pl.Series("target", WHOLE),
    "polars, one column": pl.DataFrame({"target": WHOLE}),
    "pyarrow": pa.chunked_array([WHOLE]),
    "objects": WHOLE.astype(object),
    "unsigned": WHOLE.astype(np.uint8),
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets_of_any_object(name):
    target = as_target(TARGETS[name], ROWS)
    assert target.dtype.kind in "iu"
    assert target.tolist() == WHOLE.tolist()
    assert list(target.index) == list(range(ROWS))


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (LABELS, ["no", "yes"]),
        (pd.Series(LABELS, dtype="string"), ["no", "yes"]),
        (pd.Categorical(LABELS, categories=["yes", "no", "never"]), ["no", "yes"]),
        (pl.Series(LABELS).cast(pl.Categorical), ["no", "yes"]),
        (LABELS.astype("S3"), ["no", "yes"]),
        (LABELS == "yes", [False, True]),
        (pd.array(LABELS == "yes", dtype="boolean"), [False, True]),
        ((LABELS == "yes").astype(float), [0.0, 1.0]),
        (pd.Categorical(LABELS == "yes"), [False, True]),
        (pd.Categorical(np.where(LABELS == "yes", 10, 2)), [2, 10]),
    ],
)
def test_labels_of_any_dtype(y, classes):
    model = AutoML(**QUICK).fit(table(), y)
    assert model.classes_.tolist() == classes
    assert set(model.predict(table())) <= set(classes)
    assert model.score(table(), y) == np.mean(
        model.predict(table()) == np.asarray(classes)[(LABELS == "yes").astype(int)]
    )


def test_score_finds_the_target_in_any_table():
    frame = table().assign(target=LABELS)
    model = AutoML(**QUICK).fit(pl.from_pandas(frame), "target")
    assert model.score(pl.from_pandas(frame), "target") == model.score(frame, "target") > 0.6


def test_reading_again_changes_nothing():
    frame = as_frame(table().convert_dtypes())
    pd.testing.assert_frame_equal(as_frame(frame), frame)


def test_large_tables_are_refused_unread():
    """Zeros that stand for a table of 8 TB: nothing of that size is made."""
    wide = np.broadcast_to(0.0, (10**6, 10**6))
    with pytest.raises(DataError, match=r"1000000 rows and 1000000 columns, which take 8 TB .* memory_limit, 1 GB"):
        AutoML(**QUICK, memory_limit="1GB").fit(wide, np.zeros(10**6))
    wide = sparse.csr_array((10**6, 1000))
    refuse_too_large(wide, 33 * 10**9)
    with pytest.raises(DataError, match=r"8 GB as numbers, more than 25% of memory_limit, 7.75 GB"):
        refuse_too_large(wide, 31 * 10**9)
    with pytest.raises(DataError, match="8 GB as numbers"):
        AutoML(**QUICK, memory_limit="1GB").fit(wide, np.zeros(10**6))


def test_other_libraries_are_imported_only_for_their_tables():
    code = (
        "import sys, numpy, pandas; from automl.tables.frame import as_frame, as_target;"
        "as_frame(pandas.DataFrame({'a': [1, 2]})); as_frame(numpy.eye(3)); as_frame([[1], [2]]); as_target([1, 2], 2);"
        "print({'narwhals', 'polars'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


def test_columns_read_alike():
    """What the models see of a table does not depend on the object that it came in."""
    columns = Columns.learn(as_frame(table()))
    expected = columns.encode(as_frame(table())).arrays()
    for name, make in OBJECTS.items():
        frame = as_frame(make(table()))
        frame = frame if "town" in frame.columns else frame.set_axis(table().columns, axis=1)
        for part, array in columns.encode(frame).arrays().items():
            np.testing.assert_array_equal(array, expected[part], err_msg=name)
