"""What is not ours stays as it is: folders without our mark, files that hold something else, links and devices."""

import os
import pickle
import stat
import threading

import pytest
from separate import events_of, signed
from sklearn.datasets import load_diabetes

from automl import AutoML
from automl.cli import main
from automl.errors import ArgumentError, ArtifactError, RunDirError
from automl.trials import sealed
from automl.trials.files import write_out, write_whole
from automl.trials.run_dir import FILES, MARK, RunDir, remove_orphans
from automl.trials.store import FolderStore

X, Y = load_diabetes(return_X_y=True, as_frame=True)
TINY = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "include": ["decision_tree", "ridge"]}


def fit(**arguments):
    return AutoML(**{**TINY, "max_trials": 1, **arguments}).fit(X, Y)


def contents(folder):
    """Every file and folder below, and what it holds; links are not followed."""
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


class Planted:
    """Runs code when it is unpickled."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (str(self.witness),)


# ---- folders of runs


@pytest.mark.parametrize("resume", ["auto", False, True])
@pytest.mark.parametrize(
    "files",
    [
        ["prepared/mine/x", "table/notes.txt", "artifacts/x", "reserve"],
        ["temporary"],
        ["lock"],
        ["journal.jsonl"],
        [f"{FILES}/artifacts/x"],
        [f"{FILES}/lock", "notes.txt"],
    ],
    ids=str,
)
def test_a_folder_that_no_run_has_made_is_refused_and_left(tmp_path, files, resume):
    for name in files:
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(RunDirError, match=rf"holds files that are not a run's \(there is no {MARK}\)"):
        RunDir(tmp_path / "p", resume)
    assert contents(tmp_path) == before


def test_names_of_the_users_in_a_run_folder_stay(tmp_path):
    fit(run_dir=tmp_path / "run")
    for name in ("prepared", "table", "artifacts"):
        (tmp_path / "run" / name).mkdir()
        (tmp_path / "run" / name / "mine").write_text("mine")
    (tmp_path / "run" / "reserve").write_text("mine")
    fit(run_dir=tmp_path / "run", resume=False)
    kept = contents(tmp_path / "run")
    assert [kept[f"{name}/mine"] for name in ("prepared", "table", "artifacts")] == [b"mine"] * 3
    assert kept["reserve"] == b"mine"


@pytest.mark.parametrize("place", [FILES, f"{FILES}/artifacts", f"{FILES}/workers.log", "journal.jsonl", MARK])
def test_a_link_in_a_run_folder_is_not_followed(tmp_path, place):
    fit(run_dir=tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("mine")
    link = tmp_path / "run" / place
    if link.is_dir():
        os.rename(link, tmp_path / "moved")
    else:
        link.unlink(missing_ok=True)
    link.symlink_to(tmp_path / "mine")
    before = contents(tmp_path / "mine")
    for resume in ("auto", False):
        with pytest.raises(RunDirError, match=r"is no file|which no run makes|are not a run's"):
            fit(run_dir=tmp_path / "run", resume=resume)
    assert contents(tmp_path / "mine") == before


def test_an_empty_folder_and_one_that_a_kill_left_unmarked_are_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun" / FILES).mkdir(parents=True)
    (tmp_path / "begun" / FILES / "lock").touch()
    for name in ("empty", "begun", "new"):
        with RunDir(tmp_path / name) as run_dir:
            assert (tmp_path / name / MARK).is_file()
            assert len(run_dir.run) == 32


def test_a_mark_that_is_damaged_is_named(tmp_path):
    fit(run_dir=tmp_path / "run")
    (tmp_path / "run" / MARK).write_text("{")
    with pytest.raises(RunDirError, match=f"damaged {MARK}"):
        RunDir(tmp_path / "run")


def test_temporary_folders_of_runs_that_were_killed_go_with_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    alive, killed = RunDir(None), RunDir(None)
    killed.journal.close()  # as a kill does
    killed._lock.release()
    (tmp_path / "automl-mine").mkdir()
    (tmp_path / "automl-mine" / "x").write_text("mine")
    fit(run_dir=tmp_path / "automl-run")  # named by the user: not temporary
    remove_orphans(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["automl-mine", "automl-run", alive.path.name])
    alive.close()
    assert not alive.path.exists()


def test_a_temporary_folder_that_cannot_be_written_goes(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("automl.trials.run_dir.Journal", full)
    with pytest.raises(RunDirError, match="No space left on device"):
        RunDir(None)
    assert list(tmp_path.iterdir()) == []


# ---- a stranger's run


def planted(folder, witness):
    """Every pickle of a run now runs code."""
    paths = list(folder.rglob("*.pkl"))
    assert paths
    for path in paths:
        path.write_bytes(pickle.dumps(Planted(witness)))


def test_a_planted_pickle_is_not_read_on_resume(tmp_path):
    fit(run_dir=tmp_path / "run", max_trials=2)
    planted(tmp_path / "run", tmp_path / "witness")
    store = FolderStore(tmp_path / "run" / FILES)
    key = store.keys("*/*/fold0.pkl")[0]
    with pytest.raises(ArtifactError, match="damaged, or was not written by this user"):
        store.get(key)
    assert len(fit(run_dir=tmp_path / "run", max_trials=3).predict(X)) == len(X)
    assert not (tmp_path / "witness").exists()


def test_a_file_of_another_place_run_or_user_is_not_read(tmp_path, monkeypatch):
    one = sealed.Sealed(tmp_path, "one")
    one.write_pickle(tmp_path / "a.pkl", [1])
    assert one.read_pickle(tmp_path / "a.pkl") == [1]
    (tmp_path / "b.pkl").write_bytes((tmp_path / "a.pkl").read_bytes())
    refused = [(one, "b.pkl"), (sealed.Sealed(tmp_path, "two"), "a.pkl"), (one, "missing.pkl")]
    for other, name in refused:
        with pytest.raises(ArtifactError):
            other.read_pickle(tmp_path / name)
    monkeypatch.setattr(sealed, "session_key", lambda: bytes(32))
    with pytest.raises(ArtifactError):
        one.read_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize("damage", [lambda c: c[:-1], lambda c: c[:20], lambda c: b"", lambda c: c[:9] + b"x" + c[10:]])
def test_a_damaged_array_is_not_read(tmp_path, damage):
    files = sealed.Sealed(tmp_path)
    files.write_array(tmp_path / "a.npy", Y.to_numpy())
    assert (files.read_array(tmp_path / "a.npy") == Y).all()
    (tmp_path / "a.npy").write_bytes(damage((tmp_path / "a.npy").read_bytes()))
    with pytest.raises(ArtifactError):
        files.read_array(tmp_path / "a.npy")


def test_the_key_is_the_users_alone(tmp_path):
    path = sealed.key_path({"XDG_STATE_HOME": str(tmp_path)})
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(sealed._kept_key(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    assert sealed._kept_key(path) not in keys


def strangers(folder, **arguments):
    """A run whose journal, with right checksums, names other arguments."""
    events = events_of(folder)
    next(event for event in events if event["event"] == "session")["arguments"].update(arguments)
    (folder / "journal.jsonl").write_bytes(signed(events))


def test_a_replay_takes_no_path_from_the_journal(tmp_path):
    fit(run_dir=tmp_path / "run")
    victim = fit(run_dir=tmp_path / "victim", max_trials=2)
    assert victim.n_trials_ == 2
    planted(tmp_path / "victim", tmp_path / "witness")
    before = contents(tmp_path / "victim")
    strangers(tmp_path / "run", run_dir=str(tmp_path / "victim"), resume=False, search_space=str(tmp_path / "victim"))
    replayed = AutoML.replay(tmp_path / "run", verbose=0)
    assert (replayed.run_dir, replayed.resume, replayed.search_space) == (None, "auto", None)
    replayed.fit(X, Y)
    assert contents(tmp_path / "victim") == before


def test_a_search_space_of_files_is_to_be_given_again(tmp_path):
    (tmp_path / "space" / "models").mkdir(parents=True)
    fit(run_dir=tmp_path / "run", search_space=tmp_path / "space")
    with pytest.raises(ArgumentError, match="search_space was something that the journal does not keep"):
        AutoML.replay(tmp_path / "run")
    AutoML.replay(tmp_path / "run", search_space=tmp_path / "space", verbose=0).fit(X, Y)


# ---- what is written for the user


def test_a_device_and_a_pipe_are_written_to_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_out(tmp_path / "pipe", lambda path: path.write_bytes(b"rows"))
    reader.join()
    assert read == [b"rows"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_link_that_the_user_names_is_followed_and_the_mode_stays(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o640)
    (tmp_path / "link").symlink_to("file")
    write_out(tmp_path / "link", lambda path: path.write_text("new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640
    write_whole(tmp_path / "link", lambda path: path.write_text("own"))  # in a folder of ours
    assert not (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_model_is_not_saved_over_something_else(tmp_path):
    model = fit()
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ArgumentError, match=r"train.csv' is there already and holds no model"):
        model.save(tmp_path / "train.csv")
    assert (tmp_path / "train.csv").read_text() == "a,b\n1,2\n"
    for _ in range(2):
        model.save(tmp_path / "model")
    assert len(AutoML.load(tmp_path / "model").predict(X)) == len(X)


@pytest.fixture
def table(tmp_path):
    X.assign(target=Y).to_csv(tmp_path / "train.csv", index=False)
    return str(tmp_path / "train.csv")


FIT = ["--target", "target", "--max-trials", "1", "--include", "ridge", "--executor", "inline", "--quiet"]


def test_out_must_be_a_folder_of_ours(tmp_path, table, capsys):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "leaderboard.csv").write_text("mine")
    before = contents(tmp_path)
    assert main(["fit", table, "--out", str(out), *FIT]) == 2
    assert "holds files that are not a model's (there is no automl-model.json)" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_predictions_replace_earlier_ones_and_nothing_else(tmp_path, table, capsys):
    out = str(tmp_path / "model")
    assert main(["fit", table, "--out", out, *FIT]) == 0
    assert main(["fit", table, "--out", out, *FIT]) == 0  # an earlier model is replaced
    predictions = tmp_path / "predictions.csv"
    for _ in range(2):
        assert main(["predict", out, table, "--out", str(predictions), "--quiet"]) == 0
    before = contents(tmp_path)
    for other in (table, str(tmp_path / "model" / "columns.csv")):
        assert main(["predict", out, table, "--out", other, "--quiet"]) == 2
        assert "is there already and holds something else" in capsys.readouterr().err
    assert main(["predict", out, str(predictions), "--out", str(predictions), "--quiet"]) == 2
    assert contents(tmp_path) == before


def test_a_folder_that_vanished_meanwhile_is_made_again(tmp_path, table):
    from automl import model_dir

    model = fit()
    with model_dir.prepared(tmp_path / "out"):
        for path in (tmp_path / "out").iterdir():
            path.unlink()
        (tmp_path / "out").rmdir()
        model_dir.write(tmp_path / "out", model, {})
    assert {"model.joblib", "leaderboard.csv", "automl-model.json"} <= set(os.listdir(tmp_path / "out"))
    with model_dir.prepared(tmp_path / "other"):
        os.rename(tmp_path / "other", tmp_path / "moved")
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "model.joblib").write_text("mine")
        with pytest.raises(ArgumentError, match=r"the model was written to .* instead") as caught:
            model_dir.write(tmp_path / "other", model, {})
    assert (tmp_path / "other" / "model.joblib").read_text() == "mine"
    rescued = str(caught.value).split("'")[-2]
    assert len(AutoML.load(rescued).predict(X)) == len(X)


def test_the_second_of_two_equal_starts_is_refused_and_leaves_the_first(tmp_path):
    from automl import model_dir

    with model_dir.prepared(tmp_path / "out"):
        before = contents(tmp_path)
        with pytest.raises(ArgumentError, match="in use by another run"), model_dir.prepared(tmp_path / "out"):
            pass
        assert contents(tmp_path) == before
    assert not (tmp_path / "out").exists()  # nothing was written
