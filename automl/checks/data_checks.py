"""Everything that is checked of the data before the search, and said once."""

from __future__ import annotations

from typing import Any

import numpy as np

from automl.checks.context import CheckContext
from automl.checks.leakage import check_columns
from automl.checks.shift import align_test, compare
from automl.dataset import Data
from automl.tables.frame import as_frame, carries_names
from automl.validation.duplicates import Repeats
from automl.validation.splits import Split


def find_warnings(
    data: Data,
    repeats: Repeats,
    splits: list[Split],
    X_test: Any = None,
    context: CheckContext | None = None,
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
    context : CheckContext, optional

    Raises
    ------
    DataError, InputTypeError
        If `X_test` cannot be predicted.
    """
    context = context or CheckContext()
    distinct = None if repeats.groups is None else np.unique(repeats.groups, return_index=True)[1]
    found = [repeats.note(splits)] if repeats.groups is not None else []
    found += check_columns(data, distinct, context)
    if X_test is not None:
        test = align_test(as_frame(X_test, least_rows=1), data.columns, carries_names(X_test))
        found += compare(data, test, context)
    return found
