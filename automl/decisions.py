"""What a run has decided by itself, and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Decision:
    """What was decided, for what, and why, in words for the user."""

    what: str
    chosen: str
    why: str

    def __str__(self) -> str:
        return f"{self.what}: {self.chosen} – {self.why}"


@dataclass
class Decisions:
    """Decisions in the order in which they are taken, and sentences that the user is told without asking."""

    taken: list[Decision] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, what: str, chosen: str, why: str, *, tell: bool = False) -> None:
        """Write a decision down; `tell` says that `why` is a sentence that the user is to read in any case."""
        self.taken.append(Decision(what, chosen, why))
        if tell:
            self.notes.append(why)
