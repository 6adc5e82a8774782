"""A conformance suite for executors: whatever a job does to its process, it costs one trial.

For an executor of your own::

    class TestMine(ExecutorSuite):
        def make(self, n_jobs, run_dir):
            return Mine(n_jobs, run_dir)

pytest then runs every check of the suite on it. The jobs are those of `automl.testing.jobs`.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from automl.testing.any_executor import AnyExecutorSuite
from automl.testing.jobs import MEGABYTE, PATIENCE, children, job
from automl.testing.toys import fold_of
from automl.trials.trial import Failure, Outcome


class ExecutorSuite(AnyExecutorSuite):
    """All checks: what every executor does, and what processes are for; a subclass says how to make an executor."""

    CRASHES = ("blunder", "leave", "segfault", "abort", "die")

    @pytest.mark.parametrize("deed", CRASHES)
    def test_a_crash_costs_one_trial(self, tmp_path: Path, deed: str) -> None:
        """The job beside it is unharmed, and the next one runs."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            harmless = bench.submit(job("answer", seconds=0.3))
            broken = bench.submit(job(deed))
            waiting = bench.submit(job("answer", loss=0.3))
            results = bench.collect(3)
        failure = results[broken]
        assert isinstance(failure, Failure)
        assert failure.kind == "crashed"
        assert failure.message
        assert isinstance(results[harmless], Outcome)
        assert isinstance(results[waiting], Outcome)

    def test_crashes_name_what_happened(self, tmp_path: Path) -> None:
        """Signal or exit status are in the message, status 0 is a crash too."""
        self._need_processes()
        said = {}
        with self.bench(tmp_path) as bench:
            for deed in (job("segfault"), job("leave"), job("leave", status=0)):
                number = bench.submit(deed)
                result = bench.collect(1)[number]
                assert isinstance(result, Failure)
                assert result.kind == "crashed"
                said[number] = result.message
        assert "SIGSEGV" in said[0]
        assert "3" in said[1]

    def test_crash_after_crash(self, tmp_path: Path) -> None:
        """Many in a row do not use anything up."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            for _ in range(6):
                bench.submit(job("leave"))
            assert all(isinstance(result, Failure) for result in bench.collect(6).values())
            bench.submit(job("answer"))
            assert isinstance(bench.collect(1)[6], Outcome)

    @pytest.mark.parametrize("deed", ["hang", "hold"])
    def test_too_long_costs_one_trial(self, tmp_path: Path, deed: str) -> None:
        """A job over its seconds is killed, deaf to signals or not; the one beside it is unharmed."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            harmless = bench.submit(job("answer", seconds=0.7))
            started = time.monotonic()
            slow = bench.submit(job(deed, seconds_limit=0.5))
            results = bench.collect(1)
            waited = time.monotonic() - started
            results |= bench.collect(2 - len(results))
        failure = results[slow]
        assert isinstance(failure, Failure)
        assert failure.kind == "timeout"
        assert "0.5 s" in failure.message
        assert waited < 15.0
        assert isinstance(results[harmless], Outcome)

    def test_seconds_count_from_the_start_in_a_worker(self, tmp_path: Path) -> None:
        """Waiting in the queue costs nothing."""
        self._need_processes()
        with self.bench(tmp_path) as bench:
            bench.submit(job("answer", seconds=0.6))
            bench.submit(job("answer", seconds_limit=0.5))
            assert all(isinstance(result, Outcome) for result in bench.collect(2).values())

    def test_finished_folds_are_kept(self, tmp_path: Path) -> None:
        """What a job left on disk before it was killed comes back with the failure."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            slow = bench.submit(job("hang", seconds_limit=1.0, fold=True))
            result = bench.collect(1)[slow]
            cut = bench.submit(job("hang", fold=True))
            bench.executor.finished(0.2)
            results = [result, bench.cancel()[cut]]
        for result, kind in zip(results, ("timeout", "cut"), strict=True):
            assert isinstance(result, Failure)
            assert result.kind == kind
            assert result.folds == (fold_of(0.25),)

    def test_too_much_memory_costs_one_trial(self, tmp_path: Path) -> None:
        """A job over its bytes is killed, the one beside it is unharmed."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            harmless = bench.submit(job("answer", seconds=1.0, bytes_limit=500 * MEGABYTE))
            greedy = bench.submit(job("eat", megabytes=800, seconds=60.0, bytes_limit=500 * MEGABYTE))
            results = bench.collect(2)
        failure = results[greedy]
        assert isinstance(failure, Failure)
        assert failure.kind == "memory"
        assert isinstance(results[harmless], Outcome)

    def test_memory_is_measured(self, tmp_path: Path) -> None:
        """An outcome says what its job needed."""
        self._need_processes()
        with self.bench(tmp_path) as bench:
            bench.submit(job("eat", megabytes=200, seconds=0.3))
            result = bench.collect(1)[0]
        assert isinstance(result, Outcome)
        assert result.measures.peak_bytes > 200 * MEGABYTE

    def test_waiting_has_an_end(self, tmp_path: Path) -> None:
        """`finished` gives up after its seconds, and has room to say so."""
        self._need_processes()
        with self.bench(tmp_path) as bench:
            bench.submit(job("hang"))
            started = time.monotonic()
            assert bench.executor.finished(0.2) == []
            assert 0.15 < time.monotonic() - started < 1.5
            assert not bench.executor.idle

    def test_cores_are_used_and_not_exceeded(self, tmp_path: Path) -> None:
        """One job is queued beyond the workers; a job with all threads leaves no core."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            submitted = 0
            while bench.executor.has_room() and submitted < 10:
                bench.submit(job("hang"))
                submitted += 1
                time.sleep(0.3)
            assert submitted == 3
            bench.cancel()
            bench.submit(job("answer", threads=2, loss=0.1, seconds=0.5))
            bench.submit(job("answer", loss=0.2))
            time.sleep(0.1)
            assert not bench.executor.has_room()
            assert list(bench.collect(2)) == [3, 4]

    def test_two_at_once(self, tmp_path: Path) -> None:
        """The quick job is reported while the slow one runs."""
        self._need_processes()
        with self.bench(tmp_path, 2) as bench:
            bench.submit(job("hang"))
            quick = bench.submit(job("answer"))
            assert list(bench.collect(1)) == [quick]
            assert not bench.executor.idle

    def test_killed_from_outside(self, tmp_path: Path) -> None:
        """Somebody kills everything that was started: what ran is lost or tried once more, what comes then runs."""
        self._need_processes()
        before = children()
        with self.bench(tmp_path) as bench:
            bench.submit(job("answer"))
            bench.collect(1)
            bench.submit(job("hang"))
            ended = bench.executor.finished(0.3)
            until = time.monotonic() + PATIENCE
            while not ended and time.monotonic() < until:
                for process in children() - before:
                    process.kill()
                ended = bench.executor.finished(1.0)
            assert [type(result) for _, result in ended] == [Failure]
            bench.submit(job("answer"))
            assert isinstance(bench.collect(1)[2], Outcome)

    def test_killed_while_resting(self, tmp_path: Path) -> None:
        """What dies between two jobs costs none of them."""
        self._need_processes()
        before = children()
        with self.bench(tmp_path) as bench:
            bench.submit(job("answer"))
            bench.collect(1)
            for process in children() - before:
                process.kill()
                process.wait(5)
            bench.submit(job("answer"))
            assert isinstance(bench.collect(1)[1], Outcome)

    def test_works_in_a_script_without_a_guard(self, tmp_path: Path) -> None:
        """The caller's `__main__` is never run a second time."""
        script = tmp_path / "script.py"
        script.write_text(_SCRIPT, encoding="utf-8")
        arguments = [inspect.getfile(type(self)), type(self).__qualname__, str(tmp_path)]
        done = subprocess.run(
            [sys.executable, str(script), *arguments], capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["once", "0.5"]

    def test_nothing_outlives_a_killed_caller(self, tmp_path: Path) -> None:
        """After SIGKILL of the process that uses the executor, no job is alive 5 s later."""
        self._need_processes()
        script = tmp_path / "script.py"
        script.write_text(_SCRIPT, encoding="utf-8")
        arguments = [inspect.getfile(type(self)), type(self).__qualname__, str(tmp_path), "hang"]
        with subprocess.Popen([sys.executable, str(script), *arguments], stdout=subprocess.PIPE) as caller:
            assert caller.stdout is not None
            assert [caller.stdout.readline() for _ in range(2)] == [b"once\n", b"started\n"]
            started = psutil.Process(caller.pid).children(recursive=True)
            assert started
            caller.kill()
        _, alive = psutil.wait_procs(started, timeout=5.0)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


# what a user's script looks like: no function, no guard
_SCRIPT = textwrap.dedent("""
    import importlib.util, sys, time
    from pathlib import Path
    from automl.testing.jobs import Bench, Misdeeds, job

    file, name, folder, *deed = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("suite_of_a_script", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    print("once", flush=True)
    bench = Bench(getattr(module, name)().make(2, Path(folder)).__enter__())
    bench.executor.attach(Misdeeds(Path(folder)))
    work = job(*deed, fold=True) if deed else job("answer")
    number = bench.submit(work)
    if deed:
        bench.submit(work)
        while not (Path(folder) / work.candidate.key).exists():
            bench.executor.finished(0.05)
        print("started", flush=True)
        time.sleep(60)
    print(bench.collect(1)[number].loss)
    bench.executor.close()
""")
