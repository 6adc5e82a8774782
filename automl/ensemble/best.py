"""Which trial is the model's, or the first of an ensemble's, and what the user should know of it."""

from __future__ import annotations

import numpy as np

from automl.decisions import Decisions
from automl.ensemble.constants import SHOWN
from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.trials.history import History
from automl.trials.ranking import best_on_common_folds
from automl.trials.trial import DUMMY, Trial


def known_alone(history: History, known: dict[int, float] | None) -> Trial | None:
    """The trial that a recorded run handed over alone, where that was not the best whole one."""
    trials = [history.trials[number] for number in known or ()]
    return trials[0] if len(trials) == 1 else None


def best(history: History, stored: StoredFolds) -> Trial:
    """The best candidate that was evaluated in full, if possible one whose files are whole.

    Where none beats the dummy, the best partial one if that does. Partial ones are compared on the most thorough rung
    that any has a fold of, on the folds that all of them have there, which are the first.
    """
    first = history.complete()[0]
    if first.origin != DUMMY:
        whole = [trial for trial in history.kept() if trial.origin != DUMMY]
        return next((trial for trial in whole if stored.holds(trial)), first)
    partial = [t for t in history.trials if t.fold_losses and not t.complete and stored.ended_folds(t)]
    rows = max((trial.rung.rows * trial.rung.iterations for trial in partial), default=1.0)
    partial = [trial for trial in partial if trial.rung.rows * trial.rung.iterations == rows]
    if partial:
        found = best_on_common_folds(partial)
        if first.loss is None or float(np.mean(found.fold_losses)) < first.loss:
            return found
    return first


def tell_unfinished(trial: Trial, history: History, data: RunData, decisions: Decisions) -> None:
    """Say that a model is not a whole candidate; time is blamed where it was short."""
    if trial.origin == DUMMY:
        decisions.take("model", "a constant prediction", _constant(history), tell=True)
        return
    if trial.complete or history.complete()[0].origin != DUMMY:
        return  # what is better than whole candidates is told where it is found
    why = f"No candidate was evaluated in full: the model is one of {had(trial, data)}; give it more time."
    if history.searched():
        part = f"{had(trial, data)} of a candidate that was not evaluated in full"
        why = f"The model is one of {part}, as none that was beats a constant prediction; give it more time."
    decisions.take("model", f"trial {trial.number}", why, tell=True)


def _constant(history: History) -> str:
    """Why the model is the dummy."""
    trials = history.candidates_trials()
    tried = {trial.candidate.key for trial in trials if trial.status in ("ok", "stopped")}
    late = any(trial.status in ("cut", "timeout", "running") for trial in trials)
    broken = [trial for trial in trials if trial.error is not None]
    if history.searched() or (tried and not late):
        many = (
            f"None of the {len(tried)} candidates that were tried" if len(tried) > 1 else "The candidate that was tried"
        )
        better = "is better" if len(tried) > 1 else "is not better"
        return f"{many} {better} than a constant prediction, which is the model: the columns may not tell the target."
    if broken and not late:
        reason = f"no candidate could be fitted ({len(broken)} failed, the first with {broken[0].error!r})"
        return f"The model is a constant prediction, as {reason}; failures_ has them all."
    return "No candidate was ready in time: the model is a constant prediction; give it more time."


def had(trial: Trial, data: RunData) -> str:
    """What a trial that was not evaluated in full has had."""
    return f"{len(trial.fold_losses)} of {data.n_folds} folds" if trial.rung.rows == 1.0 else str(trial.rung)


def numbered(numbers: list[str]) -> str:
    """The first of some trials, by number, as they stand in a note."""
    word = "trial" if len(numbers) == 1 else "trials"
    return f"{word} {', '.join(numbers[:SHOWN])}{', ...' if len(numbers) > SHOWN else ''}"
