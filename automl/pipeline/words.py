"""Columns of text as numbers: the main directions of their TF-IDF, and what a linear model reads from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.decomposition import TruncatedSVD
from sklearn.model_selection import KFold

from automl.columns.once import Key, Remember, anew
from automl.columns.table import TextCounts
from automl.pipeline.constants import SCORE_FOLDS, SCORE_PENALTY, SCORE_STEPS
from automl.pipeline.terms import TfIdf, beside
from automl.pipeline.typical import few

Array = NDArray[Any]


class Directions:
    """The main directions of a text's TF-IDF (latent semantic analysis, Deerwester et al. 1990), by scikit-learn.

    Parameters
    ----------
    components : int
    seed : int
    """

    def __init__(self, components: int, seed: int = 0) -> None:
        self.components = components
        self.seed = seed

    def fit_transform(self, weights: csr_matrix) -> Array:
        """Learn the directions; shape (n_rows, at most n_components)."""
        self.svd_ = None
        count = min(self.components, weights.shape[1] - 1, weights.shape[0] - 1)
        if count < 1:
            return self.transform(weights)
        self.svd_ = TruncatedSVD(count, n_iter=3, random_state=self.seed)
        with np.errstate(divide="ignore", invalid="ignore"):  # shares of a variance of 0, which nobody reads
            return np.asarray(self.svd_.fit_transform(weights))

    def transform(self, weights: csr_matrix) -> Array:
        """Coordinates of other rows."""
        if self.svd_ is None:
            return np.zeros((weights.shape[0], 0))
        return np.asarray(weights @ self.svd_.components_.T)  # as `svd_.transform`, without its checks


class LinearScore:
    """What a ridge regression reads from terms: one number a class (or one), cross-fitted on the training rows.

    The training rows get scores of models that have not seen them, as scikit-learn's TargetEncoder does it for
    categories; all other rows those of the model of all training rows.

    Parameters
    ----------
    seed : int
        Of the inner folds.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit_transform(self, weights: csr_matrix, goal: Array) -> Array:
        """Fit, and give out-of-fold scores of the training rows; shape (n_rows, n_goals).

        Parameters
        ----------
        weights : csr_matrix of shape (n_rows, n_terms)
        goal : ndarray of shape (n_rows, n_goals)
            Indicators of classes, or standardised numbers.
        """
        self.means_ = goal.mean(axis=0)
        scores = np.zeros(goal.shape)
        if len(goal) >= 2 * SCORE_FOLDS:
            for train, held in KFold(SCORE_FOLDS, shuffle=True, random_state=self.seed).split(goal):
                scores[held] = weights[held] @ ridge(weights[train], goal[train]) + goal[train].mean(axis=0)
        self.coefs_ = ridge(weights, goal)
        return scores

    def transform(self, weights: csr_matrix) -> Array:
        """Scores of other rows."""
        return np.asarray(weights @ self.coefs_ + self.means_)


def ridge(weights: csr_matrix, goal: Array) -> Array:
    """Coefficients of a ridge regression of all goals at once, by conjugate gradients (Hestenes and Stiefel 1952).

    Scikit-learn's solvers take one goal at a time: on 13,000 remarks and 7 classes this is eight times as fast. A few
    steps are enough, and predict unseen rows no worse than the exact solution.

    Parameters
    ----------
    weights : csr_matrix of shape (n_rows, n_terms)
    goal : ndarray of shape (n_rows, n_goals)
    """
    across = weights.T.tocsr()
    residual = across @ (goal - goal.mean(axis=0)).astype(np.float32)
    coefs, direction = np.zeros_like(residual), residual.copy()
    size = np.square(residual).sum(axis=0)
    for _ in range(SCORE_STEPS):
        moved = across @ (weights @ direction) + SCORE_PENALTY * direction
        step = size / np.maximum((direction * moved).sum(axis=0), 1e-30)
        coefs += step * direction
        residual -= step * moved
        before, size = size, np.square(residual).sum(axis=0)
        direction = residual + size / np.maximum(before, 1e-30) * direction
    return np.asarray(coefs)


class TextNumbers:
    """All columns of text as numbers.

    Parameters
    ----------
    how : {"svd", "score", "both"}
    unit : {"words", "pieces", "both"}
    components : int
        Directions a column.
    seed : int
    """

    def __init__(self, how: str, unit: str, components: int, seed: int = 0) -> None:
        self.how, self.unit, self.components, self.seed = how, unit, components, seed

    def fit_transform(self, texts: tuple[TextCounts, ...], goal: Array) -> Array:
        """Learn, and give the training rows' numbers; without a goal there are no scores."""
        self.tfidfs_ = [TfIdf(self.unit) for _ in texts]
        weights = [tfidf.fit_transform(text) for tfidf, text in zip(self.tfidfs_, texts, strict=True)]
        self.gaps_learned_ = [_wordless(block).sum() >= few(block.shape[0]) for block in weights]
        self.directions_: list[Directions] = []
        self.score_ = None
        parts = []
        if self.how in ("svd", "both"):
            self.directions_ = [Directions(self.components, self.seed) for _ in texts]
            found = [one.fit_transform(block) for one, block in zip(self.directions_, weights, strict=True)]
            parts += self._with_gaps(found, weights)
        if self.how in ("score", "both") and goal.shape[1]:
            self.score_ = LinearScore(self.seed)
            parts.append(self.score_.fit_transform(beside(weights), goal))
        return np.hstack([np.zeros((len(goal) or texts[0].words.shape[0], 0)), *parts])

    def transform(self, texts: tuple[TextCounts, ...], once: Remember = anew) -> Array:
        """Numbers of other rows; `once` remembers what is made of a text."""
        learned = zip(self.keys, self.tfidfs_, texts, strict=True)
        weights = [once(key, partial(tfidf.transform, text)) for key, tfidf, text in learned]
        found = [one.transform(block) for one, block in zip(self.directions_, weights, strict=False)]
        parts = self._with_gaps(found, weights)
        if self.score_ is not None:
            parts.append(self.score_.transform(beside(weights)))
        return np.hstack([np.zeros((texts[0].words.shape[0], 0)), *parts])

    @property
    def keys(self) -> list[Key]:
        """What the weights of each column's terms are remembered by."""
        return [(id(tfidf), place) for place, tfidf in enumerate(self.tfidfs_)]

    def unite(self, known: Callable[[Any], Any]) -> None:
        """Exchange the weights of terms for those that stand for all that are equal to them."""
        self.tfidfs_ = [known(tfidf) for tfidf in self.tfidfs_]

    def _with_gaps(self, found: list[Array], weights: list[csr_matrix]) -> list[Array]:
        """NaN where a text has no word that was learned, though next to no training row lacked one."""
        parts = zip(found, weights, self.gaps_learned_, strict=False)
        return [
            part if learned else np.where(_wordless(block)[:, None], np.nan, part) for part, block, learned in parts
        ]


def _wordless(weights: csr_matrix) -> NDArray[np.bool_]:
    return np.asarray(np.diff(weights.indptr) == 0)
