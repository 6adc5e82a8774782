"""What decides on small tables: how an ensemble chooses, among how many candidates, and folds that are made anew.

    python benchmarks/small_tables.py --splits 10 --seconds 20
    python benchmarks/small_tables.py --report

Training parts of small tables are split anew, 70 of 100 rows for the search and 30 for the test, once a split: a test
part of 250 rows does not tell differences of a hundredth from chance. One search a split serves all arms: it runs on
one thread, without repeats, and what an arm hands over is made of the same fold models and out-of-fold predictions. The
arms named "early" take only the candidates that were there after `CUT` of the search, and its rest goes to repeats of
the cross-validation of the best of them where these seconds suffice; else they are the others. "cut" is what is handed
over without repeats, "cut anew" the same weights with the repeats' fold models. Seconds are the process's, so that
neighbours do not count.

Each arm of each split is a row of `benchmarks/results/small_tables.csv`, appended as it ends; those that are there are
skipped. `--report` prints by table how many percent the loss on the test rows is above that of `base`, the mean over
splits, and over tables the mean of these means, with the standard error of all splits (each less its table's mean), and
in how many splits of those that differ it is lower.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import outside
import pandas as pd
import support
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from support import Key, Meta, Row

if TYPE_CHECKING:
    from automl.run import Run

FIELDS = [
    "label", "table", "split", "seconds", "arm", "rows", "tried", "among", "members", "models", "metric", "validation",
    "test", "choice_seconds", "commit", "error",
]  # fmt: skip
TABLES = ["credit_g", "titanic", "soybean", "insurance", "communities_crime", "diabetes"]
OWN: dict[str, Meta] = {"diabetes": {"metric": "rmse", "task": "regression", "target": "target"}}  # scikit-learn's
TEST_SHARE = 0.3
CUT = 0.6  # of the search, after which the "early" arms repeat the cross-validation
SHORTLIST = 12  # candidates that are validated anew
REPEATS = 3
BAGS = 20  # ensembles that are averaged, each of
BAG_SHARE = 0.5  # of the candidates
FEW = (500, 8), (2_500, 15)  # rows, and candidates that an ensemble may choose from
BASE = "base"
WAYS = {"": (False, False), "few": (True, False), "bagged": (False, True), "few bagged": (True, True)}
EARLY = [f"early {way}".strip() for way in WAYS]
ARMS = [BASE, *filter(None, WAYS), "eight", "single", "cut", "cut anew", *EARLY, "early single"]


def few(rows: int) -> int:
    """Candidates that an ensemble may choose from: a power of the rows, through the points of `FEW`."""
    (rows_0, count_0), (rows_1, count_1) = FEW
    return max(2, round(count_0 * (rows / rows_0) ** (np.log(count_1 / count_0) / np.log(rows_1 / rows_0))))


def read(name: str) -> tuple[pd.DataFrame, pd.Series, Meta]:
    """Columns and target of a table's training part, and what is known of it."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True, as_frame=True)
        return X, y, OWN[name]
    meta = support.read_tables()[name]
    return *support.read_part(name, "train", str(meta["target"])), meta


def parts_of(name: str, split: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series, Meta]:
    """Rows to search with and to test on."""
    X, y, meta = read(name)
    labels = None if meta["task"] == "regression" or y.value_counts().min() < 2 else y
    cut = train_test_split(X, y, test_size=TEST_SHARE, random_state=split, stratify=labels)
    X_train, X_test, y_train, y_test = (part.reset_index(drop=True) for part in cut)
    return X_train, X_test, y_train, y_test, meta


# ---- what is made of one search


def bagged(seen: Any, bags: int = BAGS, steps: int = 25) -> dict[int, float]:
    """Weights averaged over greedy selections of random subsets (Caruana et al. 2004, section 2.3)."""
    from dataclasses import replace

    from automl.ensemble.combiners.greedy import Greedy

    count = len(seen.predictions[0])
    rng, weights = np.random.default_rng(0), np.zeros(count)
    for _ in range(bags):
        places = np.sort(rng.choice(count, max(1, round(BAG_SHARE * count)), replace=False))
        found = Greedy(steps).fit(replace(seen, predictions=[fold[places] for fold in seen.predictions]))
        for place, weight in found.items():
            weights[places[place]] += weight / bags
    return {int(place): float(weights[place]) for place in np.flatnonzero(weights)}


class Study:
    """The arms of one search that has ended."""

    def __init__(self, problem: Any, history: Any, evaluator: Any, X_test: pd.DataFrame, y_test: pd.Series) -> None:
        self.problem, self.history, self.evaluator, self.stored = problem, history, evaluator, evaluator.stored
        self.task, self.rows = problem.task, len(evaluator.data.y)
        self.table = problem.data.columns.encode(X_test)
        classes, self.truth = self.task.classes, y_test.to_numpy()
        if classes is not None:
            self.truth = np.searchsorted(classes, self.truth.astype(classes.dtype))
        self.test: dict[tuple[int, float], Any] = {}  # predictions of the test rows, by trial and repeats

    def keep(self, path: Path) -> None:
        """Leave what rules of selection need: out-of-fold and test predictions of all candidates, the best first."""
        trials, data = self.searched(self.history.trials), self.stored.data
        folds = [data.splits[fold][1] for fold in data.folds(trials[0].rung)]
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            path, y=np.concatenate([data.y[rows] for rows in folds]), sizes=list(map(len, folds)),
            predictions=np.stack([np.concatenate(self.stored.out_of_fold(trial)) for trial in trials]),
            truth=self.truth, test=np.stack([self.predicted(trial) for trial in trials]).astype(np.float32),
            families=[trial.candidate.family for trial in trials], kind=self.task.kind, metric=self.task.metric.name,
        )  # fmt: skip

    def arms(self, early: bool) -> Iterator[Row]:
        """All of them, those that need no repeats first: these settle the models of the repeated anew."""
        trials = self.searched(self.history.trials)
        yield self.row(BASE, trials)
        for way in filter(None, WAYS):
            yield self.row(way, trials)
        yield self.row("eight", trials[:8])
        yield self.row("single", trials[:1])
        yield from self.early(trials) if early else ()

    def early(self, trials: Sequence[Any]) -> Iterator[Row]:
        """Those that stop before the end of the search; `trials` are what a whole one has."""
        begun, ended = self.history.trials[1].started, max(t.finished or 0.0 for t in self.history.trials)
        cut = begun + CUT * (ended - begun)
        there = self.searched([t for t in self.history.trials if t.finished is not None and t.finished <= cut])
        yield self.row("cut", there)
        repeats = self.repeats(there[:SHORTLIST], ended - cut)
        if repeats:
            self.test.clear()  # there are more models
            yield self.row("cut anew", there)
        repeated = self.searched([*there, *repeats]) if repeats else trials
        for arm in EARLY:
            yield self.row(arm, repeated)
        yield self.row("early single", repeated[:1])

    def searched(self, trials: Sequence[Any]) -> list[Any]:
        """Candidates whose files are kept, the best first; of the rung of the best."""
        from automl.trials.ranking import ranked
        from automl.trials.trial import DUMMY

        found = [t for t in ranked(trials) if t.origin != DUMMY and self.stored.holds(t)]
        return [t for t in found if t.rung == found[0].rung]

    def repeats(self, trials: Sequence[Any], seconds: float) -> list[Any]:
        """Trials of further cross-validations: all get the second one first, and what does not fit is not begun."""
        from automl.trials.trial import Job, Outcome, Proposal, Rung

        ends, done = time.monotonic() + seconds, []
        for repeats in range(2, REPEATS + 1):
            if sum(trial.work_seconds for trial in trials) > ends - time.monotonic():
                return done
            for before in trials:
                if time.monotonic() > ends:
                    return done
                proposal = Proposal(before.candidate, before.origin, before.parents)
                job = Job(proposal, Rung(folds=float(repeats)))
                trial = self.history.start(job, time.monotonic())
                outcome = self.evaluator.run(job)
                if time.monotonic() <= ends:
                    trial = self.history.finish(trial, outcome, time.monotonic())
                    done += [trial] if isinstance(outcome, Outcome) else []
        return done

    def row(self, arm: str, trials: Sequence[Any]) -> Row:
        """The loss of what an arm hands over."""
        from automl.ensemble.combiners.greedy import Greedy
        from automl.ensemble.sample import Sample

        limited, bags = WAYS.get(arm.removeprefix("early").strip(), (False, False))
        among = list(trials[: few(self.rows)] if limited else trials)
        started = time.process_time()
        weights = {0: 1.0}
        if len(among) > 1:
            sample = Sample(self.stored.data, self.stored.data.folds(among[0].rung))
            parts = [[self.stored.prediction(t, fold, rows) for fold, rows in enumerate(sample.rows)] for t in among]
            seen = sample.seen(parts, lambda: False, averages=True)
            weights = bagged(seen) if bags else Greedy().fit(seen)
        seconds = time.process_time() - started
        folds = self.stored.data.folds(among[0].rung)
        blend = [sum(w * self.stored.prediction(among[p], fold) for p, w in weights.items()) for fold in folds]
        test = sum(weight * self.predicted(among[place]) for place, weight in weights.items())
        return {
            "arm": arm, "rows": self.rows, "tried": len(self.history.searched()), "among": len(among),
            "members": len(weights), "models": sum(len(self.stored.models(among[place])) for place in weights),
            "validation": f"{self.stored.data.scores.whole(blend)[0]:.6g}",
            "test": f"{self.task.metric.loss(self.truth, test):.6g}", "choice_seconds": round(seconds, 3),
        }  # fmt: skip

    def predicted(self, trial: Any) -> Any:
        """The mean of its fold models' predictions of the test rows."""
        key = trial.number, trial.rung.folds
        if key not in self.test:
            self.test[key] = outside.predicted(self.stored, trial, self.table)
        return self.test[key]


# ---- the search


class _EndedError(Exception):
    """The search has ended."""


def run_of(settings: Any, found: list[Any]) -> Run:
    """A run that ends after its search, and leaves what it knows in `found`."""
    from automl.plan import Searching
    from automl.report.time_report import TimeReport
    from automl.run import Run

    class SearchOnly(Run):
        """No hand-over."""

        def _finalize(self, problem: Any, history: Any, evaluator: Any, *_: Any) -> Any:
            found.extend([problem, history, evaluator])
            history.journal = None  # it closes with the run
            raise _EndedError

    return SearchOnly(settings, Searching(), TimeReport())


def without_repeats() -> Any:
    """The default schedule, but for repeats."""
    from automl.schedule.auto import Auto, AutoPolicy
    from automl.schedule.promotion import Repeats

    class WithoutRepeats(Auto):
        """No candidate is validated anew."""

        name = "unrepeated"

        def policy(self, run: Any) -> Any:
            found = AutoPolicy(run, self)
            found.promotions = [rule for rule in found.promotions if not isinstance(rule, Repeats)]
            return found

    return WithoutRepeats()


def measure(name: str, split: int, options: argparse.Namespace) -> Iterator[Row]:
    """The rows of one split."""
    from automl import AutoML
    from automl.run import Given
    from automl.settings import Settings

    X_train, X_test, y_train, y_test, meta = parts_of(name, split)
    folder = options.folder
    shutil.rmtree(folder, ignore_errors=True)
    model = AutoML(
        task="regression" if meta["task"] == "regression" else "classification", metric=meta["metric"],
        time_budget=options.seconds, n_jobs=1, random_state=split, executor="inline", run_dir=folder, verbose=0,
        schedule=without_repeats(), include=options.include,
    )  # fmt: skip
    found: list[Any] = []
    try:
        run_of(Settings.of(model, ("classification", "regression")), found).result(
            Given(X_train, y_train, (None, None, None), None, None), model.get_params(deep=False), []
        )
    except _EndedError:
        study = Study(*found, X_test, y_test)
        if options.keep is not None:
            study.keep(options.keep / f"{name}-{split}.npz")
        for row in study.arms(early=not options.whole):
            yield row | {"metric": meta["metric"]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- the report


def report(rows: list[Row], label: str, seconds: float, markdown: bool) -> None:
    """Loss of each arm beside that of `base`, by table and over tables."""
    frame = pd.DataFrame([r for r in rows if r["label"] == label and float(r["seconds"]) == seconds and not r["error"]])
    frame["test"] = frame["test"].astype(float)
    frame["test"] += frame["metric"] == "roc_auc"  # 1 - AUC
    losses = frame.pivot_table(index=["table", "split"], columns="arm", values="test")
    change = 100 * (losses.div(losses[BASE], axis=0) - 1)
    among = frame.assign(members=frame["members"].astype(float)).groupby("arm")["members"].mean()
    lines = []
    for arm in [arm for arm in ARMS if arm in change and arm != BASE]:
        told = change[arm].dropna()
        means = told.groupby("table").mean()
        inside = told - told.groupby("table").transform("mean")
        error = np.sqrt((inside**2).sum() / max(1, len(told) - len(means))) / np.sqrt(len(told))
        line = {"arm": arm} | {name: f"{means.get(name, np.nan):+.2f}" for name in change.index.unique("table")}
        line |= {"mean": f"{means.mean():+.2f} ± {error:.2f}"}
        line |= {"lower in": f"{(told < 0).sum()} of {(told != 0).sum()}", "members": f"{among[arm]:.1f}"}
        lines.append(line)
    support.show(pd.DataFrame(lines), markdown)
    counts = losses.groupby("table").size()
    print(f"\nPercent above the loss of {BASE} ({among[BASE]:.1f} members); splits: {counts.to_dict()}")


# ---- the batch


def key(row: Row) -> Key:
    """What names a row."""
    return row["label"], row["table"], int(row["split"]), float(row["seconds"]), row["arm"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--splits", type=int, default=10, help="of each table")
    parser.add_argument("--seconds", type=float, default=20, help="of the process, a search")
    parser.add_argument("--include", nargs="+", help="families; all where not given (name another --label for it)")
    parser.add_argument("--label", default="now", help="names a state of the code; its rows are not made twice")
    parser.add_argument("--folder", type=Path, default=Path("small_tables_run"), help="of the search; removed")
    parser.add_argument("--results", type=Path, default=support.RESULTS / "small_tables.csv")
    parser.add_argument("--whole", action="store_true", help="without the early arms")
    parser.add_argument("--keep", type=Path, help="folder for predictions, which `ensemble_rules.py` takes as a pool")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without the bars of markdown")
    options = parser.parse_args()
    rows = support.read_rows(options.results, FIELDS, write=not options.report)
    if options.report:
        report(list(support.latest(rows, key).values()), options.label, options.seconds, not options.plain)
        return
    outside.by_process_clock()
    done = set(map(key, rows))
    for split in range(options.splits):
        for name in options.tables:
            start = {"label": options.label, "table": name, "split": split, "seconds": options.seconds}
            if key(start | {"arm": "single" if options.whole else ARMS[-1]}) in done:
                continue
            before = time.process_time()
            try:
                for row in measure(name, split, options):
                    if key(start | row) not in done:
                        support.add_row(options.results, start | row | {"commit": support.commit()})
            except Exception as error:  # is a result; the batch goes on
                support.add_row(options.results, start | {"arm": BASE, "error": support.reason(error)})
                print(f"{name}, split {split}: {support.reason(error)}")
            print(f"{name}, split {split}: {time.process_time() - before:.0f} s", flush=True)


if __name__ == "__main__":
    main()
