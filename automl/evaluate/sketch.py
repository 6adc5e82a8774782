"""How a candidate behaves, in few numbers: a sketch of its errors on rows that its models have not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.evaluate.constants import SKETCH_DIGITS, SKETCH_SIZE
from automl.evaluate.run_data import RunData
from automl.space.seed import derive_seed

Array = NDArray[Any]


def sketch(data: RunData, predictions: Sequence[Array]) -> tuple[float, ...]:
    """Errors of out-of-fold predictions as a few sums of them, each error with a random sign (a count sketch).

    Inner products of sketches are those of the errors but for chance (Charikar, Chen and Farach-Colton, "Finding
    frequent items in data streams", ICALP 2002; Weinberger et al., "Feature hashing", ICML 2009): the cosine of two says
    how alike they err, the squared length of a mean of several how well their ensemble does. Each is scaled to the root
    of the candidate's mean squared error, so that only distances between candidates are left to chance. All candidates
    of a run have the same signs.

    Parameters
    ----------
    data : RunData
    predictions : sequence of ndarray
        Of the validation rows of each of the first folds, as many as a cross-validation has.

    Returns
    -------
    tuple of float
        Errors are those of probabilities, or in standard deviations of the target; empty where one is not finite.
    """
    rng = np.random.default_rng(derive_seed(data.seed, "sketch"))
    sums, squares, rows = np.zeros(SKETCH_SIZE), 0.0, 0
    for (_, valid), prediction in zip(data.splits[: data.n_folds], predictions, strict=False):
        errors = _errors(data, valid, prediction)
        place = rng.integers(SKETCH_SIZE, size=errors.size)
        signs = rng.integers(2, size=errors.size) * 2 - 1
        sums += np.bincount(place, signs * errors, SKETCH_SIZE)
        squares += float(errors @ errors)
        rows += len(valid)
    if not rows or not np.isfinite(squares):
        return ()
    scale = math.sqrt(squares / rows) / (float(np.linalg.norm(sums)) or 1.0)
    return tuple(float(f"{number:.{SKETCH_DIGITS}g}") for number in scale * sums)


def _errors(data: RunData, rows: Array, prediction: Array) -> Array:
    truth = data.y[rows]
    if data.task.classes is None:
        errors = (prediction.astype(np.float64) - truth) / (float(np.std(data.y)) or 1.0)
    elif len(data.task.classes) == 2:
        errors = prediction[:, 1].astype(np.float64) - truth
    else:
        errors = prediction.astype(np.float64)
        errors[np.arange(len(rows)), truth.astype(int)] -= 1.0
    return np.asarray(errors).ravel()
