"""Seeds that depend on names, not on the order of events, and chance for libraries that know the global one only."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from random import Random


def derive_seed(*parts: object) -> int:
    """A 32-bit seed that depends on nothing but `parts`; the same in every process."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


@contextmanager
def lent(rng: Random) -> Iterator[None]:
    """DEAP draws from the global `random`: lend it the state of `rng`, and give the caller's back."""
    callers = random.getstate()
    random.setstate(rng.getstate())
    try:
        yield
    finally:
        rng.setstate(random.getstate())
        random.setstate(callers)
