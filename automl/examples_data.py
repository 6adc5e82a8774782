"""Small real tables to try, written to files: ``automl example NAME``. They come inside scikit-learn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

from automl.errors import ArgumentError
from automl.trials.files import write_out

TARGETS = {
    "breast_cancer": "diagnosis",
    "iris": "species",
    "wine": "cultivar",
    "diabetes": "progression",
    "digits": "digit",
}
TEST_SHARE = 0.25


def example_table(name: str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """A table in two parts, for training and for testing, both with the target.

    Parameters
    ----------
    name : str
        A key of `TARGETS`.

    Returns
    -------
    train, test : DataFrame
    target : str
        Name of the column to predict.

    Raises
    ------
    ArgumentError
        If there is no table of that name.
    """
    if name not in TARGETS:
        raise ArgumentError(f"There is no example {name!r}; there are {', '.join(TARGETS)}.")
    target = TARGETS[name]
    bunch: Any = getattr(datasets, f"load_{name}")(as_frame=True)
    table = bunch.frame.rename(columns={"target": target})
    if "target_names" in bunch and isinstance(bunch.target_names[0], str):
        table[target] = [str(bunch.target_names[code]) for code in bunch.target]
    classes = None if name == "diabetes" else table[target]
    train, test = train_test_split(table, test_size=TEST_SHARE, random_state=0, stratify=classes)
    return train, test, target


def write_example(name: str, folder: Path) -> tuple[Path, Path, str]:
    """Write NAME.csv and NAME_test.csv; files that are there already stay if they are the same.

    Parameters
    ----------
    name : str
    folder : Path

    Returns
    -------
    train, test : Path
    target : str

    Raises
    ------
    ArgumentError
        If there is no such table, or a file of that name holds something else.
    """
    train, test, target = example_table(name)
    paths = folder / f"{name}.csv", folder / f"{name}_test.csv"
    texts = [part.to_csv(index=False) for part in (train, test)]
    for path, text in zip(paths, texts, strict=True):
        if path.exists() and path.read_bytes() != text.encode():
            raise ArgumentError(f"{str(path)!r} is there already and holds something else; take another --folder.")
    for path, text in zip(paths, texts, strict=True):
        try:
            write_out(path, lambda beside, text=text: beside.write_bytes(text.encode()))  # type: ignore[misc]
        except OSError as error:
            raise ArgumentError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    return *paths, target
