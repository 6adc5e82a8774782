"""Rows of `faults.py` on folders and files: the user's, a stranger's, damaged ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from canary import plant_code
from faults_bench import Bench, Ran, Seen, ended, scene, seen
from soak_damage import FALSE_LOSS, journal_lines, read, sealed

FIT = "tell(fit(executor='inline'))"
GO_ON = "tell(fit(max_trials=4))"


def journal(bench: Bench) -> Path:
    return sorted(bench.run.rglob("journal*.jsonl"))[0]


def rewrite(bench: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Each line of the journal as `change` makes it, its checksum right."""
    journal(bench).write_bytes(sealed([change(read(line)) for line in journal_lines(bench.run)]))


# ---- the user's folders


@scene("`run_dir` is a folder of the user's: `table/`, `prepared/`, `artifacts/`, `reserve`")
def a_users_folder(bench: Bench) -> Seen:
    bench.canaries.fill(bench.run, ("prepared/mine/x", "table/notes.txt", "artifacts/a.pkl", "reserve"))
    return seen(bench.script(FIT), refused=True)


@scene("`run_dir` with a user's file `temporary`, and SIGKILL")
def a_file_called_temporary(bench: Bench) -> Seen:
    bench.canaries.fill(bench.run, ("temporary", "notes.txt"))
    ran = bench.script("tell(fit(callbacks=[stop_after(1)]))")
    time.sleep(3.0)  # for the server to end, and to clear away
    return seen(ran, refused=True) if ran.found else Seen("the process died of SIGKILL", True)


@scene("a link in `run_dir` to a user's folder, `resume=False`")
def a_linked_folder(bench: Bench) -> Seen:
    bench.script(FIT)
    names = {path.name for path in bench.run.iterdir() if path.is_dir()} | {"table", "prepared"}
    for name in names:
        shutil.rmtree(bench.run / name, ignore_errors=True)
        bench.canaries.fill(bench.folder / "users" / name)
        (bench.run / name).symlink_to(bench.folder / "users" / name)
    return seen(bench.script("tell(fit(resume=False))"), refused=None)


@scene("`--out` is a folder with files of the user's")
def a_users_out(bench: Bench) -> Seen:
    bench.canaries.fill(bench.out, ("notes.txt", "leaderboard.csv", "columns.csv", "run.json"))
    return _either(bench, bench.cli(*bench.fit()))


@scene("`--out` folder removed in mid-run")
def out_removed(bench: Bench) -> Seen:
    started = time.monotonic()
    with bench.popen(*bench.fit("--max-trials", "40")) as process:
        while not bench.out.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(1.0)
        shutil.rmtree(bench.out, ignore_errors=True)
        ran = ended(process, started)
    found = bench.model_written(ran)
    return Seen(found.happened + (", a file in its place" if bench.out.is_file() else ""), found.right, found.model)


@scene("two equal starts on one `--out` and `--run-dir`")
def two_starts(bench: Bench) -> Seen:
    started = time.monotonic()
    words = bench.fit("--run-dir", str(bench.run), "--max-trials", "500", "--time-budget", "60")
    with bench.popen(*words) as one:
        while not bench.run.exists() and one.poll() is None:
            time.sleep(0.02)
        with bench.popen(*words) as other:
            second = ended(other, started)
        one.send_signal(signal.SIGINT)  # which hands over
        first = ended(one, started)
    found = bench.model_written(first)
    happened = f"exit codes {first.code} and {second.code}"
    return Seen(happened, found.right and second.code == 2, found.model)


@scene("`predict --out` is a device")
def a_device(bench: Bench) -> Seen:
    device = bench.folder / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        return Seen("(needs a device: root only)", True, "")
    found = bench.model_written(bench.cli(*bench.fit()))
    ran = bench.cli("predict", str(bench.out), str(bench.csv()), "--out", str(device))
    same = stat.S_ISCHR(device.lstat().st_mode)
    happened = f"exit code {ran.code}, {'it still is one' if same else 'replaced by a file'}"
    return Seen(happened, same and ran.code == 0, found.model)


@scene("`save` to a path that is a user's CSV")
def save_over_a_table(bench: Bench) -> Seen:
    path = bench.canaries.plant(bench.folder / "data.csv")
    return seen(bench.script(f"model = fit(); model.save({str(path)!r}); tell(model)"), refused=True)


# ---- a stranger's run


@scene("replay of a stranger's journal that names `run_dir`, `resume` and a planted pickle")
def a_strangers_journal(bench: Bench) -> Seen:
    bench.script(FIT)
    victim = bench.folder / "victim"
    shutil.copytree(bench.run, victim)
    _plant(victim, bench.folder / "ran")
    bench.canaries.fill(victim / "artifacts")
    more = {"run_dir": str(victim), "resume": False, "try_first": None}

    def change(event: dict[str, Any]) -> dict[str, Any]:
        return event | {"arguments": event["arguments"] | more} if event.get("event") == "session" else event

    rewrite(bench, change)
    _plant(bench.run, bench.folder / "ran")
    lines = "from automl import AutoML\nX, y = table()\ntell(AutoML.replay(os.environ['RUN_DIR']).fit(X, y))"
    return _no_code(bench, bench.script(lines))


@scene("resume with a planted pickle in a fold's file")
def a_planted_pickle(bench: Bench) -> Seen:
    bench.script(FIT)
    _plant(bench.run, bench.folder / "ran")
    return _no_code(bench, bench.script(GO_ON))


@scene("altered score in the journal")
def an_altered_score(bench: Bench) -> Seen:
    bench.script(FIT)
    lines = [read(line) for line in journal_lines(bench.run)]
    for event in lines:
        if "measures" in event:
            event["measures"]["loss"] = FALSE_LOSS
    journal(bench).write_bytes(b"".join(json.dumps(event).encode() + b"\n" for event in lines))
    ran = bench.script("model = fit(max_trials=4); tell(model, losses=[trial.loss for trial in model.trials_])")
    believed = FALSE_LOSS in ran.found.get("losses", [])
    found = seen(ran, refused=None)
    return Seen(("believed " if believed else "") + found.happened, found.right and not believed, found.model)


# ---- damage


def _damaged_journal(name: str, change: Callable[[list[bytes]], list[bytes]]) -> None:
    @scene(f"damaged journal: {name}")
    def play(bench: Bench) -> Seen:
        bench.script(FIT)
        journal(bench).write_bytes(b"".join(change(journal_lines(bench.run))))
        return seen(bench.script(GO_ON), refused=None)


def _without(name: str) -> Callable[[list[bytes]], list[bytes]]:
    def change(lines: list[bytes]) -> list[bytes]:
        events = [{key: value for key, value in read(line).items() if key != name} for line in lines]
        return [sealed(events)]

    return change


def _with(**wrong: Any) -> Callable[[list[bytes]], list[bytes]]:
    def change(lines: list[bytes]) -> list[bytes]:
        events = [read(line) for line in lines]
        return [sealed([e | {k: v for k, v in wrong.items() if k in e} for e in events])]

    return change


_damaged_journal("a line is no JSON", lambda lines: [*lines[:3], lines[3][:20] + b"\n", *lines[4:]])
_damaged_journal("a line is not UTF-8", lambda lines: [*lines[:3], b"\xff\xfe\x00\n", *lines[4:]])
_damaged_journal("brackets nested 100,000 deep", lambda lines: [*lines, b"[" * 100_000 + b"\n"])
_damaged_journal("a line is a list", lambda lines: [*lines, b"[1, 2]\n"])
_damaged_journal("lines lack `trial`", _without("trial"))
_damaged_journal("lines lack `status`", _without("status"))
_damaged_journal("`rung` is a word", _with(rung="x"))
_damaged_journal("a candidate that no space has", _with(candidate="nonsense(input, depth=3)"))
_damaged_journal("`seconds` are 1e300", _with(seconds=1e300))
_damaged_journal("the first line is gone", lambda lines: lines[1:])


def _damaged_folds(name: str, damage: Callable[[Path], object], pattern: str) -> None:
    @scene(f"{name} before resume")
    def play(bench: Bench) -> Seen:
        bench.script(FIT)
        for path in sorted(bench.run.rglob(pattern)):
            damage(path)
        return seen(bench.script(GO_ON))


_damaged_folds("every fold's predictions cut short", lambda path: os.truncate(path, path.stat().st_size // 2), "*.npy")
_damaged_folds("every fold's model cut short", lambda path: os.truncate(path, path.stat().st_size // 2), "*.pkl")
_damaged_folds("every fold's small file empty", lambda path: os.truncate(path, 0), "fold*.json")
_damaged_folds("all files of folds removed", Path.unlink, "fold*")


# ---- helpers


def _plant(folder: Path, told: Path) -> None:
    for path in folder.rglob("*.pkl"):
        plant_code(path, told)


def _no_code(bench: Bench, ran: Ran) -> Seen:
    found, happened = seen(ran, refused=None), (bench.folder / "ran").exists()
    return Seen(("the pickle RAN; " if happened else "") + found.happened, found.right and not happened, found.model)


def _either(bench: Bench, ran: Ran) -> Seen:
    """A model, or exit code 2 and a sentence."""
    found = bench.model_written(ran)
    refused = ran.code == 2 and "Traceback" not in ran.said
    return Seen(found.happened, found.right or refused, found.model)
