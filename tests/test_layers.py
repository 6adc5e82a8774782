"""Who may import whom: docs/architecture.md has the layers, this keeps them true."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "automl"
LAYERS = [  # top to bottom; a module may import what stands below its line, or in its own folder
    {"__main__"},
    {"cli"},
    {"commands"},
    {"terminal", "examples_data"},
    {"model_dir"},
    {"estimator"},
    {"objective", "run"},
    {"plan", "result"},
    {"problem"},
    {"settings"},
    {"arguments", "fitted", "kept", "persist"},
    {"loop"},
    {"ensemble", "report"},
    {"strategies", "schedule", "evaluate", "execute"},
    {"trials", "pipeline"},
    {"estimators"},
    {"checks"},
    {"dataset"},
    {"validation"},
    {"columns"},
    {"tables"},
    {"tasks"},
    {"parsing", "space"},
    {"registry"},
    {"closing", "decisions", "errors", "native", "output", "signals", "types", "wording"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
ONLY_IN = {
    "hyperopt": {"strategies/tpe_hyperopt.py", "space/hyperopt_form.py"},
    "deap": {
        "estimators/evolved_breeding.py",
        "strategies/evolutionary.py",
        "strategies/gp.py",
        "strategies/gp_trees.py",
    },
    "dask": set(),
}
INSIDE_ONLY = {"lightgbm", "xgboost", "catboost"}  # a missing one costs a family, not the run
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(tree, everywhere=True):
    """Dotted names that a module imports: all of them, or those at its top only (type checking left out)."""
    nodes = list(ast.walk(tree)) if everywhere else list(top(tree.body))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "automl":
                yield from (f"automl.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def top(body):
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            yield from top([*node.body, *node.orelse])
        elif isinstance(node, (ast.Try, ast.With)):
            yield from top([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    relative = path.relative_to(PACKAGE)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = relative.parts[0].removesuffix(".py")
    wrong = [name for name in imports(tree, everywhere=False) if name.partition(".")[0] in INSIDE_ONLY]
    for name in imports(tree):
        library, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if str(relative) not in ONLY_IN.get(library, {str(relative)}):
            wrong.append(name)
        ours = library == "automl" and other not in {own, "", "__version__"}
        if ours and own not in {"__init__", "testing"} and RANK.get(other, -1) <= RANK[own]:
            wrong.append(name)
    assert wrong == [], f"{relative} imports what stands beside or above it, or what only others may import"


def test_every_module_has_a_layer():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts == {*RANK, "__init__", "testing"}


def test_no_modules_import_one_another():
    """Imports inside of functions and for type checking count, too."""
    names = [".".join(("automl", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in FILES]
    modules = {name.removesuffix(".__init__"): path for name, path in zip(names, FILES, strict=True)}
    needs = {}
    for name, path in modules.items():
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)]
        pairs = [(node.module, f"{node.module}.{one.name}") for node in nodes for one in node.names]
        needs[name] = {inner if inner in modules else outer for outer, inner in pairs} & set(modules) - {name}
    while free := {name for name, others in needs.items() if not others}:  # nothing is left below them
        needs = {name: others - free for name, others in needs.items() if name not in free}
    while over := set(needs) - set().union(*needs.values()):  # they only stand above a knot
        needs = {name: others for name, others in needs.items() if name not in over}
    assert set(needs) == set()


def python(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


HEAVY = "{'numpy', 'pandas', 'sklearn', 'scipy', 'hyperopt', 'deap', 'lightgbm', 'xgboost', 'joblib'}"


@pytest.mark.parametrize("module", ["automl", "automl.cli", "automl.terminal"])
def test_the_first_import_is_light(module):
    assert python(f"import sys, {module}; print(sorted({HEAVY} & set(sys.modules)))").strip() == "[]"


@pytest.mark.parametrize("code", ["import automl", "from automl.cli import main; main(['--help'])"])
def test_the_first_import_is_fast(code):
    seconds = []
    for _ in range(3):
        before = os.times()
        python(code)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 1.0  # of a core, whatever else runs


ONE_PLACE = {  # what goes wrong where it is called elsewhere
    "print": {"output.py", "execute/server.py"},  # use output.say; the server's goes to the workers' log
    "catch_warnings": {"native.py"},  # use native.ignored or native.recorded
    "threadpool_limits": set(),  # use native.limited
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_the_whole_process_is_changed_in_one_place(path):
    relative = path.relative_to(PACKAGE).as_posix()
    calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    names = {getattr(call, "id", getattr(call, "attr", "")) for call in calls} - {""}
    printing = {call.id for call in calls if isinstance(call, ast.Name)}  # consoles have a `print`, too
    used = (names & set(ONE_PLACE) - {"print"}) | (printing & {"print"})
    assert relative.startswith("testing/") or [name for name in used if relative not in ONE_PLACE[name]] == []


LOSSES = {  # who reads the loss of a record, and what for; trials are put in order by trials/ranking.py alone
    "trials": "keeps them, and puts trials in order",
    "evaluate": "makes those of trials of those of folds",
    "ensemble/best.py": "a partial candidate beside the dummy",
    "ensemble/bootstrap.py": "what new rows will be scored",
    "ensemble/choice.py": "says it",
    "ensemble/finalize.py": "says it",
    "ensemble/refit.py": "what a shortened fit must have",
    "ensemble/speed.py": "one quick candidate beside the best one",
    "ensemble/thresholds.py": "says it",
    "ensemble/weights.py": "an ensemble beside the best candidate",
    "loop.py": "whether the dummy was scored",
    "objective.py": "hands it to optimisers of others",
    "report/leaderboard.py": "says it",
    "report/progress.py": "says it",
    "report/verdicts.py": "says which rank it was",
    "strategies/estimates.py": "adds what others gained from rung to rung",
    "strategies/bandit.py": "the best of each family",
    "strategies/observations.py": "tells points with theirs",
    "strategies/tpe.py": "tells the good from the rest",
    "strategies/tpe_hyperopt.py": "tells it to Hyperopt",
}


def test_who_reads_losses():
    found = set()
    for path in FILES:
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        called = {node.func for node in nodes if isinstance(node, ast.Call)}  # metrics have a method of that name
        read = {node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "loss"} - called
        relative = path.relative_to(PACKAGE)
        if read and relative.parts[0] != "testing":
            found.add(relative.parts[0] if relative.parts[0] in LOSSES else relative.as_posix())
    assert found == set(LOSSES)
