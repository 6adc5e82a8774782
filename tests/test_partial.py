"""What is handed over never gets worse for having more: half of a good model beats the whole of a bad one."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold
from test_evaluator import evaluator_of, model, problem

from automl import AutoML
from automl.ensemble.partial import clearly_better
from automl.space.candidate import Candidate, Node
from automl.testing.toys import fold_of, space_of
from automl.trials.constants import KEPT_PARTIAL
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.trial import TOP, Failure, Job, Outcome, Proposal, Rung

X, Y = load_iris(return_X_y=True, as_frame=True)
FAMILY = """
name = "{name}"
summary = "A toy."
[estimator]
classification = "misbehaving.{cls}"
[accepts]
"""
GOOD, BAD = "good(input)", "bad(input)"


@pytest.fixture
def space(tmp_path):
    """A good family whose second fold comes too late, and a bad one that is quick."""
    folder = tmp_path / "space"
    (folder / "models").mkdir(parents=True)
    for name, cls in {"good": "SlowBayes", "bad": "Shares"}.items():
        (folder / "models" / f"{name}.toml").write_text(FAMILY.format(name=name, cls=cls), encoding="utf-8")
    return folder


def automl(space, first, **arguments):
    arguments = {"cv": 3, "trial_timeout": 0.5, "executor": "inline", "n_jobs": 1, "verbose": 0, **arguments}
    return AutoML(
        search_space=space, include=["good", "bad"], try_first=first, max_trials=2, random_state=0, **arguments
    )


@pytest.mark.parametrize(
    ("metric", "first"),
    [
        ("log_loss", [GOOD, BAD]),
        ("roc_auc", [BAD, GOOD]),
        pytest.param("log_loss", [BAD, GOOD], marks=pytest.mark.slow),
        pytest.param("roc_auc", [GOOD, BAD], marks=pytest.mark.slow),
    ],
)
def test_half_of_a_good_model_beats_the_whole_of_a_bad_one(tmp_path, space, metric, first):
    """Also where the last fold lacks a class, so that all rows are scored together."""
    y, cv = Y > 1, 3
    if metric == "roc_auc":
        parts = [valid for _, valid in StratifiedKFold(3).split(X, y)]
        parts = [parts[0], np.r_[parts[1], parts[2][y[parts[2]]]], parts[2][~y[parts[2]]]]
        cv = [(np.setdiff1d(np.arange(len(X)), part), part) for part in parts]
    model = automl(space, first, metric=metric, cv=cv, run_dir=tmp_path / "run").fit(X, y)
    assert {trial.candidate.family: trial.status for trial in model.trials_[1:]} == {"good": "timeout", "bad": "ok"}
    assert model.best_params_["family"] == "good"
    assert (model.predict(X) == y).mean() > 0.9
    assert len(model.best_estimator_.members[0].models) == 1

    board = model.leaderboard().set_index("family")
    assert board.index[0] == "good"
    assert model.best_score_ == board.loc["good", "score"]
    assert board["rank"].notna().to_dict() == {"dummy": True, "bad": True, "good": False}
    predicted = np.isfinite(model.predict_oof()).all(axis=1)
    assert set(np.flatnonzero(predicted)) == set(model.cv_splits_[0][1])
    (note,) = [note for note in model.time_report_["notes"] if "not evaluated in full" in note]
    assert "1 of 3 folds" in note

    again = AutoML.replay(tmp_path / "run", search_space=space, executor="inline", verbose=0, **told(cv)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert again.best_score_ == model.best_score_


def told(cv):
    return {} if isinstance(cv, int) else {"cv": cv}


def test_a_whole_model_as_good_stays(tmp_path, space):
    (space / "models" / "bad.toml").write_text(
        FAMILY.format(name="bad", cls="SlowBayes").replace("misbehaving.SlowBayes", "sklearn.naive_bayes.GaussianNB")
    )
    model = automl(space, [GOOD, BAD]).fit(X, Y)
    assert model.trials_[1].folds == 1
    assert model.best_params_["family"] == "bad"
    assert not [note for note in model.time_report_["notes"] if "in full" in note]


# ---- the comparison


def evaluated(evaluator, texts):
    """A history of whole trials and of trials that ended after some folds: (text, folds or None, rung)."""
    history = History(evaluator.space, 0)
    for text, folds, rung in texts:
        job = Job(Proposal(evaluator.space.parse(text), "test"), rung)
        trial = history.start(job, 0.0)
        result = evaluator.run(job)
        assert isinstance(result, Outcome), result
        if folds is not None:
            result = Failure("cut", "The search ended first.", result.folds[:folds])
            stored = evaluator.artifacts.store.root / evaluator.artifacts._folder(job.candidate.key, rung)
            for path in stored.glob("fold*"):
                if int(path.stem.removeprefix("fold")) >= folds:
                    path.unlink()
        history.finish(trial, result, 1.0)
    return history


def compared(evaluator, history, out_of_time=lambda: False):
    whole = history.searched()[0]
    return clearly_better(
        history, evaluator.stored, lambda fold, rows: evaluator.stored.prediction(whole, fold, rows), out_of_time
    )


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("rung", [TOP, Rung(rows=0.5, folds=1 / 3)])
def test_compared_on_the_rows_that_both_predicted(tmp_path, kind, rung):
    X, y = problem(kind, rows=900)
    evaluator = evaluator_of(tmp_path, X, y)
    whole, half = "decision_tree(input, max_depth=2)", "hist_gradient_boosting(input)"
    history = evaluated(evaluator, [(whole, None, TOP), (half, 1 if rung == TOP else None, rung)])
    found = compared(evaluator, history)
    assert found.trial is history.trials[1]
    valid = evaluator.data.validation_rows(0, rung.rows)
    theirs = dict(zip(evaluator.data.splits[0][1], evaluator.stored.prediction(history.trials[0], 0), strict=True))
    for trial_loss, predictions in (
        (found.loss, evaluator.stored.prediction(found.trial, 0)),
        (found.whole, np.array([theirs[row] for row in valid])),
    ):
        assert trial_loss == pytest.approx(evaluator.data.task.metric.loss(evaluator.data.y[valid], predictions))
    assert 0 < found.ahead < found.whole - found.loss + 0.1
    assert compared(evaluator, history, out_of_time=lambda: True) is None


def test_out_of_bag_forests_are_compared_too(tmp_path):
    X, _ = problem("regression", rows=900)
    evaluator = evaluator_of(tmp_path, X, X @ np.arange(4.0))
    history = evaluated(evaluator, [("random_forest(input, max_features=0.1)", None, TOP), ("ridge(input)", 2, TOP)])
    assert evaluator.artifacts.folds(history.trials[0].candidate.key, TOP)[0].out_of_bag
    assert history.trials[1].folds == 2
    found = compared(evaluator, history)
    assert found.trial is history.trials[1]
    assert found.loss == pytest.approx(np.mean(history.trials[1].fold_losses), rel=1e-4)
    assert found.whole == pytest.approx(np.mean(history.trials[0].fold_losses[:2]), rel=1e-4)


def test_what_is_better_by_chance_only_stays_behind(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 3)), rng.normal(size=600)  # nothing to learn
    evaluator = evaluator_of(tmp_path, X, y)
    texts = [(f"decision_tree(input, max_depth={depth})", 1, TOP) for depth in (2, 3, 4, 5)]
    history = evaluated(evaluator, [("ridge(input)", None, TOP), *texts])
    dummy = history.trials[0]
    history.put(dummy.__class__(**{**dummy.__dict__, "fold_losses": (9.0,) * 3}))  # so that all are looked at
    assert len(history.promising()) == 4
    assert compared(evaluator, history) is None


def test_a_whole_one_whose_files_are_lost_cannot_be_compared(tmp_path):
    X, y = problem("binary", rows=300)
    evaluator = evaluator_of(tmp_path, X, y)
    history = evaluated(evaluator, [("decision_tree(input, max_depth=2)", None, TOP), ("naive_bayes(input)", 1, TOP)])
    history.put(history.trials[0].__class__(**{**history.trials[0].__dict__, "fold_losses": (9.0,) * 3}))
    evaluator.artifacts.drop(history.trials[0].candidate.key)
    assert compared(evaluator, history) is None


# ---- which are kept


def toy(losses_of, partial):
    space = space_of(model("Shares"))
    history = History(space, 0)
    for number, (losses, rung, size) in enumerate([(losses_of, TOP, 1), *partial]):
        candidate = Candidate(Node("shares", (("n", number),)))
        trial = history.start(Job(Proposal(candidate, "test"), rung), 0.0)
        folds = tuple(fold_of(loss, fold, fit_seconds=0.0, model_bytes=size) for fold, loss in enumerate(losses))
        whole = number == 0 or rung != TOP
        result = Outcome(folds, Measures(float(np.mean(losses))), losses) if whole else Failure("cut", "", folds)
        history.finish(trial, result, 1.0)
    return history


def test_those_ahead_on_their_own_folds_are_kept():
    partial = [
        ((0.4,), TOP, 1),
        ((0.12,), TOP, 1),
        ((0.3, 0.1), TOP, 1),
        ((0.2,), Rung(rows=0.1, folds=1 / 3), 1),
        ((), TOP, 0),
    ]
    history = toy((0.3, 0.5, 0.5), partial)
    assert [trial.number for trial in history.promising()] == [3, 2, 4]


def test_few_and_small_ones_are_kept():
    history = toy((0.3, 0.5, 0.5), [((0.1 + 0.01 * place,), TOP, 1) for place in range(9)])
    assert [trial.number for trial in history.promising()] == list(range(1, KEPT_PARTIAL + 1))
    history.kept_bytes = 12
    assert [trial.number for trial in history.promising()] == [1, 2, 3]
