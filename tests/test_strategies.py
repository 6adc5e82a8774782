import math
import subprocess
import sys

import pytest

from automl.errors import ArgumentError
from automl.strategies import STRATEGIES
from automl.strategies.auto import Auto
from automl.strategies.base import RunContext
from automl.strategies.evolutionary import Evolutionary
from automl.strategies.gp import GP
from automl.strategies.grid import GridSearch
from automl.strategies.make import make_strategy
from automl.strategies.manual import Manual
from automl.strategies.portfolio import Portfolio, UserCandidates
from automl.strategies.random_search import RandomSearch
from automl.strategies.sobol import SobolSearch
from automl.strategies.tpe import TPE
from automl.testing.strategies import StrategySuite
from automl.testing.toys import record, toy_history, toy_search, toy_space
from automl.trials.history import History
from automl.trials.trial import Proposal

FIRST = ("bowl(input, x=1.0)", "maze(level(input))")


class TestRandom(StrategySuite):
    def make(self):
        return RandomSearch()


class TestPortfolio(StrategySuite):
    exhausts = True

    def make(self):
        return Portfolio()


class TestUser(StrategySuite):
    exhausts = True

    def make(self):
        return UserCandidates([toy_space().parse(text) for text in FIRST])


class TestSobol(StrategySuite):
    def make(self):
        return SobolSearch()


class TestGrid(StrategySuite):
    exhausts = True

    def make(self):
        return GridSearch(
            {"bowl.x": [-1, 0.5, 2], "maze.leaves": [4, 40], "scale": ["rank", None], "rank.bins": [20, 50]}
        )


class TestLattice(StrategySuite):
    exhausts = True

    def make(self):
        return GridSearch()


class TestManual(StrategySuite):
    exhausts = True

    def make(self):
        return Manual()


class TestEvolutionary(StrategySuite):
    def make(self):
        return Evolutionary()


class TestTPE(StrategySuite):
    def make(self):
        return TPE()


class TestTPEOfEachParameterAlone(StrategySuite):
    def make(self):
        return TPE(joint=False)


class TestTPEOverFamilies(StrategySuite):
    def make(self):
        return TPE(bandit=False)


class TestGP(StrategySuite):
    def make(self):
        return GP()


class TestAuto(StrategySuite):
    def make(self):
        return Auto(RunContext(portfolio_open=lambda history: len(history.trials) < 3))


def cost(candidate):
    return {"plain": 2.0, "bowl": 1.0, "maze": 50.0, "sorter": 3.0}[candidate.family] + candidate.size


def families(strategy, trials=20):
    return [trial.candidate.family for trial in toy_search(strategy, trials).trials]


def test_portfolio_goes_from_cheap_to_costly():
    assert families(Portfolio(cost)) == ["bowl", "plain", "sorter", "plain", "maze"]


def test_entries_that_can_never_fit_are_left_out():
    strategy = Portfolio(lambda candidate: math.inf if candidate.family == "bowl" else cost(candidate))
    assert families(strategy) == ["plain", "sorter", "plain", "maze"]


def test_without_a_cost_the_portfolio_keeps_its_order():
    assert families(Portfolio()) == ["plain", "bowl", "maze", "sorter", "plain"]


def test_portfolio_skips_what_others_tried():
    history = History(toy_space(), 0)
    record(history, Proposal(history.space.parse("plain(input)"), "random"), 0.5)
    assert Portfolio().ask(history, 0).candidate.family == "bowl"


def test_every_entry_suits_the_task():
    history = toy_search(Portfolio(), 20, space=toy_space("regression"))
    assert [trial.candidate.family for trial in history.trials] == ["plain", "bowl", "maze", "plain"]


@pytest.mark.parametrize("search", STRATEGIES.names)
def test_the_users_candidates_go_first(search):
    strategy = make_strategy(search, [toy_space().parse(text) for text in FIRST])
    history = toy_search(strategy, 4)
    assert [trial.origin for trial in history.trials[:2]] == ["user", "user"]
    assert [trial.candidate for trial in history.trials[:2]] == [toy_space().parse(text) for text in FIRST]
    expected = {"auto": {"portfolio"}, "manual": set()}.get(search, {search})
    assert {trial.origin for trial in history.trials[2:]} == expected
    assert strategy.name == search


def test_unknown_names_are_refused_with_the_known_ones():
    with pytest.raises(ArgumentError, match=r"'auto', .*'gp', .*; got 'tpes'. Did you mean 'tpe'\?"):
        make_strategy("tpes")
    with pytest.raises(ArgumentError, match="or an object with a name and a method 'ask'; got 3"):
        make_strategy(3)


def test_random_search_ignores_the_history():
    space = toy_space()
    assert RandomSearch().ask(History(space, 0), 4) == RandomSearch().ask(toy_history(space, 9), 4)


def test_hyperopt_and_deap_are_imported_when_used():
    code = (
        "import sys\n"
        "from automl.strategies import *\n"
        "from automl.strategies import GP, STRATEGIES, TPE\n"
        "from automl.strategies.make import make_strategy\n"
        "from automl.testing.toys import toy_search\n"
        "[make_strategy(name) for name in STRATEGIES.names]\n"
        "[toy_search(make_strategy(name), 8) for name in ('random', 'portfolio', 'tpe')]\n"
        "assert not {'hyperopt', 'deap', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
