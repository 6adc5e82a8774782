"""Candidates: pipelines as typed trees, with a text form that reads like what it does.

``lightgbm(union(input, pca(input, n_components=0.9)), num_leaves=63)``: the leaf is `input`, the root a model.
Data comes by position, then every active parameter by name in the order of its TOML file. The text is Python call
syntax; it is read with `ast` and never evaluated.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from automl.errors import CandidateError
from automl.space.domain import Value

INPUT = "input"
UNION = "union"
STACK = "stack"


@dataclass(frozen=True)
class Node:
    """One component of a tree with its parameters; `inputs` are the nodes whose output it takes."""

    component: str
    params: tuple[tuple[str, Value], ...] = ()
    inputs: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it, itself first."""
        yield self
        for node in self.inputs:
            yield from node.walk()

    @cached_property
    def text(self) -> str:
        """Text form of the tree below this node."""
        if self.component == INPUT and not self.params:
            return INPUT
        parts = [node.text for node in self.inputs] + [f"{name}={value!r}" for name, value in self.params]
        return f"{self.component}({', '.join(parts)})"


LEAF = Node(INPUT)


@dataclass(frozen=True)
class Candidate:
    """A whole pipeline; equal texts are equal candidates."""

    root: Node

    @property
    def text(self) -> str:
        """Text form; `Candidate.parse` reads it back."""
        return self.root.text

    def __str__(self) -> str:
        return self.text

    @cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits that stand for the text, in file names and seeds."""
        return blake2b(self.text.encode(), digest_size=8).hexdigest()

    @property
    def family(self) -> str:
        """Name of the model at the root."""
        return self.root.component

    @cached_property
    def size(self) -> int:
        """Number of components, leaves left out."""
        return sum(node.component != INPUT for node in self.root.walk())

    @cached_property
    def depth(self) -> int:
        """Number of components on the longest way from a leaf to the root."""

        def depth(node: Node) -> int:
            return (node.component != INPUT) + max(map(depth, node.inputs), default=0)

        return depth(self.root)

    @classmethod
    def parse(cls, text: str) -> Candidate:
        """Read a text form.

        Raises
        ------
        CandidateError
            If the text is not a nest of calls with literal parameters. Whether the components and values exist is
            the space's to say (`Space.check`).
        """
        try:
            body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise CandidateError(f"A candidate is written like 'lightgbm(input)', got {text[:80]!r}.") from error
        return cls(_node(body, text))


def _node(tree: ast.expr, text: str) -> Node:
    if isinstance(tree, ast.Name):
        return Node(tree.id)
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        part = _source(tree, text)
        raise CandidateError(f"Expected a component such as 'pca(input)' but found {part!r} in {text[:80]!r}.")
    params: list[tuple[str, Value]] = []
    for keyword in tree.keywords:
        try:
            value = ast.literal_eval(keyword.value)
        except (ValueError, TypeError):
            value = ()  # anything that is not a literal is refused below
        if keyword.arg is None or not _is_plain(value):
            part = _source(keyword.value, text)
            raise CandidateError(f"{tree.func.id}: a parameter is name=literal, got {keyword.arg}={part}.")
        if keyword.arg in dict(params):
            raise CandidateError(f"{tree.func.id}: {keyword.arg} is given twice.")
        params.append((keyword.arg, value))
    return Node(tree.func.id, tuple(params), tuple(_node(part, text) for part in tree.args))


def _source(tree: ast.expr, text: str) -> str:
    return (ast.get_source_segment(text.strip(), tree) or "")[:60]


def _is_plain(value: object) -> bool:
    """Whether `value` may stand in a text form, which means that its `repr` reads back as itself."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return value.bit_length() <= 64
    return value is None or isinstance(value, str)
