"""What a step makes of a table's own columns, beside its input: in the form asked for, and with names for people."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

from automl.columns.table import Table
from automl.estimators.fitting import accepted
from automl.pipeline.dates import DAY
from automl.pipeline.leaf import Leaf
from automl.pipeline.numbers import Numbers
from automl.pipeline.target import goals

Array = NDArray[Any]

KINDS = {"numbers": "number", "dates": "date", "codes": "group"}  # of columns, by their part of a table


class Made(Leaf, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """What a step makes of a table's own columns, whatever its input is, in the form that a consumer asks for.

    Candidates whose step and source have the same parameters share what is made, as they share what the preprocessor
    makes.

    Parameters
    ----------
    step : transformer
        Its `fit` may take `kinds` ("number", "date" or "group") of the columns where they are as read, and `groups` and
        `times` of the rows. It gives columns of numbers, maybe none, and their names by those of its own columns.
    source : Pipeline
        What gives the step its columns: a `Preprocessor`, or `AsRead`.
    missing : bool
        Whether gaps stay; else they are filled, and those of columns with next to none in the training rows always.
    scale : {"any", "unit"}
    task : {"binary", "multiclass", "regression"}
    """

    def __init__(self, step: Any, source: Pipeline, missing: bool, scale: str, task: str) -> None:
        self.step = step
        self.source = source
        self.missing = missing
        self.scale = scale
        self.task = task

    def learn(self, table: Table, y: Array | None = None) -> Array:
        """Learn from a table, without the cache, and give its rows' columns."""
        columns = self.source.fit_transform(table, y)
        kinds, about = getattr(self.source[-1], "kinds_", None), table.about
        given = accepted(self.step, kinds=kinds, groups=about.group, times=about.time)
        made = self.step.fit_transform(columns, y, **given)
        self.formed_ = Formed(self.missing, self.scale, self.task).fit(made, y)
        return self.formed_.transform(made)

    def apply(self, table: Table) -> Array:
        """Columns of a table's rows, without the cache."""
        return self.formed_.transform(self.step.transform(self.source.transform(table)))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """What the columns are, for people."""
        return np.asarray(self.step.get_feature_names_out(self.source.get_feature_names_out()), dtype=object)


class AsRead(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
    """A table's numbers, days since 1970 and levels side by side, as they were read: NaN where missing.

    Attributes
    ----------
    kinds_ : list of {"number", "date", "group"}
        What each column is.
    """

    def fit(self, X: Table, y: Any = None) -> Self:
        """Learn what the columns are, and what they are called."""
        called = [(kind, name) for part, kind in KINDS.items() for name in X.called(part)]
        self.kinds_, self.names_ = [kind for kind, _ in called], [name for _, name in called]
        return self

    def transform(self, X: Table) -> Array:
        """The columns of some rows."""
        return np.hstack([X.numbers, X.dates / DAY, np.where(X.codes < 0, np.nan, X.codes)])

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the table's columns."""
        return np.array(self.names_, dtype=object)


class Formed:
    """Columns of numbers in the form that a consumer asks for, as the preprocessor makes it of those of a table.

    Parameters
    ----------
    missing : bool
        Whether gaps stay; else they are filled, and those of columns with next to none in the training rows always.
    scale : {"any", "unit"}
    task : {"binary", "multiclass", "regression"}
    """

    def __init__(self, missing: bool, scale: str, task: str) -> None:
        self.missing, self.scale, self.task = missing, scale, task

    def fit(self, X: Array, y: Any = None) -> Self:
        """Learn medians, spreads, and what stands in for gaps."""
        self.numbers_: Numbers | None = None
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
