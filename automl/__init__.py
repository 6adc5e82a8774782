"""Tabular AutoML: a table in, a fitted best pipeline and a leaderboard out.

`AutoML`, `AutoMLClassifier` and `AutoMLRegressor` are loaded on first access, so that ``import automl`` stays
fast (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl.estimator import AutoML, AutoMLClassifier, AutoMLRegressor

__version__ = "0.1.0"
__all__ = ["AutoML", "AutoMLClassifier", "AutoMLRegressor", "__version__"]


def __getattr__(name: str) -> Any:
    if name in {"AutoML", "AutoMLClassifier", "AutoMLRegressor"}:
        from automl import estimator

        return getattr(estimator, name)
    raise AttributeError(f"module 'automl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
