"""One run of `soak.py`: its starts, what happens to them, and what must hold whatever happened."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
from canary import Canaries
from soak_child import FIRST_USER
from soak_damage import FALSE_LOSS, Damage, journal_lines, read, safe
from soak_plan import Plan, Start
from soak_processes import TOKEN, Warm, alive, owned, small_disk, targets

LATE = 30.0  # seconds over its budget after which a run hangs
GONE, GONE_KILLED = 5.0, 15.0  # seconds within which what a run leaves must be gone
SENTENCE = 700  # characters at most
IN_ORDER = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIVE = 0.1  # seconds after the begin within which a signal may find no handler yet


@dataclass
class Ended:
    """What is known of one start."""

    status: int
    seconds: float
    hung: bool = False
    sent: float | None = None  # seconds after the begin
    began: bool = True
    fitted: bool = False
    told: dict[str, Any] = field(default_factory=dict)


class Scene:
    """The folders of a run, and its starts one after the other.

    Parameters
    ----------
    plan : Plan
    folder : Path
        An empty one, removed by the caller.
    warm : Warm
    """

    def __init__(self, plan: Plan, folder: Path, warm: Warm) -> None:
        self.plan, self.folder, self.warm = plan, folder, warm
        self.canaries = Canaries()
        self.token = f"{os.getpid()}-{folder.name}"
        self.run, self.work = folder / "place" / "run", folder / "work"
        for name in ("home", "temp", "work", "place", "user"):
            (folder / name).mkdir()
        self.canaries.fill(folder / "place" / "beside")
        self.canaries.fill(folder / "user" / "own")
        if plan.folder == "user's":
            names = ["table/notes.txt", "prepared/x", "reserve", "temporary", "mine.txt", "lock"]
            self.canaries.fill(self.run, tuple(Random(plan.number).sample(names, 3)))
        self.failures: list[str] = []
        self.outcomes: list[str] = []
        self.detail: list[str] = []

    def play(self) -> None:
        """All starts; failures are told by kind."""
        with small_disk(self.plan.folder, self.run):
            for place, start in enumerate(self.plan.starts):
                self._play(place, start)

    def _play(self, place: int, start: Start) -> None:
        random = Random(f"{self.plan.number} {place}")
        damage = Damage(self.run, self.folder / "user", self.canaries, random)
        before = journal_lines(self.run)
        done = [said for kind in start.damages if (said := damage.do(kind))]
        kept = safe(before, journal_lines(self.run)) if before else []
        temporary = set(self._temporary())
        ended = self._start(start)
        self.failures += self._judged(start, ended, done)
        self.failures += self._left(start, ended, temporary)
        self.failures += self._lost(start, ended, done, kept)
        self.failures += [f"a user's file {what}" for what in _kinds(self.canaries.touched())]
        if (self.folder / "user" / "ran").exists():
            self.failures.append("planted code ran")
        said = ended.told.get("reason") or ended.told.get("error") or f"status {ended.status}"
        self.outcomes.append(f"{said} ({ended.seconds:.1f} s)")
        if done or ended.told.get("message"):
            self.detail.append("; ".join([*done, ended.told.get("message", "")])[:300])

    # ---- a start

    def _start(self, start: Start) -> Ended:
        for name in ("begun", "fitted", "out.json"):
            (self.work / name).unlink(missing_ok=True)
        own = {TOKEN: self.token, "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "temp")}
        settings = {**self.plan.settings, "resume": start.resume}
        settings["run_dir"] = None if self.plan.folder == "none" else str(self.run)
        if start.limit and start.limit[0] == "memory_limit":
            settings["memory_limit"] = int(start.limit[1])
        # as an ordinary user where that makes the difference; each run is another one
        plain = any("chmod" in one.damages or one.limit[:1] == ("NPROC",) for one in self.plan.starts)
        user = FIRST_USER + self.plan.number if plain else 0
        spec = {"folder": str(self.work), "table": self.plan.table, "settings": settings, "environment": own,
                "limit": start.limit, "user": user}  # fmt: skip
        began = time.monotonic()
        pid = self.warm.start(spec)
        sent = self._meanwhile(start, pid)
        until = began + self.plan.seconds + LATE
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.02)
        hung = alive(pid)
        if hung:
            os.kill(pid, signal.SIGKILL)
        status = self.warm.status()
        out = self.work / "out.json"
        told = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
        marks = ((self.work / name).exists() for name in ("begun", "fitted"))
        return Ended(status, time.monotonic() - began, hung, sent, *marks, told)

    def _meanwhile(self, start: Start, pid: int) -> float | None:
        """Wait for the moment and do what is to be done; None where the fit was over before."""
        if not start.event:
            return None
        while not (self.work / "begun").exists() and alive(pid):
            time.sleep(0.005)
        until = time.monotonic() + start.moment
        while time.monotonic() < until and alive(pid):
            time.sleep(0.01)
        if not alive(pid):
            return None
        if start.event == "signal":
            processes = targets(pid, start.target)
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, start.number)
            return start.moment if processes else None
        if self.run.is_dir() and self.plan.folder != "small disk":
            aside = self.run.with_name(f"aside {start.moment}")
            self.run.rename(aside)
            self.canaries.move(self.run, aside)
            if start.event == "remove":
                self.canaries.forget(aside)
                shutil.rmtree(aside)
        return start.moment

    # ---- what must hold

    def _judged(self, start: Start, ended: Ended, done: list[str]) -> list[str]:
        """A model that predicts, or one sentence; a process that was sent a signal may also do what that says."""
        told = ended.told
        if ended.hung:
            return ["hangs"]
        if not told:
            return self._died(start, ended)
        if "error" not in told:
            return [] if told["finite"] else ["predictions are not finite"]
        signalled = ended.sent is not None and start.number in IN_ORDER and start.target in ("main", "all")
        if told["error"] == "KeyboardInterrupt" and signalled:
            return []
        if not told["ours"]:
            return [f"raw {told['error']} in {told['place']}"]
        if "\n" in told["message"].strip() or len(told["message"]) > SENTENCE:
            return [f"more than a sentence: {told['error']} in {told['place']}"]
        cause = done or start.event or start.limit or self.plan.folder in ("user's", "small disk")
        # what an earlier start has left behind may be refused, too
        earlier = any(one.damages or one.event or one.limit for one in self.plan.starts)
        return [] if cause or earlier else [f"refused for no reason: {told['error']} in {told['place']}"]

    def _died(self, start: Start, ended: Ended) -> list[str]:
        hit = ended.sent is not None and start.target in ("main", "all")
        name = signal.Signals(-ended.status).name if ended.status < 0 else f"status {ended.status}"
        if hit and ended.status == -start.number:
            outside = ended.fitted or (ended.sent or 0.0) < LIVE
            return [] if start.number == signal.SIGKILL or outside else [f"died of {name} instead of ending in order"]
        return [f"the process died ({name}){f' under {start.limit[0]}' if start.limit else ''}"]

    def _left(self, start: Start, ended: Ended, temporary: set[str]) -> list[str]:
        """Processes and temporary folders some seconds later; what is left is ended here."""
        until = time.monotonic() + (GONE if ended.told else GONE_KILLED)  # a server may still import
        all_at_once = start.target == "all" and start.number == signal.SIGKILL and ended.sent is not None

        def folders() -> set[str]:
            return set() if all_at_once else set(self._temporary()) - (set() if ended.told else temporary)

        while (owned(self.token) or folders()) and time.monotonic() < until:
            time.sleep(0.1)
        left = owned(self.token)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        found = ["processes left"] if left else []
        how = "" if not folders() & temporary else ", of an earlier start"
        return found + ([f"temporary folder left{how}"] if folders() else [])

    def _temporary(self) -> list[str]:
        return [path.name for path in (self.folder / "temp").iterdir()]

    def _lost(self, start: Start, ended: Ended, done: list[str], kept: list[bytes]) -> list[str]:
        """Finished trials whose lines nobody has damaged are in the journal, and in the model's trials."""
        if start.resume is False or start.event in ("remove", "rename"):
            return []
        now = set(journal_lines(self.run))
        found = ["a finished trial is lost"] if any(line not in now for line in kept) else []
        trials = {number: (status, loss) for number, status, loss in ended.told.get("trials", [])}
        if any(loss == FALSE_LOSS for _, loss in trials.values()):
            found.append("an altered score is believed")
        if trials and not done:
            events = [read(line) for line in kept]
            if any(trials.get(event["trial"]) != (event["status"], event["measures"]["loss"]) for event in events):
                found.append("a finished trial is another one in the model")
        return found


# ---- helpers


def _kinds(phrases: list[str]) -> list[str]:
    """The same without names."""
    return sorted({re.sub(r"^.* (is \w+)$", r"\1", phrase) for phrase in phrases})


def play(plan: Plan, warm: Warm, keep: bool = False) -> Scene:
    """A run in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        scene = Scene(plan, folder, warm)
        scene.play()
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    return scene
