"""`benchmarks/trust.py`: what the report makes of fits."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import trust  # noqa: E402


def fit(metric, validation, expected, test, half):
    ends = {
        "test_low": expected - half,
        "test_high": min(1.0, expected + half) if metric == "roc_auc" else expected + half,
    }
    sizes = {"fitted_rows": 700, "test_rows": 300, "label": "now", "budget": 60.0, "why": "", "error": ""}
    return {"metric": metric, "validation": validation, "expected": expected, "test": test, **ends, **sizes}


def test_what_is_too_good_is_positive_whatever_the_metric():
    frame = trust.judged([fit("roc_auc", 0.96, 0.94, 0.90, 0.0784), fit("rmse", 8.0, 9.0, 10.0, 1.96)])
    assert frame["expected_z"].tolist() == pytest.approx([1.0, 1.0])
    assert frame["validation_z"].tolist() == pytest.approx([1.5, 2.0])
    assert frame["expected_in"].tolist() == [True, True]
    assert frame["validation_in"].tolist() == [True, False]
    assert frame["expected_off"].tolist() == pytest.approx([40.0, 10.0])


def test_fits_without_an_interval_are_counted_apart(capsys):
    lacking = fit("rmse", 8.0, 8.0, 10.0, 1.0) | {"test_low": "", "test_high": "", "why": "too few rows"}
    rows = [fit("rmse", 8.0, 9.0, 10.0, 1.96), lacking]
    trust.report(rows, "now", 60.0, markdown=False)
    out = capsys.readouterr().out
    assert "1 without an interval of 95 %: too few rows" in out
    assert "+1.00" in out
    with pytest.raises(SystemExit, match="There is no fit of the label 'then'"):
        trust.report(rows, "then", 60.0, markdown=False)
