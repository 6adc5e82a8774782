"""Workers that cannot be forked, started or kept cost time, not the run."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from sklearn.datasets import load_iris

from automl import AutoML
from automl.errors import DiskError
from automl.execute import WorkerProcesses, memory, pool, server
from automl.execute.pool import ForkError, Pool
from automl.execute.server import Server
from automl.testing.jobs import Bench, Misdeeds, job
from automl.trials.run_dir import RunDir
from automl.trials.trial import Failure, Outcome, RefitJob

TESTS = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def little_to_preload(monkeypatch):
    monkeypatch.setattr(pool, "PRELOAD", ("failing_forks",))
    monkeypatch.syspath_prepend(TESTS)


def refuse(*_, **__):
    raise BlockingIOError(11, "Resource temporarily unavailable")


def done(executor, folder, deeds, count):
    """What comes of the first deeds, told by number."""
    executor.attach(Misdeeds(folder))
    bench = Bench(executor)
    for deed in deeds:
        bench.submit(deed)
    return bench.collect(count)


@pytest.mark.parametrize("fails", [1, 99])
def test_forks_that_fail(tmp_path, monkeypatch, fails):
    """Once: the next one succeeds. Always: workers are fresh interpreters."""
    monkeypatch.setenv("FAILING_FORKS", str(fails))
    with WorkerProcesses().start(1, tmp_path) as executor:
        results = done(executor, tmp_path, [job("answer"), job("leave"), job("answer")], 3)
        assert isinstance(results[0], Outcome)
        assert isinstance(results[1], Failure)
        assert isinstance(results[2], Outcome)
        assert len(executor.notes) == (fails > 1)
        assert all("interpreter of its own" in note for note in executor.notes)


def test_processes_that_cannot_be_started_leave_the_main_process(tmp_path, monkeypatch):
    with WorkerProcesses().start(2, tmp_path) as executor:
        assert isinstance(done(executor, tmp_path, [job("answer")], 1)[0], Outcome)
        monkeypatch.setattr(pool.subprocess, "Popen", refuse)
        for process in [*psutil.Process().children(recursive=True)][::-1]:
            with suppress(psutil.NoSuchProcess):  # the executor may have seen its end
                own = process.ppid() == os.getpid()
                process.kill()
                process.wait() if own else None
        bench = Bench(executor)
        for loss in (0.1, 0.2):
            bench.submit(job("answer", loss=loss))
        results = bench.collect(2)
        assert [results[number].loss for number in (0, 1)] == [0.1, 0.2]
        assert executor.idle
        (note,) = executor.notes
        assert "candidates ran in this process" in note


def test_nothing_can_be_started_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr("automl.execute.supervisor.mpc.Pipe", refuse)
    with WorkerProcesses().start(2, tmp_path) as executor:
        assert isinstance(done(executor, tmp_path, [job("answer")], 1)[0], Outcome)
        assert "candidates ran in this process" in executor.notes[0]


def test_next_to_no_address_space_leaves_the_constant(monkeypatch):
    """OpenBLAS waits for ever, or ends the process, where it gets no memory: nothing is fitted in this one."""
    monkeypatch.setattr("automl.execute.sturdy.has_room_here", lambda: False)
    monkeypatch.setattr(Pool, "start", refuse)
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = AutoML(max_trials=3, n_jobs=1, verbose=0, include=["naive_bayes", "ridge", "knn"]).fit(X, y)
    assert model.stop_reason_ == "executor"
    assert len(model.predict(X)) == len(X)
    assert any("address space is limited" in note for note in model.time_report_["notes"])


def test_whether_there_is_address_space(monkeypatch):
    resource = pytest.importorskip("resource")
    assert memory.has_room_here()
    for beyond, room in ((2 * memory.HERE_BYTES, True), (memory.HERE_BYTES // 2, False)):
        limit = psutil.Process().memory_info().vms + beyond
        monkeypatch.setattr(resource, "getrlimit", lambda kind, limit=limit: (limit, limit))
        assert memory.has_room_here() is room


def test_a_refit_is_not_run_where_nothing_could_end_it(tmp_path, monkeypatch):
    with WorkerProcesses().start(1, tmp_path) as executor:
        monkeypatch.setattr(Pool, "start", refuse)
        result = done(executor, tmp_path, [RefitJob(job("answer").proposal)], 1)[0]
    assert isinstance(result, Failure)
    assert result.kind == "crashed"


def test_a_worker_less_is_no_end(tmp_path, monkeypatch):
    start, started = Pool.start, []

    def once(self, *arguments, **named):
        if started:
            raise ForkError(11, "Resource temporarily unavailable")
        started.append(1)
        return start(self, *arguments, **named)

    monkeypatch.setattr(Pool, "start", once)
    with WorkerProcesses().start(2, tmp_path) as executor:
        results = done(executor, tmp_path, [job("answer", seconds=0.3), job("answer")], 2)
        assert all(isinstance(result, Outcome) for result in results.values())
        (note,) = executor.notes
        assert "No further worker" in note


def test_no_room_for_descriptors_costs_no_worker_that_runs(tmp_path, monkeypatch):
    with WorkerProcesses().start(2, tmp_path) as executor:
        executor.attach(Misdeeds(tmp_path))
        bench = Bench(executor)
        bench.submit(job("answer", seconds=0.6))
        assert executor.finished(0.2) == []
        monkeypatch.setattr(pool, "Pipe", refuse)
        bench.submit(job("answer"))
        assert all(isinstance(result, Outcome) for result in bench.collect(2).values())
        assert "No further worker" in executor.notes[0]


def test_a_server_that_dies_costs_no_trial(tmp_path):
    with WorkerProcesses().start(1, tmp_path) as executor:
        executor.attach(Misdeeds(tmp_path))
        bench = Bench(executor)
        for seconds in (0.0, 1.0):
            bench.submit(job("answer", seconds=seconds))
            if not seconds:
                bench.collect(1)
        assert executor.finished(0.3) == []
        (warm,) = psutil.Process().children()
        warm.kill()
        assert isinstance(bench.collect(1)[1], Outcome)
        psutil.Process().children()[0].kill()  # while the worker rests
        bench.submit(job("answer"))
        assert isinstance(bench.collect(1)[2], Outcome)
        assert executor.notes == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"noise")])
def test_an_evaluator_that_cannot_be_opened_is_written_anew(tmp_path, damage):
    with WorkerProcesses().start(1, tmp_path) as executor:
        executor.attach(Misdeeds(tmp_path))
        damage(next(tmp_path.glob("*.pkl")))
        bench = Bench(executor)
        bench.submit(job("answer"))
        assert isinstance(bench.collect(1)[0], Outcome)


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(DiskError, match="The workers' log could not be written"):
        WorkerProcesses().start(1, tmp_path / "nowhere")


@pytest.mark.parametrize("lives", [True, False])
def test_the_server_leaves_the_folder_of_a_parent_that_lives(tmp_path, monkeypatch, lives):
    monkeypatch.setattr(server, "PARTING", 0.05)
    with RunDir(None) as run_dir:
        one = Server.__new__(Server)
        one.children, one.evaluator_path = set(), str(run_dir.files / "evaluator.pkl")
        one.parent = os.getppid() if lives else -1
        one.end()
        assert run_dir.path.exists() == lives


@pytest.mark.slow
def test_a_server_whose_socket_closes_leaves_the_folder():
    with RunDir(None) as run_dir:
        workers = Pool(run_dir.files / "evaluator.pkl", run_dir.files / "workers.log", fork=pool.CAN_FORK)
        if workers._server is None:
            pytest.skip("there is no fork here")
        process = workers._server
        workers._control.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pytest.fail("it goes on without a socket")
        finally:
            workers.close()
        assert run_dir.path.exists()
