"""A run that was killed at any moment goes on as if nothing had happened."""

import signal
import time
from random import Random

import pytest
from separate import QUICK, assert_same, await_begin, events_of, lines_of, start, told
from sklearn.datasets import load_diabetes

from automl import AutoML
from automl.errors import RunDirError
from automl.loop import TICK_SECONDS, Heartbeat
from automl.schedule.budget import Budget
from automl.testing.toys import record, toy_space
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.trial import Proposal

SLOW = pytest.mark.slow
SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "include": ["decision_tree", "ridge"]}


def killed(out, table, arguments, moment=0.0, spent=0.0):
    """Start a run and kill it after so many seconds, or when its journal counts so many; what that says then."""
    with start(out, table, arguments) as process:
        await_begin(out, process)
        time.sleep(moment)
        while seconds_of(events_of(arguments["run_dir"])) < spent:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    return lines_of(arguments["run_dir"]), events_of(arguments["run_dir"])


def seconds_of(events):
    return max((event.get("seconds", 0.0) for event in events), default=0.0)


def check_went_on(before, folder):
    """Finished trials are the journal's, none runs twice, and the clock went on from where it stood."""
    lines, events = before
    after = events_of(folder)
    assert lines_of(folder)[: len(lines)] == lines
    finished = {event["trial"] for event in events if event["event"] == "finish"}
    new = after[len(lines) :]
    assert not finished & {event["trial"] for event in new if event["event"] == "start"}
    ends = [event["trial"] for event in after if event["event"] == "finish"]
    assert len(ends) == len(set(ends))
    assert min(event["seconds"] for event in new if "seconds" in event) >= seconds_of(events)


@pytest.mark.parametrize(
    ("table", "executor", "trials", "kills"),
    [
        ("messy", "inline", 5, 1),
        pytest.param("wine", "processes", 9, 5, marks=SLOW),
        pytest.param("diabetes", "inline", 9, 5, marks=SLOW),
    ],
)
def test_killed_at_random_moments_it_ends_as_if_it_had_not_been(tmp_path, table, executor, trials, kills):
    arguments = {"max_trials": trials, "n_jobs": 1, "include": [*QUICK, "ridge"], "executor": executor}
    whole = told(start(tmp_path / "whole", table, arguments))
    for kill in range(kills):
        again = {**arguments, "run_dir": str(tmp_path / f"run{kill}")}
        moment = Random(f"{table} {executor} {kill}").uniform(0.0, whole["wall"])
        before = killed(tmp_path / "again", table, again, moment)
        assert told(start(tmp_path / "again", table, again))["reason"] == "max_trials"
        check_went_on(before, again["run_dir"])
        assert_same(tmp_path / "whole", tmp_path / "again")


@pytest.mark.alone
@SLOW
def test_seconds_that_were_spent_count(tmp_path):
    arguments = {"time_budget": 4, "n_jobs": 1, "include": QUICK, "run_dir": str(tmp_path / "run")}
    before = killed(tmp_path / "first", "wine", arguments, spent=1.0)
    second = told(start(tmp_path / "second", "wine", arguments))
    check_went_on(before, tmp_path / "run")
    assert second["reason"] == "time_budget"
    assert second["wall"] <= 4 - seconds_of(before[1]) + 1.0


def test_seconds_of_a_long_trial_count_too(tmp_path):
    """The journal shows signs of life while nothing ends."""
    now = [0.0]
    budget = Budget(100.0, clock=lambda: now[0])
    journal = Journal(tmp_path / "journal.jsonl")
    history = History.open(toy_space(), 0, journal, {})
    beat = Heartbeat(history, budget)
    for now[0] in (1.0, TICK_SECONDS + 1, TICK_SECONDS + 2, 3 * TICK_SECONDS):
        beat(None)
    trial = record(history, Proposal(history.space.candidate("plain"), "random"), 0.1)
    now[0] += TICK_SECONDS - 1
    beat(trial)
    now[0] += 2
    beat(None)
    journal.close()
    journal = Journal(tmp_path / "journal.jsonl")
    journal.close()
    ticks = [event["seconds"] for event in journal.events if event["event"] == "tick"]
    assert ticks == [TICK_SECONDS + 1, 3 * TICK_SECONDS]
    assert History.open(toy_space(), 0, journal, {}).spent == 3 * TICK_SECONDS


# ---- what may change, and what not

X, Y = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    AutoML(**SMALL, max_trials=2, run_dir=folder).fit(X, Y)
    return folder


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"X": X.assign(age=X["age"].to_numpy()[::-1])}, "another data"),
        ({"X": X.iloc[:-1], "y": Y.iloc[:-1]}, "another data"),
        ({"X": X.drop(columns="age")}, r"another set of columns .with 'age', now without."),
        ({"y": Y + 1}, "another data"),
        ({"y": Y.rename("other")}, "another (data|target)"),
        ({"sample_weight": range(1, len(Y) + 1)}, "another data"),
        ({"metric": "mae"}, "another metric"),
        ({"cv": 4}, "another cv"),
        ({"search": "tpe"}, "another search"),
        ({"include": ["decision_tree"]}, "another space"),
        ({"try_first": ["ridge(input)"]}, "another try_first"),
        ({"trial_timeout": 5}, "another trial_timeout"),
    ],
    ids=str,
)
def test_another_run_is_refused_in_a_sentence(run_dir, change, named):
    before = (run_dir / "journal.jsonl").read_bytes()
    data = {name: change[name] for name in ("X", "y", "sample_weight") if name in change}
    arguments = {name: value for name, value in change.items() if name not in data}
    with pytest.raises(RunDirError, match=named) as caught:
        AutoML(**{**SMALL, "max_trials": 4, "run_dir": run_dir, **arguments}).fit(**{"X": X, "y": Y, **data})
    text = str(caught.value)
    assert str(run_dir) in text
    assert "resume=False" in text
    assert text.count("\n") == 0
    assert (run_dir / "journal.jsonl").read_bytes() == before


def test_a_run_that_is_complete_hands_over_again_without_searching(run_dir):
    lines = lines_of(run_dir)
    models = [AutoML(**SMALL, max_trials=2, run_dir=run_dir).fit(X, Y) for _ in range(2)]
    new = [event["event"] for event in events_of(run_dir)[len(lines) :]]
    assert new.count("end") == 2
    assert "start" not in new
    assert (models[0].predict(X) == models[1].predict(X)).all()


def test_another_run_takes_the_folder_where_it_is_told_to(tmp_path):
    for arguments in ({}, {"metric": "mae", "resume": False}, {"metric": "mae"}):
        model = AutoML(**{**SMALL, "max_trials": 1, "run_dir": tmp_path / "run", **arguments}).fit(X, Y)
    assert model.metric_ == "mae"


def test_more_trials_go_on_as_one_run(tmp_path):
    """With the share of the portfolio out of play, what is asked does not depend on where the first part ended."""
    arguments = {**SMALL, "search": "random"}
    whole = AutoML(**arguments, max_trials=4).fit(X, Y)
    AutoML(**arguments, max_trials=2, run_dir=tmp_path / "run").fit(X, Y)
    more = AutoML(**arguments, max_trials=4, run_dir=tmp_path / "run").fit(X, Y)
    assert [trial.candidate for trial in more.trials_] == [trial.candidate for trial in whole.trials_]
    assert (more.predict(X) == whole.predict(X)).all()


def test_a_longer_budget_goes_on(tmp_path):
    arguments = {**SMALL, "include": ["decision_tree"], "run_dir": tmp_path / "run"}
    first = AutoML(**arguments, time_budget=2).fit(X, Y)
    started = time.monotonic()
    second = AutoML(**arguments, time_budget=3.5).fit(X, Y)
    assert time.monotonic() - started < 3  # 1.5 s are left, and a second over is allowed
    told = [[(t.candidate, t.loss) for t in model.trials_ if t.status == "ok"] for model in (first, second)]
    assert told[1][: len(told[0])] == told[0]
    assert second.n_trials_ > first.n_trials_


@pytest.mark.alone
@pytest.mark.slow
def test_a_run_keeps_its_folds_whatever_the_budget(tmp_path):
    """Folds of `cv="auto"` follow the budget once; a run that goes on without one has the same."""
    from sklearn.datasets import make_regression

    X, y = make_regression(6000, 40, random_state=0)
    arguments = {**SMALL, "include": ["ridge"], "cv": "auto", "run_dir": tmp_path / "run"}
    first = AutoML(**arguments, time_budget=3.5).fit(X, y)
    assert len(first.cv_splits_) < 5
    second = AutoML(**arguments, max_trials=first.n_trials_ + 1).fit(X, y)
    assert len(second.cv_splits_) == len(first.cv_splits_)
