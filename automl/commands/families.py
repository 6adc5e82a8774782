"""``automl families``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automl.commands.options import OVERLAY


def families(
    names: Annotated[list[str] | None, typer.Argument(help="Families and steps to show. (default: all)")] = None,
    search_space: Annotated[Path | None, typer.Option(help=OVERLAY)] = None,
) -> None:
    """Show the model families and steps that are searched: parameters, ranges, defaults, and why they matter."""
    from automl import terminal
    from automl.space.reader import read_space

    space = read_space(search_space)
    console = terminal.make_console()
    for name in names or [*space.models, *space.steps]:
        component = space.component(name)
        console.print(terminal.component_heading(component))
        if component.params:
            console.print(terminal.params_table(component))
        console.print()
