"""Models that tell how the loss on validation rows changes with their hyperparameters: hypergradients."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import NDArray
from sklearn.base import BaseEstimator

Array = NDArray[Any]


class Sloped(BaseEstimator):  # type: ignore[misc]
    """A model whose `fit` takes validation rows, and tells the slopes of their loss.

    Attributes
    ----------
    smooth_loss_ : float or None
        A differentiable loss of the validation rows, lower is better, whatever the run's metric; None without any.
    slopes_ : dict of str to float
        Its derivative by the natural logarithm of each hyperparameter that it has one for; one that is left out has no
        effect on these rows. Empty without validation rows.
    """

    smooth_loss_: float | None = None
    slopes_: dict[str, float]

    def fit(self, X: Array, y: Array, eval_set: tuple[Array, Array] | None = None) -> Self:
        """Fit to `X` and `y`; the rows of `eval_set` are looked at afterwards only.

        Weights, where they are taken, are `sample_weight`, and `eval_weight` of the validation rows; a model that takes
        `blocks` is told of which kind each column is (`automl.estimators.blocks.BLOCKS`).
        """
        raise NotImplementedError
