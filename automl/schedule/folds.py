"""How many folds ``cv="auto"`` makes: as many as leave time for a search."""

from __future__ import annotations

from typing import Any

from automl.data.splits import HOLDOUT, MEDIUM, SMALL
from automl.data.task import Task

FEWER_FROM = 5_000  # rows below which folds are not saved on: each row that is not trained on is missed
BOOSTERS = 12  # of which there should be time for so many
SECONDS = 7e-7  # of a quick booster, per row x column x class: 60 rounds of LightGBM


def affordable_cv(cv: Any, task: Task, core_seconds: float | None) -> Any:
    """Folds that leave time for a dozen boosters; on letter (26 classes), 60 s with 5 folds had not one.

    Parameters
    ----------
    cv : as in `AutoML`
        All but "auto" stays as it is.
    task : Task
    core_seconds : float or None
        Seconds of all cores together; None is no limit.

    Returns
    -------
    5, 3, "holdout", or `cv`
    """
    if not (isinstance(cv, str) and cv == "auto") or core_seconds is None or not FEWER_FROM <= task.rows <= MEDIUM:
        return cv
    one = SECONDS * task.rows * task.columns * (task.n_outputs if task.n_outputs > 2 else 1)
    for folds in (5, 3):
        if (folds == 3 or task.rows <= SMALL) and BOOSTERS * (folds - 1) * one <= core_seconds:
            return folds
    return HOLDOUT
