"""``automl suspects``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl.commands.files import refuse_folder, write_csv
from automl.commands.options import TrustedDir
from automl.output import say


def suspects(
    folder: TrustedDir,
    rows: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 15,
    out: Annotated[Path | None, typer.Option(help="CSV to write, with all of them.")] = None,
) -> int | None:
    """Show the training rows whose label may be wrong, the most doubtful first.

    Rows are numbered from 0. Where classes overlap, correct labels are among them.
    """
    from automl.estimator import AutoML

    refuse_folder(out)
    found = AutoML.load(folder).label_suspects()
    if out is not None:
        write_csv(found, out)
    done = None if out is None else 0
    if found.empty:
        say("No label is contradicted.")
        return done
    shown = found.head(rows).dropna(axis="columns", how="all").drop(columns="reason")
    say(shown.to_string(index=False, float_format="{:.3g}".format, max_colwidth=40))
    say(f"{len(found):,} rows in all{'' if out is None else f': {out}'}")
    return done
