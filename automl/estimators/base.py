"""What steps and classifiers share, under scikit-learn's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Array = NDArray[Any]
Seed = int | np.random.RandomState | None


class MostProbable(ClassifierMixin):  # type: ignore[misc]
    """A classifier whose `predict` follows from its `predict_proba`."""

    def predict(self, X: Any) -> Array:
        """The most probable label of each row, of shape (n_samples,)."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


class NeedsTarget:
    """A step that cannot be fitted without `y`."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.required = True
        return tags


def called(step: Any, input_features: Sequence[str] | None) -> list[str]:
    """Names of the columns that a step was fitted on: as given, as it has seen them, or by their places."""
    check_is_fitted(step)
    known = getattr(step, "feature_names_in_", None) if input_features is None else input_features
    return [f"x{place}" for place in range(step.n_features_in_)] if known is None else list(known)


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of numbers; a subclass learns from checked rows (`_learn`) and transforms such (`_apply`)."""

    _allow_nan = False

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from the training rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : ignored
        """
        self._learn(self._checked(X))
        return self

    def transform(self, X: Any) -> Array:
        """What the step makes of some rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_out)
        """
        check_is_fitted(self)
        return self._apply(self._checked(X, reset=False))

    def _learn(self, X: Array) -> None:
        raise NotImplementedError

    def _apply(self, X: Array) -> Array:
        raise NotImplementedError

    def _checked(self, X: Any, reset: bool = True) -> Array:
        finite = "allow-nan" if self._allow_nan else True
        return np.asarray(validate_data(self, X, dtype=[np.float64, np.float32], ensure_all_finite=finite, reset=reset))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self._allow_nan
        return tags
