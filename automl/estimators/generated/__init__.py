"""Columns made of others, beside these: two numbers by arithmetic, numbers within groups, means where levels meet."""

from __future__ import annotations

from typing import Any

from automl.estimators.generated.step import Generated, GeneratedClassifier, GeneratedRegressor

__all__ = ["Generated", "GeneratedClassifier", "GeneratedRegressor", "adapt"]


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Generated:
    """The step, which is told how many of the last columns are codes of categories."""
    step: Generated = cls(**values, categorical=categorical)
    return step
