"""What the user should know of columns, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from automl.columns.constants import MAX_NAMED
from automl.columns.encodings.base import Column

_PLURAL = (("was not", "were not"), ("is ", "are "), ("holds ", "hold "), ("numbers the rows", "number the rows"))


def sentences(columns: Sequence[Column]) -> list[str]:
    """One for all columns of which the same is to be said."""
    said: dict[str, list[Column]] = {}
    for column in columns:
        if column.told:
            said.setdefault(column.kind if column.kind == "duplicate" else column.note, []).append(column)
    return [_sentence(alike) for alike in said.values()]


def _sentence(columns: list[Column]) -> str:
    """What is to be said of columns with the same note; several duplicates need not equal the same column."""
    note, names = columns[0].note, [str(column.name) for column in columns]
    if len(names) == 1:
        return f"Column {names[0]!r} {note}."
    if columns[0].kind == "duplicate":
        note = "equal earlier ones and are left out"
    else:
        for one, many in _PLURAL:
            note = note.replace(one, many)
    shown = ", ".join(names[:MAX_NAMED]) + (", ..." if len(names) > MAX_NAMED else "")
    return f"{len(names)} columns {note}: {shown}."
