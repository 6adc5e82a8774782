"""Which trials may be ranked, and how they compare: losses are put in order here, and nowhere else."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from automl.trials.constants import REPEATED
from automl.trials.trial import Trial


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """What may be ranked, the best first, one trial a candidate.

    Those whose cross-validation was repeated come before the others, which are not compared with them, once there are
    enough of them; until then repeats do not count.
    """
    whole = [trial for trial in trials if trial.complete]
    return sorted(_one_each(whole, _most(Counter(trial.rung.folds for trial in whole))).values(), key=_place)


def _most(counts: Counter[float]) -> float:
    """Up to how many repeats count, given how many trials have which."""
    settled = [folds for folds in counts if sum(n for other, n in counts.items() if other >= folds) >= REPEATED]
    return max(settled, default=1.0)


def _one_each(whole: Iterable[Trial], most: float) -> dict[str, Trial]:
    found: dict[str, Trial] = {}
    for trial in whole:
        before = found.get(trial.candidate.key)
        if trial.rung.folds <= most and (before is None or _counts_more(trial, before)):
            found[trial.candidate.key] = trial
    return found


def _counts_more(trial: Trial, other: Trial) -> bool:
    """Which of a candidate's trials is ranked: that of more repeats, the first of equals."""
    return (trial.rung.folds, -trial.number) > (other.rung.folds, -other.number)


def _place(trial: Trial) -> tuple[float, bool, float, int]:
    return -trial.rung.folds, *by_loss(trial)


def by_loss(trial: Trial) -> tuple[bool, float, int]:
    """What trials of one rung are sorted by, the best first; what is not scored comes last."""
    return trial.loss is None, trial.loss or 0.0, trial.number


def behind(trial: Trial, other: Trial) -> float | None:
    """By how much a trial's loss is above another's; None where one is not scored."""
    return None if trial.loss is None or other.loss is None else trial.loss - other.loss


def behind_training(trial: Trial, other: Trial) -> float | None:
    """By how much a trial's loss is above that on training rows, in parts of how far it is below another's.

    None where one of the losses is not known or the trial is no better than the other.
    """
    learned, gained = trial.measures.train_loss, behind(other, trial)
    if trial.loss is None or learned is None or gained is None or gained <= 0:
        return None
    return (trial.loss - learned) / gained


def behind_on_folds(trial: Trial, best: Trial) -> float:
    """By how much a partial trial's loss is above the best one's on the folds that both have; 0 where none tells."""
    losses = trial.fold_losses
    if not best.fold_losses or not losses:
        return 0.0
    first = best.fold_losses[: len(losses)]
    return sum(losses) / len(losses) - sum(first) / len(first)


def rank(trials: Sequence[Trial], trial: Trial) -> int:
    """Place of a trial, from 1, among trials that are sorted by `by_loss`."""
    return 1 + bisect_left(trials, by_loss(trial), key=by_loss)


def best_on_common_folds(trials: Sequence[Trial]) -> Trial:
    """The best of partial trials on the folds that all of them have, which are the first; of equals, that with most."""
    common = min(len(trial.fold_losses) for trial in trials)
    return min(trials, key=lambda t: (float(np.mean(t.fold_losses[:common])), -t.folds, t.number))


class Ranking:
    """What `ranked` says of the trials that were put in; a trial more takes no new look at the others.

    Attributes
    ----------
    order : list of Trial
        Only to be read.
    """

    def __init__(self) -> None:
        self.order: list[Trial] = []
        self._whole: dict[int, Trial] = {}  # by number
        self._counts: Counter[float] = Counter()  # of them, by repeats
        self._ranked: dict[str, Trial] = {}  # by candidate

    def put(self, trial: Trial) -> bool:
        """A trial that is new, or another state of one; says whether that may have changed the order."""
        before, most = self._whole.pop(trial.number, None), _most(self._counts)
        if before is not None:
            self._counts[before.rung.folds] -= 1
        if trial.complete:
            self._whole[trial.number] = trial
            self._counts[trial.rung.folds] += 1
        elif before is None:
            return False
        if before is not None or _most(self._counts) != most:  # both are rare
            self._ranked = _one_each(self._whole.values(), _most(self._counts))
            self.order = sorted(self._ranked.values(), key=_place)
        elif trial.rung.folds <= most:
            self._insert(trial)
        return True

    def _insert(self, trial: Trial) -> None:
        other = self._ranked.get(trial.candidate.key)
        if other is not None and not _counts_more(trial, other):
            return
        if other is not None:
            del self.order[bisect_left(self.order, _place(other), key=_place)]
        self._ranked[trial.candidate.key] = trial
        insort(self.order, trial, key=_place)
