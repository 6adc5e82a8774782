"""What a run may use: memory of the container, of all workers together and of each."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from automl.arguments import total_memory
from automl.evaluate.constants import FIRST_SHARE
from automl.evaluate.limits import fold_ends, out_of_time
from automl.execute import pool
from automl.execute.constants import LEAST_BYTES
from automl.execute.memory import Memory
from automl.execute.processes import Processes
from automl.testing.jobs import Bench, Misdeeds, job
from automl.trials.constants import DISK_SHARE
from automl.trials.disk import allowance
from automl.trials.trial import Failure, Outcome

GIGABYTE = 10**9


# ---- the machine's memory


@pytest.mark.parametrize(
    ("groups", "limits", "gigabytes"),
    [
        ("0::/", {"memory.max": 3}, 3),
        ("0::/a/b", {"memory.max": "max", "a/memory.max": 2, "a/b/memory.max": 3}, 2),
        ("0::/a/b", {"a/b/memory.max": 1}, 1),
        ("0::/elsewhere", {"a/memory.max": 1}, None),
        ("9:cpu:/\n4:memory:/a/b\n0::/", {"memory/a/memory.limit_in_bytes": 2}, 2),
        ("9:cpu:/a", {"memory/a/memory.limit_in_bytes": 2, "memory/memory.limit_in_bytes": 9_223_372_036}, None),
        ("0::/a", {"unified/a/memory.max": 1}, 1),
    ],
    ids=["the root", "a parent", "its own", "another's", "version 1", "no limit", "both versions"],
)
def test_memory_is_that_of_the_control_groups(tmp_path, groups, limits, gigabytes):
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(groups + "\n")
    for name, limit in limits.items():
        path = tmp_path / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{limit if limit == 'max' else limit * GIGABYTE}\n")
    machine = psutil.virtual_memory().total
    assert total_memory(tmp_path) == (machine if gigabytes is None else min(machine, gigabytes * GIGABYTE))


def test_without_control_groups_it_is_the_machines(tmp_path):
    assert total_memory(tmp_path) == psutil.virtual_memory().total


# ---- seconds of a job


def test_a_job_that_begins_later_has_fewer_seconds_left():
    endless, ending = job("answer", seconds_limit=5.0), replace(job("answer"), seconds_left=10.0)
    assert endless.after(3.0) == endless
    assert ending.after(3.0).seconds_left == 7.0
    assert out_of_time(ending, 9.0, []) is None
    assert out_of_time(ending.after(3.0), 9.0, []).kind == "cut"
    assert out_of_time(replace(ending, seconds_limit=5.0), 9.0, []).kind == "timeout"


@pytest.mark.parametrize(("limit", "left", "share"), [(4.0, None, 1.5), (None, 6.0, 2.5), (4.0, 6.0, 1.5)])
def test_folds_share_what_is_left_of_the_earlier_limit(limit, left, share):
    work = replace(job("answer"), seconds_limit=limit, seconds_left=left)
    assert fold_ends(work, 1.0, 2) - time.monotonic() == pytest.approx(FIRST_SHARE * share, abs=0.05)
    assert fold_ends(job("answer"), 1.0, 2) is None


# ---- memory of the workers


def test_a_worker_has_its_share_or_what_it_needs():
    share = [job("answer", bytes_limit=GIGABYTE)]
    assert Memory(None).of(share[0]) == GIGABYTE
    assert Memory(4 * GIGABYTE).of(share[0]) == GIGABYTE
    small = [job("answer", bytes_limit=GIGABYTE // 8)] * 8  # 8 cores, 1 GB
    assert Memory(GIGABYTE).of(small[0]) == LEAST_BYTES
    assert Memory(GIGABYTE).has_room(small[:1])
    assert not Memory(GIGABYTE).has_room(small[:2])
    assert Memory(GIGABYTE).holds(small[:2])
    assert not Memory(GIGABYTE).holds(small[:3])
    assert Memory(GIGABYTE // 4).of(small[0]) == GIGABYTE // 4  # less than a worker needs: one has it all
    assert Memory(None).has_room(small)


def test_those_that_rest_give_way_first():
    def worker(size):
        self = SimpleNamespace(resident_bytes=lambda: size, killed=0)
        self.kill = lambda: setattr(self, "killed", 1)
        return self

    running, resting = [worker(300), worker(400)], [worker(200)]
    assert Memory(1000).too_large(running, resting) is None
    assert len(resting) == 1
    rests = resting[0]
    assert Memory(800).too_large(running, resting) is None
    assert (resting, rests.killed) == ([], 1)
    assert Memory(600).too_large(running, []) is running[1]
    assert Memory(600).too_large([], []) is None
    assert Memory(None).too_large(running, []) is None


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "PRELOAD", ())
    with Processes(Misdeeds(tmp_path), 3, tmp_path, memory_limit=GIGABYTE) as executor:
        yield Bench(executor)


def test_the_sum_of_the_workers_is_limited(bench):
    """Jobs without a share of their own, such as the fit on all rows, are held by the sum alone."""
    modest = bench.submit(job("eat", megabytes=300, seconds=2.0))
    greedy = bench.submit(job("eat", megabytes=900, seconds=3.0))
    results = bench.collect(2)
    failure = results[greedy]
    assert isinstance(failure, Failure)
    assert failure.kind == "memory"
    assert "together" in failure.message
    assert isinstance(results[modest], Outcome)


def test_fewer_workers_run_at_once_where_memory_is_short(bench):
    for _ in range(3):
        bench.submit(job("hang", bytes_limit=GIGABYTE // 3))
    until = time.monotonic() + 30
    while len(bench.executor._supervisor.running) < 2 and time.monotonic() < until:
        assert bench.executor.finished(0.1) == []
    assert bench.executor.finished(0.3) == []
    assert len(bench.executor._supervisor.running) == 2
    assert not bench.executor.has_room()
    assert len(bench.cancel()) == 3


# ---- the disk


def test_a_run_uses_a_part_of_the_free_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    assert allowance(tmp_path, 4e9) == DISK_SHARE * 1000
    assert allowance(tmp_path, 100) == 100
    (tmp_path / "artifacts").mkdir()
    Path(tmp_path / "artifacts" / "fold0.pkl").write_bytes(bytes(1000))  # of the session before
    assert allowance(tmp_path, 4e9) == DISK_SHARE * 2000
