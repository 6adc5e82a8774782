"""Models that are fitted in stages, of which one is chosen later: boosting rounds, checkpoints, points of a path."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from automl.space.component import Fidelity

Array = NDArray[Any]


class Pruned(Exception):  # noqa: N818  # what Optuna calls it; no error of the program
    """A fit was ended because its validation curve is not expected to fall far enough."""


@dataclass(frozen=True)
class FitControl:
    """How far a fit goes; the limit of the loss concerns fits with validation rows only.

    Attributes
    ----------
    iterations : float
        Share of the iterations (trees, rounds, epochs) that are fitted.
    look : bool
        Whether the fit only looks how good a candidate may be: it gets no more rounds than are usual.
    rounds : int or None
        Stage at which a fit without validation rows ends.
    rate : float
        What boosting's learning rate is multiplied with in such a fit, where the stages are fewer than were chosen.
    loss_limit : float or None
        A fit ends with `Pruned` where its curve is not expected to fall to this.
    deadline : float or None
        Reading of `time.monotonic` at which a fit ends with the stages that it has.
    max_rounds : int or None
        Stages after which it does.
    """

    iterations: float = 1.0
    look: bool = False
    rounds: int | None = None
    rate: float = 1.0
    loss_limit: float | None = None
    deadline: float | None = None
    max_rounds: int | None = None

    @property
    def timed(self) -> bool:
        """Whether a fit may end before it has all its stages."""
        return self.deadline is not None or self.max_rounds is not None

    def scaled(self, values: dict[str, Any], fidelity: Fidelity) -> dict[str, Any]:
        """The values of an estimator's parameters with their share of the iterations."""
        name = fidelity.iterations
        if name is None or not isinstance(values.get(name), int) or (self.iterations >= 1 and not self.look):
            return values
        return {**values, name: max(1, round(self.iterations * (fidelity.usual or values[name])))}


WHOLE = FitControl()


class StagedModel(BaseEstimator):  # type: ignore[misc]
    """A model whose `fit` takes validation rows and keeps their loss at each stage.

    Which stage is best is decided over all folds by the evaluator, which then sets `rounds_`.

    Attributes
    ----------
    control : FitControl
    continues : bool
        Whether a fit can go on from an earlier one of fewer stages.
    curve_ : ndarray or None
        Validation loss at each stage, lower is better; None where there were no validation rows.
    rounds_ : int
        Stage that predictions use, from 1.
    ended_after_ : int or None
        Stages after which the deadline (or `max_rounds`) ended the fit.
    """

    continues: ClassVar[bool] = False
    control: FitControl
    curve_: Array | None = None
    rounds_: int
    ended_after_: int | None = None
    _earlier: Self | None = None

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Of the constructors of all bases: scikit-learn's list knows the last one's only."""
        bases = [base for base in cls.__mro__ if issubclass(base, StagedModel) and "__init__" in vars(base)]
        found = [one for base in bases for one in signature(vars(base)["__init__"]).parameters.values()]
        return sorted({one.name for one in found if one.kind is not one.VAR_KEYWORD} - {"self"})

    def fit(self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None) -> Self:
        """Fit to the best stage of `eval_set` (validation rows and their target), or to `control.rounds` without it.

        Weights, where they are taken, are `sample_weight`, and `eval_weight` of the validation rows.
        """
        raise NotImplementedError

    def continue_from(self, earlier: Self) -> None:
        """Let the next `fit`, on the same rows, go on from an earlier one of fewer stages."""
        self._earlier = earlier

    def _take_earlier(self) -> Self | None:
        earlier, self._earlier = self._earlier, None
        return earlier

    def _keep_curve(self, curve: Any) -> None:
        """Keep the losses, and choose the stage that is best by them alone."""
        self.curve_ = np.asarray(curve, dtype=np.float64)
        self.rounds_ = int(np.argmin(self.curve_)) + 1
