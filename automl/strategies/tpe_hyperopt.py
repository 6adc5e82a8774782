"""The template as Hyperopt's domain, and what Hyperopt draws and suggests there.

The template and what Hyperopt sees of a candidate are those of `automl.space.encoding`. Hyperopt is imported when there
is enough to learn from: the import takes a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from automl import native
from automl.space.candidate import INPUT
from automl.space.constants import FAMILY, SLOT_NONE
from automl.space.encoding import Encoding, Point
from automl.space.space import SLOTS
from automl.strategies.constants import TPE_GAMMA
from automl.strategies.observations import Observation


class HyperoptTemplate:
    """A space as Hyperopt's domain (`Space.to_hyperopt`), and the history's trials as its points.

    Parameters
    ----------
    encoding : Encoding
        Of the space.
    """

    def __init__(self, encoding: Encoding) -> None:
        self.encoding, self.space = encoding, encoding.space
        self._domain: Any = None

    def suggest(self, seen: Sequence[Observation], new_id: int, seed: int, draws: int) -> Point:
        """The point that Hyperopt suggests after these observations: of each label, the best of so many draws."""
        import hyperopt
        from hyperopt import tpe

        if self._domain is None:
            self._domain = hyperopt.Domain(dict, self.space.to_hyperopt())
        documents = [self._document(one) for one in seen]
        # validation would encode every document, which takes longer than the rest; ours are well-formed
        trials = hyperopt.trials_from_docs(documents, validate=False)
        settings = {"n_startup_jobs": 0, "gamma": TPE_GAMMA, "n_EI_candidates": draws, "verbose": False}
        # Hyperopt 0.3 sets shapes of arrays, of which NumPy 2.5 warns; it is nothing that a user could change
        with native.ignored(category=DeprecationWarning, module=r"hyperopt\."):
            document = tpe.suggest([new_id], self._domain, trials, seed, **settings)[0]
        return {label: values[0] for label, values in document["misc"]["vals"].items() if values}

    def draws(
        self, good: Sequence[Observation], count: int, rng: np.random.Generator, family: int | None = None
    ) -> list[Point]:
        """Whole points that Hyperopt's estimators, one a label, draw after the good observations."""
        models, whole = list(self.space.models.values()), [1 / len(self.space.models)] * len(self.space.models)
        families = self._drawn(FAMILY, whole, good, count, rng) if family is None else [family] * count
        points: list[Point] = [{FAMILY: float(place)} for place in families]
        parts = {INPUT: (self.space.preprocessor, points)}
        for point in points:
            model = models[int(point[FAMILY])]
            parts.setdefault(model.name, (model, []))[1].append(point)
        for slot in SLOTS:
            if steps := self.space.slot(slot):
                shares = [SLOT_NONE, *[(1 - SLOT_NONE) / len(steps)] * len(steps)]
                for point, place in zip(points, self._drawn(slot, shares, good, count, rng), strict=True):
                    point[slot] = float(place)
                    if place:
                        step = steps[int(place) - 1]
                        parts.setdefault(step.name, (step, []))[1].append(point)
        for component, members in parts.values():
            for label, param in self.encoding.params(component).items():
                values = self._drawn(label, param.domain.shares, good, len(members), rng)
                for point, value in zip(members, values, strict=True):
                    point[label] = float(value)
        return points

    @staticmethod
    def _drawn(
        label: str,
        shares: Sequence[float] | None,
        good: Sequence[Observation],
        count: int,
        rng: np.random.Generator,
    ) -> Sequence[float]:
        """Values of a label."""
        from hyperopt import tpe

        seen = np.array([one.point[label] for one in good if label in one.point])
        if shares is None:
            laws = tpe.adaptive_parzen_normal(seen, 1.0, 0.5, 1.0)
            return list(tpe.GMM1(*laws, low=0.0, high=1.0, rng=rng, size=(count,)))
        weights = tpe.linear_forgetting_weights(len(seen), tpe.DEFAULT_LF)
        counts = np.bincount(seen.astype(int), weights, minlength=len(shares))
        chances = tpe.tpe_cat_pseudocounts(counts, 1.0, np.array(shares), (count,))
        return list(rng.choice(len(shares), count, p=chances))

    def _document(self, observation: Observation) -> dict[str, Any]:
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
