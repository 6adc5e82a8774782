"""Whole numbers beyond 2^53, which name things: floats do not tell them from their neighbours."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from automl.parsing.cells import EXACT, Cells
from automl.parsing.constants import MOST_CODE

_WHOLE = re.compile(r"-?\d+")


def beyond_floats(cells: Cells) -> bool:
    """Whether all texts are whole numbers, some of which floats do not tell from their neighbours."""
    texts = cells.texts[cells.known]
    if not len(texts) or max(map(len, texts)) < 16 or not all(_WHOLE.fullmatch(text) for text in texts):
        return False
    return any(len(text.lstrip("-0")) > 18 or abs(int(text)) > EXACT for text in texts)


def are_lost_codes(numbers: NDArray[np.float64]) -> bool:
    """Whether most floats are whole numbers of more digits than they keep, and repeat as codes do."""
    size = np.abs(numbers)
    return bool(((size > EXACT) & (size < MOST_CODE)).mean() > 0.5) and len(np.unique(numbers)) <= len(numbers) / 2
