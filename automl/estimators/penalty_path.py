"""A whole path of penalties in one fit, from strong to weak, each reusing work of the others.

`fit` with an `eval_set` keeps the validation loss at each point, as boosters do for their rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from automl.estimators.staged import WHOLE, FitControl, StagedModel

Array = NDArray[Any]
Linear = tuple[Array, Any]  # coefficients and intercept


class PenaltyPath(StagedModel):
    """What all paths share; a subclass prepares once (`_start`) and then solves for one penalty after the other.

    Parameters
    ----------
    strongest, weakest : float
        Ends of the path.
    points : int
        Of the path, evenly spaced in the logarithm of the penalty.
    metric : str
        The run's; "mae" has a curve of its own in regression. That of classifiers is log loss whatever it is, as for
        boosters.
    control : FitControl
        Without `rounds`, a fit without validation rows is for the usual penalty.

    Attributes
    ----------
    path_ : dict
        The model at each point that was fitted.
    """

    usual = 1.0  # the penalty where nothing says which is best
    patience: int | None = None  # points without gain after which weaker penalties are not tried
    sequential = False  # whether a point is not solved to the end, so that it depends on those before

    def __init__(
        self, strongest: float, weakest: float, points: int, metric: str = "", control: FitControl = WHOLE
    ) -> None:
        self.strongest = strongest
        self.weakest = weakest
        self.points = points
        self.metric = metric
        self.control = control

    @property
    def penalties(self) -> Array:
        """All penalties, the strongest first."""
        return np.geomspace(self.strongest, self.weakest, self.points)

    @property
    def penalty_(self) -> float:
        """The penalty that predictions use."""
        return float(self.penalties[self.rounds_ - 1])

    def fit(
        self,
        X: Array,
        y: Array,
        eval_set: tuple[Array, Array] | None = None,
        sample_weight: Array | None = None,
        eval_weight: Array | None = None,
    ) -> Self:
        """Fit the path; without validation rows only its point `control.rounds`, or that nearest to the usual one."""
        solve = self._start(np.asarray(X), np.asarray(y), sample_weight)
        penalties = self.penalties
        self.curve_ = None
        if eval_set is None:
            usual = int(np.argmin(np.abs(np.log(penalties / self.usual)))) + 1
            self.rounds_ = min(self.control.rounds or usual, len(penalties))
            for penalty in penalties[: self.rounds_ - 1] if self.sequential else ():
                solve(penalty)
            self.path_ = {self.rounds_: solve(penalties[self.rounds_ - 1])}
            return self
        losses: list[float] = []
        self.path_ = {}
        for place, penalty in enumerate(penalties, start=1):
            self.path_[place], self.rounds_ = solve(penalty), place
            losses.append(self._loss(*eval_set, eval_weight))
            if self.patience is not None and place - int(np.argmin(losses)) - 1 >= self.patience:
                break
        self._keep_curve(losses)
        return self

    def _start(self, X: Array, y: Array, weight: Array | None) -> Callable[[float], Linear]:
        raise NotImplementedError

    def _loss(self, X: Array, y: Array, weight: Array | None) -> float:
        raise NotImplementedError
