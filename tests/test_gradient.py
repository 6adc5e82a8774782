"""Gradient search: its steps, its chains, its slopes in the journal, and how few fits it needs."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from automl import AutoML
from automl.errors import ArgumentError, SpaceError
from automl.estimators.blocks import BlockRidge
from automl.space.domain import Float
from automl.space.reader import read_space
from automl.space.space import BARE
from automl.strategies.descent import Descent, Place
from automl.strategies.gradient import Gradient
from automl.strategies.grid import GridSearch
from automl.strategies.random_search import RandomSearch
from automl.strategies.tpe import TPE
from automl.testing.strategies import StrategySuite
from automl.testing.toys import model, param, record, space_of, toy_search, toy_space
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.measures import Measures
from automl.trials.trial import Failure, Outcome, Proposal, Rung

NAMES = ("a", "b", "c", "d")
BEST = {"a": 30.0, "b": 0.02, "c": 1.0, "d": 700.0}
BENT = {"a": 1.0, "b": 0.1, "c": 3.0, "d": 0.02}


class TestGradient(StrategySuite):
    exhausts = True

    def make(self):
        return Gradient()


def bowl_space():
    """Four penalties with slopes, and something without."""
    penalties = [param(name, Float(1e-3, 1e4, log=True), 1.0) for name in NAMES]
    return space_of(model("linear", *penalties, param("share", Float(0.0, 1.0), 0.5), slopes=NAMES))


def bowl(candidate, slopes=True):
    """A smooth valley over the logarithms, with its slopes."""
    values = dict(candidate.root.params)
    off = {name: math.log(values[name] / BEST[name]) for name in NAMES}
    loss = 1.0 + 0.02 * sum(BENT[name] * math.log(math.cosh(off[name])) for name in NAMES) + 0.1 * values["share"]
    told = {name: 0.02 * BENT[name] * math.tanh(off[name]) for name in NAMES}
    return Outcome((), Measures(loss, smooth_loss=loss, slopes=told) if slopes else Measures(loss), (loss,))


def chains(history):
    """Numbers of the trials that were starts."""
    return [trial.number for trial in history.trials if not trial.parents]


# ---- steps


def descend(loss, slopes, start, low=-5.0, high=5.0):
    """Places that a descent looks at."""
    low, high, start = (np.full(2, end) if np.isscalar(end) else np.array(end) for end in (low, high, start))
    descent, seen = Descent(Place(start, loss(start), slopes(start)), low, high), [start]
    while (x := descent.next()) is not None:
        assert (low <= x).all()
        assert (x <= high).all()
        descent.told(Place(x, loss(x), slopes(x)))
        seen.append(x)
    return descent.here.x, seen


def test_a_tilted_valley_is_followed_to_its_bottom():
    bend = np.array([[1.0, 0.95], [0.95, 1.0]])
    found, seen = descend(lambda x: 1 + x @ bend @ x, lambda x: 2 * bend @ x, (4.0, -3.0))
    assert 1 + found @ bend @ found < 1.001
    assert len(seen) <= 15


def test_the_bottom_may_lie_at_the_edge():
    found, seen = descend(lambda x: 9 + x[0] + (x[1] - 1) ** 2, lambda x: np.array([1, 2 * (x[1] - 1)]), (2.0, 4.0))
    np.testing.assert_allclose(found, (-5.0, 1.0), atol=0.02)
    assert len(seen) <= 12


def test_a_descent_ends_where_nothing_can_be_gained():
    flat = np.zeros(2)
    assert Descent(Place(flat, 1.0, flat), flat - 1, flat + 1).next() is None
    assert Descent(Place(flat, 1.0, flat + 1e-7), flat - 1, flat + 1).next() is None
    assert Descent(Place(flat, 1.0, flat + 1.0), flat, flat + 1).next() is None  # it would leave the box
    descent, steps = Descent(Place(flat, 1.0, flat + 1.0), flat - 9, flat + 9), []
    while (x := descent.next()) is not None:
        steps.append(float(np.abs(x).max()))
        descent.refused(steps[-1])
    assert len(steps) == 4
    assert all(later == pytest.approx(earlier / 4) for earlier, later in pairwise(steps))


# ---- chains


def test_a_chain_goes_down_and_the_next_one_starts_elsewhere():
    history = toy_search(Gradient(), 40, space=bowl_space(), loss=bowl)
    first, second = chains(history)[:2]
    assert history.trials[first].candidate == history.space.default("linear")
    best = min(history.trials[:second], key=lambda trial: trial.loss)
    assert best.loss < 1.053  # of 1.115 at the start, and 1.05 at the bottom
    assert second <= 20
    assert all(trial.parents[0] < trial.number for trial in history.trials if trial.parents)
    shares = {dict(trial.candidate.root.params)["share"] for trial in history.trials[first:second]}
    assert shares == {0.5}, "what has no slope stays as it is"
    assert {trial.origin for trial in history.trials} == {"gradient"}


def test_the_search_ends_when_its_chains_have():
    history = toy_search(Gradient(starts=3), 500, space=bowl_space(), loss=bowl)
    assert len(history.trials) < 60
    assert len(chains(history)) == 3
    assert [Gradient(starts=3).ask(history, seed) for seed in range(3)] == [None] * 3
    assert Gradient(starts=4).ask(history, 0) is not None


def test_a_family_that_tells_no_slopes_is_only_begun():
    history = toy_search(Gradient(starts=3), 500, space=bowl_space(), loss=lambda one: bowl(one, slopes=False))
    assert len(history.trials) == 3


def test_while_a_step_is_awaited_another_chain_goes_on():
    space, strategy = bowl_space(), Gradient(starts=2)
    history = History(space, 0)
    proposals = []
    for _ in range(6):
        proposals.append(strategy.ask(history, 0))
        record(history, proposals[-1], None)
    assert len({proposal.candidate.key for proposal in proposals}) == 6  # more than there are starts
    history.finish(history.trials[0], bowl(history.trials[0].candidate), 9.0)
    assert strategy.ask(history, 0).parents == (0,)


def test_a_step_that_fails_is_shortened():
    history = History(bowl_space(), 0)
    for _ in range(3):
        proposal = Gradient().ask(history, 0)
        failed = Failure("memory", "Too large.") if len(history.trials) == 1 else bowl(proposal.candidate)
        record(history, proposal, failed)
    start, long, short = (math.log(dict(trial.candidate.root.params)["a"]) for trial in history.trials)
    assert start == 0.0
    assert short == pytest.approx(long / 4, rel=1e-4)
    assert history.trials[2].parents == (0,)


def test_others_trials_are_taken_for_steps():
    space = bowl_space()
    history = History(space, 0)
    record(history, Proposal(space.default("linear"), "portfolio"), bowl(space.default("linear")))
    assert Gradient().ask(history, 0).parents == (0,)


def test_a_step_on_another_rung_says_nothing_of_the_loss():
    history = History(bowl_space(), 0)
    record(history, Gradient().ask(history, 0), bowl(history.space.default("linear")), Rung(rows=0.25))
    proposal = Gradient().ask(history, 0)
    record(history, proposal, bowl(proposal.candidate))
    assert Gradient().ask(history, 0).parents == (0,)


def test_slopes_are_read_back(tmp_path):
    first = Journal(tmp_path / "journal.jsonl")
    history = toy_search(Gradient(), 6, history=History.open(bowl_space(), 3, first, {}), loss=bowl)
    first.close()
    again = History.open(bowl_space(), 3, Journal(tmp_path / "journal.jsonl"), {})
    again.journal.close()
    assert [trial.measures for trial in again.trials] == [trial.measures for trial in history.trials]
    assert len(again.trials[5].measures.slopes) == 4
    assert Gradient().ask(again, 0) == Gradient().ask(history, 0)


def test_slopes_of_a_trial_are_the_means_of_its_folds():
    folds = [Measures(smooth_loss=1.0, slopes={"a": 2.0}), Measures(smooth_loss=2.0, slopes={"a": 4.0, "b": 1.0})]
    found = Measures(0.5).with_slopes(folds)
    assert (found.loss, found.smooth_loss, found.slopes) == (0.5, 1.5, {"a": 3.0, "b": 0.5})
    assert Measures(0.5).with_slopes([*folds, Measures()]) == Measures(0.5)


# ---- few fits


class Ridges:
    """Three folds of a table of five kinds of column, each of which wants another penalty."""

    noise = (1.0, 0.02, 0.5, 0.15, 0.05)  # usual coefficient of each kind

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.blocks = np.repeat(np.arange(5), (10, 30, 30, 30, 30))
        self.X = rng.normal(size=(240, len(self.blocks)))
        coefficients = np.array(self.noise)[self.blocks] * rng.normal(size=len(self.blocks))
        self.y = self.X @ coefficients + 2 * rng.normal(size=len(self.X))
        self.folds = np.arange(len(self.X)) % 3

    def __call__(self, candidate):
        values = {name: value for name, value in candidate.root.params if name.startswith("penalty")}
        found = []
        for fold in range(3):
            train, valid = (np.flatnonzero((self.folds == fold) == held) for held in (False, True))
            held = self.X[valid], self.y[valid]
            fitted = BlockRidge(**values).fit(self.X[train], self.y[train], eval_set=held, blocks=self.blocks)
            found.append(Measures(smooth_loss=fitted.smooth_loss_, slopes=fitted.slopes_))
        told = Measures().with_slopes(found)
        return Outcome((), replace(told, loss=told.smooth_loss), ())


def ridge_space():
    needs = ("missing", "category", "text", "date")
    space = read_space().only(include=["block_ridge"]).for_task("regression", 160, 130, meta_features=needs)
    return replace(space, steps={}, preprocessor=BARE)


def best_after(strategy, fits, evaluate):
    history = toy_search(strategy, fits, space=ridge_space(), loss=evaluate)
    return min(trial.loss for trial in history.trials)


def test_five_penalties_are_found_in_fewer_fits_than_by_other_strategies():
    evaluate = Ridges()
    goal = best_after(Gradient(), 60, evaluate)
    assert best_after(Gradient(), 12, evaluate) < 1.003 * goal
    places = [0.1, 10.0, 1000.0]
    names = ridge_space().models["block_ridge"].estimator.slopes
    lattice = GridSearch({f"block_ridge.{name}": places for name in names})
    for other in (RandomSearch(), TPE(), lattice):
        assert best_after(other, 48, evaluate) > 1.003 * goal


# ---- in a whole run


def frame(rows=150):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(rows, 3)), columns=list("xyz"))
    table.loc[rng.random(rows) < 0.2, "y"] = np.nan
    table["town"] = rng.choice(["Rome", "Oslo", "Bonn"], rows)
    return table, table["x"] + (table["town"] == "Rome") + 0.5 * rng.normal(size=rows)


QUICK = {"executor": "inline", "n_jobs": 1, "cv": 3, "random_state": 0, "verbose": 0}


@pytest.mark.parametrize("kind", ["regression", "binary"])
def test_a_run_goes_down_the_slopes(kind, tmp_path):
    X, y = frame()
    y = y if kind == "regression" else np.where(y > 0.3, "yes", "no")
    given = {"search": "gradient", "ensemble": "single", "run_dir": tmp_path / "run", **QUICK}
    fitted = AutoML(**given, max_trials=6).fit(X, y)
    trials = fitted.result_.trials[1:]
    assert {trial.origin for trial in trials} == {"gradient"}
    assert set(trials[0].measures.slopes) == {"penalty_numbers", "penalty_flags", "penalty_levels"}
    first, *later = [trial.measures.smooth_loss for trial in trials]
    assert min(loss for loss in later if loss is not None) < first  # races stop steps that went too far
    resumed = AutoML(**given, max_trials=9).fit(X, y)
    assert [one.candidate for one in resumed.result_.trials[:7]] == [one.candidate for one in fitted.result_.trials]
    whole = AutoML(search="gradient", ensemble="single", **QUICK, max_trials=9).fit(X, y)
    assert [one.candidate for one in resumed.result_.trials] == [one.candidate for one in whole.result_.trials]


def test_without_slopes_the_search_is_refused_before_anything_is_fitted():
    X, y = frame(60)
    with pytest.raises(ArgumentError, match=r"gradient search needs a family .* none of these has any: ridge;"):
        AutoML(search="gradient", include=["ridge"], max_trials=2, **QUICK).fit(X, y)
    assert Gradient().ask(History(space_of(model("bare")), 0), 0) is None
    Gradient().check(toy_space())


def test_slopes_are_of_floats_with_logarithms(tmp_path):
    (tmp_path / "models").mkdir()
    text = """
    name = "mine"
    summary = "Mine."
    accepts = {}
    estimator = { regression = "sklearn.linear_model.Ridge", slopes = ["alpha"] }
    params = { alpha = { float = [0.1, 1.0], default = 0.5, why = "None." } }
    """
    (tmp_path / "models" / "mine.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SpaceError, match=r"\[estimator\] slopes: 'alpha' must be a float of \[params\]"):
        read_space(tmp_path)
