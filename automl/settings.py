"""The arguments of one `fit`, checked and resolved."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl import arguments as check
from automl.data.dataset import Data, split
from automl.data.rows import Rows
from automl.data.splits import Split, is_own, training_rows
from automl.data.task import Task
from automl.errors import ArgumentError
from automl.evaluate.evaluator import Evaluator
from automl.pipeline.build import left_out, missing_libraries, weightless
from automl.schedule import SCHEDULES
from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.folds import affordable_cv
from automl.schedule.halving import Rule
from automl.schedule.ladder import Ladder
from automl.space.candidate import Candidate
from automl.space.reader import read_space
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies import STRATEGIES
from automl.trials.history import History

REPEATS = 3  # cross-validations that a small table has splits for
REPEATED_ROWS = 5_000  # rows up to which a table is small
BASELINE = "dummy"  # evaluated before anything else, not searched


@dataclass(frozen=True)
class Settings:
    """What `fit` works with; see `AutoML` for the meaning of each."""

    task: str
    metric: Any
    costs: Any
    time_budget: float | None
    max_trials: int | None
    patience: int | None
    trial_timeout: float | None
    memory_limit: int
    cv: Any
    include: list[str] | None
    exclude: list[str] | None
    search: str
    schedule: str
    search_space: Any
    try_first: Any
    ensemble: bool
    n_jobs: int
    seed: int
    executor: str
    run_dir: Any
    resume: str | bool
    verbose: int
    callbacks: list[Callable[..., object]]

    @classmethod
    def of(cls, model: Any, tasks: tuple[str, ...]) -> Settings:
        """Check the arguments of an estimator.

        Parameters
        ----------
        model : AutoML
        tasks : tuple of str
            Tasks that the class allows, the one that "auto" stands for first.

        Raises
        ------
        ArgumentError, InputTypeError
            Naming the argument.
        """
        check.one_of("task", model.task, ["auto", *tasks])
        max_trials = check.positive("max_trials", model.max_trials, whole=True)
        auto_timeout = isinstance(model.trial_timeout, str)
        if auto_timeout:
            check.one_of("trial_timeout", model.trial_timeout, ["auto"])
        return cls(
            task=tasks[0] if model.task == "auto" else model.task,
            metric=model.metric,
            costs=model.costs,
            time_budget=check.time_budget(model.time_budget, max_trials),
            max_trials=max_trials,
            patience=check.positive("patience", model.patience, whole=True),
            trial_timeout=None if auto_timeout else check.positive("trial_timeout", model.trial_timeout),
            memory_limit=check.memory(model.memory_limit),
            cv=model.cv,
            include=check.names("include", model.include),
            exclude=check.names("exclude", model.exclude),
            search=check.one_of("search", model.search, list(STRATEGIES)),
            schedule=check.one_of("schedule", model.schedule, list(SCHEDULES)),
            search_space=check.path("search_space", model.search_space),
            try_first=model.try_first,
            ensemble=check.one_of("ensemble", model.ensemble, ["auto", True, False]) is not False,
            n_jobs=check.cores(model.n_jobs),
            seed=_seed(model.random_state),
            executor=check.one_of("executor", model.executor, ["processes", "inline"]),
            run_dir=check.path("run_dir", model.run_dir),
            resume=check.one_of("resume", model.resume, ["auto", True, False]),
            verbose=check.verbosity(model.verbose),
            callbacks=check.functions("callbacks", model.callbacks),
        )

    def spaces(self, task: Task, about: Rows) -> tuple[Space, Space, list[str]]:
        """Every component that suits the task, those of them that are searched, and notes on what is missing."""
        declared = read_space(self.search_space)
        absent = missing_libraries(declared)
        for name in self.include or ():
            if name in absent:
                raise ArgumentError(f"include: the library of {name!r} is missing ({absent[name]}).")
        grouped, forward = about.group is not None, about.time is not None
        rows = training_rows(self.cv, task.rows, grouped=grouped, forward=forward)
        everything = declared.for_task(task.kind, rows, task.columns, absent, task.traits)
        wanted = declared.only(self.include, self.exclude)
        named = self.include is not None and BASELINE in self.include
        if not named and len(wanted.models) > 1:
            wanted = wanted.only(exclude=[BASELINE]) if BASELINE in wanted.models else wanted
        unasked = {name for name in absent if declared.component(name).extra}  # an extra that nobody asked for
        notes = left_out({name: why for name, why in absent.items() if name not in unasked})
        return everything, wanted.for_task(task.kind, rows, task.columns, absent, task.traits), notes

    def about_rows(self, data: Data, task: Task, space: Space, splits: list[Split]) -> list[str]:
        """What the user should know of what was made of weights, groups and times."""
        rows, own = data.table.about, "of your own" if is_own(self.cv) else None
        notes: list[str] = []
        if rows.weight is not None:
            if without := weightless(space, task.kind):
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

    def unlimited(self) -> Settings:
        """These without a limit of time or trials, for a replay."""
        return replace(self, time_budget=None, max_trials=None, patience=None)

    def folds(self, cv: Any, task: Task, history: History) -> Any:
        """What "auto" stands for; a run that goes on with another budget keeps its folds."""
        if not (isinstance(cv, str) and cv == "auto"):
            return cv
        budget = None if self.time_budget is None else self.time_budget * self.n_jobs
        chosen = affordable_cv(cv, task, budget)
        told = history.recall("folds", str(chosen))
        return int(told) if told.isdigit() else told

    @staticmethod
    def split_anew(cv: Any, data: Data, seed: int, together: NDArray[Any] | None, splits: list[Split]) -> list[Split]:
        """Splits of further cross-validations, which small tables have in store; none for splits of the user's own."""
        repeatable = isinstance(cv, str | int) and len(splits) > 1 and data.table.about.time is None
        if not repeatable or len(data.y) > REPEATED_ROWS:
            return []
        seeds = [derive_seed(seed, "repeat", number) % 2**31 for number in range(1, REPEATS)]
        return [pair for one in seeds for pair in split(cv, data, one, together)]

    def rule(self, space: Space, task: Task, evaluator: Evaluator, cost: CostModel, budget: Budget) -> Rule:
        """How thoroughly candidates are evaluated; where rows are scored together, only whole evaluations compare."""
        folds, repeats = evaluator.n_folds, len(evaluator.splits) // evaluator.n_folds
        ladder = Ladder(space) if evaluator.pooled else Ladder.of(space, task.rows, folds, repeats)
        return SCHEDULES[self.schedule](ladder, cost, task.metric.name, budget, self.n_jobs)

    def identity(self, task: Task, data: Data, space: Space, first: list[Candidate]) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        cv = self.cv if isinstance(self.cv, (str, int)) else type(self.cv).__name__
        return {
            "data": data.fingerprint,
            "target": data.target,
            "space": space.digest,
            "arguments": {
                "task": task.kind,
                "metric": task.metric.name,
                "costs": None if task.costs is None else task.costs.tolist(),
                "cv": cv,
                "search": self.search,
                "schedule": self.schedule,
                "trial_timeout": self.trial_timeout,
                "try_first": [candidate.text for candidate in first],
            },
            "versions": _versions(),
        }


def _seed(random_state: Any) -> int:
    if random_state is None:
        return secrets.randbits(31)  # not NumPy's global generator, whose state is the caller's
    if isinstance(random_state, (np.random.RandomState, np.random.Generator)):
        draw = random_state.randint if isinstance(random_state, np.random.RandomState) else random_state.integers
        return int(draw(2**31 - 1))
    return int(check.seed("random_state", random_state))


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("scikit-learn", "lightgbm", "xgboost", "catboost", "hyperopt", "deap", "numpy", "pandas"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
