"""Domains map the unit interval onto their values and back, and draw what they declare."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from automl.space.domain import Choice, Float, Int
from automl.space.reader import read_space

UNITS = st.floats(0, 1)
DRAWS = 10_000
LEAST_P = 1e-5  # some 100 domains are tested with a fixed seed; a wrong law gives p far below this

SPACE = read_space()
DECLARED = [
    pytest.param(param.domain, id=f"{component.name}-{param.name}")
    for component in [*SPACE.models.values(), *SPACE.steps.values()]
    for param in component.params
]


@st.composite
def floats(draw):
    log = draw(st.booleans())
    low = draw(st.floats(1e-6, 1e3) if log else st.floats(-1e3, 1e3))
    span = draw(st.floats(1e-2, 1e4))
    high = low * (1 + span) if log else low + span
    if not log and draw(st.booleans()):
        return Float(low, high, step=draw(st.floats(span / 50, span)))
    ends = (math.log(low), math.log(high)) if log else (low, high)
    # bounds within five deviations of the mean: further out a cut normal law has no digits left
    normal = (sum(ends) / 2, (ends[1] - ends[0]) / draw(st.floats(0.5, 10))) if draw(st.booleans()) else None
    return Float(low, high, log, normal=normal)


@st.composite
def ints(draw):
    log = draw(st.booleans())
    low = draw(st.integers(1, 50) if log else st.integers(-50, 50))
    high = low + draw(st.integers(1, 5000))
    step = None if log else draw(st.none() | st.integers(1, high - low))
    return Int(low, high, log, step)


@st.composite
def choices(draw):
    scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-1, 1) | st.text(max_size=3)
    options = draw(st.lists(scalars, min_size=2, max_size=6, unique_by=lambda v: (type(v), v)))
    weights = st.lists(st.floats(0.01, 10), min_size=len(options), max_size=len(options))
    return Choice(tuple(options), draw(st.none() | weights.map(tuple)))


@settings(deadline=None)
@given(floats() | ints() | choices(), UNITS)
def test_a_drawn_value_is_in_the_domain_and_comes_back_from_the_unit_interval(domain, unit):
    value = domain.from_unit(unit)
    assert value in domain
    assert 0 <= domain.to_unit(value) <= 1
    back = domain.from_unit(domain.to_unit(value))
    assert type(back) is type(value)
    assert back == value


@settings(deadline=None)
@given(floats() | ints(), UNITS, UNITS)
def test_ranges_keep_the_order_of_the_unit_interval(domain, one, other):
    assume(one < other)
    assert domain.from_unit(one) <= domain.from_unit(other)


@given(ints())
def test_every_whole_number_of_a_short_range_comes_back(domain):
    assume(domain.step is None and domain.high - domain.low < 200)
    for value in range(domain.low, domain.high + 1):
        assert domain.from_unit(domain.to_unit(value)) == value


@pytest.mark.parametrize("domain", DECLARED)
def test_draws_follow_the_declaration(domain):
    units = np.random.default_rng(0).random(DRAWS)
    values = [domain.from_unit(unit) for unit in units]
    assert all(value in domain for value in values)
    if isinstance(domain, Choice):
        options, shares = domain.options, np.array(domain.shares)
        counts = np.array([sum(type(v) is type(o) and v == o for v in values) for o in options])
        assert stats.chisquare(counts, shares * DRAWS).pvalue > LEAST_P
    elif isinstance(domain, Int):
        edges = _warp(np.arange(domain.low, domain.high + 2) - 0.5, domain.log)
        shares = np.diff(edges) / (edges[-1] - edges[0])
        counts = np.bincount(np.array(values) - domain.low, minlength=len(shares))
        cells = np.flatnonzero(np.diff(np.cumsum(shares) * DRAWS // 10, prepend=-1))  # some ten draws each
        expected = np.add.reduceat(shares, cells) * DRAWS
        assert stats.chisquare(np.add.reduceat(counts, cells), expected).pvalue > LEAST_P
    else:
        low, high = _warp(np.array([domain.low, domain.high]), domain.log)
        places = (_warp(np.array(values), domain.log) - low) / (high - low)
        assert stats.kstest(places, "uniform").pvalue > LEAST_P


def test_a_normal_law_is_cut_to_its_bounds():
    domain = Float(-1.0, 2.0, normal=(0.0, 1.0))
    values = [domain.from_unit(unit) for unit in np.random.default_rng(0).random(DRAWS)]
    assert stats.kstest(values, stats.truncnorm(-1, 2).cdf).pvalue > LEAST_P
    logs = Float(0.01, 100.0, log=True, normal=(0.0, 1.0))
    values = np.log([logs.from_unit(unit) for unit in np.random.default_rng(0).random(DRAWS)])
    assert stats.kstest(values, stats.truncnorm(math.log(0.01), math.log(100)).cdf).pvalue > LEAST_P


def test_steps_are_kept_and_equally_frequent():
    domain = Float(0.1, 1.0, step=0.3)
    values, counts = np.unique([domain.from_unit(u) for u in np.linspace(0, 1, 4001)], return_counts=True)
    assert values.tolist() == [0.1, 0.4, 0.7, 1.0]
    assert np.ptp(counts) <= 2
    assert {Int(0, 10, step=4).from_unit(u) for u in np.linspace(0, 1, 99)} == {0, 4, 8}


def test_membership_tells_types_apart():
    assert 1 not in Float(0.0, 2.0)
    assert True not in Int(0, 2)
    assert 1.0 not in Int(0, 2)
    assert 1 not in Choice((True, False))
    assert Choice((1, True)).to_unit(True) == 0.75


@pytest.mark.parametrize(
    ("domain", "given", "cast"),
    [
        (Float(0.0, 2.0), 1, 1.0),
        (Int(0, 2), 1.0, 1),
        (Int(0, 2), 1.5, 1.5),
        (Int(0, 2), math.inf, math.inf),
        (Int(0, 2), True, True),
        (Choice((0.5, "a")), "a", "a"),
        (Choice((1.0, 2.0)), 1, 1.0),
    ],
)
def test_cast_gives_the_own_type_where_nothing_is_lost(domain, given, cast):
    assert domain.cast(given) == cast
    assert type(domain.cast(given)) is type(cast)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Float(1.0, 1.0), "low bound must be below"),
        (lambda: Float(0.0, math.inf), "finite"),
        (lambda: Float(math.nan, 1.0), "finite"),
        (lambda: Float(0.0, 1.0, log=True), "bounds above 0"),
        (lambda: Float(0.5, 1.0, log=True, step=0.1), "does not go with log"),
        (lambda: Float(0.5, 1.0, step=-0.1), "step must be above 0"),
        (lambda: Int(0, 9, step=1.5), "whole number"),
        (lambda: Float(0.0, 1.0, normal=(0.5, 0.0)), "standard deviation"),
        (lambda: Choice(("a",)), "at least two"),
        (lambda: Choice(("a", "a")), "same value twice"),
        (lambda: Choice(("a", "b"), (1.0,)), "one for each value"),
        (lambda: Choice(("a", "b"), (1.0, 0.0)), "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_describe_reads_well():
    assert Float(0.01, 1.0, log=True).describe() == "0.01 to 1.0 (log)"
    assert Int(32, 256, step=32).describe() == "32 to 256 (step 32)"
    assert Choice(("l1", None)).describe() == "one of 'l1', None"


def _warp(numbers, log):
    return np.log(numbers) if log else numbers
