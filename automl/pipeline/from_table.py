"""Steps that make columns of a table's own numbers, dates and categories, beside those that their consumer wants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.columns.table import Table
from automl.estimators.fitting import accepted
from automl.pipeline.compose import Union
from automl.pipeline.dates import DAY
from automl.pipeline.numbers import Numbers

Array = NDArray[Any]

KINDS = {"numbers": "number", "dates": "date", "codes": "group"}  # of columns, by their part of a table


class FromTable(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step on the numbers, dates and categories of a table as they were read, and the form that a consumer wants.

    Candidates whose step has the same parameters share what it makes, as they share what the preprocessor makes.

    Parameters
    ----------
    step : transformer
        Its `fit` may take `kinds` ("number", "date" or "group") and `names` of the columns, and `groups` and `times`
        of the rows. It gives columns of numbers, maybe none.
    missing : bool
        Whether missing values stay NaN; else they are filled.
    scale : {"any", "unit"}
    """

    def __init__(self, step: Any, missing: bool, scale: str) -> None:
        self.step = step
        self.missing = missing
        self.scale = scale

    @property
    def names_(self) -> list[str]:
        """What a person reads of the columns."""
        return [str(name) for name in self.step.get_feature_names_out()]

    # ---- fit and transform, through the cache where the table has one

    def fit(self, X: Table, y: Any = None) -> FromTable:
        """Fit the step, and learn how its columns are filled and scaled."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Any = None, **params: Any) -> Array:
        """Fit, and give the same rows' columns."""
        self.token_ = X.token
        if X.cache is None or not X.token:
            return self.learn(X, y)
        fitted, matrix = X.cache.prepared(self, X, y)
        self.__dict__.update(fitted.__dict__)
        return matrix

    def transform(self, X: Table) -> Array:
        """Columns of other rows."""
        if X.cache is None or not X.token or not self.token_:
            return self.apply(X)
        return X.cache.transformed(self, X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "numbers_")

    # ---- the work itself

    def learn(self, table: Table, y: Array | None = None) -> Array:
        """Learn from a table, without the cache, and give its rows' columns."""
        names = {kind: table.called(part) for part, kind in KINDS.items()}
        known = {
            "kinds": [kind for kind, some in names.items() for _ in some],
            "names": [name for some in names.values() for name in some],
            "groups": table.about.group,
            "times": table.about.time,
        }
        made = self.step.fit_transform(_matrix(table), y, **accepted(self.step, **known))
        self.numbers_ = Numbers(self.missing, self.scale, "median", indicator=False, clip=True).fit([made])
        return self._written(made)

    def apply(self, table: Table) -> Array:
        """Columns of a table's rows, without the cache."""
        return self._written(self.step.transform(_matrix(table)))

    def _written(self, made: Array) -> Array:
        out = np.zeros(made.shape, dtype=np.float32 if self.scale == "unit" else np.float64)
        self.numbers_.write(made, out)
        return out


class Beside(Union):
    """The columns of a step's input, and those that it makes of the table; native categories stay last.

    Parameters
    ----------
    parts : list of Pipeline
        The input, and a `FromTable`.
    categorical : list of int
        How many of each part's last columns are native categories.
    """

    @property
    def names_(self) -> list[str]:
        """What a person reads of the columns that were made."""
        return list(self.parts[1][-1].names_)


def _matrix(table: Table) -> Array:
    """Numbers, days since 1970 and levels side by side, NaN where missing."""
    codes = np.where(table.codes < 0, np.nan, table.codes)
    return np.hstack([table.numbers, table.dates / DAY, codes])
