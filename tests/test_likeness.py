from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from automl.evaluate.sketch import sketch
from automl.strategies.constants import NEAR
from automl.strategies.evolutionary import Evolutionary
from automl.strategies.likeness import alike, members, near, near_any, sketches
from automl.testing.toys import outcome, record, toy_history, toy_space
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.trial import Failure, Outcome, Proposal, Rung

SPACE = toy_space()


# ---- parameters


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("bowl(input)", "bowl(input)", True),
        ("bowl(input, x=1.0)", "bowl(input, x=1.9)", True),  # of a range of 10
        ("bowl(input, x=1.0)", "bowl(input, x=2.1)", False),
        ("bowl(input, x=1.0)", "bowl(input, x=1.6, y=0.8)", False),  # together
        ("bowl(input)", "plain(input)", False),
        ("bowl(input)", "bowl(level(input))", False),
        ("bowl(rank(input))", "bowl(rank(input, bins=101))", True),
        ("bowl(union(input, level(input)))", "bowl(union(level(input), input))", False),
        ("maze(input)", "maze(input, way='right')", False),
        ("maze(input, way=1)", "maze(input, way=None)", False),
        ("maze(input, layers=1)", "maze(input, layers=2)", False),
    ],
)
def test_near_are_small_steps_of_numbers(one, other, expected):
    one, other = SPACE.parse(one), SPACE.parse(other)
    assert near(one, other, SPACE) is near(other, one, SPACE) is expected
    assert near_any(one, [SPACE.parse("sorter(input)"), other], SPACE) is expected


def test_evolution_keeps_away_from_what_is_running():
    history = toy_history(SPACE, 60)
    running = [Evolutionary().ask(history, seed).candidate for seed in range(20)]
    for candidate in running:
        record(history, Proposal(candidate, "evolutionary"), None)
    asked = (Evolutionary().ask(history, seed) for seed in range(100))
    bred = [proposal.candidate for proposal in asked if proposal.parents]
    assert len(bred) > 50
    assert not any(near_any(candidate, running, SPACE) for candidate in bred)
    assert 0 < NEAR < 1


# ---- behaviour


def behaved(*vectors, losses=None):
    """A history of candidates that err like this, the best first."""
    history, rng = History(SPACE, 0), Random(0)
    for number, vector in enumerate(vectors):
        loss = 0.1 * number if losses is None else losses[number]
        result = Outcome((), Measures(loss, behaviour=tuple(vector)), (loss,))
        record(history, Proposal(SPACE.sample(rng), "gp"), result)
    return history


def chosen(history):
    """Weights by number of trial."""
    numbers = {trial.candidate.key: trial.number for trial in history.trials}
    return {numbers[key]: weight for key, weight in members(history, sketches().of(history)).items()}


def test_only_whole_trials_are_known():
    history = behaved([1.0, 0.0], [])
    record(history, Proposal(SPACE.parse("bowl(input)"), "gp"), Failure("failed", ""))
    record(history, Proposal(SPACE.parse("bowl(input, x=1.0)"), "gp"), outcome(0.1), Rung(rows=0.5))
    record(history, Proposal(SPACE.parse("bowl(input, x=2.0)"), "gp"), None)
    assert set(sketches().of(history)) == {0}


def test_alike_are_those_whose_errors_point_the_same_way():
    history = behaved([1.0, 0.0], [3.0, 0.05], [1.0, 1.0], [-1.0, 0.0], [])
    known, (first, *others) = sketches().of(history), history.trials
    assert [alike(first, [other], known) for other in others] == [True, False, False, False]
    assert alike(first, others, known)
    assert not alike(history.trials[4], others, known)
    assert not alike(first, [], known)


def test_an_ensemble_is_made_of_those_whose_errors_cancel():
    assert set(chosen(behaved([1.0, 0.1], [1.0, 0.12], [-1.5, 0.1], [9.0, 0.0]))) == {0, 2}
    assert chosen(behaved([1.0, 0.0], [-2.0, 0.0])) == pytest.approx({0: 4 / 3, 1: 2 / 3})
    assert chosen(behaved([1.0, 0.0], [2.0, 0.0])) == {0: 1.0}
    assert chosen(behaved([], [])) == {}
    assert chosen(History(SPACE, 0)) == {}


def test_a_sketch_says_how_large_and_how_alike_errors_are():
    rng = np.random.default_rng(0)
    y = rng.normal(size=4000)
    splits = [(np.setdiff1d(np.arange(4000), part), part) for part in np.array_split(rng.permutation(4000), 4)]
    task = SimpleNamespace(classes=None)
    data = SimpleNamespace(seed=1, splits=splits, n_folds=4, y=y, task=task)
    noise = rng.normal(size=(3, 4000))
    errors = [noise[0], 0.95 * noise[0] + 0.3 * noise[1], noise[2]]
    first, near_it, other = (np.array(sketch(data, [(y + one)[valid] for _, valid in splits])) for one in errors)
    assert first @ first == pytest.approx((errors[0] ** 2).mean() / y.var(), rel=0.01)
    assert cosine(first, near_it) > 0.9
    assert abs(cosine(first, other)) < 0.4
    assert sketch(data, [(y + errors[0])[valid] for _, valid in splits]) == tuple(first)
    data.seed = 2
    assert sketch(data, [(y + errors[0])[valid] for _, valid in splits]) != tuple(first)


def cosine(one, other):
    return one @ other / np.linalg.norm(one) / np.linalg.norm(other)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_sketch_of_probabilities(classes):
    y = np.arange(30) % classes
    splits = [(np.arange(0), np.arange(30))]
    data = SimpleNamespace(seed=0, splits=splits, n_folds=1, y=y, task=SimpleNamespace(classes=np.arange(classes)))
    truth = np.eye(classes, dtype=np.float32)[y]
    assert set(sketch(data, [truth])) == {0.0}
    half = np.array(sketch(data, [np.full_like(truth, 1 / classes)]))
    expected = 0.25 if classes == 2 else 2 / 3
    assert half @ half == pytest.approx(expected, rel=0.01)
    assert sketch(data, [np.where(truth > 0, np.inf, truth).astype(np.float32)]) == ()
