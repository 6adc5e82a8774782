"""One fit in a process of its own, for `contract.py`: ``contract_child.py SPEC OUT``, both JSON files.

`SPEC` says what to fit: `table` (a name of datasets.toml) or `rows` (of a made table), `seed`, `arguments` of `AutoML`,
and what else is wanted: `reference` (HistGradientBoosting's score), `trajectory` (the validation score as it gets
better), `keep` (files of the leaderboard and of the test predictions). Beside `OUT`, the files `begun` and `fitted`
say where it is.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import support
from support import Meta, Row


def read(spec: dict[str, Any]) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series, Meta]:
    """Training part and its target, test part and its target, and what is known of the table."""
    if spec.get("rows"):
        from large import make

        X, y, X_test, y_test = make(int(spec["rows"]), int(spec["seed"]))
        kind = "regression" if y.dtype.kind == "f" else "binary" if y.nunique() == 2 else "multiclass"
        metric = {"regression": "rmse", "binary": "roc_auc", "multiclass": "log_loss"}[kind]
        return X, y, X_test, y_test, {"metric": metric, "task": kind}
    meta = support.read_tables()[spec["table"]]
    target = str(meta["target"])
    return *support.read_part(spec["table"], "train", target), *support.read_part(spec["table"], "test", target), meta


class Trajectory:
    """A callback that keeps when the best complete validation score became better."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, float]] = []

    def __call__(self, progress: Any) -> None:
        best = progress.best_score
        if best is not None and (not self.steps or self.steps[-1][1] != best):
            self.steps.append((round(progress.seconds, 3), best))


def fitted(spec: dict[str, Any], beside: Path) -> Row:
    """Fit, and tell what came of it."""
    from automl import AutoML

    X, y, X_test, y_test, meta = read(spec)
    trajectory = Trajectory()
    callbacks = [trajectory] if spec.get("trajectory") else None
    model = AutoML(random_state=spec["seed"], verbose=0, callbacks=callbacks, **spec["arguments"])
    (beside / "begun").touch()
    started = time.monotonic()
    model.fit(X, y)
    wall = time.monotonic() - started
    (beside / "fitted").touch()
    report = model.time_report_
    complete = [trial for trial in model.trials_ if trial.complete and trial.origin != "dummy"]
    row: Row = {
        "metric": meta["metric"], "wall": round(wall, 3), "trials": len(model.trials_) - 1,
        "complete": len(complete), "candidates": model.n_trials_, "failures": len(model.failures_),
        "stop_reason": model.stop_reason_, "share_in_jobs": report["share_in_jobs"],
        "cores": json.dumps(report["cores"]), "phases": json.dumps(report["wall"]), "validation": model.best_score_,
        "trajectory": json.dumps(trajectory.steps),
    }  # fmt: skip
    row["score"] = support.score(str(meta["metric"]), y_test, model, X_test)
    if spec.get("reference"):
        started = time.monotonic()
        reference = support.reference_model(X, str(meta["task"])).fit(X, y)
        row["hgb_seconds"] = round(time.monotonic() - started, 2)
        row["hgb"] = support.score(str(meta["metric"]), y_test, reference, X_test)
    if keep := spec.get("keep"):
        model.leaderboard().to_pickle(f"{keep}.board")
        np.save(f"{keep}.npy", model.predict_proba(X_test) if hasattr(model, "classes_") else model.predict(X_test))
    return row


def main() -> None:
    spec_path, out = (Path(text) for text in sys.argv[1:])
    spec = json.loads(spec_path.read_text(encoding="utf-8"))
    try:
        row = fitted(spec, out.parent)
    except Exception as error:  # a run that fails is a result; the batch goes on
        row = {"error": support.reason(error)}
    out.write_text(json.dumps(row), encoding="utf-8")


if __name__ == "__main__":
    main()
