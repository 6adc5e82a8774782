"""Which family next, as a bandit whose arms are worth their best result, not their mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from automl.strategies.constants import MAX_UCB
from automl.strategies.observations import Observation


def by_bound(seen: Sequence[Observation], families: int, seconds: Mapping[str, float]) -> list[int]:
    """Families by their bounds on the best that they may bring, the largest first, by MaxUCB.

    Balef, Vernade and Eggensperger, "Put CASH on Bandits: A Max K-Armed Problem for Automated Machine Learning",
    NeurIPS 2025: the best reward so far and ``(0.5 ln t / n)^2``, with n of t pulls. Rewards are scaled from the median
    loss (0, and what is worse) to the best (1). Where seconds are known, n are those of the family in units of the mean
    candidate's: slow families are explored less. One that still runs is a pull of the mean candidate of its family, so
    that proposals side by side are not all of one family.

    Parameters
    ----------
    seen : sequence of Observation
    families : int
        Number of families; one without an observation comes first.
    seconds : mapping of str to float
        What each candidate took, by its key.

    Returns
    -------
    list of int
        Places of the families in the space.
    """
    ended = [one.loss for one in seen if one.loss is not None]
    best, usual = min(ended), float(np.median(ended))
    mean = _mean(seen, seconds)
    bounds = []
    for family in range(families):
        own = [one for one in seen if one.family == family]
        losses = [one.loss for one in own if one.loss is not None and one.ok]
        reward = max(0.0, (usual - min(losses)) / (usual - best)) if losses and usual > best else 0.0
        pulls = len(own) * (_mean(own, seconds) or mean) / mean if mean > 0 else float(len(own))
        bounds.append(reward + (MAX_UCB * math.log(len(seen)) / pulls) ** 2 if pulls > 0 else math.inf)
    return sorted(range(families), key=lambda family: -bounds[family])


def _mean(seen: Sequence[Observation], seconds: Mapping[str, float]) -> float:
    """Seconds of a candidate that has ended; 0 where none has."""
    ended = [seconds.get(one.key, 0.0) for one in seen if one.loss is not None]
    return sum(ended) / len(ended) if ended else 0.0
