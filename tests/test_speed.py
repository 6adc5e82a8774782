"""How fast the model is to be: `predict_ms`, `refit="fast"`, and what the model is said to cost."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from automl import AutoML
from automl.cli import app
from automl.decisions import Decisions
from automl.ensemble.combiners import Greedy
from automl.ensemble.cost import Cost
from automl.ensemble.speed import Asked, Speed
from automl.errors import ArgumentError, InputTypeError
from automl.trials.measures import Measures

CANDIDATES = [
    "ridge(input)",
    "lightgbm(input, num_leaves=8)",
    "random_forest(input, n_estimators=50)",
    "lightgbm(input, num_leaves=16)",
]
HOW = {"max_trials": 4, "try_first": CANDIDATES, "cv": 3, "n_jobs": 1, "random_state": 0, "verbose": 0}


def table(rows=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    return X, X["a"] * X["b"] + np.sin(3 * X["c"]) + 0.3 * rng.normal(size=rows)


def fitted(**how):
    X, y = table()
    return AutoML(**{**HOW, "executor": "inline", **how}).fit(X, y)


def models(model):
    return [one for member in model.best_estimator_.members for one in member.models]


def whys(model, what):
    return " ".join(model.decisions_.query("what == @what")["why"])


# ---- arguments


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"predict_ms": 0}, "predict_ms must be a number of milliseconds above 0, or None; got 0."),
        ({"predict_ms": float("nan")}, "predict_ms must be a number of milliseconds above 0"),
        ({"predict_ms": "1 ms"}, "predict_ms must be a number of milliseconds above 0, or None; got '1 ms'."),
        ({"refit": "quick"}, "refit must be one of 'auto', 'fast'; got 'quick'."),
        ({"refit": True}, "refit must be one of 'auto', 'fast'; got True."),
        ({"refit": None}, "refit must be one of 'auto', 'fast'; got None."),
    ],
)
def test_what_is_none_of_both_is_refused_in_a_sentence(how, said):
    with pytest.raises((ArgumentError, InputTypeError)) as error:
        fitted(**how)
    assert said in str(error.value)


# ---- a limit


def test_an_ensemble_is_within_a_limit_that_all_keep():
    free, limited = fitted(), fitted(predict_ms=1e6)
    assert limited.ensemble_weights_ == free.ensemble_weights_
    X, _ = table()
    np.testing.assert_array_equal(limited.predict(X), free.predict(X))
    assert "4 of 4 candidates predict a row within 1e+06 ms" in whys(limited, "predict_ms")


def test_where_none_is_fast_enough_the_fastest_is_the_model():
    model = fitted(predict_ms=1e-9)
    times = {trial.number: trial.measures.predict_ms_per_row for trial in model.trials_[1:]}
    number = min(times, key=times.get)
    assert len(models(model)) == 1
    assert model.ensemble_weights_ == {}
    assert f"No candidate predicts a row within predict_ms=1e-09: the model is trial {number}" in whys(
        model, "predict_ms"
    )
    assert any("predict_ms=1e-09" in note for note in model.time_report_["notes"])
    X, _ = table()
    np.testing.assert_allclose(model.best_pipeline_.predict(X), model.predict(X))


class Trials:
    """Trials and their files, as far as speed looks at them."""

    def __init__(self, ms, losses=None):
        losses = losses or range(len(ms))
        self.trials = [self.trial(k, one, loss) for k, (one, loss) in enumerate(zip(ms, losses, strict=True))]
        self.n_folds, self.forward, self.data = 5, False, self

    @property
    def task(self):
        return self

    metric = task

    name = "loss"

    @staticmethod
    def score(loss):
        return loss

    @staticmethod
    def n_models(_):
        return 5

    @staticmethod
    def trial(number, ms, loss):
        class Trial:
            measures = Measures(loss, answer_seconds=ms, rows_answered=1000)

        Trial.number, Trial.loss = number, loss
        return Trial


def test_the_slowest_for_its_weight_is_left_out_until_the_rest_is_fast_enough():
    stored, told = Trials([1, 1, 2, 4]), Decisions()
    speed = Speed(Asked(Greedy(), predict_ms=12), stored)
    assert speed.among(stored.trials, None, told) == stored.trials
    asked = []

    def choose(among, decisions):
        asked.append([trial.number for trial in among])
        decisions.take("ensemble", str(len(among)), "")
        return {trial.number: 1 / len(among) for trial in among}

    assert speed.limited(choose, stored.trials, told) == {0: 0.5, 1: 0.5}
    assert asked == [[0, 1, 2, 3], [0, 1, 2], [0, 1]]
    assert [one.chosen for one in told.taken if one.what == "ensemble"] == ["2"]


def test_reading_a_row_takes_of_the_limit():
    stored = Trials([1, 3])
    speed = Speed(Asked(Greedy(), predict_ms=4, reading_ms=2), stored)
    assert speed.among(stored.trials, None, Decisions()) == stored.trials[:1]


# ---- one model


def test_fast_is_one_model_of_all_rows():
    model = fitted(refit="fast")
    X, _ = table()
    assert len(models(model)) == 1
    np.testing.assert_allclose(model.best_pipeline_.predict(X), model.predict(X))
    number = int(model.decisions_.query("what == 'model'")["chosen"].iloc[0].split()[1])
    assert model.validation_score_ == pytest.approx(-model.trials_[number].loss, abs=1e9)
    assert models(model)[0] is not None
    assert model.predict_oof().shape == (len(X),)
    assert not np.isnan(model.predict_oof()).any()
    assert "refit='fast'" in whys(model, "model")


def test_fast_keeps_most_of_what_the_best_is_better_by():
    stored, told = Trials([5, 3, 1], losses=[1.0, 1.4, 1.6]), Decisions()
    speed = Speed(Asked(Greedy(), refit="fast"), stored)
    assert speed.among(stored.trials, 11.0, told) == [stored.trials[1]]  # 1.5 is the most
    assert "loss 1.4; the best has 1" in told.taken[-1].why


@pytest.mark.parametrize("how", [{"refit": "fast"}, {"predict_ms": 1e-9}])
def test_a_replay_hands_over_the_same(tmp_path, how):
    X, y = table()
    model = AutoML(**HOW, executor="inline", run_dir=tmp_path / "run", **how).fit(X, y)
    again = AutoML.replay(tmp_path / "run", executor="inline", verbose=0).fit(X, y)
    assert again.get_params()["refit"] == model.get_params()["refit"]
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert len(models(again)) == 1


# ---- what is told


def test_what_the_model_costs_is_told():
    model = fitted()
    cost, row = model.result_.cost, model.leaderboard().iloc[0]
    assert (cost.candidates, cost.models) == (len(model.best_estimator_.members), len(models(model)))
    assert cost.candidates > 1
    members = [model.trials_[number] for number in model.ensemble_weights_]
    assert cost.training_seconds == pytest.approx(
        sum(t.measures.prepare_seconds + t.measures.fit_seconds for t in members)
    )
    assert cost.size == sum(trial.measures.model_bytes for trial in members)
    assert row["family"] == "ensemble"
    assert row["predict_ms_per_row"] == cost.predict_ms_per_row > 0
    assert cost.rows == 300


def test_a_candidates_time_is_of_its_preparation_too():
    trial = fitted().trials_[1]
    assert trial.measures.rows_answered == 100  # of the first fold
    assert trial.measures.predict_ms_per_row == 1000 * trial.measures.answer_seconds / 100


def test_nothing_is_measured_without_time():
    model = fitted()
    X, _ = table()
    cost = Cost.of(model.best_estimator_, model.trials_[1:], model.result_.columns, X, left=0.0)
    assert cost.predict_ms_per_row is None
    assert str(cost).endswith(" MB")


def test_on_the_command_line(tmp_path):
    X, y = table()
    X.assign(y=y).to_csv(tmp_path / "train.csv", index=False)
    how = ["--max-trials", "2", "--n-jobs", "1", "--seed", "0", "--executor", "inline", "--include", "lightgbm"]
    train = ["fit", str(tmp_path / "train.csv"), "--target", "y", "--out", str(tmp_path / "model")]
    done = CliRunner().invoke(app, [*train, *how, "--refit", "fast", "--predict-ms", "5"])
    assert done.exit_code == 0, done.output
    assert "Handed over: one candidate, " in done.output
    told = json.loads((tmp_path / "model" / "run.json").read_text())["handed_over"]
    assert told["models"] == 1
    assert told["predict_ms_per_row"] > 0
    refused = CliRunner().invoke(app, [*train, "--predict-ms", "-1"])
    assert refused.exit_code != 0
