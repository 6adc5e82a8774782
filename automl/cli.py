"""The command line: ``automl fit``, ``predict``, and what looks at a table, a model or the search space.

Libraries that take time to load are imported inside the commands, so that ``automl --help`` answers at once.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from automl import output, signals
from automl.commands import columns, example, families, fit, leaderboard, predict, suspects
from automl.errors import AutoMLError
from automl.output import say

LONGEST_START = 30.0  # an older process was something else before (``exec automl`` in a shell)

app = typer.Typer(
    help="AutoML for tables: a table in, a fitted best model and a leaderboard out.",
    epilog="Start with: automl example breast_cancer",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process where not given; the time budget then counts from the process's start.

    Returns
    -------
    int
        The exit code: 0 (also where a signal or a full disk ended the search of a model that is written), 1 where all
        that was asked is printing and it cannot be written, 2 where what was asked cannot work (one line on standard
        error says why), 130 after Ctrl-C, 143 after SIGTERM and 129 after SIGHUP without a model.
    """
    started = process_start() if arguments is None else time.monotonic()
    with output.lenient(own=arguments is None) as out, signals.in_order():  # until the model is written
        code = _run(arguments, started)
        if out is not None:
            out.flush()
        lost = out is not None and out.trouble is not None
    return int(code if code is not None else lost)


def _run(arguments: list[str] | None, started: float) -> int | None:
    """The exit code; None of a command that only prints."""
    for argument in arguments or ():
        if "\0" in argument:
            return _refuse(f"no argument may hold a NUL character, as {argument!r} does.")
    try:
        code: int | None = app(arguments, prog_name="automl", standalone_mode=False, obj=started)
    except AutoMLError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        code = signals.exit_code()
    except OSError as error:
        if error.filename is None:  # no file's fault
            raise
        return _refuse(f"{os.fsdecode(error.filename)!r}: {error.strerror or error}.")
    except Exception as error:
        if not hasattr(error, "format_message"):  # what typer raises for wrong usage has it
            raise
        return _refuse(error.format_message(), " See automl --help.")
    if code in (130, signals.exit_code()):
        code = signals.exit_code()
        nothing = "at once, and nothing is kept" if signals.interrupted_twice() else "before there was anything to keep"
        say(f"automl: stopped {nothing}.", error=True)
    return code


def _refuse(message: str, hint: str = "") -> int:
    if message:
        say(f"automl: {' '.join(message.split())}{hint}", error=True)
    return 2


def process_start() -> float:
    """Reading of the monotonic clock when this process started."""
    try:  # psutil rounds the boot time to a second
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, AttributeError):  # no Linux
        import psutil

        age = time.time() - psutil.Process().create_time()
    return time.monotonic() - (age if 0 <= age <= LONGEST_START else 0.0)


def _show_version(wanted: bool) -> None:
    if wanted:
        import automl

        say(automl.__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


for _command, _example in (
    (fit.fit, "fit train.csv --target price --time-budget 60 --out model"),
    (predict.predict, "predict model test.csv --out predictions.csv --id-column id"),
    (leaderboard.leaderboard, "leaderboard model"),
    (columns.columns, "columns train.csv"),
    (suspects.suspects, "suspects model --out suspects.csv"),
    (families.families, "families lightgbm"),
    (example.example, "example breast_cancer"),
):
    app.command(epilog=f"Example: automl {_example}")(_command)
