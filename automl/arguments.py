"""Checks of the arguments of `AutoML`: one sentence that names the argument, what it must be, and what it was."""

from __future__ import annotations

import difflib
import math
import numbers
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import psutil

from automl.errors import ArgumentError, CandidateError, InputTypeError
from automl.native import usable_cores
from automl.space.candidate import Candidate
from automl.space.space import Space
from automl.wording import did_you_mean

DEFAULT_BUDGET = 300.0  # seconds, where neither time_budget nor max_trials says otherwise
MEMORY_SHARE = 0.8  # of the machine's or the container's memory
FOREIGN_NAMES = {
    "time_limit": "time_budget (seconds)",
    "max_time_mins": "time_budget (seconds)",
    "max_time": "time_budget (seconds)",
    "max_runtime_secs": "time_budget (seconds)",
    "total_time_limit": "time_budget (seconds)",
    "eval_metric": "metric",
    "scoring": "metric",
    "seed": "random_state",
    "n_trials": "max_trials",
    "max_models": "max_trials",
    "label": "y (fit takes the name of a column of X)",
    "estimator_list": "include",
    "include_algos": "include",
    "exclude_algos": "exclude",
}
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def refuse_foreign(given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse arguments that belong to another library, or are misspelt.

    Raises
    ------
    InputTypeError
        For the first one.
    """
    for name in given:
        near = difflib.get_close_matches(name, known, n=1)
        hint = FOREIGN_NAMES.get(name) or (near[0] if near else None)
        text = f" Did you mean {hint}?" if hint else f" The arguments are {', '.join(known)}."
        raise InputTypeError(f"AutoML has no argument {name!r}.{text}")


def positive(name: str, value: Any, *, whole: bool = False, unit: str = "seconds") -> Any:
    """A number above 0, or None.

    Raises
    ------
    ArgumentError, InputTypeError
        If it is something else.
    """
    if value is None:
        return None
    kind: Any = numbers.Integral if whole else numbers.Real
    what = "a whole number above 0" if whole else f"a number of {unit} above 0"
    if isinstance(value, bool) or not isinstance(value, kind):
        raise InputTypeError(f"{name} must be {what}, or None; got {value!r}.")
    if not value > 0:
        raise ArgumentError(f"{name} must be {what}, or None; got {value!r}.")
    return int(value) if whole else float(value)


def one_of(name: str, value: Any, options: Sequence[Any]) -> Any:
    """One of a few values.

    Raises
    ------
    ArgumentError
        If it is another.
    """
    if not any(type(value) is type(option) and value == option for option in options):
        texts = [option for option in options if isinstance(option, str)]
        hint = did_you_mean(value, texts) if isinstance(value, str) else ""
        raise ArgumentError(f"{name} must be one of {', '.join(map(repr, options))}; got {value!r}.{hint}")
    return value


def time_budget(value: Any, max_trials: int | None) -> float | None:
    """Seconds of the run; "auto" is 300, or no limit where `max_trials` is given."""
    if isinstance(value, str):
        one_of("time_budget", value, ["auto"])
        return None if max_trials is not None else DEFAULT_BUDGET
    seconds: float | None = positive("time_budget", value)
    return seconds


def cores(n_jobs: Any) -> int:
    """Number of cores to use; -1 is all that this process may use."""
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, (int, numbers.Integral, type(None))):
        raise InputTypeError(f"n_jobs must be a whole number; got {n_jobs!r}.")
    if n_jobs is None:
        return 1
    wanted = int(n_jobs)
    if wanted == 0:
        raise ArgumentError("n_jobs must not be 0; -1 uses all cores.")
    return wanted if wanted > 0 else max(1, usable_cores() + 1 + wanted)


def memory(value: Any, name: str = "memory_limit") -> int:
    """Bytes that all workers together may use; "auto" is a share of what the machine or the container has."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return int(MEMORY_SHARE * total_memory())
    what = f"{name} must be bytes or a text such as '3GB', above 0; got {value!r}."
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B?)\s*", value.upper())
        if not found or found[2] not in _UNITS:
            raise ArgumentError(what)
        value = float(found[1]) * _UNITS[found[2]]
    kind: Any = numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind):
        raise InputTypeError(what)
    if not 1 <= value < math.inf:
        raise ArgumentError(what)
    return int(value)


def total_memory(root: Path = Path("/")) -> int:
    """Bytes of the machine, or of the container where that is less.

    Limits are those of this process' control group and of all groups around it, of both versions.
    """
    total = psutil.virtual_memory().total
    for path in _memory_files(root):
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:  # the container shows another part of the tree
            continue
        if text.isdigit():  # else "max"
            total = min(total, int(text))
    return int(total)


def _memory_files(root: Path) -> Iterator[Path]:
    mount = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in ["0::/", "1:memory:/", *lines]:
        _, controllers, group = line.split(":", 2)
        inner = PurePosixPath(group.lstrip("/"))
        for folder in (inner, *inner.parents):
            if controllers == "":
                yield mount / folder / "memory.max"
                yield mount / "unified" / folder / "memory.max"
            elif "memory" in controllers.split(","):
                yield mount / "memory" / folder / "memory.limit_in_bytes"


def first_candidates(try_first: Any, space: Space) -> list[Candidate]:
    """The user's own candidates.

    Parameters
    ----------
    try_first : sequence of str or dict, or None
        Texts such as ``"lightgbm(input, num_leaves=63)"``, or ``{"family": "lightgbm", "params": {...}}``.

    Raises
    ------
    ArgumentError
        If one is not of the space.
    """
    if try_first is None:
        return []
    if isinstance(try_first, (str, Mapping)) or not isinstance(try_first, Iterable):
        raise InputTypeError("try_first must be a list of candidates, as in try_first=['ridge(input)'].")
    found: list[Candidate] = []
    for place, entry in enumerate(try_first):
        try:
            found.append(one_candidate(entry, space))
        except CandidateError as error:
            raise ArgumentError(f"try_first[{place}]: {error}") from error
    return found


def one_candidate(entry: Any, space: Space) -> Candidate:
    """A candidate of the user's own, of a text or a dict.

    Raises
    ------
    CandidateError
        If it is not of the space.
    """
    if not isinstance(entry, Mapping):
        return space.parse(str(entry))
    unknown = set(entry) - {"family", "params"}
    if unknown or "family" not in entry:
        raise CandidateError(f"a dict needs 'family' and may have 'params', got {sorted(entry)}.")
    return space.candidate(entry["family"], entry.get("params"))


def seed(name: str, value: Any) -> int:
    """A whole number from 0 to 2**32 - 1, which is what NumPy and scikit-learn take.

    Raises
    ------
    ArgumentError, InputTypeError
        If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, numbers.Integral)):
        raise InputTypeError(f"{name} must be a whole number, a NumPy generator, or None; got {value!r}.")
    if not 0 <= int(value) < 2**32:
        raise ArgumentError(f"{name} must not be negative, nor above 2**32 - 1; got {value!r}.")
    return int(value)


def path(name: str, value: Any) -> Any:
    """A path that a file or folder can have, as it was given; None stays.

    Raises
    ------
    ArgumentError, InputTypeError
        If it is none.
    """
    if value is None:
        return None
    if not isinstance(value, (str, os.PathLike)):
        raise InputTypeError(f"{name} must be a path; got {value!r}.")
    try:
        os.stat(value)
    except (FileNotFoundError, NotADirectoryError):  # it may be made
        return value
    except OSError as error:
        raise ArgumentError(f"{name}: {os.fspath(value)!r} cannot be used: {error.strerror or error}.") from error
    except ValueError as error:
        raise ArgumentError(f"{name} must not hold a NUL character; got {os.fspath(value)!r}.") from error
    return value


def names(name: str, value: Any) -> list[str] | None:
    """A list of names, or None.

    Raises
    ------
    InputTypeError
        If it is something else.
    """
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable) or not all(isinstance(e, str) for e in value):
        raise InputTypeError(f"{name} must be a list of family names such as ['lightgbm', 'ridge']; got {value!r}.")
    return list(value)


def functions(name: str, value: Any) -> list[Any]:
    """A list of callables; None is an empty one.

    Raises
    ------
    InputTypeError
        If it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, Iterable) or not all(callable(entry) for entry in value):
        raise InputTypeError(f"{name} must be a list of functions that take a Progress; got {value!r}.")
    return list(value)


def cost_matrix(text: str | None) -> list[list[float]] | None:
    """The matrix of a text such as "0,1;20,0".

    Raises
    ------
    ArgumentError
        If it is none.
    """
    if text is None:
        return None
    try:
        return [[float(number) for number in row.split(",")] for row in text.split(";")]
    except ValueError as error:
        raise ArgumentError(f"--costs must be numbers, as in '0,1;20,0'; got {text!r}.") from error


def verbosity(value: Any) -> int:
    """How much is printed; True and False are 1 and 0."""
    if not isinstance(value, numbers.Integral):
        raise InputTypeError(f"verbose must be a whole number: 0 prints nothing; got {value!r}.")
    return int(value)
