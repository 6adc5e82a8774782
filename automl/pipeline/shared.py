"""Fitted steps that are equal, as one object, and what they make of a table, made once.

Fold models of candidates with the same preprocessor have learned the same from the same rows. `unite` lets them have
one object in place of equal ones, which stays so in a saved model; `predictions` lets each prepare a table once.
"""

from __future__ import annotations

import io
import pickle
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.columns.once import Key, Once
from automl.columns.table import Table
from automl.pipeline.beside import Made
from automl.pipeline.build import answers
from automl.pipeline.compose import Stack, Union
from automl.pipeline.constants import ONCE_BYTES
from automl.pipeline.leaf import Leaf
from automl.pipeline.words import TextNumbers

Array = NDArray[Any]
Known = dict[Hashable, Any]  # what stands for all that are equal, by digest


def unite(pipelines: Sequence[Pipeline]) -> None:
    """Put one object in the place of leaves (and parts of them) that are equal, and of steps behind the same."""
    known: Known = {}
    for pipeline in (inner for one in pipelines for inner in _nested(one)):
        if isinstance(pipeline[0], Leaf):
            _put(pipeline, 0, _known(pipeline[0], known))
    parts: Known = {}
    for leaf in known.values():
        leaf.unite(lambda part: _known(part, parts))
    level = [one for one in pipelines if isinstance(one[0], Leaf)]
    place = 1
    while level := [one for one in level if len(one) > place + 1]:
        behind: defaultdict[Key, list[Pipeline]] = defaultdict(list)
        for pipeline in level:
            behind[_key(pipeline, place)].append(pipeline)
        for same in behind.values():
            alike: Known = {}
            for pipeline in same if len(same) > 1 else ():
                _put(pipeline, place, _known(pipeline[place], alike))
        place += 1


def predictions(pipelines: Sequence[Pipeline], table: Table) -> Iterator[Array]:
    """What each of the pipelines says of a table's rows, as `predict` does."""
    once = Once(_uses(pipelines), ONCE_BYTES)
    table = table.remembering(once)
    for pipeline in pipelines:
        matrix: Any = table
        for place, (_, step) in enumerate(pipeline.steps[:-1]):
            if place == 0:
                matrix = step.transform(table)  # a leaf looks for itself whether it is made already
            else:
                matrix = once(_key(pipeline, place + 1), partial(step.transform, matrix))
        yield answers(pipeline[-1], matrix)


def _key(pipeline: Pipeline, places: int) -> Key:
    """What the first so many steps of a pipeline are known by."""
    return tuple(id(step) for _, step in pipeline.steps[:places])


def _uses(pipelines: Sequence[Pipeline]) -> Counter[Key]:
    """How often each leaf, each part of one, and what is made by several steps will be asked for."""
    inner = [nested[0] for one in pipelines for nested in _nested(one)]
    uses: Counter[Key] = Counter((id(step),) for step in inner if isinstance(step, Leaf))
    parts = [
        part for step in {id(step): step for step in inner if isinstance(step, Leaf)}.values() for part in step.parts
    ]
    uses.update((id(part),) for part in parts)
    for part in {id(part): part for part in parts if isinstance(part, TextNumbers)}.values():
        uses.update(part.keys)
    uses.update(_key(one, places) for one in pipelines for places in range(2, len(one)))
    return uses


def _nested(pipeline: Pipeline) -> Iterator[Pipeline]:
    """A pipeline and those within its unions, stacks and steps beside their input."""
    yield pipeline
    for _, step in pipeline.steps:
        parts = step.parts if isinstance(step, Union) else [step.data, step.fitted_] if isinstance(step, Stack) else []
        for part in [step.source] if isinstance(step, Made) else parts:
            yield from _nested(part)


def _put(pipeline: Pipeline, place: int, step: Any) -> None:
    pipeline.steps[place] = (pipeline.steps[place][0], step)


def _known(part: Any, known: Known) -> Any:
    """What stands for all that are equal to this one."""
    found = io.BytesIO()
    pickler = pickle.Pickler(found, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.fast = True  # equal values give equal bytes, whether or not they are the same object
    try:
        pickler.dump(part)
    except Exception:  # of a step of somebody else's
        return part
    return known.setdefault(blake2b(found.getbuffer(), digest_size=16).digest(), part)
