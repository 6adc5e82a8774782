"""What a search minimises, as a function: for optimisers of others."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from automl.arguments import one_candidate
from automl.closing import Closing
from automl.errors import ArgumentError, CandidateError
from automl.problem import Problem
from automl.schedule.budget import Budget
from automl.schedule.constants import MANY_ROWS
from automl.settings import Settings
from automl.space.candidate import Candidate
from automl.space.constants import FAMILY
from automl.space.encoding import Encoding
from automl.space.space import Space
from automl.tables.frame import refuse_too_large
from automl.trials.history import History
from automl.trials.run_dir import RunDir
from automl.trials.trial import Failure, Job, Proposal

ORIGIN = "user"


class Objective(Closing):
    """Evaluates candidates as `fit` does, on the same splits and with the same seeds, one at a time in this process.

    `AutoML.objective` makes one. It works with files in a temporary folder, which goes with `close`, at the end of a
    ``with``, or with the object.

    Parameters
    ----------
    settings : Settings
        Of the estimator; those of the search (budget, strategy, schedule, ensemble) say nothing here.
    X, y : as in `AutoML.fit`
    about : tuple
        Weights, groups and times, or None.
    column_types : as in `AutoML.fit`

    Attributes
    ----------
    space : Space
        What may be tried on this table; `space.to_hyperopt()` is Hyperopt's form of it.
    notes : list of str
        What was made of the input.

    Examples
    --------
    >>> from hyperopt import fmin, tpe  # doctest: +SKIP
    >>> with AutoML(random_state=0).objective(X, y) as objective:  # doctest: +SKIP
    ...     best = fmin(objective, objective.space.to_hyperopt(), algo=tpe.suggest, max_evals=20)
    ...     print(objective.candidate(best))
    """

    space: Space

    def __init__(self, settings: Settings, X: Any, y: Any, about: tuple[Any, Any, Any], column_types: Any) -> None:
        refuse_too_large(X, settings.memory_limit)
        with ExitStack() as stack:
            run_dir = stack.enter_context(RunDir(None))
            problem = Problem.read(settings, X, y, about, column_types, Budget(), [])
            self.space = problem.space
            self._evaluator = problem.evaluator(History(problem.space, settings.seed), run_dir, None)
            rows = self._evaluator.data
            self.notes = problem.notes(rows.splits[: rows.n_folds])
            self._close = weakref.finalize(self, stack.pop_all().close)
        self._metric, self._encoding = problem.task.metric, Encoding(problem.space)
        self._threads = settings.n_jobs if problem.task.rows >= MANY_ROWS else 1

    def __call__(self, candidate: Candidate | str | Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate a candidate in full.

        Parameters
        ----------
        candidate : Candidate, str or dict
            As `candidate` takes it.

        Returns
        -------
        dict
            As Hyperopt's `fmin` wants it: "status" is "ok" with "loss" (to be minimised) and "score" (in the metric's
            own unit), or "fail" with "error"; "candidate" is the text that `try_first` takes.
        """
        if not self._close.alive:
            raise ArgumentError("The objective is closed; make another, and evaluate within its `with`.")
        found = self.candidate(candidate)
        result = self._evaluator.evaluate(Job(Proposal(found, ORIGIN), threads=self._threads))
        self._evaluator.artifacts.keep_only(set())  # its models are for nobody
        if isinstance(result, Failure):
            return {"status": "fail", "candidate": found.text, "error": result.message}
        if (loss := result.measures.loss) is None:
            return {"status": "fail", "candidate": found.text, "error": f"{self._metric.name} has no value."}
        return {"status": "ok", "loss": loss, "score": self._metric.score(loss), "candidate": found.text}

    def candidate(self, given: Candidate | str | Mapping[str, Any]) -> Candidate:
        """The candidate that something stands for.

        Parameters
        ----------
        given : Candidate, str or dict
            What `try_first` takes; or a point of Hyperopt: what `fmin` hands to its function, or gives back.

        Raises
        ------
        ArgumentError
            If it is none of the space.
        """
        if isinstance(given, Mapping) and not isinstance(given.get(FAMILY), str):
            return self._point(given)
        try:
            return one_candidate(given, self.space)
        except CandidateError as error:
            raise ArgumentError(f"candidate: {error}") from error

    def _point(self, given: Mapping[str, Any]) -> Candidate:
        nested = [part for part in given.values() if isinstance(part, Mapping)]
        point = {key: value for part in nested for key, value in part.items()} if nested else given
        try:
            found = self._encoding.decode(point)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            why = f"{type(error).__name__}: {error}"
            raise ArgumentError(f"candidate: this is no point of space.to_hyperopt() ({why}).") from error
        if (reason := self.space.check(found)) is not None:
            raise ArgumentError(f"candidate: this is no point of space.to_hyperopt(): {reason}")
        return found

    def close(self) -> None:
        """Remove the files."""
        self._close()
