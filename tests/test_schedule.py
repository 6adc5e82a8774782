"""How thoroughly candidates are evaluated: ladders, successive halving, Hyperband, races, the default."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from automl.report.verdicts import with_verdicts
from automl.schedule import SCHEDULES
from automl.schedule.auto import Auto
from automl.schedule.base import ScheduleContext
from automl.schedule.budget import Budget
from automl.schedule.constants import ETA, LEAST_ROWS, RIVAL_PLACE, SATURATED, SHORTLIST
from automl.schedule.cost import CostModel
from automl.schedule.halving import HalvingPolicy, HyperbandPolicy, Whole
from automl.schedule.ladder import Ladder
from automl.schedule.promotion import FirstOfFamily, LateInSearch, Promotion, Repeats
from automl.schedule.racing import make_race
from automl.schedule.scheduler import Scheduler
from automl.space.component import Cost, EstimatorRef, Fidelity
from automl.space.domain import Float, Int
from automl.strategies.estimates import losses_at
from automl.strategies.random_search import RandomSearch
from automl.testing.toys import model, outcome, param, record, space_of, toy_loss, toy_space
from automl.trials.constants import REPEATED
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.ranking import ranked
from automl.trials.trial import TOP, Failure, Job, Proposal, Rung

SPACE = toy_space()
THIRD, NINTH = Rung(rows=1 / 3, folds=0.2), Rung(rows=1 / 9, folds=0.2)


def always(candidate, rung):
    return True


def ladder_of(*shares, space=SPACE, repeats=1):
    return Ladder(space, (*(Rung(rows=share, folds=0.2) for share in shares), TOP), repeats)


def candidate(place):
    return SPACE.candidate("bowl", {"x": place / 1000})


def history_of(*entries):
    """A history of (place of the candidate, loss, rung)."""
    history = History(SPACE, 0)
    for place, loss, rung in entries:
        record(history, Proposal(candidate(place), "random"), loss, rung)
    return history


# ---- rungs and ladders


def test_a_rung_says_what_it_leaves_out():
    assert str(TOP) == "all"
    assert str(Rung(rows=1 / 9, folds=0.2)) == "1/9 of the rows, 1/5 of the folds"
    assert str(Rung(iterations=1 / 3)) == "1/3 of the iterations"
    assert str(Rung(folds=2.0)) == "2 repeats"
    assert [rung.whole for rung in (TOP, Rung(folds=2.0), THIRD, Rung(iterations=0.5))] == [True, True, False, False]


@pytest.mark.parametrize(
    ("rows", "folds", "shares"),
    [(2_000, 5, []), (6_000, 5, [3]), (30_000, 5, [9, 3]), (1_000_000, 1, [81, 27, 9, 3])],
)
def test_a_ladder_leaves_rows_out_as_long_as_enough_stay(rows, folds, shares):
    rungs = Ladder.of(SPACE, rows, folds).rungs
    assert rungs[-1] == TOP
    partial = [rung for rung in rungs[:-1] if rung.rows < 1]
    assert [round(1 / rung.rows) for rung in partial] == shares
    train = rows * (folds - 1) / folds if folds > 1 else 0.8 * rows
    assert all(rung.rows * train >= LEAST_ROWS and rung.folds == 1 / folds for rung in partial)
    assert list(rungs) == sorted(rungs, key=lambda rung: rung.work)


def test_small_tables_leave_out_iterations_of_families_that_have_some():
    grown = replace(model("grown", param("n", Int(1, 100), 50)), fidelity=Fidelity(iterations="n"))
    space = space_of(grown, model("plain", param("x", Float(0.0, 1.0), 0.5)))
    ladder = Ladder.of(space, 500, 5)
    assert [rung.iterations for rung in ladder.for_candidate(space.default("grown"))] == [1 / 9, 1 / 3, 1.0]
    assert ladder.for_candidate(space.default("plain")) == (TOP,)


def test_a_family_may_say_that_fewer_rows_tell_nothing():
    stubborn = replace(model("stubborn"), fidelity=Fidelity(rows=False))
    space = space_of(stubborn, model("plain"))
    ladder = Ladder.of(space, 30_000, 5)
    assert ladder.for_candidate(space.default("stubborn")) == (TOP,)
    assert len(ladder.for_candidate(space.default("plain"))) == 3
    assert ladder.above(space.default("plain"), ladder.rungs[0]) == ladder.rungs[1]
    assert ladder.above(space.default("plain"), ladder.rungs[1]) == TOP


# ---- successive halving


def test_the_best_third_of_a_rung_rises_the_best_first():
    policy = HalvingPolicy(ladder_of(1 / 9, 1 / 3))
    entries = [(place, 0.1 * place, NINTH) for place in (5, 3, 1, 2, 4, 6)]
    assert policy.entry(candidate(0), history_of()) == NINTH
    assert policy.promotion(history_of(*entries[:2]), always) is None
    history = history_of(*entries)
    first = policy.promotion(history, always)
    assert (first.trial.candidate, first.rung) == (candidate(1), THIRD)
    assert first.why == "rank 1 of 6 with 1/9 of the rows, 1/5 of the folds"
    record(history, Proposal(candidate(1), "random"), None, THIRD)  # now it runs there
    assert policy.promotion(history, always).trial.candidate == candidate(2)
    record(history, Proposal(candidate(2), "random"), 0.1, THIRD)
    assert policy.promotion(history, always) is None


def test_what_does_not_fit_stays_and_the_next_one_rises():
    policy = HalvingPolicy(ladder_of(1 / 3))
    history = history_of(*[(place, 0.1 * place, THIRD) for place in range(1, 7)])
    found = policy.promotion(history, lambda one, rung: one != candidate(1))
    assert (found.trial.candidate, found.rung) == (candidate(2), TOP)


def test_failures_count_as_the_last_of_their_rung():
    policy = HalvingPolicy(ladder_of(1 / 3))
    entries = [(1, Failure("failed", "a toy"), THIRD), (2, 0.5, THIRD), (3, Failure("crashed", "a toy"), THIRD)]
    assert policy.promotion(history_of(*entries), always).trial.candidate == candidate(2)
    all_failed = [(place, Failure("failed", "a toy"), THIRD) for place in range(6)]
    assert policy.promotion(history_of(*all_failed), always) is None


def test_asynchronous_halving_spends_like_successive_halving():
    """Of 81 candidates, about a third rises from each rung to the next, and the best one reaches the top."""
    policy, history = HalvingPolicy(ladder_of(1 / 27, 1 / 9, 1 / 3)), History(SPACE, 0)
    tried = 0
    while True:
        found = policy.promotion(history, always)
        if found is not None:
            record(history, Proposal(found.trial.candidate, "random"), found.trial.loss, found.rung)
        elif tried < 81:
            one = candidate(37 * tried % 81)
            loss = abs(37 * tried % 81 - 40.3)
            record(history, Proposal(one, "random"), loss, policy.entry(one, history))
            tried += 1
        else:
            break
    counts = [sum(trial.rung == rung for trial in history.trials) for rung in policy.ladder.rungs]
    assert counts[0] == 81
    for below, above in pairwise(counts):
        assert below // ETA <= above <= 2 * below // ETA
    assert history.searched()[0].candidate == candidate(40)


def test_hyperband_starts_brackets_on_every_rung_with_about_equal_work():
    policy, history = HyperbandPolicy(ladder_of(1 / 9, 1 / 3)), History(SPACE, 0)
    for place in range(60):
        record(history, Proposal(candidate(place), "random"), float(place), policy.entry(candidate(place), history))
    counts = [sum(trial.rung == rung for trial in history.trials) for rung in policy.ladder.rungs]
    shares = [9.0, 4.5, 3.0]  # Hyperband's numbers of configurations for three brackets
    for count, share in zip(counts, shares, strict=True):
        assert count == pytest.approx(60 * share / sum(shares), abs=1)


def test_hyperbands_brackets_compete_among_themselves():
    policy = HyperbandPolicy(ladder_of(1 / 9, 1 / 3))
    history = history_of(*[(place, 1.0 + place, NINTH) for place in range(3)], *[(9, 0.1, THIRD), (8, 0.2, THIRD)])
    found = policy.promotion(history, always)
    assert (found.trial.candidate, found.rung) == (candidate(0), THIRD)


def test_without_a_schedule_everybody_starts_at_the_top():
    policy = Whole(ladder_of(1 / 9, 1 / 3))
    assert policy.entry(candidate(0), history_of()) == TOP
    assert policy.promotion(history_of(*[(place, 0.1, NINTH) for place in range(9)]), always) is None
    assert policy.race(candidate(0), TOP, history_of()) is None


# ---- races


def test_a_race_is_against_the_tenth_best_on_the_same_folds():
    history = History(SPACE, 0)
    for place in range(12):
        record(
            history,
            Proposal(candidate(place), "random"),
            outcome(0.5 + 0.01 * place, 0.6 + 0.01 * place, 0.55 + 0.01 * place),
        )
    race = make_race(history, "rmse")
    assert race.limits == pytest.approx(
        [0.5 + 0.01 * (RIVAL_PLACE - 1), 0.55 + 0.01 * (RIVAL_PLACE - 1)]
    )  # differences do not vary
    assert race.curves
    assert not make_race(history, "roc_auc").curves
    assert race.lost([0.6])
    assert not race.lost([0.5])
    assert not race.lost([])
    assert not race.lost([0.9, 0.9, 0.9])  # all folds are there
    assert race.limit([]) == pytest.approx(race.limits[0])
    assert race.limit([0.5]) == pytest.approx(2 * race.limits[1] - 0.5)
    assert race.limit([0.5, 0.5]) == math.inf


def test_a_race_allows_for_what_folds_differ_by():
    history = History(SPACE, 0)
    for place in range(12):
        wobble = 0.05 * (-1) ** place
        record(history, Proposal(candidate(place), "random"), outcome(0.5 + wobble, 0.5 - wobble, 0.5))
    assert make_race(history, "rmse").limits[0] > 0.55


def test_no_race_without_rivals_or_folds():
    assert make_race(history_of(*[(place, 0.5, TOP) for place in range(12)]), "rmse") is None  # one fold
    few = History(SPACE, 0)
    for place in range(3):
        record(few, Proposal(candidate(place), "random"), outcome(0.5, 0.6))
    assert make_race(few, "rmse") is None


# ---- the default


def auto_of(ladder, seconds=100.0, clock=lambda: 0.0, metric="rmse"):
    budget = Budget(seconds, clock=clock)
    return Auto().policy(ScheduleContext(ladder, Priced(), metric, budget, 2))


class Priced:
    """A cost model in which a candidate takes as many seconds as its `x`, times the share of the rung."""

    measured, rows = True, 30_000

    def predict(self, candidate, history, rung=TOP):
        return 1000 * abs(float(dict(candidate.root.params)["x"])) * rung.rows * rung.folds


def test_the_default_looks_cheaply_at_what_is_dear():
    policy = auto_of(ladder_of(1 / 27, 1 / 9, 1 / 3))
    assert policy.ladder.rungs == (THIRD, TOP)  # a fifteenth of the work
    assert policy.entry(candidate(1), history_of()) == TOP
    assert policy.entry(candidate(50), history_of()) == THIRD
    one_fold = Ladder(SPACE, (Rung(rows=1 / 9), Rung(rows=1 / 3), TOP))
    assert auto_of(one_fold).ladder.rungs == (Rung(rows=1 / 9), TOP)
    assert auto_of(Ladder(SPACE, (Rung(rows=1 / 3), TOP))).ladder.rungs == (Rung(rows=1 / 3), TOP)  # nothing is cheaper
    assert auto_of(Ladder(SPACE, (Rung(iterations=1 / 9, folds=0.2), TOP))).ladder.rungs == (TOP,)


def test_the_first_of_a_family_and_late_in_the_search_the_better_half_rises():
    now = [0.0]
    policy = auto_of(ladder_of(1 / 9), clock=lambda: now[0])
    entries = [(10 + place, 0.1 * place, NINTH) for place in range(1, 5)]
    history = history_of(*entries)
    first = policy.promotion(history, always)
    assert first.why.startswith("rank 1 of 4")
    record(history, Proposal(first.trial.candidate, "random"), 0.1, TOP)
    assert policy.promotion(history, always) is None
    now[0] = 80.0
    late = policy.promotion(history, always)
    assert (late.trial.candidate, late.why[:4]) == (candidate(12), "late")
    other = SPACE.candidate("maze")
    now[0] = 0.0
    record(history, Proposal(other, "random"), 0.15, NINTH)
    fresh = policy.promotion(history, always)
    assert (fresh.trial.candidate, fresh.rung) == (other, TOP)
    assert fresh.why.startswith("the first of its family")


def test_each_promotion_rule_does_one_thing():
    ladder, maze = ladder_of(1 / 9), SPACE.candidate("maze")
    history = history_of(*[(place, 0.1 * place, NINTH) for place in range(1, 4)])
    late = [False]
    rule = LateInSearch(ladder, lambda: late[0])
    assert rule(history, always) is None
    late[0] = True
    assert rule(history, always).trial.candidate == candidate(1)
    assert rule(history, lambda one, rung: one == candidate(2)).why.startswith("late in the search, rank 2 of 3")
    assert rule(history, lambda one, rung: one == candidate(3)) is None  # not of the better half
    family = FirstOfFamily(ladder)
    assert family(history_of((1, 0.1, NINTH), (2, 0.1, NINTH)), always) is None  # too few to compare with
    assert family(history, always).rung == TOP
    record(history, Proposal(candidate(1), "random"), 0.1, TOP)
    assert family(history, always) is None
    record(history, Proposal(maze, "random"), 0.15, NINTH)
    assert family(history, always).trial.candidate == maze
    assert Repeats(3)(history, always) is None
    stale = history_of(*[(place, 0.5 + 0.01 * place, TOP) for place in range(SATURATED + 1)])
    assert Repeats(1)(stale, always) is None
    assert Repeats(2)(stale, always).rung == Rung(folds=2.0)


def test_the_first_promotion_rule_that_has_somebody_is_followed():
    history = history_of((1, 0.1, NINTH))
    found = [Promotion(history.trials[0], rung, "a toy") for rung in (THIRD, TOP)]
    rules = [lambda *_: None, *(lambda *_, one=one: one for one in found)]
    assert Whole(ladder_of(1 / 9), rules).promotion(history, always) is found[0]
    assert Whole(ladder_of(1 / 9)).promotion(history, always) is None


def test_a_familys_first_runs_alone_and_partial_rungs_have_no_race():
    policy, history = auto_of(ladder_of(1 / 9)), History(SPACE, 0)
    for place in range(12):
        record(history, Proposal(candidate(place), "random"), outcome(0.5 + 0.01 * place, 0.6))
    assert policy.race(candidate(99), TOP, history) is not None
    assert policy.race(candidate(99), NINTH, history) is None
    assert policy.race(SPACE.candidate("maze"), TOP, history) is None


def test_a_saturated_search_repeats_the_cross_validation_of_the_best():
    policy, history = auto_of(ladder_of(repeats=3)), History(SPACE, 0)
    for place in range(SATURATED):
        record(history, Proposal(candidate(place), "random"), 0.5 + 0.01 * place)
    assert policy.promotion(history, always) is None
    record(history, Proposal(candidate(999), "random"), 0.9)
    seen = []
    while (found := policy.promotion(history, always)) is not None:
        seen.append((found.trial.candidate, found.rung.folds))
        record(history, Proposal(found.trial.candidate, "random"), 0.6, found.rung)
    assert seen[:SHORTLIST] == [(candidate(place), 2.0) for place in range(SHORTLIST)]
    assert len(seen) == 2 * SHORTLIST
    assert history.candidates == SATURATED + 1


def test_repeats_count_once_enough_candidates_have_them():
    history = history_of(*[(place, 0.5 + 0.01 * place, TOP) for place in range(REPEATED + 2)])
    twice = Rung(folds=2.0)
    for place in range(REPEATED - 1):
        record(history, Proposal(candidate(place), "random"), 0.9 - 0.01 * place, twice)
    assert [trial.rung for trial in ranked(history.trials)] == [TOP] * (REPEATED + 2)
    record(history, Proposal(candidate(REPEATED - 1), "random"), 0.99, twice)
    order = ranked(history.trials)
    assert [trial.rung for trial in order] == [twice] * REPEATED + [TOP] * 2
    assert order[0].candidate == candidate(REPEATED - 2)
    assert len({trial.candidate.key for trial in order}) == len(order)


# ---- what is told of partial evaluations


def test_partial_losses_are_moved_by_what_others_gained_on_the_way():
    history = history_of((1, 0.9, THIRD), (2, 0.8, THIRD), (3, 0.7, THIRD), (1, 0.6, TOP), (2, 0.5, TOP))
    found = losses_at(history.trials, TOP)
    assert found == pytest.approx({candidate(1).key: 0.6, candidate(2).key: 0.5, candidate(3).key: 0.4})


def test_partial_losses_that_nothing_links_are_left_out():
    history = history_of((1, 0.9, THIRD), (2, 0.5, TOP))
    assert losses_at(history.trials, TOP) == {candidate(2).key: 0.5}


def test_who_lost_a_race_is_as_far_behind_as_on_its_folds():
    history = History(SPACE, 0)
    record(history, Proposal(candidate(1), "random"), outcome(0.5, 0.7))
    stopped = Failure("stopped", "After the first fold ...", outcome(0.8).folds)
    record(history, Proposal(candidate(2), "random"), stopped)
    assert losses_at(history.trials, TOP)[candidate(2).key] == pytest.approx(0.6 + 0.3)


def test_verdicts_say_why_candidates_went_no_further():
    history = history_of((1, 0.9, THIRD), (2, 0.8, THIRD), (2, 0.7, TOP))
    low, risen, top = with_verdicts(history.trials)
    assert low.why == "went no further: rank 2 of 2 with 1/3 of the rows, 1/5 of the folds"
    assert (risen.why, top.why) == ("", "")


# ---- the scheduler


def scheduler_of(name, clock, space=SPACE, max_trials=None, seconds=100.0):
    budget = Budget(None if max_trials else seconds, max_trials, clock=clock)
    task = type("Rows", (), {"rows": 30_000, "columns": 10, "wide_columns": 10, "n_outputs": 2})()
    cost = CostModel(space, task, 5, measured=max_trials is None)
    policy = SCHEDULES.make(name).policy(ScheduleContext(Ladder.of(space, 30_000, 5), cost, "rmse", budget, 1))
    return Scheduler(budget, cost, policy, 1)


@pytest.mark.parametrize("name", SCHEDULES.names)
def test_every_schedule_keeps_to_the_rules(name):
    """No candidate twice on a rung, none upwards before the rung below has ended, `max_trials` candidates."""
    scheduler, history, strategy = scheduler_of(name, lambda: 0.0, max_trials=40), History(SPACE, 3), RandomSearch()
    while (job := scheduler.next(history, strategy)) is not None:
        before = [t for t in history.trials if t.candidate.key == job.candidate.key]
        assert all(t.rung.work < job.rung.work and t.status == "ok" for t in before)
        assert bool(before) == bool(job.why)
        trial = history.start(job, float(len(history.trials)))
        history.finish(trial, outcome(toy_loss(job.candidate)), len(history.trials) + 0.5)
        assert len(history.trials) < 1000
    assert history.candidates == 40
    assert history.searched()
    assert all(trial.rung.whole for trial in history.searched())
    best = min(toy_loss(trial.candidate) for trial in history.trials)
    assert history.searched()[0].loss == pytest.approx(best)


@pytest.mark.parametrize("name", SCHEDULES.names)
def test_schedules_are_functions_of_the_history(name):
    """Made anew before every job, a scheduler goes on as if it had been there all the time."""
    runs = []
    for fresh in (False, True):
        scheduler, history = scheduler_of(name, lambda: 0.0, max_trials=25), History(SPACE, 3)
        while True:
            if fresh:
                scheduler = scheduler_of(name, lambda: 0.0, max_trials=25)
            if (job := scheduler.next(history, RandomSearch())) is None:
                break
            history.finish(history.start(job, 0.0), outcome(toy_loss(job.candidate)), 0.5)
        runs.append([(trial.candidate.key, trial.rung, trial.why) for trial in history.trials])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("name", SCHEDULES.names)
def test_asking_for_the_next_job_changes_nothing_that_is_given(name):
    scheduler, history = scheduler_of(name, lambda: 1.0), History(SPACE, 3)
    for number in range(30):
        before = (list(history.trials), list(history.unfinished), vars(scheduler.budget).copy())
        job = scheduler.next(history, RandomSearch())
        assert (history.trials, history.unfinished, vars(scheduler.budget)) == before
        history.finish(history.start(job, float(number)), outcome(toy_loss(job.candidate)), number + 0.5)


def test_what_an_interruption_left_runs_again_on_its_rung():
    scheduler, history = scheduler_of("halving", lambda: 0.0), History(SPACE, 3)
    trial = history.start(Job(Proposal(candidate(1), "random"), THIRD), 0.0)
    history.unfinished.append(trial)
    job = scheduler.next(history, RandomSearch())
    assert (job.candidate, job.rung, job.trial) == (candidate(1), THIRD, trial.number)


def test_models_that_end_with_what_they_have_are_started_though_they_would_take_longer():
    now = [0.0]
    slow = replace(model("slow", param("x", Float(0.0, 1.0), 0.5)), cost=Cost(seconds=0.0, start=4.0))
    timed = replace(slow, name="timed", fidelity=Fidelity(timed=True))
    for family, fits in ((slow, False), (timed, True)):
        space = space_of(family)
        scheduler = scheduler_of("none", lambda: now[0], space, seconds=20.0)
        now[0] = 5.0  # 13 s are left of the search, and five folds take 20
        assert (scheduler.next(History(space, 0), RandomSearch()) is not None) == fits


def test_a_long_job_has_all_threads_unless_a_core_would_idle_for_it():
    threads = EstimatorRef(classification="toys.long", threads="n_jobs")
    long = replace(model("long", param("x", Float(0.0, 1.0), 0.5)), estimator=threads)
    for start, beside in ((14.0, 1), (30.0, 4)):  # of five folds: 70 s fit into the 90 s of the search, 150 s do not
        space = space_of(replace(long, cost=Cost(seconds=0.0, start=start)))
        scheduler, history = scheduler_of("none", lambda: 0.0, space), History(space, 0)
        scheduler.n_jobs = 4
        first = scheduler.next(history, RandomSearch())
        assert first.threads == 4
        history.start(first, 0.0)
        assert scheduler.next(history, RandomSearch()).threads == beside


def test_seconds_have_a_part_that_columns_do_not_change():
    family = replace(model("wide"), cost=Cost(seconds=2e-6, row_seconds=3e-5, start=0.5))
    for columns in (1, 1000):
        task = type("Rows", (), {"rows": 10_000, "columns": columns, "wide_columns": columns, "n_outputs": 2})()
        space = space_of(family)
        expected = 5 * (0.5 + 8_000 * (3e-5 + columns * 2e-6))
        assert CostModel(space, task, 5).nominal(space.default("wide")) == pytest.approx(expected)


def test_too_much_memory_is_not_started():
    fat = replace(model("fat", param("x", Float(0.0, 1.0), 0.5)), cost=Cost(bytes=1e6))
    space = space_of(fat)
    for limit, fits in ((10**9, False), (10**12, True)):
        scheduler = scheduler_of("none", lambda: 0.0, space)
        scheduler.bytes_limit = limit
        assert (scheduler.next(History(space, 0), RandomSearch()) is not None) == fits


def test_seconds_and_bytes_are_learned_from_what_was_measured():
    task = type("Rows", (), {"rows": 10_000, "columns": 10, "wide_columns": 10, "n_outputs": 2})()
    cost, history = CostModel(SPACE, task, 5), History(SPACE, 0)
    before = cost.predict(candidate(1), history)
    assert cost.predict(candidate(1), history, THIRD) < before
    slow = outcome(0.5, fit_seconds=7 * before)
    trial = history.start(Job(Proposal(candidate(1), "random")), 0.0)
    history.finish(trial, replace(slow, measures=Measures(0.5, peak_bytes=int(1.25e9))), 1.0)
    assert cost.predict(candidate(2), history) == pytest.approx(7 * before)
    assert cost.predict_bytes(candidate(2), history) == pytest.approx(1.25e9)
    assert cost.predict_bytes(candidate(2), history, THIRD) == pytest.approx(250e6 + 1e9 / 3)
    assert CostModel(SPACE, task, 5, measured=False).predict(candidate(2), history) == pytest.approx(before)
