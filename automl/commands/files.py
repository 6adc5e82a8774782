"""Tables that commands read and write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automl.errors import ArgumentError


def reading_notes(table: Any) -> list[str]:
    """What is to be said of how a table's file was read."""
    from automl.tables.text_files import NOTES

    return list(table.attrs.get(NOTES, []))


def refuse_folder(out: Path | None) -> None:
    """Refuse to write a file where a folder is."""
    if out is not None and out.is_dir():
        raise ArgumentError(f"--out: {str(out)!r} is a folder; name a file in it.")


def write_csv(table: Any, out: Path, source: Path | None = None) -> None:
    """Write a table; an earlier one of the same columns is replaced, anything else that is there stays."""
    from automl.trials.files import write_out

    try:
        if out.is_file() and out.stat().st_size:
            with out.open("rb") as file:
                first = file.readline(2**20).rstrip(b"\r\n")
            if first != table[:0].to_csv(index=False).rstrip("\n").encode() or (source and out.samefile(source)):
                raise ArgumentError(
                    f"--out: {str(out)!r} is there already and holds something else; remove it, or name another file."
                )
        write_out(out, lambda beside: table.to_csv(beside, index=False))
    except OSError as error:
        raise ArgumentError(f"--out: {str(out)!r} cannot be written: {error.strerror or error}.") from error
