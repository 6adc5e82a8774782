"""The leaderboard: one row a candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from automl.report.diagnosis import diagnose
from automl.space.space import Space
from automl.tasks.metrics import Metric
from automl.trials.ranking import ranked
from automl.trials.trial import Trial

COLUMNS = [
    "rank", "id", "family", "pipeline", "score", "score_std", "score_train", "expected", "expected_low",
    "expected_high", "diagnosis", "folds", "rung",
    "fit_seconds", "predict_ms_per_row", "size_kb", "origin", "status", "error",
]  # fmt: skip


class Cost(Protocol):
    """What of a model's cost the leaderboard shows."""

    @property
    def predict_ms_per_row(self) -> float | None:
        """Milliseconds; None where they were not measured."""


class Expected(Protocol):
    """What of a model's expected score the leaderboard shows."""

    @property
    def score(self) -> float | None:
        """In the metric's own unit; None where it is not known."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """That it lies in; None where that is not known."""


class Handed(Protocol):
    """The part of a hand-over that the leaderboard shows."""

    trial: Trial
    weights: dict[int, float]
    loss: float | None
    fold_losses: tuple[float, ...]

    @property
    def cost(self) -> Cost | None:
        """Of the model."""

    @property
    def expected(self) -> Expected:
        """What new rows will be scored."""


def leaderboard(trials: Sequence[Trial], space: Space, metric: Metric, handed: Handed) -> pd.DataFrame:
    """One row a candidate, the best first; failed and unfinished ones have no rank.

    One that was not evaluated in full, yet is handed over, is the first row, without a rank all the same: its score is
    not comparable with those of the others.

    Parameters
    ----------
    trials : sequence of Trial
    space : Space
        Tells what differs from the defaults in `pipeline`.
    metric : Metric
    handed : Handed
        The ensemble, where there are weights, is the first row.

    Returns
    -------
    DataFrame
        `score` is in the metric's own unit, and so is `expected`, what new rows will be scored, which only what is
        handed over has; `fit_seconds` are summed over the folds, preparation included; `diagnosis` is that of
        `automl.report.diagnosis`, empty where there is none.
    """
    order = {trial.number: place for place, trial in enumerate(ranked(trials))}
    trials = _one_each(trials, order, handed.trial)
    named = diagnose(trials)
    rows = [{**_row(trial, space, metric), "diagnosis": named.get(trial.number)} for trial in trials]
    best = sorted((row for row in rows if row["id"] in order), key=lambda row: order[row["id"]])
    rest = [row for row in rows if row["id"] not in order]
    if handed.weights:
        best.insert(0, _ensemble_row(trials, metric, handed, {row["id"]: row for row in rows}))
    first = best[0] if handed.weights else next(row for row in rows if row["id"] == handed.trial.number)
    first |= _expected(handed.expected)
    for row in rest:
        row["rank"] = None
    for rank, row in enumerate(best, start=1):
        row["rank"] = rank
    rows = [*best, *rest]
    if handed.trial.number not in order:
        rows.sort(key=lambda row: row["id"] != handed.trial.number)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    types = {"rank": "Int64", "id": "int64", "folds": "int64"}
    types |= dict.fromkeys(("score", "score_std", "score_train", "fit_seconds", "size_kb"), "float64")
    types |= dict.fromkeys(("expected", "expected_low", "expected_high", "predict_ms_per_row"), "float64")
    return frame.astype(types)


def scores_of(board: pd.DataFrame) -> dict[int, float]:
    """Scores of a leaderboard's whole candidates, by number of trial."""
    whole = board[board["rank"].notna()]
    return dict(zip(whole["id"].tolist(), whole["score"].tolist(), strict=True))


def _one_each(trials: Sequence[Trial], order: dict[int, int], handed: Trial) -> list[Trial]:
    """Each candidate's trial that is ranked or handed over, else the one on the highest rung that it was tried on."""
    found: dict[str, Trial] = {}
    for trial in trials:
        before = found.setdefault(trial.candidate.key, trial)
        if (trial.number in order, trial.rung.work) > (before.number in order, before.rung.work):
            found[trial.candidate.key] = trial
    if handed.number not in order:
        found[handed.candidate.key] = handed
    return sorted(found.values(), key=lambda trial: trial.number)


def _expected(expected: Expected) -> dict[str, Any]:
    low, high = expected.interval or (None, None)
    return {"expected": expected.score, "expected_low": low, "expected_high": high}


def _row(trial: Trial, space: Space, metric: Metric) -> dict[str, Any]:
    several = len(trial.fold_losses) > 1
    partial = float(np.mean(trial.fold_losses)) if trial.fold_losses else None
    return {
        "id": trial.number,
        "family": trial.candidate.family,
        "pipeline": space.short(trial.candidate),
        "score": metric.score(trial.loss if trial.loss is not None else partial),
        "score_std": float(np.std(trial.fold_losses)) if several else None,
        "score_train": metric.score(trial.train_loss),
        "folds": trial.folds,
        "rung": str(trial.rung),
        "fit_seconds": trial.measures.prepare_seconds + trial.measures.fit_seconds,
        "predict_ms_per_row": trial.measures.predict_ms_per_row,
        "size_kb": trial.measures.model_bytes / 1000,
        "origin": trial.origin,
        "status": trial.status,
        "error": trial.error or (None if trial.complete else trial.why or None),
    }


def _ensemble_row(trials: list[Trial], metric: Metric, handed: Handed, rows: dict[int, Any]) -> dict[str, Any]:
    families = {trial.number: trial for trial in trials}
    heaviest = sorted(handed.weights.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{weight:.2f} {families[number].candidate.family}#{number}" for number, weight in heaviest]
    members = [rows[number] for number in handed.weights]
    several = len(handed.fold_losses) > 1
    return {
        "id": max(families) + 1,
        "family": "ensemble",
        "pipeline": " + ".join(parts),
        "score": metric.score(handed.loss),
        "score_std": float(np.std(handed.fold_losses)) if several else None,
        "score_train": None,
        "diagnosis": None,
        "folds": members[0]["folds"],
        "rung": members[0]["rung"],
        **{name: sum(row[name] for row in members) for name in ("fit_seconds", "size_kb")},
        "predict_ms_per_row": None if handed.cost is None else handed.cost.predict_ms_per_row,
        "origin": "ensemble",
        "status": "ok",
        "error": None,
    }
