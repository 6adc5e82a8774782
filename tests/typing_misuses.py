"""What a type checker flags, and what it does not: `test_typing.py` reads the comments. Never run."""

import numpy as np
import pandas as pd

from automl import AutoML, AutoMLClassifier, AutoMLRegressor
from automl.strategies.grid import GridSearch
from automl.strategies.tpe import TPE

AutoML(search="foo")  # error
AutoML(time_budget="60s")  # error
AutoML(task="clustering")  # error
AutoML(metric=3)  # error
AutoML(max_trials="10")  # error
AutoML(max_trials=1.5)  # error
AutoML(cv="loo")  # error
AutoML(include="lightgbm")  # error
AutoML(schedule="hyper")  # error
AutoML(schedule=3)  # error
AutoML(search=object())  # error
AutoML(ensemble="yes")  # error
AutoML(n_jobs="all")  # error
AutoML(executor="threads")  # error
AutoML(resume="no")  # error
AutoML(callbacks=[print, 3])  # error
AutoML(time_limit=60)  # error
AutoML("binary")  # error
AutoMLClassifier(search="foo")  # error
AutoMLRegressor(time_budget="60s")  # error

X = pd.DataFrame({"a": [1, 2]})
model = AutoML()
model.fit("train.csv", "price")  # error
model.fit(X, "price", column_types={"a": "categorical"})  # error
model.fit(X)  # error
model.predict("test.csv")  # error
model.label_suspects("all")  # error
model.save(3)  # error

AutoML(task="binary", metric=lambda estimator, X, y: 1.0, costs=[[0, 1], [20, 0]], time_budget=60, include=["ridge"])
AutoML(cv=[(np.arange(3), np.arange(3, 6))], random_state=np.random.default_rng(0), callbacks=[print], verbose=False)
AutoML(cv=(X, [1, 2]), memory_limit="3GB", search_space="spaces", try_first=["ridge(input)"], trial_timeout=None)
AutoML(cv=3, try_first=[{"family": "ridge", "params": {}}], ensemble=True, resume=False, n_jobs=None, patience=3)
AutoML(search=TPE(startup=10))
AutoML(search=GridSearch({"knn.n_neighbors": [3, 5]}))
AutoML(search="grid")
model.fit(X, "price", column_types={"a": "number", "b": ["low", "high"]}).predict([[1], [2]])
model.fit(X.to_numpy(), np.array([1, 2]), X_test=[{"a": 1}], groups="a").score(X, X["a"])
