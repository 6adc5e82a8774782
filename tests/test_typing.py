"""Types of the public arguments: a type checker flags misuses, and names are those that there are."""

import re
from pathlib import Path
from typing import get_args

import pytest

from automl import types
from automl.ensemble.combiners import COMBINERS
from automl.estimator import AutoML
from automl.execute import EXECUTORS
from automl.schedule import SCHEDULES
from automl.strategies import STRATEGIES

MISUSES = Path(__file__).parent / "typing_misuses.py"


def test_misuses_are_flagged_line_by_line(tmp_path):
    api = pytest.importorskip("mypy.api")
    configuration = Path(__file__).parent.parent / "pyproject.toml"
    said, _, _ = api.run(["--config-file", str(configuration), "--follow-imports", "silent", str(MISUSES)])
    flagged = {int(number) for number in re.findall(r"typing_misuses\.py:(\d+): error", said)}
    lines = MISUSES.read_text(encoding="utf-8").splitlines()
    assert flagged == {number for number, line in enumerate(lines, start=1) if line.endswith("# error")}, said


def test_names_are_those_of_the_registries():
    assert set(get_args(types.SearchName)) == set(STRATEGIES.names)
    assert set(get_args(types.ScheduleName)) == set(SCHEDULES.names)
    assert set(get_args(types.CombinerName)) == set(COMBINERS.names)
    assert set(get_args(types.ExecutorName)) == set(EXECUTORS.names)
    assert set(get_args(types.Task)) == set(AutoML._tasks)
