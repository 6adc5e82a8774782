"""The evaluator: fits a candidate on the folds, keeps models and predictions, and says how good it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.data.splits import Split
from automl.data.table import Table
from automl.data.task import Task
from automl.errors import ArtifactError
from automl.evaluate.limits import Clock, contained, fold_ends, out_of_race, out_of_time
from automl.evaluate.out_of_bag import fit_once, partitions
from automl.evaluate.rounds import Fitted, settle_rounds, takes_eval_set
from automl.evaluate.scores import Scores
from automl.evaluate.shares import Shares
from automl.pipeline.build import Recipe, booster_of, build, innermost, predict
from automl.pipeline.curves import HopelessError
from automl.pipeline.fitting import arguments, fit
from automl.pipeline.target import PLAIN, TARGET
from automl.space.facts import fitted_once
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.trials.artifacts import Artifacts, LeafCache
from automl.trials.files import write_whole
from automl.trials.trial import DUMMY, TOP, Failure, FoldResult, Job, Outcome, Rung, Trial

Array = NDArray[Any]


class Evaluator:
    """Evaluates jobs of one run; knows neither strategies nor executors.

    Parameters
    ----------
    task : Task
    space : Space
        All components, the dummy included.
    table : Table
        All rows.
    y : ndarray of shape (n_rows,)
        Coded target.
    splits : list of (train, validation) row numbers
        Those of the repeats after those of the cross-validation itself.
    seed : int
        The run's seed.
    run_dir : Path
        Where artifacts and shared arrays lie. A pickled evaluator opens the table from there, memory-mapped.
    repeats : int
        Cross-validations that the splits are of.
    plain : bool
        Whether rows are unrelated and count alike (no groups, time, copies or weights), so that a forest's out-of-bag
        rows tell what folds would. False where that is not known, as with splits of the user's own.
    run : str
        What the run is known by; its files are sealed for it.

    Attributes
    ----------
    n_folds : int
        Of one cross-validation.
    out_of_bag_allowed : bool
        Whether forests that validate themselves are fitted once: `plain`, and the splits are folds of all rows.
    """

    def __init__(
        self,
        task: Task,
        space: Space,
        table: Table,
        y: Array,
        splits: list[Split],
        seed: int,
        run_dir: Path,
        *,
        plain: bool = True,
        repeats: int = 1,
        run: str = "",
    ) -> None:
        self.task, self.space, self.table, self.y = task, space, table, y
        self.splits, self.seed, self.run_dir = splits, seed, run_dir
        run_dir.mkdir(parents=True, exist_ok=True)  # from now on, one that is gone is not made anew
        self.artifacts = Artifacts(run_dir, run)
        self.cache = LeafCache(run_dir)
        self.n_folds = len(splits) // repeats
        first = splits[: self.n_folds]
        self.out_of_bag_allowed = plain and partitions(first, len(y))
        validated = 1 if task.classes is None else len(np.unique(y[np.concatenate([valid for _, valid in first])]))
        lacking = [len(np.unique(y[valid])) < validated for _, valid in first]
        time = table.about.time
        self.forward = time is not None and all(time[train].max() < time[valid].min() for train, valid in first)
        # decided once a run: every row of the leaderboard is scored the same way
        self.pooled = task.metric.needs_all_classes and any(lacking)

    @property
    def scores(self) -> Scores:
        """How predictions of this run's rows are scored."""
        return Scores(self.task.metric, self.y, self.table.about, self.splits, self.pooled)

    @property
    def shares(self) -> Shares:
        """Which rows a fold has at a rung."""
        labels = None if self.task.classes is None else self.y
        return Shares(self.splits, self.seed, labels, self.table.about.time)

    # ---- travelling to workers

    def __getstate__(self) -> dict[str, Any]:
        folder = self.run_dir / "table"
        arrays = {**self.table.arrays(), "y": self.y}
        for name, array in arrays.items():
            if not (folder / f"{name}.npy").exists():
                write_whole(folder / f"{name}.npy", partial(np.save, arr=array), lasting=False)
        return {**self.__dict__, "table": self.table.levels, "y": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        folder = state["run_dir"] / "table"
        arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        self.__dict__.update(state)
        self.table = Table.from_arrays(arrays, state["table"])
        self.y = arrays["y"]

    # ---- jobs

    def run(self, job: Job) -> Outcome | Failure:
        """Evaluate a candidate, or refit it on all rows; whatever goes wrong comes back as a `Failure`.

        Folds that an interrupted evaluation left behind are taken from disk. `job.seconds_limit` is looked at
        between folds.
        """
        done: list[FoldResult] = []
        try:
            with contained(job.threads, blas=job.proposal.origin != DUMMY) as warned:
                if job.refit:
                    return self._refit(job)
                outcome = self._evaluate(job, done)
            if not isinstance(outcome, Failure) and warned:
                outcome = replace(outcome, folds=_with_warnings(outcome.folds, warned))
            return outcome
        except MemoryError as error:
            return Failure("memory", f"MemoryError: {error}", tuple(done))
        except Exception as error:  # a candidate may fail in any way; the run goes on without it
            return _failed(error, done)

    def _evaluate(self, job: Job, done: list[FoldResult]) -> Outcome | Failure:
        if self.out_of_bag_allowed and job.rung == TOP and fitted_once(job.candidate, self.space):
            done += fit_once(self, job)
            return self._outcome(job, done, None)
        clock = Clock()
        stored = self.stored(job.candidate.key, job.rung)
        fitted: dict[int, Fitted] = {}
        for fold in self.folds(job.rung):
            if fold in stored and (self.pooled or stored[fold].loss is not None or not job.scored):
                done.append(stored[fold])
                continue
            if job.stopped is not None and len(done) >= job.stopped[0]:
                return Failure(job.stopped[1], job.stopped[2], tuple(done))
            stop = out_of_time(job, clock.seconds(), done) or out_of_race(job, clock.seconds(), done)
            if done and stop is not None:
                return stop
            try:
                ends = fold_ends(job, clock.seconds(), len(self.folds(job.rung)) - len(done))
                new = fitted[fold] = self._fit_fold(job, fold, done, ends)
            except HopelessError as error:
                return Failure("stopped", f"In fold {fold + 1}: {error}", tuple(done), clock.seconds())
            done.append(self.artifacts.save_fold(job.candidate.key, job.rung, new.result, new.pipeline, new.prediction))
        rounds = settle_rounds(self, job, fitted, done)
        return self._outcome(job, done, rounds)

    def score(self, job: Job, outcome: Outcome, ends: float) -> Outcome | Failure:
        """Call the metric for a job that was run without, in a thread that is left alone at `ends`.

        A metric of the user's own may take any time. Where it is late, the outcome is as it was; the call that runs
        then cannot be stopped, and is the last one.
        """
        found: list[Outcome | Failure] = []
        late = threading.Event()
        thread = threading.Thread(target=lambda: found.append(self._scored(job, outcome, late)), daemon=True)
        with contained(job.threads):
            thread.start()
            thread.join(max(0.0, ends - time.monotonic()))
        late.set()
        return found[0] if found else outcome

    def _scored(self, job: Job, outcome: Outcome, late: threading.Event) -> Outcome | Failure:
        folds: list[FoldResult] = []
        try:
            with np.errstate(all="ignore"):
                for result in outcome.folds:
                    if late.is_set():
                        break
                    prediction = self.artifacts.prediction(job.candidate.key, job.rung, result.fold)
                    folds.append(replace(result, loss=self.fold_loss(result.fold, prediction, job.rung)))
                return self._outcome(replace(job, scored=not late.is_set()), folds, None)
        except Exception as error:  # as in `run`
            return _failed(error)

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """Folds of a job that are on disk already."""
        return () if job.refit else tuple(self.stored(job.candidate.key, job.rung).values())

    def folds(self, rung: Rung) -> range:
        """Numbers of the folds of a rung."""
        return range(max(1, round(rung.folds * self.n_folds)))

    def _outcome(self, job: Job, done: list[FoldResult], rounds: int | None) -> Outcome:
        if not job.scored:
            return Outcome(tuple(done), None, (), None)
        fold_losses: tuple[float, ...] = ()
        if self.pooled:
            parts = [self.artifacts.prediction(job.candidate.key, job.rung, result.fold) for result in done]
            loss, _ = self.scores.whole(parts)
        else:
            fold_losses = tuple(result.loss for result in done if result.loss is not None)
            loss = float(np.mean(fold_losses))
        train_losses = [result.train_loss for result in done if result.train_loss is not None]
        train_loss = float(np.mean(train_losses)) if train_losses else None
        return Outcome(tuple(done), self.scores.finite(loss), fold_losses, train_loss, rounds=rounds)

    # ---- one fold

    def recipe(self, seed: int, threads: int, rounds: int | None = None) -> Recipe:
        """What a candidate is built with for the folds: classes are coded."""
        classes = None if self.task.classes is None else np.arange(len(self.task.classes))
        metric, costs = self.task.metric.name, self.task.costs
        n_categories = len(self.table.levels)
        many = self.table.n_many
        return Recipe(self.space, self.task.kind, classes, n_categories, metric, seed, threads, rounds, many, costs)

    def _fit_fold(self, job: Job, fold: int, done: Sequence[FoldResult] = (), ends: float | None = None) -> Fitted:
        train, valid = self.tables(fold, job.rung.rows)
        parts = (self.shares.training, self.shares.validation)
        y_train, y_valid = (self.y[rows(fold, job.rung.rows)] for rows in parts)
        recipe = replace(
            self.recipe(derive_seed(self.seed, job.candidate.key, fold), job.threads),
            iterations=job.rung.iterations,
            stop_above=self._stop_above(job, done),
            ends=ends,
            most=job.ended_after[fold] if fold < len(job.ended_after) else None,
        )
        pipeline = build(job.candidate, recipe)
        prepare, model = pipeline[:-1], pipeline[-1]
        clock = Clock()
        continued = self._continue(job, fold, model)
        matrix = prepare.fit_transform(train, y_train)
        matrix_valid = prepare.transform(valid)
        prepare_seconds = clock.lap()
        if takes_eval_set(model):
            given = arguments(model, train.about, valid.about)
            model.fit(matrix, y_train, eval_set=(matrix_valid, y_valid), **given)
        else:
            model.fit(matrix, y_train, **arguments(model, train.about))
        fit_seconds = clock.lap()
        prediction = predict(pipeline, valid)
        predict_seconds = clock.lap()
        booster = booster_of(pipeline)
        result = FoldResult(
            fold=fold,
            loss=self.fold_loss(fold, prediction, job.rung) if job.scored else None,
            train_loss=self.train_loss(pipeline, fold) if job.scored and booster is None and job.rung.whole else None,
            prepare_seconds=prepare_seconds,
            fit_seconds=fit_seconds,
            predict_seconds=predict_seconds,
            rows_predicted=len(y_valid),
            model_bytes=0,
            rounds=None if booster is None else booster.rounds_,
            continued=continued,
            ended_after=getattr(booster, "ended_after_", None),
        )
        return Fitted(result, pipeline, prediction)

    def _stop_above(self, job: Job, done: Sequence[FoldResult]) -> float | None:
        """What a validation curve must be expected to fall below; None where curves measure something else."""
        if job.race is None or not job.race.curves or dict(job.candidate.root.params).get(TARGET, PLAIN) != PLAIN:
            return None
        limit = job.race.limit([result.loss for result in done if result.loss is not None])
        return limit if np.isfinite(limit) else None

    def _continue(self, job: Job, fold: int, model: Any) -> bool:
        """Let a model go on from where a rung of fewer iterations left it; whether there is such a rung."""
        inner = innermost(model)
        earlier = (
            self.artifacts.fewer_iterations(job.candidate.key, job.rung, fold) if hasattr(inner, "go_on") else None
        )
        if earlier is None:
            return False
        inner.go_on(booster_of(earlier))
        return True

    def tables(self, fold: int, share: float = 1.0) -> tuple[Table, Table]:
        """Training rows (a share of them) and validation rows of a fold."""
        name = str(fold) if share >= 1 else f"{fold}of{share:g}"
        parts = {"train": self.shares.training(fold, share), "valid": self.shares.validation(fold, share)}
        train, valid = (self.table.take(rows, part + name, self.cache) for part, rows in parts.items())
        return train, valid

    def fold_loss(self, fold: int, prediction: Array, rung: Rung) -> float | None:
        """Loss of a fold at a rung."""
        if rung.rows >= 1:
            return self.scores.fold(fold, prediction)
        return self.scores.finite(self.scores.of(self.shares.validation(fold, rung.rows), prediction))

    def train_loss(self, pipeline: Pipeline, fold: int) -> float | None:
        """On some of the fold's training rows; None where it has no value."""
        rows = self.scores.sample(fold, self.seed, classify=self.task.classes is not None)
        prediction = predict(pipeline, self.table.take(rows, f"sample{fold}", self.cache))
        return self.scores.training(rows, prediction)

    def weights(self, rows: Array) -> Array | None:
        """Weights of some rows; None where all count alike."""
        return self.table.about.weights(rows)

    def load(self, key: str, rung: Rung, result: FoldResult) -> Pipeline:
        """A fold's model, with the number of rounds that was settled after it was written."""
        pipeline: Pipeline = self.artifacts.model(key, rung, result.fold)
        if (booster := booster_of(pipeline)) is not None and result.rounds is not None:
            booster.rounds_ = result.rounds
        return pipeline

    # ---- all rows

    def fit_all(self, job: Job, classes: Array | None = None) -> Pipeline:
        """A candidate fitted on all rows; `classes` are labels to tell, where they are not to be the coded ones."""
        recipe = self.recipe(derive_seed(self.seed, job.candidate.key, "refit"), job.threads, job.rounds)
        used = self.table.about.used
        table, y = (self.table, self.y) if used is None else (self.table.take(used), self.y[used])
        if classes is not None:
            recipe, y = replace(recipe, classes=classes), classes[y]
        return fit(build(job.candidate, recipe), table, y)

    def _refit(self, job: Job) -> Outcome:
        key, clock = job.candidate.key, Clock()
        stored = self.artifacts.folds(key, TOP)
        if 0 in stored and stored[0].out_of_bag:  # fitted on all rows already
            pipeline = self.artifacts.model(key, TOP, 0)
            if self.task.classes is not None:
                pipeline[-1].relabel(self.task.classes)
        else:
            pipeline = self.fit_all(job, self.task.classes)
        self.artifacts.save_refit(key, pipeline)
        result = FoldResult(0, 0.0, 0.0, 0.0, clock.seconds(), 0.0, 0, 0, job.rounds)
        return Outcome((result,), 0.0, (), 0.0)

    # ---- whole candidates

    def prediction(self, trial: Trial, fold: int, places: Array | None = None) -> Array:
        """A trial's predictions of a fold's validation rows at its rung, or of some of them.

        Raises
        ------
        ArtifactError
            If they are missing or damaged.
        """
        rows = len(self.shares.validation(fold, trial.rung.rows))
        return self.artifacts.prediction(trial.candidate.key, trial.rung, fold, places, rows)

    def out_of_fold(self, trial: Trial) -> list[Array]:
        """Validation predictions of a complete trial, one array a fold."""
        return [self.prediction(trial, fold) for fold in self.folds(trial.rung)]

    def stored(self, key: str, rung: Rung) -> dict[int, FoldResult]:
        """Folds of a candidate that are on disk, with predictions of the right rows; the others never happened."""
        found = self.artifacts.folds(key, rung)
        for fold in list(found):
            try:
                self.artifacts.prediction(key, rung, fold, np.arange(0), len(self.shares.validation(fold, rung.rows)))
            except ArtifactError:
                del found[fold]
        return found

    def ended_folds(self, trial: Trial) -> list[int]:
        """Folds of a trial that are on disk, with models and predictions."""
        return list(self.stored(trial.candidate.key, trial.rung))

    def holds(self, trial: Trial, *, read: bool = True) -> bool:
        """Whether all of a complete trial's folds are on disk; `read` also looks into the predictions."""
        found = self.stored if read else self.artifacts.folds
        return list(found(trial.candidate.key, trial.rung)) == list(self.folds(trial.rung))

    def loss_of(self, predictions: list[Array]) -> tuple[float, tuple[float, ...]]:
        """Loss of out-of-fold predictions, as trials are scored, and the losses of the folds."""
        return self.scores.whole(predictions)

    def models(self, trial: Trial) -> list[Pipeline]:
        """Fold models of a trial that are on disk (all where it is complete); one where it was fitted once.

        Where folds go forward in time, only the last one's: it has seen the most rows, and the latest.

        Raises
        ------
        ArtifactError
            If one cannot be read, or there is none.
        """
        key = trial.candidate.key
        stored = self.artifacts.folds(key, trial.rung)
        if not stored or (trial.complete and len(stored) < len(self.folds(trial.rung))):
            raise ArtifactError(f"Trial {trial.number} lacks files of its folds in {str(self.run_dir)!r}.")
        own = [fold for fold in stored if fold == 0 or not stored[fold].out_of_bag]
        return [self.load(key, trial.rung, stored[fold]) for fold in own[-1 if self.forward else 0 :]]


def _failed(error: Exception, done: Sequence[FoldResult] = ()) -> Failure:
    text = " ".join(str(error).split())
    return Failure("failed", f"{type(error).__name__}: {text[:300]}", tuple(done))


def _with_warnings(folds: tuple[FoldResult, ...], warned: list[str]) -> tuple[FoldResult, ...]:
    return (replace(folds[0], warnings=tuple(warned[:5])), *folds[1:])
