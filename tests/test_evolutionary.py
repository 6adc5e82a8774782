from random import Random
from statistics import median

import pytest

from automl.space.domain import Float
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.strategies.evolutionary import Evolutionary, Genes
from automl.strategies.random_search import RandomSearch
from automl.testing.toys import model, param, record, space_of, toy_history, toy_loss, toy_search, toy_space
from automl.trials.history import History
from automl.trials.trial import Proposal

SPACE = toy_space()
ENCODING, GENES = Encoding(SPACE), Genes(SPACE)


def point(text):
    return ENCODING.encode(SPACE.parse(text))


def children(*texts, count=200):
    mine, *theirs = map(point, texts)
    rng = Random(0)
    made = [GENES.crossed(mine, theirs[0], rng) if theirs else GENES.mutated(mine, rng) for _ in range(count)]
    return [ENCODING.decode(one) for one in made]


def values(candidates, name):
    return [dict(node.params)[name] for one in candidates for node in one.root.walk() if name in dict(node.params)]


# ---- operators


def test_parents_cross_on_the_scale_of_each_parameter():
    found = children("maze(input, rate=0.001, leaves=8)", "maze(input, rate=0.1, leaves=128)")
    rates, leaves = values(found, "rate"), values(found, "leaves")
    assert 5e-4 < min(rates) < 0.0011
    assert 0.09 < max(rates) < 0.2
    assert {7, 8} & set(leaves)
    assert {128, 129} & set(leaves)
    # numbers far from both parents are rare by the logarithm, though most of the range lies there
    assert sum(rate > 0.2 for rate in rates) == 0


def test_options_and_steps_are_exchanged_whole_and_a_step_brings_its_parameters():
    found = children("maze(input, way='left')", "bowl(squeeze(rank(input, bins=777), share=0.5))")
    assert {one.family for one in found} == {"maze"}
    assert all(one in SPACE for one in found)
    assert set(values(found, "bins")) == {777}
    assert set(values(found, "share")) == {0.5}
    assert 50 < len(values(found, "bins")) < 150
    assert set(values(children("maze(input, way='left')", "maze(input, way=None)"), "way")) == {"left", None}


def test_a_child_of_two_families_keeps_what_the_other_has_not():
    found = children("bowl(input, x=3.0)", "maze(input)", count=20)
    assert {one.text for one in found} == {SPACE.parse("bowl(input, x=3.0)").text}


def test_mutants_differ_in_a_coordinate_or_two_and_stay_in_the_space():
    mine = SPACE.parse("maze(rank(input, bins=100), way='right', rate=0.01, layers=2)")
    found = children(mine.text, count=300)
    assert all(one in SPACE for one in found)
    assert {one.family for one in found} == {"maze"}
    assert len({one.key for one in found}) > 120
    assert sum(one == mine for one in found) < 45
    assert {repr(way) for way in values(found, "way")} == {"'left'", "'right'", "None", "True", "1"}
    data = [one.root.inputs[0] for one in found]
    assert {part.component for part in data} == {"input", "rank", "level", "squeeze"}
    near = [rate for rate in values(found, "rate") if rate != 0.01]
    assert 20 < len(near) < 120
    assert 0.001 < median(near) < 0.1


def test_the_whole_space_is_bred():
    space = read_space().for_task("regression", 5_000, 20, meta_features=("heavy_tails", "skewed_target"))
    history = toy_history(space, 40, loss=lambda candidate: len(candidate.text) / 100)
    bred = [Evolutionary().ask(history, seed) for seed in range(20)]
    assert all(proposal.candidate in space for proposal in bred)
    assert any(len(proposal.parents) == 2 for proposal in bred)


# ---- what is proposed


def test_below_its_startup_it_draws_at_random():
    def parents(history, startup):
        return {bool(Evolutionary(startup=startup).ask(history, seed).parents) for seed in range(60)}

    history = toy_history(SPACE, 30)
    count = len(history.searched())
    assert count > 20  # more than those that survive
    assert parents(history, count + 1) == {False}
    assert parents(history, count) == {True, False}  # some are drawn all the same
    assert parents(History(SPACE, 0), 0) == {False}


def test_trees_are_no_parents():
    history = History(SPACE, 0)
    for number in range(12):
        record(history, Proposal(SPACE.parse(f"bowl(union(input, level(input)), x={number / 10})"), "gp"), 0.1)
    assert not any(Evolutionary(startup=1).ask(history, seed).parents for seed in range(10))
    record(history, Proposal(SPACE.parse("maze(input)"), "random"), 0.2)
    assert {Evolutionary(startup=1).ask(history, seed).parents for seed in range(60)} == {(), (12,)}


def test_it_breeds_from_the_best():
    history = toy_history(SPACE, 100)
    best = {trial.number for trial in history.searched()[:20]}
    used = [number for seed in range(50) for number in Evolutionary().ask(history, seed).parents]
    assert set(used) <= best
    ranks = [next(rank for rank, trial in enumerate(history.searched()) if trial.number == number) for number in used]
    assert median(ranks) < 7  # of 20; a tournament of three has the best of its three


def test_it_beats_random_search():
    def best(strategy):
        return median(toy_search(strategy, 60, space=SPACE, seed=seed).searched()[0].loss for seed in range(7))

    bred, drawn = best(Evolutionary()), best(RandomSearch())
    least = toy_loss(SPACE.parse("bowl(squeeze(input), x=1.5, y=-2.0)"))
    assert bred - least < 0.5 * (drawn - least)


def test_where_all_children_were_tried_it_draws():
    space = space_of(model("bare"), model("only", param("x", Float(0.0, 1.0, step=0.5), 0.5)))
    assert toy_search(Evolutionary(startup=1), 20, space=space, attempts=1).candidates == 4


@pytest.mark.parametrize("seed", range(3))
def test_a_family_without_parameters_has_no_children(seed):
    space = space_of(model("bare"), model("only", param("x", Float(0.0, 1.0), 0.5)))
    history = toy_search(Evolutionary(startup=1), 15, space=space, loss=lambda c: float(c.family != "bare"), seed=seed)
    assert history.candidates > 10
