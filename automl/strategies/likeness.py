"""How alike candidates are: by their parameters before they are tried, and by how they err afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.space.candidate import Candidate
from automl.space.space import Space
from automl.strategies.constants import ALIKE, CREDIT_MEMBERS, CREDIT_STEPS, NEAR
from automl.trials.derived import Derived
from automl.trials.history import History
from automl.trials.trial import Trial

Sketch = NDArray[Any]
Sketches = Mapping[int, Sketch]  # by number of trial; those of which nothing is known are left out

# ---- parameters


def near(one: Candidate, other: Candidate, space: Space) -> bool:
    """Whether two candidates are the same but for small steps in their numbers."""
    pairs = list(zip(one.root.walk(), other.root.walk(), strict=False))
    moved = 0.0
    for mine, theirs in pairs:
        if mine.component != theirs.component or len(mine.params) != len(theirs.params):
            return False
        for (name, value), (its_name, its_value) in zip(mine.params, theirs.params, strict=True):
            if name != its_name:
                return False
            if value != its_value:
                domain = space.component(mine.component).param(name).domain
                moved += abs(domain.encode(value) - domain.encode(its_value))  # options are whole numbers apart
                if moved > NEAR:
                    return False
    return len(pairs) == sum(1 for _ in one.root.walk()) == sum(1 for _ in other.root.walk())


def near_any(candidate: Candidate, others: Iterable[Candidate], space: Space) -> bool:
    """Whether a candidate is near one of others."""
    return any(near(candidate, other, space) for other in others)


# ---- behaviour


def sketches() -> Derived[dict[int, Sketch]]:
    """How the trials of a history err, kept up with it: see `automl.evaluate.sketch`."""
    return Derived(dict, _note)


def _note(found: dict[int, Sketch], trial: Trial, history: History) -> None:
    if trial.complete and trial.measures.behaviour:
        found[trial.number] = np.array(trial.measures.behaviour)
    else:
        found.pop(trial.number, None)


def alike(trial: Trial, others: Sequence[Trial], known: Sketches) -> bool:
    """Whether a trial errs as one of others does."""
    if trial.number not in known:
        return False
    mine = known[trial.number]
    seen = np.array([known[other.number] for other in others if other.number in known])
    if not len(seen):
        return False
    lengths = np.linalg.norm(seen, axis=1) * np.linalg.norm(mine)
    return bool((seen @ mine > ALIKE * lengths).any())


def members(history: History, known: Sketches) -> dict[str, float]:
    """What a small ensemble of the best trials is made of, as far as their sketches tell; empty where none is known.

    Greedy selection with replacement (Caruana et al. 2004) by the mean squared error of the mean.

    Returns
    -------
    dict of candidate key to weight
        The mean weight is 1.
    """
    trials = [trial for trial in history.searched()[:CREDIT_MEMBERS] if trial.number in known]
    if not trials:
        return {}
    errors = np.array([known[trial.number] for trial in trials])
    products = errors @ errors.T
    own, total, norm = products.diagonal(), np.zeros(len(trials)), 0.0
    chosen: list[int] = []
    best, size = np.inf, 1
    for count in range(1, CREDIT_STEPS + 1):
        squares = (norm + 2 * total + own) / count**2  # of the mean with each of them
        place = int(np.argmin(squares))
        chosen.append(place)
        norm, total = float(squares[place]) * count**2, total + products[place]
        if norm / count**2 < best:
            best, size = norm / count**2, count
    picks = Counter(chosen[:size])
    return {trials[place].candidate.key: count * len(picks) / size for place, count in picks.items()}
