"""Many rows: fits keep to time and memory."""

import os
import threading
import time
import tracemalloc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psutil
import pytest

from automl import AutoML
from automl.columns.columns import Columns
from automl.ensemble.refit import Refits, plan
from automl.ensemble.time_left import TimeLeft
from automl.result import _scatter
from automl.space.reader import read_space
from automl.trials.measures import Measures
from automl.trials.trial import TOP, Trial

ROWS, SECONDS = 200_000, 60
MOST_BYTES = 4e9  # of this process and its workers, beside what it held before


def wide_table(rows, seed):
    """30 columns: a date, categories of 3 to 5,000 levels, whole numbers, floats with gaps; and a target."""
    rng = np.random.default_rng(seed)
    effects = np.random.default_rng(0)
    frame, y = pd.DataFrame(index=range(rows)), rng.normal(size=rows)
    day = rng.integers(0, 7_000, rows)
    frame["date"] = (np.datetime64("2001-01-01") + day).astype(str)
    y += np.cos(day / 58)
    for levels in (3, 12, 60, 400, 5_000):
        codes = (levels * rng.random(rows) ** 2).astype(int)
        frame[f"category_{levels}"] = np.array([f"level {level}" for level in range(levels)], dtype=object)[codes]
        y += effects.normal(size=levels)[codes]
    for place in range(8):
        frame[f"whole_{place}"] = rng.poisson(3 + 10 * place, rows)
    y += frame["whole_0"].to_numpy() > 3
    for place in range(16):
        values = np.exp(rng.normal(size=rows)) if place % 2 else rng.normal(size=rows)
        y += np.sin(2 * values) if place < 2 else 0
        frame[f"float_{place}"] = np.where(rng.random(rows) < 0.05 * (place % 4), np.nan, values)
    return frame, y


class Watch:
    """The most memory that this process and its children held at once, beside what it held at first."""

    def __init__(self):
        self.me = psutil.Process(os.getpid())
        self.base, self.most, self.ended = self.me.memory_info().rss, 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.ended.wait(0.1):
            held = self.me.memory_info().rss - self.base
            for child in self.me.children(recursive=True):
                try:
                    held += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.most = max(self.most, held)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.thread.join()


@pytest.mark.alone
@pytest.mark.slow
def test_a_large_table_fits_in_time_and_memory():
    X, y = wide_table(ROWS, seed=1)
    assert X.shape[1] == 30
    started = time.monotonic()
    with Watch() as watch:
        model = AutoML(time_budget=SECONDS, memory_limit="4GB", n_jobs=2, random_state=0, verbose=0).fit(X, y)
    assert time.monotonic() - started < SECONDS + 1
    assert watch.most < MOST_BYTES
    board = model.leaderboard().set_index("family")["score"]
    assert model.best_score_ < 0.8 * board["dummy"]
    X_new, y_new = wide_table(20_000, seed=2)
    assert np.sqrt(np.mean((model.predict(X_new) - y_new) ** 2)) < 0.8 * y_new.std()
    assert model.time_report_["wall"]["read"] + model.time_report_["wall"]["dummy"] < SECONDS / 6


def test_reading_many_rows_holds_little_more_than_the_arrays():
    """No copy of the whole table beside the user's and the one that models see."""
    frame, _ = wide_table(20_000, seed=1)
    tracemalloc.start()
    _, table = Columns.read(frame)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    arrays = sum(array.nbytes for array in table.arrays().values())
    assert most < 2.5 * arrays


def test_validation_predictions_by_row_are_means_over_the_splits():
    rng = np.random.default_rng(0)
    splits = [(np.arange(0), np.sort(rng.choice(50, 20, replace=False))) for _ in range(3)]
    parts = [rng.normal(size=(20, 3)).astype(np.float32) for _ in splits]
    total, counts = np.zeros((50, 3)), np.zeros(50)
    for (_, valid), part in zip(splits, parts, strict=True):
        np.add.at(total, valid, part)
        np.add.at(counts, valid, 1)
    with np.errstate(invalid="ignore"):
        expected = total / counts[:, None]
    np.testing.assert_array_equal(_scatter(parts, splits, 50), expected)
    again = [(np.arange(0), np.array([4, 7, 4]))]
    assert np.nansum(_scatter([np.array([1.0, 2.0, 1.0])], again, 9)) == 3.0


@pytest.mark.parametrize(("rows", "spare"), [(100, 0.35), (1_000_000, 0.85)])
def test_the_refit_of_many_rows_leaves_time_for_their_files_to_go(rows, spare):
    jobs = []
    space = read_space()
    candidate = space.default("ridge")
    trial = replace(Trial(4, candidate, TOP, 0, "tpe"), measures=Measures(prepare_seconds=1.0, fit_seconds=3.0))
    data = SimpleNamespace(y=np.zeros(rows), n_folds=2)
    executor = SimpleNamespace(submit=lambda trial, job: jobs.append(job))
    for left, fits in ((9.6, True), (5.0, False)):
        budget = SimpleNamespace(remaining=lambda left=left: left, handling_seconds=lambda size, written: 0.0)
        refits = Refits(SimpleNamespace(data=data, space=space), executor, n_jobs=1)
        refits.start([trial], TimeLeft(budget, rows).before_handling([trial]))
        assert (trial.number not in refits.why) is fits
    assert [job.seconds_limit for job in jobs] == [pytest.approx(9.6 - spare, abs=1e-3)]


@pytest.mark.parametrize(
    ("seconds", "threaded", "left", "cores", "threads", "shares"),
    [
        ([4.0, 3.0, 2.0], [True] * 3, 10.0, 2, [1, 1, 1], [1, 1, 1]),
        ([8.0], [True], 5.0, 2, [2], [1]),  # all cores for what would be late on one
        ([8.0], [False], 5.0, 2, [0], [0]),
        ([8.0, 1.0], [True, True], 5.0, 2, [2, 0], [1, 0]),  # nothing is left for the second one
        ([8.0, 1.0], [True, True], 6.0, 2, [2, 1], [1, 1]),
        ([90.0, 1.0], [True, True], 5.0, 2, [0, 1], [0, 1]),
        ([90.0, 90.0], [True, True], None, 4, [1, 1], [1, 1]),
        ([10.0], [True], 5.0, 2, [2], [0.85]),  # fewer rounds of what would be late even so
        ([10.0, 1.0], [True, True], 5.0, 2, [2, 0], [0.85, 0]),
        ([2.0, 8.5], [True, True], 5.7, 2, [1, 2], [1, 0.74]),
        ([10.0], [False], 5.0, 2, [0], [0]),
        ([13.0], [True], 5.0, 2, [0], [0]),  # too few of them
        ([], [], 5.0, 2, [], []),
    ],
)
def test_fits_on_all_rows_share_the_cores_and_the_seconds(seconds, threaded, left, cores, threads, shares):
    planned = plan(seconds, threaded, [0.7] * len(seconds), left, cores)
    assert [one for one, _ in planned] == threads
    assert [share for _, share in planned] == pytest.approx(shares)
