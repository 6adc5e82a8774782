"""Tree-structured Parzen estimator: a bandit says of which family Hyperopt draws points, kernels over them judge.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011. What a point is, is
said by `automl.space.encoding`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from automl.space.candidate import Candidate
from automl.space.encoding import Encoding
from automl.space.space import Space
from automl.strategies.bandit import by_bound
from automl.strategies.base import RunContext, no_time
from automl.strategies.constants import BANDIT_STARTUP, JOINT_DRAWS, JOINT_GOOD, TPE_DRAWS, TPE_GAMMA, TPE_STARTUP
from automl.strategies.observations import Observation, observations
from automl.strategies.parzen import Kernels, Labels
from automl.strategies.tpe_hyperopt import HyperoptTemplate
from automl.trials.history import History
from automl.trials.trial import Proposal, Trial


class TPE:
    """Proposes candidates where good trials are dense and others are not.

    Reads every trial that fits the template, of whatever origin. Failures are told as the worst loss seen:
    what is hidden is proposed again and again. Running trials are told without a loss and count among the bad ones: a
    constant liar (Ginsbourger, Le Riche and Carraro 2010) that keeps parallel proposals apart.

    Parameters
    ----------
    startup : int
        With fewer of these trials, the portfolio's included, the proposal is a random draw.
    joint : bool
        Whether the densities of whole points decide among Hyperopt's draws, so that values that go well together are
        told from those that are only good on average; else Hyperopt decides on each parameter alone.
    bandit : bool
        Whether a bandit (MaxUCB) chooses the family first, and whole points are judged by the trials of that family
        alone; else the family is one more choice of a point. Without `joint`, it has no effect.
    """

    name = "tpe"

    def __init__(self, startup: int = TPE_STARTUP, joint: bool = True, bandit: bool = True) -> None:
        self.startup = startup
        self.joint = joint
        self.bandit = bandit
        self._spent: Callable[[Trial], float] = no_time  # where no clock may decide, a candidate is a pull
        self._template: _Template | None = None  # derived from the space alone, so that `ask` stays pure

    def in_run(self, context: RunContext) -> TPE:
        """The same with the seconds that trials are said to have taken."""
        found = TPE(self.startup, self.joint, self.bandit)
        found._spent = context.spent
        return found

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose the most promising of Hyperopt's draws; never exhausted."""
        if self._template is None or self._template.space is not history.space:
            self._template = _Template(history.space)
        seen = observations(history, self._template.encoding)
        if len(seen) < self.startup or not _teach(seen):
            return Proposal(history.space.sample(Random(seed)), self.name)
        if not self.joint:
            candidate = self._template.alone(seen, history, seed)
        elif not self.bandit:
            candidate = self._template.together(seen, history, seed)
        else:
            return Proposal(self._by_bandit(seen, history, seed), self.name)
        return Proposal(candidate or history.space.sample(Random(seed)), self.name)

    def _by_bandit(self, seen: Sequence[Observation], history: History, seed: int) -> Candidate:
        """A new candidate of the first family that has one, by what is known of it; where that is little, a draw."""
        assert self._template is not None
        names = list(history.space.models)
        seconds = {one.key: sum(map(self._spent, history.of(one.key))) for one in seen}
        for family in by_bound(seen, len(names), seconds):
            own = [one for one in seen if one.family == family]
            taught = len(own) >= BANDIT_STARTUP and _teach(own)
            candidate = self._template.together(own, history, seed, family) if taught else None
            candidate = candidate or history.space.sample(Random(seed), [names[family]])
            if not history.seen(candidate.key):
                return candidate
        return history.space.sample(Random(seed))


def _teach(seen: Sequence[Observation]) -> bool:
    """Whether results are more than the good group, which failures would fill else."""
    return sum(one.ok for one in seen) > math.ceil(TPE_GAMMA * math.sqrt(len(seen)))


class _Template:
    """What is derived of a space, and the two ways of judging."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.encoding = Encoding(space)
        self.labels = Labels(space)
        self.hyperopt = HyperoptTemplate(self.encoding)

    def together(
        self, seen: Sequence[Observation], history: History, seed: int, family: int | None = None
    ) -> Candidate | None:
        """Of Hyperopt's draws that were not tried, the one with the highest density of the good to that of the rest."""
        ranked = sorted(seen, key=lambda one: (not one.ok, one.loss or 0.0, one.number))
        count = min(math.ceil(JOINT_GOOD * math.sqrt(len(seen))), sum(one.ok for one in seen))
        good, rest = ranked[:count], ranked[count:]
        points = self.hyperopt.draws(good, JOINT_DRAWS, np.random.default_rng(seed), family)
        drawn = {one.key: one for one in map(self.encoding.decode, points) if not history.seen(one.key)}
        if not drawn:
            return None
        rows = self.labels.fresh([self.encoding.point(one) or {} for one in drawn.values()])
        ratio = self._density(good).log(rows) - self._density(rest).log(rows)
        return list(drawn.values())[int(np.argmax(ratio))]

    def _density(self, seen: Sequence[Observation]) -> Kernels:
        return Kernels(self.labels, self.labels.table((one.key, one.point) for one in seen))

    def alone(self, seen: Sequence[Observation], history: History, seed: int) -> Candidate | None:
        """What Hyperopt suggests, of fewer draws where it was tried before."""
        for draws in TPE_DRAWS:
            candidate = self.encoding.decode(self.hyperopt.suggest(seen, len(history.trials), seed, draws))
            if not history.seen(candidate.key):
                return candidate
        return None
