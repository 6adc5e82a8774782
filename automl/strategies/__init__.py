"""What to try next: one file a strategy; each is a function of space, history and seed.

`from automl.strategies import TPE` works for every strategy; its module is loaded only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.registry import Registry

if TYPE_CHECKING:
    from automl.strategies.base import Strategy

STRATEGIES: Registry[Strategy] = Registry("automl.strategies", argument="search", method="ask")


def __getattr__(name: str) -> Any:
    return STRATEGIES.exported(name)
