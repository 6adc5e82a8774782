"""Who proposed what: what each strategy took and brought, and where a candidate comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from automl.space.space import Space
from automl.trials.ranking import by_loss, ranked
from automl.trials.trial import DUMMY, Trial

PLACES = 10  # best candidates that are counted by who proposed them
REPORT = ["strategy", "candidates", "whole", "seconds", "share", "new_bests", "among_best", "best_score", "weight"]
LINEAGE = ["generation", "id", "origin", "score", "parents", "pipeline"]


def search_report(trials: Sequence[Trial], weights: Mapping[int, float], scores: Mapping[int, float]) -> pd.DataFrame:
    """One row a strategy, in the order in which they first proposed.

    Parameters
    ----------
    trials : sequence of Trial
        In the order of their numbers.
    weights : mapping of int to float
        Of what is handed over, by number of trial.
    scores : mapping of int to float
        Of the leaderboard's ranked candidates in the metric's own unit, by number of trial.

    Returns
    -------
    DataFrame
        The columns are those of `AutoML.search_report`.
    """
    trials = [trial for trial in trials if trial.origin != DUMMY]
    order = ranked(trials)
    best = {trial.candidate.key for trial in order[:PLACES]}
    total = sum(trial.work_seconds for trial in trials) or 1.0
    bettered = _bettered(trials)
    rows = []
    for origin in dict.fromkeys(trial.origin for trial in trials):
        mine = [trial for trial in trials if trial.origin == origin]
        keys = {trial.candidate.key for trial in mine}
        first = next((trial for trial in order if trial.origin == origin), None)
        seconds = sum(trial.work_seconds for trial in mine)
        rows.append(
            {
                "strategy": origin,
                "candidates": len(keys),
                "whole": len({trial.candidate.key for trial in mine if trial.complete}),
                "seconds": seconds,
                "share": seconds / total,
                "new_bests": len(keys & bettered),
                "among_best": len(keys & best),
                "best_score": None if first is None else scores.get(first.number),
                "weight": sum(weights.get(trial.number, 0.0) for trial in mine),
            }
        )
    return pd.DataFrame(rows, columns=REPORT).astype({"best_score": "float64"})


def _bettered(trials: Sequence[Trial]) -> set[str]:
    """Candidates that were better than all that had ended before them; whatever their repeats said."""
    found: set[str] = set()
    best: Trial | None = None
    ended = (trial for trial in trials if trial.complete and trial.rung.folds <= 1)
    for trial in sorted(ended, key=lambda trial: (trial.finished or 0.0, trial.number)):
        if best is None or by_loss(trial)[:2] < by_loss(best)[:2]:
            best = trial
            found.add(trial.candidate.key)
    return found


def lineage(trials: Sequence[Trial], space: Space, scores: Mapping[int, float], number: int) -> pd.DataFrame:
    """A trial, the trials that it was bred from, those that these were bred from, and so on; each candidate once.

    Parameters
    ----------
    trials : sequence of Trial
        In the order of their numbers.
    space : Space
    scores : mapping of int to float
        Of the leaderboard's ranked candidates in the metric's own unit, by number of trial.
    number : int
        Of the trial, on whatever rung: the leaderboard's row of its candidate is shown.

    Returns
    -------
    DataFrame
        The columns are those of `AutoML.lineage`.
    """
    shown = {trials[one].candidate.key: one for one in scores if one < len(trials)}

    def row_of(one: int) -> int:
        return shown.setdefault(trials[one].candidate.key, one)

    rows: list[dict[str, Any]] = []
    generation, level = 0, [row_of(number)]
    seen = set(level)
    while level:
        above: list[int] = []
        for one in level:
            trial = trials[one]
            parents = list(dict.fromkeys(map(row_of, trial.parents)))
            pipeline, score = space.short(trial.candidate), scores.get(one)
            rows.append(dict(zip(LINEAGE, (generation, one, trial.origin, score, parents, pipeline), strict=True)))
            above += [parent for parent in parents if parent not in seen]
            seen.update(parents)
        generation, level = generation - 1, list(dict.fromkeys(above))
    return pd.DataFrame(rows, columns=LINEAGE).astype({"score": "float64"})
