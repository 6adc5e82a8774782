"""Where evaluations run; `from automl.execute import WorkerProcesses` works for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.registry import Registry

if TYPE_CHECKING:
    from automl.execute.base import Backend

EXECUTORS: Registry[Backend] = Registry(
    "automl.execute", argument="executor", method="start", default="processes", group="automl.executors"
)


def __getattr__(name: str) -> Any:
    return EXECUTORS.exported(name)
