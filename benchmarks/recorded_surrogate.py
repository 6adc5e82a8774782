"""What any candidate would have come to on a recorded table: forests on the coordinates of those that were recorded.

Surrogate benchmarks after Eggensperger et al., "Efficient Benchmarking of Hyperparameter Optimizers via Surrogates"
(AAAI 2015). A family has three forests: of the loss (cut off at the worst twentieth of the table, where scores say
nothing but that a fit went astray), of the logarithm of the seconds, and of whether the candidate ends at all.

Coordinates are those of `automl.space.encoding`, -1 where a parameter is not there. Trees with `union` and `stack` are
no instances of its template; so every candidate has some more: how many components, levels, unions, stacks and steps of
each kind it has, and which family is stacked. Where a component stands twice, its first one's parameters count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from recorded_pool import joined
from recorded_table import Row
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold
from support import number

from automl.errors import CandidateError
from automl.estimators.forests import ask
from automl.space.candidate import INPUT, STACK, UNION, Candidate
from automl.space.encoding import Encoding
from automl.space.space import Space

TREES, LEAF, FEATURES = 100, 2, 0.7  # of a forest; rows of a leaf; share of the coordinates that a split looks at
LEAST = 10  # recorded candidates of a family below which it is left out of replays
WORST = 0.95  # quantile of the losses at which they are cut off
LEAST_SECONDS = 1e-3
PARTS = 5  # of a cross-validation
GOAL = 0.8  # rank correlation on held-out candidates


class Coordinates:
    """Candidates of a space as rows of numbers, by family.

    Parameters
    ----------
    space : Space
    """

    def __init__(self, space: Space) -> None:
        self.space, self.families = space, list(space.models)
        parts = [space.preprocessor, *space.steps.values()]
        shared = [key for part in parts for key in Encoding.params(part)]
        shape = ["components", "depth", UNION, STACK, "stacked", *space.steps]
        self._names = {f: [*Encoding.params(model), *shared, *shape] for f, model in space.models.items()}

    def names(self, family: str) -> list[str]:
        """What the numbers of a family's candidates are."""
        return self._names[family]

    def of(self, candidate: Candidate) -> np.ndarray:
        """Coordinates of a candidate, of shape (n_names,)."""
        found: dict[str, float] = {"components": candidate.size, "depth": candidate.depth, "stacked": 0}
        found |= dict.fromkeys((UNION, STACK, *self.space.steps), 0)
        for node in candidate.root.walk():
            name = node.component
            if name == STACK:
                found["stacked"] = 1 + self.families.index(node.inputs[0].component)
            if name in found:
                found[name] += 1
            if name not in (UNION, STACK) and (name in (INPUT, candidate.family) or name in self.space.steps):
                params = self.space.component(name)
                for param, value in node.params:
                    found.setdefault(f"{name}.{param}", params.param(param).domain.encode(value))
        return np.array([found.get(name, -1.0) for name in self.names(candidate.family)], dtype=np.float32)


@dataclass(frozen=True)
class Answer:
    """What a candidate would have come to.

    Attributes
    ----------
    loss : float or None
        None where it does not end well.
    seconds : float
        Of one thread.
    """

    loss: float | None
    seconds: float


class Surrogate:
    """Forests of a table, a family apart.

    Parameters
    ----------
    space : Space
    rows : iterable of dict
        What was recorded. Candidates that are no longer of the space are left out.

    Attributes
    ----------
    frame : DataFrame
        The recorded candidates: family, origin, whether joined, loss (NaN where there is none), seconds.
    space : Space
        The families that are known well enough.
    """

    def __init__(self, space: Space, rows: Iterable[Row]) -> None:
        self.coordinates = Coordinates(space)
        self.frame, self._points = self._read(space, rows)
        losses = self.frame["loss"].dropna()
        if losses.empty:
            raise SystemExit("Nothing that ended well is recorded of this table; record some candidates first.")
        self.frame["target"] = self.frame["loss"].clip(upper=losses.quantile(WORST))
        self.usual = float(self.frame["target"].median())
        counts = self.frame.groupby("family")["loss"].count()
        self.known = [family for family in space.models if counts.get(family, 0) >= LEAST]
        if not self.known:
            raise SystemExit(f"No family has {LEAST} recorded candidates on this table; record more first.")
        self.space = space.only(include=self.known)
        self._forests: dict[str, tuple[Any, Any, Any]] = {}
        self._answers: dict[str, Answer] = {}

    def _read(self, space: Space, rows: Iterable[Row]) -> tuple[pd.DataFrame, list[np.ndarray]]:
        lines, points = [], []
        for row in rows:
            try:
                candidate = space.parse(row["candidate"])
            except CandidateError:
                continue
            seconds = max(LEAST_SECONDS, number(row["seconds"]))
            loss, test = (number(row[name]) if row["status"] == "ok" else np.nan for name in ("loss", "test"))
            line = {"family": candidate.family, "origin": row["origin"], "joined": joined(candidate)}
            lines.append(line | {"loss": loss, "test": test, "seconds": seconds, "candidate": candidate})
            points.append(self.coordinates.of(candidate))
        columns = ["family", "origin", "joined", "loss", "test", "seconds", "candidate"]
        return pd.DataFrame(lines, columns=columns), points

    # ---- what it says

    def __call__(self, candidate: Candidate) -> Answer:
        """What a candidate of `space` would have come to."""
        if candidate.key not in self._answers:
            family = candidate.family
            if family not in self._forests:
                places = np.flatnonzero(self.frame["family"] == family)
                self._forests[family] = self._fit(places)
            loss, seconds, ends = self._say(self._forests[family], self.coordinates.of(candidate)[None])
            self._answers[candidate.key] = Answer(float(loss[0]) if ends[0] >= 0.5 else None, float(seconds[0]))
        return self._answers[candidate.key]

    def best(self) -> float:
        """The lowest loss that it says of a recorded candidate: what a search among them might find."""
        among = self.frame[self.frame["family"].isin(self.known) & self.frame["loss"].notna()]
        told = [self(candidate).loss for candidate in among["candidate"]]
        return min(loss for loss in told if loss is not None)

    def _fit(self, places: Sequence[int]) -> tuple[Any, Any, Any]:
        """Forests of loss, seconds and whether there is a loss; None where all or none has one."""
        some, X = self.frame.iloc[places], np.stack([self._points[place] for place in places])
        ended = some["loss"].notna().to_numpy()
        loss = _forest().fit(X[ended], some["target"].to_numpy()[ended]) if ended.any() else None
        seconds = _forest().fit(X, np.log(some["seconds"].to_numpy()))
        return loss, seconds, _forest().fit(X, ended.astype(float)) if 0 < ended.mean() < 1 else None

    def _say(self, forests: tuple[Any, Any, Any], X: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        loss, seconds, ends = (None if one is None else ask(one, X, "predict") for one in forests)
        ends = np.full(len(X), float(loss is not None)) if ends is None else ends
        return np.full(len(X), np.nan) if loss is None else loss, np.exp(seconds), ends

    # ---- how true it is

    def held_out(self) -> pd.DataFrame:
        """`frame` with what forests say that have not seen the candidate: `said_loss`, `said_seconds`, `said_ends`."""
        said = np.full((len(self.frame), 3), np.nan)
        for family in self.known:
            places = np.flatnonzero(self.frame["family"] == family)
            for train, test in KFold(PARTS, shuffle=True, random_state=0).split(places):
                X = np.stack([self._points[place] for place in places[test]])
                said[places[test]] = np.column_stack(self._say(self._fit(places[train]), X))
        return self.frame.assign(said_loss=said[:, 0], said_seconds=said[:, 1], said_ends=said[:, 2])


def _forest() -> ExtraTreesRegressor:
    return ExtraTreesRegressor(TREES, min_samples_leaf=LEAF, max_features=FEATURES, random_state=0)


def truth(held_out: pd.DataFrame) -> list[dict[str, str]]:
    """Lines of a table: rank correlations on held-out candidates, over all of them and by family."""
    known = held_out[held_out["said_loss"].notna()]
    groups = [("all", known), ("with union or stack", known[known["joined"]]), ("the best half", _best_half(known))]
    lines = []
    for name, some in [*groups, *known.groupby("family")]:
        ended = some[some["loss"].notna()]
        told = _rank(ended["target"], ended["said_loss"])
        line = {"family": str(name), "candidates": str(len(some)), "ended": str(len(ended)), "loss": _shown(told)}
        line["seconds"] = _shown(_rank(some["seconds"], some["said_seconds"]))
        line["times off"] = f"{np.exp(np.abs(np.log(some['said_seconds'] / some['seconds'])).median()):.2f}"
        line["test by validation"] = _shown(_rank(ended["loss"], ended["test"]))
        lines.append(line | {"goal": "" if not told < GOAL else "missed"})
    return lines


def _best_half(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["target"] <= frame["target"].median()]


def _rank(first: pd.Series, second: pd.Series) -> float:
    if len(first) < 3 or first.nunique() < 2 or second.nunique() < 2:
        return float("nan")
    return float(spearmanr(first, second).statistic)


def _shown(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.2f}"
