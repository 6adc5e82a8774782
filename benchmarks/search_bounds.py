"""Winning values at the bounds of their ranges: where a range may be too narrow.

Winners are the best single candidate and the members of the ensemble of each fit of `search.py`, or the best candidates
of each family on recorded tables. A value is at a bound where less than `NEAR` of the range's distribution lies beyond
it. Bounds that are no choice of ours do not count: 0 and 1, where a share or a count ends, and a default, which says
"no limit" where it stands at a bound.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import pandas as pd
import recorded_table
import support
from support import Row, number

from automl.errors import CandidateError
from automl.space.candidate import Candidate
from automl.space.domain import Choice, Domain
from automl.space.reader import read_space
from automl.space.space import Space

NEAR = 0.02  # of the distribution
ENDS = (0, 1)  # where shares and counts end by themselves
FIRST = 3  # recorded candidates of a family and table that count as winners

Place = tuple[str, str]  # component.parameter and its bound


def side(domain: Domain, value: object, default: object) -> str | None:
    """At which bound of its range a value is, or none."""
    if isinstance(domain, Choice) or value in ENDS or value == default:
        return None
    low, high = domain.low, domain.high  # type: ignore[attr-defined]
    place = domain.to_unit(value)
    if value == low or place < NEAR:
        return f"low, {low:g}"
    return f"high, {high:g}" if value == high or place > 1 - NEAR else None


def counted(space: Space, candidates: Iterable[Candidate]) -> tuple[Counter[Place], Counter[str]]:
    """How often each bound is met, and how often each range has a value."""
    met: Counter[Place] = Counter()
    values: Counter[str] = Counter()
    for candidate in candidates:
        for node in candidate.root.walk():
            for name, value in node.params:
                param = space.component(node.component).param(name)
                if isinstance(param.domain, Choice):
                    continue
                label = f"{node.component}.{name}"
                values[label] += 1
                if (bound := side(param.domain, value, param.default)) is not None:
                    met[label, bound] += 1
    return met, values


def winners(rows: Iterable[Row]) -> list[str]:
    """Texts of what fits handed over."""
    found: list[str] = []
    for row in rows:
        if not row["error"]:
            found += dict.fromkeys([row["best"], *json.loads(row["members"] or "{}")])
    return found


def recorded(name: str) -> list[str]:
    """Texts of the best recorded candidates of each family, without the portfolio, whose values are not searched."""
    rows = [row for row in recorded_table.read(name) if row["status"] == "ok" and row["origin"] != "portfolio"]
    rows.sort(key=lambda row: number(row["loss"]))
    seen: Counter[str] = Counter()
    found = []
    for row in rows:
        family = row["candidate"].partition("(")[0]
        if seen[family] < FIRST:
            found.append(row["candidate"])
        seen[family] += 1
    return found


def report(rows: Iterable[Row], markdown: bool) -> None:
    """Print both counts."""
    space, tables = read_space(), recorded_table.recorded(recorded_table.TABLES)
    told = {"whole fits": winners(rows), "recorded tables": [text for name in tables for text in recorded(name)]}
    for title, texts in told.items():
        candidates = []
        for text in texts:
            try:
                candidates.append(space.parse(text))
            except CandidateError:  # of an older space
                continue
        met, values = counted(space, candidates)
        if total := values.total():
            share = met.total() / total
            print(
                f"\n{title}: {len(candidates)} candidates, {met.total()} of {total} values at a bound ({share:.1%})\n"
            )
            lines = [
                {"parameter": label, "bound": bound, "values at it": count, "of": values[label]}
                for (label, bound), count in met.most_common()
            ]
            support.show(pd.DataFrame(lines), markdown)
