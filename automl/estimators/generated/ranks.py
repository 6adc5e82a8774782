"""What columns say about the target: rank correlations with it, and with what quick trees leave of it."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from automl.estimators.base import Array
from automl.estimators.constants import LEAST_TREES, QUICK_FOLDS, QUICK_LEAVES, QUICK_RATE, QUICK_TREES
from automl.native import limited


def ranks(columns: Array) -> Array:
    """Ranks of each column's values, equal ones at their middle, as columns of mean 0 and length 1; gaps are 0.

    Products of two such columns are Spearman's rank correlations.

    Parameters
    ----------
    columns : ndarray of shape (n_rows, n_columns)
    """
    found = np.zeros(columns.shape)
    for place, column in enumerate(columns.T):
        order = np.argsort(column, kind="stable")
        last = len(column) - int(np.isnan(column).sum())
        ordered = column[order[:last]]
        if not last or ordered[0] == ordered[-1]:
            continue
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        counts = np.diff(np.append(starts, last))
        found[order[:last], place] = np.repeat(starts + (counts - last) / 2, counts)
    lengths = np.sqrt(np.square(found).sum(axis=0))
    return np.asarray(found / np.where(lengths > 0, lengths, 1.0))


def told_by_trees(X: Array, goals: Array, classify: bool) -> Array:
    """What a quick boosting of small trees tells of rows that it has not seen, in the form of the goals.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
        NaN where missing.
    goals : ndarray of shape (n_rows, n_goals)
    classify : bool
        Whether goals are indicators of classes.
    """
    told = np.tile(goals.mean(axis=0), (len(X), 1))
    X = np.where(np.isnan(X).all(axis=0), 0.0, X)  # scikit-learn cannot bin a column that is missing throughout
    folds = np.random.default_rng(0).permutation(len(X)) % QUICK_FOLDS
    with limited(1, blas=False):
        for fold in range(QUICK_FOLDS):
            held = folds == fold
            for place, goal in enumerate(goals.T):
                learned = goal[~held]
                if held.any() and len(np.unique(learned)) > 1:
                    told[held, place] = _told(X[~held], learned, X[held], goals.shape[1], classify)
    return told


def _told(X: Array, goal: Array, asked: Array, goals: int, classify: bool) -> Array:
    """What trees that are fitted to a goal say of other rows."""
    trees = max(LEAST_TREES, QUICK_TREES // goals)
    boosting = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    model = boosting(
        max_iter=trees, max_leaf_nodes=QUICK_LEAVES, learning_rate=QUICK_RATE, early_stopping=False, random_state=0
    ).fit(X, goal)
    return np.asarray(model.predict_proba(asked)[:, 1] if classify else model.predict(asked))
