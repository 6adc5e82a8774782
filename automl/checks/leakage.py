"""Checks of the columns before the search: those that give the target away, and those that only number the rows."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.checks.constants import (
    ACCURACY,
    AUC,
    DENSE,
    LEAKAGE_CELLS,
    LEAKAGE_LEAST,
    LEAKAGE_ROWS,
    LEAKAGE_SECONDS,
    LEAST_OF_CLASS,
    LEAST_ROWS,
    NEIGHBOURS,
    R2,
    SHOWN,
)
from automl.checks.context import CheckContext
from automl.columns.wide import number_blocks
from automl.dataset import Data

Array = NDArray[Any]

SHORT = "{looked:,} of {all:,} columns were checked for giving the target away: there was no time for more."


@dataclass(frozen=True)
class _Target:
    """The target of the sampled rows: coded classes, or ranks (whose neighbours are near whatever the scale)."""

    y: Array
    classes: int | None


def check_columns(data: Data, distinct: Array | None, context: CheckContext) -> list[str]:
    """What in the columns may lead to a wrong model, one sentence a finding. Nothing is dropped.

    Parameters
    ----------
    data : Data
        Columns that models do not see are passed over.
    distinct : ndarray of int, optional
        Rows to look at, one of each that are equal: a copy would tell the target of the other.
    context : CheckContext
    """
    seen = [place for place, column in enumerate(data.columns.columns) if column.encodings]
    return [*_numbering(data.frame, seen), *_leaking(data, seen, distinct, context)]


# ---- columns that give the target away


def _leaking(data: Data, seen: list[int], distinct: Array | None, context: CheckContext) -> list[str]:
    frame, y, classes = data.frame, data.y, None if data.classes is None else len(data.classes)
    rows = np.arange(len(y)) if distinct is None else distinct
    wanted = min(LEAKAGE_ROWS, max(LEAKAGE_LEAST, LEAKAGE_CELLS // max(1, len(seen))))
    if len(rows) > wanted:
        rows = np.sort(np.random.default_rng(context.seed).choice(rows, wanted, replace=False))
    if len(rows) < LEAST_ROWS or (classes == 2 and np.bincount(y[rows], minlength=2).min() < LEAST_OF_CLASS):
        return []
    target = _Target(y[rows] if classes is not None else _ranks(y[rows]), classes)
    copies: list[Hashable] = []
    gaps: list[Hashable] = []
    telling: list[tuple[Hashable, str]] = []
    started = time.thread_time()
    looked = 0
    for place in seen:
        if time.thread_time() - started > LEAKAGE_SECONDS or context.hurry():
            break
        looked += 1
        values, name = frame.iloc[:, place].iloc[rows], frame.columns[place]
        codes, ordered = places_of(values)
        score = _score(codes, ordered, target)
        if not score:
            continue
        if _one_to_one(codes, ordered, target):
            copies.append(name)
        elif values.isna().any() and _score(values.isna().to_numpy().astype(np.int64), False, target):
            gaps.append(name)
        else:
            telling.append((name, score))
    if looked < len(seen):
        context.skipped.append(SHORT.format(looked=looked, all=len(seen)))
    if looked > 3 and len(copies) + len(gaps) + len(telling) > looked / 2:
        return []  # the table is easy, and no column stands out
    return _said(copies, gaps, telling)


def _said(copies: list[Hashable], gaps: list[Hashable], telling: list[tuple[Hashable, str]]) -> list[str]:
    advice = "if that is not known when you predict, leave {} out"
    found = []
    if copies:
        it = "it" if len(copies) == 1 else "them"
        what = "is the target" if len(copies) == 1 else "are the target"
        found.append(f"{_columns(copies)} {what} under another name or scale; {advice.format(it)}.")
    if gaps:
        it = "it" if len(gaps) == 1 else "them"
        found.append(f"Whether {_columns(gaps, small=True)} is filled tells the target; {advice.format(it)}.")
    if telling:
        it, tells = ("it", "tells") if len(telling) == 1 else ("them", "tell")
        names = _columns([name for name, _ in telling])
        scores = ", ".join(score for _, score in telling[:SHOWN])
        alone = "alone" if len(telling) == 1 else "each alone"
        found.append(f"{names} {alone} {tells} the target almost perfectly ({scores}); {advice.format(it)}.")
    return found


def places_of(values: pd.Series[Any]) -> tuple[NDArray[np.int64], bool]:
    """Values as whole numbers in their order, equal where the values are; and whether near ones are alike.

    Missing ones are the last.
    """
    array: Any = values
    ordered = pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype)
    if not ordered:
        array, distinct = pd.factorize(values.map(str, na_action="ignore").astype(object))  # each level is read once
        numbers = pd.to_numeric(pd.Series(distinct, dtype=object), errors="coerce")
        ordered = bool(numbers.notna().all())
        order = _dense(numbers.to_numpy() if ordered else distinct.astype(str))
        array = np.append(order, -1)[array]
        array = np.where(array < 0, np.nan, array)
    codes, distinct = pd.factorize(array, sort=True)
    codes = np.where(codes < 0, len(distinct), codes).astype(np.int64)
    return codes, bool(ordered) or len(distinct) > len(codes) / 2  # texts in order: dates, and numbers with letters


def _dense(values: Any) -> Array:
    return np.unique(values, return_inverse=True)[1]


def _score(codes: Array, ordered: bool, target: _Target) -> str:
    """How well the neighbours in one column tell a row's target, where almost perfectly; else empty.

    Each row is left out of its own prediction, which is the mean over the rows of the same value, and, in an ordered
    column, at least so many neighbours to each side.
    """
    rows = len(codes)
    order = np.argsort(codes, kind="stable")
    sorted_codes, y = codes[order], target.y[order]
    here = np.arange(rows)
    start = np.searchsorted(sorted_codes, sorted_codes, side="left")
    stop = np.searchsorted(sorted_codes, sorted_codes, side="right")
    if ordered:
        reach = 1 if target.classes is None else NEIGHBOURS
        start = np.maximum(np.minimum(start, here - reach), 0)
        stop = np.minimum(np.maximum(stop, here + reach + 1), rows)
    others = stop - start - 1
    if target.classes is None:
        sums = np.concatenate([[0.0], np.cumsum(y)])
        predicted = np.where(others > 0, (sums[stop] - sums[start] - y) / np.maximum(others, 1), y.mean())
        spread = float(np.sum((y - y.mean()) ** 2))
        r2 = 1 - float(np.sum((y - predicted) ** 2)) / spread if spread else 0.0
        return f"R² {r2:.4f}" if r2 > R2 else ""
    counts = np.bincount(y, minlength=target.classes)
    keys = np.sort(y * (rows + 1) + here)
    own = np.searchsorted(keys, y * (rows + 1) + stop) - np.searchsorted(keys, y * (rows + 1) + start) - 1
    votes = np.where(others > 0, own / np.maximum(others, 1), (counts[y] - 1) / (rows - 1))
    if target.classes == 2:
        ranks = _ranks(np.where(y == 1, votes, 1 - votes))
        above = float(ranks[y == 1].sum()) - counts[1] * (counts[1] + 1) / 2
        auc = above / (counts[0] * counts[1])
        return f"ROC AUC {auc:.4f}" if auc > AUC else ""
    accuracy = float(np.mean(votes >= 0.5))
    easy = 1 - 0.1 * (1 - counts.max() / rows)  # what a rare class leaves to be won
    return f"accuracy {accuracy:.4f}" if accuracy > max(ACCURACY, easy) else ""


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def _one_to_one(codes: Array, ordered: bool, target: _Target) -> bool:
    """Whether each value of the column goes with one of the target, and the other way round (in order, if numbers)."""
    if target.classes is None:
        ranks = _ranks(codes)
        return ordered and bool(np.allclose(ranks, target.y) or np.allclose(len(codes) + 1 - ranks, target.y))
    pairs = len(np.unique(codes * target.classes + target.y))
    return pairs == len(np.unique(codes)) == len(np.unique(target.y))


# ---- columns that number the rows


def _numbering(frame: pd.DataFrame, seen: list[int]) -> list[str]:
    whole = np.intersect1d(seen, _whole_at_first(frame))
    names: list[Hashable] = [frame.columns[place] for place in whole if _numbers_rows(frame.iloc[:, place])]
    if not names:
        return []
    what, it = ("seems to number the rows", "it") if len(names) == 1 else ("seem to number the rows", "them")
    return [f"{_columns(names)} {what}: such numbers tell nothing of new rows; leave {it} out."]


def _whole_at_first(frame: pd.DataFrame) -> Array:
    """Places of the columns of numbers whose first rows hold whole numbers, all different."""
    found = [np.zeros(0, dtype=np.int64)]
    for places, numbers in number_blocks(frame.iloc[:LEAST_ROWS]):
        ranked = np.sort(numbers, axis=0)
        found.append(places[((ranked == np.floor(ranked)).all(axis=0)) & (ranked[1:] > ranked[:-1]).all(axis=0)])
    return np.concatenate(found)


def _numbers_rows(values: pd.Series[Any]) -> bool:
    """Whether a column holds whole numbers, all different, that rise (or fall) from row to row or leave few gaps."""
    if len(values) < LEAST_ROWS or values.dtype.kind not in "iuf" or values.isna().any():
        return False
    array = values.to_numpy()
    head = array[:LEAST_ROWS]
    if len(np.unique(head)) < len(head) or not np.all(np.isfinite(array)) or np.any(np.mod(array, 1) != 0):
        return False
    steps = np.diff(array)
    if np.all(steps > 0) or np.all(steps < 0):
        return True
    fills = float(array.max()) - float(array.min()) < DENSE * len(array)
    return fills and len(np.unique(array)) == len(array)


def _columns(names: list[Hashable], small: bool = False) -> str:
    """A few names, and how many more there are."""
    shown = ", ".join(map(repr, names[:SHOWN]))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    word = "column" if len(names) == 1 else "columns"
    return f"{word if small else word.capitalize()} {shown}{more}"
