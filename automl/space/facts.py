"""What a candidate's declaration alone says of how it may be fitted."""

from __future__ import annotations

from collections.abc import Iterator

from automl.space.candidate import STACK, UNION, Candidate, Node
from automl.space.space import Space


def uses_target(candidate: Candidate, space: Space) -> bool:
    """Whether anything below the model learns from `y`: a step, a value of the preprocessor, or a stack."""
    return any(_uses_target(node, space) for part in candidate.root.inputs for node in _nodes(part))


def fitted_once(candidate: Candidate, space: Space) -> bool:
    """Whether one fit on all rows validates itself: a forest whose trees were each grown on a sample of the rows.

    Not with class weights: scikit-learn draws the sample by them, so that rows of a rare class are in nearly every
    one, and no tree is left that has not seen them. Not where preparation learns from `y`, which has seen all rows.
    """
    component = space.component(candidate.family)
    if component.fidelity.out_of_bag is None:
        return False
    values = {**component.estimator.fixed, **dict(candidate.root.params)}
    sampled = values.get(component.fidelity.out_of_bag) is True and values.get("class_weight") is None
    return sampled and not uses_target(candidate, space)


def _uses_target(node: Node, space: Space) -> bool:
    if node.component in (STACK, UNION):
        return node.component == STACK
    component = space.component(node.component)
    values = dict(node.params)
    learns = any(values.get(param.name) in param.uses_target for param in component.params if param.uses_target)
    return learns or component.uses_target


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for part in node.inputs:
        yield from _nodes(part)
