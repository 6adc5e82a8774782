"""Files as they come: pipes, archives, too large ones, and paths that no file can have."""

import bz2
import gzip
import lzma
import os
import threading
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from automl import AutoML
from automl.cli import main
from automl.errors import ArgumentError, DataError, InputError, InputTypeError, SpaceError
from automl.space.reader import read_space
from automl.tables.files import kept
from automl.tables.read import read_table

TABLE = b"id,a,y\n" + b"".join(b"%03d,%d,%d\n" % (i, i % 7, i % 2) for i in range(60))
LONG = "x" * 300
PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_bytes(TABLE)


def pack(name, files, password=False):
    with zipfile.ZipFile(name, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    if password:  # the flag alone
        content = bytearray(Path(name).read_bytes())
        for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(sign) + place] |= 1
        Path(name).write_bytes(content)


@pytest.fixture
def pipe(tmp_path):
    """Makes a named pipe that a thread writes once."""
    threads = []

    def make(content, name="pipe"):
        os.mkfifo(tmp_path / name)
        threads.append(threading.Thread(target=(tmp_path / name).write_bytes, args=(content,)))
        threads[-1].start()
        return tmp_path / name

    yield make
    for thread in threads:
        thread.join(30)


# ---- what comes out of a file


@pytest.mark.parametrize("packed", [bytes, *PACK.values()], ids=["plain", *PACK])
def test_pipes_are_read_whatever_is_in_them(pipe, packed):
    pd.testing.assert_frame_equal(read_table(pipe(packed(TABLE))), read_table("table.csv"))


def test_a_pipe_is_read_once_and_may_be_empty(pipe, tmp_path):
    with kept(pipe(TABLE)) as file:
        assert read_table(file, as_text=["id"])["id"][7] == "007"
        assert read_table(file)["id"][7] == 7
    assert not file.exists()
    with pytest.raises(DataError, match="empty' is empty"):
        read_table(pipe(b"", "empty"))
    with kept(pipe(b"id,a\n", "header")) as file, pytest.raises(DataError, match=r"path/header' has|/header' has"):
        read_table(file)


@pytest.mark.slow
def test_predict_reads_a_pipe(pipe):
    quick = ["--max-trials", "1", "--include", "naive_bayes", "--n-jobs", "1", "-q"]
    assert main(["fit", "table.csv", "-t", "y", "--drop", "id", *quick]) == 0
    assert main(["predict", "model", str(pipe(TABLE)), "--id-column", "id", "-q"]) == 0
    assert pd.read_csv("predictions.csv", dtype=str)["id"].tolist() == [f"{i:03d}" for i in range(60)]


def test_contents_tell_what_packs_them_and_names_need_not(tmp_path):
    (tmp_path / "packed.csv").write_bytes(gzip.compress(TABLE))
    (tmp_path / "plain.csv.gz").write_bytes(TABLE)
    pack("mac.zip", {"t.csv": TABLE, "__MACOSX/t.csv": b"", "folder/": b""})
    for name in ("packed.csv", "plain.csv.gz", "mac.zip"):
        pd.testing.assert_frame_equal(read_table(name), read_table("table.csv"))


@pytest.mark.parametrize(
    ("name", "make", "sentence"),
    [
        ("two.zip", lambda name: pack(name, {"a": TABLE, "b": TABLE}), "holds 2 files; unpack it and name the table"),
        ("none.zip", lambda name: pack(name, {}), "holds no files; unpack it"),
        (
            "secret.zip",
            lambda name: pack(name, {"a": TABLE}, password=True),
            "cannot be unpacked: File .* is encrypted",
        ),
        ("cut.zip", lambda name: Path(name).write_bytes(b"PK\x03\x04" + b"x" * 50), "cannot be unpacked: File is not"),
        ("empty.csv.gz", lambda name: Path(name).write_bytes(gzip.compress(b"")), "is empty"),
        ("cut.csv.gz", lambda name: Path(name).write_bytes(gzip.compress(TABLE)[:-20]), "cannot be read: Compressed"),
        ("table.csv.zst", lambda name: Path(name).write_bytes(b"\x28\xb5\x2f\xfd"), r"not read \(.zst\); unpack it"),
        ("table.tar.gz", lambda name: Path(name).write_bytes(b""), r"not read \(.tar\); unpack it"),
    ],
)
def test_archives_that_are_no_table(name, make, sentence):
    make(name)
    with pytest.raises(DataError, match=f"'{name}' .*{sentence}") as caught:
        read_table(name)
    assert str(caught.value).count("\n") == 0


def test_the_size_is_limited_before_it_is_in_memory(pipe, tmp_path, monkeypatch, capsys):
    text = b"a,y\n" + b"1,2\n" * 1_000_000  # 4 MB, which gzip makes 4 kB
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(text))
    (tmp_path / "large.csv").write_bytes(text)
    pack("bomb.zip", {"a": text})
    monkeypatch.setattr(pd, "read_csv", lambda *_, **__: pytest.fail("it is read"))
    sentence = "holds more than 2.5 MB .*, a quarter of the memory limit"
    for path in ("bomb.csv.gz", "large.csv", "bomb.zip", pipe(text[: 3 << 20])):
        with pytest.raises(DataError, match=sentence):
            read_table(path, memory_limit=10_000_000)
    assert main(["fit", "bomb.csv.gz", "-t", "y", "--memory-limit", "10MB"]) == 2
    assert "holds more than 2.5 MB" in capsys.readouterr().err


# ---- paths

PATHS = {
    "table": ["fit", "PATH", "-t", "y"],
    "test data": ["fit", "table.csv", "-t", "y", "--test-data", "PATH"],
    "out": ["fit", "table.csv", "-t", "y", "--out", "PATH"],
    "run_dir": ["fit", "table.csv", "-t", "y", "--max-trials", "1", "--run-dir", "PATH"],
    "search_space": ["fit", "table.csv", "-t", "y", "--search-space", "PATH"],
    "model": ["predict", "PATH", "table.csv"],
    "rows": ["predict", "model", "PATH"],
    "board": ["leaderboard", "PATH"],
    "columns": ["columns", "PATH"],
    "suspects": ["suspects", "PATH"],
    "families": ["families", "--search-space", "PATH"],
    "example": ["example", "iris", "--folder", "PATH"],
}


@pytest.mark.parametrize("path", [LONG, "a\0b"], ids=["long", "NUL"])
@pytest.mark.parametrize("command", PATHS.values(), ids=PATHS.keys())
def test_no_path_ends_in_a_traceback(command, path, capsys):
    assert main([path if argument == "PATH" else argument for argument in command]) == 2
    told = capsys.readouterr().err
    assert told.startswith("automl: ")
    assert told.count("\n") == 1
    assert "name too long" in told if path == LONG else "may hold a NUL character, as 'a\\x00b' does" in told


@pytest.mark.parametrize("path", [LONG, "a\0b", 3], ids=["long", "NUL", "a number"])
def test_no_path_ends_in_a_traceback_in_python(path):
    table = pd.read_csv("table.csv")
    kind, sentence = {LONG: (ArgumentError, "name too long"), 3: (InputTypeError, "must be a path; got 3")}.get(
        path, (ArgumentError, "must not hold a NUL character; got 'a.x00b'")
    )
    for name in ("run_dir", "search_space"):
        with pytest.raises(kind, match=f"{name}.*{sentence}"):
            AutoML(**{name: path}, max_trials=1).fit(table, "y")
    with pytest.raises(kind, match=f"path.*{sentence}"):
        AutoML.load(path)
    with pytest.raises(kind, match=f"run_dir.*{sentence}"):
        AutoML.replay(path)
    if path != 3:
        with pytest.raises(InputError):
            read_table(path)


@pytest.mark.parametrize("command", ["predict", "suspects"])
def test_out_that_is_a_folder_is_refused_at_once(command, capsys):
    for folder in (".", ".."):
        arguments = ["model", "table.csv"] if command == "predict" else ["model"]
        assert main([command, *arguments, "--out", folder]) == 2
        assert capsys.readouterr().err == f"automl: --out: '{folder}' is a folder; name a file in it.\n"


# ---- what is nested too deeply


@pytest.mark.parametrize("text", ["a = " + "[" * 9000 + "]" * 9000, "a = " + "{a=" * 9000 + "1" + "}" * 9000])
def test_deep_toml_is_one_sentence(tmp_path, text):
    (tmp_path / "space" / "models").mkdir(parents=True)
    (tmp_path / "space" / "models" / "mine.toml").write_text(text)
    with pytest.raises(SpaceError, match=r"mine\.toml: this is nested too deeply"):
        read_space(tmp_path / "space")


def test_a_damaged_folder_of_a_model_is_one_line(tmp_path, capsys):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "leaderboard.csv").write_bytes(b"rank\n\xff\n")
    for text in ("[" * 9000, "[1]", "{"):
        (tmp_path / "model" / "run.json").write_text(text)
        assert main(["predict", "model", "table.csv"]) == 2
        assert main(["leaderboard", "model"]) == 2
        told = capsys.readouterr().err
        assert told.count("automl: ") == told.count("\n") == 2
