"""The preprocessor: turns a `Table` into the matrix that its consumer accepts. It alone knows kinds of column."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from automl.columns.columns import Columns
from automl.columns.constants import TARGET_LEVELS
from automl.columns.table import Table
from automl.estimators.blocks import DATES, FLAGS, LEVELS, NUMBERS, TEXT
from automl.native import single_threaded
from automl.pipeline.beside import column_names
from automl.pipeline.constants import MANY_CELLS
from automl.pipeline.dates import DateParts
from automl.pipeline.leaf import Leaf
from automl.pipeline.levels import LevelCodes, LevelNumbers
from automl.pipeline.numbers import Numbers
from automl.pipeline.target import goals
from automl.pipeline.words import TextNumbers
from automl.tables.frame import as_frame

Array = NDArray[Any]

CHUNK_ROWS = 8_192  # that are prepared at a time


class TableReader(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
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
        single_threaded()
        return self.columns_.encode(X)

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the table's columns."""
        return np.array([str(name) for name in self.columns_.names], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "columns_")


class Preprocessor(Leaf, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """The `input` of every candidate. The first five parameters are its consumer's demand, the others are searched.

    Parameters
    ----------
    categories : {"native", "ordinal", "onehot"}
        Native and ordinal are one column of level numbers (native ones come last, where models expect them);
        one-hot is a column a level, one for two levels, and one for missing values where there were any.
    missing : bool
        Whether missing values stay NaN; else numbers are filled. Those of a column with next to none in the training
        rows are always filled (`automl.pipeline.typical`), as nothing is learned of them.
    scale : {"any", "unit"}
        Unit: minus the median, divided by the quartile range, softly bent into (-3, 3), as in RealMLP (Holzmüller et
        al. 2024, "Better by default") and skrub's SquashingScaler.
    task : {"binary", "multiclass", "regression"}
        What the target is, for encodings that look at it.
    unknown : bool
        Whether the consumer knows what to do with levels that no training row has; else a typical one stands in.
    seed : int
        Of their inner folds.
    max_levels : int
        Levels of a category beyond so many are one.
    many_levels : {"own", "target", "both", "count"}
        What categories of more than 12 levels become: what `categories` says, cross-fitted means of the target
        (scikit-learn's TargetEncoder), both, or their own code and how often the level occurs.
    integers : {"number", "category", "both"}
        What columns of few whole numbers become (`automl.columns.integers`).
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

    Attributes
    ----------
    blocks_ : ndarray of int of shape (n_columns,)
        Of which kind each column of the matrix is (`automl.estimators.blocks.BLOCKS`).
    """

    def __init__(  # noqa: PLR0913  # as scikit-learn wants an estimator's parameters
        self,
        categories: str = "onehot",
        missing: bool = False,
        scale: str = "unit",
        task: str = "binary",
        unknown: bool = False,
        seed: int = 0,
        max_levels: int = 50,
        many_levels: str = "count",
        integers: str = "number",
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
        self.unknown = unknown
        self.seed = seed
        self.max_levels = max_levels
        self.many_levels = many_levels
        self.integers = integers
        self.text = text
        self.text_unit = text_unit
        self.text_components = text_components
        self.cycles = cycles
        self.fill = fill
        self.indicator = indicator
        self.clip = clip

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """What the columns are, for people."""
        return np.array(column_names(self), dtype=object)

    # ---- the work itself

    @property
    def medians_(self) -> Array:
        """Medians of the columns of numbers, where they were needed."""
        return self.numbers_.medians_

    def learn(self, table: Table, y: Array | None = None) -> Array:
        """Learn from a table, without the cache, and prepare its rows."""
        goal = goals(y, self.task)
        self.few_ = table.integers if self.integers != "number" else ()
        self.called_ = {part: tuple(table.called(part)) for part in ("numbers", "codes", "dates")}
        codes, blocks = self._codes_and_numbers(table)
        kinds = [NUMBERS]
        if table.dates.shape[1]:
            kinds.append(DATES)
            cycles = self.scale == "unit" if self.cycles is None else self.cycles
            self.dates_ = DateParts(cycles)
            blocks.append(self.dates_.fit_transform(table.dates))
        many = [place for place, levels in enumerate(table.levels) if levels > TARGET_LEVELS]
        if many and self.many_levels != "own":
            kinds.append(LEVELS)
            self.numbers_of_levels_ = LevelNumbers(self.many_levels, many, self.seed)
            blocks.append(self.numbers_of_levels_.fit_transform(codes, goal))
        if table.n_texts and self.text != "none":
            kinds.append(TEXT)
            self.texts_ = TextNumbers(self.text, self.text_unit, self.text_components, self.seed)
            blocks.append(self.texts_.fit_transform(table.texts, goal))
        near = goal if len(goal) else None
        self.numbers_ = Numbers(self.missing, self.scale, self.fill, self.indicator, self.clip).fit(blocks, near)
        out = many if self.many_levels == "target" else []
        self.codes_ = LevelCodes(self.categories, self.max_levels, out, self.missing, self.unknown)
        self.codes_.fit(codes, (*table.levels, *(few.n_levels for few in self.few_)), near)
        widths = [block.shape[1] for block in blocks]
        counts = [*widths, len(self.numbers_.flagged_), self.codes_.width]
        kinds = [*kinds, FLAGS, LEVELS] if self._width else [NUMBERS]
        self.blocks_ = np.repeat(np.array(kinds, dtype=np.int8), counts if self._width else 1)
        large = self.categories == "onehot" and len(codes) * self._width > MANY_CELLS
        self.precision_ = np.float32 if large or self.scale == "unit" else np.float64
        return self._join(blocks, codes)

    def apply(self, table: Table) -> Array:
        """Prepare a table, without the cache."""
        codes, blocks = self._codes_and_numbers(table)
        for name, part in self._parts().items():
            given: list[Any] = [codes] if name == "numbers_of_levels_" else [table.dates]
            given = [table.texts, table.once] if name == "texts_" else given
            blocks.append(table.once((id(part),), partial(part.transform, *given)))
        return self._join(blocks, codes)

    def _codes_and_numbers(self, table: Table) -> tuple[Array, list[Array]]:
        """Rows are taken anew each time that they are asked for; few whole numbers are where they are wanted."""
        codes, numbers = table.codes, table.numbers
        if few := getattr(self, "few_", ()):  # models of before have none
            codes = np.column_stack([codes, *(one.codes(numbers) for one in few)])
            if self.integers == "category":
                numbers = np.delete(numbers, [one.place for one in few], axis=1)
        return codes, [numbers]

    @property
    def parts(self) -> list[Any]:
        """What makes columns of numbers beside those of the table."""
        return list(self._parts().values())

    def unite(self, known: Callable[[Any], Any]) -> None:
        """Exchange each part for the one that stands for all that are equal to it."""
        if hasattr(self, "texts_"):
            self.texts_.unite(known)
        for name, part in self._parts().items():
            setattr(self, name, known(part))

    def _parts(self) -> dict[str, Any]:
        names = ("dates_", "numbers_of_levels_", "texts_")
        return {name: self.__dict__[name] for name in names if name in self.__dict__}

    @property
    def _width(self) -> int:
        return self.numbers_.width + self.codes_.width

    def _join(self, blocks: list[Array], codes: Array) -> Array:
        """Fill the matrix some rows at a time: nothing else of its size is ever made, and it stays in the caches."""
        cut = self.numbers_.width
        matrix = np.zeros((len(codes), max(1, self._width)), dtype=self.precision_)
        for start in range(0, len(codes), CHUNK_ROWS):
            part = slice(start, start + CHUNK_ROWS)
            self.numbers_.write(np.column_stack([block[part] for block in blocks]), matrix[part, :cut])
            self.codes_.write(codes[part], matrix[part, cut:])
        return matrix
