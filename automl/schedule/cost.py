"""What a candidate will take, in seconds and bytes: priors from the TOML files, corrected by the history."""

from __future__ import annotations

from itertools import islice
from statistics import median

from automl.schedule.constants import BOOSTING_ROUNDS, CORRECTED_BY, PROCESS_BYTES, SPEEDUP, STACK_FITS
from automl.space.candidate import INPUT, STACK, UNION, Candidate, Node
from automl.space.facts import fitted_once
from automl.space.space import Space
from automl.tasks.task import Task
from automl.trials.history import History
from automl.trials.trial import TOP, Rung, Trial


class CostModel:
    """Predicts what evaluating a candidate at a rung takes, on one thread.

    Parameters
    ----------
    space : Space
    task : Task
    folds : int
    out_of_bag : bool
        Whether forests that validate themselves are fitted once.
    measured : bool
        Whether seconds of the history correct the prior; False keeps runs with `max_trials` the same on every
        machine.
    """

    def __init__(
        self, space: Space, task: Task, folds: int, *, out_of_bag: bool = False, measured: bool = True
    ) -> None:
        self.space, self.rows = space, task.rows
        self.columns, self.wide_columns = task.columns, task.wide_columns
        self.classes, self.folds, self.measured = task.n_outputs, folds, measured
        self.out_of_bag = out_of_bag

    def nominal(self, candidate: Candidate, rung: Rung = TOP) -> float:
        """Seconds by the prior alone."""
        nodes = _fits(candidate.root)
        if self.out_of_bag and rung == TOP and fitted_once(candidate, self.space):
            return sum(self._node(node, fits, self.rows) for node, fits in nodes)
        train_rows = self.rows * (self.folds - 1) / self.folds if self.folds > 1 else 0.8 * self.rows
        one = sum(self._node(node, fits, rung.rows * train_rows, rung.iterations) for node, fits in nodes)
        return max(1, round(rung.folds * self.folds)) * one

    def _node(self, node: Node, fits: int, rows: float, share: float = 1.0) -> float:
        if node.component in (INPUT, UNION, STACK):
            return 0.0
        component = self.space.component(node.component)
        cost = component.cost
        iterations = 1.0
        if (name := component.fidelity.iterations) is not None:
            value = component.fidelity.usual or dict(node.params).get(name, component.estimator.fixed.get(name))
            iterations = share * (float(value) if isinstance(value, (int, float)) else 100.0)
            rate = dict(node.params).get("learning_rate")
            if component.adapter == "boosting" and isinstance(rate, float):
                iterations = min(iterations, BOOSTING_ROUNDS / rate)
        classes = self.classes if cost.per_class and self.classes > 2 else 1
        columns = self.wide_columns if component.accepts.categories == "onehot" else self.columns
        each = cost.row_seconds + cost.seconds * columns
        return fits * (cost.start + each * rows * iterations * classes)

    def predict(self, candidate: Candidate, history: History, rung: Rung = TOP) -> float:
        """Seconds by the prior, times what the family's trials took beside their prior."""
        nominal = self.nominal(candidate, rung)
        return nominal * self._correction(candidate.family, history) if self.measured else nominal

    def _correction(self, family: str, history: History) -> float:
        """Of whole trials where there are some: on few rows, what does not grow with them weighs more."""
        known = (trial for trial in history.latest(family) if trial.status in ("ok", "timeout"))
        whole = (t for t in history.latest(family) if t.status in ("ok", "timeout") and t.rung.whole)
        last = list(islice(whole, CORRECTED_BY)) or islice(known, CORRECTED_BY)
        ratios = [trial.work_seconds / self.nominal(trial.candidate, trial.rung) for trial in last]
        return median(ratios) if ratios else 1.0

    def predict_bytes(self, candidate: Candidate, history: History, rung: Rung = TOP) -> float:
        """Memory of the process: a prior by rows and columns, or what the family's trials needed for their rows."""
        family = self.space.component(candidate.family)
        columns = self.wide_columns if family.accepts.categories == "onehot" else self.columns
        told = ((trial.measures.peak_bytes, trial.rung.rows) for trial in history.latest(family.name))
        known = (pair for pair in told if self.measured and pair[0])
        grown = [max(0.0, peak - PROCESS_BYTES) / rows for peak, rows in islice(known, CORRECTED_BY)]
        return PROCESS_BYTES + rung.rows * (max(grown) if grown else family.cost.bytes * self.rows * columns)

    def spent(self, trial: Trial) -> float:
        """Seconds that a trial took; by the prior where no clock may decide."""
        return trial.work_seconds if self.measured else self.nominal(trial.candidate, trial.rung)


def speedup(threads: int) -> float:
    """How much faster a fit is on several threads than on one, about."""
    return 1 + SPEEDUP * (threads - 1)


def _fits(node: Node, fits: int = 1) -> list[tuple[Node, int]]:
    """Every node with how often a fold fits it."""
    found = [(node, fits)]
    for place, part in enumerate(node.inputs):
        inner = node.component == STACK and place == 0
        found += _fits(part, fits * STACK_FITS if inner else fits)
    return found
