"""The leaf: turns a `Table` into the matrix that its consumer accepts. Only the leaf knows kinds of column."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.data.columns import Columns
from automl.data.frame import as_frame
from automl.data.table import MANY_LEVELS, Table
from automl.pipeline.dates import DateParts
from automl.pipeline.levels import LevelCodes, LevelNumbers
from automl.pipeline.words import TextNumbers

Array = NDArray[Any]

FAR = 1e12  # scaled numbers beyond are taken for it: their squares must be floats of 32 bits
CLIP = 3.0  # scaled numbers are bent into (-3, 3): no outlier rules a linear model or a distance


class TableReader(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """First step of a pipeline that takes raw tables: DataFrame in, `Table` out.

    Parameters
    ----------
    columns : Columns, optional
        Kinds of column already learned; None learns them in fit.
    """

    def __init__(self, columns: Columns | None = None) -> None:
        self.columns = columns

    def fit(self, X: Any, y: Any = None) -> TableReader:
        """Learn the columns, unless they were given."""
        self.columns_ = self.columns or Columns.learn(as_frame(X, least_rows=1))
        return self

    def transform(self, X: Any) -> Table:
        """Read a table into arrays."""
        return self.columns_.encode(X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "columns_")


class Input(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """The leaf of every candidate. The first four parameters are its consumer's demand, the others are searched.

    Parameters
    ----------
    categories : {"native", "ordinal", "onehot"}
        Native and ordinal are one column of level numbers (native ones come last, for models that are told so);
        one-hot is a column a level, one for two levels, and one for missing values where there were any.
    missing : bool
        Whether missing values stay NaN; else numbers are filled.
    scale : {"any", "unit"}
        Unit: minus the median, divided by the quartile range, softly bent into (-3, 3), as in RealMLP (Holzmüller et
        al. 2024, "Better by default") and skrub's SquashingScaler.
    task : {"binary", "multiclass", "regression"}
        What the target is, for encodings that look at it.
    seed : int
        Of their inner folds.
    max_levels : int
        Levels of a category beyond so many are one.
    many_levels : {"own", "target", "both", "count"}
        What categories of more than 12 levels become: what `categories` says, cross-fitted means of the target
        (scikit-learn's TargetEncoder), both, or their own code and how often the level occurs.
    text : {"svd", "score", "both", "none"}
        Main directions of the TF-IDF, a cross-fitted linear model's scores, or both.
    text_unit : {"words", "pieces", "both"}
        Words and pairs of words, pieces of 3 to 5 characters, or both.
    text_components : int
        Directions a column of text.
    cycles : bool or None
        Dates as sine and cosine too; None: where numbers are scaled, so for all models but trees.
    fill : {"median", "most_frequent"}
    indicator : bool
        Whether a column says where numbers were filled.
    clip : bool
        Whether scaled numbers are bent into (-3, 3).
    """

    def __init__(
        self,
        categories: str = "onehot",
        missing: bool = False,
        scale: str = "unit",
        task: str = "binary",
        seed: int = 0,
        max_levels: int = 50,
        many_levels: str = "count",
        text: str = "score",
        text_unit: str = "both",
        text_components: int = 30,
        cycles: bool | None = None,
        fill: str = "median",
        indicator: bool = True,
        clip: bool = True,
    ) -> None:
        self.categories = categories
        self.missing = missing
        self.scale = scale
        self.task = task
        self.seed = seed
        self.max_levels = max_levels
        self.many_levels = many_levels
        self.text = text
        self.text_unit = text_unit
        self.text_components = text_components
        self.cycles = cycles
        self.fill = fill
        self.indicator = indicator
        self.clip = clip

    # ---- fit and transform, through the cache where the table has one

    def fit(self, X: Table, y: Any = None) -> Input:
        """Learn medians, spreads, encodings, and which columns have missing values."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Any = None, **params: Any) -> Array:
        """Fit, and prepare the same rows; what is learned from the target is cross-fitted."""
        self.token_ = X.token
        if X.cache is None or not X.token:
            return self.learn(X, y)
        fitted, matrix = X.cache.prepared(self, X, y)
        self.__dict__.update(fitted.__dict__)
        return matrix

    def transform(self, X: Table) -> Array:
        """Prepare other rows."""
        if X.cache is None or not X.token or not self.token_:
            return self.apply(X)
        return X.cache.transformed(self, X)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "medians_")

    # ---- the work itself

    def learn(self, table: Table, y: Array | None = None) -> Array:
        """Learn from a table, without the cache, and prepare its rows."""
        goal = _goal(y, self.task)
        self.parts_: list[Any] = []
        blocks = [table.numbers]
        if table.dates.shape[1]:
            cycles = self.scale == "unit" if self.cycles is None else self.cycles
            self.dates_ = DateParts(cycles)
            blocks.append(self.dates_.fit_transform(table.dates))
        many = [place for place, levels in enumerate(table.levels) if levels > MANY_LEVELS]
        if many and self.many_levels != "own":
            self.numbers_of_levels_ = LevelNumbers(self.many_levels, many, self.seed)
            blocks.append(self.numbers_of_levels_.fit_transform(table.codes, goal))
        if table.n_texts and self.text != "none":
            self.texts_ = TextNumbers(self.text, self.text_unit, self.text_components, self.seed)
            blocks.append(self.texts_.fit_transform(table.texts, goal))
        numbers = np.column_stack(blocks)
        self._learn_numbers(numbers)
        out = many if self.many_levels == "target" else []
        self.codes_ = LevelCodes(self.categories, self.max_levels, out, self.missing).fit(table)
        return self._join(numbers, table)

    def apply(self, table: Table) -> Array:
        """Prepare a table, without the cache."""
        blocks = [table.numbers]
        if hasattr(self, "dates_"):
            blocks.append(self.dates_.transform(table.dates))
        if hasattr(self, "numbers_of_levels_"):
            blocks.append(self.numbers_of_levels_.transform(table.codes))
        if hasattr(self, "texts_"):
            blocks.append(self.texts_.transform(table.texts))
        return self._join(np.column_stack(blocks), table)

    def _learn_numbers(self, numbers: Array) -> None:
        lost = np.isnan(numbers)
        empty = np.where(lost.all(axis=0), 0.0, numbers) if len(numbers) else numbers
        self.medians_ = np.nanmedian(empty, axis=0) if numbers.shape[1] else np.zeros(0)
        self.fills_ = self.medians_ if self.fill == "median" else _most_frequent(numbers, self.medians_)
        flagged = self.indicator and not self.missing
        self.flagged_ = np.flatnonzero(lost.any(axis=0)) if flagged else np.zeros(0, dtype=np.int64)
        if self.scale == "unit":
            self.spreads_ = _spreads(np.where(lost, self.medians_, numbers))

    def _join(self, numbers: Array, table: Table) -> Array:
        lost = np.isnan(numbers)
        if not self.missing:
            numbers = np.where(lost, self.fills_, numbers)
        if self.scale == "unit":
            with np.errstate(over="ignore"):  # spreads may be as small as floats can be
                numbers = np.clip((numbers - self.medians_) / self.spreads_, -FAR, FAR)
            if self.clip:
                numbers = numbers / np.sqrt(1 + np.square(numbers / CLIP))
        parts = [numbers, lost[:, self.flagged_], *self.codes_.transform(table)]
        kept = [part for part in parts if part.shape[1]]
        joined = np.column_stack(kept) if kept else np.zeros((len(table), 1))
        return joined.astype(np.float32 if self.scale == "unit" else np.float64, copy=False)


def _goal(y: Array | None, task: str) -> Array:
    """The target as columns that linear scores and means of levels are made of; none without a target."""
    if y is None:
        return np.zeros((0, 0))
    if task == "regression":
        spread = float(np.std(y)) or 1.0
        return ((np.asarray(y, dtype=np.float64) - np.mean(y)) / spread).reshape(-1, 1)
    labels, coded = np.unique(y, return_inverse=True)
    goal = np.eye(len(labels))[coded]
    return goal[:, 1:] if len(labels) == 2 else goal


def _most_frequent(numbers: Array, medians: Array) -> Array:
    """The most frequent value of each column, the least of several; the median of what is wholly missing."""
    found = medians.copy()
    for place, column in enumerate(numbers.T):
        values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        if len(values):
            found[place] = values[np.argmax(counts)]
    return found


def _spreads(filled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quartile range as a standard deviation; half the full range where it is 0; 1 for constants."""
    if not filled.shape[1]:
        return np.ones(0)
    low, high = np.quantile(filled, [0.25, 0.75], axis=0)
    spread = (high - low) / 1.349
    half_range = (filled.max(axis=0) - filled.min(axis=0)) / 2
    spread = np.where(spread > 0, spread, half_range)
    return np.where(spread > 0, spread, 1.0)
