"""What the command line shows: the live line, the leaderboard, the families."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from automl import model_dir, signals
from automl.output import WIDTH, cell
from automl.space.component import Component

if TYPE_CHECKING:
    from automl.report.progress import Progress


def make_console() -> Console:
    """Standard output, at most 100 columns wide."""
    console = Console(highlight=False)
    console.width = min(WIDTH, console.width) if console.is_terminal else WIDTH
    return console


class LiveLine:
    """One line that says how the search stands; a callback of `AutoML`.

    Parameters
    ----------
    deadline : float or None
        Reading of the monotonic clock at the end of the budget.
    """

    def __init__(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.progress: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        """Keep what to show."""
        self.progress = progress

    def __rich__(self) -> Text:
        parts = ["starting"]
        if (now := self.progress) is not None:
            known = now.best_score is not None
            anew = f" of {now.best_repeats} cross-validations" if now.best_repeats > 1 else ""
            best = f"best {cell(now.metric)} {now.best_score:.5g}{anew} {now.best_family}" if known else "no model yet"
            failed = f" ({now.failures} failed)" if now.failures else ""
            parts = [best, f"{now.trials} trials{failed}"]
        if self.deadline is not None:
            parts.append(f"{max(0.0, self.deadline - time.monotonic()):.0f} s left")
        parts.append("stopping: the best so far is kept" if signals.asked() else "Ctrl-C: stop and keep the best")
        return Text(" · ".join(parts), style="cyan", no_wrap=True, overflow="ellipsis")


@contextmanager
def watching(console: Console, deadline: float | None, quiet: bool) -> Iterator[list[Any]]:
    """The callbacks to hand to `AutoML`: a live line where there is a terminal."""
    if quiet or not console.is_terminal:
        yield []
        return
    line = LiveLine(deadline)
    with Live(line, console=console, transient=True, refresh_per_second=4):
        yield [line]


# ---- leaderboard

FITS = {"overfits": "over", "underfits": "under", "fits": "good"}  # the narrow column


def leaderboard_table(rows: list[dict[str, str]], metric: str, most: int | None = None) -> Table:
    """The leaderboard at most 100 columns wide.

    Parameters
    ----------
    rows : list of dict
        As `model_dir.read_leaderboard` gives them.
    metric : str
        Heads the column of scores.
    most : int, optional
        Rows to show.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("id", justify="right", no_wrap=True)
    table.add_column(Text(cell(metric)), justify="right", no_wrap=True)
    table.add_column("± std", justify="right", no_wrap=True)
    table.add_column("fit", no_wrap=True)
    table.add_column("fit s", justify="right", no_wrap=True)
    table.add_column("origin", no_wrap=True)
    table.add_column("candidate")  # the only column that may be narrowed: its texts end in an ellipsis
    for row in rows[:most]:
        status = {"ok": "", "cut": "cut: "}.get(row["status"], f"{row['status']}: {row['error']} ")
        what = ("ensemble: " if row["family"] == "ensemble" else status) + row["pipeline"]
        cells = [row["rank"] or "–", row["id"], _number(row["score"], ".5g"), _number(row["score_std"], ".2g")]
        cells += [FITS.get(row.get("diagnosis", ""), ""), _number(row["fit_seconds"], ".1f"), row["origin"]]
        table.add_row(*(Text(cell(value)) for value in cells), Text(cell(what), no_wrap=True, overflow="ellipsis"))
    return table


def _number(text: str, form: str) -> str:
    return format(float(text), form) if text else ""


def columns_table(rows: list[dict[str, str]]) -> Table:
    """What each column is taken for, as a table.

    Parameters
    ----------
    rows : list of dict
        With column, kind, levels and note, as `model_dir.read_columns` gives them.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "kind"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=30)
    table.add_column("levels", justify="right", no_wrap=True)
    table.add_column("note")
    for row in rows:
        table.add_row(*(Text(cell(row[name])) for name in ("column", "kind", "levels", "note")))
    return table


def quoted(path: Path) -> str:
    """A path as one types it in a shell."""
    return shlex.quote(cell(path))


def failures_line(rows: list[dict[str, str]]) -> str:
    """How many candidates did not finish, and why; empty where all did."""
    counts = Counter(row["status"] for row in rows if row["status"] != "ok")
    return "Not ranked: " + ", ".join(f"{n} {status}" for status, n in counts.most_common()) if counts else ""


def show_leaderboard(console: Console, folder: Path, most: int | None) -> None:
    """Print the leaderboard of a model's folder, and what is not in sight of it."""
    rows = model_dir.read_leaderboard(folder)
    metric = model_dir.read_run(folder).get("metric", "score")
    console.print()
    console.print(leaderboard_table(rows, metric, most))
    if most is not None and len(rows) > most:
        console.print(f"... and {len(rows) - most} more: automl leaderboard {quoted(folder)}", markup=False)
    if failures := failures_line(rows):
        console.print(failures, markup=False)


# ---- families


def component_heading(component: Component) -> Text:
    """Name, kind and summary of a family or step."""
    tasks = [kind for kind in ("classification", "regression") if component.estimator.path(kind) is not None]
    kind = "family" if component.kind == "model" else "step"
    extra = f"; needs the extra {component.extra!r}" if component.extra else ""
    return Text.assemble((component.name, "bold cyan"), f" ({kind}; {', '.join(tasks)}{extra}): {component.summary}")


def params_table(component: Component) -> Table:
    """Parameters of a family or step: range, default, and why they matter."""
    table = Table(box=None, padding=(0, 1, 0, 2), pad_edge=True, header_style="bold")
    table.add_column("parameter", no_wrap=True)
    table.add_column("range", max_width=26)
    table.add_column("default", no_wrap=True, max_width=12, overflow="ellipsis")
    table.add_column("why", ratio=1)
    for param in component.params:
        conditions = [f"{c.param} {c.compare} {c.value!r}" for c in param.when]
        conditions += [f"a {param.task}"] if param.task else []
        only = f" (Only with {' and '.join(conditions)}.)" if conditions else ""
        range_ = param.domain.describe() + (f", at most the {param.at_most}" if param.at_most else "")
        table.add_row(
            param.name, Text(range_), Text("by rows" if param.by_rows else repr(param.default)), Text(param.why + only)
        )
    return table
