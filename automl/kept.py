"""What a pickled estimator keeps of its arguments: functions and objects of a user's script travel by value.

Predictions need none of them. So a model opens where the script is not; what could not be kept, or cannot be read
there, is told only where `fit` would need it.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd

from automl.errors import ArgumentError

MOST_BYTES = 50_000_000  # of one argument: a function may refer to tables of its script
_DATA = (type(None), str, bytes, bool, int, float, PurePath, np.generic, np.ndarray, pd.DataFrame, pd.Series)


class ByValue:
    """An argument in cloudpickle's form."""

    def __init__(self, content: bytes, shown: str) -> None:
        self.content, self.shown = content, shown

    def value(self) -> Any:
        """The argument, or `Lost` where it refers to modules that are not to be had here."""
        try:
            return pickle.loads(self.content)
        except Exception as error:  # whatever importing the user's modules leads to
            return Lost(self.shown, f"{type(error).__name__}: {error}")


class Lost:
    """Stands for an argument that was not kept."""

    def __init__(self, shown: str, reason: str) -> None:
        self.shown, self.reason = shown, reason

    def __repr__(self) -> str:
        return f"<{self.shown}, lost when the model was saved>"


class _Bounded(io.BytesIO):
    """Ends the pickling of what is too large, before it fills the memory."""

    def write(self, content: Any) -> int:
        if self.tell() + memoryview(content).nbytes > MOST_BYTES:
            raise ValueError(f"it refers to more than {MOST_BYTES / 1e6:.0f} MB")
        return super().write(content)


def by_value(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as they are pickled: data as it is, all else by value where that can be done."""
    return {name: value if _is_data(value) else _packed(value) for name, value in arguments.items()}


def unpacked(state: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `by_value`."""
    return {name: value.value() if isinstance(value, ByValue) else value for name, value in state.items()}


def check(arguments: Mapping[str, Any], executor: str) -> list[str]:
    """What the user should know before a fit of what will not be kept, one sentence an argument.

    Raises
    ------
    ArgumentError
        If an argument was lost when the estimator was pickled, or workers cannot be given the metric.
    """
    notes = []
    for name, value in arguments.items():
        if isinstance(value, Lost):
            what = f"{name}: {value.shown} was lost when this model was saved or loaded ({value.reason})"
            raise ArgumentError(f"{what}; give it anew with set_params({name}=...).")
        lost = None if _is_data(value) else _packed(value)
        if isinstance(lost, Lost):
            if name == "metric" and executor != "inline":
                raise ArgumentError(
                    f"metric: {lost.shown} cannot be handed to worker processes ({lost.reason}); "
                    "take executor='inline', or a function without it."
                )
            notes.append(
                f"{name} cannot be saved with the model ({lost.reason}), which predicts without it all the same."
            )
    return notes


def _is_data(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype != object or all(map(_is_data, value.ravel()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return _is_data([*value, *value.values()])
    return isinstance(value, _DATA)


def _packed(value: Any) -> ByValue | Lost:
    shown = str(getattr(value, "__name__", type(value).__name__))
    content = _Bounded()
    try:
        cloudpickle.dump(value, content, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # as many kinds as there are objects that refuse
        return Lost(shown, f"{type(error).__name__}: {error}")
    return ByValue(content.getvalue(), shown)
