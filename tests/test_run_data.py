"""What an evaluation needs, part by part: rows that travel, folds on disk, refits."""

import pickle

import numpy as np
import pytest
from test_evaluator import evaluator_of, job, model, problem, ran, refitted, trial_of

from automl.evaluate.run_data import RunData
from automl.evaluate.stored import StoredFolds
from automl.trials.artifacts import Artifacts
from automl.trials.store import FolderStore
from automl.trials.trial import Failure, Proposal, RefitJob, Rung

TREE = "decision_tree(input, max_depth=2)"


def test_rows_travel_beside_the_pickle(tmp_path):
    data = evaluator_of(tmp_path, *problem(rows=5000)).data
    sent = pickle.dumps(data)
    again = pickle.loads(sent)
    assert len(sent) < data.y.nbytes + sum(train.nbytes + valid.nbytes for train, valid in data.splits)
    assert isinstance(again.y, np.memmap)
    np.testing.assert_array_equal(again.y, data.y)
    for share in (1.0, 1 / 9):
        (ours, y), (theirs, y_again) = data.training(1, share), again.training(1, share)
        assert ours.token == theirs.token
        np.testing.assert_array_equal(y, y_again)


def test_the_parts_of_a_pickled_evaluator_share_its_rows(tmp_path):
    again = pickle.loads(pickle.dumps(evaluator_of(tmp_path, *problem())))
    parts = (again.stored, again.cross_validation, again.out_of_bag, again.refit)
    assert all(part.data is again.data for part in parts)
    assert all(part.stored is again.stored for part in parts[1:3])


def test_repeats_are_further_folds(tmp_path):
    data = evaluator_of(tmp_path, *problem(), cv=4).data
    twice = RunData(data.task, data.table, data.y, data.splits, 0, tmp_path, repeats=2)
    assert (data.n_folds, twice.n_folds) == (4, 2)
    assert list(twice.folds(Rung(folds=2.0))) == [0, 1, 2, 3]
    assert list(twice.folds(Rung(folds=0.5))) == [0]


def test_folds_on_disk_need_no_evaluator(tmp_path):
    evaluator = evaluator_of(tmp_path, *problem("multiclass"))
    outcome = ran(evaluator, TREE)
    trial = trial_of(evaluator, TREE, outcome)
    stored = StoredFolds(evaluator.data, Artifacts(FolderStore(tmp_path)))
    assert stored.holds(trial)
    assert len(stored.models(trial)) == 3
    assert tuple(stored.results(trial.candidate.key, trial.rung).values()) == outcome.folds
    assert stored.outcome(job(evaluator, TREE), list(outcome.folds)) == outcome
    loss, _ = evaluator.data.scores.whole(stored.out_of_fold(trial))
    assert loss == pytest.approx(outcome.loss, rel=1e-5)
    assert not StoredFolds(evaluator.data, Artifacts(FolderStore(tmp_path, "another run"))).holds(trial)


def test_a_refit_is_no_evaluation(tmp_path):
    evaluator = evaluator_of(tmp_path, *problem(), extra=[model("Raises")])
    refitted(evaluator, TREE)
    asked = RefitJob(Proposal(evaluator.space.parse(TREE), "test"))
    ran(evaluator, TREE)
    assert evaluator.finished_folds(asked) == ()
    assert len(evaluator.finished_folds(job(evaluator, TREE))) == 3
    failed = evaluator.run(RefitJob(Proposal(evaluator.space.parse("raises(input)"), "test")))
    assert isinstance(failed, Failure)
    assert (failed.kind, failed.folds) == ("failed", ())
