"""How the memory of all workers is divided."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from automl.execute.constants import HERE_BYTES, LEAST_BYTES
from automl.execute.pool import Worker
from automl.trials.trial import Job


def has_room_here() -> bool:
    """Whether candidates may run in this process: near the limit of its address space, OpenBLAS waits for ever.

    In a worker that costs a trial.
    """
    try:
        import resource
    except ImportError:  # Windows
        return True
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limit == resource.RLIM_INFINITY or limit - psutil.Process().memory_info().vms >= HERE_BYTES


class Memory:
    """The limit of all workers together, and what follows from it for each.

    Parameters
    ----------
    limit : int or None
        Bytes; None is no limit but those of the jobs.
    """

    def __init__(self, limit: int | None) -> None:
        self.limit = limit

    def of(self, job: Job) -> int | None:
        """Bytes of a job's worker: the job's share, or what the least worker needs."""
        if job.bytes_limit is None or self.limit is None:
            return job.bytes_limit
        return max(job.bytes_limit, min(LEAST_BYTES, self.limit))

    def has_room(self, jobs: Sequence[Job]) -> bool:
        """Whether another worker may run beside the jobs."""
        return self.limit is None or self._sum(jobs) + LEAST_BYTES <= self.limit

    def holds(self, jobs: Sequence[Job]) -> bool:
        """Whether the jobs may run at once."""
        return self.limit is None or self._sum(jobs) <= self.limit

    def _sum(self, jobs: Sequence[Job]) -> int:
        return sum(self.of(job) or 0 for job in jobs)

    def too_large(self, running: Sequence[Worker], resting: list[Worker]) -> Worker | None:
        """The largest running worker, where all of them hold too much; those that rest are ended before."""
        if self.limit is None or not running:
            return None
        sizes = [worker.resident_bytes() for worker in running]
        if resting and sum(sizes) + sum(worker.resident_bytes() for worker in resting) > self.limit:
            while resting:
                resting.pop().kill()
        return running[sizes.index(max(sizes))] if sum(sizes) > self.limit else None
