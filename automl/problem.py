"""What one `fit` is asked: the data, the task, what may be tried, and how it is validated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from automl.arguments import first_candidates
from automl.data.columns import never
from automl.data.dataset import Data, make_task, split
from automl.data.duplicates import Repeats, find_repeats
from automl.data.frame import with_validation
from automl.data.guard import find_warnings
from automl.data.rows import take_out
from automl.data.splits import Split, fingerprint, is_own
from automl.data.task import Task
from automl.evaluate.evaluator import Evaluator
from automl.schedule.budget import CHECK_SHARE, READ_SHARE, Budget
from automl.schedule.cost import CostModel
from automl.schedule.portfolio_share import PortfolioShare
from automl.schedule.scheduler import Scheduler
from automl.settings import Settings
from automl.space.candidate import Candidate
from automl.space.space import Space
from automl.strategies import make_strategy
from automl.strategies.base import Strategy
from automl.trials.history import History
from automl.trials.journal import fact
from automl.trials.run_dir import RunDir

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
        everything, space, absent = settings.spaces(task, data.table.about)
        first = first_candidates(settings.try_first, space)
        repeats = find_repeats(data.table, data.y, task.n_classes)
        return cls(settings, data, task, everything, space, absent, first, cv, repeats, budget)

    @property
    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return self.settings.identity(self.task, self.data, self.space, self.first)

    def evaluator(self, history: History, run_dir: RunDir, X_test: Any) -> Evaluator:
        """How candidates are validated; the splits are written down, and the data is looked at."""
        settings, data, together = self.settings, self.data, self.repeats.together
        if data.columns.slow >= 0:
            history.agree(COLUMNS, str(data.columns.slow))
        cv = settings.folds(self.cv, self.task, history)
        splits = split(cv, data, history.seed, together)
        history.agree("splits", fingerprint(splits))
        anew = settings.split_anew(cv, data, history.seed, together, splits)
        hurry = self.budget.late(CHECK_SHARE)
        self.warned = data.about_lone_rows(is_own(cv))
        self.warned += find_warnings(data, self.repeats, splits, X_test, history.seed, hurry, self.unseen)
        belong = together is not None or not data.table.about.plain
        plain = isinstance(cv, str | int) and not belong  # splits of one's own may part what belongs
        asked = (self.task, self.everything, data.table, data.y, splits + anew, history.seed, run_dir.files)
        return Evaluator(*asked, plain=plain, repeats=1 + len(anew) // len(splits), run=run_dir.run)

    def notes(self, splits: list[Split]) -> list[str]:
        """What was made of the input, for the user to read."""
        about = self.settings.about_rows(self.data, self.task, self.space, splits)
        return [self.data.inferred, *self.data.columns.notes, *self.absent, *about, *self.warned, *self.unseen]

    def plan(
        self, evaluator: Evaluator, history: History, searching: Budget, score_seconds: float = 0.0
    ) -> tuple[Strategy, Scheduler]:
        """What to try next, and how thoroughly; `score_seconds` is what a score of a fold takes beside the fit."""
        settings = self.settings
        once, timed = evaluator.out_of_bag_allowed, settings.max_trials is None
        cost = CostModel(self.everything, self.task, evaluator.n_folds, out_of_bag=once, measured=timed)
        rule = settings.rule(self.everything, self.task, evaluator, cost, searching)
        share = PortfolioShare(searching, cost, rule, settings.n_jobs)
        strategy = make_strategy(
            settings.search, self.first, cost=share.price(history), portfolio_open=share, spent=cost.spent
        )
        limits = (settings.n_jobs, settings.trial_timeout, settings.memory_limit)
        return strategy, Scheduler(searching, cost, rule, *limits, score_seconds=score_seconds)
