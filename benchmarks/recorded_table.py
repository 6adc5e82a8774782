"""Recorded tables: the problem that a fit without limits makes of one, and the file of what candidates came to.

A file is packed (`TABLE.csv.gz`); rows that come while one records stand beside it (`TABLE.csv`), each written when its
candidate ends, until they are packed, too. Both are read together, so that a kill at any time loses the candidates in
flight and nothing else.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import outside
import support
from support import Row

FOLDER = support.RESULTS / "recorded"
FIELDS = ["candidate", "origin", "status", "loss", "folds", "test", "seconds", "rounds", "clock", "error", "commit"]
TABLES = ["credit_g", "insurance", "phoneme", "titanic", "soybean", "communities_crime"]
SEED = 0
BASELINE = "dummy"  # evaluated in each run, never searched


# ---- files


def packed(name: str, folder: Path = FOLDER) -> Path:
    """The file of a table that is committed."""
    return folder / f"{name}.csv.gz"


def fresh(name: str, folder: Path = FOLDER) -> Path:
    """The file of what is not packed yet."""
    return folder / f"{name}.csv"


def read(name: str, folder: Path = FOLDER) -> list[Row]:
    """All rows of a table, each candidate once."""
    return list(support.latest(_rows(name, folder), lambda row: (row["candidate"],)).values())


def _rows(name: str, folder: Path) -> list[Row]:
    rows: list[Row] = []
    if packed(name, folder).exists():
        text = gzip.decompress(packed(name, folder).read_bytes()).decode()
        rows = [dict.fromkeys(FIELDS, "") | row for row in csv.DictReader(io.StringIO(text, newline=""))]
    return rows + support.read_rows(fresh(name, folder), FIELDS, write=False)


def begin(name: str, folder: Path = FOLDER) -> list[Row]:
    """Rows of a table that is to be added to by `support.add_row(fresh(name), row)`."""
    pack(name, folder)
    support.read_rows(fresh(name, folder), FIELDS)
    return read(name, folder)


def pack(name: str, folder: Path = FOLDER) -> None:
    """Put what is fresh into the packed file; equal rows make equal bytes."""
    rows, beside = read(name, folder), packed(name, folder).with_suffix(".new")
    if rows:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, FIELDS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        beside.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
        beside.replace(packed(name, folder))
    fresh(name, folder).unlink(missing_ok=True)


def recorded(names: Iterable[str], folder: Path = FOLDER) -> list[str]:
    """Those of the names that there are rows of."""
    return [name for name in names if packed(name, folder).exists() or fresh(name, folder).exists()]


# ---- problems


class Problem:
    """A table as `fit` reads, splits and searches it where neither time nor memory is short.

    Parameters
    ----------
    name : str
        A table of datasets.toml.
    meta : dict, optional
        What that file says of it; read where not given.
    """

    def __init__(self, name: str, meta: support.Meta | None = None) -> None:
        from automl.dataset import Data, make_task, split
        from automl.pipeline.build import missing_libraries
        from automl.space.reader import read_space
        from automl.validation.duplicates import find_repeats
        from automl.validation.splits import training_rows

        self.name, self.meta = name, support.read_tables()[name] if meta is None else meta
        kind = "regression" if self.meta["task"] == "regression" else "classification"
        X, y = support.read_part(name, "train", str(self.meta["target"]))
        self.data = Data.read(X, y, kind)
        self.task = make_task(self.data, self.meta["metric"])
        copies = find_repeats(self.data.table, self.data.y, self.task.n_classes).duplicate_groups
        self.plain = copies is None
        self.splits = split("auto", self.data, SEED, copies)
        declared, rows = read_space(), training_rows("auto", self.task.rows)
        about = (self.task.kind, rows, self.task.columns, missing_libraries(declared), self.task.meta_features)
        self.everything = declared.for_task(*about)
        self.space = declared.only(exclude=[BASELINE]).for_task(*about)

    @cached_property
    def test(self) -> tuple[Any, np.ndarray]:
        """Columns of the test part, encoded, and its coded target."""
        X, y = support.read_part(self.name, "test", str(self.meta["target"]))
        classes, truth = self.task.classes, y.to_numpy()
        if classes is not None:
            truth = np.searchsorted(classes, truth.astype(classes.dtype))
        return self.data.columns.encode(X), truth


class Bench:
    """Where candidates of a problem are evaluated, one after the other.

    Parameters
    ----------
    problem : Problem
    folder : Path
        For the files of the folds, which are removed with each candidate.
    """

    def __init__(self, problem: Problem, folder: Path) -> None:
        from automl.evaluate.evaluator import Evaluator
        from automl.evaluate.run_data import RunData

        self.problem = problem
        data = RunData(problem.task, problem.data.table, problem.data.y, problem.splits, SEED, folder)
        self.evaluator = Evaluator(data, problem.everything, plain=problem.plain)

    def row(self, text: str, limit: float) -> Row:
        """What is recorded of a candidate that may take that many seconds of this process.

        Boosters and networks end by the clock with what they have (`clock` is in how many folds they did); others are
        cut between two folds. Their seconds are those of the validation alone.
        """
        from automl.trials.trial import TOP, Failure, Trial

        candidate = self.problem.space.parse(text)
        outcome, seconds = outside.evaluated(self.evaluator, candidate, limit)
        trial = Trial(1, candidate, TOP, SEED, "benchmark").ended(outcome, seconds)
        row: Row = {"candidate": text, "seconds": seconds, "folds": ";".join(f"{one:.6g}" for one in trial.fold_losses)}
        row["clock"] = sum(end is not None for end in trial.ended_after)
        if isinstance(outcome, Failure):
            row |= {"status": "cut" if outcome.kind == "timeout" else outcome.kind, "error": outcome.message}
        else:
            X, truth = self.problem.test
            test = self.problem.task.metric.loss(truth, outside.predicted(self.evaluator.stored, trial, X))
            row |= {"status": "ok", "loss": f"{trial.loss:.6g}", "test": f"{test:.6g}", "rounds": trial.rounds}
        self.evaluator.artifacts.drop(candidate.key)
        return row
