import pytest

from automl.execute import pool
from automl.execute.inline import Inline
from automl.execute.processes import Processes
from automl.testing.executors import ExecutorSuite


class TestInline(ExecutorSuite):
    isolates = False

    def make(self, n_jobs, run_dir):
        return Inline()


@pytest.fixture(autouse=True)
def nothing_to_preload(monkeypatch):
    """These jobs need no model; importing the libraries of all of them is tested with whole runs."""
    monkeypatch.setattr(pool, "PRELOAD", ())


class TestProcesses(ExecutorSuite):
    def make(self, n_jobs, run_dir):
        pool.PRELOAD = ()  # in the process of a script, too; here the fixture puts it back
        return Processes(None, n_jobs, run_dir)


@pytest.mark.slow
class TestFreshInterpreters(ExecutorSuite):
    def make(self, n_jobs, run_dir):
        return Processes(None, n_jobs, run_dir, fork=False)
