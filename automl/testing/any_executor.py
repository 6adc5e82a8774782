"""The checks of `automl.testing.executors` that every executor passes, with processes of its own or without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from automl.execute.base import Executor
from automl.testing.jobs import MEGABYTE, PATIENCE, Bench, Misdeeds, children, job
from automl.trials.trial import Failure, Outcome


class AnyExecutorSuite:
    """What every executor does; a subclass says how to make one.

    Attributes
    ----------
    isolates : bool
        Whether jobs run in processes of their own. Where not, checks of crashes, limits and parallel work are
        skipped.
    """

    isolates = True

    def make(self, n_jobs: int, run_dir: Path) -> Executor:
        """Return a new executor, to which nothing is attached yet."""
        raise NotImplementedError

    @contextmanager
    def bench(self, folder: Path, n_jobs: int = 1) -> Iterator[Bench]:
        """An executor for `Misdeeds`, closed at the end, after which no process may be left."""
        before = children()
        try:
            with self.make(n_jobs, folder) as executor:
                executor.attach(Misdeeds(folder))
                yield Bench(executor)
        finally:
            until = time.monotonic() + 2.0
            while (left := children() - before) and time.monotonic() < until:
                time.sleep(0.01)
            assert not left, "processes were left behind"

    def _need_processes(self) -> None:
        if not self.isolates:
            pytest.skip("runs jobs in the calling process")

    def test_outcomes_come_back(self, tmp_path: Path) -> None:
        """Results are those of the job, reported once, with their trial."""
        with self.bench(tmp_path) as bench:
            assert bench.executor.idle
            for loss in (0.25, 0.75):
                assert bench.executor.has_room()
                number = bench.submit(job("answer", loss=loss))
                assert not bench.executor.idle
                result = bench.collect(1)[number]
                assert isinstance(result, Outcome)
                assert (result.loss, result.fold_losses) == (loss, (loss,))
                assert bench.executor.idle
            assert bench.executor.finished(0.0) == []

    def test_failures_are_data(self, tmp_path: Path) -> None:
        """A candidate that fails leaves the executor as it was."""
        with self.bench(tmp_path) as bench:
            refused = bench.submit(job("refuse"))
            assert bench.collect(1)[refused] == Failure("failed", "ValueError: it did not work out")
            bench.submit(job("answer"))
            assert isinstance(bench.collect(1)[1], Outcome)

    def test_jobs_run_in_the_order_in_which_they_come(self, tmp_path: Path) -> None:
        """With one core, one after the other; there is no room beside the one that runs."""
        losses = [0.1, 0.2, 0.3, 0.4]
        with self.bench(tmp_path) as bench:
            for loss in losses:
                bench.submit(job("answer", loss=loss))
            assert not bench.executor.has_room()
            assert list(bench.collect(4)) == [0, 1, 2, 3]
        assert (tmp_path / "answered").read_text(encoding="utf-8").split() == [str(loss) for loss in losses]

    def test_what_a_job_waits_is_taken_off_its_seconds(self, tmp_path: Path) -> None:
        """A job's end is given in seconds, as clocks of machines differ; they run on while it is queued."""
        with self.bench(tmp_path) as bench:
            bench.submit(job("answer", seconds=0.3))
            last = bench.submit(replace(job("tell_left"), seconds_left=PATIENCE))
            result = bench.collect(2)[last]
        assert isinstance(result, Outcome)
        assert 0.0 < result.fold_losses[0] <= PATIENCE - 0.3

    def test_nothing_to_wait_for(self, tmp_path: Path) -> None:
        """Without a job, `finished` does not wait, and there is nothing to cancel."""
        with self.bench(tmp_path) as bench:
            started = time.monotonic()
            assert bench.executor.finished(5.0) == []
            assert bench.cancel() == {}
            assert time.monotonic() - started < 1.0

    def test_cancelled_jobs_come_back_as_cut(self, tmp_path: Path) -> None:
        """Those that wait too; afterwards the executor works on."""
        with self.bench(tmp_path) as bench:
            deed = job("hang") if self.isolates else job("answer")
            numbers = [bench.submit(deed), bench.submit(job("answer"))]
            if self.isolates:
                assert bench.executor.finished(0.3) == []
            cut = bench.cancel()
            assert list(cut) == numbers
            assert {result.kind for result in cut.values() if isinstance(result, Failure)} == {"cut"}
            assert bench.executor.idle
            bench.submit(job("answer"))
            assert isinstance(bench.collect(1)[2], Outcome)

    def test_large_results(self, tmp_path: Path) -> None:
        """A result may be larger than what a pipe holds."""
        with self.bench(tmp_path) as bench:
            bench.submit(job("answer", letters=20 * MEGABYTE))
            result = bench.collect(1)[0]
        assert isinstance(result, Outcome)
        assert len(result.folds[0].warnings[0]) == 20 * MEGABYTE

    def test_an_error_of_the_caller_ends_everything(self, tmp_path: Path) -> None:
        """Leaving the `with` by an exception closes as leaving it at the end does."""

        def use_and_raise() -> None:
            with self.bench(tmp_path, 2) as bench:
                bench.submit(job("hang" if self.isolates else "answer"))
                bench.executor.finished(0.2)
                raise KeyError("the caller's")

        with pytest.raises(KeyError, match="the caller's"):
            use_and_raise()

    def test_closed_before_anything_was_asked(self, tmp_path: Path) -> None:
        """Also while it warms up, without an evaluator."""
        before = children()
        with self.make(2, tmp_path):
            pass
        assert not children() - before
