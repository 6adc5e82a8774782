import contextlib
import gzip
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest
from rich.console import Console

from automl import AutoML, __version__
from automl.cli import main, process_start
from automl.errors import DataError
from automl.report.progress import Printer, Progress
from automl.tables.read import read_table
from automl.terminal import LiveLine, leaderboard_table

COMMANDS = ["fit", "predict", "columns", "leaderboard", "suspects", "families", "example"]
QUICK = ["--max-trials", "2", "--include", "naive_bayes,decision_tree", "--n-jobs", "1", "--seed", "0"]
QUICK += ["--executor", "inline"]
TABLE = "a,b,y\n" + "".join(f"{i},{i % 7},{'yes' if i % 3 else 'no'}\n" for i in range(60))


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with iris.csv, iris_test.csv and a model."""
    folder = tmp_path_factory.mktemp("fitted")
    assert main(["example", "iris", "--folder", str(folder)]) == 0
    assert main(["fit", f"{folder}/iris.csv", "-t", "species", "--out", f"{folder}/model", "-q", *QUICK[:-2]]) == 0
    return folder


# ---- help


def test_without_arguments_it_shows_help(capsys):
    assert main([]) == 2
    assert "Start with: automl example" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_example(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"Example: automl {command}" in capsys.readouterr().out


def test_help_says_what_counts_as_missing(capsys):
    main(["fit", "--help"])
    assert "are missing values" in re.sub(r"[\s│]+", " ", capsys.readouterr().out)


def test_module_runs_as_a_command():
    done = subprocess.run([sys.executable, "-m", "automl", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == __version__


# ---- refusals: exit code 2 and one line on standard error

REFUSALS = {
    "no such file": (["fit", "tabel.csv", "-t", "y"], "no file 'tabel.csv'; did you mean 'table.csv'?"),
    "a folder": (["fit", ".", "-t", "y"], "is a folder"),
    "empty": (["fit", "empty.csv", "-t", "y"], "'empty.csv' is empty."),
    "blank": (["fit", "blank.csv", "-t", "y"], "'blank.csv' is empty."),
    "no rows": (["fit", "header.csv", "-t", "y"], "has a header, but no rows."),
    "uneven": (["fit", "uneven.csv", "-t", "y"], "does not parse: line 3 has 3 fields, the lines before it 2."),
    "wide": (["fit", "wide.csv", "-t", "y"], "line 2 has more fields than the header has names (2)."),
    "quote": (["fit", "quote.csv", "-t", "y"], "a quote opened in line 3 is never closed."),
    "encoding": (["fit", "latin.csv", "-t", "y"], "is not UTF-8 text (byte 0xe9)"),
    "same names": (["fit", "same.csv", "-t", "y"], "has several columns named 'a'"),
    "broken gz": (["fit", "broken.csv.gz", "-t", "y"], "cannot be read"),
    "broken parquet": (["fit", "broken.parquet", "-t", "y"], "does not parse as Parquet"),
    "other kind": (["fit", "table.xlsx", "-t", "y"], "is of a kind that is not read (.xlsx)"),
    "wrong target": (["fit", "table.csv", "-t", "yy"], "--target: 'table.csv' has no column 'yy'; did you mean 'y'?"),
    "unlike target": (["fit", "table.csv", "-t", "price"], "no column 'price'; its columns are 'a', 'b', 'y'."),
    "wrong drop": (["fit", "table.csv", "-t", "y", "--drop", "a,c"], "--drop: 'table.csv' has no column 'c'"),
    "one class": (["fit", "one_class.csv", "-t", "y"], "only one class ('yes')"),
    "no column left": (["fit", "table.csv", "-t", "y", "--drop", "a,b"], "no column to learn from"),
    "no kind": (["fit", "table.csv", "-t", "y", "--column-type", "a"], "--column-type must be NAME=KIND"),
    "wrong kind": (["fit", "table.csv", "-t", "y", "--column-type", "a=dat"], "Did you mean 'date'?"),
    "kind of no column": (
        ["fit", "table.csv", "-t", "y", "--column-type", "c=date"],
        "--column-type: 'table.csv' has no",
    ),
    "no target": (["fit", "table.csv"], "target"),
    "unknown option": (["fit", "table.csv", "--targt", "y"], "No such option: --targt"),
    "not a number": (["fit", "table.csv", "-t", "y", "--n-jobs", "two"], "'--n-jobs'"),
    "budget": (["fit", "table.csv", "-t", "y", "--time-budget", "0"], "--time-budget must be a number of seconds"),
    "metric": (["fit", "table.csv", "-t", "y", "--metric", "acuracy"], "metric 'acuracy'"),
    "task": (["fit", "table.csv", "-t", "y", "--task", "ranking"], "task must be one of"),
    "cv": (["fit", "table.csv", "-t", "y", "--cv", "5x"], "--cv must be auto, holdout or a number of folds; got '5x'"),
    "one fold": (["fit", "table.csv", "-t", "y", "--cv", "1"], "cv"),
    "family": (["fit", "table.csv", "-t", "y", "--include", "lightgb"], "no family 'lightgb'"),
    "search": (["fit", "table.csv", "-t", "y", "--search", "gridd"], "search must be one of 'auto', 'evolutionary',"),
    "grid": (
        ["fit", "table.csv", "-t", "y", "--search", "grid(values={'decision_tree.depth': [2]})"],
        "grid: there is no parameter 'decision_tree.depth' for this task; one is written family.parameter. Did you",
    ),
    "out is a file": (["fit", "table.csv", "-t", "y", "--out", "table.csv"], "--out: 'table.csv' cannot be a folder"),
    "no model": (["predict", "nowhere", "table.csv"], "no model at 'nowhere'"),
    "no leaderboard": (["leaderboard", "nowhere"], "no leaderboard in 'nowhere'"),
    "no component": (["families", "lightgb"], "no component 'lightgb'"),
    "no example": (["example", "titanic"], "no example 'titanic'; there are breast_cancer, iris,"),
    "other content": (["example", "wine"], "'wine.csv' is there already and holds something else"),
    "command": (["predit"], "No such command 'predit'."),
}


@pytest.mark.parametrize(("arguments", "sentence"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals_are_one_line(arguments, sentence, tmp_path, capsys):
    files = {
        "table.csv": TABLE,
        "empty.csv": "",
        "blank.csv": "\n\n",
        "header.csv": "a,y\n",
        "uneven.csv": "a,y\n1,2\n1,2,3\n",
        "wide.csv": "a,y\n1,2,3\n1,2,3\n",
        "quote.csv": 'a,y\n1,2\n3,"4\n5,6\n',
        "same.csv": "a,a,y\n1,2,3\n",
        "broken.parquet": "nothing",
        "table.xlsx": "nothing",
        "one_class.csv": "a,y\n1,yes\n2,yes\n3,yes\n",
        "wine.csv": "mine\n1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "latin.csv").write_bytes("a,y\né,1\n".encode("latin1"))
    (tmp_path / "broken.csv.gz").write_bytes(gzip.compress(TABLE.encode())[:40])
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.startswith("automl: ")
    assert told.count("\n") == 1
    assert not (tmp_path / "model").exists()


# ---- tables


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators(separator, tmp_path):
    (tmp_path / "table.csv").write_text(f"a{separator}b\n1{separator}None\n\n2{separator}x\n", encoding="utf-8-sig")
    table = read_table("table.csv")
    assert list(table.columns) == ["a", "b"]
    assert table["b"].isna().tolist() == [True, False]


def test_compressed_and_parquet_are_read_alike(tmp_path):
    table = pd.read_csv(io.StringIO(TABLE))
    table.to_csv("table.csv.gz", index=False)
    table.to_csv("table.tsv", index=False, sep="\t")
    table.to_parquet("table.parquet")
    for name in ("table.csv.gz", "table.tsv", "table.parquet"):
        pd.testing.assert_frame_equal(read_table(name), table, check_dtype=False)


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch, tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet("table.parquet")
    monkeypatch.setattr(pd, "read_parquet", lambda path: (_ for _ in ()).throw(ImportError("no pyarrow")))
    with pytest.raises(DataError, match="pip install pyarrow"):
        read_table("table.parquet")


# ---- the round trip


def test_fit_writes_model_leaderboard_and_run(fitted):
    written = {"automl-model.json", "columns.csv", "leaderboard.csv", "model.joblib", "run.json"}
    assert {path.name for path in (fitted / "model").iterdir()} == written
    board = pd.read_csv(fitted / "model" / "leaderboard.csv")
    assert set(board["family"]) <= {"decision_tree", "naive_bayes", "dummy", "ensemble"}
    assert AutoML.load(fitted / "model").n_trials_ == 2


def test_fit_tells_what_it_did(tmp_path, capsys):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "--drop", "a", *QUICK]) == 0
    told = capsys.readouterr()
    assert "Task: classification (2 classes)" in told.out
    assert "Next:        automl predict model test.csv --out predictions.csv" in told.out
    assert max(map(len, told.out.splitlines())) <= 100
    assert told.err == ""
    assert list(AutoML.load("model").feature_names_in_) == ["b"]


def test_fit_is_told_of_costs(tmp_path, capsys):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "--costs", "0,1;1000,0", *QUICK]) == 0
    model = AutoML.load("model")
    assert model.costs == [[0.0, 1.0], [1000.0, 0.0]]
    assert set(model.predict(pd.read_csv("table.csv"))) <= {"no", "yes"}
    capsys.readouterr()
    assert main(["fit", "table.csv", "-t", "y", "--costs", "0,dear;1,0"]) == 2
    assert "--costs must be numbers, as in '0,1;20,0'; got '0,dear;1,0'" in capsys.readouterr().err


def test_fit_is_told_of_the_rows(tmp_path, capsys):
    table = pd.read_csv(io.StringIO(TABLE)).assign(w=1, g=lambda t: t["a"] // 6, t=lambda t: t["b"])
    table.loc[:9, "w"] = 0
    table.to_csv("table.csv", index=False)
    rows = ["--weight-column", "w", "--group-column", "g", "--time-column", "a"]
    assert main(["fit", "table.csv", "-t", "y", "--drop", "t", *rows, *QUICK]) == 0
    told = capsys.readouterr().out
    assert "10 rows of weight 0 are left out." in told
    assert "each validated on later rows than it is trained on" in told
    model = AutoML.load("model")
    assert list(model.feature_names_in_) == ["a", "b"]
    assert all(train.max() < valid.min() for train, valid in model.cv_splits_)
    assert main(["fit", "table.csv", "-t", "y", "--drop", "w", "--weight-column", "w"]) == 2
    assert "--weight-column: the column 'w' is also named by --drop" in capsys.readouterr().err
    assert main(["fit", "table.csv", "-t", "y", "--time-column", "tt"]) == 2
    assert "--time-column: 'table.csv' has no column 'tt'; did you mean 't'" in capsys.readouterr().err


def test_fit_is_told_kinds_of_columns(tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "--column-type", "a=text", "--column-type", "b=dropped", *QUICK]) == 0
    assert list(AutoML.load("model").columns_["kind"]) == ["text", "dropped"]


@pytest.mark.parametrize(
    "search", ["evolutionary", "grid", "manual", "sobol", "grid(values={'decision_tree.max_depth': [3, 4]})"]
)
def test_fit_is_told_how_to_search(search, tmp_path, capsys):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "--search", search, *QUICK]) == 0
    told = " ".join(capsys.readouterr().out.split())
    board = pd.read_csv("model/leaderboard.csv")
    assert set(board["origin"]) - {"ensemble"} == {"dummy", search.partition("(")[0]}
    assert ("grid: " in told) == search.startswith("grid")
    if "(" in search:
        assert "grid: 2 candidates, about 0 s; all of them fit." in told
        assert list(board["family"]).count("decision_tree") == 2


def test_fit_warns_of_the_data_once_and_points_to_it_at_the_end(tmp_path, capsys):
    (tmp_path / "train.csv").write_text(TABLE.replace("\n", ",z\n", 1).replace("yes", "yes,1").replace("no", "no,0"))
    (tmp_path / "test.csv").write_text("a,b,z\n" + "".join(f"{i},{i % 7},0\n" for i in range(900, 960)))
    assert main(["fit", "train.csv", "-t", "y", "--test-data", "test.csv", *QUICK]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    printed = " ".join(" ".join(lines).split())
    warnings = json.loads((tmp_path / "model" / "run.json").read_text())["warnings"]
    assert any(text.startswith("Column 'z' is the target under another name") for text in warnings)
    assert any(text.startswith("X_test differs from the training rows") for text in warnings)
    assert all(printed.count(text) == 1 for text in warnings)
    assert f"Mind: the {len(warnings)} warnings at the start; run.json has them, too." in printed


@pytest.mark.parametrize(("cv", "folds"), [("3", 3), ("holdout", 1), ("auto", 5)])
def test_fit_is_told_how_to_validate(cv, folds, tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "--cv", cv, "-q", *QUICK]) == 0
    assert len(AutoML.load("model").cv_splits_) == folds


def test_quiet_prints_nothing(tmp_path, capsys):
    (tmp_path / "table.csv").write_text(TABLE)
    assert main(["fit", "table.csv", "-t", "y", "-q", *QUICK]) == 0
    assert main(["predict", "model", "table.csv", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_predict_writes_the_file_to_hand_in(fitted, capsys):
    test = pd.read_csv(fitted / "iris_test.csv")
    test.insert(0, "id", [f"{place:04d}" for place in range(len(test))])
    test.to_csv("test.csv", index=False)
    assert main(["predict", f"{fitted}/model", "test.csv", "--proba", "--id-column", "id", "--out", "deep/p.csv"]) == 0
    told = capsys.readouterr().out
    assert "Ignored, as the model does not know them: id, species." in told
    assert re.search(r"accuracy 0\.\d{4}", told)
    answer = pd.read_csv("deep/p.csv", dtype={"id": str})
    shares = [f"proba_{name}" for name in ("setosa", "versicolor", "virginica")]
    assert list(answer.columns) == ["id", "species", *shares]
    assert answer["id"].tolist() == test["id"].tolist()
    assert answer[shares].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert (answer["species"] == test["species"]).mean() > 0.8


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "lacks 1 of the columns seen in fit: 'petal width (cm)'"),
        (["--id-column", "id"], "--id-column: 'narrow.csv' has no column 'id'"),
    ],
)
def test_predict_refuses_a_table_without_its_columns(arguments, sentence, fitted, capsys):
    pd.read_csv(fitted / "iris_test.csv").drop(columns="petal width (cm)").to_csv("narrow.csv", index=False)
    assert main(["predict", f"{fitted}/model", "narrow.csv", *arguments]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_regression_has_no_probabilities(capsys):
    assert main(["example", "diabetes"]) == 0
    quick = ["--max-trials", "1", "--include", "ridge", "--executor", "inline", "--out", "model folder"]
    assert main(["fit", "diabetes.csv", "-t", "progression", *quick]) == 0
    assert "automl predict 'model folder' test.csv" in capsys.readouterr().out
    assert main(["predict", "model folder", "diabetes_test.csv", "--proba"]) == 2
    assert "--proba is for classification" in capsys.readouterr().err
    assert main(["predict", "model folder", "diabetes_test.csv"]) == 0
    assert "R² 0." in capsys.readouterr().out
    assert list(pd.read_csv("predictions.csv").columns) == ["progression"]


def test_answers_of_another_type_are_not_scored(fitted, capsys):
    pd.read_csv(fitted / "iris_test.csv").assign(species=1.5).to_csv("odd.csv", index=False)
    assert main(["predict", f"{fitted}/model", "odd.csv"]) == 0
    assert "is known" not in capsys.readouterr().out


def test_a_model_that_was_saved_without_the_command_line(fitted):
    AutoML.load(fitted / "model").save("bare.joblib")
    assert main(["predict", "bare.joblib", f"{fitted}/iris_test.csv"]) == 0
    assert list(pd.read_csv("predictions.csv").columns) == ["prediction"]


def test_leaderboard_shows_rows_and_what_failed(fitted, capsys):
    assert main(["leaderboard", f"{fitted}/model", "--rows", "1"]) == 0
    told = capsys.readouterr().out
    assert "log_loss" in told
    assert "more: automl leaderboard" in told
    assert "validation: 5 folds – " in told
    assert "ensemble: " in told


def test_columns_shows_what_each_is_taken_for(fitted, tmp_path, capsys):
    assert main(["columns", f"{fitted}/model"]) == 0
    assert capsys.readouterr().out.count(" number ") == 4
    (tmp_path / "table.csv").write_text(
        "when,size\n" + "".join(f"2024-03-{day:02d},{day} kg\n" for day in range(1, 29))
    )
    assert main(["columns", "table.csv", "--column-type", "when=category"]) == 0
    told = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert told[0] == ["column", "kind"]
    assert ["size", "number"] in told
    assert ["when", "date"] not in told
    assert main(["columns", "table.csv", "--column-type", "wen=category"]) == 2


def test_suspects_names_the_rows_whose_label_may_be_wrong(tmp_path, capsys):
    rows = [f"{i % 7 + (40 if i % 2 else 0)},{i * 37 % 101},{'yes' if i % 2 else 'no'}\n" for i in range(200)]
    rows[90] = rows[90].replace("no", "yes")
    (tmp_path / "table.csv").write_text("a,b,y\n" + "".join(rows))
    assert main(["fit", "table.csv", "-t", "y", *QUICK]) == 0
    assert "with a label that may be wrong: automl suspects model" in capsys.readouterr().out
    assert main(["suspects", "model", "--out", "suspects.csv", "--rows", "1"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].split()[:3] == ["90", "yes", "no"]
    written = pd.read_csv("suspects.csv")
    assert written["row"][0] == 90
    assert f"{len(written)} rows in all: suspects.csv" in printed


def test_run_dir_goes_on_where_a_run_stopped(tmp_path):
    (tmp_path / "table.csv").write_text(TABLE)
    again = ["fit", "table.csv", "-t", "y", "-q", *QUICK, "--run-dir", "run"]
    assert main(again) == 0
    first = pd.read_csv("model/leaderboard.csv")
    started = (tmp_path / "run" / "journal.jsonl").read_text().count('"event":"start"')
    assert main(again) == 0
    pd.testing.assert_frame_equal(pd.read_csv("model/leaderboard.csv"), first)
    assert started == 3  # the dummy and two candidates
    assert (tmp_path / "run" / "journal.jsonl").read_text().count('"event":"start"') == started


def test_a_run_that_is_to_go_on_with_other_columns_names_them(tmp_path, capsys):
    (tmp_path / "table.csv").write_text(TABLE)
    again = ["fit", "table.csv", "-t", "y", "-q", *QUICK, "--run-dir", "run"]
    assert main(again) == 0
    assert main([*again, "--drop", "a"]) == 2
    assert "holds a run with another set of columns (with 'a', now without)" in capsys.readouterr().err


# ---- families, examples


def test_families_prints_every_component_within_100_columns(capsys):
    from automl.space.reader import read_space

    assert main(["families"]) == 0
    told = capsys.readouterr().out
    space = read_space()
    for name in [*space.models, *space.steps]:
        assert re.search(rf"^{name} \((family|step);", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 100


def test_families_has_no_option_without_effect(capsys):
    assert main(["families", "lightgbm", "--schedule", "auto"]) == 2
    assert "--schedule" in capsys.readouterr().err


def test_families_shows_one(capsys):
    assert main(["families", "lightgbm"]) == 0
    told = capsys.readouterr().out
    assert "num_leaves" in told
    assert "2 to 200 (log)" in told
    assert "xgboost (" not in told


@pytest.mark.parametrize("name", ["breast_cancer", "iris", "wine", "diabetes", "digits"])
def test_examples_hold_their_target_and_stay_when_written_again(name, capsys):
    assert main(["example", name]) == 0
    target = re.search(r"the column '(\w+)'", capsys.readouterr().out)[1]
    train, test = read_table(f"{name}.csv"), read_table(f"{name}_test.csv")
    assert list(train.columns) == list(test.columns)
    assert target in train
    assert 0.2 < len(test) / (len(train) + len(test)) < 0.3
    assert main(["example", name]) == 0


# ---- clock, live line, Ctrl-C


def test_the_clock_starts_with_the_process():
    code = "import time; time.sleep(0.5); from automl.cli import process_start; print(time.monotonic()-process_start())"
    seconds = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert 0.5 < seconds < 10
    assert process_start() <= time.monotonic()


def progress(**changes):
    values = {"seconds": 1.0, "seconds_left": 9.0, "trials": 3, "failures": 1, "metric": "rmse", "trial": None}
    return Progress(**{**values, "best_score": 2.5, "best_family": "ridge", **changes})


def test_a_score_that_falls_as_repeats_begin_says_why(capsys):
    tell = Printer()
    for change in ({}, {"best_score": 2.7, "best_repeats": 2}, {"best_score": 2.6, "best_repeats": 2}):
        tell(progress(**change))
    first, fallen, better = capsys.readouterr().out.splitlines()
    assert fallen.endswith("rmse 2.7  ridge  (now of 2 cross-validations, on which the best rank anew)")
    assert first.endswith("rmse 2.5  ridge")
    assert better.endswith("rmse 2.6  ridge")


def test_live_line_says_how_it_stands():
    line = LiveLine(time.monotonic() + 60)
    assert line.__rich__().plain.startswith("starting · ")
    line(progress())
    assert re.match(r"best rmse 2\.5 ridge · 3 trials \(1 failed\) · (59|60) s left · Ctrl-C", line.__rich__().plain)
    line(progress(best_repeats=2))
    assert line.__rich__().plain.startswith("best rmse 2.5 of 2 cross-validations ridge · ")
    line(progress(best_score=None, failures=0))
    assert line.__rich__().plain.startswith("no model yet · 3 trials · ")


def test_leaderboard_table_shortens_candidates_only():
    names = ("rank", "id", "score", "score_std", "fit_seconds", "origin", "family", "status", "error")
    row = {
        **dict.fromkeys(names, ""),
        "id": "12",
        "diagnosis": "overfits",
        "origin": "portfolio",
        "family": "ridge",
        "pipeline": "ridge" * 50,
    }
    row |= {"diagnosis": "overfits", "status": "timeout", "error": "Took longer than 1.0 s."}
    console = Console(width=100, file=io.StringIO())
    console.print(leaderboard_table([row], "root_mean_squared_error"))
    head, line = console.file.getvalue().splitlines()
    assert "root_mean_squared_error" in head
    assert "portfolio  timeout: Took longer" in line
    assert "  over  " in line
    assert "…" in line


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_interrupted_fit_still_writes_the_model(tmp_path, number):
    (tmp_path / "table.csv").write_text(TABLE)
    command = [sys.executable, "-m", "automl", "fit", "table.csv", "-t", "y", "--time-budget", "120", "--n-jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if " trials " in line:  # the first candidate has ended
                os.kill(process.pid, number)
                break
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped by: interrupted" in out
    assert len(AutoML.load(tmp_path / "model").predict(pd.read_csv("table.csv"))) == 60


@pytest.mark.slow
def test_ctrl_c_twice_gives_up_at_once_in_a_terminal_too(tmp_path):
    """The live line leaves the handlers of the signals alone."""
    (tmp_path / "table.csv").write_text(TABLE)
    command = [sys.executable, "-m", "automl", "fit", "table.csv", "-t", "y", "--time-budget", "120", "--n-jobs", "1"]
    ours, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.PIPE, text=True, env=environment) as process:
        os.close(terminal)
        shown = b""
        while b"s left" not in shown or b"roc_auc" not in shown:  # there is a model
            shown += os.read(ours, 4096)
        for _ in range(2):
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.02)
        threading.Thread(target=drained, args=(ours,), daemon=True).start()
        assert process.wait(60) == 130
        assert "stopped at once, and nothing is kept" in process.stderr.read()
    assert not (tmp_path / "model").exists()


def drained(descriptor):
    with contextlib.suppress(OSError):  # the terminal is gone
        while os.read(descriptor, 4096):
            pass


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_before_there_is_a_model_is_told_by_the_exit_code(monkeypatch, capsys, number, code):
    monkeypatch.setattr("automl.tables.read.read_table", lambda *_, **__: os.kill(os.getpid(), number))
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert main(["fit", "table.csv", "-t", "y"]) == code
    assert "stopped before there was anything to keep" in capsys.readouterr().err
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_a_full_disk_for_the_model_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "table.csv").write_text(TABLE)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("automl.persist.write", full)
    assert main(["fit", "table.csv", "-t", "y", "--out", "full", "-q", *QUICK]) == 2
    assert capsys.readouterr().err == "automl: --out: 'full' cannot be written: No space left on device.\n"
    assert not os.path.exists("full")


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("seconds", [3, 15])
def test_fit_keeps_the_budget_from_start_to_written_model(seconds):
    assert main(["example", "breast_cancer"]) == 0
    command = [sys.executable, "-m", "automl", "fit", "breast_cancer.csv", "-t", "diagnosis"]
    started = time.monotonic()
    subprocess.run([*command, "--time-budget", str(seconds)], check=True, capture_output=True)
    assert time.monotonic() - started < seconds + 1
