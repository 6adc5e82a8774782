"""Who proposed what, and where a candidate comes from."""

from dataclasses import replace

import pytest

from automl.report.search_report import LINEAGE, REPORT, lineage, search_report
from automl.space.candidate import LEAF, Candidate, Node
from automl.testing.toys import record, toy_space
from automl.trials.history import History
from automl.trials.trial import DUMMY, Failure, Proposal, Rung

SPACE = toy_space()
LOOK = Rung(rows=0.25)


def plane(x):
    return SPACE.candidate("bowl", {"x": x})


def told(*entries):
    """A history of (x, origin, result, rung, parents)."""
    history = History(SPACE, 0)
    record(history, Proposal(Candidate(Node("dummy", (), (LEAF,))), DUMMY), 1.0)
    for x, origin, result, *rest in entries:
        rung, parents = (*rest, *(Rung(), ())[len(rest) :])
        record(history, Proposal(plane(x), origin, parents), result, rung)
    return history


def report(history, weights):
    frame = search_report(history.trials, weights, {trial.number: -trial.loss for trial in history.complete()})
    assert list(frame.columns) == REPORT
    return frame.set_index("strategy")


def test_what_each_took_and_brought():
    history = told(
        (0.0, "portfolio", 0.9),
        (1.0, "tpe", 0.5),
        (2.0, "gp", 0.95, LOOK),
        (3.0, "gp", Failure("failed", "A toy that fails.", seconds=3.0)),
        (2.0, "gp", 0.4),  # the same candidate, promoted
        (4.0, "tpe", 0.6),
    )
    history.put(replace(history.trials[4], finished=history.trials[4].started))
    frame = report(history, {2: 0.25, 5: 0.75})
    assert list(frame.index) == ["portfolio", "tpe", "gp"]
    assert list(frame["candidates"]) == [1, 2, 2]
    assert list(frame["whole"]) == [1, 2, 1]
    assert list(frame["new_bests"]) == [1, 1, 1]
    assert list(frame["among_best"]) == [1, 2, 1]
    assert list(frame["best_score"]) == [-0.9, -0.5, -0.4]
    assert list(frame["weight"]) == [0.0, 0.25, 0.75]
    assert frame["share"].sum() == pytest.approx(1.0)
    assert frame.loc["gp", "seconds"] > 3.0 > 10 * frame.loc["tpe", "seconds"]


def test_a_strategy_without_a_score_has_none():
    frame = report(told((0.0, "tpe", Failure("failed", "")), (1.0, "gp", 0.3)), {2: 1.0})
    assert frame["best_score"].isna().tolist() == [True, False]
    assert list(frame["new_bests"]) == [0, 1]
    assert report(told(), {}).empty


def test_repeats_of_a_cross_validation_are_no_second_success():
    history = told((0.0, "gp", 0.5), (1.0, "tpe", 0.6), (0.0, "gp", 0.45, Rung(folds=3)), (2.0, "tpe", 0.48))
    frame = report(history, {})
    assert dict(frame["new_bests"]) == {"gp": 1, "tpe": 1}
    assert dict(frame["whole"]) == {"gp": 1, "tpe": 2}


def ancestry(history, number, scores=None):
    scores = {trial.number: -trial.loss for trial in history.complete()} if scores is None else scores
    frame = lineage(history.trials, SPACE, scores, number)
    assert list(frame.columns) == LINEAGE
    return frame


def test_ancestors_come_generation_by_generation_each_once():
    history = told(
        (0.0, "portfolio", 0.9),
        (1.0, "random", 0.8),
        (2.0, "gp", 0.7, Rung(), (1, 2)),
        (3.0, "evolutionary", 0.6, Rung(), (3, 1)),
        (4.0, "gp", 0.5, Rung(), (4,)),
    )
    frame = ancestry(history, 5)
    assert list(frame["generation"]) == [0, -1, -2, -2, -3]
    assert list(frame["id"]) == [5, 4, 3, 1, 2]
    assert list(frame["origin"]) == ["gp", "evolutionary", "gp", "portfolio", "random"]
    assert list(frame["parents"]) == [[4], [3, 1], [1, 2], [], []]
    assert list(frame["score"]) == [-0.5, -0.6, -0.7, -0.9, -0.8]
    assert frame["pipeline"].iloc[0] == "bowl(input, x=4.0)"


def test_a_trial_of_another_rung_is_shown_as_its_candidates_row():
    history = told(
        (0.0, "random", 0.9, LOOK),
        (0.0, "random", 0.8),
        (1.0, "gp", 0.7, LOOK, (2,)),
        (1.0, "gp", 0.6, Rung(), (2,)),
        (2.0, "gp", 0.5, LOOK, (4, 1)),
    )
    assert list(ancestry(history, 3)["id"]) == [4, 2]
    assert list(ancestry(history, 1)["id"]) == [2]
    partial = ancestry(history, 5)
    assert list(partial["id"]) == [5, 4, 2]
    assert partial["score"].isna().tolist() == [True, False, False]
    assert partial["parents"].tolist() == [[4, 2], [2], []]
    ensemble = dict.fromkeys((2, 4, len(history.trials)), -1.0)  # its row is nobody's trial
    assert list(ancestry(history, 4, ensemble)["id"]) == [4, 2]
