"""Hidden layers as separate hyperparameters: ``hidden_layers`` and ``units_1``... become one tuple."""

from __future__ import annotations

from typing import Any


def adapt(cls: Any, values: dict[str, Any], recipe: Any, component: Any, categorical: int) -> Any:
    """The adapter ``layers`` of a family's TOML."""
    depth = values.pop("hidden_layers")
    sizes = tuple(values.pop(f"units_{layer}") for layer in range(1, depth + 1))
    return cls(hidden_layer_sizes=sizes, **values)
