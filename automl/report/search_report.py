"""Who proposed what: what each strategy took and brought, and where a candidate comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from automl.space.space import Space
from automl.trials.ranking import ranked
from automl.trials.trial import DUMMY, Trial

PLACES = 10  # best candidates that are counted by who proposed them


def search_report(trials: Sequence[Trial], weights: Mapping[int, float], scores: Mapping[int, float]) -> pd.DataFrame:
    """One row a strategy, in the order in which they first proposed.

    Parameters
    ----------
    trials : sequence of Trial
        In the order of their numbers.
    weights : mapping of int to float
        Of what is handed over, by number of trial.
    scores : mapping of int to float
        In the metric's own unit, by number of trial.

    Returns
    -------
    DataFrame
        The columns are those of `AutoML.search_report`.
    """
    trials = [trial for trial in trials if trial.origin != DUMMY]
    best = {trial.number for trial in ranked(trials)[:PLACES]}
    total = sum(trial.work_seconds for trial in trials) or 1.0
    bettered = _bettered(trials)
    rows = []
    for origin in dict.fromkeys(trial.origin for trial in trials):
        mine = [trial for trial in trials if trial.origin == origin]
        whole = [trial for trial in mine if trial.complete and trial.loss is not None]
        first = min(whole, key=lambda trial: trial.loss, default=None)
        seconds = sum(trial.work_seconds for trial in mine)
        rows.append(
            {
                "strategy": origin,
                "candidates": len({trial.candidate.key for trial in mine}),
                "whole": len({trial.candidate.key for trial in whole}),
                "seconds": seconds,
                "share": seconds / total,
                "new_bests": sum(trial.number in bettered for trial in mine),
                "among_best": sum(trial.number in best for trial in mine),
                "best_score": None if first is None else scores.get(first.number),
                "weight": sum(weights.get(trial.number, 0.0) for trial in mine),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS).astype({"best_score": "float64"})


COLUMNS = ["strategy", "candidates", "whole", "seconds", "share", "new_bests", "among_best", "best_score", "weight"]


def _bettered(trials: Sequence[Trial]) -> set[int]:
    """Trials that were better than all that had ended before them."""
    ended = [trial for trial in trials if trial.complete and trial.loss is not None]
    found, best = set(), float("inf")
    for trial in sorted(ended, key=lambda trial: (trial.finished, trial.number)):
        if trial.loss < best:  # type: ignore[operator]
            best = float(trial.loss)  # type: ignore[arg-type]
            found.add(trial.number)
    return found


def lineage(trials: Sequence[Trial], space: Space, scores: Mapping[int, float], number: int) -> pd.DataFrame:
    """A trial, the trials that it was bred from, those that these were bred from, and so on; each once.

    Returns
    -------
    DataFrame
        The columns are those of `AutoML.lineage`.
    """
    rows: list[dict[str, Any]] = []
    generation, level, seen = 0, [number], {number}
    while level:
        above: list[int] = []
        for one in level:
            trial = trials[one]
            rows.append(
                {
                    "generation": generation,
                    "id": one,
                    "origin": trial.origin,
                    "score": scores.get(one),
                    "parents": list(trial.parents),
                    "pipeline": space.short(trial.candidate),
                }
            )
            above += [parent for parent in trial.parents if parent not in seen]
            seen.update(trial.parents)
        generation, level = generation - 1, list(dict.fromkeys(above))
    return pd.DataFrame(rows, columns=["generation", "id", "origin", "score", "parents", "pipeline"]).astype({"score": "float64"})
