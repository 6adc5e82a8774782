"""The numbers that decide which rows are learned from, each with its unit and the reason for it."""

from __future__ import annotations

SMALL, MEDIUM = 20_000, 100_000  # rows up to which 5 and 3 folds are made; above them one hold-out, as fits take long
HOLDOUT_SHARES, HOLDOUT_ROWS = (0.1, 0.2), (2_000, 50_000)  # of a hold-out: see `holdout_size`
FEW_GROUPS = 2_000  # up to which scikit-learn's StratifiedGroupKFold is fast: it goes through them in Python

# ---- rows that stand in a table more than once

AGREEING = 0.9  # share of repeats with the target of the row that they repeat; copies carry it along
DISTINCT = 0.1  # share of distinct rows below which a table only has few to offer
LEAST_DISTINCT = 5  # distinct rows that at least two classes need, so that each is on both sides of most splits
HASHED_CELLS = 100_000  # that are hashed at a time: few rows are too little work for one column at a time
