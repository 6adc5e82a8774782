"""Which trial is the model's, or the first of an ensemble's, and what the user should know of it."""

from __future__ import annotations

import numpy as np

from automl.evaluate.evaluator import Evaluator
from automl.trials.history import History
from automl.trials.trial import DUMMY, TOP, Trial


def known_partial(history: History, known: dict[int, float] | None) -> Trial | None:
    """The trial that a recorded run handed over, where that was not a whole one."""
    trials = [history.trials[number] for number in known or ()]
    return trials[0] if len(trials) == 1 and not trials[0].complete else None


def best(history: History, evaluator: Evaluator) -> Trial:
    """The best candidate that was evaluated in full, if possible one whose files are whole.

    Before there is one, the best partial one if it beats the dummy. Partial ones are compared on the most thorough rung
    that any has a fold of, on the folds that all of them have there, which are the first.
    """
    whole = [trial for trial in history.kept() if trial.origin != DUMMY]
    first = history.complete()[0]
    if whole and first.origin != DUMMY:
        return next((trial for trial in whole if evaluator.holds(trial)), whole[0])
    if whole:
        return first  # nothing is better than a constant prediction
    dummy = first
    partial = [t for t in history.trials if t.fold_losses and not t.complete and evaluator.ended_folds(t)]
    rows = max((trial.rung.rows * trial.rung.iterations for trial in partial), default=1.0)
    partial = [trial for trial in partial if trial.rung.rows * trial.rung.iterations == rows]
    if partial:
        common = min(len(trial.fold_losses) for trial in partial)
        found = min(partial, key=lambda t: (float(np.mean(t.fold_losses[:common])), -t.folds, t.number))
        if dummy.loss is None or float(np.mean(found.fold_losses)) < dummy.loss:
            return found
    return dummy


def unfinished(trial: Trial, history: History, evaluator: Evaluator) -> list[str]:
    """What the user should know of a model that is not a whole candidate, where there was none."""
    if history.searched():
        return []
    if trial.origin == DUMMY:
        return ["No candidate was ready in time: the model is a constant prediction; give it more time."]
    return [f"No candidate was evaluated in full: the model is one of {had(trial, evaluator)}; give it more time."]


def had(trial: Trial, evaluator: Evaluator) -> str:
    """What a trial that was not evaluated in full has had."""
    folds = len(evaluator.folds(TOP))
    return f"{len(trial.fold_losses)} of {folds} folds" if trial.rung.rows == 1.0 else str(trial.rung)
