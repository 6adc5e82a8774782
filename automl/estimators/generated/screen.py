"""Which columns are worth to be generated: those that tell what quick trees and the columns they are made of do not.

Trees find by themselves most of what two columns say together, and a column more is noise to them. So one is kept where
it orders the rows as what trees have missed, or as the target better than all that the trees have learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np

from automl.estimators.base import Array
from automl.estimators.constants import (
    ALIKE,
    LEVEL_ROWS,
    MOST_LEVELED,
    MOST_NUMBERS,
    RANKED_AT_ONCE,
    SURE_GAIN,
)
from automl.estimators.generated.formulas import OPERATIONS, Arithmetic, Formula, GroupRank, GroupRatio, LevelMean
from automl.estimators.generated.levels import Levels, Training
from automl.estimators.generated.ranks import ranks, told_by_trees

Made = tuple[Formula, Array]  # a formula and its values


class Screen:
    """Formulas of some of the training rows, and what they say about the target.

    Parameters
    ----------
    rows : Training
    categorical : int
        How many of the last columns are codes of categories.
    smoothing : float
        As in `Generated`.
    """

    def __init__(self, rows: Training, categorical: int, smoothing: float) -> None:
        self.rows, self.smoothing = rows, smoothing
        distinct = [len(np.unique(column[~np.isnan(column)])) for column in rows.X.T]
        first = rows.X.shape[1] - categorical
        ranked, self.target = ranks(rows.X), ranks(rows.goals)
        told = np.abs(ranked.T @ self.target).max(axis=1, initial=0)
        varied = [place for place in range(len(distinct)) if distinct[place] > 1]
        self.numbers = _first([place for place in varied if place < first], told, MOST_NUMBERS)
        coarse = [place for place in varied if place >= first or distinct[place] * LEVEL_ROWS <= len(rows.X)]
        self.leveled, self.categories = coarse, range(first, len(distinct))
        trees = told_by_trees(rows.X, rows.goals, rows.classify)
        self.rest = ranks(rows.goals - trees)
        self.trees = (ranks(trees) * self.target).sum(axis=0)  # what they say of the target, by goal
        self.known = np.abs(ranked.T @ self.target), np.abs(ranked.T @ self.rest)  # what each column says of both

    def made(self, kinds: str) -> Iterator[Made]:
        """Every formula of the kinds that are asked for: "arithmetic", "groups", "means" or "all"."""
        if kinds in ("arithmetic", "all"):
            yield from self._arithmetic()
        if kinds in ("groups", "means", "all"):
            levels = self._levels()
            if kinds != "means":
                yield from self._groups(levels)
            if kinds != "groups":
                yield from self._means(levels)

    def _arithmetic(self) -> Iterator[Made]:
        for left, right in combinations(self.numbers, 2):
            for operation in OPERATIONS:
                yield self._fitted(Arithmetic(operation, left, right))
            yield self._fitted(Arithmetic("/", right, left))

    def _levels(self) -> dict[int, tuple[Levels, Array]]:
        """Categories and coarse numbers whose levels say most, with each row's level."""
        found, told = {}, np.zeros(self.rows.X.shape[1])
        for place in self.leveled:
            levels = Levels(place)
            codes = levels.fit(self.rows.X)
            each = [values for _, values in self._mean(levels, codes)]
            told[place] = (ranks(np.column_stack(each)) * self.target).sum(axis=0).max()
            found[place] = levels, codes
        return {place: found[place] for place in _first(list(found), told, MOST_LEVELED)}

    def _groups(self, levels: dict[int, tuple[Levels, Array]]) -> Iterator[Made]:
        for place, (group, codes) in levels.items():
            if (codes.max() + 1) * LEVEL_ROWS > len(codes):
                continue
            for number in self.numbers:
                if number != place:
                    yield self._fitted(GroupRatio(number, group, self.smoothing), codes)
                    yield self._fitted(GroupRank(number, group, self.smoothing), codes)

    def _means(self, levels: dict[int, tuple[Levels, Array]]) -> Iterator[Made]:
        for place, (alone, codes) in levels.items():
            if place not in self.categories:  # what their means are for is a parameter of the preprocessor
                yield from self._mean(alone, codes)
        for left, right in combinations(levels, 2):
            both = Levels(left, right)
            yield from self._mean(both, both.fit(self.rows.X))

    def _mean(self, levels: Levels, codes: Array) -> Iterator[Made]:
        for goal in range(self.rows.goals.shape[1]):
            yield self._fitted(LevelMean(levels, goal, self.rows.labels[goal], self.smoothing), codes)

    def _fitted(self, formula: Formula, codes: Array | None = None) -> Made:
        return formula, formula.fit(self.rows, np.zeros(0, dtype=np.int64) if codes is None else codes)

    # ---- the choice

    def best(self, kinds: str, count: int) -> list[Formula]:
        """The formulas that gain most; of those that are alike, the best one."""
        made, sure = self.made(kinds), SURE_GAIN / np.sqrt(len(self.rest))
        found: list[tuple[float, Formula, Array]] = []
        while block := list(islice(made, RANKED_AT_ONCE)):
            ranked = ranks(np.column_stack([values for _, values in block]))
            said = ranked.T @ self.target, ranked.T @ self.rest
            for place, (formula, _) in enumerate(block):
                if (gain := self._gain(formula, said[0][place], said[1][place])) > sure:
                    found.append((gain, formula, ranked[:, place].astype(np.float32)))
        found.sort(key=lambda one: -one[0])
        chosen: list[Formula] = []
        columns = np.empty((len(self.rest), min(count, len(found))), dtype=np.float32)
        for _, formula, column in found:
            if len(chosen) < count and (np.abs(column @ columns[:, : len(chosen)]) < ALIKE).all():
                columns[:, len(chosen)] = column
                chosen.append(formula)
        return chosen

    def _gain(self, formula: Formula, target: Array, rest: Array) -> float:
        """What a formula says beyond its parents, by its rank correlations with both; of the target if beyond trees."""
        of_target, of_rest = formula.says(target), formula.says(rest)
        parents = list(formula.parents)
        more = of_target - self.known[0][parents].max(axis=0)
        more_of_rest = of_rest - self.known[1][parents].max(axis=0)
        return float(np.maximum(np.where(of_target > self.trees, more, 0), more_of_rest).max())


def _first(places: list[int], scores: Array, most: int) -> list[int]:
    """Those of highest score, in the order of the table."""
    return sorted(sorted(places, key=lambda place: -scores[place])[:most])
