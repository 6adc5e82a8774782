"""Random tables and targets, each told by its seed and number: the same on every machine and in any order."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import struct
import uuid
import warnings
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from automl.tables.frame import as_name

# ---- cells: a column is drawn from a few values of one kind


def one_of(*values):
    return lambda random: random.choice(values)


def either(*makers):
    return lambda random: random.choice(makers)(random)


def whole(low, high):
    return lambda random: random.randint(low, high)


def text_of(maker):
    return lambda random: str(maker(random))


def any_float(random):
    """Any of the 2^64, so that all magnitudes are met."""
    return struct.unpack("d", struct.pack("Q", random.getrandbits(64)))[0]


def any_text(random):
    ranges = random.choice([(32, 126), (32, 126), (0, 0x24F), (0x370, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)])
    return "".join(chr(random.randint(*ranges)) for _ in range(random.randint(0, 12)))


def any_moment(first, last):
    seconds = int((last - first).total_seconds())
    return lambda random: (
        first
        + dt.timedelta(seconds=random.randint(0, seconds), microseconds=random.choice([0, random.randint(0, 999_999)]))
    )


def any_day(first, last):
    return lambda random: first + dt.timedelta(random.randint(0, (last - first).days))


def any_time(random):
    micro = random.choice([0, random.randint(0, 999_999)])
    return dt.time(random.randint(0, 23), random.randint(0, 59), random.choice([0, random.randint(0, 59)]), micro)


def any_span(random):
    days = random.choice([0, 1, 10_000])
    return dt.timedelta(random.randint(-days, days), random.randint(0, 86_400), random.choice([0, 1, 500_000]))


def any_decimal(random):
    return decimal.Decimal(random.randint(-(10**20), 10**20)).scaleb(random.randint(-30, 30))


def with_zone(random):
    zone = random.choice(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
    return any_moment(dt.datetime(1970, 1, 2), dt.datetime(2030, 1, 1))(random).replace(tzinfo=ZoneInfo(zone))


FLOATS = either(
    any_float,
    lambda random: random.gauss(0, 10.0 ** random.randint(-3, 6)),
    one_of(1e308, -1e308, 1e-308, 5e-324, np.inf, -np.inf, np.nan, 0.0, -0.0, 0.1),
)
WHOLE = either(whole(-(2**63), 2**63 - 1), whole(-(10**6), 10**6), one_of(0, 1, 2**53 + 1, 2**62))
TEXTS = either(
    any_text,
    one_of("", " ", "a", "b", "1", "2.0", "1e400", "nan", "NA", "inf", "0x1F", "1,5", "-0", "1e5", "00", "٣"),
)
WORDS = one_of(
    "red", "green", "blue", "Rot ", "3 kg", "$5", "50%", "12:30", "Monday", "true", "no", "1/2", "10-49", ">20"
)  # fmt: skip
PIECES = ["alpha", "beta", "gamma", "ünï", "例", "x" * 300]
DATES = either(any_day(dt.date.min, dt.date.max), any_day(dt.date(1990, 1, 1), dt.date(2030, 1, 1)))
MOMENTS = either(
    any_moment(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)),
    any_moment(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)),
)
DECIMALS = either(any_decimal, lambda random: decimal.Decimal(random.randint(-9900, 9900)).scaleb(-2),
                  one_of(*map(decimal.Decimal, ["NaN", "sNaN", "Infinity", "-Infinity", "-0"])))  # fmt: skip
NESTED = [[1], (1, 2), {"a": 1}, {1}, np.arange(2), pd.Series([1]), print, object(), 1j]
CELLS = {
    "floats": FLOATS,
    "small floats": lambda random: float(np.float16(random.uniform(-100, 100))),
    "whole": WHOLE,
    "small whole": whole(-3, 10),
    "beyond 64 bit": either(whole(-(2**80), 2**80), one_of(2**64, -(2**70), 10**400)),
    "flags": one_of(True, False),
    "texts": TEXTS,
    "words": WORDS,
    "long texts": lambda random: " ".join(random.choices(PIECES, k=random.randint(3, 30))),
    "text of numbers": text_of(either(whole(-99, 99), lambda random: random.uniform(-1e3, 1e3))),
    "text of dates": text_of(either(DATES, MOMENTS)),
    "bytes": lambda random: random.randbytes(random.randint(0, 4)),
    "decimals": DECIMALS,
    "fractions": lambda random: fractions.Fraction(random.randint(-(2**70), 2**70), random.randint(1, 99)),
    "dates": DATES,
    "moments": MOMENTS,
    "moments of zones": with_zone,
    "times": any_time,
    "spans": any_span,
    "periods": one_of(*map(pd.Period, ["2024-01", "2024-02", "2024-02-03", "1066"])),
    "intervals": one_of(pd.Interval(0, 1), pd.Interval(1, 2)),
    "identifiers": lambda random: uuid.UUID(int=random.getrandbits(128), version=4),
    "constant": one_of("same"),
    "missing": one_of(None, np.nan, pd.NA, pd.NaT),
    "complex": one_of(1j, 2 + 0j),
}
CELLS["mixed"] = either(
    WHOLE, FLOATS, TEXTS, one_of(True, False), DATES, DECIMALS, CELLS["bytes"], MOMENTS, any_span, any_time
)
CELLS["nested"] = either(one_of(*NESTED), lambda random: iter("a"), WHOLE)
RARE = {"complex", "nested"}  # which are refused
MANY = {"floats", "whole"}  # kinds of which all cells may differ
DTYPES = [
    None, "object", "category", "string", "str", "float32", "float16", "uint8", "int8", "Int64", "Float64", "boolean",
    "string[pyarrow]", "double[pyarrow]", "int64[pyarrow]", "bool[pyarrow]", "Sparse[float]", "longdouble",
    "datetime64[ns]",
]  # fmt: skip
NAMES = ["", " ", "x0", "y", "a\nb", "n" * 500, 0, 1, 2.5, None, ("a", "b"), np.nan]
TARGETS = [["a", "b"], [0, 1, 2], [True, False], [0.0, 1.0], [0.5, 1.25, 7.0, -3.0], [1, 2.5]]
USUAL = ["flags", "small whole", "words", "small floats", "floats", "whole", "texts", "decimals"]


def column(random, rows, kinds, gaps=(0.0, 0.2, 0.9), least=1):
    """One column: a few values of a kind, spread over the rows, some missing, under some dtype that takes them."""
    kind = random.choice(kinds)
    pool = [CELLS[kind](random) for _ in range(random.randint(least, max(least, rows if kind in MANY else 8)))]
    missing = random.choice(gaps)
    values = np.empty(rows, dtype=object)
    values[:] = [None if random.random() < missing else random.choice(pool) for _ in range(rows)]
    series = pd.Series(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        series = series if random.random() < 0.5 else series.infer_objects()
        dtype = random.choice(DTYPES)
        try:
            return series if dtype is None else series.astype(dtype)
        except Exception:  # pandas says that they do not go together
            return series


def table(random):
    """A table of up to 40 rows and 6 columns; one in ten may hold cells that are refused."""
    rows = random.choice([*range(4, 41), 1, 2, 3])
    kinds = sorted(CELLS) if random.random() < 0.1 else sorted(set(CELLS) - RARE)
    found = [column(random, rows, kinds) for _ in range(random.randint(1, 6))]
    repeat = random.random() < 0.05
    names = []
    while len(names) < len(found):
        name = random.choice([any_text(random)[:6], random.choice(NAMES)])
        if repeat or as_name(name) not in map(as_name, names):
            names.append(name)
    return pd.concat(found, axis=1).set_axis(pd.Index(names, dtype=object, tupleize_cols=False), axis=1)


def target(random, rows):
    """Mostly targets that can be learned; the other half whatever a column may be."""
    if random.random() < 0.5:
        pool = random.choice(TARGETS)
        places = random.sample(range(rows), rows)
        return pd.Series([pool[place % len(pool)] for place in places])
    kinds = USUAL if random.random() < 0.5 else sorted(CELLS)
    return column(random, rows, kinds, gaps=(0.0, 0.0, 0.0, 0.2), least=3)


def draw(seed, number):
    """Table, target, task and the source of further chance: number `number` of a seed."""
    random = Random(f"{seed}.{number}")
    X = table(random)
    y = target(random, len(X))
    return X, y, random.choice(["auto", "auto", "auto", "regression", "classification"]), random
