from random import Random

import numpy as np
import pytest

from automl.space.domain import Choice, Float
from automl.space.encoding import Encoding
from automl.strategies.constants import PARZEN_LEAST_WIDTH, PARZEN_WIDEST
from automl.strategies.parzen import Kernels, Labels
from automl.testing.toys import model, param, space_of, toy_space

UNIT = Float(0.0, 1.0)
ONE = space_of(model("one", param("x", UNIT, 0.5), param("way", Choice(("a", "b", "c"), (0.6, 0.3, 0.1)), "a")))
TWO = space_of(model("one", param("x", UNIT, 0.5), param("y", UNIT, 0.5)), model("two", param("z", UNIT, 0.5)))


def points(*found):
    return [{"family": 0.0, "one.x": x, "one.way": float(way)} for x, way in found]


def density(labels, rows, at):
    return np.exp(Kernels(labels, rows).log(at))


SOME = points((0.1, 0), (0.3, 0), (0.95, 2))


@pytest.mark.parametrize("known", [SOME, SOME[:1], []], ids=["three", "one", "none"])
def test_a_density_has_a_mass_of_one(known):
    labels = Labels(ONE)
    grid = (np.arange(1000) + 0.5) / 1000
    at = labels.fresh(points(*[(x, way) for x in grid for way in range(3)]))
    assert density(labels, labels.fresh(known), at).sum() / 1000 == pytest.approx(1.0, abs=1e-3)


def test_without_a_point_it_is_what_is_declared():
    labels = Labels(ONE)
    found = density(labels, labels.fresh([]), labels.fresh(points((0.2, 0), (0.9, 1), (0.5, 2))))
    assert found == pytest.approx([0.6, 0.3, 0.1])


def test_values_that_go_well_together_are_told_from_those_that_do_not():
    """Each value alone is as frequent among the points."""
    labels = Labels(TWO)
    diagonal = labels.fresh([{"family": 0.0, "one.x": x, "one.y": x} for x in (0.2, 0.25, 0.3, 0.7, 0.75, 0.8)])
    together, apart = ({"family": 0.0, "one.x": 0.25, "one.y": y} for y in (0.25, 0.75))
    found = density(labels, diagonal, labels.fresh([together, apart]))
    assert found[0] > 3 * found[1]


def test_points_of_a_family_say_nothing_of_anothers_numbers():
    labels = Labels(TWO)
    known = labels.fresh([{"family": 0.0, "one.x": 0.2, "one.y": 0.2}] * 4)
    at = labels.fresh([{"family": 1.0, "two.z": z} for z in (0.0, 0.2, 0.9)])
    assert len(set(density(labels, known, at).round(12))) == 1


def test_widths_are_of_the_points_that_have_the_number():
    labels = Labels(TWO)
    ones = [{"family": 0.0, "one.x": x, "one.y": 0.5} for x in (0.1, 0.5, 0.9)]
    twos = [{"family": 1.0, "two.z": 0.3}]
    found = dict(zip(labels.names, Kernels(labels, labels.fresh(ones + twos)).widths, strict=True))
    assert found["one.x"] == pytest.approx(1.06 * np.std([0.1, 0.5, 0.9]) * 3 ** (-1 / 6))
    assert found["one.y"] == PARZEN_LEAST_WIDTH
    assert found["two.z"] == PARZEN_WIDEST


def test_rows_have_a_column_for_each_label_of_a_point():
    space, rng = toy_space(), Random(0)
    encoding, labels = Encoding(space), Labels(space)
    for _ in range(50):
        candidate = space.sample(rng)
        point = encoding.encode(candidate)
        row = labels.table([(candidate.key, point)])[0]
        found = {name: value for name, value in zip(labels.names, row, strict=True) if not np.isnan(value)}
        assert found == point
