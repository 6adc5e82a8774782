"""What surrounds an evaluation: native threads, warnings that are kept, a clock, limits of time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from automl.evaluate.constants import FIRST_SHARE, FIT_SHARE
from automl.native import limited, recorded
from automl.trials.trial import Failure, FoldResult, Job


@contextmanager
def contained(threads: int, *, blas: bool = True) -> Iterator[list[str]]:
    """Run with that many native threads; warnings end up in the list, each once, and nowhere else.

    The caller's warnings filters and numpy error state are as before afterwards. `blas` is False where the number of
    its threads does not matter, and had better not be changed for the whole process.
    """
    messages: list[str] = []
    with limited(threads, blas=blas), np.errstate(all="ignore"), recorded() as caught:
        yield messages
    messages.extend(dict.fromkeys(caught))


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._start

    def lap(self) -> float:
        """Seconds so far; starts again."""
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        return seconds


def out_of_time(job: Job, seconds: float, done: list[FoldResult]) -> Failure | None:
    """For executors that cannot stop a job: the limits, looked at between folds."""
    if job.seconds_limit is not None and seconds > job.seconds_limit:
        return Failure("timeout", f"Took longer than {job.seconds_limit:.1f} s.", tuple(done))
    if job.seconds_left is not None and seconds > job.seconds_left:
        return Failure("cut", "The search ended first.", tuple(done))
    return None


def fold_ends(job: Job, seconds: float, folds_left: int, done: Sequence[FoldResult] = ()) -> float | None:
    """When a model that grows in stages should be ready, on `time.monotonic`'s clock; None is whenever it wants.

    What is left to the job is shared among its folds, less what predicting and writing take: twice, as folds predict
    anew where their number of rounds is settled.
    """
    limits = [limit - seconds for limit in (job.seconds_limit, job.seconds_left) if limit is not None]
    if not limits:
        return None
    share = min(limits) / folds_left
    if not done:
        return time.monotonic() + FIRST_SHARE * share
    beside = max(2 * (fold.measures.predict_seconds + fold.measures.write_seconds) for fold in done)
    return time.monotonic() + FIT_SHARE * max(0.0, share - beside)


def out_of_race(job: Job, seconds: float, done: list[FoldResult]) -> Failure | None:
    """Whether the folds so far show that a candidate will not be among the best."""
    losses = [result.loss for result in done if result.loss is not None]
    if job.race is None or not job.race.lost(losses):
        return None
    mean, limit = sum(losses) / len(losses), job.race.limits[len(losses) - 1]
    folds = "fold" if len(losses) == 1 else f"{len(losses)} folds"
    text = f"After the first {folds}, a loss of {mean:.5g} is above {limit:.5g}: {job.race.why}."
    return Failure("stopped", text, tuple(done), seconds)
