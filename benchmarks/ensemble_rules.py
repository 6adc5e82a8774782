"""Among how many candidates an ensemble should choose, and how, by rows: judged on rows that the choice has not seen.

    python benchmarks/portfolio_pool.py --predictions ~/pool
    python benchmarks/ensemble_rules.py --predictions ~/pool
    python benchmarks/small_tables.py --whole --keep ~/searches --label kept
    python benchmarks/ensemble_rules.py --searches ~/searches
    python benchmarks/ensemble_rules.py --report

Needs no fit: of the out-of-fold predictions of some fifty candidates a table (training parts only), those of some rows
choose an ensemble, in five blocks as in five folds, and those of the others say how good it is; each rule chooses on
the same rows. Of searches that `small_tables.py` has kept, all out-of-fold predictions choose, and what their fold
models together predict of the rows that the search was not given says how good it is: that is what a run hands over.
There, candidates are alike, and fold models are averaged, which in part does what more members do: rules that win on
the pool need not win.

One row a (table, rows, draw, rule) is appended to `benchmarks/results/ensemble_rules.csv` as it ends; those that are
there are skipped. `--report` prints by number of rows how many percent the loss of each rule is above that of greedy
selection among all, the mean over tables with its standard error (over tables), and on how many tables it is lower.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import support
from small_tables import OWN, bagged
from support import Row

FIELDS = ["table", "rows", "draw", "rule", "candidates", "members", "test", "seconds"]
BASE = "greedy"
SEARCH = "searches"  # in place of a number of rows
SIZES = (250, 500, 1_000, 2_500)
JUDGED = 100, 5_000  # rows that judge, at least and at most
BLOCKS = 5
AMONG = (8, 15, 25)  # of the best candidates
SHORTER = (10, 25), (20, 10), (10, 10), (10, 5)  # bags, and their steps
LEAST = (0.03, 0.05)  # weights below which members are left out


class Pool:
    """The candidates' predictions of a table."""

    def __init__(self, folder: Path, name: str) -> None:
        from automl.tasks.metrics import make_metric

        told = np.load(folder / f"{name}.npz")
        self.y = told["y"]
        kind, metric = str(told["kind"]), str(told["metric"])
        self.metric = make_metric(metric, kind, None if kind == "regression" else np.unique(self.y))
        found = [np.load(path) for path in sorted((folder / name).glob("*.npy"))]
        self.predictions = np.stack([one for one in found if len(one) == len(self.y)])

    def losses(self, rows: Any, predictions: Any) -> Any:
        """Of several predictions of some rows."""
        view = self.metric.view
        views = np.stack([view(self.y[rows], one) for one in predictions]) if view else predictions
        return self.metric.losses(self.y[rows], views)

    def draw(self, rows: Any, seed: int) -> tuple[list[Any], Any]:
        """Blocks of rows that choose, and rows that judge."""
        order = np.random.default_rng(seed).permutation(len(self.y))
        chosen = order[:rows]
        chosen = chosen[np.argsort(self.y[chosen], kind="stable")]  # each block has its share of every class
        return [np.sort(chosen[start::BLOCKS]) for start in range(BLOCKS)], order[rows : rows + JUDGED[1]]


def rules() -> dict[str, tuple[int | None, Callable[[Any], Any]]]:
    """Among how many of the best each rule chooses, and how."""
    from automl.ensemble.combiners.greedy import Greedy

    greedy = Greedy().fit
    found: dict[str, tuple[int | None, Callable[[Any], Any]]] = {BASE: (None, greedy), "bagged": (None, bagged)}
    for many in AMONG:
        found |= {f"greedy, {many}": (many, greedy), f"bagged, {many}": (many, bagged)}
    for least in LEAST:
        found[f"bagged, 15, from {least:.0%}"] = (15, lambda seen, least=least: heavy(bagged(seen), least))
    for bags, steps in SHORTER:
        name = f"bagged, 15, from 3%, {bags} of {steps} steps"
        found[name] = (15, lambda seen, bags=bags, steps=steps: heavy(bagged(seen, bags, steps), LEAST[0]))
    return found | {"best": (1, greedy)}


def heavy(weights: dict[int, float], least: float) -> dict[int, float]:
    """Without small weights; the others sum to 1."""
    kept = {place: weight for place, weight in weights.items() if weight >= least} or weights
    return {place: weight / sum(kept.values()) for place, weight in kept.items()}


class Search(Pool):
    """What a search has left: the rows that choose are in folds, and those that judge are others."""

    def __init__(self, path: Path) -> None:
        from automl.tasks.metrics import make_metric

        told = np.load(path)
        classes = np.arange(told["test"].shape[-1]) if told["test"].ndim == 3 else None
        self.metric = make_metric(str(told["metric"]), str(told["kind"]), classes)
        self.y = np.concatenate([told["y"], told["truth"]])
        self.predictions = np.concatenate([told["predictions"], told["test"]], axis=1)
        self.sizes = told["sizes"]

    def draw(self, rows: Any, seed: int) -> tuple[list[Any], Any]:
        """Folds, and the rows after them."""
        ends = np.cumsum(self.sizes)
        folds = [np.arange(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]
        return folds, np.arange(ends[-1], len(self.y))


def measure(pool: Pool, rows: int | str, draw: int, wanted: list[str]) -> Iterator[Row]:
    """The rows of one draw."""
    from automl.ensemble.combiners.base import OutOfFold

    blocks, judges = pool.draw(rows, draw)
    view = pool.metric.view
    parts = [pool.predictions[:, block].astype(np.float64) for block in blocks]
    views = [
        np.stack([view(pool.y[block], one) for one in part]) if view else part
        for block, part in zip(blocks, parts, strict=True)
    ]

    def losses(blends: list[Any]) -> Any:
        found = [pool.metric.losses(pool.y[block], blend) for block, blend in zip(blocks, blends, strict=True)]
        return np.mean(found, axis=0)

    seen = OutOfFold(views, losses)
    order = np.argsort(losses(views), kind="stable")
    for rule in wanted:
        many, fit = rules()[rule]
        places = order[:many]
        started = time.process_time()
        weights = fit(replace(seen, predictions=[part[places] for part in views]))
        seconds = time.process_time() - started
        test = sum(w * pool.predictions[places[place]][judges].astype(np.float64) for place, w in weights.items())
        yield {
            "rows": rows, "draw": draw, "rule": rule, "candidates": len(places), "members": len(weights),
            "test": f"{pool.losses(judges, np.asarray(test)[None])[0]:.6g}", "seconds": round(seconds, 3),
        }  # fmt: skip


def report(rows: list[Row], markdown: bool) -> None:
    """By number of rows and rule, beside greedy selection among all."""
    frame = pd.DataFrame(rows)
    frame[["test", "members"]] = frame[["test", "members"]].astype(float)
    tables = support.read_tables() | OWN
    frame["test"] += frame["table"].map(lambda name: float(tables[name]["metric"] == "roc_auc"))  # 1 - AUC
    losses = frame.pivot_table(index=["rows", "table", "draw"], columns="rule", values="test")
    means = 100 * (losses.div(losses[BASE], axis=0) - 1).groupby(["rows", "table"]).mean()
    lines = []
    for rule in dict.fromkeys(frame["rule"]):
        line = {"rule": rule}
        for size in sorted(set(frame["rows"]), key=lambda text: (not text.isdigit(), text.zfill(9))):
            found = means.loc[size, rule].dropna()
            error = found.std() / np.sqrt(len(found))
            line[f"{size} rows" if size.isdigit() else size] = (
                f"{found.mean():+.2f} ± {error:.2f} ({(found < 0).sum()} of {len(found)})"
            )
        lines.append(line | {"members": f"{frame.loc[frame['rule'] == rule, 'members'].mean():.1f}"})
    support.show(pd.DataFrame(lines), markdown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=Path, help="folder of `portfolio_pool.py`")
    parser.add_argument("--searches", type=Path, help="folder of `small_tables.py --keep`")
    parser.add_argument("--tables", nargs="+", default=["all"])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="rows that choose")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--results", type=Path, default=support.RESULTS / "ensemble_rules.csv")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        report(rows, not options.plain)
        return
    done = {(row["table"], row["rows"], int(row["draw"]), row["rule"]) for row in rows}

    def add(name: str, pool: Pool, size: int | str, draw: int) -> None:
        lacking = [rule for rule in rules() if (name, str(size), draw, rule) not in done]
        for row in measure(pool, size, draw, lacking) if lacking else ():
            support.add_row(options.results, {"table": name, **row})

    for path in sorted(options.searches.glob("*.npz")) if options.searches else ():
        name, _, split = path.stem.rpartition("-")
        add(name, Search(path), SEARCH, int(split))
    for name in support.checked(options.tables, support.read_tables()) if options.predictions else ():
        if not (options.predictions / f"{name}.npz").exists():
            continue
        pool, before = Pool(options.predictions, name), time.process_time()
        for size in (size for size in options.sizes if size + JUDGED[0] <= len(pool.y)):
            for draw in range(options.draws):
                add(name, pool, size, draw)
        print(f"{name}: {time.process_time() - before:.1f} s", flush=True)


if __name__ == "__main__":
    main()
