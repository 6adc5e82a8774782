import pytest

from automl.space.reader import read_space
from automl.testing.components import ComponentSuite

SPACE = read_space()


class TestPackaged(ComponentSuite):
    draws = 0

    def space(self):
        return SPACE


@pytest.mark.slow
class TestDraws(ComponentSuite):
    def space(self):
        return SPACE
