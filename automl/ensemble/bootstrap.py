"""What new rows will be scored: out-of-fold predictions, corrected for how the model was made, and how sure that is.

It was chosen on the rows that score it (`optimism`), and fold models are averaged, which makes it better than what was
scored (`gain`). How sure the score is, rows drawn anew tell (`draws`), but for what chance in the training rows does,
which folds have in common (Bates, Hastie and Tibshirani 2023, "Cross-validation: what does it estimate ...?").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.ensemble.combiners.base import Combiner
from automl.ensemble.constants import (
    AVERAGED,
    BLENDED,
    DRAWS,
    FEWEST_DRAWN,
    FEWEST_DRAWS,
    GAINING,
    OWN_DRAWS,
    REFITTED,
    SPREAD,
)
from automl.ensemble.draws import Draws, moves
from automl.ensemble.expected import UNKNOWN, Expected
from automl.ensemble.optimism import Effort, optimism
from automl.ensemble.predictor import Member
from automl.ensemble.sample import Sample
from automl.evaluate.limits import Clock
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.native import ignored
from automl.tasks.scorers import ScorerFunction
from automl.trials.history import History
from automl.trials.trial import DUMMY, Trial

Array = NDArray[Any]


@dataclass(frozen=True)
class Chance:
    """What rows that are drawn anew tell of the score of out-of-fold predictions.

    Attributes
    ----------
    why : str
        Why they tell nothing; empty where they do.
    error : float
        Standard error of the loss.
    optimism : float or None
        By how much the loss is too low, as the model was chosen by it; None where there was no time to find out.
    rows : int
        That were predicted.
    draws : (int, int)
        In which the model was scored, and in which of these it was chosen anew.
    """

    why: str = ""
    error: float = 0.0
    optimism: float | None = 0.0
    rows: int = 0
    draws: tuple[int, int] = (0, 0)


def chance(
    trial: Trial,
    parts: Sequence[Array],
    history: History,
    stored: StoredFolds,
    combiner: Combiner,
    effort: Effort,
    copies: Array | None,
) -> Chance:
    """Draw rows anew, whole groups of them where they belong together.

    Parameters
    ----------
    trial : Trial
        The best candidate's, which the model is made of.
    parts : sequence over folds of ndarray
        The model's predictions of validation rows.
    combiner : Combiner
        That has chosen the model.
    copies : ndarray of shape (n_rows,), optional
        Rows of one number are copies of one another.
    """
    data, clock = stored.data, Clock()
    if data.forward:
        return Chance("Folds that go forward in time are no sample of the rows to come")
    if not parts or (trial.loss is None and not trial.fold_losses):
        return Chance("There are no out-of-fold predictions of all rows of a fold")
    belong = copies if data.table.about.group is None else data.table.about.group
    sample = Sample(data, range(len(parts)), together=data.scores.adds_up)
    with ignored(), np.errstate(all="ignore"):  # metrics warn of rows that lack a class
        error, scored = _error(parts, sample, Draws(sample, belong), effort)
        if isinstance(error, str):
            return Chance(error, draws=(scored, 0))
        trials = [t for t in history.kept() if t.rung == trial.rung and t.origin != DUMMY]
        flattered: float | None = 0.0
        chosen = 0
        if trial in trials and not isinstance(data.task.metric.function, ScorerFunction):  # they take too many calls
            flattered, chosen = optimism(stored, trials, combiner, belong, effort.less(clock.seconds()))
    rows = len(np.unique(np.concatenate([valid for _, valid in data.splits[: len(parts)]])))
    some = len(np.unique(np.concatenate(sample.places)))
    return Chance("", error * float(np.sqrt(some / rows)), flattered, rows, (scored, chosen))


def _error(parts: Sequence[Array], sample: Sample, draws: Draws, effort: Effort) -> tuple[float | str, int]:
    """Standard error of the loss on the sample, or why it cannot be told; and the draws that were made."""
    if draws.units < FEWEST_DRAWN:
        return f"{draws.units} rows, or groups of rows that belong together, are too few to tell chance from", 0
    some = [part[rows] for part, rows in zip(parts, sample.rows, strict=True)]
    own = isinstance(sample.data.task.metric.function, ScorerFunction)
    number = effort.draws(OWN_DRAWS, len(parts)) if own else DRAWS
    if number < FEWEST_DRAWS:
        return "There was no time to score rows that are drawn anew", 0
    moved = moves(sample, some, draws, number)
    told = moved[np.isfinite(moved)]
    if len(told) < FEWEST_DRAWS:
        return "A class has too few rows to tell chance from", number
    return float(np.std(told)), number


def expected(
    drawn: Chance,
    loss: float | None,
    fold_losses: Sequence[float],
    parts: Sequence[Array],
    better: float,
    data: RunData,
) -> Expected:
    """What the model that is handed over is expected to be scored.

    Parameters
    ----------
    loss, fold_losses
        Of its out-of-fold predictions `parts`.
    better : float
        What `gain` says.
    """
    metric = data.task.metric
    score = metric.score(loss)
    if loss is None or score is None:
        return UNKNOWN
    if drawn.why:
        return Expected.of_folds(score, [-metric.sign * one for one in fold_losses], drawn.why, drawn.draws)
    pooled = data.scores.together(list(parts)) - data.scores.whole(list(parts))[0]
    corrected = loss + pooled + (drawn.optimism or 0.0)
    better = 0.0 if drawn.optimism is None else better  # by itself, the one correction is worse than none
    if metric.best is not None:
        corrected -= better * max(0.0, corrected + metric.sign * metric.best)
    how = [f"out-of-fold predictions of {drawn.rows:,} rows, scored on {drawn.draws[0]} draws of them"]
    how += [f"the model chosen anew on {drawn.draws[1]}"] if drawn.draws[1] else []
    how += [f"{better:.1%} nearer to the best score, as the model is better than one of a fold"] if better else []
    told = Expected(
        metric.score(corrected), None, score, how=", ".join(how), error=drawn.error, spread=SPREAD, rows=drawn.rows,
        best=metric.best, draws=drawn.draws,
    )  # fmt: skip
    return replace(told, interval=told.of_rows())


def gain(members: Sequence[Member], trials: Sequence[Trial], refitted: Collection[int], stored: StoredFolds) -> float:
    """Share of its distance from perfect predictions by which the model is better than fold models that were scored.

    Averaging them lowers what chance in the training rows makes of a loss, the more the more there are (Krogh and
    Vedelsby 1995, "Neural network ensembles, cross validation, and active learning"); so do more training rows, where
    the model is fitted on all. How much of the loss that is, training rows tell: the lower it is there, the more.

    Parameters
    ----------
    trials : sequence of Trial
        Among them the members'.
    refitted : collection of int
        Numbers of those that were fitted on all rows.
    """
    data, metric = stored.data, stored.data.task.metric
    if metric.best is None or metric.name not in GAINING:
        return 0.0
    by_text, best = {trial.candidate.text: trial for trial in trials}, -metric.sign * metric.best
    learned = validated = better = 0.0
    for member in members:
        trial, models = by_text[member.candidate], len(member.models)
        if trial.loss is None or trial.train_loss is None:
            continue
        learned += member.weight * (trial.train_loss - best)
        validated += member.weight * (trial.loss - best)
        if trial.number in refitted and (data.n_folds == 1 or models < stored.n_models(trial)):
            train, valid = data.splits[0]
            better += member.weight * REFITTED * len(valid) / (len(train) + len(valid))
        else:
            better += member.weight * AVERAGED * (1 - 1 / models)
    better *= BLENDED if len(members) > 1 else 1.0
    return better * min(1.0, max(0.0, 1 - learned / validated)) if validated > 0 else 0.0
