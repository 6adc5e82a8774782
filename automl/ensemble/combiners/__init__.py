"""What one model is made of the candidates: one file a combiner.

`from automl.ensemble.combiners import Greedy` works for every combiner; its module is loaded only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.errors import ArgumentError
from automl.registry import Registry

if TYPE_CHECKING:
    from automl.ensemble.combiners.base import Combiner

COMBINERS: Registry[Combiner] = Registry(
    "automl.ensemble.combiners", argument="ensemble", method="fit", default="greedy", group="automl.combiners"
)


def make_combiner(given: bool | str | Combiner) -> Combiner:
    """The combiner of that name, or one like that object; True and "auto" are the default, False is none.

    Raises
    ------
    ArgumentError
        If there is none of that name.
    """
    if isinstance(given, bool) or (isinstance(given, str) and given == "auto"):
        given = COMBINERS.default if given else "single"
    elif given is None or isinstance(given, int | float):
        raise ArgumentError(f"ensemble must be True, False, 'auto', a name or a combiner; got {given!r}.")
    return COMBINERS.make(given)


def __getattr__(name: str) -> Any:
    return COMBINERS.exported(name)
