"""The template ``model(reduce(scale(input)))`` as Hyperopt declares a space.

Numbers are places in the unit interval of their domain, options their indexes, as in the points of
`automl.space.encoding`: so bounds, logarithms, steps and whole numbers are the domain's alone and hold exactly.

Parameters with a condition stand flat beside the others of their component, not nested below the one that they depend
on. Hyperopt fits each label on its own, to the trials that have a value for it, so empty inactive labels give the very
same densities; and conditions on numbers (``layers >= 2``) do not nest. The value that it draws for a parameter that
turns out inactive is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automl.space.component import Component
from automl.space.constants import FAMILY, SLOT_NONE


def expression(
    models: Sequence[Component], preprocessor: Component, slots: Mapping[str, Sequence[Component]]
) -> dict[str, Any]:
    """Nested choices, so that Hyperopt knows which labels go with a family or step.

    Parameters
    ----------
    models : sequence of Component
    preprocessor : Component
    slots : mapping of str to sequence of Component
        Steps by the label of the choice among them, or none of them.

    Returns
    -------
    dict
        Each of its values is evaluated to a dict, whose union is a point.
    """
    from hyperopt import hp

    def choice(name: str, options: Sequence[tuple[float, dict[str, Any]]]) -> Any:
        # which option it is stands in it, too: what a dict was chosen by cannot be seen from outside
        return hp.pchoice(name, [(share, {name: place, **option}) for place, (share, option) in enumerate(options)])

    found = {FAMILY: choice(FAMILY, [(1 / len(models), _params(model)) for model in models])}
    found[preprocessor.name] = _params(preprocessor)
    for slot, steps in slots.items():
        if steps:
            share = (1 - SLOT_NONE) / len(steps)
            found[slot] = choice(slot, [(SLOT_NONE, {}), *((share, _params(step)) for step in steps)])
    return found


def _params(component: Component) -> dict[str, Any]:
    from hyperopt import hp

    found: dict[str, Any] = {}
    for name, param in component.labelled.items():
        if (shares := param.domain.shares) is None:
            found[name] = hp.uniform(name, 0, 1)
        else:
            found[name] = hp.pchoice(name, [(share, place) for place, share in enumerate(shares)])
    return found
