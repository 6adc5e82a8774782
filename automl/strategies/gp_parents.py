"""Whom genetic programming breeds from: the best of the history, no near copies, nothing that its parts do as well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, chain, product

from automl.space.candidate import STACK, Candidate, Node
from automl.strategies.base import Cost
from automl.strategies.constants import GP_EQUAL, GP_LOOKED, GP_PARENTS, GP_PER_FAMILY
from automl.strategies.likeness import Sketches, alike
from automl.trials.history import History
from automl.trials.ranking import behind
from automl.trials.trial import Trial


def best_trials(history: History, known: Sketches) -> list[Trial]:
    """The parents, the best first: a few of each family, unlike one another, and better than their simpler parts."""
    found: list[Trial] = []
    count: Counter[str] = Counter()
    better: set[str] = set()
    for trial in history.searched()[:GP_LOOKED]:
        candidate = trial.candidate
        if len(found) == GP_PARENTS:
            break
        better.add(candidate.key)
        if count[candidate.family] == GP_PER_FAMILY or candidate not in history.space:
            continue
        if alike(trial, found, known) or any(one.key in better for one in simpler(candidate)):
            continue
        found.append(trial)
        count[candidate.family] += 1
    return found


def simpler(candidate: Candidate) -> list[Candidate]:
    """The same model on simpler data: steps, unions and stacks give way to the data that they take."""
    root = candidate.root
    return [Candidate(replace(root, inputs=(data,))) for data in _less(root.inputs[0])[1:]]


def _less(data: Node) -> list[Node]:
    """Data, and all that is left of it where some of its components are taken out, itself first."""
    if data.component == STACK:
        model, below = data.inputs
        models = [replace(model, inputs=(one,)) for one in _less(model.inputs[0])]
        kept = [replace(data, inputs=(one, other)) for one in models for other in _less(below)]
        return [*kept, *_less(below)]
    sides = [_less(one) for one in data.inputs]
    return [*(replace(data, inputs=chosen) for chosen in product(*sides)), *chain.from_iterable(sides)]


def by_parsimony(trials: Sequence[Trial], cost: Cost) -> list[Trial]:
    """Trials in the order in which tournaments prefer them: of nearly equal losses, the cheaper and smaller one.

    Lexicographic parsimony pressure with buckets (Luke and Panait, "Lexicographic Parsimony Pressure", GECCO 2002).

    Parameters
    ----------
    trials : sequence of Trial
        The best first.
    cost : callable
        Predicted seconds of a candidate.
    """
    if not trials:
        return []
    span = GP_EQUAL * (behind(trials[len(trials) // 2], trials[0]) or 0.0)
    gaps = (behind(trial, trials[0]) or 0.0 for trial in trials)
    # those with more repeats come first, whatever their loss
    levels = list(accumulate((int(gap / span) if span > 0 else 0 for gap in gaps), max))
    pairs = sorted(zip(levels, trials, strict=True), key=lambda pair: (pair[0], *_bulk(pair[1].candidate, cost)))
    return [trial for _, trial in pairs]


def _bulk(candidate: Candidate, cost: Cost) -> tuple[float, int]:
    return cost(candidate), candidate.size
