"""The text form of candidates: exact both ways, and never evaluated."""

import keyword
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.errors import CandidateError
from automl.space.candidate import INPUT, LEAF, Candidate, Node

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name != INPUT
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=3).map(lambda params: tuple(params.items()))
NODES = st.recursive(
    st.just(LEAF) | st.builds(Node, st.just(INPUT), PARAMS.filter(len)),
    lambda below: st.builds(Node, NAMES, PARAMS, st.lists(below, min_size=1, max_size=2).map(tuple)),
    max_leaves=6,
)
CANDIDATES = st.builds(Candidate, st.builds(Node, NAMES, PARAMS, st.lists(NODES, min_size=1, max_size=2).map(tuple)))


def types(node):
    return [(type(value), value) for part in node.walk() for _, value in part.params]


@settings(deadline=None)
@given(CANDIDATES)
def test_text_and_back_is_exact(candidate):
    again = Candidate.parse(candidate.text)
    assert again == candidate
    assert repr(types(again.root)) == repr(types(candidate.root))  # 1, 1.0 and True are equal, -0.0 and 0.0 too
    assert again.text == candidate.text
    assert again.key == candidate.key


@given(CANDIDATES, CANDIDATES)
def test_the_key_stands_for_the_text(one, other):
    assert (one.key == other.key) == (one.text == other.text)
    assert len(one.key) == 16
    assert int(one.key, 16) >= 0


def test_the_key_is_the_same_in_every_process():
    text = "lightgbm(union(input, pca(input, n_components=0.9)), num_leaves=63)"
    assert Candidate.parse(text).key == "1be0f4ffcdadcf50"
    code = f"from automl.space.candidate import Candidate; print(Candidate.parse({text!r}).key)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1be0f4ffcdadcf50"


def test_spaces_do_not_matter():
    loose = Candidate.parse("  knn( pca(input,n_components = 0.5) , p=1)\n")
    assert loose.text == "knn(pca(input, n_components=0.5), p=1)"


def test_family_size_and_depth():
    candidate = Candidate.parse("a(union(stack(b(input), input), c(d(input))))")
    assert candidate.family == "a"
    assert candidate.size == 6
    assert candidate.depth == 4
    assert str(candidate) == candidate.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "f(",
        "f(input))",
        "f(input) g(input)",
        "x = f(input)",
        "import os",
        "1",
        "'f'",
        "None",
        "[f(input)]",
        "f(input)[0]",
        "f.g(input)",
        "__import__('os').system('true')",
        "f(input)(input)",
        "(lambda: 1)()",
        "f(*input)",
        "f(input, *args)",
        "f(input, **kwargs)",
        "f(input, 1)",
        "f(input, 'a')",
        "f(input if True else input)",
        "f(x for x in input)",
        "f(input, a=b)",
        "f(input, a=g())",
        "f(input, a=1 + 1)",
        "f(input, a=2 ** 9)",
        "f(input, a=1j)",
        "f(input, a=1 + 2j)",
        "f(input, a=b'x')",
        "f(input, a=...)",
        "f(input, a=[1])",
        "f(input, a=(1, 2))",
        "f(input, a={})",
        "f(input, a={[]: 1})",
        "f(input, a={[]})",
        "f(input, a=f'{x}')",
        "f(input, a=-'x')",
        "f(input, a=(b := 1))",
        "f(input, a=1e999)",
        "f(input, a=0x" + "f" * 9000 + ")",
        "f(input, a=" + "9" * 9000 + ")",
        "f(input, a=1, a=2)",
        "f(input, lambda=1)",
        "f(" * 500 + "input" + ")" * 500,
        "f(\0)",
    ],
)
def test_anything_but_calls_with_literals_is_refused(text):
    with pytest.raises(CandidateError):
        Candidate.parse(text)


@settings(deadline=None)
@given(st.text(max_size=40) | st.text("f(input,a=1'-.[]{}*: \n", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        candidate = Candidate.parse(text)
    except CandidateError:
        return
    assert Candidate.parse(candidate.text) == candidate
