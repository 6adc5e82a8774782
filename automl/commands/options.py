"""What options of several commands say, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from automl.columns.encodings import ENCODINGS
from automl.errors import ArgumentError
from automl.registry import plugged

FILES = "CSV (also .gz), TSV, or Parquet where pyarrow is installed."
MISSING = (
    "Empty fields and the words NA, NaN, NULL, None, n/a (and pandas' other defaults) are missing values, but where "
    "one is among few labels of the target."
)
BUDGET = (
    "Seconds in all, from the start of the command until the model is written. "
    "(default: 300, or no limit with --max-trials)"
)
_PLUGGED = "".join(f", or {name}" for name in sorted(plugged("automl.metrics")))  # of other packages
METRIC = f"Name of a scikit-learn scorer{_PLUGGED}. auto is ROC AUC (two classes), log loss (more), RMSE (numbers)."
COSTS = "Of wrong decisions: a row a true class, a column a decided one, in sorted order, as in '0,1;20,0'."
WEIGHT = "Column that says how much a row counts; no feature. 0 is as if absent."
GROUP = "Column of what rows belong to, such as a patient: no group is on both sides of a split; no feature."
TIME = "Column of times: models are validated on later rows than they are trained on; stays a feature."
COLUMN_TYPE = f"NAME=KIND (repeatable): {', '.join(ENCODINGS.names)} or dropped; level=low<mid<high is an order."
TEST_DATA = "Rows to predict later: the run says where they differ from the table. Never learned from."
MEMORY = "Of all workers, 3GB say, and a quarter for a table's text; auto: 80 % of the machine's."
CV = "Number of folds, holdout, or auto: by the number of rows and the time."
FAMILIES = "Families to search, with commas between them; `automl families` shows all, those of other packages too."
REFIT = "auto, or fast: one model of all rows in place of an ensemble, close to the best one."
PREDICT_MS = "Milliseconds that predicting a row may take, of up to 1,000 at once."
OVERLAY = "Folder of TOML files laid over ours; they name classes that are imported: only files that you trust."
OUT = "Folder for the model: new, empty, or of an earlier one, which is replaced."
PREDICTIONS = "CSV to write, one line a row of the table; an earlier one is replaced."
RUN_DIR = (
    "Keeps journal and trials (new, empty, or an earlier run's); a killed run goes on there. Models in it are read "
    "only where this user has written them on this machine; else they are fitted again."
)

ModelDir = Annotated[Path, typer.Argument(help="The folder that `automl fit --out` wrote.")]
TrustedDir = Annotated[
    Path, typer.Argument(help="The folder that `automl fit --out` wrote. Its model can run code: only one you trust.")
]


def names(given: list[str] | None) -> list[str] | None:
    """Names of an option that may be repeated, or hold several names with commas between them."""
    return [name.strip() for text in given for name in text.split(",") if name.strip()] if given else None


def folds(given: str) -> int | str:
    """What ``--cv`` says: a number, or a word that `AutoML` knows."""
    if not (given in ("auto", "holdout") or given.isdecimal()):
        raise ArgumentError(f"--cv must be auto, holdout or a number of folds; got {given!r}.")
    return int(given) if given.isdecimal() else given


def column_kinds(given: list[str] | None) -> dict[str, Any]:
    """Kinds of column by name: ``zip=category``, or ``level=low<mid<high`` for an order."""
    found: dict[str, Any] = {}
    for text in given or []:
        name, sign, kind = text.partition("=")
        if not (sign and name and kind):
            raise ArgumentError(f"--column-type must be NAME=KIND, as in zip=category; got {text!r}.")
        found[name] = kind.split("<") if "<" in kind else kind
    return found
