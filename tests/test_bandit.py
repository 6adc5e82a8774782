import math

import pytest

from automl.strategies.bandit import by_bound
from automl.strategies.observations import Observation


def next_family(*given):
    return by_bound(*given)[0]


def seen(*losses):
    """One observation a (family, loss); None failed."""
    found = []
    for number, (family, loss) in enumerate(losses):
        ok = loss is not None
        found.append(Observation(number, str(number), {"family": float(family)}, loss if ok else 1.0, ok))
    return found


def test_a_family_without_a_trial_comes_first():
    assert next_family(seen((0, 0.1), (0, 0.2), (2, 0.3)), 3, {}) == 1


def test_with_as_many_trials_the_family_of_the_best_result_is_next():
    assert next_family(seen((0, 0.5), (0, 0.6), (1, 0.9), (1, 0.1), (2, 0.5), (2, 0.7)), 3, {}) == 1


def test_the_mean_of_a_family_does_not_matter():
    poor = [(1, 0.9)] * 4 + [(1, 0.1)]
    good = [(0, 0.2)] * 5
    assert next_family(seen(*good, *poor), 2, {}) == 1


def test_a_family_of_few_trials_is_tried_again_until_its_bound_is_below():
    def trials(few):
        return seen(*[(0, 0.1)] * 20, *[(0, 0.9)] * 30, *[(1, 0.9)] * few)

    # the other's bound is 1 + (0.5 ln t / 50)^2
    turns = [few for few in range(1, 6) if next_family(trials(few), 2, {}) == 1]
    expected = [
        few for few in range(1, 6) if (0.5 * math.log(50 + few) / few) ** 2 > 1 + (0.5 * math.log(50 + few) / 50) ** 2
    ]
    assert turns == expected == [1]


@pytest.mark.parametrize(("slow", "expected"), [(1.0, 1), (30.0, 0)])
def test_slow_families_are_explored_less(slow, expected):
    told = seen(*[(0, 0.1)] * 10, *[(0, 0.9)] * 30, (1, 0.9))
    seconds = {one.key: slow if one.family else 1.0 for one in told}
    assert next_family(told, 2, seconds) == expected


def running(number, family):
    return Observation(number, str(number), {"family": float(family)}, None, ok=False)


@pytest.mark.parametrize("seconds", [{}, {str(number): 1.0 for number in range(41)}])
def test_what_still_runs_is_a_pull(seconds):
    """Its seconds are not known yet: they are those of its family's others, or of all where it has none."""
    told = seen(*[(0, 0.1)] * 10, *[(0, 0.9)] * 30, (1, 0.9))
    assert next_family(told, 2, seconds) == 1
    assert next_family([*told, running(41, 1)], 2, seconds) == 0
    assert next_family([*told[:40], *(running(40 + number, 1) for number in range(2))], 2, seconds) == 0


def test_what_fails_is_worth_nothing():
    assert next_family(seen(*[(0, None)] * 10, *[(1, 0.3)] * 10, *[(1, 0.5)] * 2), 2, {}) == 1
