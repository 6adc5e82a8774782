"""Rows whose label is contradicted: by a prediction that has not seen it, or by an equal row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.report.constants import BIN_ROWS, BINS, FAR, LEAST_GAIN
from automl.validation.duplicates import Repeats

Array = NDArray[Any]

COLUMNS = ["row", "label", "predicted", "probability", "deviations", "reason"]
PREDICTED, EQUAL = "its prediction by models that have not seen it", "an equal row"


@dataclass(frozen=True)
class Labels:
    """The labels of the training rows, and what speaks against them.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        The coded target.
    classes : ndarray or None
        Sorted labels, None in regression.
    out_of_fold : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Predictions by models that have not seen the row; NaN where there is none.
    disputed : ndarray of int
        Rows of which a copy has another label.
    """

    y: Array
    classes: Array | None
    out_of_fold: Array
    disputed: Array

    @classmethod
    def of(cls, y: Array, classes: Array | None, out_of_fold: Array, repeats: Repeats) -> Labels:
        """Keep the smallest that says it all."""
        if classes is not None and out_of_fold.ndim == 1:  # no candidate has predicted every fold
            out_of_fold = np.full((len(y), len(classes)), np.nan)
        small = y.astype(np.min_scalar_type(int(y.max()))) if classes is not None else y
        return cls(small, classes, out_of_fold, _disputed(small, classes, repeats))

    def suspects(self, most: int | None = None) -> pd.DataFrame:
        """Rows whose label is in doubt, the most doubtful first; see `AutoML.label_suspects`."""
        doubt, guess, suspected = self.doubts()
        reasons = np.full(len(self.y), "", dtype=object)
        reasons[suspected] = PREDICTED
        reasons[self.disputed] = np.where(suspected[self.disputed], f"{PREDICTED}, and {EQUAL}", EQUAL)
        rows = np.flatnonzero(reasons != "")
        rows = rows[np.argsort(-doubt[rows], kind="stable")][:most]
        found = pd.DataFrame({"row": rows, "reason": reasons[rows]})
        if self.classes is None:
            return found.assign(label=self.y[rows], predicted=guess[rows], probability=np.nan, deviations=doubt[rows])[
                COLUMNS
            ]
        own = np.take_along_axis(self.out_of_fold[rows], self.y[rows, None].astype(np.intp), axis=1)[:, 0]
        label, predicted = self.classes[self.y[rows]], self.classes[guess[rows]]
        return found.assign(label=label, predicted=predicted, probability=own, deviations=np.nan)[COLUMNS]

    def doubts(self) -> tuple[Array, Array, NDArray[np.bool_]]:
        """How doubtful each label is, what it would be instead, and whether the prediction contradicts it."""
        return _far(self.y, self.out_of_fold) if self.classes is None else _contradicted(self.y, self.out_of_fold)


def _contradicted(y: Array, shares: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Confident learning (Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in labels").

    A row is suspected where another class is at least as probable as it is, on average, for the rows that have it as
    their label, and more probable than the row's own. Doubt is the lead of the most probable other class (their
    "normalized margin").
    """
    rows = np.flatnonzero(np.isfinite(shares).all(axis=1))
    known, labels = shares[rows], y[rows].astype(np.intp)
    places = np.arange(len(rows))
    counts = np.maximum(np.bincount(labels, minlength=shares.shape[1]), 1)
    thresholds = np.bincount(labels, weights=known[places, labels], minlength=shares.shape[1]) / counts
    others = known.copy()
    others[places, labels] = -np.inf
    rival = others.argmax(axis=1)
    lead = others[places, rival] - known[places, labels]
    by_chance = float(np.sum((counts / len(rows)) ** 2)) if len(rows) else 1.0
    informed = bool(known[places, labels].sum() > (by_chance + LEAST_GAIN) * len(rows))
    doubt, guess = np.full(len(y), -1.0), y.astype(np.intp)
    suspected = np.zeros(len(y), dtype=bool)
    doubt[rows], guess[rows] = lead, np.where(lead > 0, rival, labels)
    suspected[rows] = (lead > 0) & (others[places, rival] >= thresholds[rival]) & informed
    return doubt, guess, suspected


def _far(y: Array, predicted: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Residuals in robust standard deviations (1.4826 times the median distance from the median).

    They are measured among rows of similar prediction, since large values often spread more.
    """
    rows = np.flatnonzero(np.isfinite(predicted))
    doubt, suspected = np.zeros(len(y)), np.zeros(len(y), dtype=bool)
    if not len(rows):
        return doubt, predicted, suspected
    residual = y[rows] - predicted[rows]
    order = np.argsort(predicted[rows], kind="stable")
    for part in np.array_split(order, max(1, min(BINS, len(rows) // BIN_ROWS))):
        centred = residual[part] - np.median(residual[part])
        spread = 1.4826 * np.median(np.abs(centred))
        doubt[rows[part]] = np.abs(centred) / spread if spread > 0 else 0.0
    suspected = doubt > FAR
    return doubt, predicted, suspected


def _disputed(y: Array, classes: Array | None, repeats: Repeats) -> NDArray[np.int64]:
    """Rows of which a copy has another label; where equal rows are coincidences, they say nothing about labels."""
    if classes is None or repeats.duplicate_groups is None:
        return np.zeros(0, dtype=np.int64)
    groups = repeats.duplicate_groups
    width = int(groups.max()) + 1
    lowest, highest = np.full(width, len(classes)), np.full(width, -1)
    np.minimum.at(lowest, groups, y)
    np.maximum.at(highest, groups, y)
    return np.flatnonzero(lowest[groups] != highest[groups])
