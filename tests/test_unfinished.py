"""What is said where the model is a constant prediction: time is blamed only where it was short."""

import re

import numpy as np
import pytest

from automl import AutoML
from automl.ensemble.best import _constant
from automl.space.reader import read_space
from automl.trials.history import History
from automl.trials.measures import Measures
from automl.trials.trial import DUMMY, Failure, Job, Outcome, Proposal

SPACE = read_space().for_task("binary", 100, 3)
WORSE = Outcome((), Measures(0.9), (0.9,))


def history(*ends):
    told = History(SPACE, 0)
    dummy = told.start(Job(Proposal(SPACE.parse("dummy(input)"), DUMMY)), 0.0)
    told.finish(dummy, Outcome((), Measures(0.5), (0.5,)), 0.1)
    for family, end in zip(("knn", "lda", "qda", "lightgbm"), ends, strict=False):
        trial = told.start(Job(Proposal(SPACE.parse(f"{family}(input)"), "random")), 0.2)
        if end is not None:
            told.finish(trial, end, 0.3)
    return told


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((), r"No candidate was ready in time: .*; give it more time\.$"),
        ((None,), r"No candidate was ready in time: "),
        ((Failure("cut", "time is over"), Failure("failed", "no")), r"No candidate was ready in time: "),
        (
            (WORSE,),
            r"The candidate that was tried is not better than a constant prediction, .* may not tell the target\.$",
        ),
        ((WORSE, Failure("cut", "time is over"), WORSE), r"None of the 2 candidates that were tried is better than "),
        ((Failure("stopped", "behind"), WORSE), r"None of the 2 candidates that were tried is better than "),
        ((Failure("failed", "ValueError: no"),), r".* \(1 failed, the first with 'ValueError: no'\); failures_ has"),
    ],
)
def test_why_the_model_is_a_constant(ends, said):
    assert re.match(said, _constant(history(*ends)))


def test_nothing_to_learn_is_not_blamed_on_time(capsys):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 4)), rng.integers(0, 2, 300)
    families = ["decision_tree", "naive_bayes"]
    AutoML(max_trials=2, include=families, n_jobs=1, random_state=0, executor="inline").fit(X, y)
    said = " ".join(capsys.readouterr().out.split())
    assert "None of the 2 candidates that were tried is better than a constant prediction, which is the model" in said
    assert "time" not in said.partition("None of the 2")[2].partition("target.")[0]
