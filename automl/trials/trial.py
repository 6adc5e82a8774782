"""The records that travel between search, scheduler, executor and evaluator; all of them plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from automl.space.candidate import Candidate

# "stopped" is no fault: a race or its learning curve showed that the candidate would not be among the best
Status = Literal["running", "ok", "failed", "timeout", "memory", "crashed", "cut", "stopped"]

FailureKind = Literal["failed", "timeout", "memory", "crashed", "cut", "stopped"]

DUMMY = "dummy"  # origin of the trial that is there before anything else, so that a model is always ready


@dataclass(frozen=True)
class Rung:
    """How thoroughly a candidate is evaluated: shares of all training rows, iterations and folds; 1 is all of them.

    Folds above 1 are repeats of the whole cross-validation with other splits.
    """

    rows: float = 1.0
    iterations: float = 1.0
    folds: float = 1.0

    @property
    def whole(self) -> bool:
        """Whether nothing is left out, so that a candidate may be ranked."""
        return self.rows >= 1 and self.iterations >= 1 and self.folds >= 1

    @property
    def work(self) -> tuple[float, float]:
        """What rungs are ordered by: how much is fitted, and of how many rows."""
        return self.rows * self.iterations * self.folds, self.rows

    def __str__(self) -> str:
        if self == TOP:
            return "all"
        shares = ((self.rows, "rows"), (self.iterations, "iterations"))
        parts = [f"{_share(share)} of the {name}" for share, name in shares if share < 1]
        if self.folds > 1:
            parts.append(f"{self.folds:g} repeats")
        elif self.folds < 1:
            parts.append(f"{_share(self.folds)} of the folds")
        return ", ".join(parts)


TOP = Rung()


def _share(share: float) -> str:
    return str(Fraction(share).limit_denominator(1000))


@dataclass(frozen=True)
class Race:
    """What a candidate has to stay below, fold after fold (Maron and Moore 1994, "Hoeffding races").

    Attributes
    ----------
    limits : tuple of float
        Of the mean loss of the first one, two, ... folds.
    curves : bool
        Whether validation curves measure the same as the loss, so that they may end a fold early.
    why : str
        Whom it is compared with.
    """

    limits: tuple[float, ...]
    curves: bool = False
    why: str = ""

    def limit(self, losses: Sequence[float]) -> float:
        """What the next fold's loss must not exceed, after these; infinite behind the last limit."""
        place = len(losses)
        return (place + 1) * self.limits[place] - sum(losses) if place < len(self.limits) else math.inf

    def lost(self, losses: Sequence[float]) -> bool:
        """Whether a candidate with these losses of its first folds is out."""
        return 0 < len(losses) <= len(self.limits) and sum(losses) / len(losses) > self.limits[len(losses) - 1]


@dataclass(frozen=True)
class Proposal:
    """A candidate that a strategy wants tried: `origin` names the strategy, `parents` the trials it came from."""

    candidate: Candidate
    origin: str
    parents: tuple[int, ...] = ()


@dataclass(frozen=True)
class Job:
    """Work for an executor: evaluate a proposal at a rung, or (with `refit`) fit it on all rows.

    `seconds_limit` counts from the job's start in a worker; None is no limit. `ends` is when the search does, on
    `time.monotonic`'s clock, which processes share; executors that cannot cut a job look at it between folds. Models
    that grow in stages end by the earlier of the two with what they have. `trial` is the number of an unfinished
    trial that runs again, None for a new one. `rounds` is the number of boosting rounds of a refit. `race` is what
    the evaluation is stopped by, `why` what made the scheduler choose this rung. `ended_after` are the rounds after
    which the folds' fits must end, as the clock ended them in the run that is replayed, and `stopped` is after how many
    folds its trial ended, how, and why, where it did not reach the last one. `expected` are the seconds that it is
    predicted to take on one thread, None where it should not run but in a worker. Without `scored`, models are fitted
    and kept, and the metric is not called.
    """

    proposal: Proposal
    rung: Rung = TOP
    threads: int = 1
    seconds_limit: float | None = None
    ends: float | None = None
    bytes_limit: int | None = None
    refit: bool = False
    trial: int | None = None
    rounds: int | None = None
    race: Race | None = None
    why: str = ""
    ended_after: tuple[int | None, ...] = ()
    stopped: tuple[int, FailureKind, str] | None = None
    expected: float | None = None
    scored: bool = True

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
    write_seconds: float = 0.0
    continued: bool = False  # went on from the model of a cheaper rung
    ended_after: int | None = None  # rounds after which the clock ended a fit that would have gone on


@dataclass(frozen=True)
class Outcome:
    """A finished evaluation: all folds of its rung; `loss` is None where it was not scored."""

    folds: tuple[FoldResult, ...]
    loss: float | None
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
    seconds: float = 0.0  # inside the job, where it ended by itself in the middle of a fold


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
        Mean over the folds, lower is better; None until all folds of the rung are there, and of a dummy that the
        metric took too long for.
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
    ended_after : tuple of int or None
        Rounds after which the clock ended each fold's fit; empty where it ended none.
    why : str
        What made the scheduler choose this rung, where it is not the only one; once the search has ended, also why
        the candidate went no further.
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
    write_seconds: float = 0.0
    why: str = ""
    ended_after: tuple[int | None, ...] = ()
    threads: int = 1

    @property
    def complete(self) -> bool:
        """Whether the candidate has all rows, iterations and folds, so that it may be ranked."""
        return self.status == "ok" and self.rung.whole

    @property
    def work_seconds(self) -> float:
        """Seconds inside the evaluation (waiting for a core left out); for what was killed, seconds until then."""
        work = self.prepare_seconds + self.fit_seconds + self.predict_seconds + self.write_seconds
        if self.status in ("ok", "stopped") or self.finished is None:
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
            write_seconds=sum(fold.write_seconds for fold in folds),
            ended_after=_ends(folds),
            warnings=tuple(messages)[:5],
            folds=len(folds),
        )
        if isinstance(result, Failure):
            losses = tuple(fold.loss for fold in folds if fold.loss is not None)
            fit_seconds = max(trial.fit_seconds, result.seconds - trial.prepare_seconds - trial.predict_seconds)
            return replace(trial, status=result.kind, error=result.message, fold_losses=losses, fit_seconds=fit_seconds)
        return replace(
            trial,
            status="ok",
            fold_losses=result.fold_losses,
            loss=result.loss,
            train_loss=result.train_loss,
            peak_bytes=result.peak_bytes,
            rounds=result.rounds,
        )


def _ends(folds: tuple[FoldResult, ...]) -> tuple[int | None, ...]:
    ends = tuple(fold.ended_after for fold in folds)
    return () if all(end is None for end in ends) else ends
