"""All models of the shipped space that are fitted in stages, by the conformance suite."""

from automl.space.reader import read_space
from automl.testing.staged import StagedSuite

SPACE = read_space()
PATHS = {"ridge", "elastic_net", "logistic_regression"}


class TestShipped(StagedSuite):
    untimed = frozenset({"hist_gradient_boosting", *PATHS})
    unpruned = frozenset({"mlp", *untimed})
    exact = frozenset({"mlp"})

    def space(self):
        return SPACE
