"""Boosted trees with early stopping on validation rows, each library through its scikit-learn class.

A library is one file here, of its name, with a class `Booster`; nothing else has to know of it.
"""

from __future__ import annotations

import importlib
from typing import Any

from automl.estimators.boosting.base import BoostedModel


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> BoostedModel:
    """The adapter ``boosting`` of a family's TOML; `iterations` of its [fidelity] names the cap of rounds."""
    module = importlib.import_module(f"{__name__}.{cls.__module__.partition('.')[0]}")
    estimator, cap = cls(**recipe.control.scaled(values, component.fidelity)), component.fidelity.iterations
    booster: BoostedModel = module.Booster(estimator, cap, recipe.kind, recipe.metric, categorical, recipe.control)
    return booster
