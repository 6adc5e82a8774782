"""Runs of `contract.py`, each a fresh process: one that is measured, and one that is killed and goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import psutil
import support
from support import Row

CHILD = Path(__file__).with_name("contract_child.py")
TICK = 0.2  # seconds between looks at the memory
MEASURED = ["fit_seconds", "predict_ms_per_row", "size_kb"]  # columns of the leaderboard that no seed decides


class Child:
    """A fit in a process of its own."""

    def __init__(self, spec: dict[str, Any], folder: Path) -> None:
        self.folder, self.out = folder, folder / "out.json"
        for name in ("begun", "fitted", "out.json"):
            (folder / name).unlink(missing_ok=True)
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        command = [sys.executable, str(CHILD), str(folder / "spec.json"), str(self.out)]
        environment = support.environment()
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            command, cwd=support.ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def await_file(self, name: str, seconds: float) -> bool:
        """Whether the file came before the process ended."""
        until = time.monotonic() + seconds
        while not (self.folder / name).exists():
            if self.process.poll() is not None or time.monotonic() > until:
                return (self.folder / name).exists()
            time.sleep(0.01)
        return True

    def memory(self) -> tuple[int, int]:
        """Bytes of the process and all below it: resident (shared pages counted for each), and each page once."""
        resident = proportional = 0
        with suppress(psutil.Error):
            main = psutil.Process(self.process.pid)
            for process in [main, *main.children(recursive=True)]:
                with suppress(psutil.Error):
                    told = process.memory_full_info()
                    resident, proportional = resident + told.rss, proportional + told.pss
        return resident, proportional

    def result(self, seconds: float) -> Row:
        """What it tells; what went wrong is in `error`."""
        try:
            code = self.process.wait(timeout=max(0.1, seconds))
        except subprocess.TimeoutExpired:
            self.kill()
            return {"error": "the run hangs and was killed"}
        self.log.close()
        if self.out.exists():
            return dict(json.loads(self.out.read_text(encoding="utf-8")))
        said = (self.folder / "log").read_text(errors="replace").strip().splitlines() or ["no message"]
        return {"error": f"the run ends with exit code {code}: {said[-1]}"[:500]}

    def kill(self) -> None:
        """SIGKILL to the main process; its workers must end by themselves."""
        self.process.kill()
        self.process.wait()
        self.log.close()


def measured(spec: dict[str, Any], seconds: float) -> Row:
    """One run and the most memory that it held while it fitted; killed after `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        child, until = Child(spec, Path(folder)), time.monotonic() + seconds
        child.await_file("begun", seconds)
        peaks = (0, 0)
        while child.process.poll() is None and not (child.folder / "fitted").exists() and time.monotonic() < until:
            peaks = tuple(map(max, peaks, child.memory()))  # type: ignore[assignment]
            time.sleep(TICK)
        row = child.result(until - time.monotonic())
    return row | {"peak_rss_gb": round(peaks[0] / 1e9, 3), "peak_pss_gb": round(peaks[1] / 1e9, 3)}


# ---- killed once, and resumed


def resumed(table: str, seed: int, arguments: dict[str, Any], seconds: float) -> Row:
    """An uninterrupted run, then the same one killed at a random moment and started again."""
    with tempfile.TemporaryDirectory() as name:
        folder, spec = Path(name), {"table": table, "seed": seed, "arguments": arguments}
        whole = Child(spec | {"keep": f"{folder}/whole"}, folder).result(seconds)
        if whole.get("error"):
            return whole
        again = spec | {"keep": f"{folder}/again", "arguments": arguments | {"run_dir": f"{folder}/run"}}
        first = Child(again, folder)
        if not first.await_file("begun", seconds):
            return first.result(seconds)
        moment = Random(f"{table} {seed}").uniform(0.0, float(whole["wall"]))
        time.sleep(moment)
        late = (folder / "fitted").exists()
        first.kill()
        told = events(folder / "run")
        second = Child(again, folder).result(seconds)
        if second.get("error"):
            return second | {"killed_at": round(moment, 3)}
        row = compared(told, events(folder / "run"))
        same = _same(folder)
    return row | same | {
        "killed_at": round(moment, 3), "wall_whole": whole["wall"], "wall_resumed": second["wall"], "late": late,
        "trials": second["trials"], "stop_reason": second["stop_reason"], "score_whole": whole["score"],
        "score_resumed": second["score"],
    }  # fmt: skip


def events(run_dir: Path) -> list[Row]:
    """Whole lines of a journal."""
    path = run_dir / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def compared(told: list[Row], after: list[Row]) -> Row:
    """What became of the trials that the journal held at the kill, and of the seconds."""
    finished = [event["trial"] for event in told if event["event"] == "finish"]
    started = {event["trial"] for event in told if event["event"] == "start"}
    new = after[len(told) :]
    again = [event["trial"] for event in new if event["event"] == "start"]
    spent = max((event.get("seconds", 0.0) for event in told), default=0.0)
    went_on = min((event["seconds"] for event in new if "seconds" in event), default=spent)
    return {
        "finished_before": len(finished), "unfinished": len(started - set(finished)),
        "kept": after[: len(told)] == told and not set(again) & set(finished),
        "spent_before": spent, "went_on_at": went_on, "counts": went_on >= spent,
    }  # fmt: skip


def _same(folder: Path) -> Row:
    boards = [pd.read_pickle(folder / f"{name}.board").drop(columns=MEASURED) for name in ("whole", "again")]
    predictions = [np.load(folder / f"{name}.npy") for name in ("whole", "again")]
    return {"same_board": boards[0].equals(boards[1]), "same_predictions": bool(np.array_equal(*predictions))}
