"""The public face: `AutoML`, `AutoMLClassifier`, `AutoMLRegressor`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Never, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if

from automl import kept, native, persist, signals, types
from automl.arguments import memory, positive, refuse_foreign
from automl.arguments import path as known_path
from automl.errors import ArgumentError, DataError, InputTypeError
from automl.fitted import check_fitted
from automl.objective import Objective
from automl.plan import Plan, Replaying, Searching
from automl.report.leaderboard import scores_of
from automl.report.progress import Progress
from automl.report.search_report import lineage, search_report
from automl.report.time_report import TimeReport
from automl.result import Result
from automl.run import Given, Run
from automl.settings import Settings
from automl.tables.frame import (
    as_frame,
    as_target,
    carries_names,
    names_a_column,
    refuse_too_large,
    split_off,
)
from automl.tasks.number_target import amounts_of
from automl.trials.recorded import Recorded

Array = NDArray[Any]
CLASSIFICATION = ("classification", "binary", "multiclass")


def _gives_probabilities(model: AutoML) -> bool:
    """Whether there is `predict_proba`; before `fit` the target may still turn out to be classes."""
    if model._tasks == ("regression",) or (hasattr(model, "best_estimator_") and not hasattr(model, "classes_")):
        raise AttributeError("predict_proba is for classification; this model predicts numbers: use predict.")
    return True


def _shown(init: Callable[..., None]) -> inspect.Signature:
    """Signature for help pages and scikit-learn: without `self`, and without the foreign names that are refused."""
    _, *arguments = inspect.signature(init).parameters.values()
    return inspect.Signature([one for one in arguments if one.kind is one.KEYWORD_ONLY])


class AutoML(BaseEstimator):  # type: ignore[misc]
    """Searches over model families and their hyperparameters, and hands over the best it found.

    Parameters
    ----------
    task : {"auto", "classification", "binary", "multiclass", "regression"}
        "auto" reads it from the target: text, booleans, categories and whole numbers of at most 20 values are classes
        (more than 7 of which some come once are counts, so numbers).
    metric : str or callable
        "auto" is ROC AUC (binary), log loss (multiclass) or RMSE (regression). Any name of a scikit-learn scorer, or a
        callable ``scorer(estimator, X, y)``; it is called with stored predictions, so `X` holds row numbers only. For
        two classes, "f1", "average_precision", "recall_at_precision_0.9" and the like take the second of the sorted
        labels as positive. Where the metric is of labels, as "f1" or "balanced_accuracy", `predict` decides by
        thresholds that are learned on out-of-fold predictions where that pays (`decisions_` says which);
        `predict_proba` stays.
    costs : array-like of shape (n_classes, n_classes), optional
        What it costs to decide for a class (column) where another (row) is true, in the order of the sorted labels: 0
        on the diagonal. `predict` then decides for the least expected cost (that of `best_estimator_` and
        `best_pipeline_` too); `predict_proba` stays. Metric "auto" is then "cost", the mean cost a row; another metric
        ranks by its own rule.
    time_budget : float, None or "auto"
        Seconds until `fit` returns, ensemble and refit included. "auto" is 300, or no limit with `max_trials`.
    max_trials : int, optional
        Candidates to try at most.
    patience : int, optional
        Stop after that many candidates without a better one.
    trial_timeout : float or "auto"
        Seconds that one candidate may take.
    memory_limit : int, str or "auto"
        Bytes, or a text such as "3GB", for all worker processes together. "auto" is 80 % of the machine's memory.
    cv : "auto", "holdout", int, splitter, list of (train, validation) indices, or (X_valid, y_valid)
        "auto" is 5 folds up to 20,000 rows, 3 up to 100,000, above that one hold-out of a tenth of the rows; from 5,000
        rows on a hold-out, too, where the budget has no time for sixteen boosters on all folds. After a hold-out, what
        is handed over is fitted on all rows.
    include, exclude : list of str, optional
        Families (and steps) to search, or not to; ``automl families`` lists them.
    search : strategy, or its name: "auto", "random", "tpe" and others, which README lists
        "auto" starts with a portfolio and then mixes TPE and genetic programming by what they bring. A strategy has
        options, such as ``TPE(startup=10)`` or ``GridSearch({"lightgbm.num_leaves": [15, 31, 63]})`` of
        `automl.strategies`. "manual" tries `try_first`, or textbook settings, and nothing else.
    schedule : {"auto", "none", "halving", "hyperband"} or schedule, such as Auto(late=0.3) of `automl.schedule`
        How thoroughly candidates are evaluated. "none" evaluates each in full; "halving" tries all on few rows first
        and the best third of them on three times as many, and so on; "hyperband" does that from several rungs on;
        "auto" takes a cheap look first at candidates that are expensive beside the budget, and stops the others after
        the folds that show them clearly behind. Only full evaluations are ranked and ensembled.
    search_space : path, optional
        A folder of TOML files laid over the packaged search space.
    try_first : list of str or dict, optional
        Candidates of your own, ``"lightgbm(input, num_leaves=63)"`` or ``{"family": ..., "params": ...}``.
    ensemble : {"auto", "greedy", "single", True, False} or combiner, such as Greedy(steps=50)
        What `best_estimator_` is made of. "greedy" ("auto" and True are the same) is ensemble selection, where that is
        better than the best candidate; "single" (False) is the best candidate alone.
    refit : {"auto", "fast"}
        "fast" hands over one model of all rows in place of an ensemble of fold models: the quickest candidate that
        keeps 95 % of what the best one is better by than a constant prediction. `best_pipeline_` is the same model.
    predict_ms : float, optional
        Milliseconds that predicting a row may take, on one core where up to 1,000 rows are predicted at once, from the
        table to the prediction: an ensemble is made of what stays within that, as measured on validation rows; where it
        would be one candidate, that is fitted on all rows. Where none is quick enough, the quickest is the model, and
        `decisions_` and a note say so. A single row by itself takes longer.
    n_jobs : int
        Cores to use, native threads of the models included; -1 is all.
    random_state : int, RandomState or None
        Seed. With an int, `max_trials` and ``n_jobs=1``, a run gives the same leaderboard and predictions again.
    executor : {"processes", "inline"} or backend, such as WorkerProcesses(fork=False) of `automl.execute`
        "processes" survives crashes, hangs and lack of memory of a candidate; "inline" is for debugging.
    run_dir : path, optional
        Where journal and models of the trials are kept; a run that was killed goes on from there. A folder that is new,
        empty, or an earlier run's. Of a folder that somebody else gave you, no code is run: its journal is believed
        where it is consistent, models are read only where this user has written them on this machine.
    resume : {"auto", True, False}
        What to do with a run that `run_dir` holds: go on ("auto"), insist on it (True), start anew (False).
    verbose : int
        1 prints a line for each better candidate, 0 nothing.
    callbacks : list of callable, optional
        Each is called with a `automl.report.progress.Progress` when a trial ends, and a few times a second.

    Attributes
    ----------
    best_estimator_ : estimator
        What `predict` uses: an ensemble of fold models. `result_.cost` says what it takes.
    best_pipeline_ : Pipeline
        The best single candidate, refitted on all rows.
    best_params_ : dict
        Its hyperparameters.
    best_score_ : float or None
        What `best_estimator_` is expected to score on new rows, in the metric's own unit: its cross-validated score,
        corrected for having been chosen by it and for its fold models being averaged. Of some of the folds or rows
        where that is no model that was evaluated in full, which `time_report_["notes"]` then say. None without a score.
    best_score_interval_ : (float, float) or None
        That this score lies in with 95 %. Where chance cannot be told, as of few rows of a class or folds forward in
        time, the range of the folds' scores, which ``result_.expected.why`` then says. See `score_interval`.
    validation_score_ : float or None
        The cross-validated score without corrections, as it stands on the leaderboard.
    trials_ : list of Trial
    failures_ : list of Trial
    ensemble_weights_ : dict
        Weight of each trial in the ensemble, by number; empty without one.
    time_report_ : dict
        Where the seconds went.
    stop_reason_ : {"time_budget", "max_trials", "patience", "exhausted", "interrupted", "executor", "disk", "run_dir",
        "replayed"}
        "interrupted" is by Ctrl-C, SIGTERM or SIGHUP, "executor" by processes that cannot be started where the address
        space is limited, "disk" by a full disk, "run_dir" by a run folder that was removed or renamed: the model is the
        best until then, as far as its files are left.
    n_trials_ : int
        Candidates that were started.
    cv_splits_ : list of (train, validation) row numbers
        Those of repeats, where they decided, after those of the cross-validation itself.
    columns_ : DataFrame
        What each column was taken for.
    decisions_ : DataFrame
        What the run decided by itself, such as hold-out or folds, ensemble or single candidate: what, chosen, why.
    warnings_ : list of str
        What in the data may lead to a wrong model, one sentence each.
    result_ : Result
        All that a report needs of the run (`automl.result.Result`): settings, versions of libraries, space, trials,
        out-of-fold predictions. Independent of `run_dir`.
    classes_ : ndarray
        Sorted labels (classification only).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from automl import AutoML
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = AutoML(max_trials=2, executor="inline", n_jobs=1, verbose=0, random_state=0).fit(X, y)
    >>> model.predict(X).shape
    (150,)
    >>> list(model.leaderboard()["family"].head(1))  # doctest: +SKIP
    ['ensemble']
    """

    _tasks: tuple[str, ...] = ("auto", *CLASSIFICATION, "regression")
    result_: Result
    _plan: Callable[[], Plan] = Searching  # what `fit` is to do
    _saves = False  # whether `save` follows within the time budget, as on the command line

    def __init__(  # noqa: PLR0913  # as scikit-learn wants an estimator's arguments
        self,
        *,
        task: types.Task = "auto",
        metric: types.Metric = "auto",
        costs: ArrayLike | None = None,
        time_budget: types.Seconds = "auto",
        max_trials: int | None = None,
        patience: int | None = None,
        trial_timeout: types.Seconds = "auto",
        memory_limit: float | str | None = "auto",
        cv: types.CV = "auto",
        include: types.Names | None = None,
        exclude: types.Names | None = None,
        search: types.Search = "auto",
        schedule: types.ScheduleOption = "auto",
        search_space: types.Path | None = None,
        try_first: types.Candidates | None = None,
        ensemble: types.EnsembleOption = "auto",
        refit: Literal["auto", "fast"] = "auto",
        predict_ms: float | None = None,
        n_jobs: int | None = -1,
        random_state: types.Seed | None = None,
        executor: types.ExecutorOption = "processes",
        run_dir: types.Path | None = None,
        resume: bool | Literal["auto"] = "auto",
        verbose: int = 1,
        callbacks: Sequence[Callable[[Progress], object]] | None = None,
        **foreign: Never,
    ) -> None:
        refuse_foreign(foreign, self._get_param_names())
        self.task = task
        self.metric = metric
        self.costs = costs
        self.time_budget = time_budget
        self.max_trials = max_trials
        self.patience = patience
        self.trial_timeout = trial_timeout
        self.memory_limit = memory_limit
        self.cv = cv
        self.include = include
        self.exclude = exclude
        self.search = search
        self.schedule = schedule
        self.search_space = search_space
        self.try_first = try_first
        self.ensemble = ensemble
        self.refit = refit
        self.predict_ms = predict_ms
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.executor = executor
        self.run_dir = run_dir
        self.resume = resume
        self.verbose = verbose
        self.callbacks = callbacks

    __signature__ = _shown(__init__)

    # ---- fit

    @signals.in_order()
    def fit(
        self,
        X: types.Table,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
        X_test: types.Table | None = None,
        column_types: types.ColumnTypes | None = None,
    ) -> Self:
        """Search, and keep the best.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            A DataFrame (pandas, polars, or whatever narwhals reads), a pyarrow Table, an array, a list of rows or of
            dicts, or a SciPy sparse matrix, which is filled out where that fits a quarter of `memory_limit`. Numbers,
            booleans, categories, dates, spans of time and texts, missing values included. Names of columns are read
            as text.
        y : array-like of shape (n_rows,), or the name of a column of `X`
            The target.
        sample_weight : array-like of shape (n_rows,), or the name of a column of `X`, optional
            How much each row counts, in models that take weights and in every score; only ratios matter. A row of
            weight 0 is as if it were absent. A named column is no feature.
        groups : array-like of shape (n_rows,), or the name of a column of `X`, optional
            Rows of a group (of a patient, say) are never on both sides of a split. A named column is no feature.
        time : array-like of shape (n_rows,), or the name of a column of `X`, optional
            Numbers or dates: models are validated on later rows than they are trained on. A named column stays a
            feature.
        column_types : dict of name to kind, optional
            What columns hold, where you know better than their content tells: "number", "boolean", "category",
            "ordered" (or the list of levels, the lowest first), "date" (also seconds since 1970), "duration", "text"
            or "dropped"; or an encoding of your own. `columns_` says what each was taken for.
        X_test : DataFrame or array-like of shape (n_test_rows, n_columns), optional
            Rows to predict later, compared with `X`: `warnings_` says where they differ. Never learned from.

        Raises
        ------
        ValueError, TypeError
            If the input or an argument cannot work; the message says which and what to do (see `automl.errors`).
        """
        clock = TimeReport()
        native.single_threaded()
        settings = Settings.of(self, self._tasks)
        notes = kept.check(self._carried(), settings.executor.name)
        run = Run(settings, self._plan(), clock, saves=self._saves)
        given = Given(X, y, (sample_weight, groups, time), X_test, column_types)
        result = run.result(given, {**self.get_params(deep=False), "task": settings.task}, notes)
        for name in ("classes_", "feature_names_in_"):  # of an earlier fit
            self.__dict__.pop(name, None)
        self.__dict__.update({**result.attributes(), "result_": result})
        return self

    # ---- predict

    def predict(self, X: types.Table) -> Array:
        """Label, or value, of each row.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Of any kind that `fit` takes, not only of the one it was given. Columns are matched by name where there
            are names; further ones are ignored.

        Warns
        -----
        DataWarning
            Of cells that cannot be read as what their column was in training; they count as missing.

        Raises
        ------
        DataError
            If they are most cells of a column.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        table = self._read(X)
        return np.asarray(self.best_estimator_.predict(table))

    @available_if(_gives_probabilities)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: types.Table) -> Array:
        """Probability of each class, in the order of `classes_`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)
        """
        table = self._read(X)
        return np.asarray(self.best_estimator_.predict_proba(table))

    def score(self, X: types.Table, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy in classification, R² in regression, as scikit-learn's tools expect.

        `best_score_` and the leaderboard speak in the run's own metric.
        """
        if names_a_column(y, X):
            X, y = split_off(as_frame(X, least_rows=1), y)
        predicted = self.predict(X)
        truth = self._truth(y, len(predicted))
        metric = accuracy_score if hasattr(self, "classes_") else r2_score
        return float(metric(truth, predicted, sample_weight=sample_weight))

    def score_interval(self, n_rows: int | None = None) -> tuple[float, float] | None:
        """The interval of 95 % around `best_score_`, for new rows without end, or for a test of so many.

        Few rows have their own chance: of ten such tests, or a hundred, the scores differ more than the model's does.

        Parameters
        ----------
        n_rows : int, optional
            Rows of the test.

        Returns
        -------
        (float, float) or None
            None where there is no such interval; ``result_.expected.why`` says why.
        """
        check_fitted(self)
        rows = positive("n_rows", n_rows, whole=True)
        return self.result_.expected.of_rows(np.inf if rows is None else rows)

    def _truth(self, y: Any, rows: int) -> pd.Series[Any]:
        """Answers, read as the target was."""
        truth = as_target(y, rows)
        return truth if hasattr(self, "classes_") else amounts_of(truth, self.result_.target_format)

    def predict_oof(self) -> Array:
        """Predictions of the training rows by models that have not seen them.

        Returns
        -------
        ndarray of shape (n_rows, n_classes) or (n_rows,)
            NaN for rows that were in no validation part (of a model that was not evaluated in full: of its folds), or
            whose predictions are lost.
        """
        check_fitted(self)
        return self.result_.out_of_fold.copy()

    def _read(self, X: Any) -> pd.DataFrame:
        check_fitted(self)
        native.single_threaded()
        refuse_too_large(X, memory(self.memory_limit))
        frame, columns = as_frame(X, least_rows=1), self.result_.columns
        known = carries_names(X) and (hasattr(self, "feature_names_in_") or set(columns.names) <= set(frame.columns))
        if not known:
            if frame.shape[1] != self.n_features_in_:
                raise DataError(
                    f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting "
                    f"{self.n_features_in_} features as input; give the columns of fit."
                )
            frame = frame.set_axis(columns.names, axis=1)
        return columns.align(frame)

    # ---- search from outside

    def objective(
        self,
        X: types.Table,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        time: ArrayLike | None = None,
        column_types: types.ColumnTypes | None = None,
    ) -> Objective:
        """What `fit` minimises, as a function, for an optimiser of your own; nothing is searched, fitted or kept here.

        Parameters
        ----------
        X, y, sample_weight, groups, time, column_types
            As in `fit`.

        Returns
        -------
        Objective
            Takes a candidate (a text, a dict, or a point of Hyperopt over ``objective.space.to_hyperopt()``), and gives
            what Hyperopt's `fmin` wants. With the same `random_state`, scores are those of `fit`. Use it in a ``with``.

        Raises
        ------
        ValueError, TypeError
            If the input or an argument cannot work, as in `fit`.
        """
        native.single_threaded()
        settings = Settings.of(self, self._tasks)
        return Objective(settings, X, y, (sample_weight, groups, time), column_types)

    # ---- look and keep

    @property
    def columns_(self) -> pd.DataFrame:
        """What each column was taken for."""
        check_fitted(self)
        return self.result_.columns.frame()

    @property
    def decisions_(self) -> pd.DataFrame:
        """What the run decided by itself, and why."""
        check_fitted(self)
        return pd.DataFrame(self.result_.decisions, columns=["what", "chosen", "why"])

    def leaderboard(self) -> pd.DataFrame:
        """One row a candidate, the best first; partial and failed ones have no rank.

        Returns
        -------
        DataFrame
            With the columns rank, id, family, pipeline, score, score_std, score_train, expected, expected_low,
            expected_high, diagnosis, folds, rung (how thoroughly it was evaluated), fit_seconds, predict_ms_per_row,
            size_kb, origin, status and error. `score`, of out-of-fold predictions, ranks; `expected` is `best_score_`,
            which only what is handed over has. `predict_ms_per_row` is of one model of a candidate, its preparation
            included, and of the whole ensemble, from the table to the prediction, each where up to 1,000 rows are
            predicted at once. Beside the best single candidate, a row "overfits" where it does better on training rows
            but worse on validation rows, by more than two standard errors; "underfits" where it does that much worse on
            both; else it "fits". For the ensemble and for rows without rank or training score, `diagnosis` is empty.
        """
        check_fitted(self)
        return self.result_.leaderboard.copy()

    def search_report(self) -> pd.DataFrame:
        """Who proposed what, what it took, and what it brought.

        Returns
        -------
        DataFrame
            One row a strategy (an ``origin`` of the leaderboard), with the columns strategy, candidates, whole (those
            evaluated in full), seconds (of evaluation, all cores together), share (of these seconds), new_bests (how
            often it found a better one than all before), among_best (of the ten best candidates), best_score and
            weight (in the model that is handed over).
        """
        check_fitted(self)
        result = self.result_
        return search_report(result.trials, result.weights or {result.best.number: 1.0}, scores_of(result.leaderboard))

    def lineage(self, trial: int | None = None) -> pd.DataFrame:
        """Where a candidate comes from: the trials that it was bred from, those that these were bred from, and so on.

        Parameters
        ----------
        trial : int, optional
            The leaderboard's `id` of a candidate; the best one where not given.

        Returns
        -------
        DataFrame
            With the columns generation (0 is the candidate, -1 its parents), id, origin, score, parents and pipeline.
        """
        check_fitted(self)
        result = self.result_
        number = result.best.number if trial is None else trial
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise InputTypeError(f"trial must be a whole number, an id of the leaderboard; got {trial!r}.")
        if number not in range(len(result.trials)):
            last = len(result.trials) - 1
            raise ArgumentError(f"trial must be an id of a candidate in the leaderboard, 0 to {last}; got {trial!r}.")
        return lineage(result.trials, result.space, scores_of(result.leaderboard), int(number))

    def label_suspects(self, n: int | None = None) -> pd.DataFrame:
        """Training rows whose label may be wrong, the most doubtful first.

        In classification, rows that models which have not seen them give to another class, with at least the
        probability that this class has on average where it is the label (confident learning: Northcutt, Jiang and
        Chuang 2021), and copies of a row with different labels. In regression, rows whose residual is more than five
        robust standard deviations from the others of similar prediction. Where classes overlap, correct labels are
        among them: look at the rows before you change any.

        Parameters
        ----------
        n : int, optional
            Rows to give at most.

        Returns
        -------
        DataFrame
            With the columns row (its number in `X`, from 0), label, predicted, probability (of the label; NaN in
            regression), deviations (robust standard deviations of the residual; NaN in classification) and reason.
        """
        check_fitted(self)
        return self.result_.labels.suspects(positive("n", n, whole=True))

    def save(self, path: types.Path) -> Path:
        """Write the fitted model to a file (joblib); `AutoML.load` reads it.

        A joblib file can run code when it is loaded: load only files that you trust. An earlier model is replaced;
        a file that holds something else is not.
        """
        check_fitted(self)
        return persist.save(self, Path(known_path("path", path)))

    @staticmethod
    def load(path: types.Path) -> AutoML:
        """Read a model that `save` wrote. Only for files that you trust: loading can run code."""
        return persist.load(Path(known_path("path", path)), AutoML)

    # ---- scikit-learn

    @staticmethod
    def replay(run_dir: types.Path, **changed: Any) -> AutoML:
        """An estimator whose `fit` runs the trials of a run again, from its journal, instead of searching.

        Given the same data, it ends with the run's leaderboard (all columns but `fit_seconds`, `predict_ms_per_row` and
        `size_kb`) and its predictions, whatever `n_jobs` and `time_budget` the run had. Trials that failed, were cut or
        took too long are not run, but taken over as the journal has them. No code of the run's folder is run, and no
        path is taken from its journal.

        Parameters
        ----------
        run_dir : path
            Of the recorded run; it is only read.
        **changed
            `n_jobs`, `executor`, `memory_limit`, `search_space`, `verbose`, and what a journal cannot hold, such as a
            metric or a splitter of your own.

        Returns
        -------
        AutoML
            Not fitted; `fit` takes the data as the run's did.

        Raises
        ------
        ValueError
            If there is no run to replay, or an argument is lacking (see `automl.errors`); `fit` raises it where the
            data is not the run's.
        """
        recorded = Recorded(known_path("run_dir", run_dir))
        model = AutoML(**recorded.arguments(changed))
        model._plan = partial(Replaying, recorded.path.resolve())
        return model

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        return {**state, **kept.by_value(self._carried()), "callbacks": None}  # these are functions of this session

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(kept.unpacked(state))

    def _carried(self) -> dict[str, Any]:
        """Arguments that a pickled estimator keeps."""
        arguments: dict[str, Any] = self.get_params(deep=False)
        return {name: value for name, value in arguments.items() if name != "callbacks"}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    @property
    def _estimator_type(self) -> str | None:
        """What scikit-learn's tools take it for: known once `task` is given, or `fit` has read the target."""
        if self.__sklearn_is_fitted__():
            return "classifier" if hasattr(self, "classes_") else "regressor"
        task = self._tasks[0] if self.task == "auto" else self.task
        return {**dict.fromkeys(CLASSIFICATION, "classifier"), "regression": "regressor"}.get(str(task))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = self._estimator_type
        tags.classifier_tags = ClassifierTags() if tags.estimator_type == "classifier" else None
        tags.regressor_tags = RegressorTags() if tags.estimator_type == "regressor" else None
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class AutoMLClassifier(ClassifierMixin, AutoML):  # type: ignore[misc]
    """`AutoML` for classification, whatever the target looks like."""

    _tasks = CLASSIFICATION


class AutoMLRegressor(RegressorMixin, AutoML):  # type: ignore[misc]
    """`AutoML` for regression, whatever the target looks like."""

    _tasks = ("regression",)
