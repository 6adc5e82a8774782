"""Numbers, dates and spans of time as people write them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from automl.parsing.cells import Cells, text_of
from automl.parsing.dates import date_shape, guess_dates, read_times
from automl.parsing.parse import guess_numbers, parse_number
from automl.parsing.spans import parse_span


def cells_of(values):
    return Cells(pd.Series(values, dtype=object))


# ---- numbers


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234.5", 1234.5, ""),
        ("1 234", 1234, ""),
        ("1\u202f234\u00a0€", 1234, "€"),
        ("1'234.50", 1234.5, ""),
        ("12,34,567", 1234567, ""),
        ("$5", 5, "$"),
        ("-$5.5", -5.5, "$"),
        ("USD 12", 12, "$"),
        ("12 usd", 12, "$"),
        ("Rs. 500", 500, "₹"),
        ("5%", 5, "%"),
        ("34.46Sq. Meter", 34.46, "sq meter"),
        ("1500 sq.ft.", 1500, "sq ft"),
        ("12 km", 12, "km"),
        ("3.5GB", 3.5, "gb"),
        ("3 stops", 3, "stop"),
        ("3M", 3, "million"),
        ("3 m", 3, "m"),
        ("19k", 19, "k"),
        ("2100 - 2850", 2475, ""),
        ("2100–2850", 2475, ""),
        ("10 to 20", 15, ""),
        ("$10-$20", 15, "$"),
        ("10 kg - 20 kg", 15, "kg"),
        ("[10, 20)", 15, ""),
        ("(-0.5, 1.5]", 0.5, ""),
        ("(20, inf)", 20, ""),
        ("100<=X<500", 300, ""),
        ("between 10 and 20", 15, ""),
        ("<5", 2.5, ""),
        ("lt-80", 40, ""),
        ("<0", -1, ""),
        (">20", 21, ""),
        (">0.5", 0.55, ""),
        ("Over 100", 101, ""),
        (">=7", 7, ""),
        ("10+", 10, ""),
        ("65 and over", 65, ""),
        ("~3", 3, ""),
        ("about 3", 3, ""),
        ("(1,200)", -1200, ""),
        ("1200-", -1200, ""),
        ("−3", -3, ""),
        ("1/2", 0.5, ""),
        ("1 3/4", 1.75, ""),
        ("1e5", 1e5, ""),
        ("11th", 11, ""),
        ("non-stop", 0, ""),
        (".5", 0.5, ""),
    ],
)
def test_numbers_in_texts(text, value, unit):
    found = parse_number(text)
    assert found is not None
    assert found == (pytest.approx(value), unit)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "2019-03-24",
        "12:30",
        "1.2.3",
        "40.7, -74",
        "18-Dec",
        "3-1",
        "city_1",
        "B-737",
        "12 Main Street 5",
        "(5",
        "e5",
    ],
)
def test_texts_that_are_no_numbers(text):
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.234,5", 1234.5), ("1.234.567", 1234567), ("12,5 €", 12.5), ("0,5", 0.5), ("1 234,5", 1234.5)],
)
def test_decimal_commas(text, value):
    found = parse_number(text, ",")
    assert found is not None
    assert found[0] == value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1.234,5", "2.000", "3,25"], [1234.5, 2000, 3.25]),  # one clear case decides for all
        (["1,234.5", "2,000", "3.25"], [1234.5, 2000, 3.25]),
        (["1,234", "2,000"], [1234, 2000]),
        (["0,123", "0,456"], [0.123, 0.456]),
        (["1.5", "2.25", "unknown"], [1.5, 2.25, np.nan]),
        (["19k", "3.4M", "512"], [19e3, 3.4e6, 512]),
        (["300 m", "1.2 km"], [300, 1200]),
        (["5 kg", "7 kg"], [5, 7]),
        (["50-99", "Oct-49", "4-Jan", "100-500"], [74.5, 29.5, 2.5, 300]),  # a spreadsheet made dates of ranges
    ],
)
def test_columns_of_numbers(values, expected):
    cells = cells_of(values)
    texts, guess = cells.texts, guess_numbers(cells)
    assert guess is not None
    assert guess.share == 1.0
    found = dict(zip(texts, guess.values, strict=True))
    np.testing.assert_allclose([found[value] for value in values], expected)
    np.testing.assert_allclose(guess.format.read(texts)[0], guess.values)


def test_telephone_numbers_are_no_ranges():
    assert guess_numbers(cells_of([f"{100 + place}-{4000 + place}" for place in range(300)])) is None


def test_units_that_were_not_met_are_missing():
    guess = guess_numbers(cells_of(["1 kg", "2 kg", "3 kg"]))
    assert guess is not None
    read, _ = guess.format.read(np.array(["4 kg", "4", "4 parrots"], dtype=object))
    np.testing.assert_array_equal(read, [4, 4, np.nan])


STYLES = {
    "plain": "{:.2f}",
    "thousands": "{:,.2f}",
    "dollars": "${:,.2f}",
    "unit": "{:,.2f} kg",
    "attached": "{:.2f}km/h",
    "percent": "{:.2f} %",
    "code": "EUR {:,.2f}",
    "accounting": "({:,.2f})",
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(0.01, 1e9), min_size=2, max_size=20), st.sampled_from(sorted(STYLES)), st.booleans())
def test_numbers_are_read_back(numbers, style, swapped):
    numbers = [round(number, 2) for number in numbers]
    texts = [STYLES[style].format(number) for number in numbers]
    if swapped:  # 1.234,50
        texts = [text.translate(str.maketrans(",.", ".,")) for text in texts]
    cells = Cells(pd.Series(texts))
    guess = guess_numbers(cells)
    assert guess is not None
    sign = -1 if style == "accounting" else 1
    np.testing.assert_allclose(cells.spread(guess.values, np.nan), [sign * number for number in numbers])


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=30) | st.from_regex(r"[-<>~(]?[\d.,' ]{1,12}[a-zA-Z%$ /-]{0,6}\d{0,4}[)+-]?", fullmatch=True))
def test_whatever_the_text_no_parser_fails(text):
    for point in (".", ","):
        found = parse_number(text, point)
        assert found is None or np.isreal(found[0])
    date_shape(text)
    span = parse_span(text)
    assert span is None or np.isfinite(span[0])


# ---- dates


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2019-03-24", "2019-04-01"], ["2019-03-24", "2019-04-01"]),
        (["24/03/2019", "01/04/2019"], ["2019-03-24", "2019-04-01"]),
        (["3/24/2019", "4/1/2019"], ["2019-03-24", "2019-04-01"]),
        (["24.3.2019", "1.4.2019"], ["2019-03-24", "2019-04-01"]),
        (["03.04.2019", "01.04.2019"], ["2019-04-03", "2019-04-01"]),  # with points, the day comes first
        (["24/03/19", "01/04/19"], ["2019-03-24", "2019-04-01"]),
        (["2015/8/6 16:47", "2015/11/17 0:00"], ["2015-08-06 16:47", "2015-11-17"]),
        (["9/30/1990 0:00:00", "10/1/1990 5:06:07"], ["1990-09-30", "1990-10-01 05:06:07"]),
        (["01:10 22 Mar", "23:59 29 Feb"], ["2000-03-22 01:10", "2000-02-29 23:59"]),
        (["Mar 2019", "May 2019", "June 2019"], ["2019-03-01", "2019-05-01", "2019-06-01"]),
        (["Mar-19", "Apr-20"], ["2019-03-01", "2020-04-01"]),
        (["24-Mar-19", "01-Apr-20"], ["2019-03-24", "2020-04-01"]),
        (["March 24, 2019", "April 1st, 2019"], ["2019-03-24", "2019-04-01"]),
        (["Sunday, 24 March 2019", "Monday, 1 April 2019"], ["2019-03-24", "2019-04-01"]),
        (["24 Sept 2019", "1 Oct 2019"], ["2019-09-24", "2019-10-01"]),
        (["20190324", "20190401"], ["2019-03-24", "2019-04-01"]),
        (["2019-03", "2019-04"], ["2019-03-01", "2019-04-01"]),
        (["3/24/2019 3:05 PM", "4/1/2019 12:00 AM"], ["2019-03-24 15:05", "2019-04-01"]),
        (["2019-03-24T10:00:00Z", "2019-03-24T10:00:00+02:00"], ["2019-03-24 10:00", "2019-03-24 08:00"]),
        (["2019-03-24 10:00:00.250", "2019-03-24 10:00:01"], ["2019-03-24 10:00:00.250", "2019-03-24 10:00:01"]),
        (["2019-03-24", "24 Mar 2019", "24/03/2019"], ["2019-03-24"] * 3),
    ],
)
def test_dates_in_texts(values, expected):
    cells = cells_of(values)
    texts, guess = cells.texts, guess_dates(cells)
    assert guess is not None
    assert guess.share == 1.0
    found = dict(zip(texts, guess.values, strict=True))
    np.testing.assert_allclose([found[value] for value in values], [pd.Timestamp(one).timestamp() for one in expected])


@pytest.mark.parametrize(
    "values",
    [["May", "June"], ["2019", "2020"], ["12", "13"], ["18-Years", "3-Days"], ["1.2.3", "1.2.4"], ["a:b", "12:99"]],
)
def test_texts_that_are_no_dates(values):
    assert guess_dates(cells_of(values)) is None


FORMATS = [
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%b-%Y",
    "%B %d, %Y",
    "%Y/%m/%d %H:%M",
    "%d/%m/%Y %I:%M:%S %p",
    "%Y-%m-%dT%H:%M:%SZ",
    "%a, %d %b %Y %H:%M:%S",
]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2099, 12, 31)), min_size=1, max_size=20),
    st.sampled_from(FORMATS),
)
def test_dates_are_read_back(moments, form):
    assume(not ("%d/%m" in form or "%m/%d" in form) or any(one.day > 12 for one in moments))
    texts = [one.strftime(form) for one in moments]
    expected = [dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).timestamp() for text in texts]
    cells = Cells(pd.Series(texts))
    guess = guess_dates(cells)
    assert guess is not None
    np.testing.assert_allclose(cells.spread(guess.values, np.nan), expected)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("22:20", 1340),
        ("7:05", 425),
        ("07:05:30", 425.5),
        ("12:00 AM", 0),
        ("1:10 p.m.", 790),
        ("01:10 22 Mar", 70),
        ("2019-03-24 01:10", 70),
        ("25:00", np.nan),
        ("12", np.nan),
    ],
)
def test_times_of_day(text, minutes):
    np.testing.assert_array_equal(read_times(np.array([text], dtype=object)), [minutes])


# ---- spans of time


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2h 50m", 2 + 5 / 6),
        ("19h", 19),
        ("1 day 02:00:00", 26),
        ("-1 days +22:00:00", -2),
        ("2 years", 2 * 365.25 * 24),
        ("3 weeks", 504),
        ("1 hour and 30 minutes", 1.5),
        ("1 year, 6 months", 1.5 * 365.25 * 24),
        ("PT2H", 2),
        ("P1DT12H", 36),
        ("90 min", 1.5),
        ("1.5 hrs", 1.5),
        ("26:30:00", 26.5),
        ("3M 2D", 3 * 365.25 * 2 + 48),  # months, as no hours stand beside them
        ("7200.0 s", 2),
    ],
)
def test_spans_of_time(text, hours):
    found = parse_span(text)
    assert found is not None
    assert found[0] / 3600 == pytest.approx(hours)


@pytest.mark.parametrize("text", ["", "P", "day", "3 stops", "2019", "1 h OCEAN", "two days", "+", "5 d e"])
def test_texts_that_are_no_spans(text):
    assert parse_span(text) is None


@settings(deadline=None, max_examples=60)
@given(st.timedeltas(dt.timedelta(days=-999), dt.timedelta(days=999)))
def test_spans_are_read_back(span):
    for text in (str(pd.Timedelta(span)), text_of(span), pd.Timedelta(span).isoformat()):
        found = parse_span(text)
        assert found is not None, text
        assert found[0] == pytest.approx(span.total_seconds(), abs=1e-5), text
