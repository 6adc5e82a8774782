"""What a history answers from its indexes is what a look at all trials would say."""

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.testing.toys import outcome, record, toy_space
from automl.trials.constants import REPEATED
from automl.trials.derived import Derived
from automl.trials.history import History
from automl.trials.ranking import behind, behind_on_folds, by_loss, rank, ranked
from automl.trials.trial import DUMMY, TOP, Failure, Job, Outcome, Proposal, Rung

SPACE = toy_space()
POOL = [SPACE.candidate("bowl", {"x": place / 4}) for place in range(12)]
RUNGS = [TOP, Rung(rows=1 / 3), Rung(iterations=1 / 3), Rung(folds=2.0), Rung(folds=3.0)]
UNSCORED = Outcome(())
ended = st.one_of(
    st.sampled_from([0.0, 0.25, 0.5, 1.0, float("inf")]).map(outcome),
    st.sampled_from([UNSCORED, Failure("failed", "no"), Failure("cut", "late"), Failure("stopped", "behind")]),
)
started = st.tuples(st.sampled_from(POOL), st.sampled_from(RUNGS), st.sampled_from(["random", "tpe", DUMMY]))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("whole"), started, ended),  # start and end
        st.tuples(st.just("start"), started, ended),
        st.tuples(st.just("finish"), st.integers(0, 50), ended),
        st.tuples(st.just("again"), st.integers(0, 50), ended),
    ),
    max_size=40,
)


def walk(history, steps):
    """Takes the steps that are possible, and stops after each."""
    for what, which, result in steps:
        if what in ("whole", "start"):
            candidate, rung, origin = which
            record(history, Proposal(candidate, origin), result if what == "whole" else None, rung)
        elif what == "finish" and history.running():
            history.finish(history.running()[which % len(history.running())], result, 1.0)
        elif what == "again" and history.complete():
            lost = history.complete()[which % len(history.complete())]
            history.again([lost])
            if lost.number in [trial.number for trial in history.unfinished]:
                history.start(Job(Proposal(lost.candidate, lost.origin), lost.rung, trial=lost.number), 2.0)
        yield


def naive_complete(trials):
    whole = [trial for trial in trials if trial.complete]
    counts = [trial.rung.folds for trial in whole]
    settled = [folds for folds in set(counts) if sum(count >= folds for count in counts) >= REPEATED]
    most = max(settled, default=1.0)
    found = {}
    for trial in whole:
        key = trial.candidate.key
        if trial.rung.folds <= most and (key not in found or trial.rung.folds > found[key].rung.folds):
            found[key] = trial
    return sorted(found.values(), key=lambda t: (-t.rung.folds, t.loss is None, t.loss or 0.0, t.number))


def naive_since_best(trials):
    first = {}
    for trial in trials:
        if trial.origin != DUMMY and trial.status != "running":
            first.setdefault(trial.candidate.key, trial.number)
    best = [trial for trial in naive_complete(trials) if trial.origin != DUMMY]
    return sum(number > first[best[0].candidate.key] for number in first.values()) if best else 0


def check(history):
    trials = list(history.trials)
    searched = [trial for trial in trials if trial.origin != DUMMY]
    assert list(history.complete()) == naive_complete(trials) == ranked(reversed(trials))
    assert list(history.searched()) == [trial for trial in naive_complete(trials) if trial.origin != DUMMY]
    assert history.running() == [trial for trial in trials if trial.status == "running"]
    assert history.candidates_trials() == searched
    assert history.candidates == len({trial.candidate.key for trial in searched})
    assert history.candidates_since_best() == naive_since_best(trials)
    assert set(history.partial_rungs) >= {t.rung for t in trials if not t.rung.whole and t.status == "ok"}
    assert set(history.families) == {trial.candidate.family for trial in trials}
    for family in ("bowl", "plain"):
        assert list(history.latest(family)) == [t for t in reversed(trials) if t.candidate.family == family]
    assert set(history.whole_families) == {trial.candidate.family for trial in trials if trial.rung.whole}
    for origin in ("random", DUMMY):
        assert list(history.latest_from(origin)) == [trial for trial in reversed(trials) if trial.origin == origin]
    first_round = naive_complete([trial for trial in searched if trial.rung.folds <= 1])
    assert history.first_round(3) == first_round[:3]
    entries = {}
    for trial in searched:
        entries.setdefault(trial.candidate.key, trial.rung)
    for rung in RUNGS:
        assert history.entered_at(rung) == sum(entry == rung for entry in entries.values())
    for rung in (rung for rung in RUNGS if not rung.whole):
        ended = [trial for trial in trials if trial.rung == rung and trial.status not in ("running", "cut")]
        ended.sort(key=lambda trial: (trial.loss is None, trial.loss or 0.0, trial.number))
        waiting = [trial for trial in ended if history.highest(trial.candidate.key).rung == rung]
        assert (list(history.ended_at(rung)), list(history.waiting_at(rung))) == (ended, waiting)
        for entry in RUNGS:
            group = [trial for trial in ended if history.of(trial.candidate.key)[0].rung == entry]
            assert list(history.ended_at(rung, entry)) == group
            assert list(history.waiting_at(rung, entry)) == [trial for trial in group if trial in waiting]
        assert [rank(history.ended_at(rung), trial) for trial in ended] == list(range(1, len(ended) + 1))
    for candidate in POOL:
        same = [trial for trial in trials if trial.candidate.key == candidate.key]
        assert history.seen(candidate.key) == bool(same)
        if same:
            assert history.of(candidate.key) == same
            assert history.highest(candidate.key) is max(same, key=lambda trial: trial.rung.work)


@given(steps, steps)
def test_what_is_derived_is_what_all_trials_say(steps, others):
    """Of one history after the other, and looked at now and then."""

    derived = Derived(dict, lambda states, trial, history: states.update({trial.number: trial.status}))
    for history, taken in ((History(SPACE, 0), steps), (History(SPACE, 1), others)):
        for place, _ in enumerate(walk(history, taken)):
            if place % 3 == 0:
                assert derived.of(history) == {trial.number: trial.status for trial in history.trials}


@given(steps)
def test_every_answer_is_that_of_a_look_at_all_trials(steps):
    history = History(SPACE, 0)
    for _ in walk(history, steps):
        check(history)


def test_repeats_count_from_the_eighth_on():
    """Random histories seldom come this far."""
    history, rng = History(SPACE, 0), Random(0)
    for rung in (TOP, Rung(folds=2.0), Rung(folds=3.0)):
        for candidate in POOL:
            record(history, Proposal(candidate, "random"), rng.random(), rung)
            check(history)
    assert {trial.rung.folds for trial in history.complete()} == {3.0}
    history.again(history.complete()[:10])
    for trial in list(history.unfinished):
        history.start(Job(Proposal(trial.candidate, trial.origin), trial.rung, trial=trial.number), 2.0)
        check(history)
    assert {trial.rung.folds for trial in history.complete()} == {2.0}


def test_trials_compare_by_what_they_lost():
    history = History(SPACE, 0)
    results = [outcome(0.5), UNSCORED, outcome(0.25), outcome(0.5)]
    trials = [record(history, Proposal(c, "random"), r) for c, r in zip(POOL, results, strict=False)]
    assert [trial.number for trial in sorted(trials, key=by_loss)] == [2, 0, 3, 1]
    assert [behind(trial, trials[2]) for trial in trials] == [0.25, None, 0.0, 0.25]
    assert behind_on_folds(trials[0], trials[2]) == 0.25
    assert behind_on_folds(trials[1], trials[2]) == 0.0


@pytest.mark.parametrize("ask", ["complete", "searched", "running", "candidates_since_best", "candidates"])
def test_no_answer_takes_longer_the_more_trials_there_are(ask):
    def seconds(count):
        history, rng = History(SPACE, 0), Random(0)
        for _ in range(count):
            record(history, Proposal(SPACE.sample(rng), "random"), rng.random())
        spent = []
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(20):
                found = getattr(history, ask)
                _ = found() if callable(found) else found
            spent.append(time.perf_counter() - started)
        return min(spent)

    assert seconds(2_000) < 5 * seconds(100) + 1e-4
