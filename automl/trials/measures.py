"""What was measured of a fold or a trial: one more is a field here, and a line where it is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

from msgspec import Meta

# what a number may be that is read from a journal
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Seconds = Annotated[float, Meta(ge=0, le=1e12)]


@dataclass(frozen=True)
class Measures:
    """Losses, which say how good something is, and what it costs: seconds are wall seconds of one worker.

    Attributes
    ----------
    loss : float or None
        By the run's metric, lower is better; of a trial the mean over its folds. None of a fold that lacks a class
        which the metric needs, of a trial until all folds of its rung are there, and of a dummy that the metric took
        too long for.
    train_loss : float or None
        The same on at most 2,000 training rows a fold; None while the number of rounds of a model that grows in stages
        is not settled.
    prepare_seconds, fit_seconds, predict_seconds, write_seconds : float
    rows_predicted : int
    answer_seconds, rows_answered
        What one of the models took for some rows as it will when it is handed over: with their preparation.
    model_bytes : int
        Of the models on disk.
    peak_bytes : int
        Of the process; 0 where it is not known.
    smooth_loss : float or None
        A differentiable loss of the validation rows, of families with slopes: RMSE in regression, else log loss,
        whatever the metric; of a trial the mean over its folds.
    slopes : dict of str to float
        Its derivative by the natural logarithm of hyperparameters of the model.
    further : dict of str to float
        Whatever else was measured, by its name.
    """

    loss: float | None = None
    train_loss: float | None = None
    prepare_seconds: Seconds = 0.0
    fit_seconds: Seconds = 0.0
    predict_seconds: Seconds = 0.0
    write_seconds: Seconds = 0.0
    rows_predicted: Count = 0
    model_bytes: Count = 0
    peak_bytes: Count = 0
    answer_seconds: Seconds = 0.0
    rows_answered: Count = 0
    smooth_loss: float | None = None
    slopes: dict[str, float] = field(default_factory=dict, hash=False)
    further: dict[str, float] = field(default_factory=dict, hash=False)

    def with_costs(self, folds: Iterable[Measures]) -> Measures:
        """These of a whole, and the costs of its folds added up."""
        parts = list(folds)
        costs = (one.name for one in fields(self) if one.default == 0)
        added = {name: sum(getattr(part, name) for part in parts) for name in costs}
        return replace(self, **{name: value for name, value in added.items() if value})

    def with_slopes(self, folds: Iterable[Measures]) -> Measures:
        """These of a whole, and the means of its folds' smooth losses and slopes, where all of them have some."""
        parts = list(folds)
        losses = [part.smooth_loss for part in parts if part.smooth_loss is not None]
        if not losses or len(losses) < len(parts):
            return self
        names = dict.fromkeys(name for part in parts for name in part.slopes)
        slopes = {name: sum(part.slopes.get(name, 0.0) for part in parts) / len(parts) for name in names}
        return replace(self, smooth_loss=sum(losses) / len(losses), slopes=slopes)

    @property
    def seconds(self) -> float:
        """Seconds inside the evaluation."""
        took = self.prepare_seconds + self.fit_seconds + self.predict_seconds + self.write_seconds
        return took + self.answer_seconds

    @property
    def predict_ms_per_row(self) -> float | None:
        """Milliseconds that a row takes one model, its preparation included; None where none was predicted."""
        if self.rows_answered:
            return 1000 * self.answer_seconds / self.rows_answered
        return 1000 * self.predict_seconds / self.rows_predicted if self.rows_predicted else None


UNMEASURED = Measures()


class Measured:
    """Something with measures, of which the losses are asked most."""

    measures: Measures

    @property
    def loss(self) -> float | None:
        """By the run's metric."""
        return self.measures.loss

    @property
    def train_loss(self) -> float | None:
        """By the run's metric, on training rows."""
        return self.measures.train_loss


_FLAT = (
    "loss", "train_loss", "prepare_seconds", "fit_seconds", "predict_seconds", "write_seconds", "rows_predicted",
    "model_bytes", "peak_bytes",
)  # fmt: skip


def nested(told: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is written now; until format 4 of the journal, what was measured stood beside the rest."""
    if "measures" in told:
        return dict(told)
    rest = {name: value for name, value in told.items() if name not in _FLAT}
    return {**rest, "measures": {name: told[name] for name in _FLAT if name in told}}
