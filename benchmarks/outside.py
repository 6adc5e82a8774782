"""Candidates evaluated outside of a run: by the library's own evaluator, on one thread and by the process's clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.columns.table import Table
    from automl.evaluate.evaluator import Evaluator
    from automl.evaluate.stored import StoredFolds
    from automl.space.candidate import Candidate
    from automl.trials.trial import Failure, Outcome, Trial


def by_process_clock() -> None:
    """Let limits go by this process's own seconds, as neighbours do not count; before the library is imported."""
    time.monotonic = time.perf_counter = time.process_time


def evaluated(evaluator: Evaluator, candidate: Candidate, limit: float) -> tuple[Outcome | Failure, float]:
    """What comes of a candidate on all rows and folds within that many seconds, and the seconds that it took."""
    from automl.trials.trial import Job, Proposal

    started = time.process_time()
    outcome = evaluator.evaluate(Job(Proposal(candidate, "benchmark"), seconds_limit=limit))
    return outcome, round(time.process_time() - started, 3)


def predicted(stored: StoredFolds, trial: Trial, table: Table) -> Any:
    """The mean of a trial's fold models' predictions of rows that none of them has seen."""
    from automl.pipeline.build import predict

    models = stored.models(trial)
    return sum(predict(model, table) for model in models) / len(models)
