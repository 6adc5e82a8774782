"""Tables from files: CSV, TSV and Parquet. Whatever is wrong with a file becomes one sentence that says where."""

from __future__ import annotations

import csv
import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.io.common import get_handle  # type: ignore[import-not-found]  # not in the stubs

from automl.errors import DataError
from automl.tables.constants import WIDE_TABLE
from automl.tables.files import COMPRESSED, FAULTS, at_rest, named
from automl.tables.text_files import NOTES, Form, form_of, mended, not_utf8

TABS = (".tsv", ".tab")
PARQUET = (".parquet", ".pq")
OTHERS = (".xlsx", ".xls", ".ods", ".json", ".jsonl", ".feather", ".arrow", ".pkl", ".sqlite", ".db")
ARCHIVES = (".zst", ".tar", ".tgz", ".7z", ".rar", ".lz4")  # to be unpacked by hand
SEPARATORS = (";", "\t", "|")  # looked for where the header has no comma


def read_table(
    path: str | Path, as_text: Sequence[str] = (), target: str | None = None, memory_limit: int | None = None
) -> pd.DataFrame:
    """Read a table with one header line.

    Parameters
    ----------
    path : path
        ``.csv``, ``.tsv`` or ``.txt`` (UTF-8 or UTF-16; also compressed: ``.gz``, ``.bz2``, ``.xz``, ``.zip``), or
        ``.parquet`` where pyarrow is installed; or a pipe. Comma, semicolon, tab or bar separate the fields, or what a
        first line such as ``sep=;`` says. Empty fields, and the words that pandas takes for missing (``NA``, ``NaN``,
        ``NULL``, ``None``, ``n/a`` and a few more), are missing values.
    as_text : sequence of str
        Columns of a text file to leave as they stand, identifiers with leading zeros for instance.
    target : str, optional
        The column of labels: a word such as NA is one of them, where it is not rare.
    memory_limit : int, optional
        Bytes; a text of more than a quarter of them is refused.

    Returns
    -------
    DataFrame
        Its `attrs` hold, under `automl.tables.text_files.NOTES`, what the user should know of how it was read.

    Raises
    ------
    DataError
        If the file is not there, cannot be read or parsed, has no rows, or names two columns alike.
    """
    path = Path(path)
    try:
        return _read(path, as_text, target, memory_limit)
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except MemoryError as error:
        raise DataError(f"{str(path)!r} does not fit into the memory; keep fewer rows or columns.") from error


def _read(path: Path, as_text: Sequence[str], target: str | None, memory_limit: int | None) -> pd.DataFrame:
    if "\0" in str(path):
        raise DataError(f"{str(path)!r} is no file: no path may hold a NUL character.")
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; name a file in it.")
    if not path.exists():
        near = difflib.get_close_matches(path.name, _siblings(path), n=1)
        raise DataError(f"There is no file {str(path)!r}{f'; did you mean {near[0]!r}?' if near else '.'}")
    kind = next((suffix for suffix in reversed(_suffixes(path)) if suffix not in COMPRESSED), "")
    if kind in ARCHIVES:
        raise DataError(f"{str(path)!r} is packed in a way that is not read ({kind}); unpack it, or pack it with gzip.")
    if kind in OTHERS:
        raise DataError(f"{str(path)!r} is of a kind that is not read ({kind}); convert it to CSV or Parquet.")
    try:
        with at_rest(path, memory_limit) as plain:
            frame = _read_plain(plain, path, kind, as_text, target)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{str(path)!r} is empty.") from error
    except csv.Error as error:
        raise DataError(f"{str(path)!r} does not parse: {error} in its first line.") from error
    except pd.errors.ParserError as error:
        raise DataError(f"{str(path)!r} does not parse: {_parse_error(str(error))}.") from error
    except UnicodeDecodeError as error:
        raise DataError(not_utf8(path, error)) from error
    except FAULTS as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{str(path)!r} cannot be read: {str(reason).rstrip('.')}.") from error
    if not len(frame):
        raise DataError(f"{str(path)!r} has a header, but no rows.")
    return frame


def _read_plain(plain: Path, path: Path, kind: str, as_text: Sequence[str], target: str | None) -> pd.DataFrame:
    """Read a file that is neither compressed nor a pipe, and that `path` is the name of."""
    if plain.stat().st_size == 0:
        raise DataError(f"{str(path)!r} is empty.")
    with named(plain, path):
        if kind in PARQUET:
            return _read_parquet(plain)
        return _read_text(plain, "\t" if kind in TABS else ",", as_text, target)


def require_columns(table: pd.DataFrame, wanted: Mapping[str, Sequence[str]], path: Path) -> None:
    """Refuse names that a table does not have.

    Parameters
    ----------
    table : DataFrame
    wanted : mapping of str to sequence of str
        Names of columns by the option that asks for them.
    path : Path
        Where the table was read.

    Raises
    ------
    DataError
        For the first one; it says which names there are.
    """
    for option, names in wanted.items():
        for name in names:
            if name not in table.columns:
                near = difflib.get_close_matches(name, list(table.columns), n=1)
                known = ", ".join(map(repr, table.columns[:20])) + (", ..." if len(table.columns) > 20 else "")
                hint = f"did you mean {near[0]!r}?" if near else f"its columns are {known}."
                raise DataError(f"{option}: {str(path)!r} has no column {name!r}; {hint}")


def _suffixes(path: Path) -> list[str]:
    return [suffix.lower() for suffix in path.suffixes]


def _siblings(path: Path) -> list[str]:
    return [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []


def _read_text(path: Path, separator: str, as_text: Sequence[str], target: str | None = None) -> pd.DataFrame:
    form = form_of(path)
    separator = form.separator or separator
    header = _header(path, separator, form)
    if len(header) == 1 and not form.separator:
        separator = next((other for other in SEPARATORS if other in header[0]), separator)
        header = _header(path, separator, form)
    named = [name for name in header if name]
    repeated = [name for name, count in Counter(named).items() if count > 1]
    if repeated:
        names = ", ".join(map(repr, repeated))
        raise DataError(f"{str(path)!r} has several columns named {names}; rename them (is the first line a header?).")
    types: Any = dict.fromkeys(as_text, str)
    options: dict[str, Any] = {"sep": separator, "low_memory": False, **form.options}
    frame = pd.read_csv(path, dtype=types, **options)
    if not isinstance(frame.index, pd.RangeIndex):  # pandas takes what stands before the first name for an index
        raise DataError(
            f"{str(path)!r} does not parse: line {2 + form.skip} has more fields than the header has names "
            f"({len(header)})."
        )
    frame = frame.copy() if frame.shape[1] > WIDE_TABLE else frame  # columns of a dtype stand side by side then
    frame.attrs[NOTES] = list(form.notes)
    return mended(frame, path, target, options)


def _header(path: Path, separator: str, form: Form) -> list[str]:
    """The fields of the first line that is not empty; pandas takes 3 s for 50,000 of them."""
    with get_handle(path, "r", encoding=form.encoding, compression="infer") as handles:
        for number, fields in enumerate(csv.reader(handles.handle, delimiter=separator)):
            if number >= form.skip and (len(fields) > 1 or "".join(fields).strip()):
                return fields
    raise pd.errors.EmptyDataError


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise DataError(f"Reading {str(path)!r} needs pyarrow; install it with: pip install pyarrow.") from error
    except ValueError as error:  # pyarrow's errors derive from it
        raise DataError(f"{str(path)!r} does not parse as Parquet: {str(error).rstrip('.')}.") from error
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    return frame.set_axis(frame.columns.map(str), axis=1)


def _parse_error(message: str) -> str:
    """What pandas' C parser says, in words."""
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        return f"line {found[2]} has {found[3]} fields, the lines before it {found[1]}"
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return f"a quote opened in line {int(found[1]) + 1} is never closed"
    return message.removeprefix("Error tokenizing data. C error: ").strip().rstrip(".")
