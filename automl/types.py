"""Types of the public arguments, for editors and type checkers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Task: TypeAlias = Literal["auto", "classification", "binary", "multiclass", "regression"]
SearchName: TypeAlias = Literal[
    "auto", "random", "sobol", "tpe", "gp", "evolutionary", "gradient", "grid", "manual", "portfolio"
]
ScheduleName: TypeAlias = Literal["auto", "none", "halving", "hyperband"]
ExecutorName: TypeAlias = Literal["processes", "inline"]
CombinerName: TypeAlias = Literal["greedy", "single"]
Seconds: TypeAlias = float | Literal["auto"] | None
Path: TypeAlias = str | PathLike[str]
Names: TypeAlias = list[str] | tuple[str, ...] | set[str] | frozenset[str]  # a text alone is no list of names
Metric: TypeAlias = str | Callable[[Any, Any, Any], float]
Seed: TypeAlias = int | np.random.RandomState | np.random.Generator
Kind: TypeAlias = Literal["number", "boolean", "category", "ordered", "date", "duration", "text", "dropped"]


class Encoding(Protocol):
    """An encoding of columns: one of `automl.columns.encodings`, or of the user's own."""

    name: str

    def fit(self, name: Any, cells: Any) -> Any:
        """Learn how a column is read."""

    def encode(self, cells: Any) -> NDArray[Any]:
        """Read a column."""


ColumnTypes: TypeAlias = Mapping[Any, Kind | list[Any] | tuple[Any, ...] | Encoding]


class Schedule(Protocol):
    """A schedule: one of `automl.schedule`, or of the user's own."""

    name: str

    def policy(self, run: Any) -> Any:
        """Make the policy of a run."""


class Backend(Protocol):
    """What starts an executor: one of `automl.execute`, or of the user's own."""

    name: str

    def start(self, n_jobs: int, run_dir: Any, memory_limit: int | None = None) -> Any:
        """Start the executor of a run."""


class Combiner(Protocol):
    """A combiner: one of `automl.ensemble.combiners`, or of the user's own."""

    name: str

    def fit(self, seen: Any) -> Mapping[int, float]:
        """Say which candidates make the model, and how much each counts."""


class Interchangeable(Protocol):
    """A table of another library: of polars, pyarrow, or whatever narwhals reads."""

    def __dataframe__(self, nan_as_null: bool = ..., allow_copy: bool = ...) -> Any:
        """Give the table in the form of the dataframe interchange protocol."""


class Sparse(Protocol):
    """A sparse matrix of SciPy."""

    def toarray(self) -> NDArray[Any]:
        """Fill the matrix out."""


class Strategy(Protocol):
    """A strategy of one's own, or one of ours with options, such as ``TPE(startup=10)``."""

    @property
    def name(self) -> str:
        """Say where its candidates come from."""

    def ask(self, history: Any, seed: int) -> Any:
        """Propose a candidate."""


class Splitter(Protocol):
    """A cross-validator of scikit-learn, or one of the same methods."""

    def split(self, X: Any, y: Any = ..., groups: Any = ...) -> Iterable[tuple[Any, Any]]:
        """Give row numbers of training and validation parts."""


Search: TypeAlias = SearchName | Strategy
ScheduleOption: TypeAlias = ScheduleName | Schedule
ExecutorOption: TypeAlias = ExecutorName | Backend
EnsembleOption: TypeAlias = bool | Literal["auto"] | CombinerName | Combiner
Table: TypeAlias = pd.DataFrame | NDArray[Any] | Interchangeable | Sparse | list[Any] | tuple[Any, ...]
CV: TypeAlias = (
    Literal["auto", "holdout"] | int | Splitter | Iterable[tuple[ArrayLike, ArrayLike]] | tuple[Table, ArrayLike]
)
Candidates: TypeAlias = list[str] | list[dict[str, Any]] | list[str | dict[str, Any]] | tuple[str | dict[str, Any], ...]
