"""Everything that is checked of the data before the search, and said once."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.data.columns import Hurry, never
from automl.data.dataset import Data
from automl.data.duplicates import Repeats
from automl.data.frame import as_frame, carries_names
from automl.data.giveaway import check_columns
from automl.data.shift import align_test, compare
from automl.data.splits import Split


def find_warnings(
    data: Data,
    repeats: Repeats,
    splits: list[Split],
    X_test: Any = None,
    seed: int = 0,
    hurry: Hurry = never,
    unseen: list[str] | None = None,
) -> list[str]:
    """What in the data may lead to a wrong model, one sentence a finding. Nothing is dropped or changed.

    Parameters
    ----------
    data : Data
    repeats : Repeats
        Of `data.table`.
    splits : list of (train, validation) row numbers
    X_test : DataFrame or array-like of shape (n_test_rows, n_columns), optional
        Rows to predict later; they are looked at, never learned from.
    seed : int
        Of the samples that are looked at.
    hurry : callable
        Whether there is no more time.
    unseen : list of str, optional
        Takes one sentence for each check that there was no time for.

    Raises
    ------
    DataError, InputTypeError
        If `X_test` cannot be predicted.
    """
    classes = None if data.classes is None else len(data.classes)
    distinct = None if repeats.groups is None else np.unique(repeats.groups, return_index=True)[1]
    unseen = [] if unseen is None else unseen
    found = [repeats.note(splits)] if repeats.groups is not None else []
    found += check_columns(data.frame, data.columns, data.y, classes, distinct, seed, hurry, unseen)
    if X_test is not None:
        test = align_test(as_frame(X_test, least_rows=1), data.columns, carries_names(X_test))
        found += compare(data.frame, data.table, test, data.columns, seed, hurry, unseen)
    return found
