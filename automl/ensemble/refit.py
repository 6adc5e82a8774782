"""The best candidate fitted on all rows, by a worker, while the ensemble is selected."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from automl import signals
from automl.errors import ExecutorError
from automl.evaluate.evaluator import Evaluator
from automl.execute.base import Executor
from automl.schedule.budget import refit_seconds
from automl.trials.trial import Failure, Job, Outcome, Proposal, Trial


def start_refit(trial: Trial, evaluator: Evaluator, executor: Executor, left: float | None, notes: list[str]) -> bool:
    """Submit it where it fits into the seconds that are left (None is no limit); whether that was done."""
    seconds = refit_seconds(trial, evaluator.n_folds)
    if left is not None and seconds > left:
        notes.append(f"best_pipeline_ was not refitted on all rows ({seconds:.1f} s did not fit): its fold models.")
        return False
    limit = None if left is None else max(0.1, left)
    proposal = Proposal(trial.candidate, trial.origin)
    executor.submit(trial, Job(proposal, seconds_limit=limit, refit=True, rounds=trial.rounds))
    return True


def await_refit(
    trial: Trial, evaluator: Evaluator, executor: Executor, left: float | None, notes: list[str]
) -> Pipeline | None:
    """The fitted pipeline; None, and a note, where it is not ready in the seconds that are left."""
    try:
        ended = executor.finished(3600.0 if left is None else max(0.0, left))
    except ExecutorError as error:
        ended = [(trial, Failure("crashed", str(error)))]
    except KeyboardInterrupt:
        if signals.insisted():
            raise
        ended = [(trial, Failure("cut", "interrupted"))]
    if ended and isinstance(ended[0][1], Outcome):
        found: Pipeline | None = evaluator.artifacts.refit(trial.candidate.key)
        if found is not None:
            return found
    executor.cancel()
    why = getattr(ended[0][1], "message", "its file is gone") if ended else "no time left"
    notes.append(f"best_pipeline_ was not refitted on all rows ({why}): its fold models.")
    return None
