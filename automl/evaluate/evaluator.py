"""The evaluator: chooses how a job's candidate is validated, and lets nothing that goes wrong escape."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np

from automl.evaluate.cross_validation import CrossValidation
from automl.evaluate.limits import contained
from automl.evaluate.out_of_bag import OutOfBag, partitions
from automl.evaluate.refit import Refit
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.space.facts import fitted_once
from automl.space.space import Space
from automl.trials.artifacts import Artifacts
from automl.trials.store import FolderStore
from automl.trials.trial import DUMMY, TOP, Failure, FoldResult, Job, Outcome, RefitJob, Result

T = TypeVar("T")


class Evaluator:
    """Evaluates jobs of one run; knows neither strategies nor executors.

    Parameters
    ----------
    data : RunData
    space : Space
        All components, the dummy included.
    plain : bool
        Whether rows are unrelated and count alike (no groups, time, copies or weights), so that a forest's out-of-bag
        rows tell what folds would. False where that is not known, as with splits of the user's own.
    run : str
        What the run is known by; its files are sealed for it.

    Attributes
    ----------
    artifacts : Artifacts
        Files of the folds and of the refits.
    stored : StoredFolds
    out_of_bag_allowed : bool
        Whether forests that validate themselves are fitted once: `plain`, and the splits are folds of all rows.
    """

    def __init__(self, data: RunData, space: Space, *, plain: bool = True, run: str = "") -> None:
        self.data, self.space = data, space
        self.artifacts = Artifacts(FolderStore(data.run_dir, run))
        self.stored = StoredFolds(data, self.artifacts)
        self.cross_validation = CrossValidation(space, self.stored)
        self.out_of_bag = OutOfBag(space, self.stored)
        self.refit = Refit(space, self.stored)
        self.out_of_bag_allowed = plain and partitions(data.splits[: data.n_folds], len(data.y))

    def run(self, job: Job) -> Result:
        """Evaluate a candidate, or refit it on all rows; whatever goes wrong comes back as a `Failure`."""
        if not isinstance(job, RefitJob):
            return self.evaluate(job)
        with contained(job.threads):
            return _caught(lambda: self.refit.run(job))

    def evaluate(self, job: Job) -> Outcome | Failure:
        """Evaluate a candidate.

        Folds that an interrupted evaluation left behind are taken from disk. `job.seconds_limit` is looked at
        between folds.
        """
        done: list[FoldResult] = []
        with contained(job.threads, blas=job.proposal.origin != DUMMY) as warned:
            outcome = _caught(lambda: self._validator(job).run(job, done), done)
        if isinstance(outcome, Failure) or not warned:
            return outcome
        first = replace(outcome.folds[0], warnings=tuple(warned[:5]))
        return replace(outcome, folds=(first, *outcome.folds[1:]))

    def _validator(self, job: Job) -> CrossValidation | OutOfBag:
        once = self.out_of_bag_allowed and job.rung == TOP and fitted_once(job.candidate, self.space)
        return self.out_of_bag if once else self.cross_validation

    def score(self, job: Job, outcome: Outcome, ends: float) -> Outcome | Failure:
        """Call the metric for a job that was run without, in a thread that is left alone at `ends`.

        A metric of the user's own may take any time. Where it is late, the outcome is as it was; the call that runs
        then cannot be stopped, and is the last one.
        """
        found: list[Outcome | Failure] = []
        late = threading.Event()
        scored = partial(self._scored, job, outcome, late)
        thread = threading.Thread(target=lambda: found.append(_caught(scored)), daemon=True)
        with contained(job.threads):
            thread.start()
            thread.join(max(0.0, ends - time.monotonic()))
        late.set()
        return found[0] if found else outcome

    def _scored(self, job: Job, outcome: Outcome, late: threading.Event) -> Outcome:
        folds: list[FoldResult] = []
        with np.errstate(all="ignore"):
            for result in outcome.folds:
                if late.is_set():
                    break
                prediction = self.artifacts.prediction(job.candidate.key, job.rung, result.fold)
                loss = self.data.fold_loss(result.fold, prediction, job.rung)
                folds.append(replace(result, measures=replace(result.measures, loss=loss)))
            return self.stored.outcome(replace(job, scored=not late.is_set()), folds)

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """Folds of a job that are on disk already."""
        return () if isinstance(job, RefitJob) else tuple(self.stored.results(job.candidate.key, job.rung).values())


def _caught(fit: Callable[[], T], done: Sequence[FoldResult] = ()) -> T | Failure:
    """What a fit returns; where it raises, a failure with the folds that were done until then."""
    try:
        return fit()
    except MemoryError as error:
        return Failure("memory", f"MemoryError: {error}", tuple(done))
    except Exception as error:  # a candidate may fail in any way; the run goes on without it
        text = " ".join(str(error).split())
        return Failure("failed", f"{type(error).__name__}: {text[:300]}", tuple(done))
