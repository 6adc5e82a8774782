"""How many fits find the penalties of a ridge regression: by their slopes, at random, by TPE, on grids.

Made tables have one to five kinds of column, each of which wants another penalty (their usual coefficients lie up to a
factor of 50 apart). One row a table and strategy says how far the best of so many fits is above the best loss that any
strategy found; a grid's number of fits is that of its points, evenly spaced in the logarithms.

On real tables (2,000 rows at most, three folds) the same families are searched by `AutoML` (without steps), beside one
path of a single penalty for all columns; a row has the best validation loss after so many candidates, and the loss on
the test part.

    python benchmarks/gradient.py            # some minutes; adds to benchmarks/results/gradient.csv
    python benchmarks/gradient.py --tables   # likewise; gradient_tables.csv
    python benchmarks/gradient.py --report   # medians, and the real tables
    python benchmarks/gradient.py --plot     # docs/gradient.svg
"""

from __future__ import annotations

import csv
import itertools
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from support import loss as loss_of
from support import read_part, read_tables, score

from automl import AutoML
from automl.estimators.blocks import BLOCKS, BlockRidge
from automl.space.candidate import Candidate
from automl.space.reader import read_space
from automl.space.space import BARE, Space
from automl.strategies.gradient import Gradient
from automl.strategies.random_search import RandomSearch
from automl.strategies.tpe import TPE
from automl.testing.toys import toy_search
from automl.trials.measures import Measures
from automl.trials.trial import Outcome

HERE = Path(__file__).parent
RESULTS, PLOT = HERE / "results" / "gradient.csv", HERE.parent / "docs" / "gradient.svg"
SEEDS, FITS, GRID_FITS = 6, 48, 256
SHOWN = (1, 2, 4, 8, 12, 16, 24, 32, 48)  # fits
COLUMNS = (10, 30, 30, 30, 30)  # of each kind
USUAL = (1.0, 0.02, 0.5, 0.15, 0.05)  # standard deviation of the coefficients of each kind
NEEDS = (None, "missing", "category", "text", "date")
TABLES = ("titanic", "bengaluru_houses", "flight_price", "disaster_tweets")
ON_TABLES, ROWS, AFTER = HERE / "results" / "gradient_tables.csv", 2_000, (1, 6, 12, 24)
STRATEGIES = {"gradient": Gradient, "random": RandomSearch, "tpe": TPE}


class Ridges:
    """Three folds of a made table of so many kinds of column.

    Parameters
    ----------
    kinds, seed : int
    """

    def __init__(self, kinds: int, seed: int) -> None:
        rng = np.random.default_rng([kinds, seed])
        self.blocks = np.repeat(np.arange(kinds), COLUMNS[:kinds])
        self.X = rng.normal(size=(240, len(self.blocks)))
        coefficients = np.array(USUAL)[self.blocks] * rng.normal(size=len(self.blocks))
        self.y = self.X @ coefficients + 2 * rng.normal(size=len(self.X))
        self.folds = np.arange(len(self.X)) % 3

    def __call__(self, candidate: Candidate) -> Outcome:
        """Validation loss and slopes of a candidate."""
        values = {name: value for name, value in candidate.root.params if name.startswith("penalty")}
        found = []
        for fold in range(3):
            train, valid = self.folds != fold, self.folds == fold
            held = self.X[valid], self.y[valid]
            fitted = BlockRidge(**values).fit(self.X[train], self.y[train], eval_set=held, blocks=self.blocks)
            found.append(Measures(smooth_loss=fitted.smooth_loss_, slopes=fitted.slopes_))
        told = Measures().with_slopes(found)
        return Outcome((), replace(told, loss=told.smooth_loss), ())


def space_of(kinds: int) -> Space:
    """The penalties of so many kinds, and nothing else."""
    needs = [name for name in NEEDS[:kinds] if name]
    space = read_space().only(include=["block_ridge"]).for_task("regression", 160, 130, meta_features=needs)
    space = replace(space, steps={}, preprocessor=BARE)
    family = space.models["block_ridge"]
    params = tuple(param for param in family.params if param.name in family.estimator.slopes)
    return replace(space, models={"block_ridge": replace(family, params=params)})


def best_so_far(strategy: object, kinds: int, seed: int) -> list[float]:
    """Least loss after each fit."""
    history = toy_search(strategy, FITS, space=space_of(kinds), loss=Ridges(kinds, seed), seed=seed)  # type: ignore[arg-type]
    losses = [trial.loss for trial in history.trials]
    losses += losses[-1:] * (FITS - len(losses))
    return np.minimum.accumulate(losses).tolist()


def grids(kinds: int, seed: int) -> dict[int, float]:
    """Least loss on each grid of equally many places of each penalty, by its number of points."""
    space, evaluate, found = space_of(kinds), Ridges(kinds, seed), {}
    family = space.models["block_ridge"]
    for places in range(1, 49):
        if places**kinds > GRID_FITS:
            break
        units = (np.arange(places) + 0.5) / places
        values = [[param.domain.from_unit(unit) for unit in units] for param in family.params]
        names = [param.name for param in family.params]
        points = (dict(zip(names, point, strict=True)) for point in itertools.product(*values))
        losses = [evaluate(space.candidate("block_ridge", point)).loss for point in points]
        found[places**kinds] = min(losses)
    return found


def run() -> None:
    """Measure what is not in the file yet."""
    done = {(int(row["penalties"]), int(row["seed"])) for row in rows()} if RESULTS.exists() else set()
    with RESULTS.open("a", newline="") as file:
        out = csv.writer(file)
        if not done:
            out.writerow(["penalties", "seed", "strategy", "fits", "above"])
        for kinds, seed in itertools.product(range(1, len(BLOCKS) + 1), range(SEEDS)):
            if (kinds, seed) in done:
                continue
            found = {name: best_so_far(make(), kinds, seed) for name, make in STRATEGIES.items()}
            on_grids = grids(kinds, seed)
            least = min(*(losses[-1] for losses in found.values()), *on_grids.values())
            for name, losses in found.items():
                for fits in SHOWN:
                    out.writerow([kinds, seed, name, fits, f"{losses[fits - 1] / least - 1:.3g}"])
            for fits, loss in on_grids.items():
                out.writerow([kinds, seed, "grid", fits, f"{loss / least - 1:.3g}"])
            file.flush()


def tables() -> None:
    """Search the penalties on real tables."""
    with ON_TABLES.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["table", "family", "search", *(f"best_of_{count}" for count in AFTER), "test", "seconds"])
        for name in TABLES:
            regression = read_tables()[name]["task"] == "regression"
            path, block = ("ridge", "block_ridge") if regression else ("logistic_regression", "block_logistic")
            for family, search in ((path, "manual"), *((block, search) for search in STRATEGIES)):
                out.writerow([name, family, search, *on_table(name, family, search)])
                file.flush()


def on_table(name: str, family: str, search: str) -> list[str]:
    """Best validation losses after so many candidates, loss on the test part, seconds of a core."""
    about = read_tables()[name]
    metric = "rmse" if about["task"] == "regression" else "log_loss"
    X, y = read_part(name, "train", about["target"])
    X = X.sample(min(ROWS, len(X)), random_state=0)
    y = y[X.index]
    how = {"n_jobs": 1, "executor": "inline", "cv": 3, "schedule": "none", "ensemble": "single", "random_state": 0}
    first = [f"{family}(input)"] if search == "manual" else []
    model = AutoML(
        include=[family],
        exclude=list(read_space().steps),
        search=search,
        try_first=first,
        metric=metric,
        max_trials=AFTER[-1],
        verbose=0,
        **how,
    )
    started = time.process_time()
    model.fit(X, y)
    seconds = time.process_time() - started
    losses = [trial.loss for trial in model.result_.trials[1:] if trial.loss is not None]
    X_test, truth = read_part(name, "test", about["target"])
    test = loss_of(metric, score(metric, truth, model, X_test))
    return [*(f"{min(losses[:count]):.5g}" for count in AFTER), f"{test:.5g}", f"{seconds:.1f}"]


def rows() -> list[dict[str, str]]:
    """What was measured."""
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def medians() -> dict[int, dict[str, dict[int, float]]]:
    """Of the seeds: by penalties, strategy and fits."""
    found: dict[tuple[int, str, int], list[float]] = defaultdict(list)
    for row in rows():
        found[int(row["penalties"]), row["strategy"], int(row["fits"])].append(float(row["above"]))
    told: dict[int, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for (kinds, name, fits), values in found.items():
        told[kinds][name][fits] = median(values)
    return told


def report() -> None:
    """Print the medians."""
    for kinds, found in medians().items():
        print(f"\n{kinds} penalt{'y' if kinds == 1 else 'ies'}: % above the best loss, after fits")
        for name, values in found.items():
            print(f"{name:10}", "  ".join(f"{fits}: {100 * above:.2f}" for fits, above in values.items()))
    print()
    print(ON_TABLES.read_text(encoding="utf-8"))


def plot() -> None:
    """Draw them."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "gradient", "svg.fonttype": "none", "font.size": 9})
    import matplotlib.pyplot as plt

    told = medians()
    figure, panels = plt.subplots(1, len(told), figsize=(12, 2.8), sharey=True, layout="constrained")
    for panel, (kinds, found) in zip(panels, told.items(), strict=True):
        for name, values in found.items():
            fits = sorted(one for one in values if one <= FITS)
            panel.plot(fits, [max(100 * values[one], 1e-2) for one in fits], marker=".", label=name)
        panel.set(title=f"{kinds} penalt{'y' if kinds == 1 else 'ies'}", xlabel="fits", yscale="log", xscale="log")
    panels[0].set_ylabel("% above the best RMSE (median)")
    panels[-1].legend()
    figure.savefig(PLOT, metadata={"Date": None})


if __name__ == "__main__":
    {"--report": report, "--plot": plot, "--tables": tables}.get((sys.argv[1:] or [""])[0], run)()
