import json
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

import search
import search_bounds

from automl.space.reader import read_space

SPACE = read_space()


def row(table, name, seed, score, **more):
    told = {"label": "now", "table": table, "search": name, "budget": "60", "seed": str(seed), "metric": "rmse"}
    told |= {"score": str(score), "single": str(score), "cv": str(score), "single_cv": str(score), "whole": "9"}
    told |= {"wall": "60", "share_in_jobs": "0.9", "error": "", "best": "lightgbm(input)", "members": "{}"}
    return told | more


def test_a_report_says_who_is_better(capsys):
    rows = [
        row(table, name, seed, loss) for table in "ab" for seed in (0, 1) for name, loss in (("auto", 2), ("gp", 3))
    ]
    search.report(rows, markdown=True)
    told = capsys.readouterr().out
    assert "| a (rmse) | 2 · 2 · 9 | 3 · 3 · 9 |" in told
    assert "| gp | 2.00 (+50.00 ± 0.00 %)" in told


def test_fits_that_failed_are_named_and_count_nowhere(capsys):
    rows = [row("a", "auto", 0, 2), row("a", "gp", 0, "", error="ValueError: no")]
    search.report(rows, markdown=True)
    assert "* a gp 0: ValueError: no" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no such fits"):
        search.report(rows[1:], markdown=True)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("learning_rate", 0.2, "high, 0.2"),
        ("learning_rate", 0.0101, "low, 0.01"),
        ("learning_rate", 0.1, None),
        ("num_leaves", 2, "low, 2"),
        ("subsample", 1.0, None),  # there are no more rows than all
        ("min_child_samples", 1, None),
        ("max_depth", 40, None),  # the default, which is no limit
        ("class_weight", "balanced", None),
    ],
)
def test_what_is_at_a_bound(name, value, expected):
    param = SPACE.component("lightgbm").param(name)
    assert search_bounds.side(param.domain, value, param.default) == expected


def test_winners_are_counted_once_a_fit():
    best = "lightgbm(input, learning_rate=0.2)"
    rows = [
        row("a", "auto", 0, 2, best=best, members=json.dumps({best: 0.5, "ridge(input)": 0.5})),
        row("b", "gp", 0, 1),
    ]
    texts = search_bounds.winners(rows)
    assert texts == [best, "ridge(input)", "lightgbm(input)"]
    met, values = search_bounds.counted(SPACE, [SPACE.parse(text) for text in texts])
    assert met == {("lightgbm.learning_rate", "high, 0.2"): 1}
    assert values["lightgbm.learning_rate"] == 2


def test_one_fit_as_a_user_would(capsys, monkeypatch, tmp_path):
    train = pd.DataFrame({"x": range(60), "y": [number % 7 for number in range(60)]})
    monkeypatch.setattr(search.support, "read_part", lambda *_: (train[["x"]], train["y"]))
    told = search.fit(
        row("made", "random", 0, "") | {"budget": 3.0, "seed": 0},
        {"metric": "rmse", "task": "regression", "target": "y"},
    )
    assert not told["error"]
    assert told["score"] > 0
    SPACE.parse(told["best"])
