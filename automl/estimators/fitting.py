"""What is known of the rows, on its way into the `fit` of models: each gets what it takes."""

from __future__ import annotations

from inspect import signature
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from automl.columns.table import Table
from automl.tables.rows import Rows


def accepted(model: Any, **given: Any) -> dict[str, Any]:
    """Those of the arguments of `fit` that a model takes and that are not None.

    A model whose `fit` passes on whatever it is given takes what the model inside takes.
    """
    while any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature(model.fit).parameters.values()):
        inside = getattr(model, "model", None) or getattr(model, "regressor", None)
        if inside is None:
            break
        model = inside
    return {name: value for name, value in given.items() if value is not None and has_fit_parameter(model, name)}


def arguments(pipeline: Pipeline, train: Rows, valid: Rows | None = None) -> dict[str, Any]:
    """What the `fit` of a pipeline's model gets of its training rows, and of validation rows where it is given such.

    Parameters
    ----------
    pipeline : Pipeline
        Its steps before the model are fitted. `sample_weight` are the weights of the training rows, `groups` their
        groups and `times` their places in the order of time (both for folds that the model makes of them),
        `eval_weight` the weights of the validation rows, `blocks` of which kind each column is, where no step has
        changed what the preprocessor makes.
    train, valid : Rows
    """
    model, weight = pipeline[-1], None if valid is None else valid.weight
    blocks = getattr(pipeline[0], "blocks_", None) if len(pipeline) == 2 else None
    known = {"sample_weight": train.weight, "groups": train.group, "times": train.time, "blocks": blocks}
    return accepted(model, **known, eval_weight=weight)


def fit(pipeline: Pipeline, table: Table, y: Any) -> Pipeline:
    """Fit a whole pipeline; its model gets what is known of the rows. Steps that need it ask the table."""
    matrix = pipeline[:-1].fit_transform(table, y)
    pipeline[-1].fit(matrix, y, **arguments(pipeline, table.about))
    return pipeline
