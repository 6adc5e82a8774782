"""A boosting that ends by the clock goes first, in full and on all cores, where there is time for few evaluations."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from automl.schedule import SCHEDULES
from automl.schedule.base import ScheduleContext
from automl.schedule.budget import Budget
from automl.schedule.constants import FEWER_FROM, LONGEST_SHARE, OPENING_SHARE
from automl.schedule.cost import CostModel
from automl.schedule.ladder import Ladder
from automl.schedule.opening import Opening
from automl.schedule.scheduler import Scheduler
from automl.space.component import Cost, EstimatorRef, Fidelity
from automl.space.domain import Float
from automl.space.reader import read_space
from automl.space.space import Space
from automl.strategies.base import RunContext
from automl.strategies.make import make_strategy
from automl.testing.toys import model, outcome, param, record
from automl.trials.history import History
from automl.trials.trial import TOP, Job, Proposal

SECONDS = 20.0


def family(name, start, *, timed):
    where = EstimatorRef(classification=f"toys.{name}", threads="n_jobs")
    toy = model(name, param("x", Float(0.0, 1.0), 0.5))
    return replace(toy, estimator=where, cost=Cost(seconds=0.0, start=start), fidelity=Fidelity(timed=timed))


def space_of(start, *, timed=True):
    """A quick family and a boosting, of which the portfolio's second entry opens."""
    families = [family("quick", 0.01, timed=False), family("booster", start, timed=timed)]
    entries = ({"candidate": "quick(input)"}, {"candidate": "booster(input, x=0.25)", "opens": True})
    return Space({one.name: one for one in families}, {}, entries, "binary")


def run_of(space, *, seconds=SECONDS, max_trials=None, rows=30_000):
    """What a run with that many seconds of search asks for jobs."""
    history, budget = History(space, 0), Budget(seconds, max_trials, clock=lambda: 0.0)
    task = SimpleNamespace(rows=rows, columns=10, wide_columns=10, n_outputs=2)
    cost = CostModel(space, task, 5, measured=max_trials is None)
    policy = SCHEDULES.make("auto").policy(ScheduleContext(Ladder.of(space, rows, 5), cost, "rmse", budget, 4))
    context = RunContext(lambda candidate: cost.predict(candidate, history), Opening(budget, cost))
    return history, Scheduler(budget, cost, policy, 4), make_strategy("auto", (), context)


def seconds_of_five_folds(share):
    """What one fold takes, so that five are that share of the search."""
    return share * Budget(SECONDS).search_seconds / 5


def test_it_goes_first_in_full_on_all_cores_for_a_part_of_the_search():
    history, scheduler, strategy = run_of(space_of(seconds_of_five_folds(3 * OPENING_SHARE)))
    first = scheduler.next(history, strategy)
    assert (first.candidate.text, first.proposal.origin) == ("booster(input, x=0.25)", "portfolio")
    assert (first.rung, first.threads) == (TOP, 4)
    assert first.seconds_limit == pytest.approx(LONGEST_SHARE * scheduler.budget.search_seconds)
    history.start(first, 0.0)
    second = scheduler.next(history, strategy)
    assert (second.candidate.family, second.threads) == ("quick", 1)


@pytest.mark.parametrize(
    ("share", "options", "limits"),
    [
        (0.5, {}, {}),
        (3, {"timed": False}, {}),
        (3, {}, {"max_trials": 9}),
        (3, {}, {"seconds": None}),
        (3, {}, {"rows": FEWER_FROM - 1}),
    ],
    ids=["cheap", "not ended by the clock", "by number", "without a limit", "few rows"],
)
def test_else_the_cheapest_goes_first(share, options, limits):
    space = space_of(seconds_of_five_folds(share * OPENING_SHARE), **options)
    history, scheduler, strategy = run_of(space, **limits)
    assert scheduler.next(history, strategy).candidate.family == "quick"


def test_only_the_first_boosting_does():
    space = space_of(seconds_of_five_folds(3 * OPENING_SHARE))
    history, scheduler, _ = run_of(space)
    booster = space.first_candidates(opening=True)[0]
    assert scheduler.opens(booster, history)
    record(history, Proposal(space.parse("quick(input)"), "portfolio"), outcome(0.4))
    assert scheduler.opens(booster, history)
    history.start(Job(Proposal(booster, "portfolio"), TOP), 0.0)
    assert not scheduler.opens(space.parse("booster(input, x=0.75)"), history)


def test_a_cheap_look_is_for_all_but_what_opens():
    space = space_of(seconds_of_five_folds(3 * OPENING_SHARE))
    history, scheduler, _ = run_of(space)
    booster = space.parse("booster(input, x=0.75)")
    assert scheduler.policy.entry(booster, history) == TOP
    history.start(Job(Proposal(booster, "tpe"), TOP), 0.0)
    assert scheduler.policy.entry(space.parse("booster(input, x=0.5)"), history).rows < 1


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("missing", [(), ("lightgbm",)], ids=["all", "without LightGBM"])
def test_the_space_has_one_that_opens(task, missing):
    space = read_space().for_task(task, 50_000, 20).only(None, missing or None)
    opening = space.first_candidates(opening=True)
    assert opening
    assert set(opening) <= set(space.first_candidates())
    assert all(space.component(candidate.family).fidelity.timed for candidate in opening)
