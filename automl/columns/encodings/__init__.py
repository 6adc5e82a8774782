"""How a column becomes an array: one file an encoding; `base` says what one is.

`from automl.columns.encodings import Numeric` works for every encoding; its module is loaded only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.registry import Registry

if TYPE_CHECKING:
    from automl.columns.encodings.base import Encoding

ENCODINGS: Registry[Encoding] = Registry(
    "automl.columns.encodings", argument="column_types", method="propose", default="number", group="automl.encodings"
)


def __getattr__(name: str) -> Any:
    return ENCODINGS.exported(name)
