"""The records that travel between search, scheduler, executor and evaluator; all of them plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated, Literal

from msgspec import Meta

from automl.space.candidate import Candidate
from automl.trials.measures import UNMEASURED, Count, Measured, Measures

# "stopped" is no fault: a race or its learning curve showed that the candidate would not be among the best
FailureKind = Literal["failed", "timeout", "memory", "crashed", "cut", "stopped"]
Ended = Literal["ok", FailureKind]
Status = Literal["running", Ended]

Positive = Annotated[int, Meta(ge=1, le=2**31)]

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
    """Work for an executor: evaluate a proposal at a rung.

    `seconds_limit` counts from the job's start in a worker; None is no limit. `seconds_left` are those until the search
    ends: whoever lets the job wait takes off what it waited. Executors that cannot cut a job look at both between
    folds; models that grow in stages end by the earlier one with what they have. `trial` is the number of an
    unfinished trial that runs again, None for a new one. `race` is what the evaluation is stopped by, `why` what made
    the scheduler choose this rung. `ended_after` are the rounds after which the folds' fits must end, as the clock
    ended them in the run that is replayed, and `stopped` is after how many folds its trial ended, how, and why, where
    it did not reach the last one. `expected` are the seconds that it is predicted to take on one thread, None where it
    should not run but in a worker. Without `scored`, models are fitted and kept, and the metric is not called.
    """

    proposal: Proposal
    rung: Rung = TOP
    threads: int = 1
    seconds_limit: float | None = None
    seconds_left: float | None = None
    bytes_limit: int | None = None
    trial: int | None = None
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

    def after(self, seconds: float) -> Job:
        """This job, begun that many seconds later."""
        return self if self.seconds_left is None else replace(self, seconds_left=self.seconds_left - seconds)


@dataclass(frozen=True)
class Extent:
    """How far a fit on all rows goes.

    Attributes
    ----------
    share : float
        Of the rounds; the learning rate is higher by as much.
    ended_after : int or None
        Rounds after which the clock ended it.
    """

    share: float = 1.0
    ended_after: int | None = None


@dataclass(frozen=True)
class RefitJob(Job):
    """Work for an executor: fit a candidate on all rows, with the number of boosting rounds that its folds settled.

    A fit of a share of them must have a loss below `loss_limit` on the rows of the first fold, which it has seen:
    boosting diverges where its steps are too long.
    """

    rounds: int | None = None
    extent: Extent = field(default_factory=Extent)
    loss_limit: float | None = None


@dataclass(frozen=True)
class FoldResult(Measured):
    """What came of one fold."""

    fold: int
    measures: Measures
    rounds: int | None = None
    warnings: tuple[str, ...] = ()
    out_of_bag: bool = False  # predicted by the one model of all rows, which lies in fold 0
    continued: bool = False  # went on from the model of a cheaper rung
    ended_after: int | None = None  # rounds after which the clock ended a fit that would have gone on


@dataclass(frozen=True)
class Outcome(Measured):
    """A finished evaluation: all folds of its rung.

    `measures` are of all folds together; what each of them cost is in the folds. The loss is None where it was not
    scored.
    """

    folds: tuple[FoldResult, ...]
    measures: Measures = UNMEASURED
    fold_losses: tuple[float, ...] = ()
    rounds: int | None = None


@dataclass(frozen=True)
class Refitted:
    """A finished refit: its pipeline lies with the candidate's files."""

    seconds: float
    extent: Extent = field(default_factory=Extent)


@dataclass(frozen=True)
class Failure:
    """A job that did not finish: data, never an exception that ends fit."""

    kind: FailureKind
    message: str
    folds: tuple[FoldResult, ...] = ()
    seconds: float = 0.0  # inside the job, where it ended by itself in the middle of a fold


Result = Outcome | Refitted | Failure  # of a job


@dataclass(frozen=True)
class Trial(Measured):
    """One candidate at one rung, running or ended.

    The journal's lines are made of these fields (see `events`): a new one with a default is written and read.

    Attributes
    ----------
    number : int
        Order of the starts; 0 is the dummy.
    measures : Measures
        Losses and costs of all folds.
    fold_losses : tuple of float
        Of the folds that have one; empty where all rows were scored together.
    started, finished : float
        Seconds of the run (those before an interruption included).
    folds : int
        Folds that ended.
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
    seed: Count
    origin: str
    parents: tuple[Count, ...] = ()
    why: str = ""
    threads: Positive = 1
    started: float = 0.0
    status: Status = "running"
    measures: Measures = UNMEASURED
    fold_losses: tuple[float, ...] = ()
    rounds: Positive | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()
    folds: Count = 0
    ended_after: tuple[Positive | None, ...] = ()
    finished: float | None = None

    @property
    def complete(self) -> bool:
        """Whether the candidate has all rows, iterations and folds, so that it may be ranked."""
        return self.status == "ok" and self.rung.whole

    @property
    def work_seconds(self) -> float:
        """Seconds inside the evaluation (waiting for a core left out); for what was killed, seconds until then."""
        work = self.measures.seconds
        if self.status in ("ok", "stopped") or self.finished is None:
            return work
        return max(work, self.finished - self.started)

    def ended(self, result: Outcome | Failure, seconds: float) -> Trial:
        """This trial with its end written into it; `seconds` is the run's clock."""
        folds = result.folds
        warnings = tuple({message: None for fold in folds for message in fold.warnings})[:5]
        trial = replace(self, finished=seconds, ended_after=_ends(folds), warnings=warnings, folds=len(folds))
        costs = [fold.measures for fold in folds]
        if isinstance(result, Outcome):
            measures, rounds = result.measures.with_costs(costs), result.rounds
            return replace(trial, status="ok", measures=measures, fold_losses=result.fold_losses, rounds=rounds)
        losses = tuple(fold.loss for fold in folds if fold.loss is not None)
        done = UNMEASURED.with_costs(costs)
        fit_seconds = max(done.fit_seconds, result.seconds - done.prepare_seconds - done.predict_seconds)
        measures = replace(done, fit_seconds=fit_seconds)
        return replace(trial, status=result.kind, error=result.message, fold_losses=losses, measures=measures)


def _ends(folds: tuple[FoldResult, ...]) -> tuple[int | None, ...]:
    ends = tuple(fold.ended_after for fold in folds)
    return () if all(end is None for end in ends) else ends
