"""The parts of a candidate that scikit-learn does not have: union with categories last, stack, encoded labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.pipeline import Pipeline

from automl.columns.table import Table
from automl.estimators.fitting import accepted, fit
from automl.estimators.forests import ask
from automl.pipeline.constants import PSEUDO_ROWS, STACK_FOLDS
from automl.tasks.costs import decide
from automl.validation.folds import inner

Array = NDArray[Any]


class Union(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
    """Columns of several parts side by side; native categories of the parts come last, where models expect them.

    Parameters
    ----------
    parts : list of Pipeline
    categorical : list of int
        How many of each part's last columns are native categories.
    """

    def __init__(self, parts: list[Pipeline], categorical: list[int]) -> None:
        self.parts = parts
        self.categorical = categorical

    def fit(self, X: Table, y: Any = None) -> Union:
        """Fit every part."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Any = None, **params: Any) -> Array:
        """Fit every part, and put their columns side by side."""
        return self._join([part.fit_transform(X, y) for part in self.parts])

    def transform(self, X: Table) -> Array:
        """Columns of every part."""
        return self._join([part.transform(X) for part in self.parts])

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the columns, in the same order."""
        names = [np.asarray(part.get_feature_names_out(input_features)) for part in self.parts]
        return self._join([row.reshape(1, -1) for row in names]).ravel()

    def _join(self, blocks: list[Array]) -> Array:
        cuts = [block.shape[1] - count for block, count in zip(blocks, self.categorical, strict=True)]
        numbers = [block[:, :cut] for block, cut in zip(blocks, cuts, strict=True)]
        categories = [block[:, cut:] for block, cut in zip(blocks, cuts, strict=True)]
        return np.hstack(numbers + categories)

    def __sklearn_is_fitted__(self) -> bool:
        return True  # its parts know


class Stack(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg, misc]
    """A model's predictions as further columns of its other input (Wolpert 1992, stacked generalisation).

    The training rows get out-of-fold predictions from 3 inner folds (of whole groups, or blocks in time, where there
    are such), all other rows those of one more fit on all training rows, as in scikit-learn's StackingClassifier. The
    inner model, its preprocessor and its steps are fitted anew in each inner fold and never read from the cache.

    Parameters
    ----------
    model : Pipeline
        Ends in a `LabelEncoded` classifier or a regressor.
    data : Pipeline
        The other input.
    categorical : int
        How many of the data's last columns are native categories.
    regression : bool
    seed : int
        Of the inner folds.
    """

    def __init__(self, model: Pipeline, data: Pipeline, categorical: int, regression: bool, seed: int) -> None:
        self.model = model
        self.data = data
        self.categorical = categorical
        self.regression = regression
        self.seed = seed

    def fit(self, X: Table, y: Array) -> Stack:
        """Fit the inner models and the data side."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Table, y: Array, **params: Any) -> Array:
        """Fit, and give the training rows their out-of-fold columns."""
        n_folds = min(STACK_FOLDS, len(X))
        stratify = not self.regression and np.bincount(np.unique(y, return_inverse=True)[1]).min() >= n_folds
        about = X.about
        splits = inner(n_folds, y, self.seed, stratify=bool(stratify), groups=about.group, time=about.time)
        self.center_, self.scale_ = (float(np.mean(y)), float(np.std(y)) or 1.0) if self.regression else (0.0, 1.0)
        columns: Array | None = None
        for train, held in splits:
            block = self._predict(fit(clone(self.model), X.take(train), y[train]), X.take(held))
            if columns is None:
                columns = np.zeros((len(X), block.shape[1]))
            columns[held] = block
        self.fitted_ = fit(clone(self.model), X, y)
        assert columns is not None
        self.width_ = columns.shape[1]
        return self._join(self.data.fit_transform(X, y), columns)

    def transform(self, X: Table) -> Array:
        """The data's columns and the predictions of the model fitted on all training rows."""
        return self._join(self.data.transform(X), self._predict(self.fitted_, X))

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Names of the columns, in the same order."""
        names = np.asarray(self.data.get_feature_names_out(input_features)).reshape(1, -1)
        predicted = [[f"prediction {place}" for place in range(1, self.width_ + 1)]]
        return self._join(names, np.array(predicted, dtype=object)).ravel()

    def _predict(self, pipeline: Pipeline, X: Table) -> Array:
        if self.regression:
            return np.asarray((pipeline.predict(X) - self.center_) / self.scale_).reshape(-1, 1)
        probabilities = np.asarray(pipeline.predict_proba(X))
        return probabilities[:, 1:] if probabilities.shape[1] == 2 else probabilities

    def _join(self, block: Array, columns: Array) -> Array:
        cut = block.shape[1] - self.categorical
        return np.hstack([block[:, :cut], columns, block[:, cut:]])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "fitted_")


class LabelEncoded(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier for labels of which a training part may lack some.

    The classes present are encoded as 0..m-1 for the model; its probabilities are spread back to all classes. None is
    below a small floor: a single forest says 0 of what it has not met, which log loss does not forgive.

    Parameters
    ----------
    model : classifier
    classes : ndarray of shape (k,)
        All labels, sorted.
    costs : ndarray of shape (k, k), optional
        Of wrong decisions, which `predict` goes by.
    """

    def __init__(self, model: Any, classes: Array, costs: Array | None = None) -> None:
        self.model = model
        self.classes = classes
        self.costs = costs

    def fit(
        self,
        X: Array,
        y: Array,
        eval_set: tuple[Array, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
        groups: Array | None = None,
        times: Array | None = None,
        blocks: Array | None = None,
    ) -> LabelEncoded:
        """Fit the model on encoded labels; rows of `eval_set` with classes that `y` lacks are left out."""
        given = accepted(self.model, sample_weight=sample_weight, groups=groups, times=times, blocks=blocks)
        self.classes_ = np.asarray(self.classes)
        coded = np.searchsorted(self.classes_, y)
        self.present_, coded = np.unique(coded, return_inverse=True)
        self.floor_ = PSEUDO_ROWS / (len(coded) * len(self.classes_))
        if eval_set is None:
            self.model.fit(X, coded, **given)
            return self
        X_valid, y_valid = eval_set
        known = np.searchsorted(self.classes_, y_valid)
        place = np.searchsorted(self.present_, known)
        seen = np.isin(known, self.present_)
        if not seen.any():
            self.model.fit(X, coded, eval_set=None, **given)
            return self
        if eval_weight is not None:
            given |= accepted(self.model, eval_weight=eval_weight[seen])
        self.model.fit(X, coded, eval_set=(X_valid[seen], place[seen]), **given)
        return self

    def relabel(self, classes: Array) -> None:
        """Give a fitted model other names for its labels, in the same order."""
        self.classes = self.classes_ = np.asarray(classes)

    def predict_proba(self, X: Array) -> Array:
        """Probabilities of all classes; each row sums to 1."""
        probabilities = np.zeros((X.shape[0], len(self.classes_)))
        probabilities[:, self.present_] = ask(self.model, X, "predict_proba")
        probabilities = np.maximum(probabilities, self.floor_)  # NaN stays NaN, for `predict` of build.py to refuse
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))

    def predict(self, X: Array) -> Array:
        """The most probable label, or the one that costs least."""
        return np.asarray(self.classes_[decide(self.predict_proba(X), self.costs)])
