"""Categories as columns: codes for models that know them, one-hot, means of the target, counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from automl.pipeline.constants import ENCODING_FOLDS, ENCODING_ROWS, MAX_GOALS
from automl.pipeline.typical import few, typical_level

Array = NDArray[Any]


class LevelCodes:
    """Level numbers or one-hot columns; rare levels are one.

    Parameters
    ----------
    form : {"native", "ordinal", "onehot"}
    max_levels : int
        The most frequent levels that are told apart.
    out : list of int
        Categories that are left out.
    missing : bool
        Whether a missing value stays NaN; else it is -1, or a column of its own.
    unknown : bool
        Whether levels that no training row has, and gaps where there were next to none, come as they are; else a
        typical level stands in for them.
    """

    def __init__(self, form: str, max_levels: int, out: list[int], missing: bool, unknown: bool = False) -> None:
        self.form, self.max_levels, self.out, self.missing = form, max_levels, out, missing
        self.unknown = unknown

    def fit(self, codes: Array, levels: tuple[int, ...], goal: Array | None = None) -> LevelCodes:
        """Note how many levels there are, which categories have missing values, and what stands in for unknown levels.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_categories)
            -1 where missing.
        levels : tuple of int
            Number of levels of each category.
        goal : ndarray of shape (n_rows, n_goals), optional
            Indicators of classes, or standardised numbers.
        """
        goal = np.zeros((len(codes), 0)) if goal is None else goal
        self.kept_ = [place for place in range(len(levels)) if place not in self.out]
        self.levels_ = [min(levels[place], self.max_levels + 1) for place in self.kept_]
        pairs = zip(self.kept_, self.levels_, strict=True)
        self.known_ = [self._known(np.minimum(codes[:, place], count - 1), count, goal) for place, count in pairs]
        self.lost_ = [bool(known[0] < 0) for known in self.known_]
        widths = [1 if self._one_column(place) else self.levels_[place] + self.lost_[place] for place in self._places]
        self.starts_ = np.cumsum([0, *(widths if self.form == "onehot" else [1] * len(widths))]).tolist()
        return self

    def _known(self, codes: Array, levels: int, goal: Array) -> Array:
        """What each level is taken for, the missing one first."""
        known, counts = np.arange(-1, levels), np.bincount(codes + 1, minlength=levels + 1)
        strange = counts == 0
        strange[0] = counts[0] < few(len(codes))
        if strange.any() and not self.unknown:
            known[strange] = typical_level(counts[1:], codes, goal)
        return known

    @property
    def width(self) -> int:
        """Columns that `write` fills."""
        return int(self.starts_[-1])

    @property
    def _places(self) -> range:
        return range(len(self.kept_))

    def _one_column(self, place: int) -> bool:
        """With two levels and nothing missing, one column says it all."""
        return self.levels_[place] == 2 and not self.lost_[place]

    def names(self, categories: list[str]) -> list[str]:
        """What the columns are, for people: levels are numbered, the most frequent first."""
        found = []
        for place, start in zip(self._places, self.starts_, strict=False):
            name, width = categories[self.kept_[place]], self.starts_[place + 1] - start
            found += [name] if width == 1 else [f"{name} = level {level}" for level in range(width)]
        return found

    def write(self, codes: Array, out: Array) -> None:
        """Put some rows in their form.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_categories)
        out : ndarray of shape (n_rows, width)
            Zeros.
        """
        rows = np.arange(len(codes))
        for place, start in zip(self._places, self.starts_, strict=False):
            levels = self.levels_[place]
            code = self.known_[place][np.minimum(codes[:, self.kept_[place]], levels - 1) + 1]
            if self.form != "onehot":
                out[:, start] = np.where(code < 0, np.nan if self.missing else -1.0, code)
            elif self._one_column(place):
                out[:, start] = code == 1
            else:
                out[rows, start + np.where(code < 0, levels, code)] = 1


class LevelNumbers:
    """Numbers for categories of many levels: means of the target, or how often the level occurs.

    Parameters
    ----------
    how : {"target", "both", "count"}
        "target" and "both" are means of the target (they differ in whether codes are there too).
    places : list of int
        The categories.
    seed : int
        Of the inner folds: training rows get means over rows other than themselves (Micci-Barreca 2001, shrunk and
        cross-fitted by scikit-learn's TargetEncoder).
    """

    def __init__(self, how: str, places: list[int], seed: int = 0) -> None:
        self.how, self.places, self.seed = how, places, seed

    def fit_transform(self, codes: Array, goal: Array) -> Array:
        """Learn, and give the training rows' numbers.

        Parameters
        ----------
        codes : ndarray of shape (n_rows, n_categories)
        goal : ndarray of shape (n_rows, n_goals)
            Indicators of classes, or standardised numbers.
        """
        levels = codes[:, self.places]
        if self.how == "count" or not 1 <= goal.shape[1] <= MAX_GOALS or len(codes) < ENCODING_ROWS:
            self.encoders_: list[TargetEncoder] = []
            self.counts_ = [_logs(column, goal) for column in levels.T]
            return self.transform(codes)
        folds = KFold(ENCODING_FOLDS, shuffle=True, random_state=self.seed)
        self.encoders_ = [TargetEncoder(target_type="continuous", cv=folds) for _ in goal.T]
        parts = [encoder.fit_transform(levels, column) for encoder, column in zip(self.encoders_, goal.T, strict=True)]
        return np.hstack(parts)

    def names(self, categories: list[str]) -> list[str]:
        """What the columns are, for people."""
        what = ["mean(target)"] * len(self.encoders_) or ["rows"]
        return [f"{one} by {categories[place]}" for one in what for place in self.places]

    def transform(self, codes: Array) -> Array:
        """Numbers of other rows."""
        levels = codes[:, self.places]
        if self.encoders_:
            return np.hstack([_means(encoder, levels) for encoder in self.encoders_])
        columns = [
            counts[np.minimum(column + 1, len(counts) - 1)]
            for counts, column in zip(self.counts_, levels.T, strict=True)
        ]
        return np.column_stack(columns)


def _means(encoder: TargetEncoder, levels: Array) -> Array:
    """What the encoder's `transform` gives, without its checks, which take ten times as long for a single row."""
    found = np.full(levels.shape, encoder.target_mean_)
    for out, column, known, means in zip(found.T, levels.T, encoder.categories_, encoder.encodings_, strict=True):
        places = np.minimum(np.searchsorted(known, column), len(known) - 1)
        seen = known[places] == column
        out[seen] = means[places[seen]]
    return found


def _logs(codes: Array, goal: Array) -> Array:
    """Logarithms of how often each level occurs, the missing one first, one that is new last."""
    counts = np.bincount(codes + 1)
    logs: Array = np.log1p(np.append(counts, 0))
    if counts[0] < few(len(codes)) and len(counts) > 1:
        goal = goal if len(goal) else np.zeros((len(codes), 0))
        logs[0] = logs[1 + typical_level(counts[1:], codes, goal)]
    return logs
