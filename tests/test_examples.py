"""The examples run as they are: as scripts without `if __name__ == "__main__"`."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

EXAMPLES = [
    pytest.param(path, id=path.stem, marks=() if path.stem == "first_fit" else pytest.mark.slow)
    for path in sorted((Path(__file__).parent.parent / "examples").glob("*.py"))
]


@pytest.mark.alone
@pytest.mark.parametrize("path", EXAMPLES)
def test_example(path, tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_EXAMPLE_SECONDS", "3")
    monkeypatch.setenv("AUTOML_EXAMPLE_EVALUATIONS", "4")
    monkeypatch.setenv("AUTOML_EXAMPLE_FOLDER", str(tmp_path))
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout
    if path.stem == "hyperopt_fmin":
        ours, theirs = (line.rpartition(": ")[2][:6] for line in done.stdout.splitlines())
        assert ours == theirs
    if path.stem == "competition":
        sample, submission = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("sample_submission", "submission"))
        assert list(submission.columns) == list(sample.columns)
        assert submission["id"].equals(sample["id"])
        assert submission.drop(columns="id").sum(axis=1).to_numpy() == pytest.approx(1.0)
