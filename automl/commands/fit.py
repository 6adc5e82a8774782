"""``automl fit``."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.commands.constants import BUSIEST, END_SECONDS, LATE_SHARE, LEAST_SECONDS, ROWS_SHOWN
from automl.commands.files import reading_notes
from automl.commands.options import (
    BUDGET,
    COLUMN_TYPE,
    COSTS,
    CV,
    FAMILIES,
    FILES,
    GROUP,
    MEMORY,
    METRIC,
    MISSING,
    OUT,
    OVERLAY,
    PREDICT_MS,
    REFIT,
    RUN_DIR,
    TEST_DATA,
    TIME,
    WEIGHT,
    column_kinds,
    folds,
    names,
)
from automl.ensemble.combiners import COMBINERS
from automl.errors import ArgumentError
from automl.execute import EXECUTORS
from automl.output import say, say_note
from automl.schedule import SCHEDULES
from automl.strategies import STRATEGIES


def fit(  # noqa: PLR0913  # each option is a parameter
    context: typer.Context,
    train: Annotated[Path, typer.Argument(help=f"The table to learn from. {FILES} {MISSING}")],
    target: Annotated[str, typer.Option("--target", "-t", help="Column to predict.")],
    out: Annotated[Path, typer.Option(help=OUT)] = Path("model"),
    test_data: Annotated[Path | None, typer.Option(help=TEST_DATA)] = None,
    time_budget: Annotated[float | None, typer.Option(help=BUDGET)] = None,
    max_trials: Annotated[int | None, typer.Option(help="Candidates to try at most.")] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after so many candidates without a better one.")] = None,
    task: Annotated[str, typer.Option(help="auto, classification, binary, multiclass or regression.")] = "auto",
    metric: Annotated[str, typer.Option(help=METRIC)] = "auto",
    costs: Annotated[str | None, typer.Option(help=COSTS)] = None,
    weight_column: Annotated[str | None, typer.Option(help=WEIGHT)] = None,
    group_column: Annotated[str | None, typer.Option(help=GROUP)] = None,
    time_column: Annotated[str | None, typer.Option(help=TIME)] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Columns to leave out, with commas between them.")] = None,
    column_type: Annotated[list[str] | None, typer.Option(help=COLUMN_TYPE)] = None,
    include: Annotated[list[str] | None, typer.Option(help=FAMILIES)] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Families and steps to leave out, named likewise.")] = None,
    search: Annotated[str, typer.Option(help=STRATEGIES.help)] = "auto",
    schedule: Annotated[str, typer.Option(help=SCHEDULES.help)] = "auto",
    search_space: Annotated[Path | None, typer.Option(help=OVERLAY)] = None,
    cv: Annotated[str, typer.Option(help=CV)] = "auto",
    ensemble: Annotated[str, typer.Option(help=COMBINERS.help)] = "greedy",
    no_ensemble: Annotated[bool, typer.Option("--no-ensemble", help="The same as --ensemble single.")] = False,
    refit: Annotated[str, typer.Option(help=REFIT)] = "auto",
    predict_ms: Annotated[float | None, typer.Option(help=PREDICT_MS)] = None,
    trial_timeout: Annotated[float | None, typer.Option(help="Seconds that one candidate may take.")] = None,
    memory_limit: Annotated[str, typer.Option(help=MEMORY)] = "auto",
    executor: Annotated[str, typer.Option(help=EXECUTORS.help)] = "processes",
    n_jobs: Annotated[int, typer.Option(help="Cores to use; -1 is all.")] = -1,
    seed: Annotated[int | None, typer.Option(help="With --max-trials and --n-jobs 1: the same run again.")] = None,
    run_dir: Annotated[Path | None, typer.Option(help=RUN_DIR)] = None,
    resume: Annotated[bool, typer.Option(help="Whether to go on with the run in --run-dir.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Search for the best model of a table, within a time budget.

    Each better candidate is printed; Ctrl-C (or SIGTERM, SIGHUP) ends the search and
    keeps the best: exit code 0 where a model is written, 130 (143, 129) where none
    is. Ctrl-C twice gives up at once.

    The folder gets model.joblib (a file that can run code: load only those that
    you trust) and leaderboard.csv, of which the head is shown at the end.
    """
    from automl import model_dir, terminal
    from automl.arguments import cost_matrix, memory, one_of, positive
    from automl.tables.read import read_table

    started: float = time.monotonic() if context.obj is None else context.obj
    if time_budget is None and max_trials is None:
        time_budget = 300.0
    positive("--time-budget", time_budget)
    positive("--predict-ms", predict_ms, unit="milliseconds")
    one_of("--refit", refit, ["auto", "fast"])
    rows = {"sample_weight": weight_column, "groups": group_column, "time": time_column}
    kinds, dropped = column_kinds(column_type), names(drop) or []
    limit = memory(memory_limit, "--memory-limit")
    table = _read(train, target, limit, dropped, kinds, rows)
    later = None if test_data is None else read_table(test_data, memory_limit=limit)
    from automl.estimator import AutoML

    deadline = None if time_budget is None else started + time_budget
    if time_budget is not None and (late := _late(time.monotonic() - started, time_budget)) and not quiet:
        say_note(late)
    console = terminal.make_console()
    with model_dir.prepared(out), terminal.watching(console, deadline, quiet) as callbacks:
        # `fit` checks them
        chosen: Any = {"task": task, "cv": folds(cv), "search": search, "schedule": schedule, "executor": executor}
        chosen |= {"refit": refit, "predict_ms": predict_ms}
        chosen["ensemble"] = "single" if no_ensemble else ensemble
        model = AutoML(
            **chosen,
            metric=metric,
            costs=cost_matrix(costs),
            time_budget=None if deadline is None else _for_fit(started, deadline),
            max_trials=max_trials,
            patience=patience,
            trial_timeout="auto" if trial_timeout is None else trial_timeout,
            memory_limit=memory_limit,
            include=names(include),
            exclude=names(exclude),
            search_space=search_space,
            n_jobs=n_jobs,
            random_state=seed,
            run_dir=run_dir,
            resume="auto" if resume else False,
            verbose=0 if quiet else 1,
            callbacks=callbacks,
        )
        model._saves = True  # within the budget
        model.fit(table.drop(columns=dropped), target, column_types=kinds, X_test=later, **rows)
        seen = {"train": str(train), "rows": len(table)}
        model_dir.write(out, model, _run(model, target, seen, time.monotonic() - started))
    with suppress(KeyboardInterrupt):  # the model is written
        if not quiet:
            _tell(model, out, console, started, reading_notes(table))
    return 0


def _read(
    train: Path, target: str, limit: int, dropped: list[str], kinds: dict[str, Any], rows: dict[str, str | None]
) -> Any:
    """Read the table; it has all columns that are named, and drops none that says something of the rows."""
    from automl.tables.read import read_table, require_columns

    table = read_table(train, target=target, memory_limit=limit)
    options = zip(("--weight-column", "--group-column", "--time-column"), rows.values(), strict=True)
    named = {option: [name] for option, name in options if name is not None}
    require_columns(table, {"--target": [target], "--drop": dropped, "--column-type": list(kinds), **named}, train)
    for option, (name,) in named.items():
        if name in dropped:
            raise ArgumentError(f"{option}: the column {name!r} is also named by --drop.")
    return table


def _run(model: Any, target: str, seen: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What run.json is to say."""
    return {
        "target": target,
        "task": model.task_,
        "metric": model.metric_,
        "score": model.best_score_,
        "score_interval": model.best_score_interval_,
        "validation_score": model.validation_score_,
        "stop_reason": model.stop_reason_,
        "candidates": model.n_trials_,
        "seconds": round(seconds, 1),
        **seen,
        "handed_over": None if model.result_.cost is None else asdict(model.result_.cost),
        "warnings": model.warnings_,
        "decisions": [str(one) for one in model.result_.decisions],
    }


def _tell(model: Any, out: Path, console: Any, started: float, read: list[str]) -> None:
    """Print what a fit has brought."""
    from automl import model_dir, terminal
    from automl.report.sections import texts

    terminal.show_leaderboard(console, out, ROWS_SHOWN)
    folder = terminal.quoted(out)
    for text in read:
        say_note(f"Mind: {text}")
    for text, command in texts(model.result_):
        say(f"{text}: automl {command} {folder}" if command else text)
    spent = time.monotonic() - started
    say(f"\n{model.n_trials_} candidates in {spent:.1f} s (stopped by: {model.stop_reason_}).")
    say(f"Model:       {out / 'model.joblib'}\nLeaderboard: {out / model_dir.LEADERBOARD}")
    say(f"Next:        automl predict {folder} test.csv --out predictions.csv")


def _for_fit(started: float, deadline: float) -> float:
    """Seconds that `AutoML` gets: what is left, less the very end, which takes longer where the machine is busy."""
    now = time.monotonic()
    busy = min(BUSIEST, max(1.0, (now - started) / max(time.process_time(), 0.01)))
    left = deadline - now
    return max(left - min(busy * END_SECONDS, busy * left / 4, left / 2), LEAST_SECONDS)


def _late(took: float, time_budget: float) -> str:
    """What to say where too much of the time went before the search; else nothing."""
    if took <= LATE_SHARE * time_budget:
        return ""
    rest = "a quick model follows" if took < time_budget else "a model follows, after the time"
    wanted = math.ceil(took / (LATE_SHARE / 2))
    return (
        f"Starting and reading took {took:.1f} s of the {time_budget:g} s of --time-budget: {rest}; on this machine, "
        f"give it {wanted} s or more."
    )
