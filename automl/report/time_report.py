"""Where the seconds of a run went."""

from __future__ import annotations

import time
from typing import Any

from automl.trials.history import History


class TimeReport:
    """Laps of the main process, and core seconds inside jobs; made on the first line of `fit`."""

    def __init__(self) -> None:
        self.started = self._last = time.monotonic()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Book the time since the last lap."""
        now = time.monotonic()
        self._laps[name] = now - self._last
        self._last = now

    def report(
        self, history: History, executor: Any, ask_seconds: float, n_jobs: int, notes: list[str]
    ) -> dict[str, Any]:
        """Seconds by name.

        Returns
        -------
        dict
            `wall` by phase of the main process, `total` of them; `cores`: seconds of cores in jobs by kind of work,
            `waiting` being those of the search outside of jobs; `share_in_jobs` of the search's core time; `ask`: of
            the main process inside strategies; `notes` on what was skipped.
        """
        trials = history.trials
        work = {
            "prepare": sum(trial.prepare_seconds for trial in trials),
            "fit": sum(trial.fit_seconds for trial in trials),
            "predict": sum(trial.predict_seconds for trial in trials),
        }
        busy = getattr(executor, "search_seconds", sum(work.values()))
        first = getattr(executor, "first_job_seconds", 0.0)
        available = n_jobs * max(1e-9, self._laps["search"] - first)
        return {
            "total": time.monotonic() - self.started,
            "wall": {name: round(seconds, 3) for name, seconds in self._laps.items()},
            "cores": {
                **work,
                "other": max(0.0, busy - sum(work.values())),
                "waiting": max(0.0, available - busy),
            },
            "share_in_jobs": min(1.0, busy / available),
            "ask": ask_seconds,
            "notes": notes,
        }
