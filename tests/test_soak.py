"""Small runs of `benchmarks/soak.py`: a kill, a limit or damage each, and whether the soak sees what it must see."""

import signal
import sys
from pathlib import Path
from random import Random

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import soak  # noqa: E402
from canary import Canaries, plant_code  # noqa: E402
from soak_damage import FALSE_LOSS, Damage, journal_lines, safe  # noqa: E402
from soak_plan import DAMAGES, Plan, Start, draw  # noqa: E402
from soak_processes import Warm, owned  # noqa: E402
from soak_run import Ended, Scene, play  # noqa: E402

KILL = Start(event="signal", number=signal.SIGKILL, target="main", moment=0.6)
HANG_UP = Start(event="signal", number=signal.SIGHUP, target="main", moment=0.8)
SLOW = pytest.mark.slow
PLANS = [
    pytest.param("processes", "own", (KILL, Start()), id="killed, and goes on", marks=SLOW),
    pytest.param("inline", "user's", (Start(),), id="the user's folder"),
    pytest.param("inline", "own", (Start(), Start(("code",))), id="planted pickle"),
    pytest.param("inline", "own", (Start(limit=("NOFILE", 64)),), id="few descriptors", marks=SLOW),
    pytest.param("inline", "none", (Start(),), id="nothing happens", marks=SLOW),
    pytest.param("processes", "own", (HANG_UP,), id="SIGHUP"),
    pytest.param("inline", "own", (Start(), Start(("all artifacts",))), id="artifacts removed", marks=SLOW),
    pytest.param("inline", "own", (Start(), Start(("the whole folder",))), id="the user's in its place", marks=SLOW),
    pytest.param("inline", "own", (Start(), Start(("score",))), id="altered score", marks=SLOW),
]


@pytest.fixture(scope="module")
def warm():
    process = Warm()
    yield process
    process.close()


def plan(executor, folder, starts):
    table = {"task": "binary", "rows": 80, "columns": 3, "seed": 1}
    settings = {
        "cv": 2, "n_jobs": 1, "random_state": 1, "verbose": 0, "time_budget": None, "max_trials": 3,
        "executor": executor, "search": "random", "include": ["naive_bayes", "decision_tree"],
    }  # fmt: skip
    return Plan(1, table, settings, folder, starts)


@pytest.mark.parametrize(("executor", "folder", "starts"), PLANS)
def test_what_must_hold_holds(warm, executor, folder, starts):
    scene = play(plan(executor, folder, starts), warm)
    assert scene.failures == []
    assert len(scene.outcomes) == len(scene.plan.starts)


# ---- whether the soak sees it


@pytest.fixture
def scene(tmp_path):
    return Scene(plan("inline", "own", ()), tmp_path, None)


def told(**fields):
    return {"finite": True, "trials": [], "reason": "max_trials", **fields}


def refused(error="RunDirError", ours=True, message="run_dir is in use."):
    return {"error": error, "ours": ours, "message": message, "place": "run_dir.py:_open"}


@pytest.mark.parametrize(
    ("start", "ended", "kind"),
    [
        (Start(), Ended(0, 1.0, told=told()), ""),
        (Start(), Ended(0, 1.0, told=told(finite=False)), "not finite"),
        (Start(), Ended(-9, 40.0, hung=True), "hangs"),
        (Start(), Ended(-11, 1.0), "died (SIGSEGV)"),
        (Start(), Ended(1, 1.0), "died (status 1)"),
        (Start(), Ended(0, 1.0, told=refused()), "for no reason"),
        (Start(limit=("AS", 1)), Ended(0, 1.0, told=refused()), ""),
        (Start(limit=("AS", 1)), Ended(0, 1.0, told=refused("OSError", ours=False)), "raw OSError"),
        (Start(limit=("AS", 1)), Ended(0, 1.0, told=refused(message="a\nb")), "more than a sentence"),
        (KILL, Ended(-9, 1.0, sent=0.6), ""),
        (KILL, Ended(-9, 1.0), "died (SIGKILL)"),  # not by the soak
        (HANG_UP, Ended(-1, 1.0, sent=0.8), "instead of ending in order"),
        (HANG_UP, Ended(-1, 1.0, sent=0.8, fitted=True), ""),
        (HANG_UP, Ended(0, 1.0, sent=0.8, told=refused("KeyboardInterrupt", ours=False)), ""),
        (HANG_UP, Ended(0, 1.0, told=refused("KeyboardInterrupt", ours=False)), "raw KeyboardInterrupt"),
    ],
)
def test_an_end_is_judged(scene, start, ended, kind):
    found = "; ".join(scene._judged(start, ended, []))
    assert kind in found
    assert bool(kind) == bool(found)


def test_a_touched_file_is_told(tmp_path):
    canaries = Canaries()
    paths = [canaries.plant(tmp_path / name) for name in ("a/same", "b/changed", "b/gone", "b/replaced", "b/linked")]
    assert canaries.touched() == []
    paths[1].write_text("anything")
    for path in paths[2:]:
        path.unlink()
    paths[3].mkdir()
    paths[4].symlink_to(paths[0])
    assert canaries.touched() == ["changed is changed", "gone is gone", "replaced is replaced", "linked is replaced"]
    assert canaries.holds(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "c")
    canaries.move(tmp_path / "a", tmp_path / "c")
    canaries.forget(tmp_path / "b")
    assert canaries.touched() == []


LINES = [
    b'{"event":"run"}\n', b'{"event":"start","trial":0}\n', b'{"event":"finish","trial":0,"measures":{"loss":0.5}}\n',
    b'{"event":"start","trial":1}\n', b'{"event":"finish","trial":1,"measures":{"loss":0.4}}\n',
]  # fmt: skip


def a_run(folder):
    (folder / "artifacts" / "key").mkdir(parents=True)
    (folder / "artifacts" / "key" / "fold0.pkl").write_bytes(b"pickle")
    (folder / "journal.jsonl").write_bytes(b"".join(LINES))


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_done_to_the_run_and_never_to_the_users_files(tmp_path, kind):
    run, canaries = tmp_path / "run", Canaries()
    a_run(run)
    canaries.fill(run, ("mine.txt", "table/notes.txt"))
    before = content(run)
    (tmp_path / "users").mkdir()
    assert Damage(run, tmp_path / "users", canaries, Random(1)).do(kind)
    assert canaries.touched() == []
    assert content(run) != before


def content(folder):
    found = {path: (path.lstat().st_mode, path.is_file() and path.read_bytes()) for path in sorted(folder.rglob("*"))}
    return found | {folder: folder.is_symlink()}


def test_lines_that_nobody_damaged_are_safe():
    finishes = [LINES[2], LINES[4]]
    assert safe(LINES, LINES) == finishes
    assert safe(LINES, LINES[:4]) == [LINES[2]]
    assert safe(LINES, [*LINES[:1], b"x\n", *LINES[2:]]) == [LINES[4]]
    assert safe(LINES, LINES[1:]) == []


def test_lost_and_altered_trials_are_told(scene):
    a_run(scene.run)
    whole = Ended(0, 1.0, told=told(trials=[[0, "ok", 0.5], [1, "ok", FALSE_LOSS]]))
    assert scene._lost(Start(), whole, ["score"], [LINES[2]]) == ["an altered score is believed"]
    (scene.run / "journal.jsonl").write_bytes(b"".join(LINES[:2]))
    assert scene._lost(Start(), Ended(0, 1.0), [], journal_lines(scene.run)[1:]) == []
    assert scene._lost(Start(), Ended(0, 1.0), [], [LINES[2]]) == ["a finished trial is lost"]


def test_a_planted_pickle_tells_that_it_was_read(tmp_path):
    import pickle

    plant_code(tmp_path / "planted.pkl", tmp_path / "ran")
    assert not (tmp_path / "ran").exists()
    pickle.loads((tmp_path / "planted.pkl").read_bytes()).close()
    assert (tmp_path / "ran").exists()


def test_a_run_is_drawn_from_its_number():
    plans = [draw(0, number) for number in range(200)]
    assert plans == [draw(0, number) for number in range(200)]
    assert draw(1, 3) != draw(0, 3)
    starts = [start for one in plans for start in one.starts]
    assert {name for start in starts for name in start.damages} == set(DAMAGES)
    assert {one.folder for one in plans} == {"own", "none", "user's", "small disk"}
    assert not any(one.starts[0].damages for one in plans)


def test_rows_are_kept_skipped_and_grouped(tmp_path, monkeypatch, capsys):
    done = []

    def one(seed, number, warm):
        done.append(number)
        failures = "hangs; processes left" if number % 2 else ""
        return {"seed": seed, "number": number, "outcomes": "ok", "failures": failures, "seconds": 1.0}, None

    class Idle:
        def close(self):
            pass

    monkeypatch.setattr(soak, "one", one)
    monkeypatch.setattr(soak, "Warm", Idle)
    file = tmp_path / "soak.csv"
    for many in (2, 4):
        soak.batch("now", 0, list(range(many)), 1, file)
    assert done == [0, 1, 2, 3]
    soak.report("now", 0, file)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "now: 4 runs (4 starts, 1 min in all), 2 failed.", "    2  hangs: 1, 3", "    2  processes left: 1, 3",
    ]  # fmt: skip


def test_processes_of_a_run_are_known_by_their_environment(tmp_path):
    import os
    import subprocess

    token = f"{os.getpid()}-test"
    program = "print('here', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env={**os.environ, "AUTOML_SOAK": token}) as process:  # fmt: skip
        assert process.stdout.readline()  # until then its environment may be unreadable: it is still being started
        assert [one.pid for one in owned(token)] == [process.pid]
        process.communicate(b"\n")
    assert owned(token) == []
