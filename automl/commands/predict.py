"""``automl predict``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from automl.commands.files import reading_notes, refuse_folder, write_csv
from automl.commands.options import FILES, PREDICTIONS, TrustedDir
from automl.errors import ArgumentError, DataWarning
from automl.output import say, say_note


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
    from automl.tables.files import kept
    from automl.tables.read import read_table, require_columns

    refuse_folder(out)
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
    write_csv(answer, out, test)
    if quiet:
        return 0
    extra = [name for name in table.columns if name not in set(getattr(model, "feature_names_in_", ()))]
    if extra:
        say(f"Ignored, as the model does not know them: {', '.join(extra)}.")
    if target in extra and (score := _score(model, table[target], predicted)):
        say(f"On these rows {target!r} is known: {score}.")
    for text in dict.fromkeys([*reading_notes(table), *said]):
        say_note(f"Mind: {text}")
    say(f"{len(answer)} predictions: {out}")
    return 0


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


def _score(model: Any, truth: Any, predicted: Any) -> str:
    """Accuracy or R² of rows whose answer the table holds; empty where it is none that can be compared."""
    from sklearn.metrics import accuracy_score, r2_score

    name, score = ("accuracy", accuracy_score) if hasattr(model, "classes_") else ("R²", r2_score)
    try:
        return f"{name} {score(model._truth(truth, len(predicted)), predicted):.4f}"
    except (ValueError, TypeError):  # missing, or of another type than in training
        return ""
