"""A conformance suite for strategies, after Optuna's `BasicSamplerTestCase` and Vizier's runner.

For a strategy of your own::

    class TestMine(StrategySuite):
        def make(self):
            return Mine()

pytest then runs every check of the suite on it.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from automl.space.candidate import LEAF, Candidate, Node
from automl.space.seed import derive_seed
from automl.strategies.base import Strategy
from automl.testing.toys import KINDS, record, toy_history, toy_loss, toy_search, toy_space
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.trial import DUMMY, Failure, Job, Proposal, Rung

SEEDS = (0, 1)
FAILED = Failure("failed", "A toy that fails.")


def empty(kind: str) -> History:
    """Return a history without a trial."""
    return History(toy_space(kind), seed=3)


def few(kind: str) -> History:
    """Return a history with too little to learn from."""
    return toy_history(toy_space(kind), 3)


def many(kind: str) -> History:
    """Return a history with enough to learn from."""
    return toy_history(toy_space(kind), 40)


def all_failed(kind: str) -> History:
    """Return a history in which nothing worked."""
    return toy_history(toy_space(kind), 30, loss=lambda candidate: FAILED)


def mixed(kind: str) -> History:
    """Return a history with all that can happen: every status, origin and shape, two rungs, the dummy."""
    space = toy_space(kind)
    history, rng = History(space, seed=5), Random(5)
    record(history, Proposal(Candidate(Node("dummy", (), (LEAF,))), DUMMY), 1.0)
    for text in (
        "bowl(union(input, level(input)), x=1.0)",
        "maze(stack(plain(input), input))",
        "plain(loose(input))",
    ):
        candidate = space.parse(text)
        record(history, Proposal(candidate, "gp"), toy_loss(candidate))
    for number in range(40):
        candidate = space.sample(rng)
        result: float | Failure = toy_loss(candidate)
        if number % 4 == 3:
            result = Failure(("failed", "timeout", "memory", "crashed", "cut")[number % 5], "A toy that fails.")
        elif number % 7 == 0:
            result = 1e12  # a model that diverged
        rung = Rung(rows=0.25) if number % 6 == 5 else Rung()
        record(history, Proposal(candidate, ("tpe", "gp", "portfolio", "mine")[number % 4]), result, rung)
    for _ in range(3):
        record(history, Proposal(space.sample(rng), "tpe"), None)
    return history


HISTORIES: tuple[Callable[[str], History], ...] = (empty, few, many, all_failed, mixed)


class StrategySuite:
    """The checks; a subclass says how to make a strategy.

    Attributes
    ----------
    exhausts : bool
        Whether the strategy may come to an end. Where it does not, it must always have a proposal.
    """

    exhausts = False

    def make(self) -> Strategy:
        """Return a new strategy; two of them must give the same proposals."""
        raise NotImplementedError

    def test_proposals_are_of_the_space(self) -> None:
        """Whatever the history, a proposal is a candidate of its space."""
        strategy = self.make()
        for kind in KINDS:
            for build in HISTORIES:
                history = build(kind)
                for seed in SEEDS:
                    proposal = strategy.ask(history, seed)
                    if proposal is None:
                        assert self.exhausts, f"nothing proposed for {build.__name__}, {kind}"
                        continue
                    assert history.space.check(proposal.candidate) is None
                    assert proposal.origin
                    assert all(0 <= number < len(history.trials) for number in proposal.parents)
                    assert not any(_is_nan(value) for n in proposal.candidate.root.walk() for _, value in n.params)

    def test_ask_changes_nothing(self) -> None:
        """Neither the history nor a global random generator is touched."""
        strategy = self.make()
        for build in HISTORIES:
            history = build("binary")
            trials, space = list(history.trials), history.space.digest
            ours, numpys = random.getstate(), pickle.dumps(np.random.get_state())
            strategy.ask(history, 0)
            assert history.trials == trials
            assert history.space.digest == space
            assert random.getstate() == ours, "the global random generator was used"
            assert pickle.dumps(np.random.get_state()) == numpys, "numpy's global generator was used"

    def test_ask_depends_on_history_and_seed_alone(self) -> None:
        """A new strategy answers as one that was asked before."""
        old = self.make()
        for build in HISTORIES:
            for seed in SEEDS:
                asked_before = old.ask(build("binary"), seed)
                random.seed(99)
                assert self.make().ask(build("binary"), seed) == asked_before

    def test_same_proposals_in_every_process(self) -> None:
        """The order of sets, which differs between processes, decides nothing."""
        other = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
        command = [sys.executable, __file__, inspect.getfile(type(self)), type(self).__qualname__]
        environment = os.environ | {"PYTHONHASHSEED": other}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == answers(self)

    def test_resumes_where_it_stopped(self, tmp_path: Path) -> None:
        """A journal read back gives the proposals of the history that wrote it."""
        first, space = Journal(tmp_path / "journal.jsonl"), toy_space()
        history = toy_search(self.make(), 25, history=History.open(space, 7, first, {}))
        if (proposal := self.make().ask(history, 1)) is not None:
            history.start(Job(proposal), 99.0)  # in flight when the process is killed
        first.close()
        second = Journal(tmp_path / "journal.jsonl")
        resumed = History.open(toy_space(), 0, second, {})
        second.close()
        for seed in range(3):
            assert self.make().ask(resumed, seed) == self.make().ask(history, seed)

    def test_a_batch_is_of_unlike_candidates(self) -> None:
        """What still runs is not proposed again: eight proposals with nothing told between them all differ."""
        for build in (empty, many):
            history, strategy = build("binary"), self.make()
            for number in range(8):
                proposal = strategy.ask(history, derive_seed(history.seed, number))
                if proposal is None:
                    assert self.exhausts, f"nothing proposed for {build.__name__} with {number} running"
                    break
                assert not history.seen(proposal.candidate.key), f"{proposal.candidate.text} runs already"
                record(history, proposal, None)

    def test_survives_failures(self) -> None:
        """A family that always fails does not end the search."""

        def brittle(candidate: Candidate) -> float | Failure:
            return FAILED if candidate.family == "bowl" else toy_loss(candidate)

        history = toy_search(self.make(), 30, loss=brittle)
        assert self.exhausts or len(history.trials) == 30
        assert any(trial.status == "ok" for trial in history.trials)

    def test_exhausted_is_for_good(self) -> None:
        """After None comes None."""
        if not self.exhausts:
            return
        strategy = self.make()
        history = toy_search(strategy, 1000)
        assert len(history.trials) < 1000
        record(history, Proposal(history.space.sample(Random(0)), "random"), 0.5)
        assert all(strategy.ask(history, seed) is None for seed in range(5))


def answers(suite: StrategySuite) -> list[str]:
    """What a suite's strategy proposes for some histories, one text a proposal."""
    strategy = suite.make()
    return [str(strategy.ask(build("multiclass"), seed)) for build in (few, many, mixed) for seed in SEEDS]


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _main(path: str, name: str) -> None:
    """Print the answers of the suite of that name in that file, for comparison with another process."""
    spec = importlib.util.spec_from_file_location("suite_of_another_process", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    print("\n".join(answers(getattr(module, name)())))


if __name__ == "__main__":
    _main(*sys.argv[1:])
