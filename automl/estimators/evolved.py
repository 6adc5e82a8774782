"""Evolved features: expressions of columns that are bred to tell what a quick model cannot.

After gplearn's SymbolicTransformer (Koza 1992) and FEAT (La Cava et al. 2019), but small: what is kept is few short
expressions with names, as ``log(income) / family_size``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Self

import numpy as np
from scipy.stats import rankdata
from sklearn.utils.validation import validate_data

from automl.estimators.base import Array, NeedsTarget, Step, called
from automl.estimators.constants import (
    EVOLVED_ALIKE,
    EVOLVED_DATES,
    EVOLVED_ERRORS,
    EVOLVED_FLOOR,
    EVOLVED_FOLDS,
    EVOLVED_GOALS,
    EVOLVED_GROUPS,
    EVOLVED_LEAST_ROWS,
    EVOLVED_NUMBERS,
    EVOLVED_ROWS,
    EVOLVED_TRIES,
)
from automl.estimators.evolved_breeding import Breeder
from automl.estimators.evolved_judge import Judge, can_judge, standard_errors
from automl.estimators.evolved_terms import Term, columns_of, written
from automl.estimators.evolved_values import Means, computed, learn_means
from automl.validation.folds import inner

NUMBER, DATE, GROUP = "number", "date", "group"


class Evolved(NeedsTarget, Step):
    """Columns that are bred from others; none where nothing bred is better than chance.

    Parameters
    ----------
    n_features : int, default=5
        The most that are kept.
    generations : int, default=6
        Of 60 expressions each.

    Attributes
    ----------
    terms_ : list of expressions
    """

    _allow_nan = True

    def __init__(self, n_features: int = 5, *, generations: int = 6) -> None:
        self.n_features = n_features
        self.generations = generations

    def fit(
        self,
        X: Any,
        y: Any = None,
        kinds: Sequence[str] | None = None,
        groups: Array | None = None,
        times: Array | None = None,
    ) -> Self:
        """Breed expressions on some rows, and keep those that lower the loss of the quick model on others.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            NaN where missing.
        y : array-like of shape (n_samples,)
        kinds : sequence of {"number", "date", "group"}, optional
            What each column is: dates are days, groups levels. Numbers where not given.
        groups, times : ndarray of shape (n_samples,), optional
            For the inner folds.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        self.kinds_ = [NUMBER] * X.shape[1] if kinds is None else list(kinds)
        self.means_: Means = {}
        self.terms_: list[Term] = []
        goals = self._goals(y)
        most = EVOLVED_ROWS if goals.shape[1] == 1 else EVOLVED_ROWS // 2
        rows = np.sort(np.random.default_rng(0).permutation(len(X))[:most])
        if len(rows) >= EVOLVED_LEAST_ROWS and self._can_breed(X[rows]) and can_judge():
            about = [None if known is None else known[rows] for known in (groups, times)]
            self.terms_ = self._bred(X[rows], goals[rows], *about)
        for term in self.terms_:
            learn_means(term, X, self.means_)
        self._n_features_out = len(self.terms_)
        return self

    def _apply(self, X: Array) -> Array:
        found = np.empty((len(X), len(self.terms_)))
        known: dict[Term, Array] = {}
        for place, term in enumerate(self.terms_):
            found[:, place] = computed(term, X, self.means_, known)
        return found

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> Array:
        """What the columns of `transform` are, for people: as ``log(income) / family_size``.

        Parameters
        ----------
        input_features : sequence of str, optional
            Names of the columns that they are made of.
        """
        names = called(self, input_features)
        return np.array([written(term, names) for term in self.terms_], dtype=object)

    # ---- fit

    def _goals(self, y: Array) -> Array:
        raise NotImplementedError

    def _places(self, X: Array, kind: str) -> list[int]:
        """Columns of a kind that vary."""
        same = [np.isnan(column).all() or np.nanmin(column) == np.nanmax(column) for column in X.T]
        return [place for place, known in enumerate(self.kinds_) if known == kind and not same[place]]

    def _can_breed(self, X: Array) -> bool:
        numbers, dates, groups = (len(self._places(X, kind)) for kind in (NUMBER, DATE, GROUP))
        return numbers > 1 or dates > 1 or (numbers > 0 and groups > 0)

    def _bred(self, X: Array, goals: Array, groups: Array | None, times: Array | None) -> list[Term]:
        splits = inner(EVOLVED_FOLDS, goals, 0, stratify=False, groups=groups, time=times)
        judge = Judge(X, goals, self._places(X, GROUP), splits)
        means: Means = {}
        known: dict[Term, Array] = {}

        def values(term: Term) -> Array:
            learn_means(term, X, means)
            return computed(term, X, means, known)

        def gain(term: Term) -> float | None:
            found = values(term)
            present = found[~np.isnan(found)]
            if len(present) < len(found) / 2 or np.ptp(present) == 0:
                return None
            return judge.gain(found, columns_of(term))

        order = np.argsort(-judge.importances, kind="stable").tolist()
        leaves = [
            sorted(self._places(X, kind), key=order.index)[:most]
            for kind, most in ((NUMBER, EVOLVED_NUMBERS), (DATE, EVOLVED_DATES), (GROUP, EVOLVED_GROUPS))
        ]
        weights = judge.importances + EVOLVED_FLOOR * (judge.importances.mean() or 1.0)
        terms = Breeder(leaves, weights.tolist(), gain).evolve(self.generations, Random(0))
        return self._kept(terms, judge, values)

    def _kept(self, terms: list[Term], judge: Judge, values: Callable[[Term], Array]) -> list[Term]:
        """Those that lower the loss of the quick model, beside those before them; of such as are alike the fittest."""
        kept: list[Term] = []
        ranks: list[Array] = []
        failed = 0
        before = judge.losses([]) if terms else None
        for term in terms:
            rank = _ranks(values(term))
            if any(abs(rank @ other) > EVOLVED_ALIKE for other in ranks):
                continue
            now = judge.losses([values(one) for one in [*kept, term]])
            ranks.append(rank)
            errors = standard_errors(before - now)
            if errors > EVOLVED_ERRORS[0] and errors + judge.sure(values(term), columns_of(term)) > EVOLVED_ERRORS[1]:
                kept, before, failed = [*kept, term], now, 0
            else:
                failed += 1
            if failed == EVOLVED_TRIES or len(kept) == self.n_features:
                break
        return kept


class EvolvedRegressor(Evolved):
    """`Evolved` features for a number."""

    def _goals(self, y: Array) -> Array:
        y = np.asarray(y, dtype=np.float64)
        y = np.clip(y, *np.quantile(y, [0.005, 0.995]))
        return _standard(y.reshape(-1, 1))


class EvolvedClassifier(Evolved):
    """`Evolved` features for classes: the probability of each, or of some of them together where there are many."""

    def _goals(self, y: Array) -> Array:
        labels, coded = np.unique(y, return_inverse=True)
        if len(labels) <= 2:
            goals = np.eye(len(labels))[:, -1:]
        elif len(labels) <= EVOLVED_GOALS:
            goals = np.eye(len(labels))
        else:
            goals = np.random.default_rng(0).integers(0, 2, (len(labels), EVOLVED_GOALS)).astype(np.float64)
        return _standard(goals[coded])


def _standard(goals: Array) -> Array:
    """Mean 0 and spread 1, but for what does not vary."""
    spreads = goals.std(axis=0)
    return np.asarray((goals - goals.mean(axis=0)) / np.where(spreads > 0, spreads, 1.0))


def _ranks(values: Array) -> Array:
    """Ranks as a vector of length 1; gaps are in the middle."""
    ranks = rankdata(np.nan_to_num(values, nan=np.nanmedian(values)))
    ranks -= ranks.mean()
    return np.asarray(ranks / (np.linalg.norm(ranks) or 1.0))
