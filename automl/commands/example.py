"""``automl example``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from automl.output import say


def example(
    name: Annotated[str, typer.Argument(help="breast_cancer, iris, wine, diabetes or digits.")],
    folder: Annotated[Path, typer.Option(help="Where to write the two files.")] = Path("."),
) -> int:
    """Write a small real table to try: NAME.csv to learn from, and NAME_test.csv to predict."""
    from automl.examples_data import write_example

    train, test, target = write_example(name, folder)
    say(f"{train} to learn from, {test} to predict; the target is the column {target!r}.")
    out = shlex.quote(str(folder / "model"))
    say(f"Next: automl fit {shlex.quote(str(train))} --target {target} --time-budget 60 --out {out}")
    return 0
