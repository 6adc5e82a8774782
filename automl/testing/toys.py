"""Toy spaces, toy losses and a toy loop: a whole search in milliseconds, without data or scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random
from typing import Any, Literal

from automl.space.candidate import Candidate
from automl.space.component import Accepts, Component, Condition, EstimatorRef, Param
from automl.space.domain import Choice, Domain, Float, Int, Value
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.strategies.base import Strategy
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.measures import Measures
from automl.trials.trial import TOP, Failure, FoldResult, Job, Outcome, Proposal, Rung, Trial

KINDS = ("binary", "multiclass", "regression")

Loss = Callable[[Candidate], "float | Failure"]


def param(name: str, domain: Domain, default: Value, *when: Condition) -> Param:
    """A hyperparameter without a reason."""
    return Param(name, domain, default, why="a toy", when=when)


def model(name: str, *params: Param, stackable: bool = False, slopes: tuple[str, ...] = ()) -> Component:
    """A family that is never fitted."""
    where = EstimatorRef(classification=f"toys.{name}", regression=f"toys.{name}", slopes=slopes)
    return Component(name, "model", "A toy.", where, Accepts(), params, stackable=stackable)


def step(name: str, slot: Literal["scale", "reduce"] | None, *params: Param) -> Component:
    """A step that is never fitted."""
    where = EstimatorRef(classification=f"toys.{name}", regression=f"toys.{name}")
    return Component(name, "step", "A toy.", where, Accepts(), params, slot=slot)


def space_of(*components: Component, portfolio: Iterable[str] = (), kind: str = "binary") -> Space:
    """A space of these components, with a portfolio given as texts."""
    models = {c.name: c for c in components if c.kind == "model"}
    steps = {c.name: c for c in components if c.kind == "step"}
    return Space(models, steps, tuple({"candidate": text} for text in portfolio), kind)


def toy_space(kind: str = "binary") -> Space:
    """A small space with everything a space can have: all domains, conditions, slots, a portfolio."""
    bowl = model(
        "bowl",
        param("x", Float(-5.0, 5.0), 0.0),
        param("y", Float(-5.0, 5.0, normal=(0.0, 3.0)), 0.0),
        stackable=True,
    )
    maze = model(
        "maze",
        param("way", Choice(("left", "right", None, True, 1)), "left"),
        param("rate", Float(1e-4, 1.0, log=True), 0.01),
        param("leaves", Int(2, 512, log=True), 31),
        param("drop", Float(0.0, 0.5, step=0.05), 0.1, Condition("way", "==", "right")),
        param("layers", Int(1, 3), 1),
        param("units", Int(8, 64, step=8), 16, Condition("layers", ">=", 2)),
    )
    strength = param("strength", Float(1e-3, 1e3, log=True, normal=(0.0, 2.0)), 1.0)
    plain = model("plain", strength, stackable=True, slopes=("strength",))
    scorer = param("criterion", Choice(("gini", "entropy"), (0.8, 0.2)), "gini")
    classes = [model("sorter", scorer)] if kind != "regression" else []
    whiten = param("whiten", Choice((False, True)), False)
    steps = [
        step("level", "scale"),
        step("rank", "scale", param("bins", Int(10, 1000, log=True), 100)),
        step("squeeze", "reduce", param("share", Float(0.1, 0.99), 0.9), whiten),
        step("loose", None, param("degree", Int(2, 3), 2)),
    ]
    first = ("plain(input)", "bowl(input)", "maze(input, rate=0.1)", "sorter(input)", "plain(level(input))")
    space = space_of(bowl, maze, plain, *classes, *steps, portfolio=first, kind=kind)
    textbook = ({"candidate": text, "textbook": True} for text in ("bowl(input, x=1.0)", "plain(level(input))"))
    return replace(space, portfolio=(*space.portfolio, *textbook))


def toy_loss(candidate: Candidate) -> float:
    """A landscape over `toy_space`: families overlap, the best is a bowl at (1.5, -2) behind `squeeze`."""
    values = dict(candidate.root.params)
    if candidate.family == "bowl":
        loss = 0.1 + ((float(values["x"] or 0) - 1.5) ** 2 + (float(values["y"] or 0) + 2.0) ** 2) / 50
    elif candidate.family == "maze":
        rate, leaves = float(values["rate"] or 0), float(values["leaves"] or 0)
        off = abs(math.log10(rate) + 2) / 8 + abs(math.log2(leaves) - 5) / 32
        loss = 0.15 + off + 0.2 * (values["way"] != "right") + float(values.get("drop") or 0) * 0.2
    else:
        loss = 0.6
    if any(node.component == "squeeze" for node in candidate.root.walk()):
        loss -= 0.05
    return loss + 0.01 * (candidate.size - 1)


def fold_of(loss: float, number: int = 0, **measured: Any) -> FoldResult:
    """A fold that took a millisecond."""
    costs = {"fit_seconds": 0.001, "rows_predicted": 1, "model_bytes": 1} | measured
    return FoldResult(number, Measures(loss, loss, **costs))


def outcome(*losses: float, **measured: Any) -> Outcome:
    """An evaluation of folds with these losses."""
    folds = tuple(fold_of(loss, number, **measured) for number, loss in enumerate(losses))
    mean = sum(losses) / len(losses)
    return Outcome(folds, Measures(mean, mean), losses)


def record(history: History, proposal: Proposal, result: float | Outcome | Failure | None, rung: Rung = TOP) -> Trial:
    """Write one trial into a history; without a result it stays running."""
    now = float(len(history.trials))
    trial = history.start(Job(proposal, rung), now)
    if result is None:
        return trial
    return history.finish(trial, outcome(result) if isinstance(result, float) else result, now + 0.5)


def toy_history(space: Space, trials: int, seed: int = 0, loss: Loss = toy_loss, origin: str = "random") -> History:
    """A history of random candidates."""
    history, rng = History(space, seed), Random(seed)
    for _ in range(trials):
        candidate = space.sample(rng)
        record(history, Proposal(candidate, origin), loss(candidate))
    return history


def toy_search(
    strategy: Strategy,
    trials: int,
    *,
    space: Space | None = None,
    loss: Loss = toy_loss,
    seed: int = 0,
    history: History | None = None,
    journal: Journal | None = None,
    attempts: int = 20,
) -> History:
    """Ask, evaluate and tell, as the real loop does with one worker.

    Parameters
    ----------
    history : History, optional
        Goes on with this one.
    attempts : int
        How often a strategy that proposes what was tried before is asked again; the last answer is taken.
    """
    if history is None:
        history = History(space or toy_space(), seed, journal)
    for _ in range(trials):
        if (proposal := _ask(strategy, history, attempts)) is None:
            break
        record(history, proposal, loss(proposal.candidate))
    return history


def _ask(strategy: Strategy, history: History, attempts: int) -> Proposal | None:
    seen = {trial.candidate.key for trial in history.trials}
    proposal = None
    for attempt in range(attempts):
        proposal = strategy.ask(history, derive_seed(history.seed, len(history.trials), attempt))
        if proposal is None or proposal.candidate.key not in seen:
            break
    return proposal
