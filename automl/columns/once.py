"""What is made of one table while it is predicted, each thing once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

Key: TypeAlias = tuple[int, ...]  # identities of fitted objects
Remember: TypeAlias = Callable[[Key, Callable[[], Any]], Any]


class Once:
    """Keeps what will be asked for again, as long as all of it takes no more than some bytes.

    Parameters
    ----------
    uses : Counter of key
        How often each thing will be asked for: it is let go after the last time.
    most_bytes : int
        Beyond which a thing is made anew each time.
    """

    def __init__(self, uses: Counter[Key], most_bytes: int) -> None:
        self._uses, self._room = Counter(uses), most_bytes
        self._made: dict[Key, Any] = {}

    def __call__(self, key: Key, make: Callable[[], Any]) -> Any:
        """What `make` gives, or has given for this key."""
        self._uses[key] -= 1
        last = self._uses[key] <= 0
        if key in self._made:
            made = self._made.pop(key) if last else self._made[key]
            self._room += _bytes(made) if last else 0
            return made
        made = make()
        if not last and _bytes(made) <= self._room:
            self._room -= _bytes(made)
            self._made[key] = made
        return made


def anew(key: Key, make: Callable[[], Any]) -> Any:
    """What `make` gives: nothing is kept."""
    return make()


def _bytes(made: Any) -> int:
    """Of an array, dense or sparse."""
    parts = (made.data, made.indices, made.indptr) if hasattr(made, "indptr") else (made,)
    return sum(part.nbytes for part in parts)
