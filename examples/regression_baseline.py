"""A regression against the two baselines that any model should beat: the mean, and a linear model."""

import os

from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

from automl import AutoMLRegressor

seconds = float(os.environ.get("AUTOML_EXAMPLE_SECONDS", "30"))

X, y = load_diabetes(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=0)

models = {
    "mean": DummyRegressor(),
    "linear regression": LinearRegression(),
    "automl": AutoMLRegressor(time_budget=seconds, random_state=0, verbose=0),
}
for name, model in models.items():
    error = root_mean_squared_error(y_test, model.fit(X_train, y_train).predict(X_test))
    print(f"{name:<20} RMSE {error:.1f}")

automl = models["automl"]
print(f"Its best pipeline: {automl.best_params_['family']}, {automl.n_trials_} candidates tried")
