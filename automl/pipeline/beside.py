"""New columns beside those that a model is given: in the form that it asks for, and with names for people."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.pipeline.numbers import Numbers
from automl.pipeline.target import goals

Array = NDArray[Any]


class Formed(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
    """Columns of numbers in the form that a consumer asks for, as the preprocessor makes it of those of a table.

    Parameters
    ----------
    missing : bool
        Whether gaps stay; else they are filled, and those of columns with next to none in the training rows always.
    scale : {"any", "unit"}
    task : {"binary", "multiclass", "regression"}
    """

    def __init__(self, missing: bool, scale: str, task: str) -> None:
        self.missing = missing
        self.scale = scale
        self.task = task

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn medians, spreads, and what stands in for gaps."""
        self.numbers_ = None
        if X.shape[1]:
            self.numbers_ = Numbers(self.missing, self.scale, "median", indicator=False, clip=True)
            self.numbers_.fit([X], None if y is None else goals(y, self.task))
        return self

    def transform(self, X: Array) -> Array:
        """The same columns in that form."""
        out = np.zeros(X.shape, dtype=np.float32 if self.scale == "unit" else np.float64)
        if self.numbers_ is not None:
            self.numbers_.write(X, out)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """The names that the columns had."""
        return input_features

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "numbers_")


def column_names(preprocessor: Any) -> list[str]:
    """What the columns of a fitted preprocessor's matrix are, for people, by the names of the table's columns."""
    numbers, codes, dates = (list(preprocessor.called_[part]) for part in ("numbers", "codes", "dates"))
    codes += [numbers[one.place] for one in preprocessor.few_]
    if preprocessor.few_ and preprocessor.integers == "category":
        left_out = {one.place for one in preprocessor.few_}
        numbers = [name for place, name in enumerate(numbers) if place not in left_out]
    known = vars(preprocessor)
    if "dates_" in known:
        numbers += known["dates_"].names(dates)
    if "numbers_of_levels_" in known:
        numbers += known["numbers_of_levels_"].names(codes)
    texts = len(preprocessor.numbers_.medians_) - len(numbers)
    numbers += [f"text {place}" for place in range(1, texts + 1)]
    flags = [f"{numbers[place]} is missing" for place in preprocessor.numbers_.flagged_]
    return [*numbers, *flags, *preprocessor.codes_.names(codes)] or ["nothing"]
