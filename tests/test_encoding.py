from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.space.domain import Choice, Float, Int
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.testing.toys import model, param, space_of, toy_space

META_FEATURES = (
    "text",
    "date",
    "missing",
    "heavy_tails",
    "several",
    "many_levels",
    "few_integers",
    "skewed_target",
)  # every parameter of the preprocessor
SPACES = {
    kind: read_space().for_task(kind, 5_000, 20, meta_features=META_FEATURES)
    for kind in ("binary", "multiclass", "regression")
}
ALL = [pytest.param(space, name, id=f"{kind}-{name}") for kind, space in SPACES.items() for name in space.models]
TOY = Encoding(toy_space())


@pytest.mark.parametrize(("space", "family"), ALL)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_candidates_of_every_family_come_back_from_their_points(space, family, seed):
    candidate = space.sample(Random(seed), [family])
    encoding = Encoding(space)
    point = encoding.encode(candidate)
    assert encoding.decode(point) == candidate
    assert encoding.encode(encoding.decode(point)) == point


@given(seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_coordinates_are_places_in_the_unit_interval_or_indices(seed):
    space = TOY.space
    params = {key: one for c in (*space.models.values(), *space.steps.values()) for key, one in TOY.params(c).items()}
    for key, number in TOY.encode(space.sample(Random(seed))).items():
        shares = params[key].domain.shares if key in params else None
        if key in params and shares is None:
            assert 0 <= number <= 1
        else:
            assert type(number) is int
            assert shares is None or number < len(shares)


def test_labels_are_those_of_active_parameters():
    point = TOY.encode(TOY.space.parse("maze(rank(input), way='right', layers=1)"))
    assert set(point) == {
        "family", "scale", "reduce", "rank.bins", "maze.way", "maze.rate", "maze.leaves", "maze.drop", "maze.layers",
    }  # fmt: skip
    assert (point["scale"], point["reduce"], point["maze.way"]) == (2, 0, 1)


def test_a_point_with_values_for_inactive_parameters_is_a_candidate():
    point = TOY.encode(TOY.space.parse("maze(input, way='left', layers=1)"))
    candidate = TOY.decode(point | {"maze.drop": 0.5, "maze.units": 0.5})
    assert candidate == TOY.space.parse("maze(input, way='left', layers=1)")


@pytest.mark.parametrize(
    "text",
    [
        "bowl(union(input, level(input)))",
        "bowl(stack(plain(input), input))",
        "bowl(level(squeeze(input)))",
        "bowl(level(rank(input)))",
        "bowl(loose(input))",
    ],
)
def test_what_the_template_cannot_express_has_no_point(text):
    assert TOY.encode(TOY.space.parse(text)) is None


def test_candidates_of_another_space_have_no_point():
    other = space_of(model("plane", param("x", Float(-1.0, 1.0), 0.0)))
    assert TOY.encode(other.default("plane")) is None


# ---- what strategies ask of a domain


@pytest.mark.parametrize(
    "domain", [Float(0.01, 1.0, log=True), Int(1, 3), Int(0, 500), Choice(("a", "b", None))], ids=str
)
def test_neighbours_are_other_values_of_the_domain(domain):
    rng = Random(0)
    value = domain.sample(rng)
    found = [domain.neighbour(value, rng) for _ in range(200)]
    assert all(one in domain and one != value for one in found)


def test_most_neighbours_of_a_number_are_near():
    domain, rng = Float(0.0, 1.0), Random(0)
    near = [abs(domain.neighbour(0.5, rng) - 0.5) < 0.3 for _ in range(500)]
    assert 0.75 < sum(near) / len(near) < 1.0


def test_options_are_neighbours_by_their_shares():
    domain, rng = Choice(("a", "b", "c"), (1.0, 3.0, 1.0)), Random(0)
    found = [domain.neighbour("a", rng) for _ in range(400)]
    assert found.count("b") > 2 * found.count("c") > 0
