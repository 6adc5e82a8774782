"""Where evaluations run."""

from __future__ import annotations

from pathlib import Path

from automl.execute.base import Executor, Runs


def make_executor(name: str, n_jobs: int, runs: Runs, run_dir: Path) -> Executor:
    """The executor of a name: "processes" or "inline"."""
    if name == "inline":
        from automl.execute.inline import Inline

        return Inline(runs)
    from automl.execute.processes import Processes

    return Processes(runs, n_jobs, run_dir)
