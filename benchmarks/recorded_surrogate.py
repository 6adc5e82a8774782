"""What any candidate would have come to on a recorded table: forests on the coordinates of those that were recorded.

Surrogate benchmarks after Eggensperger et al., "Efficient Benchmarking of Hyperparameter Optimizers via Surrogates"
(AAAI 2015). There are three kinds of forests: of the loss (cut off at the worst twentieth of the table, where scores
say nothing but that a fit went astray), of the logarithm of the seconds, and of whether the candidate ends at all. What
is said is the mean of a forest of the family and one of all families, which knows more of the steps. With 232
candidates of credit_g, rank correlations of the loss are .64 by families alone, .67 by all together and .67 by the
mean; within families .33, .42 and .39.

Forests know by heart what they have seen, its luck in the folds included, and say means of all else. So they are not
shown the portfolio, of which strategies propose exact copies: the others never would be as lucky.

Coordinates are those of `automl.space.encoding`, -1 where a parameter is not there. Trees with `union` and `stack` are
no instances of its template; so every candidate has some more: how many components, levels, unions, stacks and steps of
each kind it has, and which family is stacked. Where a component stands twice, its first one's parameters count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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

TREES, FEATURES = 100, 0.7  # of a forest; share of the coordinates that a split looks at
LEAST = 10  # recorded candidates of a family below which it is left out of replays
WORST = 0.95  # quantile of the losses at which they are cut off
LEAST_SECONDS = 1e-3
PARTS = 5  # of a cross-validation
GOAL = 0.8  # rank correlation on held-out candidates


class Coordinates:
    """Candidates of a space as rows of numbers.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    names : list of str
        What the numbers are; the last ones say which family it is.
    """

    def __init__(self, space: Space) -> None:
        self.space, self.families = space, list(space.models)
        parts = [space.preprocessor, *space.steps.values()]
        shape = ["components", "depth", UNION, STACK, "stacked", *space.steps]
        shared = [*shape, *(key for part in parts for key in Encoding.params(part))]
        own = {family: list(Encoding.params(model)) for family, model in space.models.items()}
        self.names = [*shared, *(key for keys in own.values() for key in keys), *self.families]
        places = {name: place for place, name in enumerate(self.names)}
        self._places = {family: [places[name] for name in [*shared, *keys]] for family, keys in own.items()}

    def places(self, family: str) -> list[int]:
        """Where the numbers are that candidates of a family differ in."""
        return self._places[family]

    def of(self, candidate: Candidate) -> np.ndarray:
        """Coordinates of a candidate, of shape (n_names,)."""
        found: dict[str, float] = dict.fromkeys((UNION, STACK, "stacked", *self.space.steps, *self.families), 0.0)
        found |= {"components": candidate.size, "depth": candidate.depth, candidate.family: 1.0}
        for node in candidate.root.walk():
            name = node.component
            if name == STACK:
                found["stacked"] = 1 + self.families.index(node.inputs[0].component)
            if name in (UNION, STACK) or name in self.space.steps:
                found[name] += 1
            if name in (INPUT, candidate.family) or name in self.space.steps:
                params = self.space.component(name)
                for param, value in node.params:
                    found.setdefault(f"{name}.{param}", params.param(param).domain.encode(value))
        return np.array([found.get(name, -1.0) for name in self.names], dtype=np.float32)


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


class Forests:
    """Three forests: of the loss, the logarithm of the seconds, and whether a candidate ends.

    Parameters
    ----------
    X : ndarray of shape (n_candidates, n_coordinates)
    frame : DataFrame
        With `target`, which is NaN where there is no loss, and `seconds`.
    """

    def __init__(self, X: np.ndarray, frame: pd.DataFrame) -> None:
        target, seconds = frame["target"].to_numpy(), np.log(frame["seconds"].to_numpy())
        ended = ~np.isnan(target)
        self.share = float(ended.mean())
        self._loss = self._forest().fit(X[ended], target[ended]) if self.share > 0 else None
        self._seconds = self._forest().fit(X, seconds)
        self._ends = self._forest().fit(X, ended.astype(float)) if 0 < self.share < 1 else None

    @staticmethod
    def _forest() -> ExtraTreesRegressor:
        return ExtraTreesRegressor(TREES, max_features=FEATURES, random_state=0)

    def say(self, X: np.ndarray) -> np.ndarray:
        """Loss (NaN where none is known), logarithm of the seconds, and share that ends; of shape (3, n_candidates)."""
        loss = np.full(len(X), np.nan) if self._loss is None else ask(self._loss, X, "predict")
        ends = np.full(len(X), self.share) if self._ends is None else ask(self._ends, X, "predict")
        return np.stack([loss, ask(self._seconds, X, "predict"), ends])


class Surrogate:
    """Forests of a table.

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
        learned = np.flatnonzero(self.frame["origin"] != "portfolio")
        counts = self.frame.iloc[learned].groupby("family")["loss"].count()
        self.known = [family for family in space.models if counts.get(family, 0) >= LEAST]
        if not self.known:
            raise SystemExit(f"No family has {LEAST} recorded candidates on this table; record more first.")
        self.space = space.only(include=self.known)
        self._forests = self._fit(learned)
        self._answers: dict[str, Answer] = {}

    def _read(self, space: Space, rows: Iterable[Row]) -> tuple[pd.DataFrame, np.ndarray]:
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
        return pd.DataFrame(lines, columns=columns), np.array(points)

    # ---- what it says

    def __call__(self, candidate: Candidate) -> Answer:
        """What a candidate of `space` would have come to."""
        if candidate.key not in self._answers:
            loss, seconds, ends = self._say(self._forests, candidate.family, self.coordinates.of(candidate)[None])
            self._answers[candidate.key] = Answer(float(loss[0]) if ends[0] >= 0.5 else None, float(seconds[0]))
        return self._answers[candidate.key]

    def best(self) -> float:
        """The lowest loss that it says of a recorded candidate: what a search among them might find."""
        among = self.frame[self.frame["family"].isin(self.known) & self.frame["loss"].notna()]
        told = [self(candidate).loss for candidate in among["candidate"]]
        return min(loss for loss in told if loss is not None)

    def _fit(self, places: np.ndarray) -> dict[str, Forests]:
        """Forests of some of the candidates: of each family that is known, and of all ("")."""
        found = {"": Forests(self._points[places], self.frame.iloc[places])}
        for family in self.known:
            mine = places[(self.frame["family"].iloc[places] == family).to_numpy()]
            if len(mine):
                own = np.ix_(mine, self.coordinates.places(family))
                found[family] = Forests(self._points[own], self.frame.iloc[mine])
        return found

    def _say(self, forests: dict[str, Forests], family: str, X: np.ndarray) -> np.ndarray:
        """Loss, seconds and whether there is a loss, of shape (3, n_candidates)."""
        told = [forests[""].say(X)]
        if family in forests:
            told.append(forests[family].say(X[:, self.coordinates.places(family)]))
        said = np.stack(told)
        loss = np.where(np.isnan(said[-1, 0]), said[0, 0], said[:, 0].mean(axis=0))
        return np.stack([loss, np.exp(said[:, 1].mean(axis=0)), said[:, 2].mean(axis=0)])

    # ---- how true it is

    def held_out(self) -> pd.DataFrame:
        """`frame` with what forests say that have not seen the candidate: `said_loss`, `said_seconds`, `said_ends`."""
        said = np.full((len(self.frame), 3), np.nan)
        families = self.frame["family"].to_numpy()
        for train, test in KFold(PARTS, shuffle=True, random_state=0).split(self._points):
            forests = self._fit(train)
            for family in self.known:
                mine = test[families[test] == family]
                if len(mine):
                    said[mine] = self._say(forests, family, self._points[mine]).T
        return self.frame.assign(said_loss=said[:, 0], said_seconds=said[:, 1], said_ends=said[:, 2])


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
