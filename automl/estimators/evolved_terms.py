"""Expressions of columns: how they are simplified and written.

An expression is the place of a column, or a tuple of what is done and to what. A sum holds its terms, each with how
often it is added, a product its factors, each with its power, so that nothing of ``x + y - x`` but ``y`` is left. What
says the same on another scale is the same: ``x + x`` is ``x``, as is ``1 / x`` by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import gcd
from typing import Any, TypeAlias

Term: TypeAlias = Any  # int, or tuple: ("+", ((term, times), ...)), ("mean", term, group), ("log", term), ...

SUM, PRODUCT, MEAN, DAYS = "+", "*", "mean", "days"

# ---- made, in their simplest form; None is a constant


def added(a: Term | None, b: Term | None, sign: int = 1) -> Term | None:
    """A sum, or a difference."""
    return _gathered(SUM, a, b, sign)


def subtracted(a: Term | None, b: Term | None) -> Term | None:
    """A difference."""
    return _gathered(SUM, a, b, -1)


def multiplied(a: Term | None, b: Term | None) -> Term | None:
    """A product."""
    return _gathered(PRODUCT, a, b, 1)


def divided(a: Term | None, b: Term | None) -> Term | None:
    """A ratio."""
    return _gathered(PRODUCT, a, b, -1)


def logarithm(a: Any) -> Term | None:
    """A logarithm, which is as good as that of a root."""
    if a is None or is_a(a, "log"):
        return a
    return ("log", a[1]) if is_a(a, "sqrt") else ("log", a)


def root(a: Term | None) -> Term | None:
    """A square root."""
    return a if is_a(a, "sqrt") else None if a is None else ("sqrt", a)


def smaller(a: Term | None, b: Term | None) -> Term | None:
    """The smaller one in each row."""
    return _extreme("min", a, b)


def larger(a: Term | None, b: Term | None) -> Term | None:
    """The larger one in each row."""
    return _extreme("max", a, b)


def averaged(a: Term | None, group: int) -> Term | None:
    """The mean among the rows of the same level of a category."""
    if a is None or (is_a(a, MEAN) and a[2] == group):
        return a
    return (MEAN, a, group)


def relative(a: Term | None, group: int) -> Term | None:
    """Beside the mean among the rows of the same level of a category."""
    return divided(a, averaged(a, group))


def days_between(a: int, b: int) -> Term | None:
    """Days from a date to another."""
    return None if a == b else (DAYS, max(a, b), min(a, b))


def is_a(term: Any, kind: str) -> bool:
    """Whether an expression is of a kind."""
    return isinstance(term, tuple) and term[0] == kind


def _extreme(kind: str, a: Term | None, b: Term | None) -> Term | None:
    if a is None or b is None or a == b:
        return b if a is None else a
    return (kind, *sorted((a, b), key=repr))


def _gathered(kind: str, a: Term | None, b: Term | None, sign: int) -> Term | None:
    """Like terms together; a common factor of all their counts is dropped, and the sign where all have the same."""
    counts: Counter[Term] = Counter()
    for term, times in ((a, 1), (b, sign)):
        if term is not None:
            for part, count in term[1] if is_a(term, kind) else [(term, 1)]:
                counts[part] += times * count
    kept = {part: count for part, count in counts.items() if count}
    if not kept:
        return None
    common = gcd(*kept.values()) * (-1 if max(kept.values()) < 0 else 1)
    if len(kept) == 1:
        return next(iter(kept))
    return (kind, tuple(sorted(((part, count // common) for part, count in kept.items()), key=repr)))


# ---- what they hold


def parts(term: Term) -> Iterator[Term]:
    """The expression and all within it, down to columns; those within come first."""
    if isinstance(term, tuple):
        inner = [part for part, _ in term[1]] if term[0] in (SUM, PRODUCT) else term[1:]
        for part in inner:
            yield from parts(part)
    yield term


def columns_of(term: Term) -> tuple[int, ...]:
    """Places of its columns, each once."""
    return tuple(sorted({part for part in parts(term) if isinstance(part, int)}))


def size(term: Term) -> int:
    """Columns and operations: 3 for a sum of two columns."""
    if not isinstance(term, tuple):
        return 1
    if term[0] in (SUM, PRODUCT):
        return int(sum(size(part) + abs(count) for part, count in term[1])) - 1
    return 1 + sum(size(part) for part in term[1:])


# ---- written


def written(term: Term, names: Sequence[str]) -> str:
    """What a person reads, as in ``log(income) / size``."""
    if not isinstance(term, tuple):
        return names[term]
    kind = term[0]
    if kind == SUM:
        plus = [_times(part, count, names) for part, count in term[1] if count > 0]
        minus = [_times(part, -count, names) for part, count in term[1] if count < 0]
        return " - ".join([" + ".join(plus), *minus])
    if kind == PRODUCT:
        above = [_bound(part, names) for part, power in term[1] for _ in range(power)]
        below = [_bound(part, names) for part, power in term[1] for _ in range(-power)]
        under = [below[0] if len(below) == 1 else f"({' × '.join(below)})"] if below else []
        return " / ".join([" × ".join(above), *under])
    if kind == MEAN:
        return f"mean({written(term[1], names)}) by {names[term[2]]}"
    if kind == DAYS:
        return f"days({names[term[1]]} - {names[term[2]]})"
    return f"{kind}({', '.join(written(part, names) for part in term[1:])})"


def _times(term: Term, count: int, names: Sequence[str]) -> str:
    text = f"({written(term, names)})" if is_a(term, MEAN) else written(term, names)
    return text if count == 1 else f"{count} × {text}"


def _bound(term: Term, names: Sequence[str]) -> str:
    text = written(term, names)
    return f"({text})" if is_a(term, SUM) or is_a(term, MEAN) else text
