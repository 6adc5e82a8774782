"""A competition: train.csv, test.csv and sample_submission.csv in, submission.csv out.

The three files are made from a table inside scikit-learn, so that the script runs as it is; with files of your own,
leave the first part out.
"""

import os
import tempfile
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from automl import AutoML

seconds = float(os.environ.get("AUTOML_EXAMPLE_SECONDS", "30"))
folder = Path(os.environ.get("AUTOML_EXAMPLE_FOLDER") or tempfile.mkdtemp(prefix="competition-"))

# ---- what a competition hands out: the answers of test.csv are its secret

table = load_wine(as_frame=True).frame.rename(columns={"target": "cultivar"})
table.insert(0, "id", range(1000, 1000 + len(table)))
train, test = train_test_split(table, test_size=0.3, random_state=1, stratify=table["cultivar"])
secret = test["cultivar"]
train.to_csv(folder / "train.csv", index=False)
test.drop(columns="cultivar").to_csv(folder / "test.csv", index=False)
sample = pd.DataFrame({"id": test["id"], "class_0": 1 / 3, "class_1": 1 / 3, "class_2": 1 / 3})
sample.to_csv(folder / "sample_submission.csv", index=False)

# ---- what you do

train = pd.read_csv(folder / "train.csv")
test = pd.read_csv(folder / "test.csv")
sample = pd.read_csv(folder / "sample_submission.csv")

model = AutoML(metric="log_loss", time_budget=seconds, random_state=0)
model.fit(train.drop(columns="id"), "cultivar")  # an identifier tells nothing about new rows

submission = sample.copy()  # its columns, its order
submission[["class_0", "class_1", "class_2"]] = model.predict_proba(test)
assert submission["id"].equals(test["id"])
submission.to_csv(folder / "submission.csv", index=False)

print(f"Expected log loss: {model.best_score_:.4f} (of {model.n_trials_} candidates' best)")
print(f"Accuracy, which only the organisers know: {(model.predict(test) == secret.to_numpy()).mean():.3f}")
print(f"To hand in: {folder / 'submission.csv'}")
