"""What the model that is handed over costs: seconds of training, bytes, milliseconds of predicting a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from automl.columns.columns import Columns
from automl.ensemble.constants import MEASURED_ROWS, MEASURED_SHARE
from automl.ensemble.predictor import Averaged
from automl.evaluate.limits import Clock
from automl.native import ignored
from automl.trials.trial import Trial


def reading_ms(columns: Columns, frame: pd.DataFrame) -> float:
    """Milliseconds that reading a row takes, where some of a table are read at once."""
    some, clock = frame.iloc[:MEASURED_ROWS], Clock()
    columns.look(some)
    return 1000 * clock.lap() / len(some)


@dataclass(frozen=True)
class Cost:
    """Of a model.

    Attributes
    ----------
    candidates, models : int
        That it is made of.
    training_seconds : float
        That its candidates took to be prepared and fitted, on all folds.
    size : int
        Bytes of their models on disk, before equal preparations became one.
    predict_ms_per_row : float or None
        From the table to the prediction, where `rows` are predicted at once; None where there was no time to measure.
    rows : int
    """

    candidates: int
    models: int
    training_seconds: float
    size: int
    predict_ms_per_row: float | None = None
    rows: int = 0

    @classmethod
    def of(
        cls, model: Averaged, trials: Sequence[Trial], columns: Columns, frame: pd.DataFrame, left: float | None
    ) -> Cost:
        """Measure it, in a small share of the seconds that are left (None is no limit).

        Parameters
        ----------
        model : Averaged
        trials : sequence of Trial
            Whose candidates it is made of.
        frame : DataFrame
            Training rows, of which the first ones are predicted.
        """
        models = sum(len(member.models) for member in model.members)
        costs = [trial.measures for trial in trials]
        training = sum(one.prepare_seconds + one.fit_seconds for one in costs)
        told = cls(len(model.members), models, training, sum(one.model_bytes for one in costs))
        expected = sum((one.predict_ms_per_row or 0.0) * trial.folds for one, trial in zip(costs, trials, strict=True))
        rows = min(MEASURED_ROWS, len(frame))
        if left is not None and expected:
            rows = min(rows, int(MEASURED_SHARE * left * 1000 / expected))
        if rows < 1 or (left is not None and left <= 0):
            return told
        clock = Clock()
        try:
            with ignored():
                model.of(columns.look(frame.iloc[:rows])[0])
        except Exception:  # whoever predicts will hear of it
            return told
        return cls(told.candidates, models, training, told.size, 1000 * clock.lap() / rows, rows)

    def __str__(self) -> str:
        several = f"{self.models} models of {self.candidates} candidates" if self.candidates > 1 else "one candidate"
        several = f"{self.models} models of one candidate" if self.models > 1 and self.candidates == 1 else several
        parts = [several, f"{self.training_seconds:.3g} s of training", f"{self.size / 1e6:.3g} MB"]
        if self.predict_ms_per_row is not None:
            parts.append(f"{self.predict_ms_per_row:.2g} ms a row where {self.rows:,} are predicted at once")
        return ", ".join(parts)
