"""What replayed searches say: regret and ranks at each stage, seconds to random's final loss, and a plot of the curves.

Regret is the best loss so far less the lowest that the surrogate says of a recorded candidate, in units of what the
median of the recorded ones is above it: 0 is the best recorded, 1 the median, and below 0 is better than any recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import support
from support import Row

TRIALS = (10, 25, 50, 100, 200)
SECONDS = (5, 15, 30, 60, 120)
RANDOM = "random"
DRAWS = 1000  # of the bootstrap
POINTS = 120  # of a plotted curve
LEAST_REGRET = 1e-3  # of a logarithmic axis

Curve = list[tuple[float, float, float]]  # trials, seconds, regret, at each new best


def read(rows: Iterable[Row], label: str, limits: tuple[float, int, int]) -> pd.DataFrame:
    """Searches of one label, and of those seconds, trials and workers, that ended: one row each, with its curve."""
    found = [
        {"table": r["table"], "strategy": r["strategy"], "seed": int(r["seed"]), "tried": int(r["tried"]),
         "spent": float(r["spent"]), "asking": float(r["asking"]), "ended": r["ended"], "curve": _curve(r)}
        for r in rows
        if r["label"] == label and not r["error"]
        and (float(r["seconds"]), int(r["trials"]), int(r["workers"])) == limits
    ]  # fmt: skip
    if not found:
        seconds, trials, workers = limits
        raise SystemExit(
            f"There are no searches labelled {label!r} of {seconds:g} s, {trials} trials and {workers} workers."
        )
    return pd.DataFrame(found)


def _curve(row: Row) -> Curve:
    best, usual = float(row["best"]), float(row["usual"])
    unit = max(usual - best, 1e-12)
    parts = (part.split("/") for part in row["curve"].split(";"))
    return [(float(count), float(spent), (float(loss) - best) / unit) for count, spent, loss in parts]


def at(curve: Curve, place: float, axis: int) -> float:
    """Regret of a curve at a number of trials (axis 0) or of seconds (1); before its first candidate, 1 or more."""
    before = [point[2] for point in curve if point[axis] <= place]
    return before[-1] if before else max(1.0, curve[0][2])


def reached(curve: Curve, regret: float) -> float:
    """Seconds until a regret; infinite where it is never reached."""
    return next((spent for _, spent, one in curve if one <= regret), math.inf)


def ranks(frame: pd.DataFrame, place: float, axis: int) -> pd.DataFrame:
    """Rank of each strategy (columns) in each search of a table and seed (rows), equal ones the mean of theirs."""
    told = frame.assign(regret=[at(curve, place, axis) for curve in frame["curve"]])
    return told.pivot_table(index=["table", "seed"], columns="strategy", values="regret").dropna().rank(axis=1)


def interval(values: pd.DataFrame) -> pd.DataFrame:
    """Mean of each column with its 95 % bootstrap interval: seeds are drawn anew within each table."""
    rng, tables = np.random.default_rng(0), [part.to_numpy() for _, part in values.groupby("table")]
    drawn = np.array([
        np.mean([part[rng.integers(0, len(part), len(part))].mean(axis=0) for part in tables], axis=0)
        for _ in range(DRAWS)
    ])  # fmt: skip
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    mean = np.mean([part.mean(axis=0) for part in tables], axis=0)
    return pd.DataFrame({"mean": mean, "low": low, "high": high}, index=values.columns)


def stages(frame: pd.DataFrame, axis: int) -> tuple[Sequence[float], str]:
    """Places at which curves are looked at, as far as searches went."""
    places, most = ((TRIALS, frame["tried"].max()), (SECONDS, frame["spent"].max()))[axis]
    return [place for place in places if place <= most] or places[:1], ("trials", "s")[axis]


def report(frame: pd.DataFrame, markdown: bool = True) -> None:
    """Print everything."""
    order = list(_final(frame).mean().sort_values().index)
    seeds, tables = frame.groupby("strategy")["seed"].nunique().max(), sorted(frame["table"].unique())
    print(f"{seeds} seeds of {', '.join(tables)}.")
    for axis in (0, 1):
        places, unit = stages(frame, axis)
        for title, cell in (("Mean rank (95 % interval)", _rank_cells), ("Mean regret (95 % interval)", _regret_cells)):
            cells = {f"{place:g} {unit}": cell(frame, place, axis) for place in places}
            lines = [{"strategy": one} | {place: told.get(one, "") for place, told in cells.items()} for one in order]
            print(f"\n{title} by {('trials', 'recorded seconds')[axis]}\n")
            support.show(pd.DataFrame(lines), markdown)
    print("\nOf whole searches: medians; seconds until random's median final loss (share of searches that reach it)\n")
    support.show(pd.DataFrame([_whole(frame, name) for name in order]), markdown)


def _final(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame.assign(regret=[curve[-1][2] for curve in frame["curve"]])
    return told.pivot_table(index=["table", "seed"], columns="strategy", values="regret")


def _cells(values: pd.DataFrame, digits: int) -> dict[str, str]:
    if values.empty:
        return {}
    told = interval(values)
    return {name: f"{r.mean_:.{digits}f} ({r.low:.{digits}f} to {r.high:.{digits}f})" for name, r in _named(told)}


def _named(told: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    renamed = told.rename(columns={"mean": "mean_"})
    return [(str(name), row) for name, row in renamed.iterrows()]


def _rank_cells(frame: pd.DataFrame, place: float, axis: int) -> dict[str, str]:
    return _cells(ranks(frame, place, axis), 1)


def _regret_cells(frame: pd.DataFrame, place: float, axis: int) -> dict[str, str]:
    told = frame.assign(regret=[at(curve, place, axis) for curve in frame["curve"]])
    values = told.pivot_table(index=["table", "seed"], columns="strategy", values="regret")
    return {name: _cells(values[[name]].dropna(), 3).get(name, "") for name in values}


def _whole(frame: pd.DataFrame, name: str) -> Row:
    mine, final = frame[frame["strategy"] == name], _final(frame)
    line: Row = {"strategy": name, "tried": f"{mine['tried'].median():.0f}", "seconds": f"{mine['spent'].median():.0f}"}
    line["regret"] = f"{final[name].median():.3f}"
    line["ms a question"] = f"{1000 * (mine['asking'] / mine['tried']).median():.2g}"
    line["ended by"] = ", ".join(mine["ended"].value_counts().index)
    if RANDOM in final:
        goals = final[RANDOM].groupby("table").median()
        took = np.array([reached(row.curve, goals[row.table]) for row in mine.itertuples() if row.table in goals])
        middle = float(np.median(took))
        line["to random's end"] = "never" if math.isinf(middle) else f"{middle:.0f} s"
        line["to random's end"] += f" ({np.isfinite(took).mean():.0%})"
    return line


# ---- the plot


def plot(frame: pd.DataFrame, path: Path) -> None:
    """Draw mean regret against trials and against recorded seconds into an SVG, the same bytes for the same rows."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    settings = {"svg.hashsalt": "recorded", "svg.fonttype": "none", "font.size": 9, "axes.grid": True}
    with plt.rc_context(settings):
        figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), sharey=True)
        for axis, panel in enumerate(panels):
            most = float(frame["tried" if axis == 0 else "spent"].median())
            places = np.geomspace(1, max(2.0, most), POINTS)
            for number, (name, mine) in enumerate(frame.groupby("strategy")):
                told = [[at(curve, place, axis) for place in places] for curve in mine["curve"]]
                by_table = pd.DataFrame(told, index=mine["table"]).groupby(level=0).mean()
                mean = np.maximum(by_table.mean(axis=0), LEAST_REGRET)
                dashes = ("-", "--", ":", "-.")[number // 10 % 4]
                panel.plot(places, mean, dashes, color=f"C{number % 10}", label=str(name), linewidth=1.4)
            panel.set(xscale="log", yscale="log", xlabel=("candidates", "recorded seconds of one thread")[axis])
        panels[0].set_ylabel("regret (0: best recorded, 1: median)")
        panels[1].legend(fontsize=7, loc="upper right")
        figure.tight_layout()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        plt.close(figure)
