"""With what the data is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from automl.columns.columns import Hurry, never


@dataclass(frozen=True)
class CheckContext:
    """What all checks are given beside the data.

    Attributes
    ----------
    seed : int
        Of the samples that are looked at.
    hurry : callable
        Whether there is no more time.
    skipped : list of str
        Takes one sentence for each check that there was no time for.
    """

    seed: int = 0
    hurry: Hurry = never
    skipped: list[str] = field(default_factory=list)
