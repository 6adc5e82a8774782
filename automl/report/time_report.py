"""Where the seconds of a run went."""

from __future__ import annotations

import time
from typing import Any

from automl.trials.history import History
from automl.trials.trial import DUMMY


class TimeReport:
    """Laps of the main process, and core seconds inside jobs; made on the first line of `fit`."""

    def __init__(self) -> None:
        self.started = self._last = time.monotonic()
        self._laps: dict[str, float] = {}
        self._busy = 0.0
        self._first_job: float | None = None

    def lap(self, name: str, executor: Any = None) -> None:
        """Book the time since the last lap; with an executor, the core seconds that it spent in jobs too."""
        now = time.monotonic()
        self._laps[name] = now - self._last
        self._last = now
        if executor is not None:
            self._busy = getattr(executor, "busy_seconds", 0.0)
            self._first_job = getattr(executor, "first_started", None)

    def split(self, name: str, parts: dict[str, float]) -> None:
        """Say what a lap was spent on; the rest keeps its name."""
        self._laps[name] -= sum(parts.values())
        self._laps |= parts

    def report(self, history: History, ask_seconds: float, n_jobs: int, notes: list[str]) -> dict[str, Any]:
        """Seconds by name.

        Returns
        -------
        dict
            `total`; `wall`: by phase of the main process, those of the hand-over (`ensemble`, `load`, `draws`, and
            `refit`, the wait for it) included; `first_job`: from the start of the search to that of the first job;
            `cores`: core seconds in jobs by kind of work (`save` is writing fold models, `lost` what was cut, killed or
            failed before its fold was whole), and those that waited from the first job to the end of the search;
            `share_in_jobs` of them; `propose`: of the main process inside strategies; `notes` on what was skipped.
        """
        searched = [trial for trial in history.trials if trial.origin != DUMMY]
        work = {
            "prepare": sum(trial.threads * trial.measures.prepare_seconds for trial in searched),
            "fit": sum(trial.threads * trial.measures.fit_seconds for trial in searched),
            "predict": sum(trial.threads * trial.measures.predict_seconds for trial in searched),
            "save": sum(trial.threads * trial.measures.write_seconds for trial in searched),
        }
        begun = self.started + sum(seconds for name, seconds in self._laps.items() if name in ("read", "dummy"))
        first = max(0.0, self._first_job - begun) if self._first_job is not None else 0.0
        available = n_jobs * max(1e-9, self._laps["search"] - first)
        cores = {
            **work,
            "lost": max(0.0, self._busy - sum(work.values())),
            "waiting": max(0.0, available - self._busy),
        }
        return {
            "total": time.monotonic() - self.started,
            "wall": {name: round(seconds, 3) for name, seconds in self._laps.items()},
            "first_job": first,
            "cores": {name: round(seconds, 3) for name, seconds in cores.items()},
            "share_in_jobs": round(min(1.0, self._busy / available), 4),
            "propose": round(ask_seconds, 3),
            "notes": notes,
        }
