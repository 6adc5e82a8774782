"""The default."""

from __future__ import annotations

from automl.strategies.base import NO_CONTEXT, RunContext
from automl.strategies.gp import GP
from automl.strategies.larger import Larger
from automl.strategies.mixture import InTurn, Mixture
from automl.strategies.portfolio import Portfolio
from automl.strategies.slower import Slower
from automl.strategies.tpe import TPE


class Auto(InTurn):
    """A portfolio, then TPE and genetic programming by their success.

    Boosting that overshot is tried again at a lower rate at once, one that was still learning when its fit ended with
    larger trees and steps.

    Parameters
    ----------
    context : RunContext, optional
        What the run knows: the portfolio goes by costs and while it is open, credit by the seconds spent.
    """

    name = "auto"

    def __init__(self, context: RunContext = NO_CONTEXT) -> None:
        self.context = context
        mixture = Mixture(
            Portfolio(context.cost, context.opens),
            (TPE().in_run(context), GP().in_run(context)),
            context.portfolio_open,
            context.spent,
        )
        super().__init__(self.name, (Slower(), Larger(context.left), mixture))

    def in_run(self, context: RunContext) -> Auto:
        """The same with what the run knows."""
        return Auto(context)
