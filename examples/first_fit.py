"""A first fit: from a table to a leaderboard, and how good the model is on rows that it has not seen."""

import os

from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from automl import AutoML

seconds = float(os.environ.get("AUTOML_EXAMPLE_SECONDS", "30"))

table = load_breast_cancer(as_frame=True).frame
train, test = train_test_split(table, test_size=0.25, random_state=0, stratify=table["target"])

model = AutoML(time_budget=seconds, random_state=0).fit(train, "target")

print(model.leaderboard()[["rank", "family", "score", "score_std", "fit_seconds", "origin"]].head(10).to_string())
probability = model.predict_proba(test)[:, 1]
low, high = model.score_interval(len(test))
print(f"Expected {model.metric_}: {model.best_score_:.4f} (on {len(test)} rows, 95 %: {low:.4f} to {high:.4f})")
print(f"On the test rows: {roc_auc_score(test['target'], probability):.4f}")
