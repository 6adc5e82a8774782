"""Which class to decide for by the probabilities, where the metric scores labels: thresholds, learned out of fold.

The most probable class is the best decision for accuracy alone. Balanced accuracy, F1 and the like want a rare class
before it is the most probable one: after Lipton, Elkan and Naryanaswamy, "Optimal Thresholding of Classifiers to
Maximize F1 Measure" (ECML 2014), the threshold is chosen by the metric itself, on predictions of rows that the models
have not seen. Probabilities stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.decisions import Decisions
from automl.ensemble.constants import (
    THRESHOLD_FEWEST,
    THRESHOLD_LEAST,
    THRESHOLD_PARTS,
    THRESHOLD_POWERS,
    THRESHOLD_ROWS,
    THRESHOLD_SHARE,
    THRESHOLDS,
)
from automl.ensemble.time_left import TimeLeft
from automl.evaluate.limits import Clock
from automl.evaluate.run_data import RunData
from automl.native import ignored
from automl.space.seed import derive_seed
from automl.tasks.metrics import Metric

Array = NDArray[Any]


@dataclass(frozen=True)
class Thresholds:
    """Decisions by weighted probabilities.

    Attributes
    ----------
    factors : ndarray of shape (n_classes,)
        What the probability of each class is multiplied with before the largest one decides.
    loss, before : float
        Of rows that had no part in the choice, with it and without.
    """

    factors: Array
    loss: float
    before: float

    @property
    def costs(self) -> Array:
        """The same as costs of wrong decisions, of which the least expected one decides."""
        return self.factors[:, None] * (1.0 - np.eye(len(self.factors)))

    def told(self, classes: Array) -> str:
        """In words."""
        if len(self.factors) == 2:
            return f"{classes.tolist()[1]!r} from a probability of {self.factors[0] / self.factors.sum():.3g} on"
        shown = sorted(zip(self.factors / self.factors.min(), classes.tolist(), strict=True), key=lambda one: -one[0])
        return "probabilities weighted by " + ", ".join(f"{factor:.3g} for {label!r}" for factor, label in shown[:3])


def learn(
    metric: Metric, y: Array, shares: Array, weight: Array | None, seed: int, seconds: float | None = None
) -> Thresholds | None:
    """Thresholds that pay; None where they do not, on rows that had no part in choosing them, or take too long.

    Parameters
    ----------
    metric : Metric
        One that scores labels.
    y : ndarray of shape (n_rows,)
        Coded target.
    shares : ndarray of shape (n_rows, n_classes)
        Probabilities by models that have not seen the rows.
    weight : ndarray of shape (n_rows,), optional
    seed : int
    seconds : float, optional
        That it may take.
    """
    if len(y) < THRESHOLD_LEAST:
        return None
    rows = np.random.default_rng(derive_seed(seed, "thresholds")).permutation(len(y))[:THRESHOLD_ROWS]
    rows = rows[np.argsort(y[rows], kind="stable")]  # so that every part has its share of each class
    seen = _Seen(metric, y[rows], shares[rows], None if weight is None else weight[rows])
    part, offered, clock = np.arange(len(rows)) % THRESHOLD_PARTS, _offered(seen.y, seen.shares), Clock()
    plain, every = np.ones(shares.shape[1]), np.full(len(rows), fill_value=True)
    seen.losses(every, [plain])
    took = clock.lap() * (THRESHOLD_PARTS + 1)
    if seconds is not None and took * len(offered) > seconds:
        if seconds < took * THRESHOLD_FEWEST:
            return None
        offered = offered[:: math.ceil(took * len(offered) / seconds)]
    held = []
    for number in range(THRESHOLD_PARTS):
        chosen = _middle(offered, seen.losses(part != number, offered))
        held.append(seen.losses(part == number, [plain, chosen]))
    before, after = np.array(held).T
    gains = before - after
    if not np.mean(gains) > np.std(gains, ddof=1) / np.sqrt(THRESHOLD_PARTS):
        return None
    return Thresholds(_middle(offered, seen.losses(every, offered)), float(after.mean()), float(before.mean()))


@dataclass(frozen=True)
class _Seen:
    metric: Metric
    y: Array
    shares: Array
    weight: Array | None

    def losses(self, some: Array, among: Sequence[Array]) -> Array:
        """Of some rows, decided by each of several factors."""
        weight = None if self.weight is None else self.weight[some]
        with ignored(category=UserWarning):  # scikit-learn's say that nothing was decided for some class
            return np.array([self.metric.loss(self.y[some], self.shares[some] * one, weight) for one in among])


def _offered(y: Array, shares: Array) -> list[Array]:
    """Factors to choose from: thresholds of two classes, powers of how rare each of several is."""
    if shares.shape[1] == 2:
        places = np.unique(np.quantile(shares[:, 1], np.linspace(0, 1, THRESHOLDS + 2)[1:-1]))
        places = np.clip(np.append(places, 0.5), 1e-6, 1 - 1e-6)
        return [np.array([place, 1 - place]) for place in np.sort(places)]
    counts = np.maximum(np.bincount(y, minlength=shares.shape[1]), 1)
    return [(counts / counts.max()) ** -power for power in THRESHOLD_POWERS]


def _middle(offered: Sequence[Array], losses: Array) -> Array:
    """The best one by the mean with its neighbours: a single low value is chance."""
    smooth = np.convolve(np.pad(losses, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return offered[int(np.argmin(np.where(np.isfinite(smooth), smooth, np.inf)))]


def labels(
    data: RunData, parts: list[Array], left: TimeLeft, decisions: Decisions
) -> tuple[Thresholds | None, list[Array]]:
    """What decides for labels where the metric scores them, and the predictions `parts` as it weights them.

    None where the most probable ones are as good, or the user has said what mistakes cost.
    """
    task = data.task
    if not parts or not task.metric.decides or task.costs is not None or task.classes is None:
        return None, parts
    first = parts[: data.n_folds]  # repeats have the same rows again
    rows, seconds = np.concatenate([data.splits[fold][1] for fold in range(len(first))]), left.seconds()
    allowed = None if seconds is None else THRESHOLD_SHARE * seconds
    weight = data.table.about.weights(rows)
    found = learn(task.metric, data.y[rows], np.concatenate(first), weight, data.seed, allowed)
    if found is None:
        return None, parts
    before, after = (task.metric.score(loss) for loss in (found.before, found.loss))
    why = f"{task.metric.name} {before:.5g} → {after:.5g} on rows that had no part in choosing it"
    decisions.take("labels", found.told(task.classes), why)
    return found, [part * found.factors for part in parts]
