"""Whatever breaks during a run: a model is handed over, the journal is whole, and nothing is left behind."""

import errno
import gc
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from misbehaving import HangsDeaf, Slow
from separate import lines_of
from sklearn.datasets import load_iris

from automl import AutoML
from automl.errors import ArgumentError, AutoMLError, DiskError, RunDirError
from automl.execute import pool
from automl.trials import journal as journals
from automl.trials.artifacts import Artifacts, LeafCache
from automl.trials.disk import writing

X, Y = load_iris(return_X_y=True, as_frame=True)
SOUND = ["naive_bayes", "decision_tree"]
FAMILY = """
name = "{name}"
summary = "A family that should not exist."
[estimator]
classification = "misbehaving.{cls}"
[accepts]
"""
CLASSES = {
    "raises": "Raises", "nans": "PredictsNaN", "segfaults": "Segfaults", "leaves": "Leaves", "hangs": "HangsDeaf",
    "eats": "Eats", "killed": "KillsItself", "unwritable": "FindsTheDiskFull", "heavy": "Heavy",
    "jumps": "MovesTheClock", "slow": "Slow",
}  # fmt: skip


@pytest.fixture(autouse=True)
def little_to_preload(monkeypatch):
    monkeypatch.setattr(pool, "PRELOAD", ("automl.evaluate.evaluator", "sklearn.naive_bayes", "sklearn.tree"))


@pytest.fixture
def space(tmp_path):
    """An overlay of the search space with every family that misbehaves."""
    folder = tmp_path / "space"
    (folder / "models").mkdir(parents=True)
    for name, cls in CLASSES.items():
        (folder / "models" / f"{name}.toml").write_text(FAMILY.format(name=name, cls=cls), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def nothing_left(tmp_path_factory, monkeypatch):
    """No process, descriptor, shared memory or temporary folder stays when a fit is over and its model collected."""
    folder = tmp_path_factory.mktemp("temp")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    children, open_before, handlers = living(), descriptors(), handled()
    yield
    gc.collect()
    until = time.monotonic() + 5
    while living() - children and time.monotonic() < until:
        time.sleep(0.02)
    assert not living() - children
    assert handled() == handlers
    assert not [file for file in descriptors() - open_before if not file.startswith("/dev/")]
    assert not list(folder.glob("automl-*"))
    if (maps := Path("/proc/self/maps")).exists():
        assert "/dev/shm" not in maps.read_text()


def living():
    found = psutil.Process().children(recursive=True)
    return {process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE}


def descriptors():
    found = set()
    for link in Path("/proc/self/fd").glob("*") if Path("/proc/self/fd").exists() else ():
        try:
            found.add(f"{link.name} {os.readlink(link)}".split(" ", 1)[1])
        except FileNotFoundError:
            continue
    return found


def handled():
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def automl(space, run_dir, first, **arguments):
    """Candidates by name, the one that breaks first; then sound ones."""
    first = [f"{name}(input)" for name in [*first, *SOUND]]
    include = sorted({name.removesuffix("(input)") for name in first})
    arguments = {"max_trials": len(first), "n_jobs": 1, "cv": 2, "verbose": 0, "random_state": 0, **arguments}
    return AutoML(search_space=space, include=include, try_first=first, run_dir=run_dir, **arguments)


def model_or_sentence(model, word):
    """The fitted model, or None where it was refused with a sentence that holds the word."""
    try:
        model.fit(X, Y)
    except AutoMLError as error:
        said = str(error)
    else:
        assert len(model.predict(X)) == len(X)
        return model
    assert word in said
    assert "\n" not in said
    return None


def events(folder):
    content = (folder / "journal.jsonl").read_bytes()
    assert content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


def check(model, folder, *, written=True):
    """The model predicts, the journal is whole, no finished trial is lost, and the run can be opened again."""
    assert len(model.predict(X)) == len(X)
    finished = [event["trial"] for event in events(folder) if event["event"] == "finish"]
    assert len(finished) == len(set(finished))
    if written:
        assert set(finished) == {trial.number for trial in model.trials_}
    again = AutoML(**{**model.get_params(), "resume": True, "callbacks": None, "executor": "inline"})
    again.set_params(max_trials=max(1, model.n_trials_), time_budget=None)
    again.fit(X, Y)
    told = {trial.number: (trial.status, trial.loss) for trial in again.trials_}
    assert {number: told[number] for number in finished if number in told} == {
        trial.number: (trial.status, trial.loss) for trial in model.trials_ if trial.number in set(finished)
    }
    assert len(again.predict(X)) == len(X)


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)], capture_output=True, text=True, check=False
    ) if shutil.which("mount") else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip(f"a small disk cannot be mounted here ({'' if done is None else done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave no room on a disk."""
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


# ---- what a candidate does to its worker


WRONG = {
    "raises": ("failed", "RuntimeError"),
    "nans": ("failed", ""),
    "segfaults": ("crashed", "SIGSEGV"),
    "leaves": ("crashed", "exit status 3"),
    "hangs": ("timeout", "2.0 s"),
    "killed": ("crashed", "SIGKILL"),
    "unwritable": ("failed", "it is full"),
}


@pytest.mark.parametrize(
    ("wrong", "limits"),
    [
        pytest.param(WRONG, {"trial_timeout": 2.0}, id="one after the other"),
        pytest.param({"eats": ("memory", "memory_limit")}, {"memory_limit": "700MB"}, id="eats"),
    ],
)
def test_a_candidate_that_breaks_costs_its_trial(tmp_path, space, wrong, limits):
    model = automl(space, tmp_path / "run", list(wrong), **limits).fit(X, Y)
    broken, sound = model.trials_[1:-2], model.trials_[-2:]
    statuses = {trial.candidate.family: trial.status for trial in broken}
    assert statuses == {name: status for name, (status, _) in wrong.items()}
    assert all(says in trial.error for trial, (_, says) in zip(broken, wrong.values(), strict=True))
    assert [trial.status for trial in sound] == ["ok", "ok"]
    assert model.stop_reason_ == "max_trials"
    check(model, tmp_path / "run")


@pytest.mark.alone
@pytest.mark.slow
def test_all_of_them_within_a_budget(tmp_path, space):
    wrong = {"segfaults": "crashed", "leaves": "crashed", "hangs": "timeout", "eats": "memory", "raises": "failed"}
    settings = {"max_trials": None, "n_jobs": 2, "trial_timeout": 4, "memory_limit": "1.6GB"}
    started = time.monotonic()
    model = automl(space, tmp_path / "run", list(wrong), time_budget=20, **settings).fit(X, Y)
    assert time.monotonic() - started < 21
    board = model.leaderboard().set_index("family")
    assert {name: board.loc[[name], "status"].iloc[0] for name in wrong} == wrong
    assert board.loc[list(wrong), "rank"].isna().all()
    assert board.loc[list(wrong), "error"].notna().all()
    assert {trial.candidate.family for trial in model.failures_} == set(wrong)
    assert model.score(X, Y) > 0.9


def test_a_worker_that_is_killed_from_outside_costs_its_trial(tmp_path, space):
    def kill(progress):
        server = psutil.Process().children()
        for worker in server[0].children() if server and not progress.trials else []:
            worker.kill()

    model = automl(space, tmp_path / "run", ["hangs"], callbacks=[kill]).fit(X, Y)
    assert [trial.status for trial in model.trials_] == ["ok", "crashed", "ok", "ok"]
    check(model, tmp_path / "run")


@pytest.mark.parametrize("first", [[], pytest.param(["segfaults", "leaves", "killed", "eats"], marks=pytest.mark.slow)])
def test_fresh_interpreters_where_there_is_no_fork(tmp_path, space, monkeypatch, first):
    monkeypatch.setattr(pool, "CAN_FORK", False)
    monkeypatch.delattr(os, "fork")
    model = automl(space, tmp_path / "run", ["leaves", *first], memory_limit="700MB").fit(X, Y)
    statuses = [trial.status for trial in model.trials_]
    assert statuses[:2] == ["ok", "crashed"]
    assert statuses[-2:] == ["ok", "ok"]
    assert "exit status 3" in model.trials_[1].error
    check(model, tmp_path / "run")


# ---- disks


@pytest.mark.parametrize("helps", [True, False])
def test_a_journal_that_cannot_be_written_ends_the_search_in_order(tmp_path, space, monkeypatch, helps):
    """The line that fails is half on disk first; the reserve beside the journal helps, or the disk is full again."""
    write, lines = os.write, []

    def failing(fd, data):
        if not os.readlink(f"/proc/self/fd/{fd}").endswith("journal.jsonl"):
            return write(fd, data)
        lines.append(data)
        if len(lines) < 10 or (helps and not (tmp_path / "run" / "automl-files" / "reserve").exists()):
            return write(fd, data)
        write(fd, data[:20])
        return full()

    monkeypatch.setattr(journals.os, "write", failing)
    model = automl(space, tmp_path / "run", ["slow"], max_trials=20, executor="inline").fit(X, Y)
    monkeypatch.setattr(journals.os, "write", write)
    assert model.stop_reason_ == "disk"
    assert any("it is full" in note for note in model.time_report_["notes"])
    assert 2 <= model.n_trials_ <= 4
    assert (events(tmp_path / "run")[-1]["event"] == "end") == helps
    check(model, tmp_path / "run", written=helps)


def test_a_disk_that_is_filled_by_others(space, small_disk):
    def crowd(progress):
        if progress.trials == 2:
            fill(small_disk)

    run = small_disk / "run"
    model = automl(space, run, ["slow"], max_trials=20, callbacks=[crowd]).fit(X, Y)
    assert model.stop_reason_ == "disk"
    assert events(run)[-1]["event"] == "end"
    (small_disk / "filler").unlink()
    check(model, run)


def test_a_disk_that_is_filled_by_models(space, small_disk):
    run = small_disk / "run"
    model = automl(space, run, ["heavy"], cv=3, executor="inline").fit(X, Y)
    assert [trial.status for trial in model.trials_] == ["ok", "failed", "ok", "ok"]
    assert "it is full" in model.trials_[1].error
    assert model.stop_reason_ == "max_trials"
    check(model, run)


def test_models_that_do_not_fit_one_after_the_other_end_the_search(tmp_path, space, monkeypatch):
    """A small line of the journal may still fit where no model does."""
    model = automl(space, tmp_path / "run", [], max_trials=20, executor="inline")
    save = Artifacts.save_fold

    def save_fold(self, *arguments):
        with writing("A model", self.store.run_dir):
            return full() if lines_until_full < len(lines_of(tmp_path / "run")) else save(self, *arguments)

    lines_until_full = 8
    monkeypatch.setattr(Artifacts, "save_fold", save_fold)
    model.fit(X, Y)
    assert model.stop_reason_ == "disk"
    assert [trial.status for trial in model.trials_][-3:] == ["failed"] * 3
    assert any("free some of it" in note for note in model.time_report_["notes"])
    monkeypatch.undo()
    finished = model.n_trials_
    again = automl(space, tmp_path / "run", [], max_trials=finished + 1, executor="inline").fit(X, Y)
    assert again.n_trials_ > finished


def test_a_disk_without_room_is_refused_at_once(space, small_disk):
    fill(small_disk)
    with pytest.raises(RunDirError, match="cannot be written"):
        automl(space, small_disk / "run", []).fit(X, Y)


def test_prepared_arrays_that_cannot_be_written_cost_nothing(tmp_path, space, monkeypatch):
    monkeypatch.setattr(LeafCache, "_make_room", full)
    model = automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    assert [trial.status for trial in model.trials_] == ["ok"] * 3
    assert not list((tmp_path / "run").glob("automl-files/prepared/*"))
    check(model, tmp_path / "run")


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_a_disk_without_room_for_the_table_or_the_first_model_is_named(tmp_path, space, monkeypatch, executor):
    place = "execute.supervisor" if executor == "processes" else "trials.sealed"
    monkeypatch.setattr(f"automl.{place}.write_whole", full)
    with pytest.raises(DiskError, match=r"to the disk of run_dir .*it is full"):
        automl(space, tmp_path / "run", [], executor=executor).fit(X, Y)
    monkeypatch.undo()
    check(automl(space, tmp_path / "run", [], executor="inline").fit(X, Y), tmp_path / "run")


def test_a_read_only_disk_is_refused_at_once(space, small_disk):
    (small_disk / "run").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(RunDirError, match="Read-only file system"):
        automl(space, small_disk / "run", []).fit(X, Y)


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path, space, monkeypatch):
    def read_only(path, *_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "write_bytes", read_only)
    with pytest.raises(RunDirError, match="Read-only file system"):
        automl(space, tmp_path / "run", []).fit(X, Y)
    monkeypatch.undo()
    check(automl(space, tmp_path / "run", [], executor="inline").fit(X, Y), tmp_path / "run")  # the lock is free


def test_models_stay_within_a_quarter_of_the_free_disk(tmp_path, space, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=25_000_000))
    model = automl(space, tmp_path / "run", ["heavy"], cv=3, executor="inline").fit(X, Y)  # 9 MB
    assert [trial.status for trial in model.trials_] == ["ok"] * 4
    sizes = [path.stat().st_size for path in (tmp_path / "run" / "automl-files" / "artifacts").rglob("fold*.pkl")]
    assert 0 < sum(sizes) < 6_500_000
    check(model, tmp_path / "run")


def test_a_damaged_journal_is_refused(tmp_path, space):
    automl(space, tmp_path / "run", [], max_trials=1, executor="inline").fit(X, Y)
    path = tmp_path / "run" / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{nonsense\n", *lines[1:]]))
    with pytest.raises(RunDirError, match=r"damaged journal \(line 2"):
        automl(space, tmp_path / "run", [], max_trials=1, executor="inline").fit(X, Y)


# ---- signals to the main process


@pytest.mark.parametrize(
    ("executor", "number"),
    [
        ("inline", signal.SIGINT),
        ("inline", signal.SIGTERM),
        ("processes", signal.SIGINT),
        pytest.param("processes", signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_a_signal_during_the_search_ends_it_in_order(tmp_path, space, executor, number):
    def send(progress):
        if progress.trials == 1:
            os.kill(os.getpid(), number)

    model = automl(space, tmp_path / "run", ["slow"], max_trials=50, executor=executor, callbacks=[send]).fit(X, Y)
    assert model.stop_reason_ == "interrupted"
    assert 1 <= model.n_trials_ <= 2
    assert "running" not in {trial.status for trial in model.trials_}
    check(model, tmp_path / "run")


def test_a_signal_leaves_a_candidate_that_runs_in_the_main_process(tmp_path, space, monkeypatch):
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM))
    model = automl(space, tmp_path / "run", [], executor="inline").set_params(
        include=["naive_bayes", "hangs"], try_first=["naive_bayes(input)", "hangs(input)"]
    )
    started = time.monotonic()
    mask = signal.getsignal(signal.SIGHUP)
    try:
        monkeypatch.setattr(HangsDeaf, "fit", lambda self, X, y: timer.start() or time.sleep(60))
        model.fit(X, Y)
    finally:
        signal.signal(signal.SIGHUP, mask)
        timer.join()
    assert time.monotonic() - started < 10
    assert model.stop_reason_ == "interrupted"
    assert [trial.status for trial in model.trials_] == ["ok", "ok", "cut"]


def test_a_signal_before_there_is_a_model_leaves_fit(tmp_path, space):
    def scorer(estimator, X, y):
        os.kill(os.getpid(), signal.SIGTERM)
        return 1.0

    for folder in (tmp_path / "run", None):
        with pytest.raises(KeyboardInterrupt):
            automl(space, folder, [], metric=scorer).fit(X, Y)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_hand_over_changes_nothing(tmp_path, space, monkeypatch, number):
    from automl.ensemble.combiners import Greedy

    sent = []  # once: the second one ends it, and a selection is done again on rows drawn anew

    def select(*arguments, **named):
        if not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        return chosen(*arguments, **named)

    chosen = Greedy.fit
    monkeypatch.setattr(Greedy, "fit", select)
    model = automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    assert sent
    assert model.stop_reason_ == "max_trials"
    assert len(model.best_pipeline_.predict(X)) == len(X)
    monkeypatch.undo()
    check(model, tmp_path / "run")


def test_a_handler_of_the_callers_stays(tmp_path, space, monkeypatch):
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        mine = signal.getsignal(signal.SIGTERM)
        send = [lambda progress: os.kill(os.getpid(), signal.SIGTERM) if progress.trials == 1 else None]
        model = automl(space, tmp_path / "run", [], executor="inline", callbacks=send).fit(X, Y)
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen
    assert model.stop_reason_ == "max_trials"


def test_fit_in_another_thread_sets_no_handlers(space):
    handlers, seen = handled(), []
    look = [lambda progress: seen.append(handled())]
    model = automl(space, None, [], executor="inline", callbacks=look)
    thread = threading.Thread(target=model.fit, args=(X, Y))
    thread.start()
    thread.join(60)
    assert len(model.predict(X)) == len(X)
    assert seen
    assert all(one == handlers for one in seen)


SCRIPT = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from test_faults import X, Y, automl, pool
pool.PRELOAD = ("automl.evaluate.evaluator", "sklearn.naive_bayes", "sklearn.tree")
def twice(progress):
    if {twice} and progress.trials == 2:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    if progress.trials == 2:
        print("searching", flush=True)
first = ["naive_bayes", "decision_tree", "hangs"]
model = automl({space!r}, {run!r}, first, callbacks=[twice], trial_timeout=1).fit(X, Y)
print(model.stop_reason_)
"""


def script(space, run, temp, twice=False):
    text = SCRIPT.format(tests=str(Path(__file__).parent), twice=twice, space=str(space), run=run and str(run))
    environment = {**os.environ, "TMPDIR": str(temp), "PYTHONPATH": str(Path(__file__).parent.parent)}
    return subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, env=environment, text=True)


@pytest.mark.slow
def test_the_second_sigterm_kills(tmp_path, space):
    with script(space, tmp_path / "run", tmp_path, twice=True) as process:
        assert process.wait(30) == -signal.SIGTERM
    assert [event["event"] for event in events(tmp_path / "run")].count("finish") >= 3
    resumed = automl(space, tmp_path / "run", ["naive_bayes", "decision_tree", "hangs"], trial_timeout=1)
    check(resumed.fit(X, Y), tmp_path / "run", written=False)


@pytest.mark.parametrize("named", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_nothing_survives_a_killed_main_process(tmp_path, space, monkeypatch, named):
    run, temp = tmp_path / "run", tmp_path / "temp"
    temp.mkdir()
    with script(space, run if named else None, temp) as process:
        assert process.stdout.readline() == "searching\n"
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) == 2
        process.kill()
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
    assert not list(temp.glob("automl-*"))
    if named:
        monkeypatch.setattr(HangsDeaf, "fit", Slow.fit)
        resumed = automl(space, run, ["naive_bayes", "decision_tree", "hangs"], trial_timeout=1, executor="inline")
        check(resumed.fit(X, Y), run, written=False)


# ---- what goes missing, or is damaged


@pytest.mark.parametrize(
    "do",
    [shutil.rmtree, lambda run: run.rename(f"{run} 2")],
    ids=["removed", "renamed"],
)
def test_a_run_folder_that_goes_in_mid_run(tmp_path, space, do):
    def act(progress):
        if progress.trials == 2 and (tmp_path / "run").exists():
            do(tmp_path / "run")

    model = automl(space, tmp_path / "run", ["slow"], executor="inline", callbacks=[act]).fit(X, Y)
    assert len(model.predict(X)) == len(X)
    assert model.n_trials_ >= 2


@pytest.mark.slow
def test_a_server_of_workers_that_is_killed(tmp_path, space):
    def kill(progress):
        if progress.trials == 1:
            for server in psutil.Process().children():
                server.kill()

    model = automl(space, tmp_path / "run", ["slow"], callbacks=[kill]).fit(X, Y)
    assert model.score(X, Y) > 0.9
    check(model, tmp_path / "run")


FAILING_FORK = """
import os, sys
if any("execute.server" in word for word in sys.orig_argv) and not os.path.exists({told!r}):
    fork = os.fork
    def fail():
        open({told!r}, "w").close()
        os.fork = fork
        raise BlockingIOError(11, "Resource temporarily unavailable")
    os.fork = fail
"""


@pytest.mark.slow
def test_a_fork_that_fails_once(tmp_path, space, monkeypatch):
    told = tmp_path / "failed"
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(FAILING_FORK.format(told=str(told)), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "first"))
    model = automl(space, None, []).fit(X, Y)
    assert told.exists()
    assert model.score(X, Y) > 0.9


def halved(path):
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    ("pattern", "damage"),
    [
        pytest.param("*.npy", halved, id="predictions cut short"),
        pytest.param("*.pkl", halved, id="a model cut short"),
        pytest.param("fold*.json", lambda path: os.truncate(path, 0), id="a result empty"),
        pytest.param("fold*", Path.unlink, id="all folds removed"),
    ],
)
def test_files_of_folds_that_are_damaged_cost_their_trials(tmp_path, space, pattern, damage):
    automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    damaged = sorted((tmp_path / "run").rglob(pattern))
    assert damaged
    for path in damaged:
        damage(path)
    model = automl(space, tmp_path / "run", [], executor="inline", max_trials=3).fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_descriptors_do_not_grow_with_trials_and_folds(tmp_path, space):
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 40, before[1]))
    try:
        model = automl(space, tmp_path / "run", [], executor="inline", cv=10, max_trials=8).fit(X, Y)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert model.score(X, Y) > 0.9


def test_output_that_cannot_be_written_is_given_up(tmp_path, space, monkeypatch):
    with open("/dev/full", "w", buffering=1, encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        try:
            model = automl(space, tmp_path / "run", [], executor="inline", verbose=1).fit(X, Y)
        finally:
            monkeypatch.undo()
            os.dup2(null := os.open(os.devnull, os.O_WRONLY), stream.fileno())  # what is buffered goes somewhere
            os.close(null)
    assert model.score(X, Y) > 0.9


# ---- what is not ours


def planted(folder, *names):
    """Files of the user's, and what they hold."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}, the user's own", encoding="utf-8")
    return {folder / name: f"{name}, the user's own" for name in names}


def assert_untouched(files):
    assert {path: path.exists() and path.read_text(encoding="utf-8") for path in files} == files


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["prepared/mine/x", "table/notes.txt", "artifacts/a.pkl", "reserve"], id="folders of the user's"),
        pytest.param(["temporary", "notes.txt"], id="a file called temporary"),
    ],
)
@pytest.mark.parametrize("resume", ["auto", False])
def test_a_folder_of_the_users_is_refused(tmp_path, space, names, resume):
    files = planted(tmp_path / "run", *names)
    with pytest.raises(RunDirError, match="run_dir"):
        automl(space, tmp_path / "run", [], executor="inline", resume=resume).fit(X, Y)
    assert_untouched(files)
    assert {path for path in (tmp_path / "run").rglob("*") if path.is_file()} == set(files)


def test_a_folder_behind_a_link_is_left_alone(tmp_path, space):
    run = tmp_path / "run"
    automl(space, run, [], executor="inline").fit(X, Y)
    folders = [path for path in run.iterdir() if path.is_dir()]
    files = {}
    for folder in folders:
        shutil.rmtree(folder)
        files |= planted(tmp_path / "users" / folder.name, "notes.txt", "deep/notes.txt")
        folder.symlink_to(tmp_path / "users" / folder.name)
    assert files
    model_or_sentence(automl(space, run, [], executor="inline", resume=False), "run_dir")
    assert_untouched(files)


class Planted:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def plant_pickles(folder, told):
    paths = sorted(folder.rglob("*.pkl"))
    assert paths
    for path in paths:
        path.write_bytes(pickle.dumps(Planted(told)))


@pytest.mark.filterwarnings("ignore:unclosed file")  # the planted one
def test_a_planted_pickle_is_not_read(tmp_path, space):
    automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    plant_pickles(tmp_path / "run", tmp_path / "ran")
    model_or_sentence(automl(space, tmp_path / "run", [], executor="inline", max_trials=3), "")
    assert not (tmp_path / "ran").exists()


def test_a_strangers_journal_names_no_folder(tmp_path, space):
    run, victim = tmp_path / "run", tmp_path / "victim"
    for folder in (run, victim):
        automl(space, folder, [], executor="inline").fit(X, Y)
    before = {path: path.read_bytes() for path in sorted(victim.rglob("*")) if path.is_file()}
    wanted = {"run_dir": str(victim), "resume": False}
    rewrite(run, lambda event: event | {"arguments": {**event.get("arguments", {}), **wanted}}, "session")
    with suppress(AutoMLError):  # a sentence is as good as a model
        model = AutoML.replay(run, search_space=space, verbose=0)
        assert model.run_dir != str(victim)
        model.fit(X, Y)
    assert {path: path.read_bytes() for path in sorted(victim.rglob("*")) if path.is_file()} == before


def rewrite(run, change, kind=""):
    """Lines of a run's journal, or those of one kind, as `change` makes them."""
    path = run / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    told = [json.loads(line) for line in lines]
    new = [json.dumps(change(event)).encode() + b"\n" if kind in event["event"] else line
           for event, line in zip(told, lines, strict=True)]  # fmt: skip
    assert new != lines
    path.write_bytes(b"".join(new))


def test_an_altered_score_is_not_believed(tmp_path, space):
    loss = 1.25e-7
    automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    rewrite(tmp_path / "run", lambda event: event | {"measures": event["measures"] | {"loss": loss}}, "finish")
    model = model_or_sentence(automl(space, tmp_path / "run", [], executor="inline"), "journal")
    assert model is None or loss not in {trial.loss for trial in model.trials_}


def without(name):
    return lambda events: [{key: value for key, value in event.items() if key != name} for event in events]


def having(name, wrong):
    return lambda events: [{**event, name: wrong} if name in event else event for event in events]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda events: [*events, [1, 2]], id="a list"),
        pytest.param(lambda events: [*events, b"\xff\xfe"], id="not UTF-8"),
        pytest.param(without("trial"), id="no trial"),
        pytest.param(without("status"), id="no status"),
        pytest.param(having("rung", "x"), id="a word for a rung"),
        pytest.param(having("candidate", "nonsense(input, depth=3)"), id="no such candidate"),
        pytest.param(having("seconds", 1e300), id="seconds beyond all"),
        pytest.param(lambda events: events[1:], id="no first line"),
    ],
)
def test_a_damaged_journal_ends_with_a_model_or_a_sentence(tmp_path, space, damage):
    automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
    changed = damage(events(tmp_path / "run"))
    lines = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in changed]
    (tmp_path / "run" / "journal.jsonl").write_bytes(b"\n".join([*lines, b""]))
    model_or_sentence(automl(space, tmp_path / "run", [], executor="inline"), "run_dir")


def test_a_model_is_not_saved_over_a_table(tmp_path, space):
    files = planted(tmp_path, "data.csv")
    model = automl(space, None, [], executor="inline").fit(X, Y)
    with pytest.raises(ArgumentError, match="path"):
        model.save(tmp_path / "data.csv")
    assert_untouched(files)


# ---- the clock, and others


@pytest.mark.alone
@pytest.mark.parametrize("days", [pytest.param(1, marks=pytest.mark.slow), -1])
def test_a_clock_that_jumps_changes_nothing(tmp_path, space, monkeypatch, days):
    now = time.time

    def jump(progress):
        if progress.trials == 1:
            monkeypatch.setattr(time, "time", lambda: now() + 86_400 * days)

    settings = {"max_trials": None, "trial_timeout": 1, "callbacks": [jump]}
    for budget in (4, 20, 100):
        run = tmp_path / f"run{budget}"
        started = time.monotonic()
        model = automl(space, run, ["jumps", "slow"], time_budget=budget, **settings).fit(X, Y)
        took = time.monotonic() - started
        if [trial.status for trial in model.trials_[:3]].count("ok") == 3:  # on busy cores, workers come up late
            break
    assert took < 2 * budget  # a day is what the clock jumps by
    assert model.trials_[1].status == "ok"
    assert model.stop_reason_ in ("time_budget", "exhausted")
    assert model.n_trials_ >= 3
    assert all(0 <= trial.started <= trial.finished < took for trial in model.trials_)
    assert time.time() > now() + 80_000 or days < 0
    check(model, run)


def test_no_wall_clock_decides_anything():
    """Only the age of the process, where it cannot be had from the kernel, is told by it."""
    package = Path(__file__).parent.parent / "automl"
    users = [p.name for p in package.rglob("*.py") if "time.time()" in p.read_text(encoding="utf-8")]
    assert users == ["cli.py"]


def test_two_runs_in_one_folder(tmp_path, space):
    refused = []

    def intrude(progress):
        if not refused:
            with pytest.raises(RunDirError, match="in use by another run"):
                automl(space, tmp_path / "run", [], executor="inline").fit(X, Y)
            refused.append(1)

    model = automl(space, tmp_path / "run", [], executor="inline", callbacks=[intrude]).fit(X, Y)
    assert refused
    assert model.stop_reason_ == "max_trials"
    check(model, tmp_path / "run")
