"""The rungs of a run: how thoroughly a candidate may be evaluated, the cheapest first."""

from __future__ import annotations

from dataclasses import dataclass

from automl.schedule.constants import ETA, ITERATIONS, LEAST_ROWS, MOST_RUNGS
from automl.space.candidate import Candidate
from automl.space.space import Space
from automl.trials.trial import TOP, Rung


@dataclass(frozen=True)
class Ladder:
    """The rungs of a run.

    A partial rung has one fold and either a share of its training rows or, on small tables, of the iterations: those
    can be gone on with. On the top rung are all rows, iterations and folds.

    Attributes
    ----------
    space : Space
        Says what of a family can be made cheaper.
    rungs : tuple of Rung
        In ascending order; the last one is the top.
    repeats : int
        Cross-validations that there are splits for.
    """

    space: Space
    rungs: tuple[Rung, ...] = (TOP,)
    repeats: int = 1

    @classmethod
    def of(cls, space: Space, rows: int, folds: int, repeats: int = 1) -> Ladder:
        """The ladder of a table.

        Parameters
        ----------
        space : Space
        rows : int
        folds : int
        repeats : int
        """
        train = rows * (folds - 1) / folds if folds > 1 else 0.8 * rows
        shares = [1 / ETA**power for power in range(MOST_RUNGS, 0, -1) if train / ETA**power >= LEAST_ROWS]
        if shares:
            return cls(space, (*(Rung(rows=share, folds=1 / folds) for share in shares), TOP), repeats)
        return cls(space, (*(Rung(iterations=share, folds=1 / folds) for share in ITERATIONS), TOP), repeats)

    def for_candidate(self, candidate: Candidate) -> tuple[Rung, ...]:
        """The rungs that make a candidate's family cheaper; the top is always among them."""
        fidelity = self.space.component(candidate.family).fidelity
        grows = fidelity.iterations is not None
        return tuple(
            rung
            for rung in self.rungs
            if rung.whole or (fidelity.rows if rung.rows < 1 else grows and rung.iterations < 1)
        )

    def above(self, candidate: Candidate, rung: Rung) -> Rung:
        """The candidate's next rung."""
        higher = [one for one in self.for_candidate(candidate) if one.work > rung.work]
        return higher[0] if higher else TOP
