"""Reading search spaces: what a user may write, and what an error says."""

import json

import pytest

from automl.errors import SpaceError
from automl.space.format import schema
from automl.space.reader import packaged_folder, read_space

GOOD = """
name    = "mine"
summary = "A family of the user's own."
[estimator]
classification = "sklearn.naive_bayes.BernoulliNB"
[accepts]
[params]
"""


def write(folder, text, path="models/mine.toml"):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def params(*lines):
    return GOOD + "\n".join(lines)


A = 'a = { int = [1, 9], default = 2, why = "." }'
KIND = 'kind = { choice = ["x", "y"], default = "x", why = "." }'

BAD = {
    "not TOML": ("name = ", ["not valid TOML"]),
    "no name": (GOOD.replace('name    = "mine"', ""), ["required field `name`"]),
    "other name": (GOOD.replace('"mine"', '"yours"'), ["name must be", "'mine'", "'yours'"]),
    "no summary": ('name = "mine"\n[estimator]\n[accepts]\n', ["required field `summary`"]),
    "no accepts": (GOOD.replace("[accepts]", ""), ["required field `accepts`"]),
    "no estimator": (
        GOOD.replace('classification = "sklearn.naive_bayes.BernoulliNB"', ""),
        ["[estimator]", "classification, regression, or both"],
    ),
    "estimator without module": (
        GOOD.replace("sklearn.naive_bayes.BernoulliNB", "BernoulliNB"),
        ["[estimator] classification", "dotted name", "'BernoulliNB'"],
    ),
    "estimator that is no name": (
        GOOD.replace("sklearn.naive_bayes.BernoulliNB", "os.system('true')"),
        ["[estimator] classification", "dotted name"],
    ),
    "unknown key": ("colour = 1\n" + GOOD, ["unknown field `colour`"]),
    "unknown table": (GOOD + "[others]\nx = 1", ["unknown field `others`"]),
    "unknown key in a table": (GOOD.replace("[accepts]", "[accepts]\nnan = true"), ["[accepts]", "`nan`"]),
    "wrong word": (
        GOOD.replace("[accepts]", '[accepts]\ncategories = "dummy"'),
        ["[accepts] categories", "'dummy'", "one of 'native', 'ordinal', 'onehot'"],
    ),
    "wrong type": (GOOD.replace("[accepts]", "[accepts]\nmissing = 1"), ["[accepts] missing", "bool"]),
    "slot of a model": ('slot = "scale"\n' + GOOD, ["slot is for steps only"]),
    "iterations of nothing": (
        GOOD.replace("[params]", '[fidelity]\niterations = "n_trees"'),
        ["[fidelity] iterations", "'n_trees'"],
    ),
    "cost of a wrong type": (GOOD + '[cost]\nseconds = "few"', ["[cost] seconds", "float"]),
    "params no table": (GOOD.replace("[params]", "").replace("[est", "params = 3\n[est"), ["params", "object"]),
    "param no table": (params("a = 3"), ["[params] a", "object"]),
    "param of a reserved name": (params(A.replace("a", "lambda", 1)), ["[params] lambda", "identifier"]),
    "param of an odd name": (params('"a b" = ' + A[4:]), ["[params] a b", "identifier"]),
    "no why": (params("a = { int = [1, 9], default = 2 }"), ["[params] a", "required field `why`"]),
    "no default": (params('a = { int = [1, 9], why = "." }'), ["[params] a", "default is required"]),
    "no default of a choice": (
        params('a = { choice = [1, 2], why = "." }'),
        ["[params] a", "default is required"],
    ),
    "no domain": (params('a = { default = 2, why = "." }'), ["[params] a", "exactly one of"]),
    "two domains": (
        params('a = { int = [1, 9], float = [1, 9], default = 2, why = "." }'),
        ["[params] a", "exactly one of"],
    ),
    "misspelt key": (params(A.replace("default", "defualt")), ["[params] a", "`defualt`"]),
    "bound of a wrong type": (params(A.replace("9", "9.5")), ["[params] a", "int", "int"]),
    "three bounds": (params(A.replace("9", "9, 10")), ["[params] a", "int", "length"]),
    "bounds reversed": (params(A.replace("1, 9", "9, 1")), ["[params] a", "below the high"]),
    "infinite bound": (
        params('a = { float = [0, inf], default = 2, why = "." }'),
        ["[params] a", "finite"],
    ),
    "log of 0": (params(A.replace("1, 9]", "0, 9], log = true")), ["[params] a", "above 0"]),
    "step and log": (
        params(A.replace("9]", "9], log = true, step = 2")),
        ["[params] a", "does not go with log"],
    ),
    "half a step": (params(A.replace("9]", "9], step = 1.5")), ["[params] a", "whole number"]),
    "normal without spread": (
        params('a = { float = [0, 1], normal = [0, 0], default = 1, why = "." }'),
        ["[params] a", "standard deviation"],
    ),
    "default outside": (params(A.replace("= 2", "= 10")), ["[params] a", "default: 10 is not 1 to 9"]),
    "default of a wrong type": (params(A.replace("= 2", '= "2"')), ["[params] a", "default: '2'"]),
    "default true": (params(A.replace("= 2", "= true")), ["[params] a", "default: True"]),
    "infinite default": (params(A.replace("= 2", "= inf")), ["[params] a", "default: inf"]),
    "default not a choice": (
        params(KIND.replace('default = "x"', 'default = "z"')),
        ["[params] kind", "default: 'z'", "'x', 'y'"],
    ),
    "cheap outside": (params(A.replace("= 2", "= 2, cheap = 0")), ["[params] a", "cheap: 0"]),
    "one choice": (params('a = { choice = [1], default = 1, why = "." }'), ["[params] a", "at least two"]),
    "same choice": (params('a = { choice = [1, 1], default = 1, why = "." }'), ["[params] a", "twice"]),
    "choice of lists": (params('a = { choice = [[1], [2]], default = 1, why = "." }'), ["[params] a", "choice"]),
    "choice and log": (params(KIND.replace("],", "], log = true,")), ["[params] kind", "choice"]),
    "too few weights": (params(KIND.replace("],", "], weights = [1],")), ["[params] kind", "weights"]),
    "weight of None left out": (
        params(KIND.replace("],", "], none = true, weights = [0.5, 0.5],")),
        ["[params] kind", "None comes last"],
    ),
    "none of a range": (params(A.replace("9]", "9], none = true")), ["[params] a", "choice only"]),
    "at_most of a float": (
        params('a = { float = [1, 9], default = 2, at_most = "rows", why = "." }'),
        ["[params] a", "at_most is for int"],
    ),
    "by_rows of an int": (
        params(A.replace("= 2", "= 2, by_rows = { regression = [1, 1] }")),
        ["[params] a", "by_rows is for float"],
    ),
    "by_rows of a wrong word": (
        params('a = { float = [1, 9], default = 2, by_rows = { binary = [1, 1] }, why = "." }'),
        ["[params] a", "binary"],
    ),
    "at_most of a wrong word": (
        params(A.replace("= 2", '= 2, at_most = "cells"')),
        ["[params] a: at_most", "'cells'", "one of 'rows', 'columns'"],
    ),
    "wrong task": (params(A.replace("= 2", '= 2, task = "binary"')), ["[params] a: task", "'binary'", "'regression'"]),
    "when of nothing": (
        params(A.replace("= 2", "= 2, when = { b = 1 }")),
        ["[params] a", "when: 'b'", "above this one"],
    ),
    "when of one below": (
        params(A.replace("= 2", '= 2, when = { kind = "x" }'), KIND),
        ["[params] a", "when: 'kind'", "above this one"],
    ),
    "when never": (
        params(KIND, A.replace("= 2", '= 2, when = { kind = "z" }')),
        ["[params] a", "when: kind never is 'z'"],
    ),
    "when never in a list": (
        params(KIND, A.replace("= 2", '= 2, when = { kind = ["x", "z"] }')),
        ["[params] a", "when: kind never is 'z'"],
    ),
    "when compares text": (
        params(KIND, A.replace("= 2", '= 2, when = { kind = ">= 2" }')),
        ["[params] a", "when: kind is not a number"],
    ),
    "when with a bad number": (
        params(A, A.replace("a", "b", 1).replace("= 2", '= 2, when = { a = ">= 1.2.3" }')),
        ["[params] b", "1.2.3"],
    ),
}


@pytest.mark.parametrize(("text", "fragments"), BAD.values(), ids=BAD.keys())
def test_an_error_names_file_table_and_key(tmp_path, text, fragments):
    file = write(tmp_path, text)
    with pytest.raises(SpaceError) as caught:
        read_space(tmp_path)
    message = str(caught.value)
    assert message.startswith(str(file))
    for fragment in fragments:
        assert fragment in message
    assert "\n" not in message or "TOML" in message


@pytest.mark.parametrize("name", ["input", "union", "stack", "class", "my-model"])
def test_names_that_a_candidate_could_not_say_are_refused(tmp_path, name):
    write(tmp_path, GOOD.replace('"mine"', f'"{name}"'), f"models/{name}.toml")
    with pytest.raises(SpaceError, match="identifier other than input"):
        read_space(tmp_path)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["required field `entry`"]),
        ("[[entry]]\nwhy = 'x'", ["entry", "`candidate`"]),
        (
            "[[entry]]\ncandidate = 'ridge(input)'\ntasks = ['rank']",
            ["tasks", "'rank'", "one of 'binary', 'multiclass', 'regression'"],
        ),
        ("[[entry]]\ncandidate = 'ridge('", ["[entry.0] candidate", "'ridge('"]),
        ("[[entry]]\ncandidate = 'rigde(input)'", ["[entry.0] candidate", "'rigde'", "ridge"]),
        (
            "[[entry]]\ncandidate = 'ridge(input)'\n[[entry]]\ncandidate = 'elastic_net(input, beta=1)'",
            ["[entry.1] candidate", "'beta'", "l1_ratio"],
        ),
        (
            "[[entry]]\ncandidate = 'elastic_net(input, l1_ratio=-1.0)'",
            ["[entry.0] candidate", "l1_ratio must be", "-1.0"],
        ),
    ],
)
def test_an_error_in_a_portfolio_names_its_entry(tmp_path, text, fragments):
    file = write(tmp_path, text, "portfolios/mine.toml")
    with pytest.raises(SpaceError) as caught:
        read_space(tmp_path)
    for fragment in [str(file), *fragments]:
        assert fragment in str(caught.value)


def test_a_folder_without_a_search_space_is_refused(tmp_path):
    with pytest.raises(SpaceError, match=r"has no folder models/, steps/ or portfolios/"):
        read_space(tmp_path)


def test_one_name_for_a_model_and_a_step_is_refused(tmp_path):
    write(tmp_path, GOOD.replace('"mine"', '"pca"'), "models/pca.toml")
    with pytest.raises(SpaceError, match="'pca' is declared both"):
        read_space(tmp_path)


def test_a_folder_of_the_users_lies_over_ours(tmp_path):
    ours = read_space()
    write(tmp_path, params(A))
    write(
        tmp_path,
        GOOD.replace('"mine"', '"ridge"') + 'alpha = { choice = [1, 2], default = 2, why = "." }',
        "models/ridge.toml",
    )
    space = read_space(tmp_path)
    assert space.models.keys() == ours.models.keys() | {"mine"}
    assert space.steps == ours.steps
    assert space.models["lightgbm"] == ours.models["lightgbm"]
    assert space.for_task("binary", 100, 5).default("mine").text == "mine(input, a=2)"
    assert space.for_task("binary", 100, 5).default("ridge").text == "ridge(input, alpha=2)"
    assert space.portfolio == ours.portfolio
    assert space.digest != ours.digest


def test_a_portfolio_of_the_users_adds_to_ours_or_replaces_it(tmp_path):
    ours = read_space()
    text = "[[entry]]\ncandidate = 'naive_bayes(standard(input))'"
    file = write(tmp_path, text, "portfolios/mine.toml")
    assert len(read_space(tmp_path).portfolio) == len(ours.portfolio) + 1
    file.rename(file.with_name("default.toml"))
    assert [entry["candidate"] for entry in read_space(tmp_path).portfolio if not entry["textbook"]] == [
        "naive_bayes(standard(input))"
    ]
    first = read_space(tmp_path).for_task("binary", 100, 5).first_candidates()
    assert [candidate.text for candidate in first] == ["naive_bayes(standard(input), var_smoothing=1e-09)"]
    assert read_space(tmp_path).for_task("binary", 100, 5).only(["sgd", "knn"]).first_candidates() == []


def test_our_portfolio_need_not_fit_the_families_of_the_user(tmp_path):
    write(tmp_path, GOOD.replace('"mine"', '"lightgbm"'), "models/lightgbm.toml")
    first = read_space(tmp_path).for_task("binary", 1000, 20).first_candidates()
    assert first
    # what the user's family can express is kept, what names parameters that it lacks is left out
    assert {candidate.text for candidate in first if candidate.family == "lightgbm"} == {"lightgbm(input)"}


def test_conditions_hold_as_written(tmp_path):
    lines = [
        KIND,
        'size  = { float = [0.0, 9.0], default = 2.0, why = "." }',
        'is_x  = { int = [1, 2], default = 1, when = { kind = "x" }, why = "." }',
        'one_of = { int = [1, 2], default = 1, when = { size = [1, 3] }, why = "." }',
        'above = { int = [1, 2], default = 1, when = { size = ">= 2" }, why = "." }',
        'unlike = { int = [1, 2], default = 1, when = { size = "!= 3" }, why = "." }',
        'both  = { int = [1, 2], default = 1, when = { kind = "x", size = "< 2" }, why = "." }',
        'chain = { int = [1, 2], default = 1, when = { is_x = 1 }, why = "." }',
    ]
    write(tmp_path, params(*lines))
    mine = read_space(tmp_path).models["mine"]

    def active(**values):
        return {name for name, _ in mine.complete(values)} - {"kind", "size"}

    assert active() == {"is_x", "above", "unlike", "chain"}
    assert active(size=1.0) == {"is_x", "one_of", "unlike", "both", "chain"}
    assert active(kind="y", size=3.0) == {"one_of", "above"}


def test_schema_is_the_generated_one():
    stored = json.loads((packaged_folder() / "schema.json").read_text(encoding="utf-8"))
    assert stored == schema(), "run `python -m automl.space.reader`"
