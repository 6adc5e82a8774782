"""Whether the rows to predict look like the rows to learn from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.checks.constants import (
    LEAST_ROWS,
    SHIFT_CELLS,
    SHIFT_COLUMNS,
    SHIFT_LEAST,
    SHIFT_ROWS,
    SHIFTED,
    SHOWN,
    SURE,
    TOLD_APART,
)
from automl.checks.context import CheckContext
from automl.checks.leakage import places_of
from automl.columns.columns import Columns
from automl.dataset import Data
from automl.errors import DataError
from automl.native import limited
from automl.validation.duplicates import row_hashes

Array = NDArray[Any]

SKIPPED = "X_test was not compared with the training rows: there was no time for it."


def align_test(X_test: pd.DataFrame, columns: Columns, named: bool) -> pd.DataFrame:
    """The columns of the rows to predict, in the order of fit.

    Raises
    ------
    DataError
        If columns are missing: `predict` would refuse these rows too, after the search.
    """
    if not named and X_test.shape[1] == len(columns.names):
        X_test = X_test.set_axis(pd.Index(columns.names, dtype=object), axis=1)
    try:
        return columns.align(X_test)
    except DataError as error:
        raise DataError(f"X_test: {error}") from error


def compare(data: Data, test: pd.DataFrame, context: CheckContext) -> list[str]:
    """What the user should know of the rows to predict, as `align_test` gives them, one sentence a finding."""
    if context.hurry():
        context.skipped.append(SKIPPED)
        return []
    try:
        test_table, unread = data.columns.look(test)
    except DataError as wrong:
        raise DataError(f"X_test: {wrong}") from wrong
    known = np.isin(row_hashes(test_table), row_hashes(data.table))
    found = [f"X_test: {text}" for text in unread]
    if known.any():
        found.append(
            f"{known.sum():,} of {len(test):,} rows of X_test equal a training row in all columns that are used."
        )
    if min(len(data.frame), len(test)) < LEAST_ROWS:
        return found
    if context.hurry():
        context.skipped.append(SKIPPED)
        return found
    return found + _shifted(data.frame, test, data.columns, context.seed)


def _shifted(frame: pd.DataFrame, test: pd.DataFrame, columns: Columns, seed: int) -> list[str]:
    """In one sentence, where a model tells the two apart."""
    rng = np.random.default_rng(seed)
    rows, test_rows = _sample(frame, rng), _sample(test, rng)
    read = _read(frame.iloc[rows], test.iloc[test_rows], columns)
    auc = told_apart(read, len(rows), seed)
    error = np.sqrt((len(rows) + len(test_rows) + 1) / (12 * len(rows) * len(test_rows)))
    if auc <= max(TOLD_APART, 0.5 + SURE * error):
        return []
    shifts = shifts_of(read, len(rows))
    far = [f"{name!r} ({distance:.2f})" for name, distance in shifts[:SHOWN] if distance > SHIFTED]
    where = f"most in {', '.join(far)} (0 is alike, 1 is apart)" if far else "in no single column"
    apart = f"a model tells them apart with ROC AUC {auc:.2f}, and scores on training rows may not hold there"
    return [f"X_test differs from the training rows, {where}: {apart}."]


@dataclass(frozen=True)
class _Both:
    """One column of training rows and of test rows behind them, as whole numbers."""

    name: Hashable
    codes: NDArray[np.int64]
    ordered: bool


def _read(frame: pd.DataFrame, test: pd.DataFrame, columns: Columns) -> list[_Both]:
    """The columns that models see, both sides alike: levels that `columns` learned would tell the training rows."""
    seen = [place for place, column in enumerate(columns.columns) if column.encodings]
    seen = seen[:: -(-len(seen) // SHIFT_COLUMNS)] if seen else []
    parts = [side.iloc[:, seen].astype(object) for side in (frame, test)]
    both = pd.concat(parts, ignore_index=True)
    return [
        _Both(columns.columns[place].name, *places_of(both.iloc[:, k].infer_objects())) for k, place in enumerate(seen)
    ]


def told_apart(read: list[_Both], rows: int, seed: int) -> float:
    """ROC AUC of a model that tells test rows from training rows, on held-out halves; 0.5 is chance.

    Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests".
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    if not read:
        return 0.5
    matrix = np.column_stack([column.codes for column in read]).astype(np.float64)
    side = np.arange(len(matrix)) >= rows
    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=15, early_stopping=False, random_state=seed)
    halves = StratifiedKFold(2, shuffle=True, random_state=seed)
    with limited(1, blas=False):  # on cores that others use too, two threads took ten times as long
        return float(np.mean(cross_val_score(model, matrix, side, cv=halves, scoring="roc_auc")))


def shifts_of(read: list[_Both], rows: int) -> list[tuple[Hashable, float]]:
    """Distance of the two distributions of each column, the largest first.

    Largest distance of the distribution functions where values have an order (Kolmogorov and Smirnov), else half the
    sum of the differences of the shares (total variation), each less about what chance makes of samples of this size.
    A missing value counts as one more value.
    """
    found: list[tuple[Hashable, float]] = []
    for column in read:
        both = len(column.codes)
        sizes = 1 / rows + 1 / (both - rows)
        width = int(column.codes.max()) + 1
        shares = np.bincount(column.codes[:rows], minlength=width) / rows
        gaps = shares - np.bincount(column.codes[rows:], minlength=width) / (both - rows)
        if column.ordered:
            distance = float(np.abs(np.cumsum(gaps)).max()) - float(np.sqrt(sizes))
        else:
            pooled = np.bincount(column.codes, minlength=width) / both
            chance = 0.5 * float(np.sum(np.sqrt(2 / np.pi * sizes * pooled * (1 - pooled))))
            distance = 0.5 * float(np.abs(gaps).sum()) - chance
        found.append((column.name, max(0.0, distance)))
    return sorted(found, key=lambda item: -item[1])


def _sample(frame: pd.DataFrame, rng: np.random.Generator) -> Array:
    rows, most = (
        len(frame),
        min(SHIFT_ROWS, max(SHIFT_LEAST, SHIFT_CELLS // max(1, min(SHIFT_COLUMNS, frame.shape[1])))),
    )
    return np.sort(rng.choice(rows, most, replace=False)) if rows > most else np.arange(rows)
