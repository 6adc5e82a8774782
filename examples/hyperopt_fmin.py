"""Hyperopt's own search from outside: its `fmin` over our space and our objective, then what `fit` says of its best."""

import os

import numpy as np
from hyperopt import Trials, fmin, tpe
from sklearn.datasets import load_breast_cancer

from automl import AutoML

evaluations = int(os.environ.get("AUTOML_EXAMPLE_EVALUATIONS", "20"))

table = load_breast_cancer(as_frame=True).frame
model = AutoML(random_state=0, n_jobs=1, verbose=0, exclude=["mlp", "gaussian_process", "catboost"])

trials = Trials()
with model.objective(table, "target") as objective:
    fmin(
        objective,
        objective.space.to_hyperopt(),
        algo=tpe.suggest,
        max_evals=evaluations,
        trials=trials,
        rstate=np.random.default_rng(0),
        show_progressbar=False,
    )

best = trials.best_trial["result"]
print(f"Hyperopt's best of {len(trials.trials)}: {best['score']:.4f}, {best['candidate'].partition('(')[0]}")

model.set_params(search="manual", try_first=[best["candidate"]], max_trials=1, schedule="none")
model.fit(table, "target")
board = model.leaderboard()
print(f"The same candidate in a fit: {board.loc[board['origin'] == 'user', 'score'].item():.4f}")
