"""Targets of texts that are numbers as people write them: read by the parsers of columns, unless they may be labels."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl.errors import DataError
from automl.parsing.cells import Cells
from automl.parsing.parse import CURRENCY, NumberFormat, NumberGuess, guess_numbers
from automl.parsing.reread import read_numbers
from automl.tasks.constants import AMOUNT_GLANCE, AMOUNT_LABELS, AMOUNT_SHARE
from automl.tasks.task import no_number
from automl.wording import shown

# "$1,234.50", "5 %", "(12)" and "12-", but none of "10-20", ">50", "1st", "5+", "007" and "less than 5"
_AMOUNT = re.compile(
    rf"\(?\s*[-+−]?\s*(?:{CURRENCY})?\s*[-+−]?(?!0\d)(?:\d|[.,]\d)[\d.,'’\s]*(?:e[-+]?\d+)?(?!st|nd|rd|th)"
    r"(?:[^\W\d_][^\d\W]*|[%°‰$€£¥₹₽²³/. ])*-?\s*\)?",
    re.IGNORECASE,
)
_CODE = re.compile(r"[-+]?\d+(?:e\d+|[a-z])?", re.IGNORECASE)  # digits that came as text, 512a and 5e3


def read_amounts(y: pd.Series[Any], task: str) -> tuple[pd.Series[Any], NumberFormat | None, str]:
    """The target as numbers where its texts are some, how they are written, and what the user is told.

    Parameters
    ----------
    y : Series
        Without missing values.
    task : {"auto", "classification", "binary", "multiclass", "regression"}
        With "auto", texts that may be labels stay texts: ranges, bounds, ordinals, codes with leading zeros, whole
        numbers without anything beside them, and what has few values.

    Raises
    ------
    DataError
        If a few rows are no numbers, or they are of several units.
    """
    if task == "regression" and isinstance(y.dtype, pd.CategoricalDtype):
        y = y.astype(object)
    if task not in ("auto", "regression") or not _is_text(y):
        return y, None, ""
    cells = Cells(y)
    if task == "auto" and not may_be_amounts(cells.texts):
        return y, None, ""
    guess = guess_numbers(cells)
    if guess is None or (task == "auto" and not _are_amounts(cells, guess)):
        return y, None, ""
    if guess.mixed:
        raise DataError(f"The target holds {guess.note.partition(';')[0]}, which cannot be converted; give it in one.")
    values = cells.spread(guess.values, np.nan)
    lost = np.flatnonzero(np.isnan(values))
    if len(lost) and task == "regression":
        raise no_number(y, int(lost[0]))
    if len(lost):
        raise DataError(
            f"The target's texts are numbers, but row {lost[0]} holds {shown(y.iloc[lost[0]])}; mend or drop the "
            f"{'row' if len(lost) == 1 else f'{len(lost):,} rows'}, or take task='classification'."
        )
    if (pd.to_numeric(y, errors="coerce") == values).all():
        return pd.Series(values, name=y.name), guess.format, ""
    note = guess.note if guess.note.startswith("numbers") else f"numbers {guess.note}".rstrip()
    told = f"The target's texts are read as {note}: {shown(y.iloc[0])} is {values[0]:.15g}."
    return pd.Series(values, name=y.name), guess.format, told


def amounts_of(y: pd.Series[Any], known: NumberFormat | None) -> pd.Series[Any]:
    """The answers of other rows, read as the target was."""
    if not _is_text(y):
        return y
    cells = Cells(y)
    return pd.Series(cells.spread(read_numbers(known or NumberFormat(), cells.texts)[0], np.nan), name=y.name)


def _is_text(y: pd.Series[Any]) -> bool:
    return y.dtype == "str" or (y.dtype == object and all(isinstance(value, str) for value in y))


def may_be_amounts(texts: NDArray[Any]) -> bool:
    """Whether most of some distinct texts are amounts; labels are told at once."""
    sample = texts[:: max(1, len(texts) // 200)]
    return sum(bool(_AMOUNT.fullmatch(text)) for text in sample) >= AMOUNT_GLANCE * len(sample)


def _are_amounts(cells: Cells, guess: NumberGuess) -> bool:
    """Whether texts are amounts rather than labels that begin with numbers."""
    amounts = np.array([bool(_AMOUNT.fullmatch(text)) for text in cells.texts]) & ~np.isnan(guess.values)
    read = guess.values[amounts]
    if guess.mixed or guess.format.repair or cells.counts[amounts].sum() < AMOUNT_SHARE * cells.counts.sum():
        return False
    if not amounts.all() and (guess.share < AMOUNT_SHARE or len(read) <= AMOUNT_LABELS):
        return False
    whole = bool((read == np.floor(read)).all())
    if whole and all(_CODE.fullmatch(text) for text in cells.texts[amounts]):
        return False
    with_unit = any(unit for unit in guess.units)
    return len(np.unique(read)) > AMOUNT_LABELS or not (whole or with_unit)
