"""What one `fit` is asked: the data, the task, what may be tried, and how it is validated."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from automl.arguments import first_candidates
from automl.checks.context import CheckContext
from automl.checks.data_checks import find_warnings
from automl.columns.columns import never
from automl.dataset import Data, make_task, split
from automl.decisions import Decision
from automl.errors import ArgumentError
from automl.evaluate.evaluator import Evaluator
from automl.evaluate.run_data import RunData
from automl.pipeline.build import left_out, missing_libraries, weightless
from automl.schedule import SCHEDULES
from automl.schedule.base import ScheduleContext
from automl.schedule.budget import Budget
from automl.schedule.constants import CHECK_SHARE, READ_SHARE
from automl.schedule.cost import CostModel
from automl.schedule.folds import affordable_cv
from automl.schedule.ladder import Ladder
from automl.schedule.opening import Opening
from automl.schedule.portfolio_share import PortfolioShare
from automl.schedule.reach import reach
from automl.schedule.scheduler import Scheduler
from automl.settings import Settings
from automl.space.candidate import Candidate
from automl.space.reader import read_space
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies import STRATEGIES
from automl.strategies.base import ChecksSpace, Finite, RunContext, Strategy, no_limit
from automl.strategies.make import make_strategy
from automl.tables.frame import with_validation
from automl.tables.rows import Rows, take_out
from automl.tasks.task import Task
from automl.trials.history import History
from automl.trials.journal import fact
from automl.trials.run_dir import RunDir
from automl.validation.constants import MEDIUM
from automl.validation.duplicates import Repeats, find_repeats
from automl.validation.splits import Split, fingerprint, is_own, training_rows

REPEATS = 3  # cross-validations that a small table has splits for
REPEATED_ROWS = 5_000  # rows up to which a table is small
NAMED_COLUMNS = 1_000  # up to which a journal says what they are called
LIBRARIES = (
    "scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "catboost", "hyperopt", "deap", "numpy", "pandas",
)  # fmt: skip
BASELINE = "dummy"  # evaluated before anything else, not searched
COLUMNS = "columns"  # fact of a run whose time did not suffice for all: how many were read beside plain numbers


@dataclass
class Problem:
    """Data and task of a run, and the space that suits them.

    Attributes
    ----------
    settings : Settings
    data : Data
    task : Task
    everything : Space
        Every component that suits the task, the dummy included.
    space : Space
        Those that are searched.
    absent : list of str
        Notes on families whose library is missing.
    first : list of Candidate
        The user's own.
    cv : as in `AutoML`
    repeats : Repeats
        Rows that repeat.
    budget : Budget
    warned : list of str
        What in the data may lead to a wrong model; known once the splits are made.
    unseen : list of str
        Checks of the data that there was no time for.
    foretold : list of str
        How far the budget reaches of a strategy's candidates, where they are known beforehand.
    """

    settings: Settings
    data: Data
    task: Task
    everything: Space
    space: Space
    absent: list[str]
    first: list[Candidate]
    cv: Any
    repeats: Repeats
    budget: Budget
    warned: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    foretold: list[str] = field(default_factory=list)

    @classmethod
    def read(
        cls,
        settings: Settings,
        X: Any,
        y: Any,
        about: tuple[Any, Any, Any],
        column_types: Any,
        budget: Budget,
        events: list[dict[str, Any]],
    ) -> Problem:
        """Read what `fit` is given; `about` are weights, groups and times, `events` what a journal says of the run.

        A run that goes on reads the columns that it began with, whatever the time.
        """
        X, y, cv = with_validation(X, y, settings.cv)
        X, told = take_out(X, y, *about)
        hurry = never if events else budget.late(READ_SHARE)
        data = Data.read(X, y, settings.task, column_types, hurry, int(fact(events, COLUMNS) or -1)).told(told)
        task = make_task(data, settings.metric, settings.costs)
        everything, space, absent = _spaces(settings, task, data.table.about)
        if isinstance(settings.search, ChecksSpace):
            settings.search.check(space)
        first = first_candidates(settings.try_first, space)
        repeats = find_repeats(data.table, data.y, task.n_classes)
        return cls(settings, data, task, everything, space, absent, first, cv, repeats, budget)

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        settings, task, data = self.settings, self.task, self.data
        cv = settings.cv if isinstance(settings.cv, (str, int)) else type(settings.cv).__name__
        return {
            "target": data.target,
            "data": data.fingerprint,
            "columns": [str(name) for name in data.columns.names] if task.columns <= NAMED_COLUMNS else None,
            "space": self.space.digest,
            "arguments": {
                "task": task.kind,
                "metric": task.metric.name,
                "costs": None if task.costs is None else task.costs.tolist(),
                "cv": cv,
                "search": STRATEGIES.text(settings.search),
                "schedule": SCHEDULES.text(settings.schedule),
                "trial_timeout": settings.trial_timeout,
                "try_first": [candidate.text for candidate in self.first],
            },
            "versions": versions(),
        }

    def evaluator(self, history: History, run_dir: RunDir, X_test: Any) -> Evaluator:
        """How candidates are validated; the splits are written down, and the data is looked at."""
        data, duplicate_groups = self.data, self.repeats.duplicate_groups
        if data.columns.slow >= 0:
            history.agree(COLUMNS, str(data.columns.slow))
        cv = self._folds(history)
        splits = split(cv, data, history.seed, duplicate_groups)
        history.agree("splits", fingerprint(splits))
        anew = self._split_anew(cv, history.seed, splits)
        context = CheckContext(history.seed, self.budget.late(CHECK_SHARE), self.unseen)
        self.warned = data.about_lone_rows(is_own(cv))
        self.warned += find_warnings(data, self.repeats, splits, X_test, context)
        belong = duplicate_groups is not None or not data.table.about.plain
        plain = isinstance(cv, str | int) and not belong  # splits of one's own may part what belongs
        asked = (self.task, data.table, data.y, splits + anew, history.seed, run_dir.files)
        rows = RunData(*asked, repeats=1 + len(anew) // len(splits))
        return Evaluator(rows, self.everything, plain=plain, run=run_dir.run)

    def validation(self, rows: RunData) -> Decision:
        """How candidates are validated, and why."""
        chosen, why = f"{rows.n_folds} folds" if rows.n_folds > 1 else "a hold-out", f"{self.task.rows:,} rows"
        if not (isinstance(self.cv, str) and self.cv == "auto"):
            why = "as asked"
        elif rows.n_folds == 1 and self.task.rows <= MEDIUM:
            why += ", for which the time is too short for folds"
        return Decision("validation", chosen, why)

    def _folds(self, history: History) -> Any:
        """What "auto" stands for; a run that goes on with another budget keeps its folds."""
        cv, seconds = self.cv, self.settings.time_budget
        if not (isinstance(cv, str) and cv == "auto"):
            return cv
        chosen = affordable_cv(cv, self.task, None if seconds is None else seconds * self.settings.n_jobs)
        told = history.recall("folds", str(chosen))
        return int(told) if told.isdigit() else told

    def _split_anew(self, cv: Any, seed: int, splits: list[Split]) -> list[Split]:
        """Splits of further cross-validations, which small tables have in store; none for splits of the user's own."""
        data = self.data
        repeatable = isinstance(cv, str | int) and len(splits) > 1 and data.table.about.time is None
        if not repeatable or len(data.y) > REPEATED_ROWS:
            return []
        seeds = [derive_seed(seed, "repeat", number) % 2**31 for number in range(1, REPEATS)]
        return [pair for one in seeds for pair in split(cv, data, one, self.repeats.duplicate_groups)]

    def notes(self, splits: list[Split]) -> list[str]:
        """What was made of the input, for the user to read."""
        data = self.data
        return [data.inferred, *data.columns.notes, *self.absent, *self._of_rows(splits), *self.warned, *self.unseen]

    def _of_rows(self, splits: list[Split]) -> list[str]:
        """What the user should know of what was made of weights, groups and times."""
        rows, task, own = self.data.table.about, self.task, "of your own" if is_own(self.settings.cv) else None
        notes: list[str] = []
        if rows.weight is not None:
            if without := weightless(self.space, task.kind):
                notes.append(f"These families take no weights and are fitted without: {', '.join(without)}.")
            if not task.metric.weighted:
                notes.append(f"The metric {task.metric.name} takes no weights; each row counts as one.")
            if rows.used is not None:
                notes.append(f"{task.rows - len(rows.used)} rows of weight 0 are left out.")
        if rows.time is not None:
            notes.append(f"Splits: {len(splits)}, {own or 'each validated on later rows than it is trained on'}.")
        elif rows.group is not None:
            whole = f"of whole groups ({len(np.unique(rows.group))} groups)"
            notes.append(f"Splits: {len(splits)}, {own or whole}.")
        return notes

    def plan(
        self, evaluator: Evaluator, history: History, searching: Budget, score_seconds: float = 0.0
    ) -> tuple[Strategy, Scheduler]:
        """What to try next, and how thoroughly; `score_seconds` is what a score of a fold takes beside the fit."""
        settings, task, data = self.settings, self.task, evaluator.data
        once, timed, folds = evaluator.out_of_bag_allowed, settings.max_trials is None, data.n_folds
        cost = CostModel(self.everything, task, folds, out_of_bag=once, measured=timed)
        ladder = Ladder(self.everything)  # where rows are scored together, only whole evaluations compare
        if not data.pooled:
            ladder = Ladder.of(self.everything, task.rows, folds, len(data.splits) // folds)
        policy = settings.schedule.policy(ScheduleContext(ladder, cost, task.metric.name, searching, settings.n_jobs))
        share = PortfolioShare(searching, cost, policy, settings.n_jobs, settings.memory_limit)
        left = searching.search_left if timed else no_limit  # runs with `max_trials` do not go by the clock
        opens = Opening(searching, cost)
        context = RunContext(share.price(history), opens, portfolio_open=share, spent=cost.spent, left=left)
        if isinstance(settings.search, Finite):
            points, some = settings.search.announce(self.space)
            self.foretold.append(reach(settings.search.name, points, some, cost, searching, settings.n_jobs))
        strategy = make_strategy(settings.search, self.first, context)
        limits = (settings.n_jobs, settings.trial_timeout, settings.memory_limit)
        return strategy, Scheduler(searching, cost, policy, *limits, score_seconds=score_seconds)


def _spaces(settings: Settings, task: Task, about: Rows) -> tuple[Space, Space, list[str]]:
    """Every component that suits the task, those of them that are searched, and notes on what is missing."""
    declared = read_space(settings.search_space)
    absent = missing_libraries(declared)
    for name in settings.include or ():
        if name in absent:
            raise ArgumentError(f"include: the library of {name!r} is missing ({absent[name]}).")
    grouped, forward = about.group is not None, about.time is not None
    rows = training_rows(settings.cv, task.rows, grouped=grouped, forward=forward)
    everything = declared.for_task(task.kind, rows, task.columns, absent, task.meta_features)
    wanted = declared.only(settings.include, settings.exclude)
    named = settings.include is not None and BASELINE in settings.include
    if not named and len(wanted.models) > 1:
        wanted = wanted.only(exclude=[BASELINE]) if BASELINE in wanted.models else wanted
    unasked = {name for name in absent if declared.component(name).extra}  # an extra that nobody asked for
    notes = left_out({name: why for name, why in absent.items() if name not in unasked})
    return everything, wanted.for_task(task.kind, rows, task.columns, absent, task.meta_features), notes


@cache
def versions() -> dict[str, str]:
    """Of the libraries that results depend on."""
    found: dict[str, str] = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
