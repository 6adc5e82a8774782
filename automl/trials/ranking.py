"""Which trials may be ranked, and how."""

from __future__ import annotations

from collections.abc import Iterable

from automl.trials.trial import Trial

REPEATED = 8  # candidates that must have been cross-validated anew before repeats decide


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """What may be ranked, the best first, one trial a candidate.

    Those whose cross-validation was repeated come before the others, which are not compared with them, once there are
    enough of them; until then repeats do not count.
    """
    whole = [trial for trial in trials if trial.complete]
    counts = [trial.rung.folds for trial in whole]
    settled = [folds for folds in set(counts) if sum(count >= folds for count in counts) >= REPEATED]
    most = max(settled, default=1.0)
    found: dict[str, Trial] = {}
    for trial in whole:
        key = trial.candidate.key
        if trial.rung.folds <= most and (key not in found or trial.rung.folds > found[key].rung.folds):
            found[key] = trial
    return sorted(found.values(), key=_place)


def _place(trial: Trial) -> tuple[float, bool, float, int]:
    """What is not scored comes last."""
    return -trial.rung.folds, trial.loss is None, trial.loss or 0.0, trial.number
