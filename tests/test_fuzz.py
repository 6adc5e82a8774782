"""Random tables thrown at `fit`: it fits and predicts, or refuses in one sentence; nothing else comes out."""

import datetime as dt
import uuid
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from automl import AutoML
from automl.data.columns import Columns
from automl.data.frame import as_frame, as_name
from automl.errors import AutoMLError

FAMILIES = ["decision_tree", "naive_bayes", "ridge", "logistic_regression", "lightgbm"]  # milliseconds a fit

# ---- cells: a column is drawn from a few values of one kind

FLOATS = st.floats(width=64) | st.sampled_from([1e308, -1e308, 1e-308, 5e-324, np.inf, -np.inf, np.nan, 0.0, -0.0, 0.1])
WHOLE = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 2**53 + 1, 2**62])
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "a", "b", "1", "2.0", "1e400", "nan", "NA", "inf", "0x1F", "1,5"]
)
WORDS = st.sampled_from(["red", "green", "blue", "Rot ", "3 kg", "$5", "50%", "12:30", "Monday", "true", "no", "1/2"])
LONG = st.lists(st.sampled_from(["alpha", "beta", "gamma", "ünï", "例", "x" * 300]), min_size=3, max_size=30).map(
    " ".join
)
DATES = st.dates() | st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1))
MOMENTS = st.datetimes() | st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1))
SPANS = st.timedeltas(dt.timedelta(-10_000), dt.timedelta(10_000))
ZONES = st.sampled_from([*map(ZoneInfo, ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])])
NESTED = st.sampled_from([[1], (1, 2), {"a": 1}, {1}, np.arange(2), pd.Series([1]), print, object(), 1j, iter("a")])
CELLS = {
    "floats": FLOATS,
    "small floats": st.floats(-100, 100, width=16),
    "whole": WHOLE,
    "small whole": st.integers(-3, 10),
    "beyond 64 bit": st.integers() | st.sampled_from([2**64, -(2**70), 10**400]),
    "flags": st.booleans(),
    "texts": TEXTS,
    "words": WORDS,
    "long texts": LONG,
    "text of numbers": (st.integers(-99, 99) | st.floats(-1e3, 1e3)).map(str),
    "text of dates": DATES.map(str) | MOMENTS.map(str),
    "bytes": st.binary(max_size=4),
    "decimals": st.decimals() | st.decimals(-99, 99, places=2),
    "fractions": st.fractions(),
    "dates": DATES,
    "moments": MOMENTS,
    "moments of zones": st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2030, 1, 1), timezones=ZONES),
    "times": st.times(),
    "spans": SPANS,
    "periods": st.sampled_from(
        [pd.Period("2024-01"), pd.Period("2024-02"), pd.Period("2024-02-03"), pd.Period("1066")]
    ),
    "intervals": st.sampled_from([pd.Interval(0, 1), pd.Interval(1, 2)]),
    "identifiers": st.uuids(),
    "constant": st.just("same"),
    "missing": st.sampled_from([None, np.nan, pd.NA, pd.NaT]),
    "complex": st.sampled_from([1j, 2 + 0j]),
}
CELLS["mixed"] = st.one_of(
    WHOLE, FLOATS, TEXTS, st.booleans(), DATES, st.decimals(), st.binary(max_size=2), MOMENTS, SPANS
)
CELLS["nested"] = NESTED | WHOLE
RARE = {"complex", "nested"}
DTYPES = [
    None, "object", "category", "string", "str", "float32", "float16", "uint8", "int8", "Int64", "Float64", "boolean",
    "string[pyarrow]", "double[pyarrow]", "int64[pyarrow]", "bool[pyarrow]", "Sparse[float]", "longdouble",
    "datetime64[ns]",
]  # fmt: skip
NAMES = st.text(max_size=6) | st.sampled_from(
    ["", " ", "x0", "y", "a\nb", "n" * 500, 0, 1, 2.5, None, ("a", "b"), np.nan]
)


@st.composite
def columns(draw, rows, kinds=tuple(CELLS), gaps=(0.0, 0.2, 0.9), least=1):
    """One column: a few values of a kind, spread over the rows, some missing, under some dtype that takes them."""
    kind = draw(st.sampled_from(kinds))
    pool = draw(
        st.lists(CELLS[kind], min_size=least, max_size=max(least, 8 if kind not in ("floats", "whole") else rows))
    )
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    cells = [pool[place] for place in random.integers(0, len(pool), rows)]
    gaps = draw(st.sampled_from(gaps))
    values = np.empty(rows, dtype=object)
    values[:] = [None if random.random() < gaps else cell for cell in cells]
    series = pd.Series(values)
    series = series if draw(st.booleans()) else series.infer_objects()
    dtype = draw(st.sampled_from(DTYPES))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return series if dtype is None else series.astype(dtype)
    except Exception:  # pandas says that they do not go together
        return series


@st.composite
def tables(draw):
    rows = draw(st.sampled_from([*range(4, 41), 1, 2, 3]))
    kinds = sorted(CELLS) if draw(st.sampled_from([*[False] * 9, True])) else sorted(set(CELLS) - RARE)
    found = draw(st.lists(columns(rows, tuple(kinds)), min_size=1, max_size=6))
    repeat = draw(st.sampled_from([*[False] * 19, True]))
    names = draw(st.lists(NAMES, min_size=len(found), max_size=len(found), unique_by=None if repeat else as_name))
    frame = pd.concat(found, axis=1)
    return frame.set_axis(pd.Index(names, dtype=object, tupleize_cols=False), axis=1)


def as_object(frame, form):
    """The table as another object, where that library takes it."""
    if any(isinstance(cell, uuid.UUID) for cell in frame.to_numpy(dtype=object).ravel()):
        return frame  # which others store as bytes
    named = frame.set_axis([as_name(name) for name in frame.columns], axis=1)
    if not named.columns.is_unique:
        return frame  # of which dicts would keep one column a name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if form == "polars":
                made = pl.from_pandas(named)
                return made if made.columns == list(named.columns) else frame  # it renames a column without a name
            if form == "pyarrow":
                return pa.Table.from_pandas(named)
            if form == "dicts":
                return named.to_dict("records")
            if form == "array":
                return frame.to_numpy(dtype=object)
    except Exception:
        pass
    return frame


@st.composite
def targets(draw, rows):
    """Mostly targets that can be learned; the other half whatever a column may be."""
    usual = ["flags", "small whole", "words", "small floats", "floats", "whole", "texts", "decimals"]
    if draw(st.booleans()):
        pool = draw(
            st.sampled_from([["a", "b"], [0, 1, 2], [True, False], [0.0, 1.0], [0.5, 1.25, 7.0, -3.0], [1, 2.5]])
        )
        random = np.random.default_rng(draw(st.integers(0, 2**16)))
        return pd.Series([pool[place] for place in random.permutation(rows) % len(pool)])
    return draw(
        columns(rows, tuple(usual if draw(st.booleans()) else sorted(CELLS)), gaps=(0.0, 0.0, 0.0, 0.2), least=3)
    )


def sentence(error):
    """Whether an error says what it has to say in one sentence."""
    text = str(error)
    assert text.endswith("."), text
    assert "\n" not in text, text
    assert len(text) <= 300, text


def drifted(frame, random):
    """Tables that may come after the one of the fit."""
    yield "again", frame
    yield "one row", frame.iloc[[0]]
    yield "shuffled", frame.iloc[:, random.permutation(frame.shape[1])]
    empty = pd.DataFrame(np.nan, index=range(2), columns=frame.columns)
    yield "all missing", empty
    yield "objects missing", empty.astype(object).where(empty.notna(), None)
    yield "texts", frame.astype(object).map(str)
    numbers = {
        k: pd.to_numeric(frame.iloc[:, k].astype(object).map(_number), errors="coerce") for k in range(frame.shape[1])
    }
    yield "numbers", pd.DataFrame(numbers).set_axis(frame.columns, axis=1)


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


COUNTS = {"fitted": 0, "refused": 0}
REFUSED: dict[str, int] = {}
FAILED: dict[str, int] = {}


def throw(X, y, seed, task="auto", form="pandas"):
    """Fit, and predict all that may come."""
    given = as_object(X, form)
    random = np.random.default_rng(seed)
    cv = int(random.integers(2, 4)) if len(X) > 2 else "auto"
    include = list(random.choice(FAMILIES, 2, replace=False))
    model = AutoML(
        max_trials=2, executor="inline", n_jobs=1, include=include, verbose=0, random_state=seed, cv=cv, task=task
    )
    try:
        model.fit(given, y)
    except AutoMLError as error:
        sentence(error)
        COUNTS["refused"] += 1
        assert not hasattr(model, "best_estimator_")
        key = type(error).__name__ + ": " + " ".join(str(error).split()[:6])
        REFUSED[key] = REFUSED.get(key, 0) + 1
        return
    COUNTS["fitted"] += 1
    for trial in model.failures_:
        key = f"{trial.candidate.family} {trial.status}: {trial.error}"
        FAILED[key] = FAILED.get(key, 0) + 1
    np.testing.assert_array_equal(model.predict(given), model.predict(X), err_msg=form)
    for name, table in drifted(X, random):
        try:
            answer = model.predict(table)
        except AutoMLError as error:
            if name == "texts" and "cannot be read as" in str(error):  # fractions and the like, written out
                continue
            raise AssertionError(f"{name}: a table like that of fit was refused: {error}") from error
        assert len(answer) == len(table), name
        if hasattr(model, "classes_"):
            assert set(answer.tolist()) <= set(model.classes_.tolist()), name
            shares = model.predict_proba(table)
            assert np.isfinite(shares).all(), name
            np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
        else:
            assert np.isfinite(answer).all(), name


ANY = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}


def fuzz(data):
    X = data.draw(tables())
    y = data.draw(targets(len(X)))
    task = data.draw(st.sampled_from(["auto", "auto", "auto", "regression", "classification"]))
    form = data.draw(st.sampled_from(["pandas", "pandas", "polars", "pyarrow", "dicts", "array"]))
    throw(X, y, data.draw(st.integers(0, 99)), task, form)


@pytest.mark.filterwarnings("ignore::automl.errors.DataWarning")
@settings(**ANY, max_examples=50)
@given(st.data())
def test_whatever_the_table(data):
    with threadpool_limits(1):
        fuzz(data)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::automl.errors.DataWarning")
@settings(**ANY, max_examples=1000)
@given(st.data())
def test_a_thousand_tables(data):
    with threadpool_limits(1):
        fuzz(data)


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
@settings(**ANY, max_examples=25)
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
