"""Whether columns of numbers have values far outside of their middle half."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl.columns.constants import TAIL, TAIL_CELLS, TAIL_COLUMNS, TAIL_LEAST, TAIL_ROWS


def heavy_tails(numbers: NDArray[np.float64]) -> bool:
    """Whether some column has values far outside of its middle half; of many columns, some are looked at."""
    rows = min(TAIL_ROWS, max(TAIL_LEAST, TAIL_CELLS // max(1, numbers.shape[1])))
    sample = numbers[:: max(1, len(numbers) // rows), :: 1 + numbers.shape[1] // (TAIL_CELLS // TAIL_LEAST)]
    for start in range(0, sample.shape[1], TAIL_COLUMNS):
        ranked = np.sort(sample[:, start : start + TAIL_COLUMNS], axis=0)  # NaN comes last
        known = np.count_nonzero(~np.isnan(ranked), axis=0)
        enough = known >= 10
        low, first, middle, third, high = _quantiles(ranked[:, enough], known[enough])
        spread = (third - first) / 1.349
        if np.any((spread > 0) & (np.maximum(high - middle, middle - low) > TAIL * spread)):
            return True
    return False


def _quantiles(ranked: NDArray[np.float64], known: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Of each column of sorted values, of which the first so many are known; between two values in proportion."""
    found = []
    for share in (0.001, 0.25, 0.5, 0.75, 0.999):
        place = share * (known - 1)
        below = np.floor(place).astype(np.int64)
        low, high = (
            np.take_along_axis(ranked, at[None], axis=0)[0] for at in (below, np.minimum(below + 1, known - 1))
        )
        found.append(low + (place - below) * (high - low))
    return found
