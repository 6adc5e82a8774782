"""``automl leaderboard``."""

from __future__ import annotations

from typing import Annotated

import typer

from automl.commands.options import ModelDir
from automl.output import say_note


def leaderboard(
    folder: ModelDir,
    rows: Annotated[int | None, typer.Option(min=1, help="Rows to show. (default: all)")] = None,
) -> None:
    """Show the candidates of a run, the best first, and what the run decided by itself.

    The CSV of the same name in the folder has more columns.
    """
    from automl import model_dir, terminal

    terminal.show_leaderboard(terminal.make_console(), folder, rows)
    for decision in model_dir.read_run(folder).get("decisions", []):
        say_note(decision)
