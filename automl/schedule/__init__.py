"""How thoroughly, and for how long; `from automl.schedule import Auto` works for every schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.registry import Registry

if TYPE_CHECKING:
    from automl.schedule.base import Schedule

SCHEDULES: Registry[Schedule] = Registry(
    "automl.schedule", argument="schedule", method="policy", group="automl.schedules"
)


def __getattr__(name: str) -> Any:
    return SCHEDULES.exported(name)
