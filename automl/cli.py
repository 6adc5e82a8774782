"""The command line: ``automl fit``, ``predict``, and what looks at a table, a model or the search space.

Libraries that take time to load are imported inside the commands, so that ``automl --help`` answers at once.
"""

from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from automl import output, signals
from automl.errors import ArgumentError, AutoMLError, DataWarning
from automl.output import say, say_note

END_SECONDS = 0.8  # of the budget, kept for what comes after `fit` beside writing the model, which `fit` reckons with
BUSIEST = 3.0  # times as long that it takes at most, on a machine that others use too
LATE_SHARE = 0.5  # of the budget, spent before the search, from which this is said
LEAST_SECONDS = 0.5  # what the search gets, however short the budget
LONGEST_START = 30.0  # an older process was something else before (``exec automl`` in a shell)
ROWS_SHOWN = 15

FILES = "CSV (also .gz), TSV, or Parquet where pyarrow is installed."
MISSING = (
    "Empty fields and the words NA, NaN, NULL, None, n/a (and pandas' other defaults) are missing values, but where "
    "one is among few labels of the target."
)
BUDGET = (
    "Seconds in all, from the start of the command until the model is written. "
    "(default: 300, or no limit with --max-trials)"
)
METRIC = "Name of a scikit-learn scorer. auto is ROC AUC (two classes), log loss (more), RMSE (numbers)."
COSTS = "Of wrong decisions: a row a true class, a column a decided one, in sorted order, as in '0,1;20,0'."
WEIGHT = "Column that says how much a row counts; no feature. 0 is as if absent."
GROUP = "Column of what rows belong to, such as a patient: no group is on both sides of a split; no feature."
TIME = "Column of times: models are validated on later rows than they are trained on; stays a feature."
SEARCH = "auto, random, tpe, gp or portfolio. auto is a portfolio, then TPE and genetic programming."
COLUMN_TYPE = (
    "NAME=KIND (repeatable): number, boolean, category, ordered, date, duration, text or dropped; "
    "level=low<mid<high is an order."
)
TEST_DATA = "Rows to predict later: the run says where they differ from the table. Never learned from."
MEMORY = "Of all workers, 3GB say, and a quarter for a table's text; auto: 80 % of the machine's."
OVERLAY = "Folder of TOML files laid over ours; they name classes that are imported: only files that you trust."
OUT = "Folder for the model: new, empty, or of an earlier one, which is replaced."
PREDICTIONS = "CSV to write, one line a row of the table; an earlier one is replaced."
RUN_DIR = (
    "Keeps journal and trials (new, empty, or an earlier run's); a killed run goes on there. Models in it are read "
    "only where this user has written them on this machine; else they are fitted again."
)

app = typer.Typer(
    help="AutoML for tables: a table in, a fitted best model and a leaderboard out.",
    epilog="Start with: automl example breast_cancer",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
ModelDir = Annotated[Path, typer.Argument(help="The folder that `automl fit --out` wrote.")]
TrustedDir = Annotated[
    Path, typer.Argument(help="The folder that `automl fit --out` wrote. Its model can run code: only one you trust.")
]


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
        nothing = "at once, and nothing is kept" if signals.insisted() else "before there was anything to keep"
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


# ---- fit


@app.command(epilog="Example: automl fit train.csv --target price --time-budget 60 --out model")
def fit(
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
    include: Annotated[list[str] | None, typer.Option(help="Families to search, with commas between them.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Families and steps to leave out.")] = None,
    search: Annotated[str, typer.Option(help=SEARCH)] = "auto",
    schedule: Annotated[str, typer.Option(help="auto, none, halving or hyperband: cheap looks first.")] = "auto",
    search_space: Annotated[Path | None, typer.Option(help=OVERLAY)] = None,
    cv: Annotated[int | None, typer.Option(help="Number of folds. (default: by the number of rows)")] = None,
    ensemble: Annotated[bool, typer.Option(help="Whether the model may be an ensemble.")] = True,
    trial_timeout: Annotated[float | None, typer.Option(help="Seconds that one candidate may take.")] = None,
    memory_limit: Annotated[str, typer.Option(help=MEMORY)] = "auto",
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
    from automl.arguments import cost_matrix, memory, positive
    from automl.data.read import read_table, require_columns

    started: float = time.monotonic() if context.obj is None else context.obj
    if time_budget is None and max_trials is None:
        time_budget = 300.0
    positive("--time-budget", time_budget)
    limit = memory(memory_limit, "--memory-limit")
    table = read_table(train, target=target, memory_limit=limit)
    dropped = _names(drop) or []
    kinds = _kinds(column_type)
    rows = {"sample_weight": weight_column, "groups": group_column, "time": time_column}
    options = zip(("--weight-column", "--group-column", "--time-column"), rows.values(), strict=True)
    named = {option: [name] for option, name in options if name is not None}
    require_columns(table, {"--target": [target], "--drop": dropped, "--column-type": list(kinds), **named}, train)
    for option, (name,) in named.items():
        if name in dropped:
            raise ArgumentError(f"{option}: the column {name!r} is also named by --drop.")
    later = None if test_data is None else read_table(test_data, memory_limit=limit)
    from automl.estimator import AutoML

    deadline = None if time_budget is None else started + time_budget
    if time_budget is not None and (late := _late(time.monotonic() - started, time_budget)) and not quiet:
        say_note(late)
    console = terminal.make_console()
    with model_dir.prepared(out), terminal.watching(console, deadline, quiet) as callbacks:
        model = AutoML(
            task=task,
            metric=metric,
            costs=cost_matrix(costs),
            time_budget=None if deadline is None else _for_fit(started, deadline),
            max_trials=max_trials,
            patience=patience,
            trial_timeout="auto" if trial_timeout is None else trial_timeout,
            memory_limit=memory_limit,
            cv="auto" if cv is None else cv,
            include=_names(include),
            exclude=_names(exclude),
            search=search,
            schedule=schedule,
            search_space=search_space,
            ensemble="auto" if ensemble else False,
            n_jobs=n_jobs,
            random_state=seed,
            run_dir=run_dir,
            resume="auto" if resume else False,
            verbose=0 if quiet else 1,
            callbacks=callbacks,
        )
        model._saves = True  # within the budget
        model.fit(table.drop(columns=dropped), target, column_types=kinds, X_test=later, **rows)
        run = {"target": target, "task": model.task_, "metric": model.metric_, "score": model.best_score_}
        seconds = time.monotonic() - started
        run |= {"stop_reason": model.stop_reason_, "candidates": model.n_trials_, "seconds": round(seconds, 1)}
        model_dir.write(out, model, {**run, "train": str(train), "rows": len(table), "warnings": model.warnings_})
    with suppress(KeyboardInterrupt):  # the model is written
        if not quiet:
            _tell(model, out, console, started, _notes(table))
    return 0


def _tell(model: Any, out: Path, console: Any, started: float, read: list[str]) -> None:
    """Print what a fit has brought."""
    from automl import model_dir, terminal

    terminal.show_leaderboard(console, out, ROWS_SHOWN)
    folder = terminal.quoted(out)
    say(f"{terminal.columns_line(model_dir.read_columns(out))}: automl columns {folder}")
    for note in [*(f"Mind: {text}" for text in [*read, *model.warnings_]), *model.time_report_["notes"]]:
        say_note(note)
    if doubtful := len(model.label_suspects()):
        say(f"{doubtful:,} rows have a label that may be wrong: automl suspects {folder}")
    spent = time.monotonic() - started
    say(f"\n{model.n_trials_} candidates in {spent:.1f} s (stopped by: {model.stop_reason_}).")
    say(f"Model:       {out / 'model.joblib'}\nLeaderboard: {out / model_dir.LEADERBOARD}")
    say(f"Next:        automl predict {folder} test.csv --out predictions.csv")


def _notes(table: Any) -> list[str]:
    """What is to be said of how a table's file was read."""
    from automl.data.text_files import NOTES

    return list(table.attrs.get(NOTES, []))


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


def _names(given: list[str] | None) -> list[str] | None:
    """Names of an option that may be repeated, or hold several names with commas between them."""
    return [name.strip() for text in given for name in text.split(",") if name.strip()] if given else None


def _kinds(given: list[str] | None) -> dict[str, Any]:
    """Kinds of column by name: ``zip=category``, or ``level=low<mid<high`` for an order."""
    found: dict[str, Any] = {}
    for text in given or []:
        name, sign, kind = text.partition("=")
        if not (sign and name and kind):
            raise ArgumentError(f"--column-type must be NAME=KIND, as in zip=category; got {text!r}.")
        found[name] = kind.split("<") if "<" in kind else kind
    return found


# ---- predict


@app.command(epilog="Example: automl predict model test.csv --out predictions.csv --id-column id")
def predict(
    folder: TrustedDir,
    test: Annotated[Path, typer.Argument(help=f"The rows to predict. {FILES}")],
    out: Annotated[Path, typer.Option(help=PREDICTIONS)] = Path("predictions.csv"),
    proba: Annotated[bool, typer.Option("--proba", help="Also write the probability of each class.")] = False,
    id_column: Annotated[str | None, typer.Option(help="Column of the table to write before the prediction.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Predict the rows of a table with a fitted model.

    The table needs every column that the model was fitted on; others, the target
    among them, are ignored. Cells that cannot be read as what their column was in
    training count as missing, which is said.
    """
    from automl import model_dir
    from automl.arguments import memory
    from automl.data.files import kept
    from automl.data.read import read_table, require_columns

    _refuse_folder(out)
    run = model_dir.read_run(folder)
    named = [id_column] if id_column is not None else []
    with kept(test) as file:
        table = read_table(file, target=run.get("target"), memory_limit=memory("auto"))
        require_columns(table, {"--id-column": named}, test)
        answer = read_table(file, as_text=named)[named] if named else table[[]].copy()  # 007 stays 007
    from automl.estimator import AutoML

    model: Any = AutoML.load(folder)
    if proba and not hasattr(model, "classes_"):
        raise ArgumentError("--proba is for classification; this model predicts numbers.")
    target = run.get("target", "prediction")
    with _collected() as said:
        predicted = model.predict(table)
        shares = model.predict_proba(table) if proba else None
    answer[target] = predicted
    if shares is not None:
        for place, label in enumerate(model.classes_):
            answer[f"proba_{label}"] = shares[:, place]
    _write_csv(answer, out, test)
    if quiet:
        return 0
    extra = [name for name in table.columns if name not in set(getattr(model, "feature_names_in_", ()))]
    if extra:
        say(f"Ignored, as the model does not know them: {', '.join(extra)}.")
    if target in extra and (score := _score(model, table[target], predicted)):
        say(f"On these rows {target!r} is known: {score}.")
    for text in dict.fromkeys([*_notes(table), *said]):
        say_note(f"Mind: {text}")
    say(f"{len(answer)} predictions: {out}")
    return 0


def _refuse_folder(out: Path | None) -> None:
    if out is not None and out.is_dir():
        raise ArgumentError(f"--out: {str(out)!r} is a folder; name a file in it.")


@contextmanager
def _collected() -> Iterator[list[str]]:
    """What is warned of cells that cannot be read; other warnings are shown as ever."""
    from automl import native

    said: list[str] = []
    with native.recorded() as caught:
        yield said
    for text in caught:
        name, _, sentence = text.partition(": ")
        if name == DataWarning.__name__:
            said.append(sentence)
        else:
            say(f"automl: {text}", error=True)


def _write_csv(table: Any, out: Path, source: Path | None = None) -> None:
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


def _score(model: Any, truth: Any, predicted: Any) -> str:
    """Accuracy or R² of rows whose answer the table holds; empty where it is none that can be compared."""
    from sklearn.metrics import accuracy_score, r2_score

    name, score = ("accuracy", accuracy_score) if hasattr(model, "classes_") else ("R²", r2_score)
    try:
        return f"{name} {score(model._truth(truth, len(predicted)), predicted):.4f}"
    except (ValueError, TypeError):  # missing, or of another type than in training
        return ""


# ---- look


@app.command(epilog="Example: automl leaderboard model")
def leaderboard(
    folder: ModelDir,
    rows: Annotated[int | None, typer.Option(min=1, help="Rows to show. (default: all)")] = None,
) -> None:
    """Show the candidates of a run, the best first.

    The CSV of the same name in the folder has more columns.
    """
    from automl import terminal

    terminal.show_leaderboard(terminal.make_console(), folder, rows)


@app.command(epilog="Example: automl columns train.csv")
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
        from automl.data.columns import Columns
        from automl.data.read import read_table, require_columns

        table, kinds = read_table(path, memory_limit=memory("auto")), _kinds(column_type)
        require_columns(table, {"--column-type": list(kinds)}, path)
        frame = Columns.learn(table, kinds).frame().astype("string").fillna("")
        found = [{str(name): str(value) for name, value in row.items()} for row in frame.to_dict("records")]
    terminal.make_console().print(terminal.columns_table(found))


@app.command(epilog="Example: automl suspects model --out suspects.csv")
def suspects(
    folder: TrustedDir,
    rows: Annotated[int, typer.Option(min=1, help="Rows to show.")] = ROWS_SHOWN,
    out: Annotated[Path | None, typer.Option(help="CSV to write, with all of them.")] = None,
) -> int | None:
    """Show the training rows whose label may be wrong, the most doubtful first.

    Rows are numbered from 0. Where classes overlap, correct labels are among them.
    """
    from automl.estimator import AutoML

    _refuse_folder(out)
    found = AutoML.load(folder).label_suspects()
    if out is not None:
        _write_csv(found, out)
    done = None if out is None else 0
    if found.empty:
        say("No label is contradicted.")
        return done
    shown = found.head(rows).dropna(axis="columns", how="all").drop(columns="reason")
    say(shown.to_string(index=False, float_format="{:.3g}".format, max_colwidth=40))
    say(f"{len(found):,} rows in all{'' if out is None else f': {out}'}")
    return done


@app.command(epilog="Example: automl families lightgbm")
def families(
    names: Annotated[list[str] | None, typer.Argument(help="Families and steps to show. (default: all)")] = None,
    schedule: Annotated[str, typer.Option(help="auto, none, halving or hyperband: cheap looks first.")] = "auto",
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


@app.command(epilog="Example: automl example breast_cancer")
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
