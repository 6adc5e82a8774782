"""What is printed: given up where it cannot be written, replaced where it cannot be encoded, never obeyed."""

import io
import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from automl import AutoML, signals
from automl.cli import main
from automl.output import Lenient, cell, plain, say
from automl.terminal import LiveLine, watching

QUICK = ["--max-trials", "2", "--include", "naive_bayes,decision_tree", "--n-jobs", "1", "--seed", "0"]
QUICK += ["--executor", "inline"]
TABLE = "a,b,y\n" + "".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(60))
RED = "\x1b[31mred\x1b[0m"


class Broken(io.StringIO):
    """A stream that raises once something has to be written."""

    def __init__(self, error, *, waits=False):
        super().__init__()
        self.error, self.waits = error, waits

    def write(self, text):
        if self.waits:  # as a buffer does
            return len(text)
        raise self.error

    def flush(self):
        raise self.error


FULL = OSError(28, "No space left on device")
TROUBLES = {
    "full": Broken(FULL),
    "full, told late": Broken(FULL, waits=True),
    "pipe": Broken(BrokenPipeError(32, "Broken pipe")),
    "closed": Broken(ValueError("I/O operation on closed file")),
    "odd": Broken(RuntimeError("the kernel is gone")),
}


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text(TABLE)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted")
    (folder / "table.csv").write_text(TABLE)
    assert main(["fit", f"{folder}/table.csv", "-t", "y", "--out", f"{folder}/model", "-q", *QUICK]) == 0
    return f"{folder}/model"


# ---- streams


@pytest.mark.parametrize("stream", TROUBLES.values(), ids=TROUBLES.keys())
def test_what_cannot_be_written_is_given_up(monkeypatch, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    say("a line")
    say("a line", error=True)
    monkeypatch.setattr(sys, "stdout", None)
    say("a line")


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "1 ? 2?"), ("cp437", "1 ± 2?"), ("latin-1", "1 ± 2?")])
def test_what_cannot_be_encoded_is_replaced(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    say("1 ± 2…")
    assert stream.buffer.getvalue().decode(encoding) == shown + "\n"


@pytest.mark.parametrize("stream", TROUBLES.values(), ids=TROUBLES.keys())
def test_a_lenient_stream_keeps_why(stream):
    lenient = Lenient(stream)
    assert lenient.write("a") == 1
    lenient.flush()
    lenient.flush()
    assert lenient.trouble is stream.error
    assert not lenient.isatty()
    with pytest.raises(TypeError):  # else it would be taken for one of bytes
        lenient.write(b"")


def test_fit_from_python_goes_on_without_its_lines(monkeypatch):
    import pandas as pd

    table = pd.read_csv("table.csv")
    monkeypatch.setattr(sys, "stdout", TROUBLES["full"])
    quick = {"max_trials": 1, "include": ["naive_bayes"], "executor": "inline", "n_jobs": 1}
    assert len(AutoML(**quick, verbose=1).fit(table, "y").predict(table)) == 60

    def callback(progress):
        raise OSError(28, "mine")

    with pytest.raises(OSError, match="mine"):  # an error of the user's own is the user's to see
        AutoML(**quick, verbose=1, callbacks=[callback]).fit(table, "y")


@pytest.mark.parametrize("trouble", ["full, told late", pytest.param("pipe", marks=pytest.mark.slow)])
def test_fit_on_the_command_line_writes_its_model(monkeypatch, tmp_path, capsys, trouble):
    monkeypatch.setattr(sys, "stdout", TROUBLES[trouble])
    assert main(["fit", "table.csv", "-t", "y", *QUICK]) == 0
    assert {path.name for path in (tmp_path / "model").iterdir()} >= {"model.joblib", "leaderboard.csv", "run.json"}
    told = capsys.readouterr().err
    full = "automl: standard output cannot be written (No space left on device); the rest is not shown.\n"
    assert told == ("" if trouble == "pipe" else full)
    assert sys.stdout is TROUBLES[trouble]


def test_commands_that_only_print_say_that_they_could_not(monkeypatch, fitted):
    lost = {"leaderboard": [fitted], "columns": [fitted], "families": ["ridge"], "suspects": [fitted]}
    done = {"predict": [fitted, "table.csv"], "example": ["iris"], "suspects": [fitted, "--out", "s.csv"]}
    monkeypatch.setattr(sys, "stdout", TROUBLES["full"])
    assert [main([name, *arguments]) for name, arguments in lost.items()] == [1] * 4
    assert [main([name, *arguments]) for name, arguments in done.items()] == [0] * 3
    assert all(os.path.exists(name) for name in ("predictions.csv", "iris.csv", "s.csv"))


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [(">/dev/full", 1, 1), ("| true; exit ${PIPESTATUS[0]}", 1, 0), (">&- 2>&-", 0, 0), (">/dev/null", 0, 0)],
)
def test_a_process_ends_without_complaint(redirected, code, told):
    command = f"{sys.executable} -m automl families {redirected}"
    narrow = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(["bash", "-c", command], env=narrow, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (code, told), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("redirected", ["| head -1 >/dev/null; exit ${PIPESTATUS[0]}", ">/dev/full", ">&- 2>&- <&-"])
def test_a_whole_fit_ends_without_complaint(tmp_path, redirected):
    command = f"{sys.executable} -m automl fit table.csv -t y {' '.join(QUICK)} {redirected}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Exception" not in done.stderr
    assert len(AutoML.load(tmp_path / "model").predict([[1, 2]])) == 1


def test_the_live_line_is_given_up():
    class Terminal(Broken):
        def isatty(self):
            return True

    stream = Lenient(Terminal(BrokenPipeError(32, "Broken pipe")))
    with watching(Console(file=stream, force_terminal=True), None, False) as callbacks:
        assert isinstance(callbacks[0], LiveLine)
    assert isinstance(stream.trouble, BrokenPipeError)


# ---- control characters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (RED, "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x07\x9bm\x7f", "a\\rb\\x07\\x9bm\\x7f"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\udce9", "\\udce9"),
        ("Straße 東京 👩‍👧", "Straße 東京 👩‍👧"),
    ],
)
def test_control_characters_are_shown_as_escapes(text, shown):
    assert plain(text) == cell(text) == shown
    assert plain("a\n\tb") == "a\n\tb"
    assert cell("a\n\tb") == "a\\n\\tb"


def test_no_name_reaches_the_terminal_as_it_is(capsys, tmp_path):
    names = f'"{RED}","b\nline","const{RED}","y{RED}"\n'
    rows = "".join(f"{i},{i % 7},1,{RED if i % 3 else 'no'}\n" for i in range(60))
    (tmp_path / f"{RED}.csv").write_text(names + rows)
    fit = ["fit", f"{RED}.csv", "-t"]
    assert main([*fit, f"y{RED}", "--out", RED, *QUICK]) == 0
    commands = [["columns", RED], ["columns", f"{RED}.csv"], ["leaderboard", RED], ["suspects", RED]]
    commands += [["predict", RED, f"{RED}.csv", "--out", f"p{RED}"], ["predict", RED, "table.csv"]]
    commands += [[*fit, f"q{RED}"], ["families", RED], [f"--{RED}"], [RED], ["fit", f"{RED}.tsv", "-t", "y"]]
    codes = [main(command) for command in commands]
    assert codes == [0] * 5 + [2] * 6
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "\\x1b[31mred" in told.out
    assert "\\x1b[31mred" in told.err


# ---- signals on the command line


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        (["SIGINT", "SIGINT"], 130),
        (["SIGHUP", "SIGHUP", "SIGHUP"], 0),
        pytest.param(["SIGINT"], 0, marks=pytest.mark.slow),
        pytest.param(["SIGHUP", "SIGINT"], 130, marks=pytest.mark.slow),
    ],
)
def test_a_second_ctrl_c_gives_up_and_a_hang_up_never_insists(monkeypatch, tmp_path, capsys, numbers, code):
    seen = []

    def send(progress):
        if progress.trials == 1 and not seen:
            seen.append(LiveLine(None).__rich__().plain)
            for number in numbers:
                os.kill(os.getpid(), getattr(signal, number))
                seen.append(LiveLine(None).__rich__().plain)

    monkeypatch.setattr("automl.settings.check.functions", lambda *_: [send])
    quick = [*QUICK[2:], "--max-trials", "50", "-q"]
    assert main(["fit", "table.csv", "-t", "y", *quick]) == code
    assert (tmp_path / "model" / "model.joblib").exists() == (code == 0)
    assert capsys.readouterr().err == ("" if code == 0 else "automl: stopped at once, and nothing is kept.\n")
    assert "Ctrl-C: stop" in seen[0]
    assert "stopping: the best so far is kept" in seen[1]
    assert not signals.asked()
