"""Tree-structured Parzen estimator, by Hyperopt.

Bergstra, Bardenet, Bengio and Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011. The template
and what Hyperopt sees of a candidate are those of `automl.space.encoding`.

Hyperopt is imported when there is enough to learn from: the import takes a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any

from automl import native
from automl.space.encoding import Encoding, Point
from automl.space.space import Space
from automl.strategies.constants import TPE_DRAWS, TPE_GAMMA, TPE_STARTUP
from automl.strategies.estimates import losses_at, main_rung
from automl.trials.history import History
from automl.trials.trial import Proposal


class TPE:
    """Proposes candidates where good trials are dense and others are not.

    Reads every trial that fits the template, of whatever origin. Failures are told as the worst loss seen:
    what is hidden is proposed again and again. Running trials are told without a loss, which Hyperopt counts
    among the bad ones: a constant liar (Ginsbourger, Le Riche and Carraro 2010) that keeps parallel proposals
    apart.

    Parameters
    ----------
    startup : int
        With fewer of these trials, the portfolio's included, the proposal is a random draw.
    """

    name = "tpe"

    def __init__(self, startup: int = TPE_STARTUP) -> None:
        self.startup = startup
        self._template: _Template | None = None  # derived from the space alone, so that `ask` stays pure

    def ask(self, history: History, seed: int) -> Proposal:
        """Propose the most promising of Hyperopt's draws; never exhausted."""
        if self._template is None or self._template.space is not history.space:
            self._template = _Template(history.space)
        observations = self._template.read(history)
        good = math.ceil(TPE_GAMMA * math.sqrt(len(observations)))
        # with hardly a result, Hyperopt would fill its good group with failures
        if len(observations) < self.startup or sum(trial.ok for trial in observations) <= good:
            return Proposal(history.space.sample(Random(seed)), self.name)
        for draws in TPE_DRAWS:
            point = self._template.suggest(observations, len(history.trials), seed, draws)
            candidate = self._template.encoding.decode(point)
            if not history.seen(candidate.key):
                return Proposal(candidate, self.name)
        return Proposal(history.space.sample(Random(seed)), self.name)


# ---- what Hyperopt learns from


@dataclass(frozen=True)
class _Observation:
    number: int
    point: Point
    loss: float | None  # None while running
    ok: bool


# ---- Hyperopt


class _Template:
    """The space as Hyperopt's domain (`Space.to_hyperopt`), and the history's trials as its points."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.encoding = Encoding(space)
        self._domain: Any = None

    def read(self, history: History) -> list[_Observation]:
        """What Hyperopt learns from: one entry a candidate, in order of their trials."""
        trials = [trial for trial in history.trials if self.encoding.encode(trial.candidate) is not None]
        losses = losses_at(trials, main_rung(trials))
        worst = max(losses.values(), default=0.0)
        found: dict[str, _Observation] = {}
        for trial in trials:
            point = self.encoding.encode(trial.candidate)
            key = trial.candidate.key
            # a trial that was cut says nothing of its candidate; nor does one whose rung cannot be compared yet
            finite = trial.loss is not None and math.isfinite(trial.loss)
            if point is None or trial.status == "cut" or (finite and key not in losses):
                continue
            if trial.status == "running":
                found.setdefault(key, _Observation(trial.number, point, None, ok=False))
                continue
            found[key] = _Observation(trial.number, point, losses.get(key, worst), key in losses)
        return sorted(found.values(), key=lambda observation: observation.number)

    def suggest(self, observations: list[_Observation], new_id: int, seed: int, draws: int) -> Point:
        """The point that Hyperopt suggests after these trials."""
        import hyperopt
        from hyperopt import tpe

        if self._domain is None:
            self._domain = hyperopt.Domain(dict, self.space.to_hyperopt())
        documents = [self._document(trial) for trial in observations]
        # validation would encode every document, which takes longer than the rest; ours are well-formed
        trials = hyperopt.trials_from_docs(documents, validate=False)
        settings = {"n_startup_jobs": 0, "gamma": TPE_GAMMA, "n_EI_candidates": draws, "verbose": False}
        # Hyperopt 0.3 sets shapes of arrays, of which NumPy 2.5 warns; it is nothing that a user could change
        with native.ignored(category=DeprecationWarning, module=r"hyperopt\."):
            document = tpe.suggest([new_id], self._domain, trials, seed, **settings)[0]
        return {label: values[0] for label, values in document["misc"]["vals"].items() if values}

    def _document(self, observation: _Observation) -> dict[str, Any]:
        import hyperopt

        # inactive labels must be there and empty; one list for all of them, which Hyperopt only reads, halves the time
        empty: list[float] = []
        blank = dict.fromkeys(self._domain.params, empty)
        values = blank | {label: [number] for label, number in observation.point.items()}
        places = blank | {label: [observation.number] for label in observation.point}
        if observation.loss is None:
            state, result = hyperopt.JOB_STATE_RUNNING, {"status": hyperopt.STATUS_RUNNING}
        else:
            state, result = hyperopt.JOB_STATE_DONE, {"status": hyperopt.STATUS_OK, "loss": observation.loss}
        misc = {"tid": observation.number, "idxs": places, "vals": values}
        return {"tid": observation.number, "state": state, "result": result, "misc": misc, "exp_key": None}
