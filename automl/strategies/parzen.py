"""Densities of whole points: kernels over all coordinates together, in the unit interval of their domains.

Hyperopt's estimators are one a coordinate, which cannot say that two values go well only together. Kernels over
several coordinates are those of BOHB (Falkner, Klein and Hutter, ICML 2018) and of Optuna's multivariate TPE; what
their constants do is measured by Watanabe, "Tree-structured Parzen estimator: understanding its algorithm components
and their roles for better empirical performance" (2023).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from automl.space.constants import FAMILY, SLOT_NONE
from automl.space.encoding import Encoding, Point
from automl.space.space import SLOTS, Space
from automl.strategies.constants import PARZEN_LEAST_WIDTH, PARZEN_OTHERS, PARZEN_WIDEST

Table = NDArray[np.float64]  # a row a point, a column a label; NaN where the label is inactive


class Labels:
    """All coordinates that points of a space may have, as columns.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    shares : list of (ndarray or None)
        Declared probability of each option; None for places in the unit interval, which are declared uniform.
    """

    def __init__(self, space: Space) -> None:
        families = len(space.models)
        shares: dict[str, NDArray[np.float64] | None] = {FAMILY: np.full(families, 1 / families)}
        for slot in SLOTS:
            if steps := len(space.slot(slot)):
                shares[slot] = np.array([SLOT_NONE, *[(1 - SLOT_NONE) / steps] * steps])
        for part in (*space.models.values(), *space.steps.values(), space.preprocessor):
            for label, param in Encoding.params(part).items():
                declared = param.domain.shares
                shares[label] = None if declared is None else np.array(declared)
        self.names = list(shares)
        self.shares = list(shares.values())
        self.numeric = np.array([share is None for share in self.shares])
        self._places = {name: place for place, name in enumerate(self.names)}
        self._rows: dict[str, NDArray[np.float64]] = {}  # by candidate key

    def row(self, key: str, point: Point) -> NDArray[np.float64]:
        """A candidate's point as a row."""
        if key not in self._rows:
            self._rows[key] = self.fresh([point])[0]
        return self._rows[key]

    def fresh(self, points: Sequence[Point]) -> Table:
        """Points as rows, which are not remembered."""
        found = np.full((len(points), len(self.names)), np.nan)
        for row, point in zip(found, points, strict=True):
            for label, value in point.items():
                row[self._places[label]] = value
        return found

    def table(self, points: Iterable[tuple[str, Point]]) -> Table:
        """Points by their candidates' keys as rows."""
        rows = [self.row(key, point) for key, point in points]
        return np.array(rows) if rows else np.empty((0, len(self.names)))


class Kernels:
    """A density over the points of a space: a mixture of one kernel a point, and the declared distribution.

    A kernel is the product of a normal law cut to the unit interval for each number, and for each choice the point's
    own option, or with a probability of `PARZEN_OTHERS` any by its declared share (as Aitchison and Aitken 1976); the
    family and the step in a slot are choices. What is inactive in a point is as declared, so that points of one family
    say nothing of another's numbers, and densities of points of all families compare.

    Parameters
    ----------
    labels : Labels
    rows : ndarray of shape (n_points, n_labels)
        Without one, the density is as declared.
    """

    def __init__(self, labels: Labels, rows: Table) -> None:
        self.labels = labels
        self.rows = np.vstack([rows, np.full((1, len(labels.names)), np.nan)])  # the last one is as declared
        self.widths = _widths(rows, labels.numeric)

    def log(self, points: Table) -> NDArray[np.float64]:
        """Natural logarithm of the density at each row; labels without a value do not count."""
        found = np.zeros((len(points), len(self.rows)))
        for column in np.flatnonzero(~np.isnan(points).all(axis=0)):
            here = np.flatnonzero(~np.isnan(points[:, column]))
            known = np.flatnonzero(~np.isnan(self.rows[:, column]))
            at, centres = points[here, column], self.rows[known, column]
            shares = self.labels.shares[column]
            if shares is None:
                found[np.ix_(here, known)] += _log_normal(at, centres, self.widths[column])
                continue
            declared = shares[at.astype(int)]
            found[here] += np.log(declared)[:, None]
            same = (at[:, None] == centres) / declared[:, None]
            found[np.ix_(here, known)] += np.log((1 - PARZEN_OTHERS) * same + PARZEN_OTHERS)
        top = found.max(axis=1)
        return np.asarray(top + np.log(np.exp(found - top[:, None]).mean(axis=1)))


def _log_normal(at: NDArray[np.float64], centres: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Logarithm of normal laws cut to the unit interval, of shape (n_points, n_centres)."""
    from scipy.special import ndtr

    inside = ndtr((1 - centres) / width) - ndtr(-centres / width)
    return np.asarray(-0.5 * ((at[:, None] - centres) / width) ** 2 - np.log(inside * width * np.sqrt(2 * np.pi)))


def _widths(rows: Table, numeric: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Standard deviation of the kernels in each column, by the spread of the points that have the number.

    Scott's rule, the normal reference of BOHB; the dimensions are the numbers that these points have on average.
    """
    known = ~np.isnan(rows) & numeric
    count = known.sum(axis=0)
    many = np.maximum(count, 1)
    together = known.T.astype(float) @ known.sum(axis=1).astype(float) / many
    values = np.where(known, rows, 0.0)
    mean = values.sum(axis=0) / many
    spread = np.sqrt((np.where(known, rows - mean, 0.0) ** 2).sum(axis=0) / many)
    widths = 1.06 * spread * many ** (-1 / (together + 4))
    return np.asarray(np.where(count < 2, PARZEN_WIDEST, np.clip(widths, PARZEN_LEAST_WIDTH, PARZEN_WIDEST)))
