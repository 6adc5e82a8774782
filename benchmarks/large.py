"""A table of any number of rows, for time and memory at scale: us_births, repeated with noise, with 24 more columns.

`python benchmarks/large.py 1000000 --out /tmp/large` writes train.parquet and test.parquet there (or .csv), and
`python benchmarks/large.py 1000000 --fit 300` fits on it and adds what that took to results/large.csv.
"""

from __future__ import annotations

import argparse
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray
from sklearn.metrics import root_mean_squared_error
from support import DATASETS, RESULTS, Row, add_row, commit, read_part, read_rows, reference_model

TARGET = "births"
FITS = RESULTS / "large.csv"
FIELDS = (
    "rows", "budget", "jobs", "seed", "wall", "before_search", "hand_over", "table_gb", "main_gb", "all_gb", "trials",
    "rmse", "predict_seconds", "hgb_seconds", "hgb_rmse", "commit",
)  # fmt: skip
MAX_TEST_ROWS = 100_000
HOSPITALS, DISTRICTS, POSTCODES = 2_000, 300, 8_000
WEATHERS = ("clear", "cloudy", "rain", "snow", "fog", "storm")
INSURERS = ("public", "private", "none", "mixed")
SHIFTS = ("early", "late", "night")

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def make(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """`n` training rows of 30 columns, and as many as `test_rows` says to be tested on, of the same distribution.

    Columns: a date, whole numbers, floats (some skewed, some with gaps), a small code of whole numbers, booleans, and
    categories of 3 to 8,000 levels. The target is the births of us_births, and effects of these columns, and noise.

    Returns
    -------
    train, y, test, y_test
    """
    rng = np.random.default_rng(seed)
    rows = n + test_rows(n)
    births = _births(rng, rows)
    frame, target = _columns(rng, births)
    y = pd.Series(np.maximum(0.0, target).round(1), name=TARGET)
    test, y_test = frame.iloc[n:].reset_index(drop=True), y.iloc[n:].reset_index(drop=True)
    return frame.iloc[:n], y.iloc[:n], test, y_test


def test_rows(n: int) -> int:
    """Rows to be tested on beside `n` training rows."""
    return min(MAX_TEST_ROWS, n // 4 + 1000)


def _births(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Rows of us_births in random order, as often as it takes."""
    if not (DATASETS / "us_births" / "train.csv.gz").exists():
        raise SystemExit(f"There is no us_births/train.csv.gz in {DATASETS}; set AUTOML_DATASETS to where it is.")
    frame, target = read_part("us_births", "train", TARGET)
    frame[TARGET] = target
    return frame.iloc[rng.integers(len(frame), size=rows)].reset_index(drop=True)


def _columns(rng: np.random.Generator, births: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:  # noqa: PLR0915  # one column after the other
    """The 30 columns, and the target that they lead to."""
    rows = len(births)
    size = births[TARGET].to_numpy(dtype=np.float64)
    level = np.sqrt(np.maximum(size, 1.0))  # births spread like counts
    frame = births.drop(columns=TARGET)
    month, day = frame["month"].to_numpy(), frame["day"].to_numpy()
    season = np.cos(2 * np.pi * (month + day / 31 - 7) / 12)
    effect = np.zeros(rows)

    hospital = _skewed_codes(rng, rows, HOSPITALS)
    effect += _per_level(rng, hospital, HOSPITALS, 1.2)
    frame["hospital"] = _named("H{:04d} clinic", hospital, HOSPITALS)
    district = _skewed_codes(rng, rows, DISTRICTS)
    effect += _per_level(rng, district, DISTRICTS, 0.6)
    frame["district"] = _gaps(rng, _named("district-{}", district, DISTRICTS), 0.04)
    frame["postcode"] = _named("{:05d}", _skewed_codes(rng, rows, POSTCODES) * 11 + 501, POSTCODES * 11 + 501)
    for name, words, spread in (("weather", WEATHERS, 0.5), ("insurer", INSURERS, 0.8), ("shift", SHIFTS, 0.4)):
        code = _skewed_codes(rng, rows, len(words))
        effect += _per_level(rng, code, len(words), spread)
        frame[name] = _gaps(rng, np.array(words, dtype=object)[code], 0.02)
    ward = rng.integers(1, 13, rows)
    effect += _per_level(rng, ward, 13, 0.7)
    frame["ward_code"] = ward  # a small code of whole numbers, without an order

    temperature = 12 + 11 * season + rng.normal(0, 5, rows)
    effect += 0.04 * np.maximum(temperature - 18, 0)
    frame["temperature"] = _gaps(rng, temperature.round(1), 0.1)
    humidity = np.clip(60 - temperature + rng.normal(0, 12, rows), 5, 100)
    frame["humidity"] = humidity.round()
    staff = np.maximum(1, rng.poisson(8 + 0.3 * level))
    effect += 0.5 * np.log1p(staff) * (ward > 6)
    frame["staff"] = staff
    beds = rng.integers(10, 400, rows)
    frame["beds"] = beds
    occupancy = np.clip(rng.beta(6, 2, rows), 0, 1)
    effect += 2.0 * (occupancy > 0.9) - 1.5 * (occupancy < 0.4)
    frame["occupancy"] = _gaps(rng, occupancy.round(4), 0.05)
    income = np.exp(rng.normal(10.5, 0.5, rows))
    effect += 0.8 * np.sin(np.log(income))
    frame["income"] = _gaps(rng, income.round(2), 0.15)
    age = np.clip(rng.normal(29, 5, rows), 14, 50)
    effect -= 0.01 * np.square(age - 28)
    frame["mean_age"] = age.round(2)
    distance = rng.exponential(12, rows)
    effect -= 0.03 * distance * (month < 4)
    frame["distance_km"] = distance.round(2)
    frame["referrals"] = rng.negative_binomial(2, 0.3, rows)
    frame["teaching"] = rng.random(rows) < 0.3
    effect += 0.6 * frame["teaching"].to_numpy() * (age > 32)
    frame["rural"] = np.where(rng.random(rows) < 0.25, "yes", "no")
    last_year = size * rng.normal(0.98, 0.15, rows)  # what the same ward told a year before, roughly
    frame["last_year"] = _gaps(rng, last_year.round(), 0.3)
    frame["stay_days"] = np.maximum(1, rng.gamma(4, 0.8, rows)).round(1)
    for place in range(3):  # columns that say nothing
        frame[f"sensor_{place}"] = rng.normal(0, 1 + place, rows).astype(np.float32 if place % 2 else np.float64)
    frame["budget_share"] = _gaps(rng, rng.random(rows).round(3), 0.5)
    return frame, size + level * (0.7 * effect + rng.normal(0, 0.5, rows))


def _skewed_codes(rng: np.random.Generator, rows: int, levels: int) -> Codes:
    """Numbers of levels; low ones are met more often, all are met in many rows."""
    return np.asarray(levels * np.square(rng.random(rows)), dtype=np.int64)


def _per_level(rng: np.random.Generator, codes: Codes, levels: int, spread: float) -> Floats:
    return np.asarray(rng.normal(0, spread, levels)[codes])


def _named(pattern: str, codes: Codes, levels: int) -> NDArray[np.object_]:
    return np.array([pattern.format(level) for level in range(levels)], dtype=object)[codes]


def _gaps(rng: np.random.Generator, values: NDArray[np.generic], share: float) -> NDArray[np.generic]:
    """The values with some missing."""
    lost = rng.random(len(values)) < share
    if values.dtype == object:
        values = values.copy()
        values[lost] = None
        return values
    return np.where(lost, np.nan, values.astype(np.float64))


# ---- fits


class Watch:
    """Memory of this process and of its children, looked at ten times a second, beside what it held at first.

    Pages that several processes share are counted in each of them.
    """

    def __init__(self) -> None:
        self.me = psutil.Process()
        self.base = self.me.memory_info().rss
        self.main = self.all = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            main = workers = self.me.memory_info().rss - self.base
            for child in self.me.children(recursive=True):
                with suppress(psutil.Error):
                    workers += child.memory_info().rss
            self.main, self.all = max(self.main, main), max(self.all, workers)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()


def measure(n: int, seconds: float, jobs: int, seed: int) -> Row:
    """One fit of AutoML within a budget, and one of HistGradientBoosting's defaults beside it."""
    from automl import AutoML

    train, y, test, y_test = make(n, seed)
    with Watch() as watch:
        started = time.monotonic()
        model = AutoML(time_budget=seconds, memory_limit="8GB", n_jobs=jobs, random_state=seed, verbose=0).fit(train, y)
        wall = time.monotonic() - started
    started = time.monotonic()
    rmse = float(root_mean_squared_error(y_test, model.predict(test)))
    predicted = time.monotonic() - started
    started = time.monotonic()
    reference = reference_model(train, "regression").fit(train, y)
    told = model.time_report_["wall"]
    return {
        "rows": n, "budget": seconds, "jobs": jobs, "seed": seed, "wall": round(wall, 2),
        "before_search": round(told["read"] + told["dummy"], 2), "hand_over": round(told["hand_over"], 2),
        "table_gb": round(train.memory_usage(deep=True).sum() / 1e9, 3), "main_gb": round(watch.main / 1e9, 3),
        "all_gb": round(watch.all / 1e9, 3), "trials": model.n_trials_, "rmse": round(rmse, 3),
        "predict_seconds": round(predicted, 2), "hgb_seconds": round(time.monotonic() - started, 2),
        "hgb_rmse": round(float(root_mean_squared_error(y_test, reference.predict(test))), 3), "commit": commit(),
    }  # fmt: skip


def main() -> None:
    """Write a table, or fit on one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, help="training rows")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder")
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", type=float, metavar="SECONDS", help="write nothing, but fit in so many")
    parser.add_argument("--jobs", type=int, default=2, help="cores of the fit")
    given = parser.parse_args()
    if given.fit is not None:
        read_rows(FITS, FIELDS)  # makes the file where there is none
        row = measure(given.rows, given.fit, given.jobs, given.seed)
        add_row(FITS, row)
        print(", ".join(f"{name} {value}" for name, value in row.items()))
        return
    train, y, test, y_test = make(given.rows, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    for name, frame, target in (("train", train, y), ("test", test, y_test)):
        path = given.out / f"{name}.{given.format}"
        whole = frame.assign(**{TARGET: target})
        whole.to_parquet(path, index=False) if given.format == "parquet" else whole.to_csv(path, index=False)
        print(f"{path}: {len(whole):,} rows, {frame.shape[1]} columns and the target {TARGET!r}")


if __name__ == "__main__":
    main()
