"""Parts are found by name: in their folder, and in other packages by entry points."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes

from automl import AutoML
from automl.commands.families import families
from automl.errors import ArgumentError, RunDirError, SpaceError
from automl.execute import WorkerProcesses
from automl.registry import Registry
from automl.schedule import Auto
from automl.space.reader import read_space
from automl.strategies import GP, STRATEGIES, TPE
from automl.strategies.base import Strategy
from automl.strategies.portfolio import Portfolio
from automl.strategies.random_search import RandomSearch
from automl.tasks.labelled import accuracy
from automl.tasks.metrics import make_metric
from automl.trials.recorded import session

SMALL = {"executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0, "include": ["decision_tree", "ridge"]}
X, Y = load_diabetes(return_X_y=True)
PLUGIN = '''
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from random import Random
import numpy as np
from automl.columns.encodings.base import Encoding
from automl.execute.inline import Inline
from automl.schedule.halving import Whole
from automl.trials.trial import Proposal

class Sweep:
    """Every family in turn."""

    name = "sweep"

    def __init__(self, first=0):
        self.first = first

    def ask(self, history, seed):
        names = sorted(history.space.models)
        name = names[(self.first + history.candidates) % len(names)]
        return Proposal(history.space.sample(Random(seed), [name]), self.name)

class Twice:
    name = "twice"

    def policy(self, run):
        Path("schedule.txt").write_text(run.metric)
        return Whole(run.ladder)

class Halves:
    name = "halves"

    def fit(self, seen):
        Path("combiner.txt").write_text(str(len(seen.predictions[0])))
        return {0: 0.5, 1: 0.5}

class Loud:
    name = "loud"

    def text(self, result):
        return f"LOUD: {result.metric}"

class Counting:
    name = "counting"

    def start(self, n_jobs, run_dir, memory_limit=None):
        return Counted()

class Counted(Inline):
    def submit(self, trial, job):
        with open("jobs.txt", "a") as file:
            print(trial.number, file=file)
        super().submit(trial, job)

@dataclass(frozen=True)
class Address(Encoding):
    name = "address"

    def encode(self, cells):
        read = [int(ip_address(text)) if text.count(".") == 3 else np.nan for text in cells.texts]
        return cells.spread(np.array(read, dtype=float), np.nan)

def gap(estimator, X, y):
    return -float(sum(estimator.predict(X) != y))

number = 3

class Nothing:
    name = "another"

class Needy(Sweep):
    name = "needy"

    def __init__(self, first):
        self.first = first
'''
STEP = """
name    = "halve"
summary = "Half of each number."
slot    = "scale"
[estimator]
classification = "their_spaces.steps.halve.Halve"
regression     = "their_spaces.steps.halve.Halve"
[accepts]
"""
HALVE = """
from sklearn.base import BaseEstimator, TransformerMixin

class Halve(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X / 2

    def __sklearn_is_fitted__(self):
        return True
"""
ENTRIES = """[automl.search_spaces]
theirs = their_spaces

[automl.metrics]
gap = their_search:gap
number = their_search:number
accuracy = their_search:number

[automl.combiners]
halves = their_search:Halves

[automl.encodings]
address = their_search:Address

[automl.executors]
counting = their_search:Counting

[automl.schedules]
twice = their_search:Twice

[automl.sections]
loud = their_search:Loud
gone = not_there:Section

[automl.strategies]
sweep = their_search:Sweep
needy = their_search:Needy
wrong = their_search:Nothing
gone = not_there:Search
tpe = their_search:Sweep
"""


class Repeated(Strategy):
    """The same draw a few times; a user's own, of no package."""

    name = "repeated"

    def __init__(self, times: int = 2, *, families: list | None = None) -> None:
        self.times = times
        self.families = families

    def ask(self, history, seed):
        return replace(RandomSearch().ask(history, history.candidates // self.times), origin=self.name)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package beside ours, as pip would install it."""
    folder = tmp_path / "site"
    info = folder / "their_search-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "their_search.py").write_text(PLUGIN, encoding="utf-8")
    steps = folder / "their_spaces" / "steps"
    steps.mkdir(parents=True)
    (steps / "halve.toml").write_text(STEP, encoding="utf-8")
    (steps / "halve.py").write_text(HALVE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-search\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRIES, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.chdir(tmp_path)
    return folder


COMMANDS = """
import contextlib, io, json, sys
from automl.cli import main
told = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(arguments)
    told.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(told))
"""


def run(*commands):
    """Exit code, output and errors of each command, all of one process that begins with the plug-ins in place."""
    script = [sys.executable, "-c", COMMANDS, json.dumps(commands)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [(code, out, " ".join(err.split())) for code, out, err in json.loads(done.stdout)]


# ---- plug-ins


def test_parts_of_another_package_are_in_help_in_errors_and_at_work(plugin, monkeypatch):
    rows = "a,ip,y\n" + "".join(f"{i % 20},10.0.{i % 7}.{i},{i % 20 // 7}\n" for i in range(60))
    (plugin.parent / "table.csv").write_text(rows, encoding="utf-8")
    fit = ("fit", "table.csv", "-t", "y", "--n-jobs", "1", "--max-trials", "3", "--seed", "0")
    parts = ("--search", "sweep", "--schedule", "twice", "--executor", "counting", "--metric", "gap")
    parts += ("--ensemble", "halves", "--include", "decision_tree,ridge")
    (_, shown, _), *refused, done = run(
        ("fit", "--help"),
        (*fit, "--search", "swep"),
        (*fit, "--schedule", "twic"),
        (*fit, "--executor", "count"),
        (*fit, "--metric", "gaps"),
        (*fit, "--ensemble", "half"),
        ("columns", "table.csv", "--column-type", "a=adress"),
        (*fit, *parts, "--run-dir", "run", "--out", "model"),
    )
    shown = " ".join(shown.replace("│", " ").split())
    names = (
        "auto, evolutionary, gone, gp, gradient, grid, manual, needy, portfolio, random, sobol, sweep, tpe or wrong."
    )
    assert names in shown
    assert "auto, halving, hyperband, none or twice." in shown
    assert "processes, counting or inline." in shown
    assert "greedy, halves or single." in shown
    assert "Name of a scikit-learn scorer, or accuracy, or gap, or number." in shown
    assert "number, address, boolean, category, date, duration, ordered, text or dropped;" in shown
    sentences = [
        "'sweep', 'tpe', 'wrong'; got 'swep'. Did you mean 'sweep'?",
        "'none', 'twice'; got 'twic'. Did you mean 'twice'?",
        "'processes', 'counting', 'inline'; got 'count'. Did you mean 'counting'?",
        "metric 'gaps' is neither ours nor scikit-learn's. Did you mean 'gap'?",
        "'greedy', 'halves', 'single'; got 'half'. Did you mean 'halves'?",
        "or a list of ordered levels; got 'adress'. Did you mean 'address'?",
    ]
    for (code, _, told), sentence in zip(refused, sentences, strict=True):
        assert code == 2
        assert sentence in told
    code, out, told = done
    assert (code, told) == (0, "")
    assert "LOUD: gap\n" in out
    assert "The section 'gone' cannot be shown (ArgumentError: sections: 'gone' cannot be loaded" in out
    assert (plugin.parent / "schedule.txt").read_text(encoding="utf-8") == "gap"
    assert int((plugin.parent / "combiner.txt").read_text(encoding="utf-8")) >= 2
    assert len((plugin.parent / "jobs.txt").read_text(encoding="utf-8").split()) >= 3
    assert (plugin.parent / "run" / "journal.jsonl").read_text(encoding="utf-8").count('"sweep"') >= 3
    assert "ip,address,," in (plugin.parent / "model" / "columns.csv").read_text(encoding="utf-8")
    monkeypatch.syspath_prepend(plugin)
    model = AutoML.load("model/model.joblib")
    assert set(model.predict(pd.DataFrame({"a": [1, 2], "ip": ["10.0.0.1", "10.0.1.2"]}))) <= {0, 1, 2}


def test_a_preparation_step_of_another_package_is_shown_in_errors_and_at_work(plugin, monkeypatch, capsys):
    monkeypatch.syspath_prepend(plugin)
    families(["halve"])
    assert "Half of each number." in capsys.readouterr().out
    with pytest.raises(ArgumentError, match=r"exclude: there is no family 'halved'; .* Did you mean 'halve'"):
        AutoML(**SMALL, max_trials=1, exclude=["halved"]).fit(X, Y)
    others = [step for step in read_space().steps if step != "halve"]
    model = AutoML(**SMALL, max_trials=9, exclude=others, search="random").fit(X, Y)
    used = [trial for trial in model.trials_ if "halve(" in trial.candidate.text]
    assert {trial.status for trial in used} == {"ok"}
    entries = next(plugin.glob("*.dist-info")) / "entry_points.txt"
    for value, message in (("json", "must be a package with a folder models/"), ("nowhere", "cannot be loaded")):
        entries.write_text(f"[automl.search_spaces]\ntheirs = {value}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(plugin.parent / value)  # what was read of the packages is kept by path
        with pytest.raises((ArgumentError, SpaceError), match=f"search_space: .*theirs.*{message}"):
            read_space()


def test_a_plug_in_of_no_use_is_refused_in_a_sentence(plugin, monkeypatch):
    monkeypatch.syspath_prepend(plugin)
    found = Registry("automl.strategies", "search", "ask")
    with pytest.raises(
        ArgumentError, match=r"search: the entry point 'wrong' \(their_search:Nothing\) must be a class"
    ):
        found.make("wrong")
    with pytest.raises(ArgumentError, match=r"search: 'gone' cannot be loaded \(ModuleNotFoundError"):
        found.make("gone")
    with pytest.raises(ArgumentError, match=r"search: 'needy' has options .* as in search=Needy\(...\)"):
        found.make("needy")
    with pytest.raises(
        ArgumentError, match=r"metric: the entry point 'number' \(their_search:number\) must be a callable"
    ):
        make_metric("number", "regression", None)
    assert make_metric("accuracy", "binary", np.arange(2)).function is accuracy
    assert found["tpe"] is TPE  # a name of ours stays ours
    sweep = found["sweep"]
    assert found.text(sweep(first=1)) == "sweep(first=1)"


def test_a_file_in_the_folder_is_enough(tmp_path, monkeypatch):
    folder = tmp_path / "their_parts"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "shout.py").write_text(
        'class Shout:\n    """Loud."""\n    name = "shout"\n    def say(self): ...\n'
        'class Part:\n    name = "part"\n    listed = False\n    def say(self): ...\n'
        'class _Own:\n    name = "own"\n'
        "class Protocol:\n    name: str\n",
        encoding="utf-8",
    )
    (folder / "broken.py").write_text(
        'class Heavy:\n    name: str = "heavy"\nraise RuntimeError("imported")\n', "utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = Registry("their_parts", "loudness", "say", default="shout")
    assert found.names == ["shout", "heavy"]
    assert found.help == "shout or heavy. shout is loud."
    assert type(found.make("shout")) is found.class_named("Shout")
    (folder / "broken.py").unlink()
    anew = Registry("their_parts", "loudness", "say", default="shout")
    assert [part.name for part in anew.defaults] == ["shout", "part"]
    with pytest.raises(
        ArgumentError, match=r"loudness must be one of 'shout', 'heavy'; got 'shot'\. Did you mean 'shout'"
    ):
        found.make("shot")


# ---- instances


def test_a_part_is_written_with_the_options_that_are_no_defaults():
    assert STRATEGIES.text(TPE()) == "tpe"
    assert STRATEGIES.text(TPE(startup=10)) == "tpe(startup=10)"
    assert STRATEGIES.text(STRATEGIES.make("auto")) == "auto"
    assert STRATEGIES.text(Repeated(3, families=["ridge"])) == "repeated(times=3, families=['ridge'])"


def test_a_run_works_with_a_part_of_its_own():
    given = TPE(startup=3)
    made = STRATEGIES.make(given)
    assert made is not given
    assert (type(made), made.startup) == (TPE, 3)


class Plain(Strategy):
    """Without a constructor: that of a protocol takes anything until it is first called."""

    name = "plain"

    def ask(self, history, seed):
        return None


def test_a_strategy_may_derive_from_the_protocol():
    assert STRATEGIES.text(STRATEGIES.make(Plain())) == "plain"


class Forgetful(RandomSearch):
    name = "forgetful"

    def __init__(self, depth=1):
        self.other = depth


class Many(RandomSearch):
    name = "many"

    def __init__(self, **options):
        self.options = options


class Namesake(RandomSearch):
    name = "tpe"


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (3, "search must be one of 'auto', .* or an object with a name and a method 'ask'; got 3"),
        (TPE, "search must be one of .*; got <class"),
        (
            Portfolio(lambda candidate: 1.0),
            "search: cost of portfolio must be a number, .* so that the run can be resumed",
        ),
        (TPE(startup=float("nan")), "search: startup of tpe must be a number"),
        (Forgetful(2), "search: Forgetful must keep its option 'depth' in an attribute of that name"),
        (Many(depth=2), "search: Many must keep its option 'options'"),
        (Namesake(), "search: Namesake has the name 'tpe' of another"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_no_run_could_be_resumed_with_is_refused(search, message):
    with pytest.raises(ArgumentError, match=message):
        AutoML(**SMALL, max_trials=1, search=search).fit(X, Y)


def test_a_strategy_with_its_defaults_is_the_one_of_its_name():
    models = [AutoML(**SMALL, max_trials=5, search=search).fit(X, Y) for search in ("gp", GP())]
    assert [trial.candidate for trial in models[0].trials_] == [trial.candidate for trial in models[1].trials_]


def test_a_run_with_a_strategy_of_the_users_own_is_resumed_and_replayed(tmp_path):
    arguments = {**SMALL, "run_dir": tmp_path / "run"}
    first = AutoML(**arguments, max_trials=2, search=Repeated(1)).fit(X, Y)
    assert {trial.origin for trial in first.trials_} == {"dummy", "repeated"}
    more = AutoML(**arguments, max_trials=4, search=Repeated(1)).fit(X, Y)
    whole = AutoML(**SMALL, max_trials=4, search=Repeated(1)).fit(X, Y)
    assert [trial.candidate for trial in more.trials_] == [trial.candidate for trial in whole.trials_]
    with pytest.raises(RunDirError, match=r"another search .repeated\(times=1\), now repeated"):
        AutoML(**arguments, max_trials=6, search=Repeated()).fit(X, Y)
    with pytest.raises(ArgumentError, match="search was something that the journal does not keep; give it again"):
        AutoML.replay(tmp_path / "run")
    again = AutoML.replay(tmp_path / "run", search=Repeated(1), verbose=0).fit(X, Y)
    assert (again.predict(X) == more.predict(X)).all()


def test_a_schedule_with_options_is_the_runs_own(tmp_path):
    arguments = {**SMALL, "run_dir": tmp_path / "run"}
    first = AutoML(**arguments, max_trials=2, schedule=Auto(late=0.3)).fit(X, Y)
    with pytest.raises(RunDirError, match=r"another schedule .auto\(late=0.3\), now auto"):
        AutoML(**arguments, max_trials=3).fit(X, Y)
    again = AutoML.replay(tmp_path / "run", verbose=0)
    assert again.schedule == "auto(late=0.3)"
    again.fit(X, Y)
    assert (again.predict(X) == first.predict(X)).all()


def test_an_executor_with_options_changes_no_result_and_is_made_anew_for_a_replay(tmp_path):
    arguments = {**SMALL, "max_trials": 2}
    one, other = (
        AutoML(**{**arguments, "executor": where}, run_dir=tmp_path / "run", resume=False).fit(X, Y)
        for where in ("inline", WorkerProcesses(fork=False))
    )
    assert (one.predict(X) == other.predict(X)).all()
    again = AutoML.replay(tmp_path / "run", verbose=0)
    assert again.executor == "processes(fork=False)"
    assert (again.fit(X, Y).predict(X) == one.predict(X)).all()


def test_a_part_is_read_from_its_text():
    made = STRATEGIES.make("tpe(startup=10)")
    assert (type(made), made.startup) == (TPE, 10)
    with pytest.raises(ArgumentError, match=r"search: 'tpe' has other options .*'depth'.* as in search=TPE\(...\)"):
        STRATEGIES.make("tpe(depth=3)")
    for text in ("tpe(", "tpe(10)", "tpe(startup=open('x'))", "tpe(startup=10)()", "forest(startup=10)"):
        with pytest.raises(ArgumentError, match="search must be one of 'auto', "):
            STRATEGIES.make(text)


def test_options_that_are_texts_are_asked_for_again():
    """They might name a file or a machine, and a journal may be a stranger's."""
    assert session({"executor": "elsewhere(address='x')", "search": "tpe(startup=3)"}) == {
        "arguments": {"search": "tpe(startup=3)"},
        "lacking": ["executor"],
    }


def test_models_with_a_strategy_are_cloned_and_saved():
    model = AutoML(**SMALL, max_trials=2, search=TPE(startup=1)).fit(X, Y)
    assert clone(model).search.startup == 1
    assert pickle.loads(pickle.dumps(model)).search.startup == 1
