"""Kinds of column, told apart by content at fit: what a column is decides which views of it models get."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automl.data.cells import EXACT, MISSING, Cells
from automl.data.codes import are_lost_codes, beyond_floats
from automl.data.dates import DateFormat, are_times, guess_dates
from automl.data.orders import known_order
from automl.data.parse import NumberFormat, guess_numbers
from automl.data.spans import guess_spans
from automl.data.text_kinds import has_parts, is_free_text, random_id
from automl.data.views import FLAGS, Clock, Filled, Flag, Levels, Moments, Place, Plain, Rest, Span, View, Words, rests

Kind = Literal[
    "number", "boolean", "category", "ordered", "date", "duration", "text", "identifier", "constant", "empty",
    "duplicate", "dropped", "unread",
]  # fmt: skip

MAX_LEVELS = 10_000  # levels of a category that are told apart; rarer ones are one level
LEAST_ROWS = 2  # of a level of its own
NUMBER_SHARE = 0.95  # of the present cells that must be numbers (or spans of time), so that the column is one
DATE_SHARE = 0.9  # of the present cells that must be dates
PARTLY_SHARE = 0.5  # of the cells that must be numbers, so that a column of numbers and a few words is both
MANY_LEVELS = 30  # more levels than that may be too many to be told apart: texts with parts are read as text too
ID_ROWS = 100  # fewer whole numbers in a row may be anything
HEAD = 1_000  # first rows, which tell in nearly all columns that they number nothing and are no dates
_DAY = 86_400.0


@dataclass(frozen=True)
class Column:
    """One column as it is read.

    Attributes
    ----------
    name : hashable
    kind : str
    views : tuple of View
        What models see of it; none of columns that are left out.
    note : str
        How it is read, or why it is not.
    told : bool
        Whether the user must know.
    lost : frozenset of str or None
        Texts of the fit that are none of its kind and count as missing; None where they are too many to be listed.
    """

    name: Hashable
    kind: Kind
    views: tuple[View, ...] = ()
    note: str = ""
    told: bool = False
    lost: frozenset[str] | None = frozenset()

    @property
    def level_counts(self) -> list[int]:
        """Number of levels of each category."""
        return [len(view.levels) + view.other for view in self.views if isinstance(view, (Levels, Rest))]

    @property
    def n_levels(self) -> int | None:
        """Number of levels of a category or an order; None of other kinds."""
        for view in self.views:
            if isinstance(view, Place):
                return len({place for _, place in view.places})
        return self.level_counts[0] if self.level_counts else None


def learn(name: Hashable, cells: Cells) -> Column:
    """Tell what a column is."""
    if not cells.present:
        return Column(name, "empty", note="is empty and left out", told=True)
    if cells.moments is not None:
        return of_moments(name, cells)
    if cells.spans is not None:
        return of_spans(name, cells, cells.spans)
    if cells.order and len(cells.texts) > 1:
        return in_order(name, cells.order)
    if cells.is_categorical:
        return of_levels(name, cells)
    if cells.is_boolean:
        return _if_it_varies(Column(name, "boolean", (Flag(),)), cells)
    return _numeric(name, cells) if cells.numbers is not None else of_texts(name, cells)


# ---- dtypes that say what they hold


def of_moments(name: Hashable, cells: Cells) -> Column:
    """A column of a dtype of dates."""
    return _if_it_varies(Column(name, "date", (Moments(DateFormat()),)), cells)


def of_spans(name: Hashable, cells: Cells, values: NDArray[np.float64], as_it_is: bool = False) -> Column:
    """A column of spans of time, in days where half are of two days or more, else in minutes; `values` in seconds."""
    if as_it_is:
        return Column(name, "duration", (Span(1.0),), "numbers as they are")
    size = np.abs(values[~np.isnan(values)])
    days = bool(size.size) and float(np.median(size)) >= 2 * _DAY
    column = Column(
        name, "duration", (Span(_DAY if days else 60.0),), f"spans of time in {'days' if days else 'minutes'}"
    )
    return _if_it_varies(column, cells)


def _numeric(name: Hashable, cells: Cells) -> Column:
    numbers = cells.numbers
    assert numbers is not None
    present = numbers[~np.isnan(numbers)]
    ends = NumberFormat(low=float(present.min()), high=float(present.max()))
    column = Column(name, "number", (Plain(ends),))
    if max(-ends.low, ends.high) > EXACT and are_lost_codes(present):
        column = replace(column, note="holds codes of which floats keep 16 digits: read it as text", told=True)
    if (present == np.floor(present)).all():
        if _are_days(present):
            guess = guess_dates(cells)
            if guess and guess.share >= DATE_SHARE:
                return _if_it_varies(Column(name, "date", (Moments(guess.format),), guess.note), cells)
        if counts_rows(name, present, cells.rows):
            return Column(name, "identifier", note="numbers the rows and is left out", told=True)
    return _if_it_varies(column, cells)


def _are_days(numbers: NDArray[np.float64]) -> bool:
    """Whether all numbers look like 20190324, 201903240416 or 20190324041600."""
    if len(numbers) > HEAD and not _are_days(numbers[:HEAD]):
        return False
    for clock in (1e6, 1e4):
        if numbers.min() >= 19000101 * clock:
            numbers = numbers // clock
    month, day = numbers // 100 % 100, numbers % 100
    inside = (numbers >= 19000101) & (numbers <= 21001231) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(inside.all())


def counts_rows(name: Hashable, numbers: NDArray[np.float64], rows: int) -> bool:
    """Whether whole numbers number the rows.

    All differ, none is missing, and they fill at least half of their range (a sample of 1, 2, 3, ... does); or all
    differ and the name of the column ends in "id".
    """
    if len(numbers) < max(ID_ROWS, rows) or not (_all_differ(numbers[:HEAD]) and _all_differ(numbers)):
        return False
    dense = np.ptp(numbers) + 1 <= 2 * len(numbers)
    return bool(dense or re.search(r"(?:^|[_\s.-])id$|[a-z]I[dD]$|^ID$", str(name)))


def _all_differ(numbers: NDArray[np.float64]) -> bool:
    return len(np.unique(numbers)) == len(numbers)


# ---- texts


def words_of(cells: Cells) -> list[str]:
    """Distinct lower-case texts that are not a word for missing."""
    return [lower for text in cells.texts if (lower := text.lower()) not in MISSING]


def of_texts(name: Hashable, cells: Cells) -> Column:
    """Tell what texts hold: what is read most narrowly comes first."""
    texts = cells.texts
    if len(texts) == 1:
        return _if_it_varies(Column(name, "category", (Levels((texts[0],)),)), cells)
    if len(texts) == 2 and _are_flags(texts):
        return Column(name, "boolean", (Flag(),), f"{_yes(texts)!r} is 1")
    if code := _leading_zeros(texts):
        if counts_rows(name, np.array([float(text) for text in texts]), cells.rows):
            return Column(name, "identifier", note="numbers the rows and is left out", told=True)
        return replace(of_levels(name, cells, code), note=f"codes of {code} digits")
    if beyond_floats(cells):
        return _of_codes(name, cells)
    if moment := _date_or_time(name, cells):
        return moment
    spans = guess_spans(cells)
    if spans and spans.share >= NUMBER_SHARE:
        return of_spans(name, cells, spans.values)
    if number := _number(name, cells):
        return number
    words = words_of(cells)
    if len(words) <= 40 and (known := known_order(words)):
        return of_places(name, cells, *known)
    return _strings(name, cells)


def _are_flags(texts: NDArray[Any]) -> bool:
    pair = {text.lower() for text in texts}
    return pair in ({"yes", "no"}, {"true", "false"}, {"t", "f"}, {"y", "n"}, {"on", "off"})


def _yes(texts: NDArray[Any]) -> str:
    return str(next(text for text in texts if FLAGS[text.lower()]))


def _leading_zeros(texts: NDArray[Any]) -> int:
    """Digits of a code such as 00501, which would lose them as a number; 0 where the texts are none."""
    width = len(texts[0])
    if width < 3 or not any(text[0] == "0" for text in texts):
        return 0
    return width if all(len(text) == width and text.isdigit() for text in texts) else 0


def _of_codes(name: Hashable, cells: Cells) -> Column:
    """Whole numbers beyond 2^53: categories by their digits; numbers, too, where floats tell them apart."""
    texts = cells.texts[cells.known]
    floats = np.array([float(text) for text in texts])
    apart = len(np.unique(floats)) == len(texts)
    plain = Plain(NumberFormat(low=float(floats.min()), high=float(floats.max())))
    if cells.counts.max() < LEAST_ROWS:
        if counts_rows(name, floats, cells.rows):
            return Column(name, "identifier", note="numbers the rows and is left out", told=True)
        return _if_it_varies(Column(name, "number", (plain,)), cells)
    column = of_levels(name, cells)
    if column.kind != "category":
        return column
    note = "; ".join(filter(None, ["codes of more digits than floats keep", column.note]))
    return replace(column, views=(*column.views, *([plain] if apart else [])), note=note)


def _date_or_time(name: Hashable, cells: Cells) -> Column | None:
    texts, counts = cells.texts, cells.counts
    known, plain = cells.known, are_times(cells)
    total = counts[known].sum()
    times = counts[known & plain].sum() / total if total else 0.0
    guess = guess_dates(cells) if times < DATE_SHARE else None
    dated = guess.share if guess else 0.0
    if times >= 0.05 and times + dated >= DATE_SHARE:
        views: tuple[View, ...] = (Clock(),)
        first = texts[known & plain][int(np.argmax(counts[known & plain]))]
        note = f"times of day such as {first}, in minutes"
        if guess and dated >= 0.05:
            views, note = (Clock(), Moments(guess.format)), f"{note}; {guess.note} in {dated:.0%} of the rows"
        return _if_it_varies(Column(name, "number", views, note), cells)
    if guess and dated >= DATE_SHARE:
        note = guess.note + (", which is a guess" if guess.guessed else "")
        return _if_it_varies(Column(name, "date", (Moments(guess.format),), note, told=guess.guessed), cells)
    return None


def _number(name: Hashable, cells: Cells) -> Column | None:
    guess = guess_numbers(cells)
    if guess is None:
        return None
    numbers = guess.values[~np.isnan(guess.values)]
    plain = Plain(guess.format)
    cells.once(guess.format, lambda: (guess.values, guess.units))
    if guess.share >= NUMBER_SHARE:
        if not guess.note and (numbers == np.floor(numbers)).all() and counts_rows(name, numbers, cells.rows):
            return Column(name, "identifier", note="numbers the rows and is left out", told=True)
        if not guess.mixed:
            return _if_it_varies(Column(name, "number", (plain,), guess.note), cells)
        return Column(name, "number", (plain, _rest(cells, plain)), guess.note)
    words = set(cells.texts[cells.known & np.isnan(guess.values)])
    if guess.share >= PARTLY_SHARE and len(words) <= 20 and len(np.unique(numbers)) >= 3:
        shown = ", ".join(map(repr, sorted(words)[:3])) + (", ..." if len(words) > 3 else "")
        return Column(name, "number", (plain, _rest(cells, plain)), f"numbers beside the words {shown}, a category")
    return None


def _rest(cells: Cells, plain: Plain) -> Rest:
    levels, other = frequent(rests(cells, plain.format), cells.counts)
    return Rest(plain.format, levels, other)


def _strings(name: Hashable, cells: Cells) -> Column:
    """Categories, free text or identifiers."""
    texts, counts = cells.texts, cells.counts
    reason = random_id(texts, counts)
    if reason:
        return Column(name, "identifier", note=f"holds {reason} and is left out", told=True)
    if is_free_text(texts, counts):
        return Column(name, "text", (Words(),), f"{len(texts):,} texts")
    if counts.max() < LEAST_ROWS:
        return Column(name, "text", (Words(),), "names that all differ")
    column = of_levels(name, cells)
    mostly_rare = len(texts) > 0.5 * counts.sum()
    if column.kind == "category" and len(texts) > MANY_LEVELS and (mostly_rare or has_parts(texts)):
        note = "; ".join(filter(None, [column.note, "also read as text"]))
        return replace(column, views=(*column.views, Words()), note=note)
    return column


# ---- categories and orders


def frequent(texts: Sequence[str], counts: NDArray[np.int64]) -> tuple[tuple[str, ...], bool]:
    """Levels that are told apart, the most frequent first (ties by text), and whether others are one level more."""
    rows: dict[str, int] = {}
    for text, count in zip(texts, counts, strict=True):
        rows[text] = rows.get(text, 0) + int(count)
    ranked = sorted(rows, key=lambda text: (-rows[text], text))
    kept = tuple(text for text in ranked[:MAX_LEVELS] if rows[text] >= LEAST_ROWS)
    return kept, len(kept) < len(ranked)


def of_levels(name: Hashable, cells: Cells, width: int = 0) -> Column:
    """A column of categories; `width` is the number of digits of codes with leading zeros."""
    if not len(cells.texts):
        return Column(name, "empty", note="is empty and left out", told=True)
    levels, other = frequent(list(cells.texts), cells.counts)
    note = f"holds {len(cells.texts):,} levels; those with fewer than {LEAST_ROWS} rows are one" if other else ""
    if other and len(levels) == MAX_LEVELS:
        note = f"holds {len(cells.texts):,} levels; all but the {MAX_LEVELS:,} most frequent are one"
    if not levels:
        return Column(name, "identifier", note="holds levels that all differ and is left out", told=True)
    return _if_it_varies(Column(name, "category", (Levels(levels, other, width),), note), cells)


def in_order(name: Hashable, levels: Sequence[str]) -> Column:
    """A column of levels in a given order, the lowest first."""
    places = tuple((level.lower(), float(place)) for place, level in enumerate(levels, 1))
    return Column(name, "ordered", (Place(places),), " < ".join(levels[:8]) + (" < ..." if len(levels) > 8 else ""))


def of_places(name: Hashable, cells: Cells, known: dict[str, float], cycle: bool) -> Column:
    """A column of words of a known order."""
    words = sorted(set(words_of(cells)), key=lambda word: (known[word], word))
    views: tuple[View, ...] = (Place(tuple(known.items() if cycle else ((word, known[word]) for word in words))),)
    if cycle:  # December is followed by January: the order alone does not say all
        levels, other = frequent(list(cells.texts), cells.counts)
        views = (*views, *([Levels(levels, other)] if levels else []))
    return Column(name, "ordered", views, " < ".join(words[:8]) + (" < ..." if len(words) > 8 else ""))


def _if_it_varies(column: Column, cells: Cells) -> Column:
    """The column, unless all its cells are alike: then only whether it is filled may say something."""
    if column.kind == "category":
        varies = len(cells.texts) > 1
    else:
        view: Any = column.views[0]
        values = view.dates(cells) if isinstance(view, Moments) else view.numbers(cells)
        present = values[~np.isnan(values)]
        varies = bool(present.size) and present.min() < present.max()
        if not varies and present.size < len(values) and column.kind in ("number", "duration"):
            return column
    if varies:
        return column
    if cells.present == cells.rows:
        return Column(column.name, "constant", note="is constant and left out", told=True)
    return Column(column.name, "boolean", (Filled(),), "holds one value or nothing: whether it is filled")
