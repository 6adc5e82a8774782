import random
from collections import Counter
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.space.constants import MAX_DEPTH, MAX_SIZE
from automl.space.domain import Float
from automl.space.reader import read_space
from automl.strategies.base import RunContext
from automl.strategies.gp import GP, Breeder, _best, _idle, _Parent
from automl.strategies.gp_trees import Data, Grammar, Model, Stackable, candidate_to_tree, shrink, tree_to_candidate
from automl.strategies.random_search import RandomSearch
from automl.testing.toys import model, param, record, space_of, toy_history, toy_search, toy_space
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Proposal, Rung

SPACES = {
    "toy": toy_space(),
    "binary": read_space().for_task("binary", 5_000, 20),
    "regression": read_space().for_task("regression", 5_000, 20),
}
GRAMMARS = {name: Grammar(space) for name, space in SPACES.items()}
TOY = GRAMMARS["toy"]


def tree_of(text):
    return candidate_to_tree(TOY.space.parse(text), TOY)


def text_of(tree):
    return TOY.space.short(tree_to_candidate(tree, TOY))


def breeder(*texts, seed=0):
    parents = [_Parent(number, tree_of(text), (-number, 0.0, 0)) for number, text in enumerate(texts)]
    return Breeder(TOY, parents, Random(seed))


def results(operator, text, tries=200):
    """All that an operator makes of a candidate."""
    found = set()
    for seed in range(tries):
        tree = tree_of(text)
        getattr(breeder(text, seed=seed), operator)(tree)
        found.add(text_of(tree))
    return found


# ---- trees


@pytest.mark.parametrize("name", SPACES)
@given(seed=st.integers(0, 2**32), grown=st.booleans())
@settings(max_examples=100, deadline=None)
def test_trees_and_candidates_are_the_same_thing(name, seed, grown):
    space, grammar, rng = SPACES[name], GRAMMARS[name], Random(seed)
    candidate = tree_to_candidate(grammar.grow(Model, rng), grammar) if grown else space.sample(rng)
    tree = candidate_to_tree(candidate, grammar)
    assert tree_to_candidate(tree, grammar) == candidate
    assert tree_to_candidate(candidate_to_tree(candidate, grammar), grammar) == candidate


def test_each_parameter_has_a_type_of_its_own():
    tree = tree_of("maze(squeeze(input, share=0.5))")
    assert [node.ret.__name__ for node in tree] == [
        "Model", "Data", "Data", "squeeze.share", "squeeze.whiten",
        "maze.way", "maze.rate", "maze.leaves", "maze.drop", "maze.layers", "maze.units",
    ]  # fmt: skip


def test_grown_trees_are_of_their_type_and_within_their_room():
    for seed in range(200):
        tree = TOY.grow(Stackable, Random(seed), room=3)
        assert tree[0].ret is Stackable
        assert tree_to_candidate(tree, TOY).depth <= 3
        assert TOY.grow(Data, Random(seed), room=1)[0].name == "ARG0"


# ---- operators


def test_tuning_changes_active_parameters_only():
    for text in results("_tune", "maze(level(input), way='left', layers=1)"):
        assert text.startswith("maze(level(input)")
        assert text != "maze(level(input))"


def test_tuning_moves_to_another_value_and_mostly_not_far():
    assert results("_tune", "sorter(input)") == {"sorter(input, criterion='entropy')"}
    moved = [TOY.space.parse(text) for text in results("_tune", "plain(input)")]
    domain = TOY.space.component("plain").param("strength").domain
    steps = [abs(domain.to_unit(dict(candidate.root.params)["strength"]) - 0.5) for candidate in moved]
    assert min(steps) > 0
    assert median(steps) < 0.2


def test_a_parameter_that_becomes_active_gets_its_default():
    assert "maze(input, way='right')" in results("_tune", "maze(input)", tries=2000)


def test_steps_unions_and_stacks_are_inserted():
    found = results("_insert", "bowl(input)", tries=500)
    for start in ("bowl(level(input)", "bowl(union(", "bowl(stack(plain(", "bowl(loose(input"):
        assert any(text.startswith(start) for text in found), start
    assert not any(text.startswith("bowl(stack(maze") for text in found)  # not stackable


def test_steps_unions_and_stacks_are_removed():
    assert results("_remove", "bowl(level(input))") == {"bowl(input)"}
    assert results("_remove", "bowl(stack(plain(input), rank(input)))") == {
        "bowl(rank(input))", "bowl(stack(plain(input), input))",
    }  # fmt: skip
    assert results("_remove", "bowl(union(input, level(input)))") == {
        "bowl(input)", "bowl(level(input))", "bowl(union(input, input))",
    }  # fmt: skip
    assert results("_remove", "bowl(input, x=1.0)") == {"bowl(input, x=1.0)"}


def test_a_step_is_replaced_on_the_same_data():
    found = results("_replace", "bowl(squeeze(level(input)), x=1.0)")
    assert {"bowl(loose(level(input)), x=1.0)", "bowl(squeeze(squeeze(input)), x=1.0)"} <= found
    assert all(text.endswith("x=1.0)") for text in found)


def test_a_change_of_family_keeps_the_data_side():
    found = results("_change_family", "bowl(union(input, level(input)), x=1.0)")
    assert all("(union(input, level(input))" in text for text in found)
    assert {text.split("(")[0] for text in found} == {"maze", "plain", "sorter"}


def test_crossover_exchanges_like_for_like():
    one, other = "maze(level(input), rate=0.5, leaves=7)", "maze(rank(input), rate=0.25, leaves=99)"
    found = set()
    for seed in range(300):
        tree = tree_of(one)
        breeder(one, other, seed=seed)._cross(tree, tree_of(other))
        found.add(text_of(tree))
    assert "maze(rank(input), rate=0.5, leaves=7)" in found
    assert "maze(level(input), rate=0.25, leaves=7)" in found
    assert "maze(level(input), rate=0.5, leaves=99)" in found
    for text in found:
        assert dict(TOY.space.parse(text).root.params)["rate"] in (0.5, 0.25)


def test_deaps_operators_leave_the_global_generator_alone():
    state, rng = random.getstate(), Random(1)
    before = rng.getstate()
    shrink(tree_of("bowl(union(level(input), rank(input)))"), rng)
    assert random.getstate() == state
    assert rng.getstate() != before


# ---- parents and proposals


def test_parents_are_the_best_of_every_origin_five_a_family():
    history = toy_history(toy_space(), 60, origin="portfolio")
    record(history, Proposal(history.space.parse("bowl(input)"), DUMMY), 0.0)
    record(history, Proposal(history.space.parse("bowl(level(input))"), "tpe"), 0.0, Rung(rows=0.5))
    parents = _best(history)
    assert parents[0].loss == history.searched()[0].loss
    assert {trial.origin for trial in parents} == {"portfolio"}
    families = [trial.candidate.family for trial in parents]
    assert all(families.count(family) <= 5 for family in families)
    assert len({trial.candidate.key for trial in parents}) == len(parents) <= 30


def tried(**losses):
    """A history of these candidates of the toy space, by what is written in place of dots."""
    history = History(toy_space(), 0)
    for text, loss in losses.items():
        record(history, Proposal(history.space.parse(TEXTS[text]), "gp"), loss)
    return history


TEXTS = {
    "plain": "bowl(input)", "level": "bowl(level(input))", "both": "bowl(union(input, level(input)))",
    "twice": "bowl(squeeze(level(input)))", "other": "maze(level(input))",
}  # fmt: skip


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ({"plain": 0.1, "level": 0.2}, {"plain"}),
        ({"plain": 0.2, "level": 0.1}, {"plain", "level"}),  # the step pays
        ({"plain": 0.1, "other": 0.2}, {"plain", "other"}),  # another family is not what is left of it
        ({"level": 0.1, "both": 0.2}, {"level"}),
        ({"plain": 0.1, "both": 0.2}, {"plain"}),
        ({"level": 0.1, "twice": 0.2, "plain": 0.3}, {"level", "plain"}),
        ({"plain": 0.1, "level": 0.2, "twice": 0.3}, {"plain"}),  # what beats it need not be a parent itself
    ],
)
def test_what_is_behind_its_own_simpler_parts_is_no_parent(losses, expected):
    parents = {trial.candidate.text for trial in _best(tried(**losses))}
    assert parents == {toy_space().parse(TEXTS[text]).text for text in expected}


def test_of_what_is_about_as_good_the_quick_ones_breed():
    history = toy_history(toy_space(), 60)
    best = [trial.number for trial in _best(history)]
    strategy = GP().in_run(RunContext(spent=lambda trial: 10.0 if trial.number == best[0] else 1.0))

    def parents(strategy):
        return Counter(number for seed in range(300) for number in strategy.ask(history, seed).parents)

    quick, any_ = parents(strategy), parents(GP())
    assert any_[best[0]] == max(any_.values())  # where nothing is known of seconds, the best one
    assert quick[best[0]] < 0.85 * any_[best[0]]
    assert quick[best[0]] > quick[best[-1]]  # a slow one that is better by far breeds all the same


def test_with_few_results_trees_are_grown():
    history = toy_history(toy_space(), 3)
    grown = [GP().ask(history, seed) for seed in range(100)]
    assert {proposal.parents for proposal in grown} == {()}
    texts = " ".join(proposal.candidate.text for proposal in grown)
    assert "union(" in texts
    assert "stack(" in texts


def test_children_know_their_parents():
    history = toy_history(toy_space(), 30)
    children = [GP().ask(history, seed) for seed in range(50)]
    assert {len(child.parents) for child in children} == {0, 1, 2}
    best = {trial.number for trial in _best(history)}
    assert all(set(child.parents) <= best for child in children)


def test_proposals_are_new_small_and_do_something():
    history = toy_search(GP(), 150, attempts=1)
    keys = [trial.candidate.key for trial in history.trials]
    assert len(set(keys)) == len(keys)
    for trial in history.trials:
        assert trial.candidate.depth <= MAX_DEPTH
        assert trial.candidate.size <= MAX_SIZE
        assert not _idle(trial.candidate.root)


def test_a_space_that_was_tried_throughout_is_no_trouble():
    space = space_of(model("bare"), model("barer"))
    history = toy_search(GP(), 10, space=space, loss=lambda candidate: 0.5)
    assert len(history.trials) == 10


def test_failures_are_not_parents():
    history = toy_history(toy_space(), 20, loss=lambda candidate: Failure("failed", ""))
    assert GP().ask(history, 0).parents == ()


def test_it_beats_random_search():
    families = [model(f"m{k}", *[param(f"p{i}", Float(0.0, 1.0), 0.5) for i in range(6)]) for k in range(3)]
    space = space_of(*families)

    def loss(candidate):
        values, family = dict(candidate.root.params), int(candidate.family[1])
        return sum((values[f"p{i}"] - 0.15 * i) ** 2 for i in range(6)) + 0.1 * family

    bred = [toy_search(GP(), 100, space=space, loss=loss, seed=s).searched()[0].loss for s in range(10)]
    drawn = [toy_search(RandomSearch(), 100, space=space, loss=loss, seed=s).searched()[0].loss for s in range(10)]
    assert median(bred) < 0.75 * median(drawn)


def test_history_of_one_space_does_not_spoil_another():
    strategy = GP()
    strategy.ask(toy_history(toy_space(), 20), 0)
    other = SPACES["regression"]
    assert strategy.ask(History(other, 0), 0).candidate in other
