"""The evaluator: fits a candidate on the folds, keeps models and predictions, and says how good it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from automl.data.splits import Split
from automl.data.table import Table
from automl.data.task import Task
from automl.evaluate.limits import Clock, contained
from automl.evaluate.out_of_bag import out_of_bag, partitions
from automl.evaluate.rounds import Fitted, settle
from automl.pipeline.build import Recipe, booster_of, build, predict
from automl.pipeline.fitting import arguments, fit
from automl.space.facts import fitted_once
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.trials.artifacts import Artifacts, LeafCache, write_whole
from automl.trials.trial import TOP, Failure, FoldResult, Job, Outcome, Rung, Trial

Array = NDArray[Any]

TRAIN_SAMPLE = 2_000  # training rows a fold that the training score looks at


class InvalidPredictionError(ValueError):
    """A model predicted something that is no finite number."""


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
    seed : int
        The run's seed.
    run_dir : Path
        Where artifacts and shared arrays lie. A pickled evaluator opens the table from there, memory-mapped.
    plain : bool
        Whether rows are unrelated and count alike (no groups, time, copies or weights), so that a forest's out-of-bag
        rows tell what folds would. False where that is not known, as with splits of the user's own.

    Attributes
    ----------
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
    ) -> None:
        self.task, self.space, self.table, self.y = task, space, table, y
        self.splits, self.seed, self.run_dir = splits, seed, run_dir
        self.artifacts = Artifacts(run_dir)
        self.cache = LeafCache(run_dir)
        self.out_of_bag_allowed = plain and partitions(splits, len(y))
        lacking = [len(np.unique(y[valid])) < task.n_outputs for _, valid in splits]
        time = table.about.time
        self.forward = time is not None and all(time[train].max() < time[valid].min() for train, valid in splits)
        # decided once a run: every row of the leaderboard is scored the same way
        self.pooled = task.metric.needs_all_classes and any(lacking)

    # ---- travelling to workers

    def __getstate__(self) -> dict[str, Any]:
        folder = self.run_dir / "table"
        arrays = {**self.table.arrays(), "y": self.y}
        for name, array in arrays.items():
            if not (folder / f"{name}.npy").exists():
                write_whole(folder / f"{name}.npy", lambda path, array=array: np.save(path, array))  # type: ignore[misc]
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
            with contained(job.threads) as warned:
                if job.refit:
                    return self._refit(job)
                outcome = self._evaluate(job, done)
            if not isinstance(outcome, Failure) and warned:
                outcome = replace(outcome, folds=_with_warnings(outcome.folds, warned))
            return outcome
        except MemoryError as error:
            return Failure("memory", f"MemoryError: {error}", tuple(done))
        except Exception as error:  # a candidate may fail in any way; the run goes on without it
            text = " ".join(str(error).split())
            return Failure("failed", f"{type(error).__name__}: {text[:300]}", tuple(done))

    def _evaluate(self, job: Job, done: list[FoldResult]) -> Outcome | Failure:
        if self.out_of_bag_allowed and job.rung == TOP and fitted_once(job.candidate, self.space):
            done += self._fit_once(job)
            return self._outcome(job, done, None)
        clock = Clock()
        stored = self.artifacts.folds(job.candidate.key, job.rung)
        fitted: dict[int, Fitted] = {}
        for fold in self.folds(job.rung):
            if fold in stored:
                done.append(stored[fold])
                continue
            if done and (failure := _out_of_time(job, clock.seconds(), done)) is not None:
                return failure
            fitted[fold] = self._fit_fold(job, fold)
            self._save(job, fitted[fold])
            done.append(fitted[fold].result)
        rounds = self._settle_rounds(job, fitted, done)
        return self._outcome(job, done, rounds)

    def finished_folds(self, job: Job) -> tuple[FoldResult, ...]:
        """Folds of a job that are on disk already."""
        return () if job.refit else tuple(self.artifacts.folds(job.candidate.key, job.rung).values())

    def folds(self, rung: Rung) -> range:
        """Numbers of the folds of a rung."""
        return range(max(1, round(rung.folds * len(self.splits))))

    def _outcome(self, job: Job, done: list[FoldResult], rounds: int | None) -> Outcome:
        fold_losses: tuple[float, ...] = ()
        if self.pooled:
            parts = [self.artifacts.prediction(job.candidate.key, job.rung, result.fold) for result in done]
            rows = np.concatenate([self.splits[result.fold][1] for result in done])
            loss = self._score(rows, np.concatenate(parts))
        else:
            fold_losses = tuple(result.loss for result in done if result.loss is not None)
            loss = float(np.mean(fold_losses))
        train_losses = [result.train_loss for result in done if result.train_loss is not None]
        train_loss = float(np.mean(train_losses)) if train_losses else None
        if not np.isfinite(loss):
            raise InvalidPredictionError(f"the metric {self.task.metric.name} is no finite number on these predictions")
        return Outcome(tuple(done), loss, fold_losses, train_loss, rounds=rounds)

    # ---- one fold

    def recipe(self, seed: int, threads: int, rounds: int | None = None) -> Recipe:
        """What a candidate is built with for the folds: classes are coded."""
        classes = None if self.task.classes is None else np.arange(len(self.task.classes))
        metric = self.task.metric.name
        n_categories = len(self.table.levels)
        many = self.table.n_many
        return Recipe(self.space, self.task.kind, classes, n_categories, metric, seed, threads, rounds, many)

    def _fit_fold(self, job: Job, fold: int) -> Fitted:
        train, valid = self._tables(fold)
        y_train, y_valid = (self.y[rows] for rows in self.splits[fold])
        seed = derive_seed(self.seed, job.candidate.key, fold)
        pipeline = build(job.candidate, self.recipe(seed, job.threads))
        prepare, model = pipeline[:-1], pipeline[-1]
        clock = Clock()
        matrix = prepare.fit_transform(train, y_train)
        matrix_valid = prepare.transform(valid)
        prepare_seconds = clock.lap()
        if _takes_eval_set(model):
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
            loss=self._loss(self.splits[fold][1], prediction),
            train_loss=self._train_loss(pipeline, fold) if booster is None else None,
            prepare_seconds=prepare_seconds,
            fit_seconds=fit_seconds,
            predict_seconds=predict_seconds,
            rows_predicted=len(y_valid),
            model_bytes=0,
            rounds=None if booster is None else booster.rounds_,
        )
        return Fitted(result, pipeline, prediction)

    def _tables(self, fold: int) -> tuple[Table, Table]:
        train, valid = self.splits[fold]
        cache = self.cache
        return self.table.take(train, f"train{fold}", cache), self.table.take(valid, f"valid{fold}", cache)

    def _train_loss(self, pipeline: Pipeline, fold: int) -> float | None:
        """For people to look at only; None where it has no value."""
        rows = train = self.splits[fold][0]
        if len(train) > TRAIN_SAMPLE:
            rng = np.random.default_rng(derive_seed(self.seed, "train", fold))
            rows = np.sort(rng.choice(train, TRAIN_SAMPLE, replace=False))
            if self.task.classes is not None:  # a rare class must not be lost: some metrics need all
                rows = np.union1d(rows, train[np.unique(self.y[train], return_index=True)[1]])
        sample = self.table.take(rows, f"sample{fold}", self.cache)
        prediction = predict(pipeline, sample)
        try:
            loss = self._score(rows, prediction)
        except ValueError:  # a scorer that needs a class which these rows lack
            return None
        return loss if np.isfinite(loss) else None

    def _score(self, rows: Array, prediction: Array) -> float:
        """Loss of the predictions of some rows, each by its weight."""
        return self.task.metric.loss(self.y[rows], prediction, self.weights(rows))

    def weights(self, rows: Array) -> Array | None:
        """Weights of some rows; None where all count alike."""
        return self.table.about.weights(rows)

    def _loss(self, rows: Array, prediction: Array) -> float | None:
        """Loss of a fold; None where it lacks a class that the metric needs, which pooled runs do without."""
        try:
            loss = self._score(rows, prediction)
        except ValueError:
            if not self.pooled:
                raise
            return None
        if np.isfinite(loss):
            return loss
        if self.pooled:
            return None
        raise InvalidPredictionError(f"the metric {self.task.metric.name} is no finite number on these predictions")

    def _save(self, job: Job, fitted: Fitted) -> None:
        result = fitted.result
        fitted.result = self.artifacts.save_fold(
            job.candidate.key, job.rung, result, fitted.pipeline, fitted.prediction
        )

    def _settle_rounds(self, job: Job, fitted: dict[int, Fitted], done: list[FoldResult]) -> int | None:
        """One number of rounds for all folds; what was predicted and told of them before is rewritten."""
        if all(result.rounds is None for result in done):
            return None
        for result in done:  # folds from before an interruption
            if result.fold not in fitted:
                model = self._load(job.candidate.key, job.rung, result)
                prediction = self.artifacts.prediction(job.candidate.key, job.rung, result.fold)
                fitted[result.fold] = Fitted(result, model, prediction)
        states = [fitted[result.fold] for result in done]
        rounds, used = settle(states, lambda state: predict(state.pipeline, self._tables(state.result.fold)[1]))
        for place, (state, wanted) in enumerate(zip(states, used, strict=False)):
            fold = state.result.fold
            loss = self._loss(self.splits[fold][1], state.prediction)
            train_loss = self._train_loss(state.pipeline, fold)
            done[place] = replace(done[place], loss=loss, train_loss=train_loss, rounds=wanted)
            self.artifacts.rewrite_fold(job.candidate.key, job.rung, done[place], state.prediction)
        return rounds

    def _load(self, key: str, rung: Rung, result: FoldResult) -> Pipeline:
        """A fold's model, with the number of rounds that was settled after it was written."""
        pipeline: Pipeline = self.artifacts.model(key, rung, result.fold)
        if (booster := booster_of(pipeline)) is not None and result.rounds is not None:
            booster.rounds_ = result.rounds
        return pipeline

    # ---- all rows

    def _fit_once(self, job: Job) -> list[FoldResult]:
        """The folds of a forest that validates itself: one model, the first fold's, stands for all of them."""
        key = job.candidate.key
        stored = self.artifacts.folds(key, job.rung)
        if len(stored) == len(self.splits):
            return list(stored.values())
        pipeline = build(job.candidate, self.recipe(derive_seed(self.seed, key, "refit"), job.threads))
        clock = Clock()
        matrix = pipeline[:-1].fit_transform(self.table.take(np.arange(len(self.y)), "all", self.cache), self.y)
        prepare_seconds = clock.lap()
        pipeline[-1].fit(matrix, self.y, **arguments(pipeline[-1], self.table.about))
        prediction = out_of_bag(pipeline, matrix)
        fit_seconds = clock.lap()
        train_loss = self._train_loss(pipeline, 0)
        seconds = (prepare_seconds, fit_seconds, clock.lap())
        done: list[FoldResult] = []
        for fold, (train, valid) in enumerate(self.splits):
            loss, rows = self._loss(valid, prediction[valid]), min(len(train), TRAIN_SAMPLE)
            spent = (*seconds, rows) if fold == 0 else (0.0, 0.0, 0.0, 0)
            result = FoldResult(fold, loss, train_loss, *spent, model_bytes=0, out_of_bag=True)
            model = pipeline if fold == 0 else None
            done.append(self.artifacts.save_fold(key, job.rung, result, model, prediction[valid]))
        return done

    def _refit(self, job: Job) -> Outcome:
        key, clock = job.candidate.key, Clock()
        recipe = self.recipe(derive_seed(self.seed, key, "refit"), job.threads, job.rounds)
        used = self.table.about.used
        table, y = (self.table, self.y) if used is None else (self.table.take(used), self.y[used])
        stored = self.artifacts.folds(key, TOP)
        if self.task.classes is not None:
            recipe, y = replace(recipe, classes=self.task.classes), self.task.classes[y]
        if stored and stored[0].out_of_bag:  # fitted on all rows already
            pipeline = self.artifacts.model(key, TOP, 0)
            if recipe.classes is not None:
                pipeline[-1].relabel(recipe.classes)
        else:
            pipeline = fit(build(job.candidate, recipe), table, y)
        self.artifacts.save_refit(key, pipeline)
        result = FoldResult(0, 0.0, 0.0, 0.0, clock.seconds(), 0.0, 0, 0, job.rounds)
        return Outcome((result,), 0.0, (), 0.0)

    # ---- whole candidates

    def out_of_fold(self, trial: Trial) -> list[Array]:
        """Validation predictions of a complete trial, one array a fold."""
        return [self.artifacts.prediction(trial.candidate.key, trial.rung, fold) for fold in self.folds(trial.rung)]

    def loss_of(self, predictions: list[Array]) -> tuple[float, tuple[float, ...]]:
        """Loss of out-of-fold predictions, as trials are scored, and the losses of the folds."""
        parts = [valid for _, valid in self.splits]
        if self.pooled:
            return self._score(np.concatenate(parts), np.concatenate(predictions)), ()
        losses = tuple(self._score(rows, p) for rows, p in zip(parts, predictions, strict=True))
        return float(np.mean(losses)), losses

    def models(self, trial: Trial) -> list[Pipeline]:
        """Fold models of a trial that are on disk (all where it is complete); one where it was fitted once.

        Where folds go forward in time, only the last one's: it has seen the most rows, and the latest.
        """
        key = trial.candidate.key
        stored = self.artifacts.folds(key, trial.rung)
        own = [fold for fold in sorted(stored) if fold == 0 or not stored[fold].out_of_bag]
        return [self._load(key, trial.rung, stored[fold]) for fold in own[-1 if self.forward else 0 :]]


def _out_of_time(job: Job, seconds: float, done: list[FoldResult]) -> Failure | None:
    """For executors that cannot stop a job: the limits, looked at between folds."""
    if job.seconds_limit is not None and seconds > job.seconds_limit:
        return Failure("timeout", f"Took longer than {job.seconds_limit:.1f} s.", tuple(done))
    if job.search_seconds is not None and seconds > job.search_seconds:
        return Failure("cut", "The search ended first.", tuple(done))
    return None


def _takes_eval_set(model: Any) -> bool:
    """Whether a model says that it grows in stages and wants validation rows to see which is best."""
    return bool(getattr(getattr(model, "model", model), "takes_eval_set", False))


def _with_warnings(folds: tuple[FoldResult, ...], warned: list[str]) -> tuple[FoldResult, ...]:
    return (replace(folds[0], warnings=tuple(warned[:5])), *folds[1:])
