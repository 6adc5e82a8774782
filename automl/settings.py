"""The arguments of one `fit`, checked and resolved."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl import arguments as check
from automl.ensemble.combiners import make_combiner
from automl.ensemble.combiners.base import Combiner
from automl.execute import EXECUTORS
from automl.execute.base import Backend
from automl.schedule import SCHEDULES
from automl.schedule.base import Schedule
from automl.strategies import STRATEGIES
from automl.strategies.base import Strategy


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
    search: Strategy
    schedule: Schedule
    search_space: Any
    try_first: Any
    ensemble: Combiner
    refit: str
    predict_ms: float | None
    n_jobs: int
    seed: int
    executor: Backend
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
            search=STRATEGIES.make(model.search),
            schedule=SCHEDULES.make(model.schedule),
            search_space=check.path("search_space", model.search_space),
            try_first=model.try_first,
            ensemble=make_combiner(model.ensemble),
            refit=check.one_of("refit", model.refit, ["auto", "fast"]),
            predict_ms=check.positive("predict_ms", model.predict_ms, unit="milliseconds"),
            n_jobs=check.cores(model.n_jobs),
            seed=_seed(model.random_state),
            executor=EXECUTORS.make(model.executor),
            run_dir=check.path("run_dir", model.run_dir),
            resume=check.one_of("resume", model.resume, ["auto", True, False]),
            verbose=check.verbosity(model.verbose),
            callbacks=check.functions("callbacks", model.callbacks),
        )


def _seed(random_state: Any) -> int:
    if random_state is None:
        return secrets.randbits(31)  # not NumPy's global generator, whose state is the caller's
    if isinstance(random_state, (np.random.RandomState, np.random.Generator)):
        draw = random_state.randint if isinstance(random_state, np.random.RandomState) else random_state.integers
        return int(draw(2**31 - 1))
    return int(check.seed("random_state", random_state))
