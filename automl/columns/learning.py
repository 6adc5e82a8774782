"""What all columns of a table are: kinds, duplicates, and what there was no time for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable

import pandas as pd

from automl.columns.alike import Met
from automl.columns.constants import INTEGER_COLUMNS
from automl.columns.encodings.base import Column, left_out
from automl.columns.encodings.numeric import Numeric
from automl.columns.identifiers import is_row_number
from automl.columns.integers import FewIntegers, few_integers
from automl.columns.kinds import learn
from automl.columns.overrides import Override, overridden
from automl.columns.unread import with_lost
from automl.columns.wide import Ends, plain_number
from automl.parsing.cells import Cells

LATE = "was not read, as there was no time, and is left out"
Hurry = Callable[[], bool]  # whether there is no more time for what may be left out


def never() -> bool:
    """There is always time."""
    return False


def learn_all(
    frame: pd.DataFrame,
    cells: list[Cells],
    sure: dict[int, Ends],
    kinds: dict[Hashable, Override],
    hurry: Hurry,
    slow: int,
) -> tuple[list[Column], int]:
    """What each column is, and how many beside plain numbers were read, -1 where all."""
    columns: list[Column] = []
    met = Met()
    read, left = 0, False
    for place, (name, one) in enumerate(zip(frame.columns, cells, strict=True)):
        if place in sure and name not in kinds:
            column = plain_number(name, sure[place])
        elif name in kinds:
            column = overridden(name, one, kinds[name])
        elif left or (read >= slow if slow >= 0 else hurry()):
            columns.append(left_out(name, "unread", LATE))
            left = True
            continue
        else:
            column = learn(name, one)
            read += 1
        if column.encodings and (earlier := met.equal(column, one)) is not None and name not in kinds:
            column = left_out(name, "duplicate", f"is equal to {earlier!r} and left out")
        columns.append(column if place in sure else with_lost(column, one))
    if not any(column.encodings for column in columns):  # better numbers of rows than nothing
        columns = [
            Column(one.name, Numeric.name, (Numeric(),)) if is_row_number(one) and one.name not in kinds else one
            for one in columns
        ]
    return columns, read if left else -1


def find_integers(columns: list[Column], cells: list[Cells], named: Collection[Hashable]) -> tuple[FewIntegers, ...]:
    """Columns of few whole numbers, which may be tried as categories; none of those that the user has named."""
    pairs = zip(columns, cells, strict=True)
    numbers = [(column, one, each) for column, one in pairs for each in column.encodings if each.part == "numbers"]
    if len(numbers) > INTEGER_COLUMNS:
        return ()
    found = (
        few_integers(place, each.encoded(one))
        for place, (column, one, each) in enumerate(numbers)
        if isinstance(each, Numeric) and len(column.encodings) == 1 and column.name not in named
    )
    return tuple(few for few in found if few is not None)
