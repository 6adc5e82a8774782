"""A library that does not load, in whatever way, costs its families and nothing else."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest

from automl import AutoML, persist
from automl.errors import ArgumentError
from automl.pipeline.build import left_out, missing_libraries
from automl.space.reader import read_space

FAULTS = {
    "an error of its own": "class XGBoostError(ValueError): ...\nraise XGBoostError('no libgomp\\nMore\\nof it')",
    "SystemError": "raise SystemError('no libgomp')",
    "AttributeError": "raise AttributeError('no libgomp')",
    "OSError": "raise OSError('no libgomp')",
    "exit": "raise SystemExit('no libgomp')",
    "half": "import sys\ndel sys.modules[__name__]\nraise KeyError('no libgomp')",
}


@pytest.fixture
def replaced(monkeypatch, tmp_path):
    """Puts a package of one line before the one that is installed, in this process and in those that it starts."""
    before = dict(sys.modules)

    def replace(name, content):
        (tmp_path / "fake" / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "fake" / name / "__init__.py").write_text(content)
        monkeypatch.syspath_prepend(tmp_path / "fake")
        for module in list(sys.modules):
            if module.partition(".")[0] == name:
                del sys.modules[module]

    yield replace
    for module in set(sys.modules) - set(before):
        if module.partition(".")[0] in ("xgboost", "lightgbm", "fakelib"):
            del sys.modules[module]
    sys.modules.update(before)


@pytest.mark.parametrize("content", FAULTS.values(), ids=FAULTS.keys())
def test_any_error_at_import_is_a_reason(replaced, content):
    replaced("xgboost", content)
    missing = missing_libraries(read_space())
    assert set(missing) - {"catboost"} == {"xgboost"}
    assert "no libgomp" in missing["xgboost"]
    assert missing["xgboost"].count("\n") == 0
    assert missing["xgboost"].endswith("; pip install 'xgboost'")


def test_a_library_of_several_families_is_told_once():
    assert left_out({"one": "why", "two": "other", "three": "why"}) == [
        "one, three are left out: their library is missing (why).",
        "two is left out: its library is missing (other).",
    ]


def test_workers_and_the_main_process_go_on_without_it(replaced, capsys):
    replaced("xgboost", FAULTS["an error of its own"])
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"])
    first = ["naive_bayes(input)", "decision_tree(input)"]
    model = AutoML(max_trials=2, try_first=first, cv=2, n_jobs=1, random_state=0).fit(X, X["a"] > 0)
    assert list(model.leaderboard()["status"]) == ["ok"] * 3
    told = " ".join(capsys.readouterr().out.split())
    assert told.count("xgboost is left out: its library is missing (XGBoostError: no libgomp; pip install") == 1
    assert "More" not in told


@pytest.mark.parametrize("content", ["raise OSError('no libgomp')", "raise SystemExit('no libgomp')", None])
def test_a_model_that_needs_it_says_so(replaced, tmp_path, content):
    replaced("fakelib", "class Thing:\n    pass")
    import fakelib

    (tmp_path / "model.joblib").write_bytes(pickle.dumps({"model": fakelib.Thing()}))
    replaced("fakelib", content or "")
    what = "AttributeError: " if content is None else ".*: no libgomp"
    with pytest.raises(ArgumentError, match=rf"model\.joblib' needs fakelib, which does not load here \({what}"):
        persist.load(tmp_path / "model.joblib", AutoML)


def test_a_file_that_is_no_model_blames_no_library(tmp_path):
    (tmp_path / "model.joblib").write_bytes(b"nothing")
    with pytest.raises(ArgumentError, match="could not be read as a model"):
        persist.load(tmp_path / "model.joblib", AutoML)
