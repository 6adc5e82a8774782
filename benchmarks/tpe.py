"""What each way of TPE finds in so many trials, on made-up spaces and on a surrogate of real fits.

    python benchmarks/tpe.py record
    python benchmarks/tpe.py search --strategies random "tpe(joint=False)" "tpe(bandit=False)" tpe
    python benchmarks/tpe.py report

`record` evaluates random candidates of quick families on scikit-learn's breast cancer by the library's own evaluator,
one thread, and appends them to `benchmarks/results/tpe_recorded.csv`; a random forest a family on the encoding is the
surrogate (its rank correlation, out of bag, is printed). `search` appends a row a (problem, strategy, seed) to
`benchmarks/results/tpe.csv`, and skips what is there. `report` prints mean best losses, and ranks within seeds.

Problems: `rosenbrock` in ten dimensions on [-5, 10]; `toy`, the space of the conformance tests; `families`, eight of
two to nine numbers that go well together only, with a choice that moves their optimum; `cancer`, the surrogate.
"""

from __future__ import annotations

import argparse
import ast
import csv
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from automl.space.candidate import Candidate
from automl.space.constants import FAMILY
from automl.space.domain import Choice, Float
from automl.space.encoding import Encoding
from automl.space.reader import read_space
from automl.space.space import Space
from automl.strategies import STRATEGIES, bandit, constants, parzen, tpe
from automl.testing.toys import Loss, model, param, space_of, toy_loss, toy_search, toy_space

RESULTS = Path(__file__).resolve().parent / "results"
SEARCHED, RECORDED = RESULTS / "tpe.csv", RESULTS / "tpe_recorded.csv"
FIELDS = ["problem", "strategy", "seed", "trials", "half", "best", "ask_ms"]
FAMILIES = ("lightgbm", "extra_trees", "logistic_regression", "svm", "knn", "decision_tree", "lda", "naive_bayes")
SECONDS, TREES = 3.0, 30  # of processor time a candidate; of a surrogate

CONSTANTS = {  # as they are; a strategy such as "tpe @ JOINT_DRAWS=64" is measured with others
    module: {name: value for name, value in vars(module).items() if name.isupper()}
    for module in (constants, bandit, parzen, tpe)
}

Problem = tuple[Space, Loss]

# ---- problems


def rosenbrock() -> Problem:
    """A bent valley in ten dimensions."""
    space = space_of(model("valley", *(param(f"x{place}", Float(-5.0, 10.0), 0.0) for place in range(10))))

    def loss(candidate: Candidate) -> float:
        x = np.array([value for _, value in candidate.root.params], dtype=float)
        return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())

    return space, loss


def families() -> Problem:
    """Families with other optima, numbers that interact, and a choice that moves them."""
    models, laws = [], {}
    for place in range(8):
        draws, size = np.random.default_rng(place), 2 + place
        numbers = [param(f"x{i}", Float(0.0, 1.0), 0.5) for i in range(size)]
        models.append(model(f"family{place}", param("way", Choice(("a", "b", "c")), "a"), *numbers))
        mixed = np.linalg.qr(draws.normal(size=(size, size)))[0] * np.geomspace(1, 6, size)
        laws[f"family{place}"] = 0.05 * ((place * 5) % 8), mixed, draws.uniform(0.15, 0.85, (3, size))

    def loss(candidate: Candidate) -> float:
        floor, mixed, centres = laws[candidate.family]
        values = dict(candidate.root.params)
        way = "abc".index(str(values.pop("way")))
        off = (np.array(list(values.values()), dtype=float) - centres[way]) @ mixed
        return float(floor + 0.05 * way + 0.3 * math.sqrt(np.mean(off**2)))

    return space_of(*models), loss


def surrogate() -> Problem:
    """What forests say of the recorded candidates."""
    from sklearn.ensemble import RandomForestRegressor

    space, told = _space(), pd.read_csv(RECORDED)
    encoding = Encoding(space)
    points = [encoding.encode(space.parse(text)) or {} for text in told["candidate"]]
    worst = told["loss"].max()
    losses = told["loss"].fillna(worst).to_numpy()
    losses = np.minimum(losses, np.nanquantile(losses, 0.9))
    forests: dict[float, tuple[list[str], Any]] = {}
    said = np.zeros(len(points))
    for family, name in enumerate(space.models):
        own = [place for place, point in enumerate(points) if point[FAMILY] == family]
        labels = encoding.labels(name)
        rows = np.array([[points[place].get(label, -1.0) for label in labels] for place in own])
        forest = RandomForestRegressor(TREES, min_samples_leaf=2, max_features=0.7, oob_score=True, random_state=0)
        forests[family] = labels, forest.fit(rows, losses[own])
        said[own] = forest.oob_prediction_
    print(len(points), "candidates, rank correlation", pd.Series(said).corr(pd.Series(losses), "spearman"))

    def loss(candidate: Candidate) -> float:
        point = encoding.encode(candidate) or {}
        labels, forest = forests[point[FAMILY]]
        row = np.array([[point.get(label, -1.0) for label in labels]], dtype=np.float32)
        return float(np.mean([tree.tree_.predict(row)[0, 0] for tree in forest.estimators_]))

    return space, loss


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "rosenbrock": rosenbrock,
    "toy": lambda: (toy_space(), toy_loss),
    "families": families,
    "cancer": surrogate,
}


@cache
def problem(name: str) -> Problem:
    return PROBLEMS[name]()


# ---- recording


def _space() -> Space:
    space = read_space().for_task("binary", 379, 30)
    return space.only(include=[family for family in FAMILIES if family in space.models])


def record(seconds: float) -> None:
    """Evaluate random candidates for so many seconds of a processor."""
    from sklearn.datasets import load_breast_cancer

    from automl.dataset import Data, make_task
    from automl.evaluate.evaluator import Evaluator
    from automl.evaluate.run_data import RunData
    from automl.trials.trial import Failure, Job, Proposal
    from automl.validation.splits import make_splits

    space, rng = _space(), Random(len(pd.read_csv(RECORDED)) if RECORDED.exists() else 0)
    data = Data.read(load_breast_cancer(as_frame=True).frame, "target", "classification")
    task = make_task(data, "log_loss")
    splits = make_splits(3, data.y, task.n_classes, 0)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        evaluator = Evaluator(RunData(task, data.table, data.y, splits, 0, Path(folder)), space)
        while time.process_time() - began < seconds:
            candidate, started = space.sample(rng), time.process_time()
            result = evaluator.run(Job(Proposal(candidate, "benchmark"), seconds_limit=SECONDS))
            loss = "" if isinstance(result, Failure) else f"{result.loss:.6g}"
            took = round(time.process_time() - started, 3)
            row = {"candidate": candidate.text, "loss": loss, "seconds": took}
            _append(RECORDED, list(row), row)


def _append(path: Path, fields: list[str], row: dict[str, Any]) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields)
        if new:
            writer.writeheader()
        writer.writerow(row)


# ---- searching


class Timed:
    """A strategy and the processor's seconds that it thought."""

    def __init__(self, text: str) -> None:
        text, _, settings = text.partition("@")
        for module, known in CONSTANTS.items():
            vars(module).update(known)
        for name, _, value in (setting.strip().partition("=") for setting in settings.split(",") if setting):
            for module in (module for module in CONSTANTS if hasattr(module, name)):
                setattr(module, name, ast.literal_eval(value))
        self.strategy, self.seconds, self.asks = STRATEGIES.make(text.strip()), 0.0, 0
        self.name = self.strategy.name

    def ask(self, *given: Any) -> Any:
        started = time.process_time()
        proposal = self.strategy.ask(*given)
        self.seconds, self.asks = self.seconds + time.process_time() - started, self.asks + 1
        return proposal


def search(problems: list[str], strategies: list[str], seeds: int, trials: int) -> None:
    """Run what is missing."""
    done = {(r["problem"], r["strategy"], int(r["seed"]), int(r["trials"])) for r in _rows()}
    for name in problems:
        for strategy in strategies:
            for seed in range(seeds):
                if (name, strategy, seed, trials) in done:
                    continue
                space, loss = problem(name)
                timed = Timed(strategy)
                found = toy_search(timed, trials, space=space, loss=loss, seed=seed)
                losses = [trial.loss for trial in found.trials]
                row = {"problem": name, "strategy": strategy, "seed": seed, "trials": trials}
                row |= {"half": f"{min(losses[: trials // 2]):.6g}", "best": f"{min(losses):.6g}"}
                _append(SEARCHED, FIELDS, row | {"ask_ms": round(1000 * timed.seconds / timed.asks, 2)})


def _rows() -> Iterator[dict[str, str]]:
    if SEARCHED.exists():
        with SEARCHED.open(encoding="utf-8") as file:
            yield from csv.DictReader(file)


def report(strategies: list[str] | None) -> None:
    """Print mean best losses with standard errors, and mean ranks within a problem and seed."""
    table = pd.read_csv(SEARCHED)
    if strategies:
        table = table[table["strategy"].isin(strategies)]
    for trials, part in table.groupby("trials"):
        wide = part.pivot_table(index=["problem", "seed"], columns="strategy", values="best").dropna()
        half = part.pivot_table(index=["problem", "seed"], columns="strategy", values="half").dropna()
        ranks, ranks_half = wide.rank(axis=1), half.rank(axis=1)
        asked = part.groupby("strategy")["ask_ms"].mean()
        problems = list(wide.index.unique("problem"))
        print(f"\n{trials} trials, {len(wide)} pairs of problem and seed\n")
        print("| strategy | rank | rank at half |", " | ".join(problems), "| ms |")
        print("| --- | ---: | ---: |" + " ---: |" * (len(problems) + 1))
        for name in ranks.mean().sort_values().index:
            cells = []
            for one in problems:
                values = wide.loc[one][name]
                cells.append(f"{values.mean():.4g} ± {values.sem():.2g} ({ranks.loc[one][name].mean():.2f})")
            rank = f"{ranks[name].mean():.2f} ± {ranks[name].sem():.2f}"
            print(f"| {name} | {rank} | {ranks_half[name].mean():.2f} |", " | ".join(cells), f"| {asked[name]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["record", "search", "report"])
    parser.add_argument("--seconds", type=float, default=120.0, help="of a processor, for recording")
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--strategies", nargs="+")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    given = parser.parse_args()
    if given.command == "record":
        record(given.seconds)
    elif given.command == "search":
        usual = ["random", "tpe(joint=False)", "tpe(bandit=False)", "tpe"]
        search(given.problems, given.strategies or usual, given.seeds, given.trials)
    else:
        report(given.strategies)


if __name__ == "__main__":
    main()
