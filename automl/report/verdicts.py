"""Why candidates went no further than they did."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from automl.trials.trial import Rung, Trial


def with_verdicts(trials: Sequence[Trial]) -> list[Trial]:
    """The trials of a run that has ended; where a candidate stopped below the top, `why` says what stood above it.

    Parameters
    ----------
    trials : sequence of Trial

    Returns
    -------
    list of Trial
    """
    highest: dict[str, Rung] = {}
    losses: dict[Rung, list[float]] = {}
    for trial in trials:
        key = trial.candidate.key
        highest[key] = max(trial.rung, highest.get(key, trial.rung), key=lambda rung: (rung.whole, rung.work))
        if trial.loss is not None:
            losses.setdefault(trial.rung, []).append(trial.loss)
    rivals = {rung: sorted(found) for rung, found in losses.items()}
    return [_judged(trial, highest[trial.candidate.key], rivals) for trial in trials]


def _judged(trial: Trial, highest: Rung, rivals: dict[Rung, list[float]]) -> Trial:
    risen = highest.whole or highest.work > trial.rung.work
    if risen or trial.status != "ok" or trial.loss is None:
        return trial
    losses = rivals[trial.rung]
    verdict = f"went no further: rank {1 + bisect_left(losses, trial.loss)} of {len(losses)} with {trial.rung}"
    return replace(trial, why="; ".join(part for part in (trial.why, verdict) if part))
