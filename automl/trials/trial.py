"""The records that travel between search, scheduler, executor and evaluator; all of them plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from automl.space.candidate import Candidate

Status = Literal["running", "ok", "failed", "timeout", "memory", "crashed", "cut"]

FailureKind = Literal["failed", "timeout", "memory", "crashed", "cut"]

DUMMY = "dummy"  # origin of the trial that is there before anything else, so that a model is always ready


@dataclass(frozen=True)
class Rung:
    """How thoroughly a candidate is evaluated: shares of all rows, iterations and folds; 1 is all of them."""

    rows: float = 1.0
    iterations: float = 1.0
    folds: float = 1.0


TOP = Rung()


@dataclass(frozen=True)
class Proposal:
    """A candidate that a strategy wants tried: `origin` names the strategy, `parents` the trials it came from."""

    candidate: Candidate
    origin: str
    parents: tuple[int, ...] = ()


@dataclass(frozen=True)
class Job:
    """Work for an executor: evaluate a proposal at a rung, or (with `refit`) fit it on all rows.

    `seconds_limit` counts from the job's start in a worker; None is no limit. `search_seconds` is what the search has
    left; executors that cannot cut a job look at it between folds. `trial` is the number of an unfinished
    trial that runs again, None for a new one. `rounds` is the number of boosting rounds of a refit.
    """

    proposal: Proposal
    rung: Rung = TOP
    threads: int = 1
    seconds_limit: float | None = None
    search_seconds: float | None = None
    bytes_limit: int | None = None
    refit: bool = False
    trial: int | None = None
    rounds: int | None = None

    @property
    def candidate(self) -> Candidate:
        """The candidate to evaluate."""
        return self.proposal.candidate


@dataclass(frozen=True)
class FoldResult:
    """What came of one fold; seconds are wall seconds of one worker.

    `loss` is None where the fold lacks a class that the metric needs; `train_loss` is None while the number of rounds
    of a model that grows in stages is not settled.
    """

    fold: int
    loss: float | None
    train_loss: float | None
    prepare_seconds: float
    fit_seconds: float
    predict_seconds: float
    rows_predicted: int
    model_bytes: int
    rounds: int | None = None
    warnings: tuple[str, ...] = ()
    out_of_bag: bool = False  # predicted by the one model of all rows, which lies in fold 0


@dataclass(frozen=True)
class Outcome:
    """A finished evaluation: all folds of its rung."""

    folds: tuple[FoldResult, ...]
    loss: float
    fold_losses: tuple[float, ...]
    train_loss: float | None
    peak_bytes: int = 0
    rounds: int | None = None


@dataclass(frozen=True)
class Failure:
    """An evaluation that did not finish: data, never an exception that ends fit."""

    kind: FailureKind
    message: str
    folds: tuple[FoldResult, ...] = ()


@dataclass(frozen=True)
class Trial:
    """One candidate at one rung, running or ended.

    Attributes
    ----------
    number : int
        Order of the starts; 0 is the dummy.
    fold_losses : tuple of float
        Of the folds that have one; empty where all rows were scored together.
    loss : float or None
        Mean over the folds, lower is better; None until all folds of the rung are there.
    train_loss : float or None
        The same on at most 2,000 training rows a fold.
    started, finished : float
        Seconds of the run (those before an interruption included).
    folds : int
        Folds that ended.
    fit_seconds, prepare_seconds, predict_seconds : float
        Sums over the folds.
    error : str or None
        What went wrong, in one sentence.
    """

    number: int
    candidate: Candidate
    rung: Rung
    seed: int
    origin: str
    parents: tuple[int, ...] = ()
    status: Status = "running"
    fold_losses: tuple[float, ...] = ()
    loss: float | None = None
    train_loss: float | None = None
    prepare_seconds: float = 0.0
    fit_seconds: float = 0.0
    predict_seconds: float = 0.0
    rows_predicted: int = 0
    peak_bytes: int = 0
    model_bytes: int = 0
    rounds: int | None = None
    started: float = 0.0
    finished: float | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    folds: int = 0

    @property
    def complete(self) -> bool:
        """Whether the candidate has all folds of the top rung, so that it may be ranked."""
        return self.status == "ok" and self.rung == TOP

    @property
    def work_seconds(self) -> float:
        """Seconds inside the evaluation (waiting for a core left out); for what was killed, seconds until then."""
        work = self.prepare_seconds + self.fit_seconds + self.predict_seconds
        if self.status == "ok" or self.finished is None:
            return work
        return max(work, self.finished - self.started)

    def ended(self, result: Outcome | Failure, seconds: float) -> Trial:
        """This trial with its end written into it; `seconds` is the run's clock."""
        folds = result.folds
        messages = {message: None for fold in folds for message in fold.warnings}
        trial = replace(
            self,
            finished=seconds,
            prepare_seconds=sum(fold.prepare_seconds for fold in folds),
            fit_seconds=sum(fold.fit_seconds for fold in folds),
            predict_seconds=sum(fold.predict_seconds for fold in folds),
            rows_predicted=sum(fold.rows_predicted for fold in folds),
            model_bytes=sum(fold.model_bytes for fold in folds),
            warnings=tuple(messages)[:5],
            folds=len(folds),
        )
        if isinstance(result, Failure):
            losses = tuple(fold.loss for fold in folds if fold.loss is not None)
            return replace(trial, status=result.kind, error=result.message, fold_losses=losses)
        return replace(
            trial,
            status="ok",
            fold_losses=result.fold_losses,
            loss=result.loss,
            train_loss=result.train_loss,
            peak_bytes=result.peak_bytes,
            rounds=result.rounds,
        )
