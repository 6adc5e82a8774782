import warnings
from contextlib import nullcontext
from dataclasses import replace
from random import Random
from statistics import median

import pytest

from automl.space.domain import Choice, Float
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.strategies.base import RunContext
from automl.strategies.estimates import main_rung
from automl.strategies.observations import observations
from automl.strategies.random_search import RandomSearch
from automl.strategies.tpe import TPE
from automl.testing.toys import model, param, record, space_of, step, toy_history, toy_loss, toy_search, toy_space
from automl.trials.history import History
from automl.trials.trial import TOP, Failure, Proposal, Rung

PLANE = space_of(
    model("plane", param("x", Float(-1.0, 1.0), 0.0), param("y", Float(-1.0, 1.0), 0.0)),
    model("other", param("z", Float(0.0, 1.0), 0.5), param("way", Choice(("a", "b", "c", "d")), "a")),
    step("level", "scale"),
)


def plane_loss(candidate):
    values = dict(candidate.root.params)
    if candidate.family == "other":
        return 0.5 + 0.1 * values["z"] + 0.1 * (values["way"] != "c")
    return (values["x"] - 0.3) ** 2 + (values["y"] + 0.6) ** 2 + 0.05 * (candidate.size - 1)


# ---- what is told


def told(history):
    return {entry.number: entry.loss for entry in observations(history, Encoding(history.space))}


def history_of(*results, rungs=None):
    history, rng = History(PLANE, 0), Random(0)
    for place, result in enumerate(results):
        rung = rungs[place] if rungs else TOP
        record(history, Proposal(PLANE.sample(rng), "gp"), result, rung)
    return history


def test_failures_are_told_as_the_worst_loss_seen_whatever_they_failed_of():
    failures = [Failure(kind, "") for kind in ("failed", "timeout", "memory", "crashed")]
    assert told(history_of(0.1, *failures, 0.7)) == {0: 0.1, 1: 0.7, 2: 0.7, 3: 0.7, 4: 0.7, 5: 0.7}


def test_losses_that_are_not_numbers_never_reach_hyperopt():
    assert told(history_of(0.1, float("nan"), float("inf"), 0.7)) == {0: 0.1, 1: 0.7, 2: 0.7, 3: 0.7}


@pytest.mark.parametrize(("module", "raises"), [("hyperopt.pyll.stochastic", False), ("numpy", True)])
def test_deprecations_inside_hyperopt_are_not_the_users(monkeypatch, module, raises):
    """NumPy warns of what Hyperopt does; where warnings are errors, that would end every proposal."""
    from hyperopt import tpe

    suggest = tpe.suggest

    def warning(*args, **kwargs):
        warnings.warn_explicit("Setting the shape is deprecated.", DeprecationWarning, "file.py", 1, module)
        return suggest(*args, **kwargs)

    monkeypatch.setattr(tpe, "suggest", warning)
    history = toy_history(PLANE, 40, loss=plane_loss)
    with pytest.raises(DeprecationWarning) if raises else nullcontext():
        TPE(joint=False).ask(history, 0)
    assert not any("hyperopt" in str(one[3]) for one in warnings.filters)


def test_cut_trials_are_not_told_and_running_ones_are_pending():
    assert told(history_of(0.1, Failure("cut", ""), None)) == {0: 0.1, 2: None}


def test_partial_trials_are_told_only_where_their_rung_is_the_highest_with_enough_results():
    low = Rung(rows=0.25)
    few = history_of(*[0.5] * 19, 0.1, rungs=[low] * 19 + [TOP])
    assert told(few) == {19: 0.1}
    many = history_of(*[0.5] * 20, 0.1, rungs=[low] * 20 + [TOP])
    assert told(many) == dict.fromkeys(range(20), 0.5)
    both = history_of(*[0.5] * 40, rungs=[low] * 20 + [TOP] * 20)
    assert main_rung(both.trials) == TOP


def test_trees_of_other_strategies_are_not_told():
    space = toy_space()
    history = History(space, 0)
    record(history, Proposal(space.parse("bowl(union(input, level(input)))"), "gp"), 0.1)
    record(history, Proposal(space.parse("bowl(input, x=1.0)"), "gp"), 0.2)
    assert told(history) == {1: 0.2}


# ---- what is proposed


def test_below_its_startup_it_draws_at_random():
    history = toy_history(PLANE, 19, loss=plane_loss)
    assert TPE().ask(history, 5).candidate == PLANE.sample(Random(5))
    record(history, Proposal(PLANE.default("plane"), "portfolio"), 0.0)
    assert TPE().ask(history, 5).candidate != PLANE.sample(Random(5))


def test_failures_alone_teach_nothing():
    history = toy_history(PLANE, 30, loss=lambda candidate: Failure("failed", ""))
    assert TPE().ask(history, 5).candidate == PLANE.sample(Random(5))


def test_it_learns_from_whatever_origin():
    def proposed(good):
        history = toy_history(PLANE, 40, loss=lambda candidate: len(candidate.text) * 1e-3 + (candidate.family != good))
        return [TPE().ask(history, seed).candidate.family for seed in range(10)]

    assert proposed("plane").count("plane") >= 7
    assert proposed("other").count("other") >= 7


WAYS = pytest.mark.parametrize("options", [{}, {"joint": False}, {"bandit": False}], ids=["usual", "alone", "families"])


def test_values_that_go_well_together_are_found_by_judging_whole_points():
    """Each value alone is as good as any other."""
    space = space_of(model("line", param("x", Float(0.0, 1.0), 0.5), param("y", Float(0.0, 1.0), 0.5)))

    def off(candidate):
        values = dict(candidate.root.params)
        return abs(values["x"] - values["y"])

    history = toy_history(space, 80, loss=off)
    joint, alone = (
        [off(TPE(joint=joint).ask(history, seed).candidate) for seed in range(12)] for joint in (True, False)
    )
    assert median(joint) < 0.5 * median(alone)


def test_a_bandit_learns_of_its_family_alone():
    history = toy_history(PLANE, 40, loss=lambda candidate: plane_loss(candidate) + 10 * (candidate.family == "other"))
    asked = [TPE().ask(history, seed).candidate for seed in range(6)]
    assert {candidate.family for candidate in asked} == {"plane"}
    values = [dict(candidate.root.params) for candidate in asked]
    assert sum(abs(one["x"] - 0.3) < 0.5 for one in values) >= 4


@WAYS
def test_what_was_tried_is_not_proposed_again(options):
    space = space_of(model("switch", param("on", Choice((True, False)), True)), *PLANE.models.values())
    history = toy_history(space, 40, loss=lambda candidate: float(candidate.family != "switch"))
    assert sum(history.seen(TPE(**options).ask(history, seed).candidate.key) for seed in range(10)) <= 2


def test_it_beats_random_search():
    tpe = [toy_search(TPE(), 50, space=PLANE, loss=plane_loss, seed=s).searched()[0].loss for s in range(10)]
    drawn = [toy_search(RandomSearch(), 50, space=PLANE, loss=plane_loss, seed=s).searched()[0].loss for s in range(10)]
    assert median(tpe) < 0.5 * median(drawn)


def test_it_turns_away_from_what_fails():
    def brittle(candidate):
        return Failure("failed", "") if candidate.family == "plane" else plane_loss(candidate)

    history = toy_search(TPE(), 100, space=PLANE, loss=brittle, attempts=1)
    failed = [trial.candidate for trial in history.trials if trial.status == "failed"]
    assert len(failed) <= 35
    assert len({candidate.key for candidate in failed}) == len(failed)


def test_running_trials_keep_proposals_apart():
    history = toy_history(PLANE, 40, loss=plane_loss)
    proposals = []
    for seed in range(6):
        proposals.append(TPE().ask(history, seed).candidate)
        record(history, Proposal(proposals[-1], "tpe"), None)
    assert len({candidate.key for candidate in proposals}) == 6


def test_one_family_and_no_steps_are_enough():
    space = space_of(model("only", param("x", Float(0.0, 1.0), 0.5)))
    history = toy_search(TPE(), 40, space=space, loss=lambda c: abs(dict(c.root.params)["x"] - 0.2))
    assert history.searched()[0].loss < 0.01


def test_a_family_without_parameters_is_no_trouble():
    space = space_of(model("bare"), model("only", param("x", Float(0.0, 1.0), 0.5)))
    assert len(toy_search(TPE(), 40, space=space, loss=lambda c: len(c.text) / 100).trials) == 40


def test_the_whole_space_is_proposed_from():
    space = read_space().for_task("binary", 5_000, 20)
    history = toy_history(space, 30, loss=lambda candidate: len(candidate.text) / 100)
    assert TPE().ask(history, 0).candidate in space


def test_measured_seconds_count_only_where_the_run_says_so():
    """Runs with `max_trials` are the same on every machine."""

    def proposals(bowl, strategy):
        history, rng = History(toy_space(), 0), Random(0)
        for _ in range(60):
            candidate = history.space.sample(rng)
            trial = record(history, Proposal(candidate, "random"), toy_loss(candidate))
            took = bowl if candidate.family == "bowl" else 0.01
            history.put(
                replace(trial, finished=trial.started + took, measures=replace(trial.measures, fit_seconds=took))
            )
        return [strategy.ask(history, seed).candidate.text for seed in range(8)]

    assert proposals(0.01, TPE()) == proposals(50.0, TPE())
    timed = TPE().in_run(RunContext(spent=lambda trial: trial.measures.fit_seconds))
    assert proposals(0.01, timed) == proposals(0.01, TPE())
    assert proposals(50.0, timed) != proposals(50.0, TPE())
