"""``automl columns``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl.commands.options import COLUMN_TYPE, FILES, column_kinds


def columns(
    path: Annotated[Path, typer.Argument(help=f"The folder of a model, or a table to look at before a fit: {FILES}")],
    column_type: Annotated[list[str] | None, typer.Option(help=COLUMN_TYPE)] = None,
) -> None:
    """Show what each column of a table is taken for, or was by a model."""
    from automl import model_dir, terminal

    if path.is_dir():
        found = model_dir.read_columns(path)
    else:
        from automl.arguments import memory
        from automl.columns.columns import Columns
        from automl.tables.read import read_table, require_columns

        table, kinds = read_table(path, memory_limit=memory("auto")), column_kinds(column_type)
        require_columns(table, {"--column-type": list(kinds)}, path)
        frame = Columns.learn(table, kinds).frame().astype("string").fillna("")
        found = [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]
    terminal.make_console().print(terminal.columns_table(found))
