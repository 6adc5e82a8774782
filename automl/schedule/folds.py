"""How many folds ``cv="auto"`` makes: as many as leave time for a search."""

from __future__ import annotations

from typing import Any

from automl.schedule.constants import BINARY_SHARE, BOOSTERS, CELL_SECONDS, FEWER_FROM, ROW_SECONDS
from automl.tasks.task import Task
from automl.validation.constants import MEDIUM, SMALL
from automl.validation.splits import HOLDOUT


def affordable_cv(cv: Any, task: Task, core_seconds: float | None) -> Any:
    """Folds that leave time for sixteen boosters of a thousand rounds (300 of two classes), else one hold-out.

    At 60 s on two cores, test loss with one hold-out and members fitted on all rows beside 3 or 5 folds: krkopt .278
    for .667, storms 7.08 for 8.32, connect_4 .356 for .382, california_housing 43,005 for 43,962, bike_sharing 33.2 for
    33.6; without those fits covertype_20k .288 for .307, letter .077 for .096, elevators .00184 for .00191, ROC AUC of
    adult .9308 for .9305. The rule was chosen on these tables, one seed each: elsewhere, expect less. Where two classes
    overlap, boosting ends early and a hold-out tells little (its ROC AUC of hr_job_change was .7972 and .7989 on test,
    with 5 folds .8015; of credit_default .7744 and .7768, with 3 folds .7788).

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
    classes = task.n_outputs if task.n_outputs > 2 else 1
    one = (ROW_SECONDS + CELL_SECONDS * task.columns) * task.rows * classes
    one *= BINARY_SHARE if task.kind == "binary" else 1.0
    folds = 5 if task.rows <= SMALL else 3
    return folds if BOOSTERS * (folds - 1) * one <= core_seconds else HOLDOUT
