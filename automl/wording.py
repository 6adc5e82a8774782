"""Names and values as they stand in the sentences of errors: short, on one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

MOST = 40  # characters of a name or value that are shown


def shown(value: Any) -> str:
    """A name or a value, on one line and shortened."""
    text = repr(value)
    return text if len(text) <= MOST else f"{text[: MOST - 4]}...{text[-1]}"


def listed(values: Sequence[Any], most: int = 4) -> str:
    """The first few of them."""
    return ", ".join(map(shown, values[:most])) + (f", ... ({len(values)} in all)" if len(values) > most else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the most similar known name, which follows another one; empty where none is similar."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


_KINDS = {
    "NoneType": "None",
    "str": "a text",
    "ndarray": "an array",
    "function": "a function",
    "builtin_function_or_method": "a function",
}


def kind_of(value: Any) -> str:
    """What a value is, with an article."""
    name = type(value).__name__
    return _KINDS.get(name) or f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def counted(number: int, what: str) -> str:
    """1 row, 2,000 rows."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(amount: float) -> str:
    """Bytes in the largest fitting unit."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if amount < 1000 or unit == "PB":
            break
        amount /= 1000
    return f"{amount:.4g} {unit}"
