"""Why candidates went no further than they did."""

from __future__ import annotations

from dataclasses import replace

from automl.trials.trial import Trial


def with_verdicts(trials: list[Trial]) -> list[Trial]:
    """The trials of a run that has ended; where a candidate stopped below the top, `why` says what stood above it.

    Parameters
    ----------
    trials : list of Trial

    Returns
    -------
    list of Trial
    """
    risen = {trial.candidate.key for trial in trials if trial.rung.whole}
    return [trial if trial.candidate.key in risen else _judged(trial, trials) for trial in trials]


def _judged(trial: Trial, trials: list[Trial]) -> Trial:
    higher = any(t.candidate.key == trial.candidate.key and t.rung.work > trial.rung.work for t in trials)
    if trial.status != "ok" or trial.loss is None or higher:
        return trial
    rivals = [t.loss for t in trials if t.rung == trial.rung and t.loss is not None]
    rank = 1 + sum(loss < trial.loss for loss in rivals)
    verdict = f"went no further: rank {rank} of {len(rivals)} with {trial.rung}"
    return replace(trial, why="; ".join(part for part in (trial.why, verdict) if part))
