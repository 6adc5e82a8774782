"""Learns the order of a portfolio from the recorded pool, and judges orders on tables left out.

    python benchmarks/portfolio_pool.py --predictions ~/pool
    python benchmarks/portfolio.py --predictions ~/pool             # orders compared, each table left out in turn
    python benchmarks/portfolio.py --predictions ~/pool --learn     # the order learned from all tables

A portfolio grows greedily: the candidate comes next that lowers the loss of the blend of all before it most per second,
in the mean of the logarithm over tables (in the manner of Feurer et al., "Auto-Sklearn 2.0", JMLR 2022, who choose by
the best single candidate; here by the blend, as what is handed over is an ensemble). An order is judged by a greedy
ensemble of what ends within so many seconds of one thread: weights from one half of the validation rows, the loss on
the other half, and the other way round. Losses are 1 - ROC AUC, log loss or RMSE.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from portfolio_pool import OTHERS, RESULTS, digest
from scipy.stats import rankdata

Array = NDArray[np.float64]
BUDGETS = (3, 10, 30, 100)
BLENDS = (0.1, 0.25, 0.5)
STEPS = 20
LEARN_ROWS, JUDGE_ROWS = 1000, 2000


@dataclass(frozen=True)
class Table:
    """What the pool came to on one table: seconds and predictions of each candidate that ended."""

    name: str
    kind: str
    y: Array
    seconds: dict[str, float]
    predictions: dict[str, Array]

    def loss(self, prediction: Array, rows: slice | Array = slice(None)) -> float:
        y = self.y[rows]
        if self.kind == "regression":
            return float(np.sqrt(np.mean((prediction[rows] - y) ** 2)))
        if self.kind == "multiclass":
            chosen = prediction[rows][np.arange(len(y)), y.astype(int)]
            return float(-np.mean(np.log(np.clip(chosen, 1e-15, 1))))
        ranks, hits = rankdata(prediction[rows]), y > 0
        area = (ranks[hits].sum() - hits.sum() * (hits.sum() + 1) / 2) / (hits.sum() * (~hits).sum())
        return 1 - float(area)

    def head(self, rows: int) -> Table:
        """The same with fewer validation rows, drawn at random."""
        if len(self.y) <= rows:
            return self
        some = np.random.default_rng(0).permutation(len(self.y))[:rows]
        predictions = {text: values[some] for text, values in self.predictions.items()}
        return Table(self.name, self.kind, self.y[some], self.seconds, predictions)


def read(predictions: Path) -> list[Table]:
    """All tables of the pool; what failed or met its limit is not there, and costs nothing."""
    rows = pd.read_csv(RESULTS)
    tables = []
    for name, part in rows.groupby("table"):
        truth = np.load(predictions / f"{name}.npz")
        ended = part[part["loss"].notna()]
        seconds = dict(zip(ended["candidate"], ended["seconds"], strict=True))
        found = {text: np.load(predictions / str(name) / f"{digest(text)}.npy").astype(float) for text in seconds}
        if str(truth["kind"]) == "binary":
            found = {text: values if values.ndim == 1 else values[:, -1] for text, values in found.items()}
        tables.append(Table(str(name), str(truth["kind"]), truth["y"].astype(float), seconds, found))
    return tables


def first_blend(table: Table) -> Array:
    """What is known before any candidate ended: the mean, or the shares of the classes."""
    if table.kind == "multiclass":
        counts = np.bincount(table.y.astype(int), minlength=next(iter(table.predictions.values())).shape[1]) + 1.0
        return np.tile(counts / counts.sum(), (len(table.y), 1))
    return np.full(len(table.y), table.y.mean())


def blended(table: Table, blend: Array, text: str, first: bool) -> tuple[float, Array]:
    """Best of a few weights for one more candidate: the loss and the blend."""
    shares = (1.0,) if first else BLENDS
    blends = [(1 - share) * blend + share * table.predictions[text] for share in shares]
    losses = [table.loss(each) for each in blends]
    best = int(np.argmin(losses))
    return losses[best], blends[best]


def learn(tables: Sequence[Table], pool: Iterable[str], size: int, start: Sequence[str] = ()) -> dict[str, float]:
    """Candidates in the order of what each adds a second, and what it added, in the mean of the logarithm over tables.

    `start` are candidates that stand before the learned ones, and are not among them.
    """
    tables = [table.head(LEARN_ROWS) for table in tables]
    blends = [first_blend(table) for table in tables]
    losses = [table.loss(blend) for table, blend in zip(tables, blends, strict=True)]
    learned: dict[str, float] = {}

    def add(text: str, first: bool) -> None:
        for place, table in enumerate(tables):
            if text in table.seconds:
                new, blend = blended(table, blends[place], text, first)
                if new < losses[place]:
                    losses[place], blends[place] = new, blend

    for place, text in enumerate(start):
        add(text, place == 0)
    left = [text for text in pool if text not in start and any(text in table.seconds for table in tables)]
    while left and len(learned) < size:
        first = not learned and not start
        gains = []
        for text in left:
            parts = [
                np.log(loss / blended(table, blend, text, first)[0])
                for table, blend, loss in zip(tables, blends, losses, strict=True)
                if text in table.seconds
            ]
            gains.append(float(np.maximum(parts, 0.0).sum()) / len(tables))
        best = int(np.argmax([gain / usual(tables, each) for gain, each in zip(gains, left, strict=True)]))
        text = left.pop(best)
        learned[text] = gains[best]
        add(text, first)
    return learned


def usual(tables: Sequence[Table], text: str) -> float:
    """Seconds of a candidate, in the geometric mean over the tables; none takes less than a tenth."""
    return float(np.exp(np.mean([np.log(table.seconds[text]) for table in tables if text in table.seconds]))) + 0.1


def ensemble_loss(table: Table, members: Sequence[str]) -> float:
    """Loss of a greedy ensemble, weighted on one half of the validation rows and measured on the other."""
    halves = np.random.default_rng(1).permutation(len(table.y)) % 2 == 0
    if not members:
        return table.loss(first_blend(table))
    found = []
    for seen in (halves, ~halves):
        chosen: list[str] = []
        total, best, kept = 0.0 * table.predictions[members[0]], np.inf, 1
        while len(chosen) < STEPS:
            losses = [table.loss((total + table.predictions[text]) / (len(chosen) + 1), seen) for text in members]
            place = int(np.argmin(losses))
            chosen.append(members[place])
            total = total + table.predictions[members[place]]
            if losses[place] < best:
                best, kept = losses[place], len(chosen)
        blend = sum(table.predictions[text] for text in chosen[:kept]) / kept
        found.append(table.loss(np.asarray(blend), ~seen))
    return float(np.mean(found))


def within(table: Table, order: Sequence[str], budget: float) -> list[str]:
    """What ends within the seconds, one after the other; what would be late is passed over."""
    used, ended = 0.0, []
    for text in order:
        if text in table.seconds and used + table.seconds[text] <= budget:
            used += table.seconds[text]
            ended.append(text)
    return ended


def orders(
    table: Table, learned: Mapping[str, float], added: Mapping[str, float], mine: Sequence[str]
) -> dict[str, Sequence[str]]:
    """The orders that are compared on a table; what was learned has not seen it."""

    def seconds(text: str) -> float:
        return table.seconds.get(text, 0.0)

    return {
        "portfolio, cheapest first": sorted(mine, key=seconds),
        "pool, as learned": list(learned),
        "pool, cheapest first": sorted(learned, key=seconds),
        "pool, by gain a second": sorted(learned, key=lambda text: -learned[text] / (seconds(text) + 0.1)),
        "portfolio and additions, cheapest first": sorted([*mine, *added], key=seconds),
    }


def same(one: Table, other: Table) -> bool:
    """Whether the same portfolio is for both."""
    return one.kind == other.kind


def compare(tables: Sequence[Table], mine: Sequence[str], size: int) -> pd.DataFrame:
    """Logarithm of the loss over that of the whole pool, of each order at each budget, in percent."""
    rows = []
    for table in tables:
        others = [other for other in tables if other is not table and same(other, table)]
        learned, added = learn(others, [*mine, *OTHERS], size), learn(others, OTHERS, size // 4, start=mine)
        whole = ensemble_loss(table, list(table.predictions))
        losses: dict[frozenset[str], float] = {}
        for budget in BUDGETS:
            for name, order in orders(table, learned, added, mine).items():
                members = within(table, order, budget)
                if frozenset(members) not in losses:
                    losses[frozenset(members)] = ensemble_loss(table, members)
                loss = losses[frozenset(members)]
                row = {"table": table.name, "kind": table.kind, "budget": budget, "order": name}
                rows.append({**row, "above": 100 * np.log(loss / whole)})
                print(*row.values(), round(float(rows[-1]["above"]), 2), sep="; ", flush=True)
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--predictions", type=Path, required=True)
    parser.add_argument("--size", type=int, default=30)
    parser.add_argument("--learn", action="store_true")
    options = parser.parse_args()
    tables = [table.head(JUDGE_ROWS) for table in read(options.predictions)]
    texts = [row["candidate"] for row in csv.DictReader(RESULTS.open())]
    mine = [text for text in dict.fromkeys(texts) if text not in OTHERS]
    if options.learn:
        for kind in ("binary", "multiclass", "regression"):
            part = [table for table in tables if table.kind == kind]
            print(f"\n{kind}, {len(part)} tables")
            for text in learn(part, [*mine, *OTHERS], options.size):
                print("   ", "" if text in mine else "new", text)
            print("  added to the portfolio")
            for text, gain in learn(part, OTHERS, options.size // 4, start=mine).items():
                print(f"    {100 * gain:.2f} %, {usual(part, text):.1f} s", text)
        return
    found = compare(tables, mine, options.size)
    print(found.pivot_table(index=["kind", "order"], columns="budget", values="above").round(2).to_string())


if __name__ == "__main__":
    main()
