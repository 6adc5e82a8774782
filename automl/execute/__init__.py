"""Where evaluations run."""

from __future__ import annotations

from pathlib import Path

from automl.execute.base import Executor


def make_executor(name: str, n_jobs: int, run_dir: Path) -> Executor:
    """The executor of a name, "processes" or "inline"; it warms up until an evaluator is attached."""
    if name == "inline":
        from automl.execute.inline import Inline

        return Inline()
    from automl.execute.processes import Processes

    return Processes(None, n_jobs, run_dir)
