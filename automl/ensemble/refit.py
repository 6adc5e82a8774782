"""Candidates fitted on all rows, by workers, as many as are ready in time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sklearn.pipeline import Pipeline

from automl import signals
from automl.decisions import Decisions
from automl.ensemble.best import numbered
from automl.ensemble.constants import LEAST_SECONDS, REFIT_WRITES
from automl.errors import ExecutorError
from automl.estimators.staged import Pruned
from automl.evaluate.refit import Refit
from automl.execute.base import Executor
from automl.schedule.constants import FEWEST_ROUNDS
from automl.schedule.cost import speedup
from automl.schedule.reserve import refit_seconds, shortens
from automl.trials.history import History
from automl.trials.trial import Extent, Failure, Proposal, RefitJob, Refitted, Result, Trial

UNLIMITED = 86_400.0  # seconds that are waited where nothing limits them


class Refits:
    """Fits of whole candidates on all rows.

    Parameters
    ----------
    refit : Refit
        How a candidate is fitted, and where the pipeline is kept.
    executor : Executor
    n_jobs : int
        Cores.
    """

    def __init__(self, refit: Refit, executor: Executor, n_jobs: int) -> None:
        self.refit, self.executor, self.n_jobs = refit, executor, n_jobs
        self.why: dict[int, str] = {}  # what kept a trial's candidate from being fitted, by number
        self.extents: dict[int, Extent] = {}  # of the fits that are ready, by number
        self._running: dict[int, Trial] = {}

    def start(self, trials: Sequence[Trial], left: float | None, known: Mapping[int, Extent] | None = None) -> None:
        """Begin with those that fit into the seconds that are left (None is no limit), the first ones first.

        `known` are the extents of a run that is replayed, by number of the trial.
        """
        seconds = [refit_seconds(trial, self.refit.data.n_folds) + _write_seconds(trial) for trial in trials]
        limit = None if left is None else max(LEAST_SECONDS, left)
        for trial, needed, (threads, share) in zip(trials, seconds, self._plan(trials, seconds, left), strict=True):
            if not threads:
                self.why[trial.number] = f"{needed:.1f} s did not fit"
                continue
            extent = Extent(share) if known is None else known[trial.number]
            worst = (trial.fold_losses or (trial.loss,))[0] if extent.share < 1 else None
            asked = Proposal(trial.candidate, trial.origin)
            beside = _write_seconds(trial) + (_predict_seconds(trial) if extent.share < 1 else 0.0)
            ready = None if limit is None else limit - REFIT_WRITES * beside
            job = RefitJob(asked, threads=threads, seconds_limit=limit, seconds_left=ready, rounds=trial.rounds)
            job = replace(job, extent=extent, loss_limit=worst)
            self._running[trial.number] = trial
            self.executor.submit(trial, job)

    def wanted(
        self, history: History, first: Trial, weights: dict[int, float], asked: bool | Mapping[int, Extent]
    ) -> list[Trial]:
        """Whose candidates are to be fitted on all rows, the most important ones first.

        The best one's is, and after a hold-out all members are: as fold models they have not seen some of the rows, and
        no other fold's model has.

        Parameters
        ----------
        asked : bool or dict of int to Extent
            Whether any is, or numbers of those that may be.
        """
        data = self.refit.data
        if not asked or not data.run_dir.exists():
            return []
        members = sorted(weights, key=lambda number: -weights[number]) if data.n_folds == 1 else []
        numbers = list(dict.fromkeys([*members, first.number]))
        return [history.trials[n] for n in numbers if isinstance(asked, bool) or n in asked]

    def tell(self, first: Trial, wanted: Sequence[Trial], decisions: Decisions) -> None:
        """Say which fits on all rows there are, and why others are not."""
        if fitted := [str(trial.number) for trial in wanted if trial.number not in self.why]:
            why = "after a hold-out every member is" if self.refit.data.n_folds == 1 else "the best one is"
            decisions.take("fitted on all rows", numbered(fitted), why)
        if first.number in self.why:
            models = "its fold models" if self.refit.data.n_folds > 1 else "the model without the hold-out"
            why = f"best_pipeline_ was not refitted on all rows ({self.why[first.number]}): {models}."
            decisions.take("best_pipeline_", "fold models", why, tell=True)
        others = {
            str(trial.number): self.why[trial.number]
            for trial in wanted
            if trial is not first and trial.number in self.why
        }
        if others:
            reasons = "; ".join(dict.fromkeys(others.values()))
            why = f"Not fitted on all rows, of the ensemble: {numbered([*others])} ({reasons})."
            decisions.take("ensemble", "fold models", why, tell=True)

    def _plan(self, trials: Sequence[Trial], seconds: Sequence[float], left: float | None) -> list[tuple[int, float]]:
        space = self.refit.space
        threaded = [space.component(trial.candidate.family).estimator.threads is not None for trial in trials]
        least = [FEWEST_ROUNDS if shortens(trial, space) else 1.0 for trial in trials]
        return plan(seconds, threaded, least, left, self.n_jobs)

    def wait(self, left: float | None) -> dict[int, Pipeline]:
        """Those that are ready within the seconds that are left, by number of the trial; the others are stopped."""
        until = time.monotonic() + (UNLIMITED if left is None else max(0.0, left))
        ready: list[Trial] = []
        try:
            while self._running and (ended := self.executor.finished(max(0.0, until - time.monotonic()))):
                ready += [trial for trial, result in ended if self._ended(trial, result)]
        except ExecutorError as error:
            self.why |= dict.fromkeys(self._running, str(error))
        except KeyboardInterrupt:
            if signals.interrupted_twice():
                raise
            self.why |= dict.fromkeys(self._running, "interrupted")
        self.executor.cancel()
        self.why |= {number: self.why.get(number, "no time left") for number in self._running}
        self._running.clear()
        found = {trial.number: self.refit.artifacts.refit(trial.candidate.key) for trial in ready}
        self.why |= {number: "its file is gone" for number, pipeline in found.items() if pipeline is None}
        return {number: pipeline for number, pipeline in found.items() if pipeline is not None}

    def _ended(self, trial: Trial, result: Result) -> bool:
        if self._running.pop(trial.number, None) is None:
            return False
        if isinstance(result, Failure):
            self.why[trial.number] = result.message.removeprefix(f"{Pruned.__name__}: ")
        elif isinstance(result, Refitted):
            self.extents[trial.number] = result.extent
        return isinstance(result, Refitted)


def _write_seconds(trial: Trial) -> float:
    """What one of its models took to be written."""
    return trial.measures.write_seconds / max(1, trial.folds)


def _predict_seconds(trial: Trial) -> float:
    """What one of its folds took to be predicted, as the check of a shortened fit will."""
    return trial.measures.predict_seconds / max(1, trial.folds)


def plan(
    seconds: Sequence[float], threaded: Sequence[bool], least: Sequence[float], left: float | None, cores: int
) -> list[tuple[int, float]]:
    """How many threads each of several fits gets so that it ends in time (0 where it cannot), and what share is made.

    They run side by side on a core each; what would be late alone gets all of them, where it can use them, and what
    would be late even so is shortened.

    Parameters
    ----------
    seconds : sequence of float
        Of each fit, on one thread; the first ones count most.
    threaded : sequence of bool
        Which of them can use several.
    least : sequence of float
        What share of each must be made, 1 where it cannot be shortened.
    left : float or None
        Seconds for all of them; None is no limit.
    cores : int
    """
    busy: list[float] = [0.0] * cores
    planned: list[tuple[int, float]] = []
    for needed, several, share in zip(seconds, threaded, least, strict=True):
        core = min(range(cores), key=busy.__getitem__)
        alone, together = busy[core] + needed, max(busy) + needed / speedup(cores)
        if left is None or alone <= left:
            busy[core] = alone
            planned.append((1, 1.0))
        elif several and together - (1 - share) * needed / speedup(cores) <= left:
            made = min(1.0, 1 - (together - left) * speedup(cores) / needed)
            busy = [min(together, left)] * cores
            planned.append((cores, made))
        else:
            planned.append((0, 0.0))
    return planned
