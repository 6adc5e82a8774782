"""Where evaluations run."""

from __future__ import annotations

from pathlib import Path

from automl.execute.base import Executor


def make_executor(name: str, n_jobs: int, run_dir: Path, memory_limit: int | None = None) -> Executor:
    """The executor of a name, "processes" or "inline"; it warms up until an evaluator is attached.

    `memory_limit` is in bytes, for all worker processes together.
    """
    if name == "inline":
        from automl.execute.inline import Inline

        return Inline()
    from automl.execute.processes import Processes
    from automl.execute.sturdy import Sturdy

    return Sturdy(lambda: Processes(None, n_jobs, run_dir, memory_limit=memory_limit))
