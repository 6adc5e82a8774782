"""Values of expressions of columns: numbers or gaps, whatever the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import LARGEST
from automl.estimators.evolved_terms import DAYS, MEAN, PRODUCT, SUM, Term, is_a, parts

Array = NDArray[Any]
Means: TypeAlias = dict[Term, Array]  # of each level, by the expression that they are means of


def learn_means(term: Term, X: Array, means: Means) -> None:
    """Note the means of all levels that an expression needs and that are not known yet."""
    for part in parts(term):
        if is_a(part, MEAN) and part not in means:
            values, codes = computed(part[1], X, means), _codes(X[:, part[2]])
            seen = (codes >= 0) & ~np.isnan(values)
            counts = np.bincount(codes[seen])
            with np.errstate(all="ignore"):
                means[part] = _finite(np.bincount(codes[seen], values[seen]) / counts)


def computed(term: Term, X: Array, means: Means, known: dict[Term, Array] | None = None) -> Array:
    """Values of some rows; NaN where there is none, as of a ratio to 0 or of a level that no training row has.

    Parameters
    ----------
    term : int or tuple
    X : ndarray of shape (n_rows, n_columns)
        Numbers, days and levels, NaN where missing.
    means : dict
        From `learn_means`.
    known : dict, optional
        Values of expressions on the same rows, which are not computed again.
    """
    if not isinstance(term, tuple):
        return np.asarray(X[:, term], dtype=np.float64)
    if known is not None and term in known:
        return known[term]
    with np.errstate(all="ignore"):
        values = _finite(_OF[term[0]](term, X, means, known))
    if known is not None:
        known[term] = values
    return values


def _sum(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    return np.asarray(sum(count * computed(part, X, means, known) for part, count in term[1]))


def _product(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    above, below = np.ones(len(X)), np.ones(len(X))
    for part, power in term[1]:
        values = computed(part, X, means, known)
        for _ in range(abs(power)):
            above, below = (above * values, below) if power > 0 else (above, below * values)
    return np.asarray(above / below)


def _mean(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    table, codes = np.append(means[term], np.nan), _codes(X[:, term[2]])
    return np.asarray(table[np.where((codes >= 0) & (codes < len(table) - 1), codes, len(table) - 1)])


def _days(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    return np.asarray(X[:, term[1]] - X[:, term[2]], dtype=np.float64)


def _extremes(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    best = np.minimum if term[0] == "min" else np.maximum
    return np.asarray(best(computed(term[1], X, means, known), computed(term[2], X, means, known)))


def _function(term: Term, X: Array, means: Means, known: dict[Term, Array] | None) -> Array:
    values = computed(term[1], X, means, known)
    return np.asarray(np.log(values) if term[0] == "log" else np.sqrt(values))


_OF: Mapping[str, Any] = {
    SUM: _sum,
    PRODUCT: _product,
    MEAN: _mean,
    DAYS: _days,
    "log": _function,
    "sqrt": _function,
    "min": _extremes,
    "max": _extremes,
}


def _codes(column: Array) -> NDArray[np.int64]:
    return np.nan_to_num(column, nan=-1.0).astype(np.int64)


def _finite(values: Array) -> Array:
    """Gaps where a value is no number, or larger than any of a table."""
    values[~(np.abs(values) <= LARGEST)] = np.nan
    return values
