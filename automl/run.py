"""One run, from what `fit` is given to its result: read, a constant prediction, search, hand-over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from automl.ensemble.combiners import COMBINERS
from automl.ensemble.combiners.single import Single
from automl.ensemble.cost import Cost, reading_ms
from automl.ensemble.finalize import FinalModel, Known, finalize
from automl.ensemble.refit import Refits
from automl.ensemble.speed import Asked
from automl.ensemble.weights import too_slow
from automl.evaluate.evaluator import Evaluator
from automl.execute import EXECUTORS
from automl.execute.base import Executor
from automl.loop import ArtifactPruner, Dummy, HandOverReserve, Heartbeat, Listener, Mender, record_dummy, search
from automl.output import say_note
from automl.plan import Plan
from automl.problem import Problem
from automl.registry import Registry
from automl.report.progress import Reporter
from automl.report.time_report import TimeReport
from automl.result import Result
from automl.schedule import SCHEDULES
from automl.schedule.budget import Budget
from automl.settings import Settings
from automl.strategies import STRATEGIES
from automl.tables.frame import refuse_too_large
from automl.trials.history import History
from automl.trials.recorded import session
from automl.trials.run_dir import RunDir

COUNTED = ("max_trials", "patience", "exhausted")  # ends of a search that no clock decides
PARTS: dict[str, Registry[Any]] = {
    "search": STRATEGIES,
    "schedule": SCHEDULES,
    "ensemble": COMBINERS,
    "executor": EXECUTORS,
}


@dataclass(frozen=True)
class Given:
    """What `AutoML.fit` is given; `about` are weights, groups and times."""

    X: Any
    y: Any
    about: tuple[Any, Any, Any]
    X_test: Any
    column_types: Any


class Run:
    """A search or a replay.

    Parameters
    ----------
    settings : Settings
    plan : Plan
    clock : TimeReport
        Made on the first line of `fit`, as the budget counts from there.
    saves : bool
        Whether the model is saved within the budget, by a caller who prints the last notes, too.
    """

    def __init__(self, settings: Settings, plan: Plan, clock: TimeReport, *, saves: bool = False) -> None:
        self.settings, self.plan, self.clock, self.saves = plan.limits(settings), plan, clock, saves
        ends = (self.settings.time_budget, self.settings.max_trials, self.settings.patience)
        self.budget = Budget(*ends, clock.started, saving=saves)

    def result(self, given: Given, arguments: dict[str, Any], notes: list[str]) -> Result:
        """Do all of it.

        Parameters
        ----------
        given : Given
        arguments : dict
            The estimator's, for journal and result.
        notes : list of str
            What the user is told of them.
        """
        settings, clock, budget = self.settings, self.clock, self.budget
        refuse_too_large(given.X, settings.memory_limit)
        with (
            RunDir(settings.run_dir, settings.resume) as run_dir,
            settings.executor.start(settings.n_jobs, run_dir.files, settings.memory_limit) as executor,  # warms up
        ):
            problem, history = self._open(given, run_dir)  # what is asked, and what was tried
            told = session(arguments | {name: parts.written(arguments[name]) for name, parts in PARTS.items()})
            history.session(budget.elapsed(), told)
            evaluator = problem.evaluator(history, run_dir, given.X_test)  # how good
            data = evaluator.data
            _tell([*notes, *problem.notes(data.splits[: data.n_folds])], settings.verbose)
            clock.lap("read")
            dummy = record_dummy(history, evaluator, problem.everything, budget, callable(settings.metric))
            executor.attach(evaluator)  # from here on there is a model
            reason, proposing = self._search(problem, history, evaluator, executor, dummy)
            reason, final = self._finalize(problem, history, evaluator, executor, dummy, reason)
        clock.lap("hand_over")
        clock.split("hand_over", final.seconds)
        result = Result.of(problem, history, final, data, reason, told["arguments"])
        notes = final.decisions.notes
        _tell([final.expected.sentence(result.metric), *notes], settings.verbose and not self.saves)
        return replace(result, time_report=clock.report(history, proposing, settings.n_jobs, notes))

    def _open(self, given: Given, run_dir: RunDir) -> tuple[Problem, History]:
        journal = run_dir.journal
        events = self.plan.events(journal)
        asked = (given.X, given.y, given.about, given.column_types)
        problem = Problem.read(self.settings, *asked, self.budget, events)
        identity = problem.identity
        self.plan.begin(journal, identity)
        history = History.open(problem.space, self.settings.seed, journal, identity)
        self.budget.resume(history.spent)
        return problem, history

    def _search(
        self, problem: Problem, history: History, evaluator: Evaluator, executor: Executor, dummy: Dummy
    ) -> tuple[str, float]:
        """Why the search stopped, and the seconds inside strategies."""
        settings, budget = self.settings, self.budget
        strategy, scheduler = problem.plan(evaluator, history, budget, dummy.call_seconds)
        jobs = self.plan.scheduler(scheduler)
        _tell(problem.foretold if jobs is scheduler else [], settings.verbose)  # a replay asks no strategy
        report = Reporter(history, budget, problem.task.metric, settings.callbacks, settings.verbose)
        listeners: list[Listener] = [
            ArtifactPruner(history, evaluator.artifacts.keep_only),
            Mender(history, evaluator.stored.holds),
            Heartbeat(history, budget),
            HandOverReserve(history, budget, evaluator.data.n_folds, settings.n_jobs),
            report,
        ]
        self.clock.lap("dummy")
        reason = search(history, strategy, jobs, executor, budget, listeners)
        self.clock.lap("search", executor)
        return reason, jobs.ask_seconds

    def _finalize(
        self, problem: Problem, history: History, evaluator: Evaluator, executor: Executor, dummy: Dummy, reason: str
    ) -> tuple[str, FinalModel]:
        """Why the run stopped, and what the user gets."""
        settings, budget = self.settings, self.budget
        counted = reason in COUNTED
        reason, weights, refits = self.plan.outcome(history, reason)
        scores = len(history.kept()) * evaluator.data.n_folds
        unmade = too_slow(settings.ensemble, dummy.call_seconds, scores, budget.remaining())
        combiner = Single(why=unmade) if unmade else settings.ensemble
        fits = Refits(evaluator.refit, executor, settings.n_jobs)
        columns, frame = problem.data.columns, problem.data.frame
        reading = 0.0 if settings.predict_ms is None else reading_ms(columns, frame)
        asked = Asked(combiner, settings.predict_ms, settings.refit, reading)
        known = Known(refits, weights, self.plan.draws(), counted, dummy.call_seconds)
        copies = problem.repeats.duplicate_groups
        final = finalize(history, evaluator.stored, fits, budget, columns, asked, known, copies)
        members = [history.trials[number] for number in final.weights or [final.trial.number]]
        final.cost = Cost.of(final.best_estimator, members, columns, frame, budget.remaining())
        notes = [*executor.notes, dummy.note or unmade, *self.plan.notes(history)]
        final.decisions.taken.insert(0, problem.validation(evaluator.data))
        final.decisions.notes += [note for note in notes if note]
        draws = final.expected.draws
        history.end(reason, budget.elapsed(), final.told_weights, final.refitted, draws)
        return reason, final


def _tell(notes: list[str], verbose: int | bool) -> None:
    for note in notes if verbose else []:
        if note:
            say_note(note)
