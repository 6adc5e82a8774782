"""Strategies made of others: one after another, or by what they bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from automl.strategies.base import Strategy, always_open, no_time
from automl.strategies.constants import CREDIT_BEST, CREDIT_LAST, LEAST_SHARE
from automl.trials.derived import Derived
from automl.trials.history import History
from automl.trials.trial import DUMMY, Proposal, Trial


class InTurn:
    """The first of several strategies that still has a proposal.

    Parameters
    ----------
    name : str
        What the whole is called; proposals carry the origin of the strategy that made them.
    strategies : sequence of Strategy
        Asked in this order.
    """

    def __init__(self, name: str, strategies: Sequence[Strategy]) -> None:
        self.name = name
        self.strategies = tuple(strategies)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """First proposal; None when all are exhausted."""
        asked = (strategy.ask(history, seed) for strategy in self.strategies)
        return next((proposal for proposal in asked if proposal is not None), None)


class Mixture:
    """The portfolio while it is open, then one of several strategies, drawn by credit.

    Which strategy suits is not known beforehand, so it is learned as the search goes: adaptive operator
    selection, by probability matching with a floor (Thierens, GECCO 2005). Proposals carry the origin of the
    strategy that made them, and that is all the memory there is.

    Parameters
    ----------
    portfolio : Strategy
        Asked first.
    strategies : sequence of Strategy
        Draw one of these once the portfolio is closed or exhausted.
    portfolio_open : callable
        Whether the portfolio may have another candidate, given the history.
    spent : callable, optional
        Seconds that a trial took: credit is by the second.
    """

    name = "mixture"
    listed = False

    def __init__(
        self,
        portfolio: Strategy,
        strategies: Sequence[Strategy],
        portfolio_open: Callable[[History], bool] = always_open,
        spent: Callable[[Trial], float] = no_time,
    ) -> None:
        self.portfolio = portfolio
        self.strategies = tuple(strategies)
        self.portfolio_open = portfolio_open
        self._seconds: Derived[dict[str, float]] = Derived(dict, self._note)
        self.spent = spent

    def _note(self, seconds: dict[str, float], trial: Trial, history: History) -> None:
        """Seconds of a candidate; the dummy is none."""
        if trial.origin != DUMMY:
            key = trial.candidate.key
            seconds[key] = sum(self.spent(one) for one in history.of(key) if one.origin != DUMMY)

    def ask(self, history: History, seed: int) -> Proposal | None:
        """Propose the portfolio's next, or what the drawn strategy says; None when all are exhausted."""
        if self.portfolio_open(history) and (proposal := self.portfolio.ask(history, seed)) is not None:
            return proposal
        left = list(self.strategies)
        rng, seconds = Random(seed), self._seconds.of(history)
        while left:
            weights = shares([credit(history, strategy.name, seconds) for strategy in left])
            drawn = rng.choices(left, weights)[0]
            if (proposal := drawn.ask(history, seed)) is not None:
                return proposal
            left.remove(drawn)
        return None


def credit(history: History, origin: str, seconds: Mapping[str, float]) -> float:
    """Share of a strategy's last 20 ended candidates that are among the ten best, by what they took.

    One success and one failure are added (Laplace's rule), so that the first candidates do not decide alone, and the
    mean seconds of all candidates to those of the strategy's, so that a strategy of quick candidates is not everything.

    Parameters
    ----------
    history : History
    origin : str
    seconds : mapping of str to float
        Of all candidates, by their keys.
    """
    last: dict[str, None] = {}
    for trial in history.latest_from(origin):
        if len(last) == CREDIT_LAST:
            break
        if trial.status not in ("running", "cut"):
            last[trial.candidate.key] = None
    best = {trial.candidate.key for trial in history.searched()[:CREDIT_BEST]}
    won = (sum(key in best for key in last) + 1) / (len(last) + 2)
    usual = sum(seconds.values()) / max(1, len(seconds))
    own = sum(seconds[key] for key in last)
    return won * 2 * usual / (usual + own / len(last)) if last and usual > 0 else won


def shares(merits: Sequence[float]) -> list[float]:
    """Probability of each strategy: the least that all have, the rest in proportion to credit."""
    least = min(LEAST_SHARE, 1 / len(merits))
    return [least + (1 - least * len(merits)) * merit / sum(merits) for merit in merits]
