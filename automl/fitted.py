"""Whether an estimator is fitted."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError as SklearnNotFittedError

from automl.errors import InputError


class NotFittedError(InputError, SklearnNotFittedError):  # type: ignore[misc]
    """`predict`, `save` or the like was called before `fit`; scikit-learn's error of that name too."""


def check_fitted(model: Any) -> None:
    """Refuse a model that is not fitted.

    Raises
    ------
    NotFittedError
    """
    if not model.__sklearn_is_fitted__():
        raise NotFittedError(f"This {type(model).__name__} is not fitted yet; call fit first.")
