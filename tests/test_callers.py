"""Who may call `fit` with worker processes: everybody. Nobody's `__main__` runs twice, and no worker outlives them."""

import json
import subprocess
import sys
import time

import psutil
import pytest

CODE = """
import sys
print("once", flush=True)
from sklearn.datasets import load_iris
from automl import AutoML
X, y = load_iris(return_X_y=True, as_frame=True)
model = AutoML(include=["decision_tree", "naive_bayes"], max_trials=2, n_jobs=1, verbose=0, random_state=0)
board = model.fit(X, y).leaderboard()
print(*board["status"], len(model.predict(X)))
"""
SAID = ["once", "ok", "ok", "ok", "150"]

LONG = """
import sys
from sklearn.datasets import load_breast_cancer
from automl import AutoML
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
AutoML(time_budget=60, n_jobs=2, verbose=0, run_dir=sys.argv[1]).fit(X, y)
"""


def run(arguments, **given):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False, **given
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_script_without_a_guard(tmp_path):
    """A metric that is defined in `__main__` reaches the workers, which never import it."""
    script = CODE.replace(
        "board = ",
        """
def hits(estimator, X, y):
    return float((estimator.predict(X) == y).mean())
seen = []
model.set_params(metric=hits, callbacks=[lambda progress: seen.append(progress.metric)])
board = """,
    )
    (tmp_path / "script.py").write_text(script + "print(model.metric_, seen[0])\n", encoding="utf-8")
    assert run(["script.py"], cwd=tmp_path) == [*SAID, "hits", "hits"]


@pytest.mark.slow
def test_code_on_the_command_line(tmp_path):
    assert run(["-c", CODE], cwd=tmp_path) == SAID


@pytest.mark.slow
def test_script_on_standard_input(tmp_path):
    assert run(["-"], input=CODE, cwd=tmp_path) == SAID


@pytest.mark.slow
def test_notebook(tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    kernels = tmp_path / "kernels" / "this"
    kernels.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "this",
        "language": "python",
    }
    (kernels / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="this").execute()
    said = [output["text"] for output in notebook.cells[0].outputs if output.get("name") == "stdout"]
    assert "".join(said).split() == SAID


@pytest.mark.slow
def test_no_worker_outlives_a_killed_main_process(tmp_path):
    journal = tmp_path / "journal.jsonl"
    with subprocess.Popen([sys.executable, "-c", LONG, str(tmp_path)]) as caller:
        until = time.monotonic() + 60
        while not (journal.exists() and journal.read_text(encoding="utf-8").count('"finish"') > 3):
            assert caller.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        started = psutil.Process(caller.pid).children(recursive=True)
        assert len(started) >= 2  # the server, and at least one worker
        caller.kill()
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
