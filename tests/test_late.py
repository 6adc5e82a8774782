"""The clock is looked at before the search, too: very many columns, slow metrics, workers that come up late."""

import threading
import time

import numpy as np
import pandas as pd
import pytest
from test_evaluator import evaluator_of, job, problem

from automl import AutoML
from automl.checks.context import CheckContext
from automl.checks.data_checks import find_warnings
from automl.columns import wide
from automl.columns.columns import UNREAD, Columns
from automl.columns.table import Table
from automl.commands import constants
from automl.commands import fit as command
from automl.dataset import Data
from automl.ensemble.combiners import Greedy, Single
from automl.ensemble.constants import STEPS
from automl.ensemble.weights import too_slow
from automl.errors import DataError
from automl.execute import pool
from automl.execute.processes import Processes
from automl.loop import SLOW_METRIC, record_dummy
from automl.schedule.budget import Budget
from automl.schedule.constants import READ_SHARE
from automl.space.candidate import Candidate, Node
from automl.tables.read import read_table
from automl.testing.jobs import Misdeeds
from automl.trials.history import History
from automl.trials.ranking import ranked
from automl.trials.trial import DUMMY, Failure, Job, Outcome, Proposal
from automl.validation import duplicates
from automl.validation.duplicates import find_repeats, row_hashes

QUICK = {"executor": "inline", "n_jobs": 1, "random_state": 0, "verbose": 0, "include": ["naive_bayes"]}


def odd_table(rows=120, columns=240):
    """Numbers of all sorts among very many, and what only pandas reads."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, columns)), columns=[f"c{place}" for place in range(columns)])
    whole = rng.integers(0, 3, rows)
    odd = {
        "gaps": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
        "endless": np.where(whole == 1, np.inf, rng.normal(size=rows)),
        "whole": whole,
        "small": whole.astype(np.uint8),
        "days": 20240101 + rng.integers(0, 28, rows),
        "number": np.arange(rows),
        "alike": np.full(rows, 3.0),
        "filled": np.where(whole == 1, 1.0, np.nan),
        "empty": np.full(rows, np.nan),
        "again": frame["c3"],
        "zero": -0.0 * whole,
        "single": frame["c4"].astype(np.float32),
        "flag": whole > 0,
        "texts": np.array(["red", "green", "blue"])[whole],
        "numbers in texts": frame["c5"].map(str),
        "moments": pd.Timestamp("2024-01-01") + pd.to_timedelta(whole, unit="D"),
    }
    return pd.concat([frame, pd.DataFrame(odd)], axis=1)


# ---- very many columns


def test_many_columns_are_read_as_few_are(monkeypatch):
    frame = odd_table()
    columns, table = Columns.read(frame)
    assert any(isinstance(one, wide.NumberCells) for one in wide.cells_of(frame)[0])
    monkeypatch.setattr(wide, "MANY_COLUMNS", 10**9)
    one_by_one, expected = Columns.read(frame)
    assert columns.columns == one_by_one.columns
    for name, array in expected.arrays().items():
        np.testing.assert_array_equal(table.arrays()[name], array)


def test_of_too_many_columns_those_that_vary_are_read(monkeypatch):
    monkeypatch.setattr(wide, "MOST_COLUMNS", 30)
    rng = np.random.default_rng(0)
    dull = np.where(rng.random((90, 40)) < 0.02, 1.0, 0.0)
    lively = rng.normal(size=(90, 20))
    rare = np.where(rng.random((90, 20)) < 0.9, np.nan, 1000 * rng.normal(size=(90, 20)))
    names = [f"dull{k}" for k in range(40)] + [f"lively{k}" for k in range(20)] + [f"rare{k}" for k in range(20)]
    frame = pd.DataFrame(np.hstack([dull, lively, rare]), columns=names)
    columns = Columns.learn(frame, {"dull7": "number"})
    kept = set(columns.read_names)
    assert kept == {"dull7"} | {f"lively{k}" for k in range(20)} | {n for n in kept if n.startswith("rare")}
    assert len(kept) == 30
    assert columns.notes[0] == (
        "50 of 80 columns are left out, those that vary least over the rows: at most 30 are read (column_types keeps "
        "those that it names)."
    )
    shown = columns.frame().set_index("column")
    assert list(shown.index) == names
    assert shown.loc["dull0", "kind"] == "unread"
    assert shown.loc["dull0", "note"] == UNREAD
    by_name, by_place = columns.encode(frame[reversed(names)]), columns.encode(frame.to_numpy())
    np.testing.assert_array_equal(by_name.numbers, by_place.numbers)
    with pytest.raises(DataError, match="fit saw 80"):
        columns.encode(frame.to_numpy()[:, :79])


def test_the_order_of_rows_and_the_target_choose_no_column(monkeypatch):
    monkeypatch.setattr(wide, "MOST_COLUMNS", 20)
    frame = pd.DataFrame(np.random.default_rng(1).poisson(np.linspace(0.01, 2, 60), size=(80, 60)))
    names = Columns.learn(frame.set_axis(frame.columns.map(str), axis=1)).read_names
    shuffled = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    assert Columns.learn(shuffled.set_axis(frame.columns.map(str), axis=1)).read_names == names
    assert names == [str(place) for place in sorted(map(int, names))]


def test_a_fit_on_too_many_columns_predicts(monkeypatch):
    monkeypatch.setattr(wide, "MOST_COLUMNS", 25)
    X, y = problem(columns=60)
    model = AutoML(max_trials=1, **QUICK).fit(X, y)
    assert model.n_features_in_ == 60
    assert (model.columns_["kind"] == "unread").sum() == 35
    assert model.predict(X).shape == y.shape
    frame = pd.DataFrame(X, columns=[f"f{k}" for k in range(60)])
    named = AutoML(max_trials=1, **QUICK).fit(frame, y)
    assert list(named.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(named.predict(frame[frame.columns[::-1]]), model.predict(X))


def test_hashes_of_rows_do_not_depend_on_how_many_columns_are_hashed_at_a_time(monkeypatch):
    numbers = np.random.default_rng(0).normal(size=(30, 50))
    table = Table(numbers, np.arange(60, dtype=np.int32).reshape(30, 2), (60, 60))
    at_once = row_hashes(table)
    monkeypatch.setattr(duplicates, "HASHED_CELLS", 1)
    np.testing.assert_array_equal(row_hashes(table), at_once)


def test_heavy_tails_are_found_among_many_columns_and_gaps():
    rng = np.random.default_rng(0)
    numbers = np.where(rng.random((500, 3_500)) < 0.1, np.nan, rng.normal(size=(500, 3_500)))
    assert "heavy_tails" not in Table(numbers, np.zeros((500, 0), dtype=np.int32), ()).meta_features
    numbers[7, 1_000] = 1e3
    assert "heavy_tails" in Table(numbers, np.zeros((500, 0), dtype=np.int32), ()).meta_features


@pytest.mark.parametrize("header", ['"a, b",c,d', '"two\nlines",c,d', "\n   \na,c,d", ",c,d"])
def test_a_header_is_read_as_pandas_does(tmp_path, header):
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n1,2,3\n4,5,6\n")
    pd.testing.assert_frame_equal(read_table(path), pd.read_csv(path))


def test_repeated_names_among_many_are_told_at_once(tmp_path):
    names = [f"c{k}" for k in range(30_000)]
    path = tmp_path / "table.csv"
    path.write_text(",".join([*names, "c7"]) + "\n" + ",".join(["1"] * 30_001) + "\n")
    started = time.process_time()
    with pytest.raises(DataError, match="several columns named 'c7'"):
        read_table(path)
    assert time.process_time() - started < 2  # every name beside every other took ten


# ---- when there is no more time


def test_columns_that_time_does_not_suffice_for_are_left_out_and_told():
    frame = odd_table()
    looks = iter([False] * 5)
    columns, table = Columns.read(frame, {"texts": "category"}, lambda: next(looks, True))
    kinds = {column.name: column.kind for column in columns.columns}
    assert kinds["c0"] == "number"
    assert kinds["texts"] == "category"
    assert kinds["moments"] == kinds["flag"] == "unread"
    assert any("were not read, as there was no time, and are left out" in note for note in columns.notes)
    again, same = Columns.read(frame, {"texts": "category"}, lambda: pytest.fail("asked"), columns.slow)
    assert again.columns == columns.columns
    np.testing.assert_array_equal(same.numbers, table.numbers)


def test_a_run_that_goes_on_reads_the_columns_that_it_began_with(tmp_path, monkeypatch):
    X, y = problem()
    frame = pd.DataFrame(X).assign(kind=np.where(X[:, 0] > 0, "a", "b"), late=np.where(X[:, 1] > 0, "c", "d"))
    late = Budget.late

    def short(self, share):
        asked = iter([False] * 5)
        return (lambda: next(asked, True)) if share == READ_SHARE else late(self, share)

    monkeypatch.setattr(Budget, "late", short)
    first = AutoML(max_trials=1, run_dir=tmp_path, **QUICK).fit(frame, y)
    assert dict(zip(first.columns_["column"], first.columns_["kind"], strict=True))["late"] == "unread"
    monkeypatch.undo()
    second = AutoML(max_trials=2, run_dir=tmp_path, **QUICK).fit(frame, y)
    pd.testing.assert_frame_equal(second.columns_, first.columns_)


def test_checks_that_time_does_not_suffice_for_are_left_out_and_told():
    frame = odd_table().drop(columns=["days"])
    y = np.random.default_rng(0).integers(0, 2, len(frame))
    data = Data.read(frame, y, "auto")
    unseen = []
    found = find_warnings(
        data, find_repeats(data.table, data.y, 2), [], frame.head(40), CheckContext(0, lambda: True, unseen)
    )
    assert not [text for text in found if "X_test" in text]
    seen = sum(bool(column.encodings) for column in data.columns.columns)
    assert unseen == [
        f"0 of {seen} columns were checked for giving the target away: there was no time for more.",
        "X_test was not compared with the training rows: there was no time for it.",
    ]
    with pytest.raises(DataError, match="X_test"):  # predict would refuse it after the search
        find_warnings(data, find_repeats(data.table, data.y, 2), [], frame[["c0"]], CheckContext(hurry=lambda: True))


def test_a_share_of_the_time_counts_from_the_start_of_the_session():
    now = [100.0]
    budget = Budget(40.0, started=100.0, clock=lambda: now[0])
    budget.resume(20.0)
    late = budget.late(0.5)
    assert not late()
    now[0] = 110.0
    assert late()
    assert not Budget(None, clock=lambda: now[0]).late(0.5)()


# ---- a slow metric


def test_a_constant_that_the_metric_is_too_slow_for_is_a_model_without_a_score(tmp_path):
    going, calls = threading.Event(), []

    def endless(estimator, X, y):
        calls.append(len(y))
        going.wait(30)
        return 1.0

    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, metric=endless)
    history = History(evaluator.space, 0)
    started = time.monotonic()
    dummy = record_dummy(history, evaluator, evaluator.space, Budget(2.0), slow=True)
    assert time.monotonic() - started < 10
    going.set()
    assert dummy.note == SLOW_METRIC
    assert dummy.call_seconds == np.inf
    (trial,) = history.complete()
    assert trial.loss is None
    assert trial.folds == 3
    assert len(evaluator.stored.models(trial)) == 3
    assert len(calls) == 1  # and none after it


def test_a_quick_metric_of_the_users_own_scores_the_constant_as_ever(tmp_path):
    def share(estimator, X, y):
        return float(np.mean(estimator.predict(X) == y))

    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y, metric=share)
    histories = [History(evaluator.space, 0), History(evaluator.space, 0)]
    for history, slow in zip(histories, (True, False), strict=True):
        record_dummy(history, evaluator, evaluator.space, Budget(60.0), slow=slow)
    (timed,), (plain,) = (history.trials for history in histories)
    assert timed.loss == plain.loss
    assert timed.fold_losses == plain.fold_losses


def test_what_is_not_scored_comes_last(tmp_path):
    X, y = problem()
    evaluator = evaluator_of(tmp_path, X, y)
    history = History(evaluator.space, 0)
    for text, scored in (("dummy(input)", False), ("naive_bayes(input)", True)):
        given = job(evaluator, text, scored=scored)
        history.finish(history.start(given, 0.0), evaluator.run(given), 1.0)
    assert [trial.candidate.family for trial in ranked(history.trials)] == ["naive_bayes", "dummy"]


def test_a_metric_that_leaves_no_time_for_an_ensemble_is_told():
    assert too_slow(Greedy(), 0.01, 10, 2 * STEPS * 0.1) == ""
    assert (
        too_slow(Greedy(), 0.0, 10, 0.1) == too_slow(Greedy(), 9.0, 10, None) == too_slow(Single(), 9.0, 10, 0.1) == ""
    )
    assert too_slow(Greedy(), 0.5, 10, 60.0) == (
        "No ensemble was made: the metric takes 0.5 s a call, and 250 calls would not fit."
    )


def never_done(estimator, X, y):
    time.sleep(60)
    return 1.0


def test_fit_ends_in_time_whatever_the_metric_takes():
    X, y = problem()
    started = time.monotonic()
    model = AutoML(time_budget=2.5, metric=never_done, random_state=0, verbose=0).fit(X, y)
    assert time.monotonic() - started < 20
    assert model.best_params_["family"] == "dummy"
    assert model.best_score_ is None
    assert SLOW_METRIC in model.time_report_["notes"]
    assert model.predict(X).shape == y.shape


# ---- workers that come up late


@pytest.fixture
def late_workers(tmp_path, monkeypatch):
    """An executor whose server imports a library from a very slow disk."""
    (tmp_path / "from_a_slow_disk.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(pool, "PRELOAD", ("from_a_slow_disk",))
    executor = Processes(Misdeeds(tmp_path), 2, tmp_path)
    yield executor
    started = time.monotonic()
    executor.close()
    assert time.monotonic() - started < 5  # it does not wait for them either


def asked(executor, expected, seconds=2.0):
    proposal = Proposal(Candidate(Node("answer")), "test")
    given = Job(proposal, seconds_left=seconds, expected=expected)
    trial = History(None, 0).start(given, 0.0)
    executor.submit(trial, given)


def test_a_quick_job_runs_here_where_workers_are_late(late_workers):
    asked(late_workers, 0.01)
    ((_, result),) = late_workers.finished(20.0)
    assert isinstance(result, Outcome)
    assert late_workers.idle


@pytest.mark.parametrize("expected", [None, 50.0])
def test_others_wait_for_workers_and_cancel_does_not(late_workers, expected):
    asked(late_workers, expected)
    assert late_workers.finished(0.8) == []
    started = time.monotonic()
    ((_, result),) = late_workers.cancel()
    assert time.monotonic() - started < 5
    assert isinstance(result, Failure)
    assert result.kind == "cut"


def test_fit_ends_in_time_with_a_model_where_workers_are_late(tmp_path, monkeypatch):
    (tmp_path / "from_a_slow_disk.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(pool, "PRELOAD", ("from_a_slow_disk",))
    X, y = problem()
    started = time.monotonic()
    model = AutoML(time_budget=3, random_state=0, verbose=0).fit(X, y)
    assert time.monotonic() - started < 20
    assert any(trial.origin != DUMMY and trial.status == "ok" for trial in model.trials_)


# ---- small budgets of the command line


def test_a_busy_start_leaves_more_for_the_end(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 10.0)
    monkeypatch.setattr(time, "process_time", lambda: 2.0)
    assert command._for_fit(8.0, 70.0) == 60.0 - constants.END_SECONDS
    assert command._for_fit(8.0, 12.0) == pytest.approx(2.0 * 0.75)
    assert command._for_fit(4.0, 70.0) == 60.0 - 3 * constants.END_SECONDS
    assert command._for_fit(4.0, 12.0) == pytest.approx(1.0)
    assert command._for_fit(4.0, 9.0) == constants.LEAST_SECONDS


def test_a_start_that_takes_much_of_the_time_is_told():
    assert command._late(0.9, 2.0) == ""
    assert command._late(1.5, 2.0) == (
        "Starting and reading took 1.5 s of the 2 s of --time-budget: a quick model follows; on this machine, give it "
        "6 s or more."
    )
    assert "after the time; on this machine, give it 13 s or more" in command._late(3.1, 2.0)
