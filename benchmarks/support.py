"""What the benchmarks share: tables, scores, the reference model, and files of results that runs add to."""

from __future__ import annotations

import csv
import io
import math
import os
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder

ROOT = Path(__file__).resolve().parent.parent
# of a checkout or of a worktree beside it
SHARED = next((path for path in (ROOT.parent / "shared", ROOT.parent.parent / "shared") if path.exists()), ROOT.parent)
DATASETS = Path(os.environ.get("AUTOML_DATASETS", SHARED / "datasets"))
PEERS = DATASETS.parent / "peers" / "results.csv"
RESULTS = ROOT / "benchmarks" / "results"

Meta = dict[str, Any]
Row = dict[str, Any]
Key = tuple[Any, ...]


# ---- tables


def read_tables() -> dict[str, Meta]:
    """What datasets.toml says of each table."""
    return tomllib.loads((DATASETS / "datasets.toml").read_text(encoding="utf-8"))


def checked(names: Sequence[str], tables: dict[str, Meta]) -> list[str]:
    """The names, "all" being every table."""
    unknown = [name for name in names if name not in tables and name != "all"]
    if unknown:
        raise SystemExit(f"There is no table {unknown[0]!r} in {DATASETS}; there are {', '.join(tables)}.")
    return list(tables) if "all" in names else list(names)


def read_part(name: str, part: str, target: str) -> tuple[pd.DataFrame, pd.Series]:
    """Columns and target of "train" or "test"; pandas' defaults, as the command line reads them."""
    frame = pd.read_csv(DATASETS / name / f"{part}.csv.gz")
    truth = frame.pop(target)
    return frame, truth


# ---- scores


def score(metric: str, truth: pd.Series, predictor: Any, X: pd.DataFrame) -> float:
    """The metric of datasets.toml on the test part."""
    if metric == "rmse":
        return float(root_mean_squared_error(truth, predictor.predict(X)))
    shares = predictor.predict_proba(X)
    labels = truth.astype(predictor.classes_.dtype)
    if metric == "roc_auc":
        return float(roc_auc_score(labels == predictor.classes_[1], shares[:, 1]))
    return float(log_loss(labels, shares, labels=predictor.classes_))


def loss(metric: str, value: float) -> float:
    """Lower is better, and 0 is best: 1 - AUC, log loss, RMSE."""
    return 1.0 - value if metric == "roc_auc" else value


def change(metric: str, value: float, reference: float) -> float:
    """Loss beside a reference's, in percent of the latter; positive is worse."""
    return 100.0 * (loss(metric, value) / loss(metric, reference) - 1.0)


def reference_model(X: pd.DataFrame, task: str) -> Pipeline:
    """HistGradientBoosting's defaults on ordinal codes of all that is no number: `hgb_default` of datasets.toml."""
    words = list(X.select_dtypes(exclude=["number", "bool"]).columns)
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=math.nan, encoded_missing_value=math.nan)
    model = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
    encoder = make_column_transformer((codes, words), remainder="passthrough", verbose_feature_names_out=False)
    return make_pipeline(encoder, model(random_state=0))


# ---- files of results


def read_rows(path: Path, fields: Sequence[str], write: bool = True) -> list[Row]:
    """Rows of a file of results; a file with other columns gets those that it lacks, and keeps its own.

    A row that a kill left half-written is cut off. Without `write` the file stays as it is.
    """
    if not path.exists() or not path.stat().st_size:
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, list(fields), [])
        return []
    text = path.read_bytes().decode()
    whole = text if text.endswith("\n") else text[: text.rfind("\n") + 1]
    reader = csv.DictReader(io.StringIO(whole, newline=""))
    rows, present = [dict.fromkeys(fields, "") | row for row in reader], list(reader.fieldnames or [])
    lacking = [field for field in fields if field not in present]
    if write and (lacking or whole != text):
        _write(path, present + lacking, rows)
    return rows


def _write(path: Path, fields: Sequence[str], rows: Iterable[Row]) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(path)


def add_row(path: Path, row: Row) -> None:
    """Append a row, in the order of the columns that the file has."""
    with path.open(encoding="utf-8", newline="") as file:
        fields = next(csv.reader(file))
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, fields, restval="", lineterminator="\n").writerow(row)


def latest(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, Row]:
    """The last row of each key: a run that was repeated counts once."""
    return {key(row): row for row in rows}


def number(text: Any) -> float:
    """What a cell holds, NaN where it is empty."""
    return float(text) if text not in ("", None) else math.nan


def reason(error: BaseException) -> str:
    """One line that says what went wrong."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1].strip() if lines else ''}"[:500]


def environment() -> dict[str, str]:
    """Of a fresh process that imports this checkout's code, whatever is installed."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


class Peak:
    """The most memory that this process's children held together, looked at twice a second."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._over.wait(0.5):
            held = 0
            for child in me.children(recursive=True):
                with suppress(psutil.Error):
                    held += child.memory_info().rss
            self.megabytes = max(self.megabytes, held / 1e6)


def commit() -> str:
    """The state of the code, with a plus sign where files are changed."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--exclude=*", "--dirty=+"], cwd=ROOT, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


# ---- what is shown


def shown(value: float) -> str:
    """Five digits, or nothing."""
    return "" if math.isnan(value) else f"{value:.5g}"


def duration(seconds: float) -> str:
    """Minutes, or hours and minutes."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def show(frame: pd.DataFrame, markdown: bool) -> None:
    """Print a table of texts."""
    if not markdown:
        print(frame.to_string(index=False))
        return
    print("| " + " | ".join(map(str, frame.columns)) + " |")
    print("| --- |" + " ---: |" * (frame.shape[1] - 1))
    for row in frame.itertuples(index=False):
        print("| " + " | ".join(map(str, row)) + " |")
