"""What happens in a run of `soak.py`: drawn from its seed and number alone."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from random import Random
from typing import Any

QUICK = ("naive_bayes", "decision_tree", "knn", "extra_trees", "lightgbm")
LINEAR = {"regression": "ridge", "binary": "logistic_regression", "multiclass": "logistic_regression"}
DAMAGES = (
    "truncate", "flip", "delete", "rename", "folder", "link to a file", "link to a folder", "chmod", "score", "code",
    "line", "all artifacts", "the whole folder",
)  # fmt: skip
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
TARGETS = ("main", "main", "server", "worker", "all")
SECONDS_OF_TRIALS = 20.0  # what a run of few trials may take


@dataclass(frozen=True)
class Start:
    """One process that fits, and what is done before and meanwhile.

    Parameters
    ----------
    damages : tuple of str
        To the run folder, before it starts.
    event : str
        "signal", "remove" or "rename" (the run folder in mid-run); empty for none.
    number, target, moment : int, str, float
        The signal, whom it is sent to, and when: seconds after the fit began.
    limit : tuple
        Name of a limit and its value; empty for none.
    resume : "auto" or False
    """

    damages: tuple[str, ...] = ()
    event: str = ""
    number: int = 0
    target: str = ""
    moment: float = 0.0
    limit: tuple[str, float] | tuple[()] = ()
    resume: str | bool = "auto"

    def __str__(self) -> str:
        parts = [*(f"damage: {name}" for name in self.damages)]
        if self.event:
            what = f"{signal.Signals(self.number).name} to {self.target}" if self.number else f"{self.event} run_dir"
            parts.append(f"{what} at {self.moment:.2f} s")
        if self.limit:
            parts.append(f"{self.limit[0]} {self.limit[1]:g}")
        if self.resume is False:
            parts.append("resume=False")
        return ", ".join(parts) or "nothing"


@dataclass(frozen=True)
class Plan:
    """A run: a small table, arguments of `AutoML`, and one start or more.

    Parameters
    ----------
    folder : str
        "own", "none" (a temporary one), "user's" (it holds files already) or "small disk".
    """

    number: int
    table: dict[str, Any]
    settings: dict[str, Any]
    folder: str
    starts: tuple[Start, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """That a start may take by its arguments."""
        return float(self.settings.get("time_budget") or SECONDS_OF_TRIALS)

    def __str__(self) -> str:
        told = {**self.table, **self.settings}
        head = " ".join(
            f"{name}={told[name]}" for name in ("task", "rows", "cv", "max_trials", "time_budget", "n_jobs")
        )
        return f"{head}, {self.folder} folder; " + "; then ".join(map(str, self.starts))


def draw(seed: int, number: int) -> Plan:
    """The plan of a run."""
    random = Random(f"{seed} {number}")
    task = random.choice(["binary", "multiclass", "regression"])
    table = {"task": task, "rows": random.randint(40, 250), "columns": random.randint(2, 6), "seed": number}
    by_time = random.random() < 0.4
    settings: dict[str, Any] = {
        "cv": random.choice([2, 3]), "n_jobs": random.choice([1, 1, 2]), "random_state": number, "verbose": 0,
        "time_budget": random.choice([2.0, 2.5, 3.0]) if by_time else None,
        "max_trials": None if by_time else random.randint(2, 6),
        "executor": "inline" if random.random() < 0.1 else "processes",
        "search": random.choice(["auto", "auto", "random", "tpe", "gp"]),
    }  # fmt: skip
    families = [*random.sample(QUICK, 3), LINEAR[task]]
    settings["include"] = [name for name in families if not (task == "regression" and name == "naive_bayes")]
    folder = random.choices(["own", "none", "user's", "small disk"], [70, 10, 10, 10])[0]
    many = random.choices([1, 2, 3], [35, 50, 15])[0]
    span = settings["time_budget"] or 2.5
    starts = tuple(_start(random, number, span, settings, first=place == 0) for place in range(many))
    return Plan(number, table, settings, folder, starts)


def _start(random: Random, number: int, span: float, settings: dict[str, Any], *, first: bool) -> Start:
    damages = () if first or random.random() < 0.2 else tuple(random.choices(DAMAGES, k=random.randint(1, 2)))
    resume = False if not first and random.random() < 0.1 else "auto"
    kind = random.choices(["", "signal", "remove", "rename", "limit"], [25, 40, 3, 3, 29])[0]
    if kind == "limit":
        return Start(damages, limit=_limit(random), resume=resume)
    moment = round(random.uniform(0.0, span), 2)
    if kind != "signal":
        return Start(damages, event=kind, moment=moment if kind else 0.0, resume=resume)
    target = "main" if settings["executor"] == "inline" else random.choice(TARGETS)
    sent = signal.SIGKILL if target in ("server", "worker") else random.choice(SIGNALS)
    return Start(damages, kind, int(sent), target, moment, resume=resume)


def _limit(random: Random) -> tuple[str, float]:
    """A limit; those on memory and processes are added to what the process has when the fit begins."""
    kind = random.choice(["NOFILE", "AS", "NPROC", "FSIZE", "memory_limit"])
    values = {
        "NOFILE": [40, 64, 96, 128, 256], "AS": [2e8, 5e8, 1e9, 2e9], "NPROC": [0, 1, 2, 3, 5, 8, 12],
        "FSIZE": [8e3, 3e4, 1e5, 3e5], "memory_limit": [1e8, 3e8, 6e8, 1e9],
    }  # fmt: skip
    return kind, random.choice(values[kind])
